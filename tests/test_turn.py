"""The turn: handled once, committed before it is sent, and finished by the clock if it must be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.delivery import Owed
from bot.inputs import Incoming, Pressed, Ticked
from bot.turn import Plan, Reply, deliver, take_turn

if TYPE_CHECKING:
    from tests.stage import Stage


async def press(stage: Stage, delivery: str) -> tuple[Reply, Plan]:
    """Ada accepts, by a delivery of that name; nothing is sent yet."""
    button = stage.ada.card.buttons[0]
    pressed = Pressed(button.item, button.action)
    incoming = Incoming(delivery, stage.start.id, stage.ada.me.id, pressed, stage.now)
    return await take_turn(stage.services, incoming)


async def test_the_same_delivery_is_handled_once(stage: Stage) -> None:
    await stage.opens()
    await press(stage, "once")
    entries = len(stage.pair.journal)
    reply, plan = await press(stage, "once")
    assert reply.repeat
    assert not plan.errands
    assert len(stage.pair.journal) == entries


async def test_a_second_round_of_delivery_finds_nothing_to_do(stage: Stage) -> None:
    await stage.opens()
    _, plan = await press(stage, "one")
    await deliver(stage.services, stage.start.id, plan, stage.now)
    sent = len(stage.paper.shown)
    assert sent
    tick = Incoming("", stage.start.id, None, Ticked(), stage.now)
    _, again = await take_turn(stage.services, tick)
    assert not again.errands


async def test_a_turn_whose_process_died_before_sending_is_finished_by_the_clock(
    stage: Stage,
) -> None:
    await stage.opens()
    before = stage.ada.card
    await press(stage, "lost")
    assert stage.ada.card == before
    wake = stage.store.wake_at(stage.start.id)
    assert wake
    assert wake <= stage.now + stage.services.lease
    await stage.until(wake + timedelta(seconds=1))
    assert stage.ada.sees("Your yes is in")
    assert stage.ben.sees("Would you learn from Ada?")


async def test_a_process_that_died_between_sending_and_noting_sends_nothing_twice(
    stage: Stage,
) -> None:
    await stage.opens()
    _, plan = await press(stage, "sent")
    for errand in plan.errands:
        messenger = stage.services.messengers["paper"]
        change = errand.change
        if hasattr(change, "retire"):
            await messenger.post(errand.account, change.card, errand.key, change.retire)
        else:
            await messenger.update(errand.account, change.ref, change.card, errand.key)
    chats = {account: len(chat) for account, chat in stage.paper.chats.items()}
    await stage.until(stage.now + stage.services.lease * 2)
    assert {account: len(chat) for account, chat in stage.paper.chats.items()} == chats
    assert stage.ben.sees("Would you learn from Ada?")


async def test_news_waits_for_courteous_hours_but_an_answer_to_ones_own_move_does_not(
    stage: Stage,
) -> None:
    await stage.opens()
    stage.now = stage.now.replace(hour=19)
    await stage.ada.presses("Yes, I would like to")
    assert stage.ada.sees("Your yes is in")
    assert stage.ben.account not in stage.paper.chats
    await stage.days(1)
    assert stage.ben.sees("Would you learn from Ada?")
    assert stage.now.hour == 19


async def test_what_was_owed_while_a_sender_was_at_work_is_still_owed(stage: Stage) -> None:
    await stage.opens()
    await press(stage, "first")
    await stage.ada.does(Pressed("nonsense@00", "accept"))

    def owed(work: object) -> Owed:
        return work.posted(stage.ada.me.id).owed  # type: ignore[attr-defined]

    assert await stage.store.work(stage.start.id, owed) is Owed.AGAIN
    await stage.until(stage.now + stage.services.lease * 2)
    assert await stage.store.work(stage.start.id, owed) is Owed.NOTHING


async def test_someone_who_is_not_of_the_pair_is_refused(stage: Stage) -> None:
    stranger = Incoming("x", stage.start.id, "eve", Pressed("welcome@1", "accept"), stage.now)  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        await take_turn(stage.services, stranger)


async def test_a_sender_that_was_too_slow_leaves_no_second_live_card(stage: Stage) -> None:
    """Ben's news is under way to Ada; it takes too long, and meanwhile there is newer news."""
    await stage.opens()
    _, slow = await press(stage, "slow")
    stage.now += stage.services.lease * 2
    await stage.take(Ticked(), None)
    await stage.ben.presses("Yes, I would like to")
    await deliver(stage.services, stage.start.id, slow, stage.now)
    for actor in stage.actors():
        assert sum(message.live for message in stage.paper.chats[actor.account]) == 1
    assert stage.ben.sees("who comes to learn here")


async def test_a_refusal_that_is_asked_for_again_is_given_again(stage: Stage) -> None:
    await stage.opens()
    stale = Pressed("welcome@nothing", "accept")
    incoming = Incoming("same", stage.start.id, stage.ada.me.id, stale, stage.now)
    first, _ = await take_turn(stage.services, incoming)
    second, _ = await take_turn(stage.services, incoming)
    assert first == second
    assert not second.taken
