"""What kind of world it is: how many pairs, for how long, with which faults. Drawn from the seed.

Each class of faults is absent from half of the worlds, so that worlds differ (swarm testing).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

# What may go wrong. A name is what `--faults` takes.
FAULTS = (
    "crash",  # a process dies at any of its awaits, and another is started
    "reset",  # a call breaks off before it was made, or after it was carried out
    "late",  # a call is given up by us and carried out all the same, within the lease
    "hang",  # a call never comes back
    "refuse",  # a platform says: not sent; try later, or not at all
    "outage",  # a platform is away, for minutes or for days
    "frozen",  # a process stands still for longer than its lease
    "repeat",  # a platform delivers what it delivered before
    "busy",  # the database is locked, or full
    "clock",  # the clock of the machine is set, and set back
    "erase",  # somebody is erased in the middle of it all
)
# In every tenth world there is a 29th of February.
STARTS = tuple(datetime(2026, month, 3, 9, tzinfo=UTC) for month in range(1, 10))
LEAP = datetime(2027, 12, 6, 9, tzinfo=UTC)
ZONES = (
    ("Europe/Berlin", "DE"),
    ("Europe/London", "GB"),
    ("America/New_York", "US"),
    ("Australia/Lord_Howe", "AU"),
    ("Pacific/Apia", "WS"),
    ("Asia/Kathmandu", "NP"),
)
# How a platform can be used: it takes a key once; it can be asked for one; nobody can tell.
KINDS = ("once", "asked", "mute")
LEASE = timedelta(seconds=120)
TICK = 30.0
DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A world to be. Whoever has it can live that world again, line by line."""

    seed: int
    pairs: int
    weeks: int
    faults: frozenset[str] = frozenset()
    start: datetime = STARTS[0]
    database: str = "sqlite://"

    def dice(self, name: str) -> Random:
        """Return dice of somebody's own: what others do does not change their luck."""
        return Random(f"{self.seed} {name}")


def drawn(seed: int) -> Plan:
    """Return the world of a seed."""
    dice = Random(f"{seed} plan")
    start = LEAP if dice.random() < 0.1 else dice.choice(STARTS)
    faults = frozenset(fault for fault in FAULTS if dice.random() < 0.5)
    weeks = dice.choice((4, 6, 8, 10, 13, 18, 26))
    return Plan(seed, dice.choice((1, 1, 2, 3)), weeks, faults, start)
