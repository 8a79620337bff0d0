"""The seed: every requirement of domain.md 1, the step that serves it, a test that goes there.

`turnabout seed` prints it, a row an id, and fails if a row has no step or no test (INV-13). A
step is a prompt, a group of topics (`topics/CS`), or a word to type at any time (`say/tips`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from adapters.prompts import phrasebook
from bot import facilitator

HERE = Path(__file__).parent
LATER = "later"


@dataclass(frozen=True)
class Row:
    """One requirement: its id, what serves it, and the tests that reach that."""

    id: str
    steps: tuple[str, ...]
    tests: tuple[str, ...]

    def faults(self) -> list[str]:
        """Return what is missing of the row, in plain words."""
        if self.steps == (LATER,):
            return []
        known = steps()
        found = [f"{self.id}: there is no step {step}" for step in self.steps if step not in known]
        names = tests()
        found += [f"{self.id}: there is no test {test}" for test in self.tests if test not in names]
        if not self.steps or not self.tests:
            found.append(f"{self.id}: a row needs a step and a test")
        return found


JOURNEY = "test_two_people_find_their_way_to_a_second_meeting"
TERM = "test_a_pair_that_does_well_comes_to_a_good_ending"
MONTH = "test_the_senior_lets_the_month_go_by_and_only_the_senior_is_asked"
CHARTER = "test_a_signed_charter_is_reopened_and_stays_in_force_until_both_sign"
TOPIC = "test_a_topic_is_passed_swapped_and_agreed"
CATALOGUE = "test_the_catalogue_has_its_57_topics_each_with_starters_and_prompts"
REPAIR = "test_something_hurt_and_there_is_help_to_repair_it"
UNSAFE = "test_a_junior_who_does_not_feel_safe_leaves_and_nobody_learns_why"
CHECK = "test_what_was_ticked_in_the_self_check_is_gone_after_thirty_days"
MYTH = "test_myth_or_mine_opens_only_when_both_would_show"
SAID = "test_you_said_i_did"
ARC = "test_what_is_offered_goes_from_light_to_personal_and_by_ones_focus"
TIPS = ("say/tips", "handbook.tips_mentee")
ASKS = ("say/questions", "handbook.questions", "handbook.tips_mentor")


def _rows() -> tuple[Row, ...]:
    drafts = ("purpose.draft_mentee", "purpose.draft_mentor")
    writes = ("reflection.write_mentee", "reflection.write_mentor")
    booking = ("meeting.invite_first", "meeting.invite", "meeting.reply", "say/book")
    charter = ("charter.choose", "charter.sign", "charter.agreed")
    known: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        "CTX-1": (("welcome.role",), (JOURNEY,)),
        "CTX-2": (("welcome.role",), (JOURNEY,)),
        "CTX-3": (("closing.part_mentee", "closing.part_mentor"), (TERM,)),
        "CTX-4": (("welcome.role",), (JOURNEY,)),
        "CTX-5": (drafts, (JOURNEY,)),
        "CTX-6": (drafts, (JOURNEY,)),
        **{f"GEN-{n}": (("myth.play", "myth.opened"), (MYTH,)) for n in (1, 2, 3, 4, 5, 10)},
        "GEN-6": (("topics/WM",), (CATALOGUE,)),
        "GEN-7": (("topics/WM",), (CATALOGUE,)),
        "GEN-8": (("topics/WM",), (CATALOGUE,)),
        "GEN-9": (("goals.set",), (TERM,)),
        "GEN-11": (("goals.set", "evaluation.judge_mentee"), (TERM,)),
        "GEN-12": (("welcome.invite",), (JOURNEY,)),
        "FOC-1": ((*drafts, "topic.propose"), (JOURNEY, ARC)),
        "TECH-1": (("purpose.draft_mentor", "handbook.tips_mentor"), (JOURNEY,)),
        "TECH-2": (("topics/TU",), (CATALOGUE,)),
        "TECH-3": (("topics/JL",), (CATALOGUE,)),
        "SOC-1": (("topics/WM", "topics/CS"), (CATALOGUE,)),
        "SOC-2": (("topics/LX",), (CATALOGUE,)),
        "SOC-3": (("topics/WM",), (CATALOGUE,)),
        "SOC-4": (("topics/BY", "goals.set"), (CATALOGUE, TERM)),
        "SOC-5": (("topics/IN",), (CATALOGUE,)),
        "SOC-6": (writes, (JOURNEY,)),
        "SOC-7": ((LATER,), ()),
        "CHAL-1": (charter, (JOURNEY,)),
        "CHAL-2": (("preparation.card_mentee", "preparation.card_mentor"), (JOURNEY,)),
        "CHAL-3": (("goals.set", *writes, "evaluation.judge_mentor"), (TERM,)),
        "GR-0": (charter, (CHARTER,)),
        "GR-1": ((*drafts, "purpose.first_pen", "purpose.reply", "purpose.agreed"), (JOURNEY,)),
        "GR-2": (("goals.set", "goals.reply", "evaluation.score"), (TERM,)),
        "GR-3": (booking, (JOURNEY, MONTH)),
        "GR-4": (charter, (CHARTER,)),
        "GR-5": (("charter.choose", "charter.check", "charter.told"), (CHECK,)),
        "GR-6": (("charter.choose", "handbook.repair"), (REPAIR,)),
        "GR-7": (("evaluation.heads_up", "evaluation.judge_mentee", "closing.decide"), (TERM,)),
        "TOP-1": (("topics/CS",), (CATALOGUE,)),
        "TOP-2": (("topics/CK", "goals.set"), (CATALOGUE,)),
        "TOP-3": (("topics/LU",), (CATALOGUE,)),
        "TOP-4": (("topics/NN",), (CATALOGUE,)),
        "ME-1": ((*booking, *TIPS), (MONTH,)),
        "ME-2": ((*TIPS, "preparation.prepare_mentee"), (REPAIR, SAID)),
        "ME-3": (("preparation.card_mentee", "reflection.write_mentee"), (JOURNEY,)),
        "ME-4": (("topic.propose", "topic.reply", "topic.agreed"), (TOPIC,)),
        "ME-5": (("reflection.write_mentee", "tryout.ask", "trail.so_far"), (SAID,)),
        "ME-6": ((*charter, "preparation.card_mentee"), (CHARTER,)),
        "ME-7": ((*TIPS, "charter.choose"), (REPAIR, JOURNEY)),
        "ME-8": (("charter.agreed", "reflection.write_mentor", "safety.menu"), (UNSAFE,)),
        "MR-1": (ASKS, (REPAIR,)),
        "MR-2": ((*ASKS, "preparation.prepare_mentor"), (REPAIR, SAID)),
        "MR-3": (("preparation.card_mentor", "handbook.practice_mentor"), (JOURNEY,)),
        "MR-4": ((*ASKS, "reflection.write_mentor"), (JOURNEY,)),
        "MR-5": ((*ASKS, "reflection.write_mentor"), (JOURNEY,)),
    }
    return tuple(Row(name, *served) for name, served in known.items())


ROWS = _rows()


@cache
def steps() -> frozenset[str]:
    """Return every step there is."""
    groups = {f"topics/{topic.group}" for topic in phrasebook().catalogue.values()}
    words = {f"say/{command}" for command in facilitator.COMMANDS}
    return frozenset({prompt.key for prompt in facilitator.PROMPTS} | groups | words)


@cache
def tests() -> frozenset[str]:
    """Return the name of every test there is."""
    return frozenset(
        node.name
        for path in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def report() -> tuple[list[str], list[str]]:
    """Return the table, a line a row, and what is missing of it."""
    lines = []
    for row in ROWS:
        served = ", ".join(row.steps)
        lines.append(f"{row.id:<8} {served:<70} {', '.join(row.tests)}".rstrip())
    later = sum(row.steps == (LATER,) for row in ROWS)
    lines.append(f"{len(ROWS)} requirements, {len(ROWS) - later} served, {later} later")
    return lines, [fault for row in ROWS for fault in row.faults()]
