"""The journey: two people from the first hello to a second booked meeting."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.flows import charter, meeting, purpose, topic

if TYPE_CHECKING:
    from tests.stage import Actor, Stage


async def both_say_yes(stage: Stage) -> None:
    """Both accept, and both know who learns here."""
    await stage.opens()
    for actor in stage.actors():
        await actor.presses("Yes, I would like to")
    for actor in stage.actors():
        await actor.presses("Ben does")


async def draft(actor: Actor, **given: str | tuple[str, ...]) -> None:
    """Leave a private draft of the purpose and let the usual part of it out."""
    await actor.presses("Start my draft")
    await actor.fills(**given)
    await actor.presses("Share these lines")


async def agree_on_a_purpose(stage: Stage) -> None:
    ada, ben = stage.actors()
    await draft(
        ada,
        why="heard",
        focus="both",
        unseen="landing",
        aim="hear",
        effect="speak_up",
        wish="insight",
        shows=("focus", "unseen", "aim", "wish"),
    )
    await draft(
        ben, why="out_of_touch", focus="life", unseen="talk", aim="decide", effect="decisions"
    )
    await ada.presses("Both in one")
    await ben.presses("Sign it")


async def sign_a_charter(stage: Stage, **given: str) -> None:
    """Sign what the two chose; `given` is what the reverse-mentor chose besides."""
    ada, ben = stage.actors()
    await ada.presses("Make my choices")
    await ada.fills(honest="asked", travels="nothing", **given)
    await ben.presses("Make my choices")
    await ben.fills(blind="defensive")
    for actor in (ada, ben):
        await actor.presses("Sign it")
        await actor.presses("Leave it out")


async def book(stage: Stage, label: str) -> None:
    ada, ben = stage.actors()
    await stage.at_work()
    await ben.presses(label)
    await ben.fills()
    slot = ada.card.buttons[0].label
    await ada.presses(slot)


@pytest.mark.transcript("together")
async def test_two_people_find_their_way_to_a_second_meeting(stage: Stage) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    assert purpose.agreed(stage.pair)
    await sign_a_charter(stage)
    assert charter.agreed(stage.pair)
    await book(stage, "Book our first meeting")
    first = meeting.diary(stage.pair).current
    assert first.moment
    await ben.presses("Propose a topic")
    await ben.fills()
    await ada.presses("Good, this one")
    assert topic.agreed(stage.pair)
    await stage.until(first.moment.at - timedelta(hours=1))
    for actor in stage.actors():
        await actor.presses("I am ready")
    await stage.days(1)
    for actor in stage.actors():
        await actor.presses("We met")
    await ben.presses("Write it down")
    await ben.fills(
        gut="humbling",
        heard="Nobody reads the weekly mail",
        both="4",
        tryout="Ask two people what they skip",
        thanks="honest",
    )
    await ada.presses("Write it down")
    await ada.fills(gut="fine", safe="4", worried="no")
    await stage.days(3)
    await book(stage, "Book our next meeting")
    second = meeting.diary(stage.pair).current
    assert second.no == 2
    assert second.moment


async def test_a_first_meeting_is_booked_in_few_taps_and_without_a_typed_sentence(
    stage: Stage,
) -> None:
    """From welcome to a purpose agreed, a charter signed and a date: at most 25 taps a side.

    Each press, each changed field and each submit counts.
    """
    await both_say_yes(stage)
    needed = {"why": "asked", "focus": "both", "aim": "hear", "effect": "change"}
    await draft(stage.ada, **needed)
    await draft(stage.ben, **needed)
    await stage.ada.presses("Take mine")
    await stage.ben.presses("Sign it")
    await sign_a_charter(stage)
    await book(stage, "Book our first meeting")
    assert purpose.agreed(stage.pair)
    assert charter.agreed(stage.pair)
    assert meeting.diary(stage.pair).current.moment
    for actor in stage.actors():
        assert actor.taps <= 25, (actor.me.name, actor.taps)
        assert actor.typed == 0
