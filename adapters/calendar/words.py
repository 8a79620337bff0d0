"""The few words a calendar needs, in one person's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.wording import Phrasebook


@dataclass(frozen=True, slots=True)
class Words:
    """The lines of `prompts/<locale>/calendar.md`, by their keys."""

    book: Phrasebook
    locale: str = "en"

    def __call__(self, key: str) -> str:
        """Return a line."""
        return str(self.book.general("calendar", key, self.locale))

    def when(self, name: str, at: datetime, zone: str) -> str:
        """Say a moment on the wall clock of a zone: `moment`, `date` or `time`."""
        return self.book.when(name, at, zone, self.locale)
