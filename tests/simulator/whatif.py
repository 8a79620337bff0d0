"""A coordinator's what-if: so many pairs for so many months, and what arrives, when, at whom.

The same machine without its faults. People are as they are in the other worlds: eager, busy, or
hardly ever there.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulator.plan import STARTS, Plan
from tests.simulator.world import live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.simulator.invariants import Sent, Violation
    from tests.simulator.world import Outcome

WEEKS_OF_A_MONTH = 52 / 12
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ROLES = ("reverse-mentor", "reverse-mentee")


@dataclass(frozen=True, slots=True)
class Pair:
    """What one pair got."""

    turns: int
    arrivals: tuple[Sent, ...]
    violation: Violation | None


def lived(plan: Plan) -> Pair:
    """Let one pair live for as long as the plan says."""
    outcome: Outcome = live(plan)
    return Pair(outcome.turns, outcome.arrivals, outcome.violation)


def what_if(pairs: int, months: int, seed: int, say: Callable[[str], None]) -> int:
    """Live it, and say what arrived; return the exit code."""
    weeks = round(months * WEEKS_OF_A_MONTH)
    plans = [Plan(seed + n, 1, weeks, start=STARTS[0]) for n in range(pairs)]
    with ProcessPoolExecutor() as cores:
        found = list(cores.map(lived, plans, chunksize=4))
    say(f"{pairs} pairs, {months} months, {sum(p.turns for p in found):,} turns.")
    for line in report(found, weeks):
        say(line)
    broken = [pair.violation for pair in found if pair.violation]
    for violation in broken:
        say(f"Something is wrong: {violation}")
    return 1 if broken else 0


def report(found: list[Pair], weeks: int) -> Iterable[str]:
    """Return the figures, line by line."""
    sent = [arrival for pair in found for arrival in pair.arrivals]
    posts = [s for s in sent if s.how == "post"]
    unasked = [s for s in posts if s.unasked]
    yield f"{len(posts):,} messages, of which {len(unasked):,} came unasked; the others answer"
    yield f"what somebody had just done. {len(sent) - len(posts):,} changes in place, soundless."
    yield ""
    yield f"{'unasked messages to the':<26}{'all':>8}{'a week':>8}{'most in a week':>16}"
    for role in ROLES:
        theirs = [s for s in unasked if s.role == role]
        a_week = len(theirs) / len(found) / weeks
        most = max((_busiest(pair, role) for pair in found), default=0)
        yield f"  {role:<24}{len(theirs):>8,}{a_week:>8.2f}{most:>16}"
    yield ""
    yield "when they come, by the clock on the wall of who gets them"
    yield from _table(unasked)


def _busiest(pair: Pair, role: str) -> int:
    """Return how many unasked messages someone got in their busiest calendar week."""
    weeks = Counter(
        s.here.isocalendar()[:2]
        for s in pair.arrivals
        if s.role == role and s.how == "post" and s.unasked
    )
    return max(weeks.values(), default=0)


def _table(unasked: list[Sent]) -> Iterable[str]:
    when = Counter((s.here.weekday(), s.here.hour) for s in unasked)
    hours = sorted({hour for _, hour in when})
    yield "     " + "".join(f"{hour:>7}" for hour in hours)
    for day, name in enumerate(DAYS):
        if any(when[day, hour] for hour in hours):
            yield f"{name:<5}" + "".join(f"{when[day, hour]:>7,}" for hour in hours)
