"""The loader that reads `prompts/` for the bot, which touches no disk."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from adapters.settings import ROOT
from bot.dates import Dates
from bot.wording import Phrasebook

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "prompts"
DATES = "dates"  # not a language to speak in: we read dates in more languages than we speak


def files(folder: Path = FOLDER) -> dict[str, str]:
    """Return every prompt file by its path below the folder."""
    found = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
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
    return Dates({path.stem: path.read_text(encoding="utf-8") for path in spoken})
