"""Real processes on Slack that are killed, or told to stop: nothing is lost and nothing is doubled.

A5, for the address and for Socket Mode: a kill before the turn is committed, after that but before
Slack has its answer, after a message arrived but before that is noted, while a token is renewed.
"""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.flows import welcome
from tests.fake_slack import TOKEN
from tests.mortal import (
    AFTER_COMMIT,
    BEFORE_COMMIT,
    BEFORE_KEEPING,
    BEFORE_NOTING,
    BEFORE_RENEWING,
    PLACES,
)
from tests.processes import until
from tests.slack_processes import founded_on_slack
from tests.test_slack_socket import _said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.processes import Started
    from tests.slack_processes import SlackTown

pytest_plugins = ("tests.databases",)

YES = "Yes, I would like to"


@pytest.fixture
async def slack(database: str, tmp_path: Path) -> AsyncIterator[SlackTown]:
    async with founded_on_slack(database, tmp_path) as town:
        yield town
        assert town.fake.refused == []


async def both_were_told_once(slack: SlackTown) -> None:
    """Ada's yes is in the journal once, and each has one message, with the right card in it."""
    await slack.rests()
    assert len(await slack.town.events(welcome.Accepted)) == 1
    assert [len(slack.fake.chats[name]) for name in ("DUADA", "DUBEN")] == [1, 1]
    assert slack.person("UBEN").labels()[0] == YES


# Killed


@pytest.mark.parametrize("place", PLACES)
async def test_a_yes_on_slack_survives_the_death_of_the_web_process(slack, place) -> None:
    """Where Slack has no answer it sends the same again to the process that takes its place."""
    town = slack.town
    mortal = town.web(die=place)
    await town.answers()
    says = asyncio.create_task(slack.person("UADA").writes(YES))
    assert await town.end_of(mortal) == -signal.SIGKILL
    assert len(await town.events(welcome.Accepted)) == (0 if place == BEFORE_COMMIT else 1)
    assert len(slack.fake.chats["DUBEN"]) == (1 if place == BEFORE_NOTING else 0)
    town.web()
    town.worker()
    assert (await says).status_code == 200
    assert slack.door.tries > 1 or place == BEFORE_NOTING, "by then it may have its answer"
    await both_were_told_once(slack)
    if place != BEFORE_COMMIT:
        assert slack.fake.count("conversations.history") > 0, "it was looked for before it was sent"


@pytest.mark.parametrize("place", [BEFORE_COMMIT, AFTER_COMMIT])
async def test_a_yes_survives_the_death_of_the_socket_process(slack, place) -> None:
    """Slack has no acknowledgement, so it hands the same over on the next connection."""
    town, said = slack.town, _said(YES, channel="DUADA")
    mortal = town.socket(die=place)
    await slack.picked_up()
    await slack.line.hands("events_api", said)
    assert await town.end_of(mortal) == -signal.SIGKILL
    assert slack.line.acknowledged.empty()
    town.socket()
    town.worker()
    await slack.picked_up()
    await slack.hands_over(said)
    await both_were_told_once(slack)


@pytest.mark.parametrize("place", [BEFORE_RENEWING, BEFORE_KEEPING])
async def test_a_death_while_a_token_is_renewed_holds_nobody_up(database, tmp_path, place) -> None:
    """The old token holds until its hour; a refresh token that died unkept is never asked again.

    Then the workspace has to install anew, which the doctor says; what people did is kept.
    """
    async with founded_on_slack(database, tmp_path, many=True) as slack:
        slack.fake.renewals["r"] = "xoxb-renewed"
        town = slack.town
        mortal = town.web(die=place)
        await town.answers()
        says = asyncio.create_task(slack.person("UADA").writes(YES))
        assert await town.end_of(mortal) == -signal.SIGKILL
        assert (await slack.kept()).token == TOKEN
        town.house.clock.move_to(town.house.clock.now() + timedelta(minutes=2))
        town.web()
        town.worker()
        assert (await says).status_code == 200
        await both_were_told_once(slack)

        async def tried_again() -> bool:
            renewed = (await slack.kept()).token == "xoxb-renewed"
            refused = "oauth.v2.access: invalid_refresh_token" in slack.fake.refused
            return refused if place == BEFORE_KEEPING else renewed

        await until(tried_again, "the next process has tried to renew the token")
        assert ((await slack.kept()).token == TOKEN) == (place == BEFORE_KEEPING)


# Told to stop


async def still_runs(process: Started) -> bool:
    """Tell whether a process goes on, though it was given a second to end."""
    await asyncio.to_thread(process.wait, 1)
    return process.poll() is None


@pytest.mark.parametrize("way", ["web", "socket"])
async def test_who_is_told_to_stop_finishes_what_was_acknowledged(files, tmp_path, way) -> None:
    """SIGTERM while Slack's Web API hangs: the card is still sent, and noted, and then it ends."""
    url = files.new(f"stop-{way}", like="migrated")
    async with founded_on_slack(url, tmp_path) as slack:
        town, fake = slack.town, slack.fake
        town.env["TURNABOUT_LEASE"] = "120"  # which it may take, however slow the machine
        fake.calls.clear()
        process = town.web() if way == "web" else town.socket()
        await (town.answers() if way == "web" else slack.picked_up())
        fake.troubles["conversations.open"] = ["hang"]
        if way == "web":
            await slack.person("UADA").writes(YES)
        else:
            await slack.hands_over(_said(YES, channel="DUADA"))

        async def hangs() -> bool:
            return fake.count("conversations.open") > 0

        await until(hangs, "a call hangs")
        assert fake.chats["DUBEN"] == []
        process.terminate()
        assert await still_runs(process)
        fake.awake.set()
        assert await town.end_of(process) in {0, -signal.SIGTERM}
        assert len(fake.chats["DUBEN"]) == 1
        await both_were_told_once(slack)
