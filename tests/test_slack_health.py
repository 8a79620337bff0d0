"""The doctor on Slack: every line says how it is, and what to do."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from adapters import doctor
from adapters.house import open_house
from adapters.settings import Settings, new_key, read
from adapters.slack.health import examine
from adapters.slack.manifest import SCOPES
from adapters.store import installations
from tests.slack_desk import Desk, desk
from tests.test_slack_installations import installed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytest_plugins = ("tests.databases",)

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
GOOD = {"ok": True, "user": "turnabout", "team": "Example Works", "team_id": "T1"}
HEX = "0123456789abcdef" * 2
WELL = Settings("", slack_token="xoxb-canary", slack_app_token="xapp-canary")


@asynccontextmanager
async def well(**headers: str) -> AsyncIterator[Desk]:
    """Open Slack's desk, where all is well."""
    async with desk() as opened:
        opened.headers = {"x-oauth-scopes": ",".join(SCOPES), "Date": format_datetime(NOW)}
        opened.headers |= headers
        opened.answers = {"auth.test": GOOD, "apps.connections.open": {"ok": True, "url": "wss:"}}
        yield opened


async def lines(settings: Settings, opened: Desk, **told: Any) -> list[tuple[bool, str]]:
    found = await examine(replace(settings, slack_api=opened.url), told.get("by", ()), NOW)
    assert not [line for _, line in found if "canary" in line]
    assert all(line[0].isupper() and line.endswith(".") for _, line in found)
    return found


def todo(found: list[tuple[bool, str]]) -> list[str]:
    return [line for is_well, line in found if not is_well]


async def test_where_all_is_well_nothing_is_to_be_done() -> None:
    async with well() as opened:
        found = await lines(WELL, opened)
    assert not todo(found)
    told = " ".join(line for _, line in found)
    assert "as turnabout in Example Works (T1)" in told
    assert "agrees with Slack's" in told
    assert "`turnabout slack socket`" in told


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"slack_token": ""}, "SLACK_BOT_TOKEN is not set"),
        ({"slack_token": "xoxp-canary"}, "SLACK_BOT_TOKEN does not look like one"),
        ({"slack_token": "xapp-canary"}, "Bot User OAuth Token (xoxb-…)"),
        ({"slack_app_token": "xoxb-canary"}, "SLACK_APP_TOKEN does not look like one"),
        ({"slack_app_token": "", "slack_secret": ""}, "SLACK_SIGNING_SECRET is not set"),
        ({"slack_app_token": "", "slack_secret": "canary"}, "SLACK_SIGNING_SECRET does not look"),
        ({"slack_app_token": "", "slack_secret": HEX}, "TURNABOUT_URL is not set"),
        ({"slack_token": "", "slack_client": "canary"}, "SLACK_OAUTH_CLIENT_ID does not look"),
        ({"slack_token": "", "slack_client": "1.2"}, "SLACK_OAUTH_CLIENT_SECRET is not set"),
        ({"slack_token": "", "slack_client": "1.2"}, "Nobody has installed yet"),
    ],
)
async def test_what_is_missing_or_mistaken_is_said_with_where_to_find_it(
    wrong: dict[str, str], told: str
) -> None:
    async with well() as opened:
        found = todo(await lines(replace(WELL, **wrong), opened))
    assert any(told in line for line in found), found


@pytest.mark.parametrize(
    ("method", "error", "told"),
    [
        ("auth.test", "invalid_auth", "token of SLACK_BOT_TOKEN (invalid_auth). Copy it again"),
        ("apps.connections.open", "not_allowed", "(not_allowed). Make one with the scope"),
    ],
)
async def test_what_slack_refuses_is_said_in_its_word(method: str, error: str, told: str) -> None:
    async with well() as opened:
        opened.answers[method] = {"ok": False, "error": error}
        (line,) = todo(await lines(WELL, opened))
    assert told in line


@pytest.mark.parametrize(
    ("granted", "told"),
    [
        (SCOPES - {"im:history"}, "has not granted im:history"),
        (frozenset(), "has not granted chat:write, commands"),
        (SCOPES | {"channels:history"}, "more than is needed (channels:history)"),
    ],
)
async def test_scopes_are_as_agreed(granted: frozenset[str], told: str) -> None:
    async with well(**{"x-oauth-scopes": ", ".join(granted)}) as opened:
        (line,) = todo(await lines(WELL, opened))
    assert told in line
    assert "`turnabout slack manifest`" in line


async def test_what_may_be_switched_on_is_not_too_much() -> None:
    more = SCOPES | {"users:read.email", "files:write"}
    async with well(**{"x-oauth-scopes": ",".join(more)}) as opened:
        assert not todo(await lines(WELL, opened))


@pytest.mark.parametrize(("off", "told"), [(90, "90 seconds behind"), (-400, "400 seconds ahead")])
async def test_a_clock_that_is_wrong_is_told_by_how_much(off: int, told: str) -> None:
    async with well(Date=format_datetime(NOW + timedelta(seconds=off))) as opened:
        (line,) = todo(await lines(WELL, opened))
    assert told in line


@pytest.mark.parametrize("date", ["", "yesterday"])
async def test_a_date_that_is_none_is_let_be(date: str) -> None:
    async with well(Date=date) as opened:
        assert not todo(await lines(WELL, opened))


async def test_where_slack_cannot_be_reached_that_is_said_once_for_each() -> None:
    async with well() as opened:
        opened.url = "http://127.0.0.1:1/"
        found = todo(await lines(WELL, opened))
    assert len(found) == 2
    assert "Allow outgoing https to slack.com" in found[0]


async def test_an_address_that_nobody_answers_at_is_said() -> None:
    told = replace(WELL, slack_app_token="", slack_secret=HEX, public="https://127.0.0.1:1")
    async with well() as opened:
        (line,) = todo(await lines(told, opened))
    assert "We do not answer at https://127.0.0.1:1" in line


async def test_every_workspace_that_installed_is_asked_about(database: str) -> None:
    async with well() as opened:
        opened.answers["auth.test"] = {"ok": False, "error": "token_revoked"}
        env = {"DATABASE_URL": database, "TURNABOUT_KEY": new_key(), "SLACK_API_URL": opened.url}
        env |= {"SLACK_OAUTH_CLIENT_ID": "1.2", "SLACK_OAUTH_CLIENT_SECRET": HEX}
        async with open_house(read(env)) as house:
            keys = house.store.keys
            await house.store.run(lambda conn: installations.keep(conn, keys, installed("T7")))
        found = [str(finding) for finding in await doctor.examine(env)]
    assert [line for line in found if "token of T7 (token_revoked). Install the app again" in line]
    assert not [line for line in found if "Nobody has installed" in line or "canary" in line]
