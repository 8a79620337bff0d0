"""Topics: light ones at any time, personal ones after the charter, sore ones after a meeting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot import facilitator
from bot.flows import charter, meeting, topic
from bot.inputs import Submitted
from tests.stage import MONDAY
from tests.walk import begun, booked

if TYPE_CHECKING:
    from bot.people import Pair


def levels(pair: Pair) -> set[int]:
    return {pair.programme.topics[name].level for name in topic.allowed(pair)}


def signed(pair: Pair) -> Pair:
    pair = pair.with_events((charter.Drawn(),), None, MONDAY)
    version = pair.journal[-1].no
    for me in pair.people:
        pair = pair.with_events((charter.Signed(version),), me.id, MONDAY)
    return pair


def test_sensitive_topics_wait_for_the_charter_and_sore_ones_for_a_meeting() -> None:
    """INV-7."""
    pair = begun()
    assert levels(pair) == {1}
    assert levels(signed(pair)) == {1, 2}
    met = signed(booked()).with_events(
        (meeting.Told(1, "met"),), pair.reverse_mentor.id, MONDAY.replace(month=12)
    )
    assert levels(met) == {1, 2, 3}


def test_a_sore_topic_that_was_never_offered_is_refused_with_what_was_typed_kept() -> None:
    pair = begun()
    ben = pair.reverse_mentee
    item = next(i for i in facilitator.inbox(pair, ben, MONDAY) if i.thread == "topic")
    answers = {"topic": ("NN-1",), "question": ("May I ask?",)}
    decision = facilitator.handle(pair, ben, Submitted(item.key, answers), MONDAY)
    assert not decision.events
    assert isinstance(decision.reply, facilitator.Form)
    assert decision.reply.faults == {"topic": "choice"}
    assert decision.reply.answers == answers


def sited(pair: Pair, **places: str) -> Pair:
    """Return the two, each reached at a platform."""
    moved = {role: replace(getattr(pair, role), platform=where) for role, where in places.items()}
    return replace(pair, **moved, _known={})


def met() -> Pair:
    pair = signed(booked()).with_events(
        (meeting.Told(1, "met"),), booked().reverse_mentor.id, MONDAY.replace(month=12)
    )
    return sited(pair, reverse_mentor="web", reverse_mentee="slack")


STORE = "NN-6"


@pytest.mark.parametrize("who", ["reverse_mentor", "reverse_mentee"])
def test_what_a_store_forbids_is_offered_to_neither_where_one_is_there(who: str) -> None:
    """Ruling 18: it is missing for both, so that nothing tells of whom it is."""
    pair = met()
    assert STORE in topic.allowed(pair)
    moved = sited(pair, **{who: "teams"})
    assert set(topic.allowed(pair)) - set(topic.allowed(moved)) == {STORE}
    for me in moved.people:
        for item in facilitator.inbox(moved, me, MONDAY.replace(month=12)):
            assert STORE not in {o for options in item.choices.values() for o in options}
    wished = replace(moved.programme, store_rules=())
    assert STORE in topic.allowed(replace(moved, programme=wished, _known={}))


def test_what_was_proposed_before_one_moved_can_only_be_passed_on() -> None:
    pair = met()
    ben = pair.reverse_mentee
    pair = pair.with_events((topic.Proposed(STORE, spare="CS-1"),), ben.id, MONDAY)
    moved = sited(pair, reverse_mentor="teams")
    (reply,) = (
        i for i in facilitator.inbox(moved, moved.reverse_mentor, MONDAY) if i.thread == "topic"
    )
    assert reply.moves == ("spare", "other", "lighter", "answer")
    (waiting,) = (
        i for i in facilitator.inbox(moved, moved.reverse_mentee, MONDAY) if i.thread == "topic"
    )
    assert STORE not in waiting.choices["topic"]


def test_what_the_junior_passes_over_stays_passed_over_while_it_cannot_be_shown() -> None:
    pair = met()
    ada = pair.reverse_mentor
    pair = pair.with_events((topic.PassedOver((STORE, "CS-1")),), ada.id, MONDAY)
    moved = sited(pair, reverse_mentee="teams")
    item = next(
        i
        for i in facilitator.inbox(moved, moved.reverse_mentor, MONDAY)
        if i.prompt is topic.PASS_OVER
    )
    answers = {"topics": ("CS-2",)}
    (event,) = facilitator.handle(
        moved, moved.reverse_mentor, Submitted(item.key, answers), MONDAY
    ).events
    assert event == topic.PassedOver(("CS-2", STORE))


def test_where_no_topic_is_agreed_the_card_names_a_light_one() -> None:
    """Domain.md 5.2: the same on both cards, none that the reverse-mentor passes over."""
    pair = begun()
    drawn = topic.light(pair, MONDAY)
    assert drawn
    assert pair.programme.topics[drawn.event.topic].level == 1
    over = (topic.PassedOver((drawn.event.topic,)),)
    later = pair.with_events(over, pair.reverse_mentor.id, MONDAY + timedelta(hours=1))
    assert topic.light(later, MONDAY) == drawn, "what she passes over later is not to be seen"
    other = topic.light(later, MONDAY + timedelta(days=1))
    assert other
    assert other.event.topic != drawn.event.topic


def test_where_every_light_topic_is_passed_over_the_card_names_none() -> None:
    pair = begun()
    every = tuple(topic.allowed(pair))
    pair = pair.with_events((topic.PassedOver(every),), pair.reverse_mentor.id, MONDAY)
    assert topic.light(pair, MONDAY) is None
    card = next(
        item
        for item in facilitator.schedule(booked(), pair.reverse_mentee)
        if item.thread.startswith("card")
    )
    assert card.context["light"]
