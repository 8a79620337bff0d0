"""Topics: light ones at any time, personal ones after the charter, sore ones after a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
