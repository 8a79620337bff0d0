"""Booking, as two busy people do it: in a press or two, or in one typed line (domain.md 6).

Told on paper here; `test_slack_stories` and `test_teams_stories` tell the same on their platforms,
and so count the same taps there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot import cards, facilitator
from bot.flows import meeting, place
from bot.flows.sketch import Sketches
from bot.inputs import Marked, Pressed
from tests.stage import ADA, BEN, Stage, new_pair
from tests.test_journey import agree_on_a_purpose, book, both_say_yes, sign_a_charter

if TYPE_CHECKING:
    from bot.cards import Card
    from bot.flows.meeting import Meeting
    from tests.stage import Actor


def current(stage: Stage) -> Meeting:
    return meeting.diary(stage.pair).current


async def on_their_way(stage: Stage) -> None:
    """Bring the two to where only a date is missing."""
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    await stage.days(1)
    await stage.at_work()


async def meet(stage: Stage) -> None:
    """Let the date agreed come and go, and both say that they met."""
    moment = current(stage).moment
    assert moment
    await stage.until(moment.at - timedelta(minutes=30))
    for actor in stage.actors():
        if "I am ready" in actor.labels():
            await actor.presses("I am ready")
    over = current(stage)
    asked = (meeting.morning_after(stage.pair, actor.me, over) for actor in stage.actors())
    await stage.until(max(asked))
    for actor in stage.actors():
        await actor.presses("We met")
        await actor.presses("Not this time")


@pytest.mark.transcript("booking")
async def test_from_a_nudge_to_a_booked_meeting_in_three_presses(stage: Stage) -> None:
    ada, ben = stage.actors()
    await on_their_way(stage)
    before = ben.taps, ben.typed, ada.taps
    await ben.presses("Book our first meeting")
    await ben.fills()
    await ada.presses(ada.labels()[0])
    assert current(stage).moment
    assert (ben.taps - before[0], ben.typed - before[1], ada.taps - before[2]) == (2, 0, 1)


@pytest.mark.transcript("booking")
async def test_one_typed_line_and_a_press_invite_and_words_accept(stage: Stage) -> None:
    ada, ben = stage.actors()
    await on_their_way(stage)
    before = ben.taps, ben.typed
    await ben.writes("book thursday 3pm at the library")
    assert ben.sees("15:00 to 16:00")
    assert current(stage).offer is None, "nothing is sent before it was looked at"
    await ben.presses("Send it")
    assert (ben.taps - before[0], ben.typed - before[1]) == (1, 1)
    offer = current(stage).offer
    assert offer
    assert (offer.event.place, offer.event.where) == ("library", "the library")
    await ada.writes("thursday works for me")
    assert current(stage).moment == offer.event.first


@pytest.mark.transcript("booking")
async def test_words_that_say_too_little_too_much_or_nothing(stage: Stage) -> None:
    """What names no hour becomes three, what may mean two days is asked, the rest gets a form."""
    ada, ben = stage.actors()
    await on_their_way(stage)
    await ben.writes("next week in the morning")
    sketched = stage.pair.fold(Sketches).live[ben.me.id].event
    assert [at.wall.hour for at in sketched.times] == [10, 10, 10]
    await ben.writes("book next friday at 2pm")
    assert ben.sees("Which day do you mean?")
    await ben.presses(ben.labels()[1])
    await ben.presses("Do not send it")
    assert ben.me.id not in stage.pair.fold(Sketches).live
    reply = await ben.writes("book something nice soon")
    assert reply.sheet
    assert "“book something nice soon”" in reply.sheet.notice
    reply = await ben.writes("book sunday")
    assert reply.sheet
    assert "“book sunday”" in reply.sheet.notice
    await ben.writes("see you at the canteen")
    assert current(stage).offer is None
    assert not ada.sees("invites you")


@pytest.mark.transcript("booking")
async def test_booked_moved_by_the_senior_moved_again_and_held_late(stage: Stage) -> None:
    ada, ben = stage.actors()
    await on_their_way(stage)
    await book(stage, "Book our first meeting")
    await ben.writes("move it to next week")
    await ben.presses("Send it")
    assert ben.sees("Your invitation is with Ada")
    await ada.presses("Another time")
    await ben.writes("next week at 16:00")
    await ben.presses("Send it")
    await ada.presses(ada.labels()[1])
    await stage.until(current(stage).moment.at - timedelta(days=1))
    await ben.presses("I cannot make it")
    assert ben.sees("Two meetings in a row have moved")
    assert not ada.sees("in a row")
    await ben.presses("Half an hour")
    await ben.presses("Offer new times")
    await ben.fills()
    await ada.presses(ada.labels()[0])
    assert current(stage).length == timedelta(minutes=30)
    await meet(stage)
    assert meeting.diary(stage.pair).held == 1


@pytest.mark.transcript("booking")
async def test_the_same_hour_next_month_is_one_press(stage: Stage) -> None:
    ada, ben = stage.actors()
    await on_their_way(stage)
    await ben.writes("tuesday 10am at the museum")
    await ben.presses("Send it")
    await ada.presses(ada.labels()[0])
    first = current(stage).moment
    await meet(stage)
    await stage.days(3)
    await stage.at_work()
    await ben.writes("status")
    label = next(label for label in ben.labels() if label.startswith("Again "))
    taps = ben.taps
    await ben.presses(label)
    assert ben.taps - taps == 1
    offer = current(stage).offer.event
    assert offer.first.wall == first.wall + timedelta(weeks=4)
    assert (offer.place, offer.where) == ("library", "the museum")
    await ada.presses(ada.labels()[0])
    assert current(stage).moment == offer.first


@pytest.mark.transcript("booking")
async def test_the_junior_would_like_a_date_and_the_senior_is_asked_as_usual(stage: Stage) -> None:
    """Domain.md 6: as a usual reminder, not as a complaint (INV-4)."""
    ada, ben = stage.actors()
    await on_their_way(stage)
    await book(stage, "Book our first meeting")
    await meet(stage)
    await stage.days(4)
    await stage.at_work()
    asked = stage.now
    reply = await ada.presses("Ask Ben for me")
    assert "say nothing of you" in reply.notice
    seen = len(stage.paper.chats[ben.account])
    await stage.until(asked + timedelta(days=3))
    came = [m.card for m in stage.paper.chats[ben.account][seen:]]
    assert [card.title for card in came] == ["Your next meeting with Ada"]
    assert "Ada would" not in "".join(line.text for card in came for line in card.body)


async def test_the_senior_can_be_asked_as_usual_while_a_reminder_is_left(stage: Stage) -> None:
    """A button that would do nothing is not there."""
    ada, ben = stage.actors()
    await on_their_way(stage)
    assert current(stage).taken is None
    labels = [button.label for button in _row(ada, "meeting:1").buttons]
    assert "Ask Ben for me" in labels
    seen = len(stage.paper.chats[ben.account])
    await stage.days(12)
    assert len(stage.paper.chats[ben.account]) > seen
    labels = [button.label for button in _row(ada, "meeting:1").buttons]
    assert "Ask Ben for me" not in labels
    assert "Offer a date myself" in labels


def _row(actor: Actor, thread: str) -> Card:
    """Return what a row of their Home opens."""
    rows = (row for _, rows in cards.home(actor.reader).sections for row in rows)
    return next(row.card for row in rows if row.card.thread == thread)


@pytest.mark.transcript("booking")
async def test_what_an_assistant_marks_is_the_seniors_to_send(stage: Stage) -> None:
    ada, ben = stage.actors()
    await on_their_way(stage)
    reply = await ben.presses("Get a page for my assistant")
    assert reply.handout == "assistant"
    times = [at.at for at in meeting.free_times(stage.pair, ben.me, stage.now)]
    seen = len(stage.paper.chats[ben.account])
    await stage.take(Marked(ben.me.id, tuple(times[:1]), "walk"), None)
    assert len(stage.paper.chats[ben.account]) == seen + 1
    old = ben.card.buttons[0]
    await stage.take(Marked(ben.me.id, tuple(times[:2]), "cafe"), None)
    await ben.does(Pressed(old.item, old.action))
    assert current(stage).offer is None, "a press sends what was seen"
    assert current(stage).offer is None
    await ben.presses("Send it")
    offer = current(stage).offer.event
    assert (offer.first.at, offer.second.at, offer.place) == (*times[:2], "cafe")
    assert ada.sees("Ben invites you")


async def test_where_the_charter_keeps_dates_from_assistants_none_is_asked() -> None:
    stage = Stage()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage, assistants="nothing")
    await stage.days(1)
    assert "Ask my assistant" not in stage.ben.labels()


async def test_a_place_somebody_avoids_is_told_to_nobody_and_reminds_them(stage: Stage) -> None:
    """Domain.md 6: nothing of the senior's form gives it away (INV-2)."""
    ada, ben = stage.actors()
    await on_their_way(stage)
    await ben.presses("Book our first meeting")
    offered, ben.sheet = ben.offered("place"), None
    await ada.presses("Mark places")
    await ada.fills(place=("cafe", "walk"))
    await ben.presses("Book our first meeting")
    assert ben.offered("place") == offered
    await ben.fills(place="cafe")
    assert ada.sees("“Another place” needs no reason")
    await ada.presses("Another place")
    assert not ben.sees("avoid")
    await ben.presses("Offer again")
    await ben.fills(place="library")
    assert not ada.sees("one to avoid")
    assert place.avoided(stage.pair, ada.me, "walk")


async def test_a_week_is_no_answer_to_an_invitation(stage: Stage) -> None:
    """Though one of the times offered lies in it: only a day that is named takes a date."""
    ada, ben = stage.actors()
    await on_their_way(stage)
    await ben.writes("thursday 3pm")
    await ben.presses("Send it")
    await ada.writes("this week")
    assert current(stage).moment is None
    await ada.writes("thursday")
    assert current(stage).moment


async def test_on_their_own_ground_they_are_asked_once_more(stage: Stage) -> None:
    """GR-3: the question comes with the answer that calls for it, and not before."""
    _, ben = stage.actors()
    await on_their_way(stage)
    reply = await ben.presses("Book our first meeting")
    assert "exception" not in asked(reply)
    reply = await ben.fills(place="office")
    assert "exception" in asked(reply)
    assert current(stage).offer is None
    await ben.fills(exception="once")
    assert current(stage).offer.event.place == "office"


def asked(reply) -> set[str]:
    return {q.name for page in reply.sheet.pages for q in page.questions}


async def test_the_last_place_comes_first_the_next_time(stage: Stage) -> None:
    ada, ben = stage.actors()
    await on_their_way(stage)
    await ben.presses("Book our first meeting")
    assert ben.offered("place")[-1] == "office"
    await ben.fills(place="walk")
    await ada.presses(ada.labels()[0])
    await meet(stage)
    await stage.days(12)
    await stage.at_work()
    await ben.presses("Book our next meeting")
    assert ben.offered("place")[0] == "walk"


async def test_an_invitation_nobody_sent_is_gone_the_next_day(stage: Stage) -> None:
    _, ben = stage.actors()
    await on_their_way(stage)
    await ben.writes("book")
    old = ben.card.buttons[0]
    await stage.days(1.1)
    assert not ben.sees("Shall I send this")
    reply = await ben.presses("Book our first meeting")
    assert reply.sheet
    reply = await ben.does(Pressed(old.item, old.action))
    assert "moved on" in reply.notice
    assert current(stage).offer is None


async def test_in_german_too() -> None:
    stage = Stage(start=new_pair(ben=replace(BEN, locale="de"), ada=ADA))
    await stage.opens()
    await stage.ada.presses("Yes, I would like to")
    await stage.ben.presses("Ja, gern")
    await stage.ben.writes("buchen donnerstag 15 Uhr in der Bibliothek")
    assert stage.ben.sees("15:00 bis 16:00 Uhr")
    await stage.ben.presses("Abschicken")
    assert current(stage).offer.event.place == "library"


async def test_a_sketch_whose_words_are_forgotten_is_none(stage: Stage) -> None:
    """Its author was erased, or the pair ended long ago: nobody is held up by it."""
    ben = stage.ben
    await on_their_way(stage)
    await ben.writes("book next thursday at 3pm")
    no = stage.pair.fold(Sketches).live[ben.me.id].no
    await stage.store.work(stage.start.id, lambda work: work.forget((no,)))
    await ben.asks("status")
    assert not any(item.thread == "sketch" for item in facilitator.schedule(stage.pair, ben.me))
