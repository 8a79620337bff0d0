"""The loader that reads `prompts/` for the bot, which touches no disk."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from adapters.settings import ROOT, SettingsError
from bot.dates import Dates
from bot.wording import Phrasebook

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "prompts"
DATES = "dates"  # not a language to speak in: we read dates in more languages than we speak


def files() -> dict[str, str]:
    """Return every prompt file by its path below the folder. Raises SettingsError."""
    found = {
        path.relative_to(FOLDER).as_posix(): _read(path)
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in {".md", ".txt"}
    }
    return {path: text for path, text in found.items() if not path.startswith(f"{DATES}/")}


@cache
def phrasebook() -> Phrasebook:
    """Return all the words there are, read once."""
    return Phrasebook(files(), dates())


@cache
def dates() -> Dates:
    """Return the words for days and hours, in every language we read them in."""
    spoken = sorted((FOLDER / DATES).glob("*.md"))
    return Dates({path.stem: _read(path) for path in spoken})


def locales() -> list[str]:
    """Return the languages we speak: a folder each. No file is read, so none can be in the way."""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != DATES)


def _read(path: Path) -> str:
    """Return what a file says. Some editors begin it with a mark, which is not of the text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        told = "is not a text in UTF-8. Save it as UTF-8."
    except OSError:
        told = "cannot be read. Let the user Turnabout runs as read it."
    raise SettingsError(f"{path} {told}")
