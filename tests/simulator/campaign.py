"""Many worlds, on all cores, and what is said of them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.simulator.plan import FAULTS, drawn
from tests.simulator.shrink import command, shrunk
from tests.simulator.world import live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulator.plan import Plan
    from tests.simulator.world import Outcome

LAST = 30  # lines of a trace that are shown


@dataclass
class Tally:
    """The figures of a campaign, and the worlds that failed."""

    worlds: int = 0
    turns: int = 0
    sent: int = 0
    crashes: int = 0
    days: float = 0
    failed: list[Outcome] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        self.worlds += 1
        self.turns += outcome.turns
        self.sent += outcome.sent
        self.crashes += outcome.crashes
        self.days += outcome.days
        if outcome.violation:
            self.failed.append(outcome)

    def __str__(self) -> str:
        verdict = f"{len(self.failed)} violations" if self.failed else "0 violations"
        return (
            f"{self.worlds:,} worlds, {self.days:,.0f} days, {self.turns:,} turns, "
            f"{self.sent:,} sends, {self.crashes:,} crashes: {verdict}"
        )


def plans(
    worlds: int, seed: int, *, pairs: int = 0, weeks: int = 0, faults: str = ""
) -> Iterator[Plan]:
    """Return the worlds of so many seeds, each as it is drawn but for what is told here.

    Raises ValueError for a fault there is not.
    """
    chosen = frozenset(faults.split(",")) - {"", "none"}
    if chosen - set(FAULTS):
        raise ValueError(f"There is no such fault; there are {', '.join(FAULTS)}.")
    for number in range(seed, seed + worlds):
        plan = drawn(number)
        yield replace(
            plan,
            pairs=pairs or plan.pairs,
            weeks=weeks or plan.weeks,
            faults=chosen if faults else plan.faults,
        )


def lived(plan: Plan) -> Outcome:
    """Live a world; of its trace the end will do."""
    outcome = live(plan)
    return replace(outcome, trace=outcome.trace[-LAST:], arrivals=())


def campaign(worlds: list[Plan], say: Callable[[str], None]) -> int:
    """Live all these worlds and say what came of it; return the exit code."""
    tally = Tally()
    with ProcessPoolExecutor() as cores:
        for outcome in cores.map(lived, worlds):
            tally.count(outcome)
            if outcome.violation:
                say(f"{outcome.violation}\n  again: {command(outcome.plan)}")
    say(str(tally))
    if tally.failed:
        tell(shrunk(tally.failed[0], lived), say)
    return 1 if tally.failed else 0


def until(turns: int, seed: int) -> Tally:
    """Live worlds, seed by seed, until so many turns were taken or one of them fails."""
    tally = Tally()
    for plan in plans(turns, seed):
        if tally.turns >= turns or tally.failed:
            break
        tally.count(lived(plan))
    return tally


def tell(outcome: Outcome, say: Callable[[str], None]) -> None:
    """Say how a world failed: what to type to see it again, its plan, and its last lines."""
    say(f"\nThe smallest world found that fails so: {command(outcome.plan)}")
    say(f"{outcome.violation}")
    for line in outcome.trace[-LAST:]:
        say(f"  {line}")
