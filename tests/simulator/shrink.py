"""Shrinking: the smallest world that still fails in the same way, and how to live it again."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from tests.simulator.plan import drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulator.plan import Plan
    from tests.simulator.world import Outcome

TRIES = 60


def shrunk(outcome: Outcome, live: Callable[[Plan], Outcome]) -> Outcome:
    """Return the smallest failing world on the way down from this one: faults, weeks, pairs."""
    tries = TRIES
    while tries:
        for plan in smaller(outcome):
            tries -= 1
            tried = live(plan)
            if fails_alike(tried, outcome):
                outcome = tried
                break
            if not tries:
                return outcome
        else:
            return outcome
    return outcome


def fails_alike(one: Outcome, other: Outcome) -> bool:
    """Tell whether two worlds break the same invariant."""
    return bool(
        one.violation and other.violation and one.violation.invariant == other.violation.invariant
    )


def smaller(outcome: Outcome) -> Iterator[Plan]:
    """Return plans that are one step smaller, the boldest first."""
    plan = outcome.plan
    weeks = ceil(outcome.days / 7)
    for fewer in sorted({plan.weeks // 2, min(weeks, plan.weeks - 1)} - {0}):
        yield replace(plan, weeks=fewer)
    for fault in sorted(plan.faults):
        yield replace(plan, faults=plan.faults - {fault})
    if plan.pairs > 1:
        yield replace(plan, pairs=plan.pairs - 1)


def command(plan: Plan) -> str:
    """Return what to type to live this world again."""
    usual = drawn(plan.seed)
    told = ["turnabout simulate", "--worlds 1", f"--seed {plan.seed}"]
    if plan.pairs != usual.pairs:
        told.append(f"--pairs {plan.pairs}")
    if plan.weeks != usual.weeks:
        told.append(f"--weeks {plan.weeks}")
    if plan.faults != usual.faults:
        told.append(f"--faults {','.join(sorted(plan.faults)) or 'none'}")
    return " ".join(told)
