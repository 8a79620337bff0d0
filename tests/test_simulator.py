"""The simulator: whole worlds in which everything fails that can, and nothing is lost or doubled.

`SIMULATED_TURNS=2000000 make test TESTS=tests/test_simulator.py` lives through more of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters import cli
from adapters.settings import ROOT
from tests.simulator import campaign, shrink, whatif
from tests.simulator.invariants import Violation
from tests.simulator.plan import FAULTS, Plan, drawn
from tests.simulator.world import Outcome, live

if TYPE_CHECKING:
    from pathlib import Path

TURNS = int(os.environ.get("SIMULATED_TURNS", "20000"))
CHUNKS = 4
TWICE = int(os.environ.get("SIMULATED_TWICE", "4"))
SEEDS_A_CHUNK = 1_000_000

# Worlds that show what was wrong once: for how many weeks, and what it was. `tests/faults.py` says
# when one of them does so no more.
ONCE_WRONG = {
    5: (1, "a card that was asked for twice had one name"),
    7: (3, "whoever was erased stayed on the other's screen by name"),
    9: (3, "a call that never came back held up every reminder"),
}


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_all_goes_well_in_worlds_in_which_everything_fails(chunk: int) -> None:
    """Nothing lost, nothing doubled, nobody pestered, and everything right within a day."""
    tally = campaign.until(TURNS // CHUNKS, chunk * SEEDS_A_CHUNK)
    print(tally)
    assert not tally.failed, retold(tally.failed[0])
    assert tally.sent
    assert tally.crashes or chunk  # the first worlds have some


@pytest.mark.parametrize("seed", ONCE_WRONG)
def test_what_was_wrong_once_stays_right(seed: int) -> None:
    weeks, what = ONCE_WRONG[seed]
    outcome = live(replace(drawn(seed), weeks=weeks))
    assert outcome.violation is None, f"{what}\n{retold(outcome)}"


@pytest.mark.long
def test_one_seed_gives_one_trace() -> None:
    """In another process too, in which sets have another order; SIMULATED_TWICE=50 lives more."""
    code = (
        "from dataclasses import replace; from tests.simulator import plan, world; "
        f"each = (world.live(replace(plan.drawn(n), weeks=4)) for n in range({TWICE})); "
        "print(*(outcome.digest for outcome in each))"
    )
    env = {**os.environ, "PYTHONHASHSEED": str(TWICE), "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "-c", code]
    with subprocess.Popen(run, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as there:
        here = [live(replace(drawn(seed), weeks=4)) for seed in range(TWICE)]
        assert there.communicate()[0].split() == [outcome.digest for outcome in here]
    assert min(len(outcome.trace) for outcome in here) > 10


def test_a_database_in_a_file_gives_the_same_trace(tmp_path: Path) -> None:
    plan = replace(drawn(11), weeks=4)
    assert plan.faults
    in_a_file = live(replace(plan, database=f"sqlite:///{tmp_path}/world.db"))
    assert in_a_file.trace == live(plan).trace


def test_another_seed_gives_another_world() -> None:
    assert len({drawn(seed) for seed in range(50)}) == 50
    seen = frozenset().union(*(drawn(seed).faults for seed in range(50)))
    assert seen == set(FAULTS)


def test_a_world_that_fails_is_made_smaller_for_as_long_as_it_fails() -> None:
    """Here a world fails if it has crashes and lasts for five weeks: all else falls away."""

    def fails(plan: Plan) -> Outcome:
        bad = "crash" in plan.faults and plan.weeks >= 5
        violation = Violation("I5", "twice") if bad else None
        return Outcome(plan, violation, (), 1, 1, 1, plan.weeks * 7)

    plan = Plan(1, 3, 26, frozenset(FAULTS))
    small = shrink.shrunk(fails(plan), fails).plan
    assert (small.pairs, small.weeks, small.faults) == (1, 5, {"crash"})
    assert shrink.command(small) == (
        "turnabout simulate --worlds 1 --seed 1 --weeks 5 --faults crash"
    )


def test_the_command_says_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--worlds", "2", "--seed", "1", "--pairs", "1", "--weeks", "1", "--faults", "none"]
    assert cli.main(["simulate", *chosen]) == 0
    said = capsys.readouterr().out
    assert "2 worlds" in said
    assert "0 crashes: 0 violations" in said


def test_a_violation_is_told_with_what_to_type_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Here:
        """The cores, all in this process, so that what is wrong can be put in."""

        map = staticmethod(map)
        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda *told: None  # noqa: E731

    def fails(plan: Plan) -> Outcome:
        return Outcome(plan, Violation("I5", "twice"), ("the last line",), 1, 1, 1, 7)

    monkeypatch.setattr(campaign, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(campaign, "lived", fails)
    assert cli.main(["simulate", "--worlds", "1", "--seed", "7"]) == 1
    said = capsys.readouterr().out
    assert "I5: twice" in said
    assert "turnabout simulate --worlds 1 --seed 7 --weeks 1 --faults none" in said
    assert "the last line" in said


def test_a_fault_there_is_not_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["simulate", "--faults", "flood"]) == 1
    assert capsys.readouterr().err.startswith("turnabout: There is no such fault")


def test_the_what_if_tells_how_many_messages_come_when_and_to_whom(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["simulate", "--pairs", "2", "--months", "1"]) == 0
    said = capsys.readouterr().out
    assert "2 pairs, 1 months" in said
    assert "reverse-mentee" in said
    assert "Sat" not in said
    assert whatif.DAYS[0] in said


def retold(outcome: Outcome) -> str:
    """Return what to read of a world that failed: how to live it again, and its last lines."""
    again = shrink.command(outcome.plan)
    return "\n".join([f"{outcome.violation}", again, *outcome.trace[-campaign.LAST :]])
