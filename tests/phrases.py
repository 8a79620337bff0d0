"""Phrases that people type, and how each is to be read: `tests/dates/*.md`.

A line `! en 2026-11-23 10:00 Europe/Berlin GB` sets the language, the clock, the zone and the
country (`-` if unknown) for those below it. `turnabout dates` prints how many are read right.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.prompts import dates

if TYPE_CHECKING:
    from bot.dates import Reading

HERE = Path(__file__).parent / "dates"
HELD_OUT = ("held_out", "fresh")
NONE = "none"


@dataclass(frozen=True)
class Phrase:
    """What somebody typed, where and when, and what it is to be read as."""

    text: str
    expected: str
    language: str
    now: datetime
    zone: str
    country: str

    @property
    def read(self) -> str:
        """How it is read."""
        found = dates().read(self.text, self.language, self.zone, self.now, self.country)
        return " | ".join(written(reading, self.zone) for reading in found) or NONE

    @property
    def verdict(self) -> str:
        """Return `right`, `missed` (no date, or another place), or `wrong`: another date."""
        if self.read == self.expected:
            return "right"
        when = [part.partition(" @ ")[0] for part in self.read.split(" | ")]
        meant = [part.partition(" @ ")[0] for part in self.expected.split(" | ")]
        return "missed" if self.read == NONE or when == meant else "wrong"


def written(reading: Reading, zone: str) -> str:
    """Return a reading as the table writes it: days, the wall clock or part of the day, place."""
    moment = reading.moment(zone)
    days = (
        f"{reading.first}" if reading.first == reading.last else f"{reading.first}..{reading.last}"
    )
    hour = reading.hour.isoformat("minutes") if reading.hour else reading.part
    when = moment.wall.isoformat(" ", "minutes") if moment else f"{days} {hour}".strip()
    return f"{when} @ {reading.place}" if reading.place else when


def phrases(name: str) -> list[Phrase]:
    """Return the phrases of one file."""
    found: list[Phrase] = []
    clock = ""
    for line in (HERE / f"{name}.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("! "):
            clock = line[2:]
        text, arrow, expected = line.partition(" => ")
        if arrow:
            found.append(_phrase(text, expected, *clock.split()))
    return found


def _phrase(
    text: str, expected: str, language: str, day: str, hour: str, zone: str, country: str
) -> Phrase:
    now = datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=ZoneInfo(zone))
    return Phrase(text, expected, language, now, zone, country.strip("-"))


def report() -> list[str]:
    """Return the figures of every table, and each phrase that is not read right."""
    lines: list[str] = []
    for name in (*dates().languages, *HELD_OUT):
        table = phrases(name)
        count = Counter(phrase.verdict for phrase in table)
        kinds = ", ".join(f"{count[kind]} {kind}" for kind in ("right", "missed", "wrong"))
        plain = sum(phrase.expected == NONE for phrase in table)
        lines.append(f"{name}: {len(table)} phrases, {plain} of them no date: {kinds}")
        lines += [f"  {p.text} => {p.read}" for p in table if p.verdict != "right"]
    return lines
