"""Golden journals: conversations as an earlier day wrote them down, read with today's code.

What changes in a `.txt` file here is what every pair in the middle of something will see when this
is deployed. `GOLDEN=rewrite` writes those files anew, and records a journal that is not there yet;
a journal that is there is never touched, because nobody can change what was said.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot import cards
from bot.facilitator import focus
from bot.journal import Entry, PersonId, UnknownEvent, read, write
from tests import test_journey, test_stories
from tests.stage import ADA, BOOK, compare, new_pair

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.people import Pair, Person
    from tests.stage import Stage

JOURNALS = Path(__file__).parent / "journals"


async def half_way_into_a_purpose(stage: Stage) -> None:
    """Ada has let her draft out, Ben has not begun, and both have been left alone for a week."""
    await test_journey.both_say_yes(stage)
    await test_journey.draft(stage.ada, why="heard", focus="both", aim="hear", effect="speak_up")
    await stage.days(7)


async def half_way_through_a_form_in_chat(stage: Stage) -> None:
    """Ben books by typing, and has answered one question so far."""
    await test_journey.both_say_yes(stage)
    await stage.ben.writes("book")
    await stage.ben.writes("2026-11-12 16:00")


STORIES: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "to_a_second_meeting": test_journey.test_two_people_find_their_way_to_a_second_meeting,
    "a_month_goes_by": (
        test_stories.test_the_senior_lets_the_month_go_by_and_only_the_senior_is_asked
    ),
    "a_charter_reopened": (
        test_stories.test_a_signed_charter_is_reopened_and_stays_in_force_until_both_sign
    ),
    "a_topic_passed": test_stories.test_a_topic_is_passed_swapped_and_agreed,
    "the_senior_says_no": test_stories.test_the_senior_says_no_and_nobody_is_told_who,
    "half_way_into_a_purpose": half_way_into_a_purpose,
    "half_way_through_a_form_in_chat": half_way_through_a_form_in_chat,
}
ERASED = {"to_a_second_meeting": "the_junior_was_erased"}


def dumped(pair: Pair) -> str:
    """Write a journal down, a line for each entry."""
    rows = []
    for entry in pair.journal:
        put = write(entry.event)
        rows.append(
            {
                "at": entry.at.isoformat(),
                "by": entry.by,
                "name": put.name,
                "status": put.status,
                "sealed": put.sealed or None,
            }
        )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def erased(journal: str, who: PersonId) -> str:
    """Return a journal in which nothing can be opened that one of the two wrote."""
    rows = [json.loads(line) for line in journal.splitlines()]
    rows = [row | {"sealed": None} if row["by"] == who else row for row in rows]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def loaded(path: Path) -> Pair:
    """Return the pair a journal is of, as today's code reads it."""
    ada = replace(ADA, name="") if path.stem in ERASED.values() else ADA
    pair = new_pair(ada).blank()
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return pair.with_entries(
        Entry(
            no,
            datetime.fromisoformat(row["at"]),
            row["by"],
            read(row["name"], row["status"], row["sealed"]),
        )
        for no, row in enumerate(rows, 1)
    )


def inboxes(pair: Pair) -> str:
    """Return what awaits both of them: when it was written, a day later, and three weeks later."""
    last = pair.journal[-1].at
    parts: list[str] = []
    before: dict[str, str] = {}
    for later in (timedelta(0), timedelta(days=1), timedelta(weeks=3)):
        now = last + later
        parts.append(f"{now:%a %d %b %Y %H:%M} UTC, {later.days} days after the last entry\n")
        for me in pair.people:
            seen = inbox(pair, me, now)
            same = f"{seen.splitlines()[0]}\n  as before\n"
            parts.append(same if before.get(me.id) == seen else seen)
            before[me.id] = seen
    return "\n".join(parts)


def inbox(pair: Pair, me: Person, now: datetime) -> str:
    reader = cards.Reader.of(pair, me, now, BOOK)
    card = cards.card(reader)
    rows = [f"{me.name or 'somebody erased'}, {pair.role(me).replace('_', '-')}"]
    if card:
        rows.append(f"  card: {focus(pair, me, now).prompt.key}: {card.title}")
        rows += [f"        * {line}" for line in card.lead]
        rows.append(f"        {' '.join(f'[{b.label}]' for b in card.buttons)}".rstrip())
    for _, behind in cards.home(reader).sections:
        for row in behind:
            item = next(item for item in reader.items if item.key == row.card.item)
            rows.append(f"  {row.status.name.lower():<9} {item.prompt.key}: {row.card.title}")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("name", STORIES)
async def test_a_golden_journal_is_recorded_once(stage: Stage, name: str) -> None:
    paths = [JOURNALS / f"{kept}.jsonl" for kept in (name, ERASED.get(name)) if kept]
    if all(path.exists() for path in paths):
        return
    assert os.environ.get("GOLDEN") == "rewrite", f"no journal {name} yet: `make transcripts`"
    await STORIES[name](stage)
    journal = dumped(stage.pair)
    JOURNALS.mkdir(exist_ok=True)
    for path, text in zip(paths, (journal, erased(journal, ADA.id)), strict=False):
        if not path.exists():
            path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", [*STORIES, *ERASED.values()])
def test_a_golden_journal_still_means_what_it_meant(name: str) -> None:
    path = JOURNALS / f"{name}.jsonl"
    compare(path.with_suffix(".txt"), inboxes(loaded(path)))


def test_every_golden_journal_is_looked_at() -> None:
    kept = {path.stem for path in JOURNALS.glob("*.jsonl")}
    assert kept == {*STORIES, *ERASED.values()}


@pytest.mark.parametrize("name", [*STORIES, *ERASED.values()])
def test_every_event_of_a_golden_journal_is_known_and_is_written_back(name: str) -> None:
    """No field was taken away, and none changed its name."""
    path = JOURNALS / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row, entry in zip(rows, loaded(path).journal, strict=True):
        assert not isinstance(entry.event, UnknownEvent)
        put = write(entry.event)
        assert put.name == row["name"]
        assert row["status"].items() <= put.status.items()
        assert (row["sealed"] or {}).items() <= put.sealed.items()
