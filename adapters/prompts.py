"""The loader that reads `prompts/` for the bot, which touches no disk."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from adapters.settings import ROOT
from bot.wording import Phrasebook

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "prompts"


def files(folder: Path = FOLDER) -> dict[str, str]:
    """Return every prompt file by its path below the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".md", ".txt"}
    }


@cache
def phrasebook() -> Phrasebook:
    """Return all the words there are, read once."""
    return Phrasebook(files())
