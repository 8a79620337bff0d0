"""The turn: handled once, committed before it is sent, and finished by the clock if it must be."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot import cards
from bot.delivery import Claim, NotSent, Owed
from bot.inputs import Incoming, Pressed, Ticked
from bot.turn import Plan, Reply, _name, deliver, give_up, take_turn
from tests.test_journey import both_say_yes

if TYPE_CHECKING:
    from bot.turn import UnitOfWork
    from tests.stage import Stage


async def press(stage: Stage, delivery: str) -> tuple[Reply, Plan]:
    """Ada accepts, by a delivery of that name; nothing is sent yet."""
    button = stage.ada.card.buttons[0]
    pressed = Pressed(button.item, button.action)
    incoming = Incoming(delivery, stage.start.id, stage.ada.me.id, pressed, stage.now)
    return await take_turn(stage.services, incoming)


def way_out(stage: Stage) -> str:
    """Return the item behind Ada's button to leave, which stands in Home."""
    rows = (row for _, rows in cards.home(stage.ada.reader).sections for row in rows)
    return next(row.card.item for row in rows if row.card.thread == "leave")


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


async def test_a_platform_that_wants_to_be_left_alone_gets_it_again_after_that(
    stage: Stage,
) -> None:
    """A rate limit: certain that nothing was sent, so it is sent, once, when the wait is over."""
    stage.paper.refusals = [NotSent(timedelta(minutes=5))]
    await stage.opens()
    assert stage.ada.account not in stage.paper.chats
    wake = stage.store.wake_at(stage.start.id)
    assert wake == stage.now + timedelta(minutes=5)
    await stage.until(wake)
    assert len(stage.paper.chats[stage.ada.account]) == 1


async def test_somebody_who_cannot_be_reached_is_left_alone_until_they_come_back(
    stage: Stage,
) -> None:
    stage.paper.refusals = [NotSent(None)] * 3
    await stage.opens()
    await stage.days(9)
    assert len(stage.paper.refusals) == 2
    assert stage.ada.account not in stage.paper.chats
    stage.paper.refusals.clear()
    await stage.ada.asks("status")
    assert stage.ada.sees("Would you teach Ben?")


async def test_where_nobody_can_tell_a_new_message_is_never_sent_twice(stage: Stage) -> None:
    """Teams: the invitation arrived, we never heard, and there is no way to ask."""
    stage.paper.knows = False
    stage.paper.silent = 1
    with pytest.raises(TimeoutError):
        await stage.opens()
    await stage.until(stage.now + stage.services.lease * 2)
    assert len(stage.paper.chats[stage.ada.account]) == 1
    await stage.ada.presses("Yes, I would like to")
    assert stage.ada.sees("Your yes is in")


async def test_where_nobody_can_tell_a_change_in_place_is_made_again(stage: Stage) -> None:
    await stage.opens()
    stage.paper.knows = False
    stage.paper.silent = 1
    with pytest.raises(TimeoutError):
        await stage.ada.presses("Yes, I would like to")
    seen = len(stage.paper.chats[stage.ada.account])
    changes = len(stage.paper.shown)
    await stage.until(stage.now + stage.services.lease * 2)
    assert len(stage.paper.chats[stage.ada.account]) == seen
    assert stage.ada.sees("Your yes is in")
    assert changes


@pytest.mark.parametrize("begun", [True, False])
async def test_what_was_not_begun_when_it_was_called_off_is_sent_later(
    stage: Stage,
    begun: bool,
) -> None:
    """Teams, which cannot be asked: Ada's card hangs until the deadline, and Ben's had to wait."""
    await stage.opens()
    stage.paper.knows = False
    _, plan = await press(stage, "slow")
    assert len(plan.errands) == 2
    hanging = asyncio.Event()
    stage.paper.hangs = hanging, begun
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await deliver(stage.services, stage.start.id, plan, stage.now)
    assert stage.ben.account not in stage.paper.chats
    stage.paper.hangs = None
    await stage.until(stage.now + stage.services.lease * 4)
    assert stage.ben.sees("Would you learn from Ada?")
    assert len(stage.paper.chats[stage.ben.account]) == 1
    assert stage.ada.sees("Your yes is in") or begun


async def test_a_first_card_that_was_still_waiting_its_turn_is_sent_later(stage: Stage) -> None:
    """Nothing was on the wire when the deadline came, so nothing is in doubt."""
    stage.paper.knows = False
    first = Incoming("", stage.start.id, None, Ticked(), stage.now)
    _, plan = await take_turn(stage.services, first)
    stage.paper.hangs = asyncio.Event(), False
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await deliver(stage.services, stage.start.id, plan, stage.now)
    stage.paper.hangs = None
    await stage.until(stage.now + stage.services.lease * 4)
    assert stage.ada.sees("Would you teach Ben?")


async def test_one_who_stood_still_until_the_deadline_begins_nothing(stage: Stage) -> None:
    await stage.opens()
    stage.paper.knows = False
    _, plan = await press(stage, "frozen")
    await give_up(stage.services, stage.start.id, plan.errands, stage.now)
    await stage.until(stage.now + stage.services.lease * 2)
    assert stage.ben.sees("Would you learn from Ada?")
    assert stage.ada.sees("Your yes is in")


async def test_who_gives_up_too_late_takes_nothing_from_who_is_at_it_by_then(stage: Stage) -> None:
    """Both are about the same change, by the same name; only one of them still has it in hand."""
    await stage.opens()
    _, slow = await press(stage, "slow")
    stage.now += stage.services.lease * 2
    tick = Incoming("", stage.start.id, None, Ticked(), stage.now)
    _, at_it = await take_turn(stage.services, tick)
    assert [errand.key for errand in at_it.errands] == [errand.key for errand in slow.errands]
    await give_up(stage.services, stage.start.id, slow.errands, stage.now)
    _, third = await take_turn(stage.services, replace(tick, at=stage.now + timedelta(seconds=1)))
    assert not third.errands
    await deliver(stage.services, stage.start.id, at_it, stage.now)
    assert len(stage.paper.chats[stage.ben.account]) == 1


async def test_a_process_that_does_not_know_the_way_leaves_it_to_another(stage: Stage) -> None:
    """A rolling start that switches a platform on: the old processes cannot send there yet."""
    await stage.opens()
    stage.paper.knows = False
    _, plan = await press(stage, "old")
    old = replace(stage.services, messengers={})
    await deliver(old, stage.start.id, plan, stage.now)
    await stage.until(stage.now + stage.services.lease * 2)
    assert stage.ben.sees("Would you learn from Ada?")


async def test_a_name_tells_nobody_how_much_was_written(stage: Stage) -> None:
    """A platform keeps it in clear, where its owner may read it (INV-2)."""
    await stage.opens()
    longer = replace(stage.pair, journal=(*stage.pair.journal, stage.pair.journal[-1]))
    names = {
        _name(pair, stage.ada.me, stage.ada.card, "after 1").rpartition(":")[2]
        for pair in (stage.pair, longer, replace(stage.pair, salt=b"another"))
    }
    assert len(names) == 3
    assert all(len(name) == 16 and set(name) <= set("0123456789abcdef") for name in names)


async def test_a_failure_on_one_screen_does_not_hold_up_the_other(stage: Stage) -> None:
    await stage.opens()
    stage.paper.silent = 1
    with pytest.raises(TimeoutError):
        await stage.ada.presses("Yes, I would like to")
    assert stage.ben.sees("Would you learn from Ada?")
    await stage.until(stage.now + stage.services.lease * 2)
    assert len(stage.paper.chats[stage.ben.account]) == 1


async def test_when_the_platform_cannot_even_be_asked_we_wait_before_asking(stage: Stage) -> None:
    """The look-up itself meets the rate limit: that must not be taken for a message never sent."""
    stage.paper.silent = 1
    with pytest.raises(TimeoutError):
        await stage.opens()
    stage.paper.unasked = [NotSent(timedelta(minutes=3))]
    await stage.until(stage.now + stage.services.lease * 4)
    assert not stage.paper.unasked
    assert len(stage.paper.chats[stage.ada.account]) == 1


async def test_what_is_asked_for_twice_is_brought_twice(stage: Stage) -> None:
    """Nothing was written in between, and yet each is a message with a name of its own."""
    await stage.opens()
    await stage.ada.asks("status")
    await stage.ada.asks("status")
    chat = stage.paper.chats[stage.ada.account]
    assert [message.live for message in chat] == [False, False, True]
    assert len({message.key for message in chat}) == 3


async def test_where_nobody_can_tell_a_card_that_is_as_it_was_before_is_sent_all_the_same(
    stage: Stage,
) -> None:
    """Ada opens something, which arrives unheard of, and goes back before anybody looks into it."""
    await both_say_yes(stage)
    before = stage.ada.card
    stage.paper.knows, stage.paper.silent = False, 1
    with pytest.raises(TimeoutError):
        await stage.ada.does(Pressed(way_out(stage), "leave"))
    assert stage.ada.card != before
    await stage.ada.presses("I would rather stay")
    await stage.until(stage.now + stage.services.lease * 2)
    assert stage.ada.card.digest == before.digest


async def test_a_change_that_came_too_late_does_not_stay_over_a_newer_one(stage: Stage) -> None:
    """The sender stood still; meanwhile another looked into it, and Ada has gone on."""
    await both_say_yes(stage)
    pressed = Pressed(way_out(stage), "leave")
    incoming = Incoming("slow", stage.start.id, stage.ada.me.id, pressed, stage.now)
    _, slow = await take_turn(stage.services, incoming)
    stage.now += stage.services.lease * 2
    await stage.take(Ticked(), None)
    await stage.ada.presses("I would rather stay")
    right = stage.ada.card.digest
    await deliver(stage.services, stage.start.id, slow, stage.now)
    assert stage.ada.card.digest == right


async def test_a_change_nobody_could_ask_about_is_made_again(stage: Stage) -> None:
    """It arrived unheard of; when we look for it, Ada cannot be reached. Then she goes back."""
    await both_say_yes(stage)
    before = stage.ada.card
    stage.paper.silent = 1
    with pytest.raises(TimeoutError):
        await stage.ada.does(Pressed(way_out(stage), "leave"))
    stage.paper.unasked = [NotSent(None)]
    await stage.until(stage.now + stage.services.lease * 2)
    await stage.ada.presses("I would rather stay")
    assert stage.ada.card.digest == before.digest


async def test_nothing_is_owed_to_somebody_whose_screen_is_right_again(stage: Stage) -> None:
    """Ada took back what was refused: what comes next is news, and waits for the day."""
    await both_say_yes(stage)
    stage.paper.refusals = [NotSent(timedelta(minutes=5))]
    await stage.ada.does(Pressed(way_out(stage), "leave"))
    await stage.ada.does(Pressed(way_out(stage), "stay"))
    posted = await stage.store.work(stage.start.id, lambda work: work.posted(stage.ada.me.id))
    assert posted.claim is None
    assert posted.owed is Owed.NOTHING


async def test_a_quiet_change_nobody_can_tell_of_is_made_again(stage: Stage) -> None:
    """The card may look as it should, or not: so it is made to."""
    await stage.opens()
    stage.paper.knows = False

    def in_doubt(work: UnitOfWork) -> None:
        posted = work.posted(stage.ada.me.id)
        claim = Claim("k", posted.revision, posted.digest, stage.now, ref=posted.ref)
        work.keep(stage.ada.me.id, replace(posted, claim=claim))

    await stage.store.work(stage.start.id, in_doubt)
    written = len(stage.script)
    await stage.take(Ticked(), None)
    assert len(stage.script) > written
