"""The app package an administrator uploads to Teams: a manifest and two icons in a zip.

The same answers give the same bytes, so that one can see what has changed.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from adapters.teams.icon import ACCENT, COLOUR, OUTLINE

if TYPE_CHECKING:
    from collections.abc import Callable

    Say = Callable[[str], str]

MANIFEST = "1.25"
VERSION = "1.0.0"  # of the package: Teams wants a higher one whenever it has changed
SCHEMA = (
    f"https://developer.microsoft.com/json-schemas/teams/v{MANIFEST}/MicrosoftTeams.schema.json"
)
# Those of the facilitator's commands that Teams lists: ten, as older clients show no more.
COMMANDS = (
    *("status", "book", "card", "topics", "reflect"),
    *("goals", "charter", "contact", "pause", "help"),
)
LONGEST = 32  # letters of a publisher's name
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can tell of


class PackageError(Exception):
    """The package cannot be made. The message says what is needed."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who offers the app in this organisation, and the pages Teams shows beside it."""

    name: str
    website: str
    privacy: str
    terms: str

    def __post_init__(self) -> None:
        """Refuse what Teams would refuse. Raises PackageError."""
        if not 0 < len(self.name) <= LONGEST:
            raise PackageError(f"The publisher's name needs 1 to {LONGEST} letters.")
        for url in (self.website, self.privacy, self.terms):
            told = urlsplit(url)
            if told.scheme != "https" or not told.hostname:
                raise PackageError(
                    f"{url or 'No address'} cannot be your page: Teams wants one with https://. "
                    "Name your page about Turnabout with --website."
                )


def package(app_id: str, publisher: Publisher, say: Say, spoken: Say) -> bytes:
    """Return the package of a bot, as the bytes of a zip. Raises PackageError."""
    files = {
        "manifest.json": _text(manifest(app_id, publisher, say, spoken)),
        "color.png": COLOUR.png(),
        "outline.png": OUTLINE.png(),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            packed.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return held.getvalue()


def manifest(app_id: str, publisher: Publisher, say: Say, spoken: Say) -> dict[str, Any]:
    """Return what Teams is told of the app: a bot for one person at a time, and nothing more.

    `say` has our own words, `spoken` what a command is called. Raises PackageError.
    """
    known = _known(app_id)
    commands = [{"title": spoken(c), "description": say(f"command.{c}")} for c in COMMANDS]
    bot = {
        "botId": known,
        "scopes": ["personal"],
        "commandLists": [{"scopes": ["personal"], "commands": commands}],
        "isNotificationOnly": False,
        "supportsCalling": False,
        "supportsFiles": False,
        "supportsVideo": False,
    }
    return {
        "$schema": SCHEMA,
        "manifestVersion": MANIFEST,
        "version": VERSION,
        "id": known,
        "name": {"short": say("app.name"), "full": say("app.full")},
        "description": {"short": say("app.short"), "full": say("app.long")},
        "developer": {
            "name": publisher.name,
            "websiteUrl": publisher.website,
            "privacyUrl": publisher.privacy,
            "termsOfUseUrl": publisher.terms,
        },
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": ACCENT,
        "bots": [bot],
        "defaultInstallScope": "personal",
        "validDomains": [],
    }


def _known(app_id: str) -> str:
    try:
        return str(UUID(app_id))
    except ValueError:
        raise PackageError(
            "The app id is the application (client) id that Microsoft Entra shows, such as "
            "00000000-0000-0000-0000-000000000000. Set TEAMS_APP_ID, or name it with --app-id."
        ) from None


def _text(told: dict[str, Any]) -> bytes:
    return (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()
