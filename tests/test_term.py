"""Whole terms: half a year of two people, from the first hello to a good ending, or to another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.flows import closing, evaluation, leaving, meeting
from bot.hours import months_after
from tests.test_journey import agree_on_a_purpose, book, both_say_yes, sign_a_charter

if TYPE_CHECKING:
    from tests.stage import Actor, Stage


async def set_a_goal(actor: Actor, goal: str) -> None:
    await actor.presses("Set a goal")
    await actor.fills(goal=goal, target="three")
    partner = next(a for a in actor.stage.actors() if a is not actor)
    await partner.presses("Good, let us keep it in sight")


async def meet(stage: Stage, label: str, *, topic: bool = True) -> None:
    """Book, agree a topic, meet, and look back: a month in the life of a pair."""
    ada, ben = stage.actors()
    await book(stage, label)
    coming = meeting.diary(stage.pair).current
    assert coming.moment
    await stage.until(coming.moment.at - timedelta(days=9))
    await stage.at_work()
    if topic:
        await ben.presses("Propose a topic")
        await ben.fills()
        await ada.presses("Good, this one")
    await stage.until(coming.moment.at - timedelta(hours=2))
    for actor in stage.actors():
        await actor.presses("I am ready")
    await stage.until(coming.moment.at + timedelta(days=4))
    await stage.at_work()
    for actor in stage.actors():
        await actor.presses("We met")
    await ben.presses("Write it down")
    await ben.fills(gut="curious", tryout="Ask before I answer", both="4", thanks="honest")
    await ada.presses("Write it down")
    await ada.fills(gut="fine", both="4", safe="5", worried="no", cost="no", thanks="glad")


async def begin(stage: Stage) -> None:
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    await set_a_goal(stage.ben, "G-1")
    await set_a_goal(stage.ada, "G-8")


async def half_a_year(stage: Stage) -> None:
    """Six meetings, half-way in between."""
    await begin(stage)
    await meet(stage, "Book our first meeting")
    for month in range(5):
        await stage.days(4)
        if month == 3:
            for actor in stage.actors():
                await actor.presses("Look back")
                await actor.fills(worth="5", openly="4")
        await meet(stage, "Book our next meeting")


async def stand_back(stage: Stage) -> None:
    """Both judge in private, and score their goals."""
    term = leaving.term(stage.pair)
    assert term
    await stage.until(term[1] - timedelta(days=13))
    await stage.at_work()
    for actor in stage.actors():
        await actor.presses("Give my view")
        await actor.fills()
        await actor.presses("Reached")


@pytest.mark.transcript("six_months")
async def test_a_pair_that_does_well_comes_to_a_good_ending(stage: Stage) -> None:
    ada, ben = stage.actors()
    await half_a_year(stage)
    term = leaving.term(stage.pair)
    assert term
    assert meeting.diary(stage.pair).held == 6
    assert term[1] == months_after(term[0], 6)
    await stand_back(stage)
    assert evaluation.both_judged(stage.pair)
    for actor in stage.actors():
        await actor.presses("Choose")
        await actor.fills()
    assert closing.outcome(stage.pair) == "finish"
    for actor, words in ((ada, "You asked before you answered."), (ben, "You said it plainly.")):
        await actor.presses("Close well")
        await actor.fills(thanks=words, contact="coffee")
    assert ada.sees("You said it plainly.")
    assert ben.sees("people who may call each other for a coffee") or ben.card.lead
    await stage.days(70)
    await stage.at_work()
    await ada.presses("None")
    await stage.days(40)
    await ben.presses("Still in place")
    seen = [len(stage.paper.chats[a.account]) for a in stage.actors()]
    await stage.days(200)
    assert [len(stage.paper.chats[a.account]) for a in stage.actors()] == seen


@pytest.mark.transcript("six_months")
async def test_two_who_would_both_go_on_renew(stage: Stage) -> None:
    await half_a_year(stage)
    await stand_back(stage)
    for actor in stage.actors():
        await actor.presses("Choose")
        await actor.fills(fine=("renew", "informal"))
    assert closing.outcome(stage.pair) == "renew"
    assert stage.ada.sees("You both chose to go on")
    await stage.days(20)
    assert "Close well" not in stage.ada.labels()
    await book(stage, "Book our next meeting")


@pytest.mark.transcript("six_months")
async def test_one_who_would_go_on_and_one_who_would_not_finish_without_a_verdict(
    stage: Stage,
) -> None:
    await half_a_year(stage)
    await stand_back(stage)
    await stage.ada.presses("Choose")
    await stage.ada.fills(fine=("finish",))
    await stage.ben.presses("Choose")
    await stage.ben.fills(fine=("renew", "informal"))
    assert closing.outcome(stage.pair) == "finish"
    texts = ["\n".join(a.card.lead) for a in stage.actors()]
    assert texts[0] == texts[1] == "Your term is complete"


@pytest.mark.transcript("hard_moments")
async def test_a_junior_who_does_not_feel_safe_leaves_and_nobody_learns_why(stage: Stage) -> None:
    """INV-2, INV-10: the words are those of any other end, and come on a later working morning."""
    ada, ben = stage.actors()
    await begin(stage)
    await book(stage, "Book our first meeting")
    first = meeting.diary(stage.pair).current
    assert first.moment
    await stage.until(first.moment.at - timedelta(hours=2))
    for actor in stage.actors():
        await actor.presses("I am ready")
    await stage.days(1)
    await ada.presses("We met")
    await ada.presses("Write it down")
    await ada.fills(safe="1", worried="yes", cost="yes")
    assert ada.sees("You decide what happens next")
    before = len(stage.paper.chats[ben.account])
    await ada.presses("Stop, without a reason")
    await ada.presses("Stop here")
    assert ada.sees("Until then you can change your mind")
    assert len(stage.paper.chats[ben.account]) == before
    end = leaving.ends(stage.pair)
    assert end
    assert end - stage.now >= timedelta(days=1)
    await stage.until(end + timedelta(hours=1))
    assert ben.sees("This pair has ended")
    assert "Ada" not in " ".join(ben.card.lead)


@pytest.mark.transcript("hard_moments")
async def test_a_pulse_that_was_not_quite_well_offers_a_phrase(stage: Stage) -> None:
    ada, _ = stage.actors()
    await begin(stage)
    await book(stage, "Book our first meeting")
    await stage.days(9)
    await stage.at_work()
    await ada.presses("We met")
    await ada.presses("Write it down")
    await ada.fills(safe="3", worried="no")
    reply = await ada.presses("A phrase for next time")
    assert "Time-out" in reply.notice


@pytest.mark.transcript("hard_moments")
async def test_something_hurt_and_there_is_help_to_repair_it(stage: Stage) -> None:
    await both_say_yes(stage)
    await stage.ben.writes("repair")
    reply = await stage.ben.presses("It was me who said it")
    assert "one sentence of apology" in reply.notice
    await stage.ben.presses("Back")
    await stage.ada.asks("contact")
    assert stage.ada.sees("Noor")
    await stage.ada.writes("tips")
    await stage.ada.writes("questions")


@pytest.mark.transcript("silence")
async def test_the_senior_moves_it_and_moves_it_again_and_they_meet_late(stage: Stage) -> None:
    ada, ben = stage.actors()
    await begin(stage)
    await book(stage, "Book our first meeting")
    for _ in range(2):
        await ben.presses("Move it")
        await ben.fills(second=(), third=())
        await ada.presses(ada.card.buttons[0].label)
    await ben.presses("I cannot make it")
    assert ben.sees("Two meetings in a row have moved")
    assert ada.sees("The date you had is off")
    assert not ada.sees("in a row")
    await stage.days(5)
    await book(stage, "Offer new times")
    late = meeting.diary(stage.pair).current
    assert late.moment
    await stage.until(late.moment.at + timedelta(days=1))
    await stage.at_work()
    await ada.presses("We met")
    await ben.presses("We met")
    assert meeting.diary(stage.pair).held == 1


@pytest.mark.transcript("leaving")
async def test_a_pause_keeps_everything_quiet_and_ends_by_itself(stage: Stage) -> None:
    await both_say_yes(stage)
    await stage.ben.writes("pause")
    await stage.ben.presses("Pause for some weeks")
    await stage.ben.fills(weeks="2")
    assert stage.ada.sees("You two are pausing")
    seen = [len(stage.paper.chats[a.account]) for a in stage.actors()]
    await stage.days(13)
    assert [len(stage.paper.chats[a.account]) for a in stage.actors()] == seen
    await stage.days(2)
    assert stage.ada.sees("What is this for, for you?")


@pytest.mark.transcript("leaving")
async def test_somebody_changes_their_mind_about_leaving_and_nobody_knew(stage: Stage) -> None:
    await both_say_yes(stage)
    seen = len(stage.paper.chats[stage.ada.account])
    await stage.ben.writes("leave")
    await stage.ben.presses("Stop here")
    end = leaving.ends(stage.pair)
    assert end
    assert end - stage.now >= timedelta(days=1)
    await stage.ben.presses("I would rather stay")
    await stage.days(2)
    assert leaving.ends(stage.pair) is None
    assert len(stage.paper.chats[stage.ada.account]) == seen


@pytest.mark.transcript("two_at_once")
async def test_one_says_they_met_and_the_other_says_they_did_not(stage: Stage) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await book(stage, "Book our first meeting")
    first = meeting.diary(stage.pair).current
    assert first.moment
    await stage.until(first.moment.at + timedelta(days=4))
    await stage.at_work()
    await ada.presses("We met")
    await ben.presses("It did not happen")
    assert meeting.diary(stage.pair).held == 0
    await ada.presses("It did not happen")
    last = meeting.diary(stage.pair).last
    assert last
    assert not last.held
