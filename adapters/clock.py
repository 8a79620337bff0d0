"""The clocks, and the time zones they are read in.

One clock is the wall's; the playground's can be moved on, but never back.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import available_timezones

if TYPE_CHECKING:
    from pathlib import Path

# Asked once, since that walks the disk; "localtime" is this machine's, and nobody's home.
ZONES = frozenset(available_timezones()) - {"localtime"}


class Clock(Protocol):
    """Where now comes from, outside the bot."""

    def now(self) -> datetime:
        """Return the moment it is (UTC)."""
        ...


class WallClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        """Return the moment it is (UTC)."""
        return datetime.now(UTC)


class MovableClock:
    """The playground's clock: the wall's, moved on. How far is kept in a file beside the data."""

    def __init__(self, file: Path | None = None) -> None:
        """Go on from where the file says the clock was moved to."""
        self._file = file
        kept = file.read_text(encoding="ascii") if file and file.exists() else "0"
        self._ahead = timedelta(seconds=float(kept))

    def now(self) -> datetime:
        """Return the moment it is in the playground (UTC)."""
        return datetime.now(UTC) + self._ahead

    def move_to(self, moment: datetime) -> None:
        """Move on to a moment; one that has passed changes nothing."""
        self._ahead = max(self._ahead, moment - datetime.now(UTC))
        if self._file:
            self._file.write_text(str(self._ahead.total_seconds()), encoding="ascii")
