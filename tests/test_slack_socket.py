"""Socket Mode: the same Slack over a connection that we open, taken once and never lost.

The fake server hands envelopes over and waits until they are acknowledged, as Slack does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk.socket_mode.request import SocketModeRequest

from adapters.settings import SettingsError
from adapters.slack.socket import Socket
from tests import slack_world
from tests.processes import free_port
from tests.slack_desk import Desk, desk
from tests.slack_line import PATIENCE, Line, line
from tests.test_cli import settled, terminal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.inputs import Input
    from bot.people import Account
    from bot.turn import Reply
    from tests.slack_world import World
    from tests.test_cli import Terminal

pytest_plugins = ("tests.databases",)

__all__ = ("settled", "terminal")


@dataclass
class Call:
    """A world on the phone."""

    world: World
    line: Line
    desk: Desk
    socket: Socket


@pytest.fixture
async def call(database: str) -> AsyncIterator[Call]:
    async with slack_world.opened(database) as world, desk() as opened, line() as called:
        opened.answers["apps.connections.open"] = {"ok": True, "url": called.url}
        world.door = called  # type: ignore[assignment]
        yield Call(world, called, opened, Socket(world.slack.app, "xapp-canary", opened.url))


async def test_two_people_are_guided_over_a_connection_we_opened(call: Call) -> None:
    """Buttons, words, a command and Home: all of it is acknowledged and answered (A20)."""
    async with call.socket.open():
        await call.line.picked_up()
        await call.world.pair_up()
        ada = call.world.ada
        await ada.opens_home()
        label = ada.labels()[0]
        await ada.presses(label)
        await call.world.settled()
        assert label not in ada.labels()
        answer = await ada.commands("status")
        assert answer.json()["text"]
        await ada.writes("hello")
        await call.world.settled()
        assert ada.user.home
    assert call.desk.methods() == ["apps.connections.open"]


async def test_what_slack_hands_over_twice_is_done_once(call: Call) -> None:
    """A4: the same event in two envelopes."""
    async with call.socket.open():
        await call.line.picked_up()
        await call.world.pair_up()
        said, yes = [], call.world.ada.labels()[0]
        for name in ("Ev-the-same", "Ev-the-same", "Ev-another"):
            event = _said(yes, name, call.world.ada.user.channel)
            await call.line.hands("events_api", event)
            await call.line.acknowledges()
            await call.world.settled()
            said.append(len(call.world.ada.whispers) + len(call.world.ada.chat))
        assert said[0] == said[1] < said[2]


def _said(text: str, name: str = "Ev-the-same", channel: str = "DADA") -> dict[str, Any]:
    event = {"type": "message", "channel_type": "im", "channel": channel, "user": "UADA"}
    return {
        "type": "event_callback",
        "team_id": slack_world.TEAM,
        "event_id": name,
        "event": {**event, "team": slack_world.TEAM, "text": text, "ts": "1.000001"},
    }


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("events_api", {"type": "event_callback", "event": {"type": "never_heard_of"}}),
        ("interactive", {"type": "message_action", "callback_id": "x"}),
        ("slash_commands", {"command": "/other", "text": "payload"}),
    ],
)
async def test_what_nobody_listens_to_is_acknowledged_too(
    call: Call, kind: str, payload: dict[str, Any]
) -> None:
    """Trap 6: otherwise Slack would send it again and again."""
    async with call.socket.open():
        await call.line.picked_up()
        handed = await call.line.hands(kind, payload)
        assert (await call.line.acknowledges())["envelope_id"] == handed


async def test_a_connection_that_slack_wants_back_is_made_anew(call: Call) -> None:
    async with call.socket.open():
        await call.line.picked_up()
        assert call.line.live
        await call.line.live.send_json({"type": "disconnect", "reason": "refresh_requested"})
        await call.line.picked_up()
        handed = await call.line.hands("events_api", {"event": {"type": "never_heard_of"}})
        assert (await call.line.acknowledges())["envelope_id"] == handed
    assert call.line.opened == 2


async def test_what_was_begun_is_finished_before_the_end_and_nothing_else_is_taken(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap T12: bolt's own `close` would leave the listener behind."""
    begun, may_go_on, taken = asyncio.Event(), asyncio.Event(), 0
    receive = call.world.intake.receive

    async def slowly(*told: Any) -> Reply:
        nonlocal taken
        taken += 1
        begun.set()
        await asyncio.wait_for(may_go_on.wait(), PATIENCE)
        return await receive(*told)

    await call.world.pair_up()
    monkeypatch.setattr(call.world.intake, "receive", slowly)
    stop = asyncio.Event()

    async def serve() -> None:
        async with call.socket.open():
            await stop.wait()

    serving = asyncio.create_task(serve())
    await call.line.picked_up()
    first = await call.line.hands("events_api", _said("help"))
    await asyncio.wait_for(begun.wait(), PATIENCE)
    stop.set()
    await asyncio.sleep(0)
    second = SocketModeRequest("events_api", "e2", _said("status"))
    await call.socket.handle(call.socket.client, second)
    may_go_on.set()
    await asyncio.wait_for(serving, PATIENCE)
    assert (await call.line.acknowledges())["envelope_id"] == first
    assert taken == 1


async def test_what_could_not_be_done_is_left_for_slack_to_send_again(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A4: a first attempt that failed before it was committed is not acknowledged."""
    await call.world.pair_up()
    receive = call.world.intake.receive
    tried = 0

    async def fails_once(
        account: Account, input: Input, delivery: str, pair: str | None = None
    ) -> Reply:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise ConnectionError
        return await receive(account, input, delivery, pair)

    monkeypatch.setattr(call.world.intake, "receive", fails_once)
    async with call.socket.open():
        await call.line.picked_up()
        await call.line.hands("events_api", _said("help"))
        again = await call.line.hands("events_api", _said("help"))
        assert (await call.line.acknowledges())["envelope_id"] == again


async def test_a_token_that_slack_does_not_take_is_said_at_once(call: Call) -> None:
    call.desk.answers["apps.connections.open"] = {"ok": False, "error": "invalid_auth"}
    with pytest.raises(SettingsError, match="SLACK_APP_TOKEN: invalid_auth") as refused:
        async with call.socket.open():
            pass
    assert "canary" not in str(refused.value)


async def test_who_is_told_to_stop_does_not_wait_for_a_connection_that_fails(call: Call) -> None:
    """It would be tried for ever: every ten seconds, and a stop would not be heard."""
    nowhere = f"ws://127.0.0.1:{free_port()}"
    call.desk.answers["apps.connections.open"] = {"ok": True, "url": nowhere}
    async with asyncio.timeout(5):
        async with call.socket.open():
            await asyncio.sleep(0)
    assert call.socket.client.closed


def test_the_command_says_what_is_missing(settled: Terminal) -> None:
    assert "connections:write" in settled.fails("slack", "socket")
    settled.sets(SLACK_APP_TOKEN="xapp-canary")
    assert "SLACK_BOT_TOKEN" in settled.fails("slack", "socket")
