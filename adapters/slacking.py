"""What an administrator of Slack does from the command line: the manifest, Socket Mode."""

from __future__ import annotations

import json
import re

from adapters.prompts import phrasebook
from adapters.settings import SettingsError
from adapters.slack import manifest as manifests
from bot import facilitator

ADDRESS = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?", re.IGNORECASE)


def manifest(url: str, locale: str, *, socket: bool, many: bool, email: bool) -> str:
    """Return the manifest to paste into Slack. Raises SettingsError for an address it refuses."""
    book, public = phrasebook(), url.rstrip("/")
    if not socket and not public:
        raise SettingsError("Say where Slack reaches us with --url https://…, or use --socket.")
    if not socket and not ADDRESS.fullmatch(public):
        raise SettingsError(f"Slack calls an address such as https://example.org, not {url}.")
    if socket and many:
        raise SettingsError("--many needs a public address: workspaces install from a browser.")

    def words(key: str) -> str:
        return str(book.general("installing", key, locale))

    told = manifests.manifest(words, facilitator.COMMANDS, public=public, many=many, email=email)
    return json.dumps(told, indent=2, ensure_ascii=False)
