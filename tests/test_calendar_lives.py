"""Whatever two people do: what their calendars show is what the two agreed on, and no more."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from adapters.calendar import ics
from adapters.calendar.occasions import next_one, occasions
from adapters.calendar.words import Words
from bot.flows import closing, meeting
from tests.calendars import lawful
from tests.life import Life
from tests.stage import BOOK

if TYPE_CHECKING:
    from adapters.calendar.occasions import Occasion
    from bot.people import Pair

seeds = st.integers(0, 1_000_000)
MOVES = 160
WORDS = Words(BOOK)
ELSEWHERE = ("reflection.", "purpose.", "topic.", "preparation.", "goals.", "etiquette.", "safety.")


@dataclass
class Reader:
    """Somebody who looks into the calendar after each move of a life."""

    seen: dict[str, Occasion] = field(default_factory=dict)

    def looks(self, life: Life) -> None:
        self.compares(life)
        self.remembers(life)

    def compares(self, life: Life) -> None:
        """What comes next is what the diary has, until the pair has ended."""
        end = closing.ended_at(life.pair)
        if end is not None and end <= life.now:
            return
        agreed = meeting.diary(life.pair).current.moment
        shown = next_one(life.pair, life.now)
        under_way = shown is not None and shown.start <= life.now
        if agreed and agreed.at > life.now:
            assert shown
            assert under_way or shown.start == agreed.at
        else:
            assert shown is None or under_way

    def remembers(self, life: Life) -> None:
        """A name stays for good, and a number rises with every change."""
        found = {
            each.uid: replace(each, place="", where="")  # a charter signed later may take it away
            for each in occasions(life.pair, life.now)
        }
        assert self.seen.keys() <= found.keys()
        for uid, each in found.items():
            before = self.seen.get(uid, each)
            if each != before:
                assert each.sequence > before.sequence
                assert each.changed >= before.changed
        self.seen = found


@given(seeds)
def test_calendars_show_what_the_two_agreed_on_and_nothing_typed_but_a_place(seed: int) -> None:
    life = Life(seed).live(MOVES, Reader().looks)
    content = ics.published(occasions(life.pair, life.now), WORDS, WORDS("feed"))
    lawful(content)
    told = content.replace(b"\r\n ", b"").decode()
    for word in re.findall(r"canary\w+", told):
        assert life.typed[word][2] == "where", word
    # INV-2: what is done in private changes no time, no name, no number and no moment of change.
    assert occasions(life.pair, life.now) == occasions(without_the_rest(life.pair), life.now)


def without_the_rest(pair: Pair) -> Pair:
    kept = (entry for entry in pair.journal if not entry.event.name.startswith(ELSEWHERE))
    return pair.blank().with_entries(kept)


def test_the_lives_we_try_book_move_and_end() -> None:
    kinds = {"booked": 0, "moved": 0, "two": 0, "called off": 0}
    for seed in range(40):
        life = Life(seed).live(MOVES)
        found = occasions(life.pair, life.now)
        kinds["booked"] += bool(found)
        kinds["moved"] += any(each.sequence > 1 for each in found)
        kinds["two"] += len(found) > 1
        kinds["called off"] += any(each.cancelled for each in found)
    assert all(count >= 2 for count in kinds.values()), kinds
