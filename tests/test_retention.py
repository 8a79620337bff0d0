"""Retention: what was promised to be forgotten is forgotten, once, and the journal still folds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot import cards, facilitator
from bot.flows import charter, leaving, purpose, reflection
from bot.journal import read, write
from bot.retention import Forgot
from tests.life import Life
from tests.stage import BOOK, shown
from tests.test_journey import agree_on_a_purpose, book, both_say_yes, draft
from tests.test_term import begin

if TYPE_CHECKING:
    from datetime import datetime

    from bot.journal import PersonId
    from bot.people import Pair
    from tests.stage import Stage


def sealed(stage: Stage, kind: type) -> list[dict[str, object]]:
    return [write(e.event).sealed for e in stage.pair.journal if isinstance(e.event, kind)]


def forgotten(stage: Stage, what: str) -> bool:
    events = (entry.event for entry in stage.pair.journal)
    return any(isinstance(event, Forgot) and event.what == what for event in events)


async def test_what_was_ticked_in_the_self_check_is_gone_after_thirty_days(stage: Stage) -> None:
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await stage.ada.presses("Make my choices")
    await stage.ada.fills()
    await stage.ada.presses("Take a look")
    await stage.ada.fills(happens=("rank", "boss"), tell="canary", shows=("tell",))
    assert sealed(stage, charter.Checked)[0]["happens"] == ["boss", "rank"]
    await stage.days(29)
    assert sealed(stage, charter.Checked)[0]["happens"]
    await stage.days(2)
    assert not sealed(stage, charter.Checked)[0]["happens"]
    assert sealed(stage, charter.Told)[0]["tell"] == "canary"
    await stage.days(20)
    assert sum(isinstance(e.event, Forgot) for e in stage.pair.journal) == 1


async def test_private_notes_go_thirty_days_after_the_end_and_all_words_after_ninety(
    stage: Stage,
) -> None:
    await both_say_yes(stage)
    await draft(
        stage.ada,
        why="own",
        why_own="canary private",
        focus="both",
        aim="hear",
        effect="change",
        shows=("aim",),
    )
    await stage.ada.presses("Stop here")
    await stage.days(3)
    end = leaving.ends(stage.pair)
    assert end
    assert stage.ben.sees("This pair has ended")
    await stage.until(end + timedelta(days=29))
    assert sealed(stage, purpose.MentorDrafted)[0]["why_own"] == "canary private"
    await stage.until(end + timedelta(days=31))
    assert not sealed(stage, purpose.MentorDrafted)[0]["why_own"]
    assert sealed(stage, purpose.Released)[0]["aim"] == "hear"
    await stage.until(end + timedelta(days=91))
    assert not sealed(stage, purpose.Released)[0]["aim"]


async def tell_and_leave(stage: Stage) -> datetime:
    """Ada looks back on a first meeting, shares one line of it, and leaves; return when it ends."""
    await begin(stage)
    await book(stage, "Book our first meeting")
    await stage.days(9)
    await stage.at_work()
    await stage.ada.presses("We met")
    await stage.ada.presses("Write it down")
    await stage.ada.fills(gut="canary shared", reason="canary private", shows=("gut",), safe="5")
    await stage.ada.writes("leave")
    await stage.ada.presses("Stop here")
    end = leaving.ends(stage.pair)
    assert end
    return end


async def test_what_somebody_wrote_after_a_meeting_goes_before_what_they_shared_of_it(
    stage: Stage,
) -> None:
    def kept() -> list[object]:
        (wrote,), (shared,) = (
            sealed(stage, kind) for kind in (reflection.MentorWrote, reflection.Shared)
        )
        return [wrote["reason"], wrote["safe"], shared["gut"]]

    end = await tell_and_leave(stage)
    await stage.until(end + timedelta(days=29))
    assert stage.ben.sees("This pair has ended")
    assert kept() == ["canary private", "5", "canary shared"]
    await stage.until(end + timedelta(days=31))
    assert kept() == ["", "", "canary shared"]
    await stage.until(end + timedelta(days=80))
    assert kept() == ["", "", "canary shared"]
    await stage.until(end + timedelta(days=91))
    assert kept() == ["", "", ""]
    assert "canary" not in repr([write(entry.event) for entry in stage.pair.journal])


async def test_what_was_shared_is_kept_for_all_of_the_ninety_days(stage: Stage) -> None:
    end = await tell_and_leave(stage)
    await stage.until(end + timedelta(days=89))
    assert sealed(stage, reflection.Shared)[0]["gut"] == "canary shared"


async def test_what_is_forgotten_is_off_the_screens_at_once(stage: Stage) -> None:
    """A last word that stood on a card for ninety days goes from it with the journal's."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await draft(ada, why="heard", focus="both", aim="hear", effect="change", shows=("aim",))
    await ada.presses("Stop here")
    await stage.days(3)
    for actor, words in ((ada, "You listened."), (ben, "You said it plainly.")):
        await actor.presses("Back")
        await actor.presses("Close well")
        await actor.fills(thanks=words)
    seen = ""
    while not forgotten(stage, "words"):
        seen = shown(ben.card)
        await stage.next()
    assert "You listened." in seen
    assert not ben.sees("You listened.")


async def test_what_is_due_is_forgotten_though_somebody_acts_before_the_clock_looks_in(
    stage: Stage,
) -> None:
    """The worker was away for an hour; what somebody did meanwhile must not swallow its wake-up."""
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await stage.ada.presses("Make my choices")
    await stage.ada.fills(want="insight")
    await stage.ada.presses("Take a look")
    await stage.ada.fills(happens=("rank", "boss"), tell="", shows=())
    checked = next(e.at for e in stage.pair.journal if isinstance(e.event, charter.Checked))
    await stage.until(checked + timedelta(days=30) - timedelta(minutes=1))
    stage.now += timedelta(hours=1)
    await stage.ada.asks("status")
    wake = stage.store.wake_at(stage.start.id)
    assert wake
    assert wake <= stage.now
    await stage.until(stage.now)
    assert not sealed(stage, charter.Checked)[0]["happens"]


def blank(pair: Pair, author: PersonId | None) -> Pair:
    """Return a pair of which nothing is left that this one, or anybody, said."""
    kept = [
        replace(e, event=read(e.event.name, write(e.event).status, None))
        if author in {None, e.by}
        else e
        for e in pair.journal
    ]
    return pair.blank().with_entries(kept)


@pytest.mark.parametrize("seed", range(18))
def test_whatever_is_forgotten_everybody_goes_on(seed: int) -> None:
    """At any time in any life: the words of one of them, erased, or of all, long after the end."""
    life = Life(seed)
    for move in range(140):
        life.step()
        for author in (None, *(p.id for p in life.pair.people)) if move % 7 == 0 else ():
            left = blank(life.pair, author)
            facilitator.tick(left, life.now)
            facilitator.wake_at(left, life.now)
            for me in left.people:
                reader = cards.Reader.of(left, me, life.now, BOOK)
                cards.card(reader)
                assert cards.home(reader).title
