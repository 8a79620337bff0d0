"""A moment two people agree on: the wall clock they meant, its zone, and the instant it is.

All three are kept, because a government may move the zone after they have agreed: the wall clock
is what they promised, the instant is what we look up by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall-clock time in a zone, and the instant it stood for when it was said.

    `wall` is naive and local, `at` is aware and UTC.
    """

    wall: datetime
    zone: str
    at: datetime

    @staticmethod
    def on(wall: datetime, zone: str) -> Moment:
        """Return the moment at this local time. In a gap it is the first instant after it."""
        local = wall.replace(tzinfo=ZoneInfo(zone))
        at = local.astimezone(UTC)
        settled = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        return Moment(settled, zone, at)

    @staticmethod
    def of(at: datetime, zone: str) -> Moment:
        """Return this instant as the wall clock of a zone shows it."""
        return Moment(at.astimezone(ZoneInfo(zone)).replace(tzinfo=None), zone, at.astimezone(UTC))

    def seen_from(self, zone: str) -> datetime:
        """Return this instant on the wall clock of another zone (naive)."""
        return self.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    def written(self) -> dict[str, str]:
        """Return it as plain JSON."""
        return {"wall": self.wall.isoformat(), "zone": self.zone, "at": self.at.isoformat()}

    @staticmethod
    def read(data: dict[str, str]) -> Moment:
        """Return the moment that `written` wrote down.

        Where the zone has other rules by now, it is the wall clock that was promised.
        """
        wall, zone = datetime.fromisoformat(data["wall"]), data["zone"]
        kept = Moment(wall, zone, datetime.fromisoformat(data["at"]))
        return kept if kept.seen_from(zone) == wall else Moment.on(wall, zone)
