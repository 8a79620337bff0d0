"""What is said to whom and when, where two people do less than they were asked (domain.md 9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.calendar import occasions as calendar
from bot.flows import closing, leaving, meeting
from tests.stage import Stage
from tests.test_journey import agree_on_a_purpose, book, both_say_yes, draft, sign_a_charter
from tests.test_learning import home
from tests.test_term import begin, half_a_year, meet

if TYPE_CHECKING:
    from tests.stage import Actor


class Ear:
    """Everything that arrives in somebody's chat from now on: when, and its title."""

    def __init__(self, actor: Actor) -> None:
        self.actor, self.stage = actor, actor.stage
        self.heard: list[tuple[datetime, str]] = []
        self.count = self._arrived()

    def _arrived(self) -> int:
        return len(self.stage.paper.chats.get(self.actor.account, ()))

    async def until(self, moment: datetime) -> list[tuple[str, str]]:
        """Let time pass; return the days on which something arrived, and what it was called."""
        stage = self.stage
        self._note()
        while (wake := stage.store.wake_at(stage.start.id)) and wake <= moment:
            await stage.until(wake)
            self._note()
        await stage.until(moment)
        return [(f"{at:%a %d %b}", title) for at, title in self.heard]

    async def days(self, count: float) -> list[tuple[str, str]]:
        return await self.until(self.stage.now + timedelta(days=count))

    def _note(self) -> None:
        arrived = self._arrived()
        if arrived > self.count:
            self.heard.append((self.stage.now, self.actor.card.title))
            self.count = arrived


async def settled(stage: Stage) -> None:
    """A pair that agreed on all there is to agree on, on its first day."""
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)


def monday(hour: int = 9, minute: int = 30, *, days: int = 0) -> datetime:
    """Return a moment counted from Monday, 2 November 2026, on which all of this begins (UTC)."""
    return datetime(2026, 11, 2, hour, minute, tzinfo=UTC) + timedelta(days=days)


INVITE = "Invite Ada: when, and where?"


async def test_what_the_other_waits_for_does_not_silence_the_booking() -> None:
    """F-1, 9.1: an answer that Ben owes comes first, but not instead of N-10."""
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    await ada.presses("Set a goal")
    await ada.fills(goal="G-8", target="three")
    heard = [title for _, title in await Ear(ben).days(45)]
    assert heard.count(INVITE) == 3
    assert heard.count("A goal of Ada's") == 1


async def test_a_form_left_in_the_middle_of_a_chat_does_not_silence_the_clock() -> None:
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    await book(stage, "Book our first meeting")
    await ben.writes("propose a topic")
    heard = [title for _, title in await Ear(ben).days(35)]
    assert {"Ready for Ada?", "Did you two meet?", "The month is nearly over"} <= set(heard)
    assert await ada.asks("leave")


async def test_nothing_is_said_into_a_form_that_is_being_answered() -> None:
    """He is asked about his goals on Monday at ten; at a quarter to he began to name a topic."""
    stage = Stage()
    _, ben = stage.actors()
    await settled(stage)
    ear = Ear(ben)
    await ear.until(monday(8, 45, days=1))
    await ben.writes("propose a topic")
    seen = ben.card.title
    assert await ear.until(monday(9, 40, days=1)) == []
    assert ben.card.title == seen
    assert await ear.until(monday(9, 50, days=1)) == [("Tue 03 Nov", INVITE)]


async def left_and_asked(stage: Stage) -> None:
    ada, _ = stage.actors()
    await settled(stage)
    await book(stage, "Book our first meeting")
    await ada.asks("leave")
    await ada.presses("Stop here")
    await stage.days(63)
    await stage.at_work()
    assert ada.sees("any fallout?")


async def test_who_says_that_something_came_back_at_them_is_shown_whom_to_ask() -> None:
    """N-27, domain.md 8: the help stands on the card at once, and a letter can be written."""
    stage = Stage()
    ada, _ = stage.actors()
    await left_and_asked(stage)
    await ada.presses("Yes")
    assert ada.sees("Noor: noor@example.org")
    assert ada.sees("Employee assistance, day and night")
    await ada.asks("contact")
    await ada.presses("Write to one from here")
    await ada.presses("Write")
    await ada.fills(words="It came back at me.", sure="yes")
    assert "It came back at me." in str(stage.paper.chats[stage.noor][-1].card.body)


async def test_what_is_over_is_said_to_be_over() -> None:
    stage = Stage()
    ada, ben = stage.actors()
    await left_and_asked(stage)
    for command in ("topics", "book", "repair"):
        assert "finished here" in (await ben.asks(command)).notice
    await stage.days(120)
    assert "finished here" in (await ada.asks("contact")).notice


async def test_leaving_is_told_in_a_pause_as_well() -> None:
    """INV-10: on the morning that was named to her."""
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    await ada.asks("pause")
    await ada.presses("Pause for some weeks")
    await ada.fills(weeks="6")
    ear = Ear(ben)
    await ear.until(monday(days=4))
    await ada.asks("leave")
    await ada.presses("Stop here")
    assert ada.sees("Monday 9 November")
    heard = await ear.days(14)
    assert [day for day, _ in heard if day == "Mon 09 Nov"]
    await ben.presses("Close well")
    assert ben.sheet
    asked = [question.name for page in ben.sheet.pages for question in page.questions]
    assert asked == ["thanks"]  # the short version (10.5)


async def test_a_late_date_that_is_called_off_is_told_as_such() -> None:
    """N-12m counts from when the date was called off; the other reads at once that it is off."""
    stage = Stage()
    ada, ben = stage.actors()
    await begin(stage)
    await meet(stage, "Book our first meeting")
    await book(stage, "Book our next meeting")
    coming = meeting.diary(stage.pair).current.moment
    assert coming
    await stage.until(coming.at - timedelta(days=1, hours=3))
    await stage.at_work()
    ear = Ear(ada)
    await ben.presses("I cannot make it")
    heard = await ear.days(2)
    assert heard
    assert not [title for _, title in heard if title == "No date yet"]
    assert "The date you had is off" in home(ada) or ada.sees("The date you had is off")


async def test_not_this_month_keeps_the_next_one_quiet_for_a_month() -> None:
    stage = Stage()
    ada, _ = stage.actors()
    await settled(stage)
    await stage.ben.presses("Book our first meeting")
    await stage.ben.fills()
    await ada.presses("Not this month")
    ear = Ear(ada)
    assert not [t for _, t in await ear.days(40) if t == "No date yet"]
    assert [day for day, t in await ear.days(30) if t == "No date yet"] == ["Tue 29 Dec"]


@pytest.mark.parametrize("said", ["stays", "off"])
async def test_a_meeting_outside_the_bot_leaves_the_booked_date_unless_it_is_said_to_be_off(
    said: str,
) -> None:
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    await book(stage, "Book our first meeting")
    booked = meeting.diary(stage.pair).current.moment
    assert booked
    await ben.asks("met")
    await ben.presses("We have met")
    await ben.fills(day="yesterday", date=said)
    pages = meeting.diary(stage.pair)
    kept = calendar.next_one(stage.pair, stage.now)
    assert pages.held == 1
    if said == "off":
        assert kept is None
        return
    assert kept
    assert kept.start == booked.at
    assert pages.current.moment == booked
    await stage.days(1.2)
    await ada.presses("We met")
    await stage.until(booked.at + timedelta(days=1))
    await stage.at_work()
    await ada.presses("We met")
    numbers = {m.no for m in meeting.past(stage.pair)}
    assert meeting.diary(stage.pair).held == 2
    assert meeting.diary(stage.pair).current.no not in numbers


async def test_after_a_meeting_that_fell_through_a_date_is_asked_for_in_growing_gaps() -> None:
    """N-13: two and five working days after it was known, not after the date was agreed."""
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    await ben.presses("Book our first meeting")
    day = monday(14, 0, days=18)
    await ben.fills(first=f"{day:%Y-%m-%dT%H:%M}", second="", third="")
    await ada.presses(ada.card.buttons[0].label)
    await stage.until(day + timedelta(days=4))
    await stage.at_work()
    for actor in stage.actors():
        await actor.presses("It did not happen")
    assert ben.sees("The last date did not work out")
    assert await Ear(ben).days(30) == [
        ("Thu 26 Nov", "A new date with Ada"),
        ("Tue 01 Dec", "A new date with Ada"),
    ]


async def test_what_was_put_off_comes_back_on_the_day_that_was_asked_for() -> None:
    """9.1, snooze: also after the last reminder."""
    stage = Stage()
    _, ben = stage.actors()
    await settled(stage)
    ear = Ear(ben)
    await ear.until(monday(days=10))
    assert ben.card.title == INVITE
    await ben.presses("Not now…")
    await ben.fills(days="monday")
    ear.heard.clear()
    again = [day for day, title in await ear.days(60) if title == INVITE]
    assert again == ["Mon 16 Nov"]


async def test_a_pause_takes_no_reminder_away() -> None:
    """They met on 5 November; four weeks of pause later the month begins where it stopped."""
    stage = Stage()
    _, ben = stage.actors()
    await begin(stage)
    await meet(stage, "Book our first meeting")
    over = meeting.diary(stage.pair).met[0].at
    await stage.until(over + timedelta(days=7))
    await stage.at_work()
    await ben.asks("pause")
    await ben.presses("Pause for some weeks")
    await ben.fills(weeks="4")
    resumes, ear = leaving.paused(stage.pair, stage.now), Ear(ben)
    assert resumes
    heard = await ear.until(resumes + timedelta(days=30))
    assert [day for day, title in heard if title == "Your next meeting with Ada"] == [
        "Mon 14 Dec",
        "Thu 24 Dec",
    ]
    assert [day for day, title in heard if title == "The month is nearly over"] == ["Tue 29 Dec"]


async def test_the_senior_is_asked_to_book_the_meeting_to_look_back() -> None:
    """N-24 to the reverse-mentee alone, and nothing is decided before it was held (10.1)."""
    stage = Stage()
    ada, ben = stage.actors()
    await half_a_year(stage)
    term = leaving.term(stage.pair)
    assert term
    invite = "Invite Ada to look back"
    mentor, ear = Ear(ada), Ear(ben)
    heard = [title for _, title in await ear.until(term[1] - timedelta(days=12))]
    assert invite in heard
    assert invite not in [title for _, title in mentor.heard]
    await stage.at_work()
    await ben.presses("Book it")
    await ben.presses("Book our next meeting")
    day = (term[1] - timedelta(days=5)).replace(hour=14, minute=0, tzinfo=None)
    await ben.fills(first=f"{day:%Y-%m-%dT%H:%M}", second="", third="")
    await ada.presses(ada.card.buttons[0].label)
    for actor in stage.actors():
        await actor.presses("Give my view")
        await actor.fills()
    assert closing.DECIDE not in [item.prompt for item in ben.reader.items]
    coming = meeting.diary(stage.pair).current.moment
    assert coming
    await stage.until(coming.at - timedelta(hours=2))
    assert "did we do what we met for?" in (await ben.presses("Tell me more")).notice
    await stage.until(coming.at + timedelta(hours=3))
    assert closing.DECIDE in [item.prompt for item in ben.reader.items]


async def test_who_had_seen_the_card_of_a_date_that_moved_gets_that_of_the_new_one() -> None:
    """N-17."""
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    await book(stage, "Book our first meeting")
    coming = meeting.diary(stage.pair).current.moment
    assert coming
    await stage.until(coming.at - timedelta(hours=3))
    await ada.presses("I am ready")
    await ben.presses("Move it")
    await ben.fills()
    await ada.presses(ada.card.buttons[0].label)
    again = meeting.diary(stage.pair).current.moment
    assert again
    heard = await Ear(ada).until(again.at - timedelta(hours=2))
    assert "Ready for Ben?" in [title for _, title in heard]


async def test_nobody_reads_the_same_twice_within_the_hour() -> None:
    """A reminder whose time lay before the thing came up is none."""
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    await ben.presses("Book our first meeting")
    day = monday(14, 0, days=10)
    await ben.fills(first=f"{day:%Y-%m-%dT%H:%M}", second="", third="")
    await stage.until(monday(9, 0, days=3))
    await ada.presses(ada.card.buttons[0].label)
    ear = Ear(ben)
    assert [line for line in await ear.days(0.5) if "understand better" in line[1]] == []


async def test_a_reminder_that_lies_before_the_thing_itself_is_as_good_as_given() -> None:
    """N-06 on the seventh and ninth day: who begins on the fourteenth is past them."""
    stage = Stage()
    ada, _ = stage.actors()
    await both_say_yes(stage)
    await stage.days(14)
    await stage.at_work()
    await draft(ada, why="heard", focus="both", aim="hear", effect="speak_up")
    ear = Ear(ada)
    assert [title for _, title in await ear.days(2) if title.startswith("Pick one thing")] == []


async def test_an_invitation_whose_last_time_has_passed_lapses_and_says_so() -> None:
    """9.1, drop rule: nobody is reminded of a time that is gone."""
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    await ben.presses("Book our first meeting")
    day = monday(10, 0, days=4)
    await ben.fills(first=f"{day:%Y-%m-%dT%H:%M}", second="", third="")
    mentor, ear = Ear(ada), Ear(ben)
    heard = await ear.days(24)
    assert heard[0] == ("Fri 06 Nov", "A new date with Ada")
    assert ben.sees("Your invitation has lapsed")
    assert [title for _, title in heard].count("A new date with Ada") == 3
    assert not [title for _, title in mentor.heard if "invites you" in title]


async def test_a_meeting_of_long_ago_is_asked_about_from_when_it_was_told() -> None:
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    await stage.days(14)
    await stage.at_work()
    await ben.asks("met")
    await ben.presses("We have met")
    await ben.fills(day="earlier")
    await stage.days(1.2)
    assert ada.sees("Ben says you two met")


async def test_a_mirror_does_not_promise_a_pause_that_is_used_up() -> None:
    stage = Stage()
    ada, ben = stage.actors()
    await settled(stage)
    for _ in range(2):
        await ada.asks("pause")
        await ada.presses("Pause for some weeks")
        await ada.fills(weeks="1")
        await ada.presses("Go on now")
    await book(stage, "Book our first meeting")
    await ben.presses("I cannot make it")
    await book(stage, "Offer new times")
    await ben.presses("I cannot make it")
    assert "no pause to take" in (await ben.presses("Pause for some weeks")).notice
    assert ben.sees("Two meetings in a row have moved")
