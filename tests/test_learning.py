"""What they take away: try-outs, preparation, the game, the trail; and what stays theirs alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot import cards, facilitator, hours
from bot.flows import leaving, meeting, myth, roles, safety, topic
from bot.inputs import Submitted
from bot.journal import PersonId
from bot.people import Contact
from bot.retention import Forgot
from tests.stage import BOOK
from tests.test_journey import agree_on_a_purpose, book, both_say_yes, draft, sign_a_charter
from tests.test_term import begin, meet

if TYPE_CHECKING:
    from tests.stage import Actor, Stage


def home(actor: Actor) -> str:
    """Return all that can be read in someone's Home."""
    view = cards.home(actor.reader)
    rows = [row for _, rows in view.sections for row in rows]
    bodies = ["\n".join(line.text for line in row.card.body) for row in rows]
    return "\n".join([*(row.line for row in rows), *bodies])


async def till_the_card(stage: Stage) -> None:
    coming = meeting.diary(stage.pair).current
    assert coming.moment
    await stage.until(coming.moment.at - timedelta(days=2))
    await stage.at_work()


@pytest.mark.transcript("together")
async def test_you_said_i_did(stage: Stage) -> None:
    """ME-5: what the senior tries is asked about, told, and stands on the next card."""
    ada, ben = stage.actors()
    await begin(stage)
    await meet(stage, "Book our first meeting")
    assert "Ask before I answer" in home(ada)
    await stage.days(16)
    await stage.at_work()
    await ben.presses("Partly")
    assert "Ask before I answer (partly)" in home(ada)
    await book(stage, "Book our next meeting")
    await till_the_card(stage)
    await ben.presses("Prepare")
    await ben.fills(
        tried="done",
        nervous="What do they say when I have left the room?",
        first="I do not know either",
    )
    await ada.presses("Prepare")
    await ada.fills(scene="The form that nobody reads", kinds=("scene", "decide"))
    assert "nervous" not in home(ada)
    assert "nobody reads" not in home(ben)
    assert "Ask before I answer (done)" in home(ada)


@pytest.mark.transcript("together")
async def test_they_met_without_booking_it_here(stage: Stage) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    await stage.days(3)
    await stage.at_work()
    await ben.presses("We have met already")
    await ben.presses("We have met")
    await ben.fills(day="yesterday")
    assert meeting.diary(stage.pair).held == 1
    await stage.days(1.2)
    assert ada.sees("Ben says you two met")
    await ada.presses("We met")
    assert ada.sees("Two minutes")
    assert meeting.diary(stage.pair).current.no == 2


@pytest.mark.transcript("together")
async def test_myth_or_mine_opens_only_when_both_would_show(stage: Stage) -> None:
    """GEN-1 to GEN-10: six claims, tapped in private; nobody is asked for an age."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await ada.asks("myth")
    await ada.presses("Play")
    await ada.fills(effort="not_me", skilled="depends")
    await ada.presses("Show them")
    assert "not me" not in home(ben)
    await ben.presses("Play")
    await ben.fills(effort="me")
    assert "fits me" not in home(ada)
    await ben.presses("Show them")
    assert "You: fits me" in "".join(
        cards.card_of(ben.reader, i).title + cards.notice(ben.reader, cards.Notice("more", i))
        for i in ben.reader.items
        if i.thread == "myth"
    )
    assert ada.sees("both open") or "both have opened" in home(ada)
    await stage.days(31)
    assert "both have opened" not in home(ada)
    kept = [e.event for e in stage.pair.journal if isinstance(e.event, myth.Tapped | myth.Shown)]
    assert not any(getattr(event, "effort", "") for event in kept)


@pytest.mark.transcript("changing_ones_mind")
async def test_the_roles_were_the_wrong_way_round(stage: Stage) -> None:
    """Ben is the junior after all: both say so, change places, and begin their purpose anew."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await draft(ada, why="heard", focus="both", aim="hear", effect="speak_up")
    await ben.asks("roles")
    await ben.presses("It is the wrong way round")
    assert ada.sees("The other way round?")
    await ada.presses("Yes, change places")
    pair = stage.pair
    assert pair.reverse_mentor == ben.me
    assert pair.reverse_mentee == ada.me
    assert "Ben teaches" in ada.last.notice
    for actor in stage.actors():
        assert "Start my draft" in actor.labels() or "Start my draft" in str(
            cards.home(actor.reader)
        )
    await draft(ada, why="curious", focus="life", aim="decide", effect="decisions")
    await draft(ben, why="heard", focus="both", aim="hear", effect="speak_up")
    await ben.presses("Take mine")
    await ada.presses("Sign it")
    assert not [i for i in ada.reader.items if i.prompt is roles.REPLY]


@pytest.mark.transcript("silence")
async def test_the_senior_cancels_twice_and_looks_into_a_private_mirror(stage: Stage) -> None:
    """N-14: two in a row. Only the senior sees it, nobody is blamed, and shorter is fine."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    await book(stage, "Book our first meeting")
    await ben.presses("I cannot make it")
    before = home(ada)
    await book(stage, "Offer new times")
    await ben.presses("I cannot make it")
    assert ben.sees("Two meetings in a row have moved")
    assert home(ada) == before
    await ben.presses("Half an hour")
    await ben.presses("Offer new times")
    assert ben.sheet
    asked = [q for page in ben.sheet.pages for q in page.questions if q.name == "length"]
    assert asked[0].value == ("30",)
    await ben.fills()
    await ada.presses(ada.card.buttons[0].label)
    assert meeting.diary(stage.pair).current.length == timedelta(minutes=30)


@pytest.mark.transcript("hard_moments")
async def test_somebody_writes_to_the_named_contact_and_nobody_else_learns_of_it(
    stage: Stage,
) -> None:
    """PX: composed, looked over, sent on purpose, and delivered as a card of the contact's own."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    seen = home(ben), len(stage.paper.chats[ben.account])
    await ada.asks("contact")
    await ada.presses("Write to one from here")
    await ada.presses("Write")
    await ada.fills(words="Something felt wrong. May we talk?")
    assert stage.noor not in stage.paper.chats
    assert ada.sheet
    await ada.fills(sure="yes")
    letter = stage.paper.live(stage.noor)
    assert letter
    assert "Something felt wrong" in letter.body[2].text
    assert "felt" not in letter.preview
    assert not letter.buttons
    assert (home(ben), len(stage.paper.chats[ben.account])) == seen
    assert "felt wrong" not in repr(stage.pair.journal)


async def test_a_letter_waits_for_the_contacts_own_hours(stage: Stage) -> None:
    ada = stage.ada
    await both_say_yes(stage)
    stage.now = stage.now.replace(hour=21)
    await ada.asks("contact")
    await ada.presses("Write to one from here")
    await ada.presses("Write")
    await ada.fills(words="May we talk?", sure="yes")
    assert stage.noor not in stage.paper.chats
    await stage.days(1)
    assert len(stage.paper.chats[stage.noor]) == 1


async def test_letters_of_two_on_one_evening_both_arrive(stage: Stage) -> None:
    """What was said to be sent is not pushed aside by what the other writes."""
    await both_say_yes(stage)
    stage.now = stage.now.replace(hour=21)
    for actor, words in ((stage.ada, "I do not feel safe."), (stage.ben, "How do I book?")):
        await actor.asks("contact")
        await actor.presses("Write to one from here")
        await actor.presses("Write")
        await actor.fills(words=words, sure="yes")
    await stage.days(1)
    (arrived,) = (message.card for message in stage.paper.chats[stage.noor])
    assert "I do not feel safe." in str(arrived.body)
    assert "How do I book?" in str(arrived.body)
    await stage.ada.presses("Write")
    await stage.ada.fills(words="Thank you for calling.", sure="yes")
    await stage.days(1)
    last = stage.paper.chats[stage.noor][-1].card
    assert [line.text for line in last.body if line.kind == "words"] == ["Thank you for calling."]


async def test_a_letter_goes_to_whom_its_form_named_however_the_list_changes(stage: Stage) -> None:
    """The coordinator sets another contact first while the form stands open."""
    ada = stage.ada
    await both_say_yes(stage)
    await ada.asks("contact")
    await ada.presses("Write to one from here")
    await ada.presses("Write")
    assert ada.sheet
    answers = {"words": ("This is for Noor.",), "sure": ("yes",)}
    written = Submitted(ada.sheet.item, answers)
    other = Contact("Olu", "olu@example.org", person=PersonId("olu"))
    programme = stage.pair.programme
    for contacts in ((other, *programme.contacts), (other,)):
        set_anew = replace(stage.pair.blank(), programme=replace(programme, contacts=contacts))
        pair = set_anew.with_entries(stage.pair.journal)
        decision = facilitator.handle(pair, ada.me, written, stage.now)
        assert [getattr(event, "to", "") for event in decision.events] == ["noor"][
            : len(contacts) - 1
        ]


async def test_where_there_are_no_notes_yet_nothing_is_written_down(stage: Stage) -> None:
    await both_say_yes(stage)
    before = stage.pair.journal
    await stage.ben.asks("data")
    await stage.ben.presses("Show me")
    await stage.ben.fills(what="notes")
    assert not any(isinstance(e.event, Forgot) for e in stage.pair.journal[len(before) :])


@pytest.mark.transcript("wandering_off")
async def test_somebody_reads_what_is_kept_of_them_and_has_their_notes_forgotten(
    stage: Stage,
) -> None:
    ada, ben = stage.actors()
    await begin(stage)
    await meet(stage, "Book our first meeting")
    await ben.asks("data")
    await ben.presses("Show me")
    assert ben.sheet
    told = "\n".join(line.text for line in ben.sheet.reading)
    assert "Ask before I answer" in told
    assert "curious" in told
    assert "Ask before I answer" not in "\n".join(line.text for line in ben.card.body)
    await ben.fills(what="notes")
    assert sum(isinstance(e.event, Forgot) for e in stage.pair.journal) == 1
    await ben.presses("Show me")
    told = "\n".join(line.text for line in ben.sheet.reading)
    assert "curious" not in told
    assert "Ask before I answer" in home(ada)


@pytest.mark.transcript("hard_moments")
async def test_after_a_meeting_that_was_not_safe_there_is_a_word_before_the_next(
    stage: Stage,
) -> None:
    ada, ben = stage.actors()
    await begin(stage)
    await book(stage, "Book our first meeting")
    first = meeting.diary(stage.pair).current.moment
    assert first
    await stage.until(first.at + timedelta(days=2))
    await stage.at_work()
    for actor in stage.actors():
        await actor.presses("We met")
    await ben.presses("Not this time")
    await ada.presses("Write it down")
    await ada.fills(safe="2", worried="yes")
    await ada.presses("Keep it to myself")
    await stage.days(1)
    await book(stage, "Book our next meeting")
    await ben.presses("Propose a topic")
    await ben.fills()
    await ada.presses("Good, this one")
    await till_the_card(stage)
    assert ada.sees("Do you still want to go?")
    assert "private word" not in home(ben)
    await ada.presses("A lighter topic")
    assert topic.agreed(stage.pair) is None
    assert ben.sees("something lighter")


async def test_leaving_is_not_lost_when_the_two_change_places(stage: Stage) -> None:
    """Somebody said stop; what happens before it is told must not undo it."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await ada.presses("Stop here")
    await ben.asks("roles")
    await ben.presses("It is the wrong way round")
    await ada.asks("roles")
    await ada.presses("Yes, change places")
    assert leaving.ends(stage.pair)
    await stage.days(3)
    assert ben.sees("This pair has ended")


async def test_what_the_junior_passes_over_leaves_no_trace(stage: Stage) -> None:
    """The list is as long as ever, another handful each time, and never holds what was left out."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    plain = topic.offered(stage.pair, ben.me)
    screen = home(ben)
    await ada.presses("Choose what to leave out")
    await ada.fills(topics=plain[:3])
    assert home(ben) == screen
    left = topic.offered(stage.pair, ben.me)
    assert len(left) == len(plain) == topic.SHOWN
    assert not set(left) & set(plain[:3])
    draws = set()
    for _ in range(4):
        await ben.presses("Propose a topic" if not draws else "Propose another")
        draws.add(ben.offered("topic"))
        await ben.fills()
        await ada.presses("Something else, please")
    assert len(draws) == 4
    assert not any(set(plain[:3]) & set(draw) for draw in draws)


async def test_a_month_without_a_date_tells_the_junior_there_is_nothing_to_do(stage: Stage) -> None:
    """N-12m: informed once, twenty-five days after the last meeting, and never asked to chase."""
    ada, _ = stage.actors()
    await begin(stage)
    await meet(stage, "Book our first meeting")
    last = meeting.diary(stage.pair).last
    assert last
    assert last.over
    await stage.until(last.over + timedelta(days=24))
    assert not ada.sees("No date yet")
    await stage.until(last.over + timedelta(days=28))
    await stage.at_work()
    assert ada.sees("No date yet")
    assert hours.may_write(stage.pair.programme, ada.me, stage.now)
    assert BOOK


async def test_what_is_offered_goes_from_light_to_personal_and_by_ones_focus(
    stage: Stage,
) -> None:
    """FOC-1, and the arc of domain.md 5.4: three by the arc, three by the focus, and others."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    first = topic.offered(stage.pair, ben.me)
    assert {t.partition("-")[0] for t in first[:3]} <= set(topic.ARC[0])
    needed = {"why": "asked", "aim": "hear", "effect": "change"}
    await draft(ben, focus="technology", **needed)
    groups = [t.partition("-")[0] for t in topic.offered(stage.pair, ben.me)]
    assert set(groups[3:6]) <= {"TU", "JL"}
    await draft(ada, focus="life", **needed)
    await ada.presses("Take mine")
    await ben.presses("Sign it")
    await sign_a_charter(stage)
    await meet(stage, "Book our first meeting")
    second = topic.offered(stage.pair, ben.me)
    assert {t.partition("-")[0] for t in second[:3]} <= set(topic.ARC[1])
    assert not set(second) & set(stage.pair.fold(topic.Talk).used)


async def test_a_reflection_can_be_changed_for_as_long_as_it_can_be_written(stage: Stage) -> None:
    """And the pulse with it: one that was changed counts once."""
    ada, _ = stage.actors()
    await begin(stage)
    await book(stage, "Book our first meeting")
    first = meeting.diary(stage.pair).current.moment
    assert first
    await stage.until(first.at + timedelta(days=2))
    await stage.at_work()
    await ada.presses("We met")
    await ada.presses("Write it down")
    await ada.fills(gut="stiff", safe="1", worried="yes")
    assert stage.pair.fold(safety.Pulse).worries == 1
    await ada.presses("Change it")
    assert ada.sheet
    kept = {q.name: q.value for page in ada.sheet.pages for q in page.questions}
    assert kept["gut"] == ("stiff",)
    await ada.fills(safe="4", worried="no")
    pulse = stage.pair.fold(safety.Pulse)
    assert (pulse.lows, pulse.worries) == (0, 0)
    assert not ada.sees("A private word")
    await stage.days(9)
    assert not labels(ada)


def labels(actor: Actor) -> list[str]:
    rows = [row for _, rows in cards.home(actor.reader).sections for row in rows]
    found = [(row.card.thread, b.label) for row in rows for b in row.card.buttons]
    return [label for thread, label in found if thread.startswith("reflection")]


async def test_a_goal_one_keeps_is_named_in_no_chat_and_read_in_full_under_my_data(
    stage: Stage,
) -> None:
    """What the card promises: it stands in a form that only its author opens."""
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    ben = stage.ben
    await ben.presses("Set a goal")
    await ben.fills(goal="own", goal_own="canary goal", target="three", keep="keep")
    assert "canary" not in home(ben)
    await ben.asks("data")
    await ben.presses("Show me")
    assert ben.sheet
    assert "canary goal" in [line.text for line in ben.sheet.reading]
