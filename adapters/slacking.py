"""What an administrator of Slack does from the command line: the manifest, Socket Mode."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from typing import TYPE_CHECKING

from adapters.house import open_house
from adapters.prompts import phrasebook
from adapters.settings import SettingsError
from adapters.slack import manifest as manifests
from adapters.slack.socket import Socket
from bot import facilitator

if TYPE_CHECKING:
    from adapters.settings import Settings

ADDRESS = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?", re.IGNORECASE)


def manifest(url: str, locale: str, *, socket: bool, many: bool, email: bool) -> str:
    """Return the manifest to paste into Slack. Raises SettingsError for an address it refuses."""
    book, public = phrasebook(), "" if socket else url.rstrip("/")
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


async def listen(settings: Settings) -> None:
    """Serve Slack over Socket Mode until told to stop. Raises SettingsError for what is missing."""
    if not settings.slack_app_token:
        raise SettingsError(
            "No SLACK_APP_TOKEN is set. Make one in your app's Basic Information, under "
            "App-Level Tokens, with the scope connections:write."
        )
    stop = asyncio.Event()
    for told in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(told, stop.set)
    async with open_house(settings) as house:
        if house.slack is None:
            raise SettingsError("No SLACK_BOT_TOKEN is set. `turnabout doctor` says how to get it.")
        async with Socket(house.slack.app, settings.slack_app_token, settings.slack_api).open():
            await stop.wait()
