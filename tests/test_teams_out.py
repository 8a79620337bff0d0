"""The way out to Teams: one token, one pace, and no card twice, whatever goes wrong."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.pacing import Pacing
from adapters.store.references import Address
from adapters.teams.connector import Connector, GoneError, UnsureError
from adapters.teams.messenger import TeamsMessenger
from adapters.teams.tokens import NoTokenError
from bot.cards import Card
from bot.delivery import NotSent
from tests.fake_teams import APP, Fault
from tests.teams_stage import House, Waits, opened, teams_account
from tests.test_teams import YES, moves_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.databases import Files

pytest_plugins = ("tests.databases",)
_numbers = itertools.count()
HELLO = {"type": "message", "text": "hello"}


@pytest.fixture
async def house(files: Files) -> AsyncIterator[House]:
    async with opened(files.new(f"out{next(_numbers)}", like="migrated")) as house:
        yield house


def at(house: House, conversation: str = "a:ada", service: str | None = None) -> Address:
    service = house.teams.service if service is None else service
    return Address(service, conversation, "29:ada", f"28:{APP}")


async def test_a_hundred_at_once_need_one_token_and_few_connections(house: House) -> None:
    """Points 23 and 32."""
    sends = (house.connector.post(at(house, f"a:{n}"), HELLO) for n in range(100))
    refs = await asyncio.gather(*sends)
    assert len(set(refs)) == 100
    assert house.teams.tokens == 1


async def test_twenty_one_after_the_other_share_a_connection(house: House) -> None:
    """Point 32."""
    for _ in range(20):
        await house.connector.post(at(house), HELLO)
    assert len(house.teams.connections) == 1


async def test_a_token_is_renewed_before_it_runs_out(house: House) -> None:
    await house.connector.post(at(house), HELLO)
    house.clock.moment += timedelta(minutes=54)
    await house.connector.post(at(house), HELLO)
    assert house.teams.tokens == 1
    house.clock.moment += timedelta(minutes=1)
    await house.connector.post(at(house), HELLO)
    assert house.teams.tokens == 2


async def test_without_a_token_nothing_is_sent_and_it_is_tried_later(house: House) -> None:
    async def none() -> str:
        raise NoTokenError

    house.connector._tokens.bearer = none  # type: ignore[method-assign]
    with pytest.raises(NotSent) as caught:
        await house.connector.post(at(house), HELLO)
    assert caught.value.wait == timedelta(minutes=1)
    assert not house.teams.sent


async def test_a_busy_teams_is_given_the_time_it_asks_for(house: House) -> None:
    """Point 24."""
    house.teams.faults.extend([Fault(429, headers={"Retry-After": "3"}), Fault(412)])
    await house.connector.post(at(house), HELLO)
    assert len(house.teams.chat("a:ada")) == 1
    first, second = house.waits.seconds
    assert first == 3
    assert 0 < second <= 4


async def test_a_very_busy_teams_is_left_to_the_clock(house: House) -> None:
    house.teams.faults.append(Fault(429, headers={"Retry-After": "90"}))
    with pytest.raises(NotSent) as caught:
        await house.connector.post(at(house), HELLO)
    assert caught.value.wait == timedelta(seconds=90)
    assert house.waits.seconds == []
    with pytest.raises(NotSent):  # and nobody else knocks meanwhile
        await house.connector.post(at(house), HELLO)
    assert len(house.teams.sent) == 1


@pytest.mark.parametrize("status", [201, 500, 502, 503, 504])
async def test_a_message_that_may_have_arrived_is_not_sent_again(house: House, status: int) -> None:
    """Point 24: exactly one, however the answer was lost."""
    house.teams.faults.append(Fault(status, arrives=True))
    with pytest.raises(UnsureError):
        await house.connector.post(at(house), HELLO)
    assert len(house.teams.chat("a:ada")) == 1
    assert len(house.teams.sent) == 1


async def test_a_change_in_place_may_be_sent_again(house: House) -> None:
    ref = await house.connector.post(at(house), HELLO)
    house.teams.faults.extend([Fault(502), Fault(503)])
    await house.connector.put(at(house), ref, {"type": "message", "text": "changed"})
    assert house.teams.chat("a:ada")[0].activity["text"] == "changed"


async def test_what_is_gone_and_what_is_refused_are_told_apart(house: House) -> None:
    with pytest.raises(GoneError):
        await house.connector.put(at(house), "no-such-message", HELLO)
    house.teams.faults.append(Fault(400))
    with pytest.raises(NotSent) as caught:
        await house.connector.post(at(house), HELLO)
    assert caught.value.wait


async def test_a_token_that_is_refused_is_fetched_anew(house: House) -> None:
    house.teams.faults.append(Fault(401))
    with pytest.raises(NotSent):
        await house.connector.post(at(house), HELLO)
    await house.connector.post(at(house), HELLO)
    assert house.teams.tokens == 2
    assert len(house.teams.chat("a:ada")) == 1


@pytest.mark.parametrize("service", ["https://evil.example/", "http://169.254.169.254/", ""])
async def test_no_token_leaves_for_an_address_that_is_not_teams(house: House, service: str) -> None:
    """Point 27: the address is looked at again when something is sent."""
    with pytest.raises(NotSent):
        await house.connector.post(at(house, service=service), HELLO)
    assert house.teams.tokens == 0


async def test_nobody_is_there_to_be_sent_to(house: House) -> None:
    house.connector._cloud = type(house.teams.cloud)("", "", "", "", ("http://127.0.0.1:1",))
    with pytest.raises(NotSent):
        await house.connector.post(at(house, service="http://127.0.0.1:1/"), HELLO)


async def test_an_address_keeps_its_path_and_a_name_is_quoted(house: House) -> None:
    """Point 27."""
    await house.connector.post(at(house, "a:x/../y?z#é"), HELLO)
    assert len(house.teams.chat("a:x/../y?z#é")) == 1


@pytest.mark.parametrize("letter", ["x", "語", "🙂"])
async def test_what_is_too_large_is_not_even_tried(house: House, letter: str) -> None:
    """Point 29: counted as Teams counts."""
    bytes_each = len(letter.encode("utf-16-le"))
    fits = {"type": "message", "text": letter * (39_000 // bytes_each)}
    await house.connector.post(at(house), fits)
    with pytest.raises(NotSent):
        await house.connector.post(at(house), {**fits, "text": letter * (41_000 // bytes_each)})
    assert len(house.teams.sent) == 1


async def test_bursts_are_short_and_then_one_follows_the_other(house: House) -> None:
    """At most 8 in two seconds and 60 in thirty for a conversation."""
    waits, sent = Waits(), []
    pacing = Pacing(waits.now, waits.turn)
    connector = Connector(house.session, house.teams.cloud, house.connector._tokens, pacing)
    for _ in range(60):
        await connector.post(at(house), HELLO)
        sent.append(waits.now())
    for within, most in ((1, 7), (2, 8), (30, 60)):
        busiest = max(sum(t <= u < t + within for u in sent) for t in sent)
        assert busiest <= most


async def test_a_card_that_may_have_arrived_is_taken_for_arrived(house: House) -> None:
    """Point 24, as the two see it: exactly one bubble, and silence rather than a second."""
    ada, ben, pair = await moves_in(house)
    house.teams.faults.append(Fault(502, arrives=True, chat="a:ben"))
    await ada.presses(YES)
    await house.settled()
    for _ in range(3):
        house.clock.moment += timedelta(minutes=3)
        await house.intake.look_in(pair)
    assert len(ben.chat) == 1
    assert YES in ben.live.buttons()


async def test_a_card_that_was_deleted_comes_again(house: House) -> None:
    ada, _, _ = await moves_in(house)
    action, message = ada.live.buttons()[YES], ada.live
    ada.chat.clear()
    await ada.does(action, message)
    await house.settled()
    assert len(ada.chat) == 1


@pytest.mark.parametrize("begun", [False, True])
async def test_who_is_called_off_says_whether_anything_was_begun(
    house: House, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    """Waiting for a turn it was not; while the old card loses its buttons the new one is there."""
    *_, pair = await moves_in(house)
    account, card = teams_account("ada"), Card("thread", "item@1", "Title", "Preview")
    old = await house.messenger.post(account, card, f"{pair}:ada:digest:1", "")
    waits, taken, real = asyncio.Event(), [], house.connector._pacing.turn

    async def turn(lanes: Any) -> None:
        taken.append(lanes)
        if begun and len(taken) == 1:
            await real(lanes)
        else:
            waits.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(house.connector._pacing, "turn", turn)
    key = f"{pair}:ada:digest:2"
    task = asyncio.create_task(house.messenger.post(account, card, key, old if begun else ""))
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as called_off:
        await task
    assert isinstance(called_off.value.__cause__, NotSent) is not begun
    assert bool(await house.messenger.find(account, key)) is begun


async def test_one_key_is_posted_once_whoever_posts_it(house: House) -> None:
    """A sender that died after Teams had taken its card does not make a second one of it."""
    ada, _, pair = await moves_in(house)
    account, card = teams_account("ada"), Card("thread", "item@1", "Title", "Preview")
    first = await house.messenger.post(account, card, f"{pair}:ada:digest:1", "")
    other = TeamsMessenger(house.store, house.connector, house.clock)
    assert await other.find(account, f"{pair}:ada:digest:1") == first
    assert await other.post(account, card, f"{pair}:ada:digest:1", "") == first
    assert len(ada.chat) == 2
