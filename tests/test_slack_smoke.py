"""Trying Slack out: all of it is done once, each answer is told, and nothing is left behind."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from adapters.settings import Settings, SettingsError, new_key
from adapters.slacking import smoke
from adapters.store import installations
from adapters.store.sql import SqlStore
from bot.people import Account
from tests.blocks import faults_of_message, faults_of_view
from tests.fake_slack import TEAM, TOKEN, FakeSlack, RefusedError
from tests.slack_world import HandClock
from tests.test_cli import settled, terminal
from tests.test_slack_installations import installed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy import Connection

    from tests.test_cli import Terminal

pytest_plugins = ("tests.databases",)

__all__ = ("settled", "terminal")


class Slack(FakeSlack):
    """The fake, with what only a try needs."""

    def on_chat_delete(self, told: dict[str, Any]) -> dict[str, Any]:
        chat = self.chats[told["channel"]]
        (gone,) = (message for message in chat if message["ts"] == told["ts"])
        chat.remove(gone)
        return {}

    def on_blocks_validate(self, told: dict[str, Any]) -> dict[str, Any]:
        ((kind, text),) = told.items()
        drawn = json.loads(text)
        if faults_of_message(drawn) if kind == "message" else faults_of_view(drawn):
            raise RefusedError(f"invalid_{kind}")
        return {}


@asynccontextmanager
async def slack() -> AsyncIterator[Slack]:
    fake = Slack(HandClock())
    await fake.start()
    fake.moves_in("UADMIN")
    try:
        yield fake
    finally:
        await fake.stop()


async def tried(fake: FakeSlack, database: str, user: str = "UADMIN") -> tuple[bool, list[str]]:
    told: list[str] = []

    def say(well: bool, text: str) -> None:
        told.append(f"{'ok' if well else 'todo'} {text}")

    settings = Settings(database, new_key(), slack_token=TOKEN, slack_api=fake.base)
    return await smoke(settings, Account("slack", TEAM, user), say), told


async def test_everything_is_tried_once_and_nothing_is_left_behind(database: str) -> None:
    async with slack() as fake:
        well, told = await tried(fake, database)
        assert well, told
        assert [line for line in told if not line.startswith("ok ")] == []
        assert len(told) == 12
        (admin,) = fake.users.values()
        assert fake.chats[admin.channel] == []
        assert admin.home
        assert admin.home["blocks"] == [{"type": "divider"}]
        tried_out = {method for method, _ in fake.calls}
    assert tried_out == {
        "blocks.validate",
        "chat.delete",
        "chat.postMessage",
        "chat.update",
        "conversations.history",
        "conversations.open",
        "views.open",
        "views.publish",
    }


@pytest.mark.parametrize(
    ("method", "word", "told"),
    [
        (
            "conversations.open",
            "missing_scope",
            "todo Open the direct message",
        ),
        ("chat.postMessage", "not_in_channel", "todo Send a message"),
        ("chat.update", "cant_update_message", "todo Change it in place"),
        ("conversations.history", "missing_scope", "todo Read our own last message"),
        ("views.publish", "not_enabled", "todo Show Home"),
        ("views.open", "missing_scope", "todo Open a form only after a press"),
    ],
)
async def test_what_slack_refuses_is_told_in_its_word_and_the_rest_goes_on(
    database: str, method: str, word: str, told: str
) -> None:
    async with slack() as fake:
        fake.troubles[method] = [f"error:{word}"]
        well, found = await tried(fake, database)
        assert not well
        (line,) = [line for line in found if line.startswith("todo")]
        assert line.startswith(told)
        assert line.endswith(f"{word}.")
        (admin,) = fake.users.values()
        assert fake.chats[admin.channel] == []


async def test_somebody_who_is_not_there_is_told_too(database: str) -> None:
    async with slack() as fake:
        fake.troubles["views.publish"] = ["error:user_not_found"]
        well, told = await tried(fake, database, "UNOBODY")
    assert not well
    assert [line for line in told if "user_not_found" in line]


async def test_the_only_workspace_is_meant_and_of_several_one_is_named(database: str) -> None:
    key = new_key()
    store = await SqlStore.open(database, Settings(database, key).master_key())
    told = {"slack_client": "1.2", "slack_client_secret": "x", "slack_secret": "x"}

    async def meant(named: str = "") -> bool:
        settings = Settings(database, key, slack_api=fake.base, public="https://a.example", **told)
        return await smoke(settings, Account("slack", named, "UADMIN"), lambda *_: None)

    def installs(team: str) -> Callable[[Connection], None]:
        return lambda conn: installations.keep(conn, store.keys, installed(team, TOKEN))

    async with slack() as fake:
        with pytest.raises(SettingsError, match="Nobody has installed"):
            await meant()
        await store.run(installs(TEAM))
        assert await meant()
        await store.run(installs("T2"))
        for named in ("", "TX"):
            with pytest.raises(SettingsError, match=f"--workspace: .*{TEAM}"):
                await meant(named)
        assert await meant(TEAM)
    await store.close()


def test_the_command_asks_with_whom(settled: Terminal) -> None:
    assert "--user" in settled.fails("slack", "smoke")
    assert "SLACK_BOT_TOKEN" in settled.fails("slack", "smoke", "--user", "U1")
