"""What people do: stories of two, told by the buttons they press and the words they type."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.etiquette import Manners
from bot.flows import charter, meeting, purpose, topic, welcome
from bot.inputs import Pressed, Submitted
from tests.test_journey import (
    agree_on_a_purpose,
    book,
    both_say_yes,
    draft,
    sign_a_charter,
)

if TYPE_CHECKING:
    from tests.stage import Stage


@pytest.mark.transcript("leaving")
async def test_the_junior_says_no_and_the_senior_is_never_asked(stage: Stage) -> None:
    await stage.opens()
    await stage.ada.presses("No, thank you")
    await stage.days(20)
    assert stage.pair.fold(welcome.Welcome).declined
    assert stage.ada.sees("nobody is told")
    assert not stage.paper.chats.get(stage.ben.account)


@pytest.mark.transcript("leaving")
async def test_the_senior_says_no_and_nobody_is_told_who(stage: Stage) -> None:
    await stage.opens()
    await stage.ada.presses("Yes, I would like to")
    await stage.ben.presses("No, thank you")
    assert stage.ada.sees("This match was not confirmed")
    assert "Ben" not in "".join(line.text for line in stage.ada.card.body)


@pytest.mark.transcript("changing_ones_mind")
async def test_three_rounds_without_agreement_become_a_working_purpose(stage: Stage) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await draft(ada, why="heard", focus="both", aim="hear", effect="speak_up")
    await draft(ben, why="curious", focus="life", aim="decide", effect="decisions")
    await ada.presses("Take mine")
    for n in range(5):
        actor = (ben, ada)[n % 2]
        await actor.presses("Change a word")
        await actor.fills(text=f"Wording number {n + 2}")
    assert purpose.agreed(stage.pair) is None
    assert "working text" in ada.card.lead[0]
    await ada.presses("Sign it as it is")
    agreed = purpose.agreed(stage.pair)
    assert agreed
    assert agreed.by == ben.me.id


@pytest.mark.transcript("changing_ones_mind")
async def test_a_signed_charter_is_reopened_and_stays_in_force_until_both_sign(
    stage: Stage,
) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    before = charter.agreed(stage.pair)
    await ben.presses("Change our charter")
    reply = await ben.fills(rhythm="weeks3", travels="named", addition="We walk when it is dry.")
    assert "stricter" in reply.notice
    assert charter.agreed(stage.pair) == before
    assert ada.sees("stays in force")
    await ada.presses("Sign it")
    after = charter.agreed(stage.pair)
    assert after
    assert getattr(after.event, "rhythm", "") == "weeks3"
    assert getattr(after.event, "travels", "") == "nothing"


@pytest.mark.transcript("changing_ones_mind")
async def test_a_topic_is_passed_swapped_and_agreed(stage: Stage) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    await ben.presses("Propose a topic")
    first, spare = ben.offered("topic")[:2]
    await ben.fills(topic=first, spare=spare, question="What do I never hear?")
    await ada.presses("Lighter this time")
    assert ben.sees("something lighter")
    await ben.presses("Propose another")
    await ben.fills()
    await ada.presses("Rather the spare")
    agreed = topic.agreed(stage.pair)
    assert agreed
    assert getattr(agreed[1].event, "which", "") == "spare"


@pytest.mark.transcript("silence")
async def test_the_senior_lets_the_month_go_by_and_only_the_senior_is_asked(stage: Stage) -> None:
    """N-10 to N-12: the reverse-mentor is never asked to chase (INV-4)."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    await book(stage, "Book our first meeting")
    first = meeting.diary(stage.pair).current
    assert first.moment
    await stage.until(first.moment.at - timedelta(minutes=30))
    for actor in stage.actors():
        await actor.presses("I am ready")
    await stage.days(1)
    for actor in stage.actors():
        await actor.presses("We met")
        await actor.presses("Not this time")
    seen = len(stage.paper.chats[ada.account])
    await stage.days(40)
    later = [m.card for m in stage.paper.chats[ada.account][seen:]]
    about = [card.title for card in later if card.thread.startswith("meeting")]
    assert about == ["No date yet"], "told once, and that there is nothing to do (N-12m)"
    assert ben.sees("The month is nearly over")


@pytest.mark.transcript("silence")
async def test_an_invitation_nobody_answers_lapses_and_can_be_offered_again(stage: Stage) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    await ben.presses("Book our first meeting")
    await ben.fills()
    old = ada.card.buttons[0]
    await stage.days(9)
    reply = await ada.does(Pressed(old.item, old.action))
    assert "moved on" in reply.notice
    assert meeting.diary(stage.pair).current.taken is None
    assert ben.sees("Your invitation has lapsed")
    await ben.presses("Offer new times")
    await ben.fills()
    await ada.presses(ada.card.buttons[0].label)
    assert meeting.diary(stage.pair).current.moment


@pytest.mark.transcript("wandering_off")
async def test_private_words_typed_into_the_chat_are_not_kept(stage: Stage) -> None:
    """INV-8, F1: the bot says why, and offers the form."""
    ada, _ = stage.actors()
    await both_say_yes(stage)
    entries = len(stage.pair.journal)
    reply = await ada.writes("I do this because nobody listens to me")
    assert "I keep nothing of what you typed" in reply.notice
    assert len(stage.pair.journal) == entries
    reply = await ada.writes("Start my draft")
    assert "only you can see" in reply.notice
    assert not stage.pair.fold(Manners).drafts
    await ada.presses("Start my draft")
    await ada.fills(why="heard", focus="both", aim="hear", effect="change")


@pytest.mark.transcript("wandering_off")
async def test_a_meeting_is_booked_by_typing_only(stage: Stage) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await ben.writes("book")
    await ben.writes("2026-11-12 16:00 in the park")
    await ben.writes("send it")
    assert meeting.diary(stage.pair).current.offer
    await ada.writes("Thursday 12 November, 15:00")
    booked = meeting.diary(stage.pair).current
    assert booked.moment
    assert booked.moment.wall.hour == 16


@pytest.mark.transcript("wandering_off")
async def test_help_status_not_now_and_a_word_nobody_understands(stage: Stage) -> None:
    ada, _ = stage.actors()
    await both_say_yes(stage)
    await ada.writes("hello")
    await ada.writes("what is the weather")
    await ada.presses("Not now…")
    await ada.fills(days="three_days")
    assert ada.sees("three short pages")
    await ada.writes("purpose")
    assert ada.sees("What is this for")
    await ada.writes("status")
    await stage.days(4)


@pytest.mark.transcript("two_at_once")
async def test_both_press_sign_on_versions_that_cross(stage: Stage) -> None:
    """INV-6: Ben signs what he saw; had Ada changed it meanwhile, his press signs nothing."""
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await draft(ada, why="heard", focus="both", aim="hear", effect="speak_up")
    await draft(ben, why="curious", focus="life", aim="decide", effect="decisions")
    await ada.presses("Take mine")
    sign = next(b for b in ben.card.buttons if b.action == "sign")
    await ada.presses("Change a word")
    await ada.fills(text="We meet so that Ben hears more.")
    reply = await ben.does(Pressed(sign.item, sign.action))
    assert "moved on" in reply.notice
    assert purpose.agreed(stage.pair) is None
    await ben.presses("Sign it")
    assert purpose.agreed(stage.pair)


@pytest.mark.transcript("two_at_once")
async def test_a_form_that_moved_on_keeps_what_was_written(stage: Stage) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await draft(ada, why="heard", focus="both", aim="hear", effect="speak_up")
    await draft(ben, why="curious", focus="life", aim="decide", effect="decisions")
    await ada.presses("Take mine")
    await ben.presses("Change a word")
    assert ben.sheet
    old = ben.sheet.item
    await ada.presses("Change a word")
    await ada.fills(text="Something newer")
    reply = await ben.does(Submitted(old, {"text": ("My careful words",)}))
    assert reply.sheet
    assert reply.sheet.item != old
    assert reply.sheet.pages[0].questions[0].value == ("My careful words",)
    await ben.fills()
    latest = stage.pair.fold(purpose.Purpose).talk.latest
    assert latest
    assert getattr(latest.event, "text", "") == "My careful words"


@pytest.mark.transcript("two_at_once")
async def test_the_senior_moves_a_meeting_while_the_junior_reads_the_card(stage: Stage) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await book(stage, "Book our first meeting")
    first = meeting.diary(stage.pair).current
    assert first.moment
    await ben.presses("Move it")
    await ben.fills(place="office")
    assert ben.sheet
    fault = next(q for p in ben.sheet.pages for q in p.questions if q.fault)
    assert "your own office" in fault.fault
    await ben.fills(place="library", where="City library")
    assert meeting.diary(stage.pair).current.moment is None
    assert ada.sees("Ben invites you")
    await ada.presses("Another place")
    assert ben.sees("Another place, please")
    await ben.presses("Offer again")
    await ben.fills(place="walk")
    await ada.presses("Not this month")
    assert "not to meet this month" not in ben.card.title


@pytest.mark.transcript("wandering_off")
async def test_releasing_signing_passing_and_topics_can_all_be_typed(stage: Stage) -> None:
    """All but the private answers themselves, which are forms only."""
    ada, ben = stage.actors()
    await stage.opens()
    await ada.writes("Yes, I would like to")
    await ben.writes("yes, I would like to.")
    await ada.writes("Ben does")
    await ben.writes("1")
    await ada.presses("Start my draft")
    await ada.fills(why="heard", focus="both", aim="hear", effect="speak_up")
    await ada.writes("share these lines")
    await ben.presses("Start my draft")
    await ben.fills(why="curious", focus="life", aim="decide", effect="decisions")
    await ben.writes("Share these lines")
    await ada.writes("take ben's")
    await ben.writes("sign it")
    assert purpose.agreed(stage.pair)
    for actor in stage.actors():
        await actor.presses("Make my choices")
        await actor.fills()
    await ada.writes("Sign it")
    await ben.writes("Sign it")
    assert charter.agreed(stage.pair)
    await ben.writes("propose a topic")
    await ben.writes("Conditions for best work")
    await ben.writes("Send it to Ada")
    await ada.writes("something else, please")
    await ben.writes("Propose another")
    await ben.writes("2")
    await ben.writes("send it to ada")
    await ada.writes("good, this one")
    assert topic.agreed(stage.pair)
    await ben.writes("pause")
    assert ben.sees("A pause needs no reason")


async def test_everybody_has_one_live_card_at_most(stage: Stage) -> None:
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    await book(stage, "Book our first meeting")
    await stage.days(9)
    for actor in stage.actors():
        assert sum(message.live for message in stage.paper.chats[actor.account]) == 1
