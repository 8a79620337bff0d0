"""Installing from a browser: who begins it ends it, once; everybody else sees a kind page."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from adapters.slack.grant import GrantError, Granting
from adapters.slack.installing import BACK, COOKIE, INSTALL, PATIENCE, Installing
from adapters.slack.workspaces import Workspaces
from adapters.store import installations
from adapters.store.sql import SqlStore
from tests.slack_desk import CLIENT, SECRET, Desk, desk, granted
from tests.stage import BOOK
from tests.test_slack_installations import MASTER, NOON, HandClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.store.installations import Installation

pytest_plugins = ("tests.databases",)

PUBLIC = "https://turnabout.example.org"
SCOPES = ("chat:write", "commands")


@dataclass
class Admin:
    """Somebody who installs, in a browser that keeps cookies as browsers do."""

    app: Starlette
    browser: httpx.AsyncClient

    async def begins(self) -> str:
        """Go to Slack; return the state one is sent there with."""
        answer = await self.browser.get(INSTALL)
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]

    async def returns(self, **told: str) -> httpx.Response:
        """Come back from Slack."""
        return await self.browser.get(BACK, params=told)

    def another(self) -> Admin:
        """Return the same server, seen in another browser."""
        return Admin(self.app, browser_of(self.app))


def browser_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC)


@dataclass
class World:
    """A server, Slack's desk, and an administrator."""

    admin: Admin
    desk: Desk
    store: SqlStore
    clock: HandClock
    workspaces: Workspaces

    async def installed(self) -> tuple[Installation, ...]:
        return await self.store.run(lambda conn: installations.every(conn, self.store.keys))


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    store, clock = await SqlStore.open(database, MASTER), HandClock()
    async with desk() as opened:
        granting = Granting(CLIENT, SECRET, opened.url)
        workspaces = Workspaces(store, clock, granting)
        installing = Installing(store, clock, granting, workspaces, PUBLIC, SCOPES, words)
        app = Starlette(routes=installing.routes())
        opened.codes["good"] = granted()
        yield World(Admin(app, browser_of(app)), opened, store, clock, workspaces)
    await store.close()


def words(key: str, lang: str) -> str:
    return str(BOOK.general("installing", key, lang))


def is_kind(page: httpx.Response, key: str) -> bool:
    """Tell whether a page says what it should, offers a way on, and lets nothing be done to it."""
    said = re.sub(r"&#x27;|&quot;", "", page.text)
    beginning = words(key, "en").partition("{")[0]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert "canary" not in page.text
    return beginning in said and 'href="' in page.text


# Going well


async def test_an_administrator_installs_and_is_shown_the_way_on(world: World) -> None:
    page = await world.admin.returns(state=await world.admin.begins(), code="good")
    assert page.status_code == 200
    assert is_kind(page, "installed")
    assert 'href="https://slack.com/app_redirect?team=T1&amp;app=A1"' in page.text
    (new,) = await world.installed()
    assert (new.tenant, new.bot_user, new.token) == ("T1", "UBOT", "xoxb-canary-T1")
    assert new.scopes == set(SCOPES)
    assert (await world.workspaces.of("T1")).token == new.token


async def test_slack_is_asked_for_what_we_need_and_nothing_else(world: World) -> None:
    """T-16, and T-14: the state is long, the cookie is for this host and this browser alone."""
    answer = await world.admin.browser.get(INSTALL)
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["scope"] == ["chat:write,commands"]
    assert asked["client_id"] == [CLIENT]
    assert asked["redirect_uri"] == [PUBLIC + BACK]
    assert len(asked["state"][0]) == 43
    name, *flags = re.split("; ", answer.headers["set-cookie"])
    assert name.startswith(f"{COOKIE}=")
    assert COOKIE.startswith("__Host-")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"} == set(flags)
    assert asked["state"][0] not in name


async def test_a_whole_organisation_installs(world: World) -> None:
    whole = {"team": None, "enterprise": {"id": "E1"}, "is_enterprise_install": True}
    world.desk.codes["whole"] = granted(**whole)
    await world.admin.returns(state=await world.admin.begins(), code="whole")
    assert (await world.workspaces.of("T7", "E1")).token == "xoxb-canary-T1"


async def test_who_installs_again_has_the_new_token_at_once(world: World) -> None:
    """A19: one row, and this process does not go on with the token it remembers."""
    await world.admin.returns(state=await world.admin.begins(), code="good")
    await world.workspaces.of("T1")
    world.desk.codes["again"] = granted(access_token="xoxb-new")
    await world.admin.returns(state=await world.admin.begins(), code="again")
    assert (await world.workspaces.of("T1")).token == "xoxb-new"
    assert len(await world.installed()) == 1


async def test_tokens_that_run_out_are_renewed_at_slacks_desk(world: World) -> None:
    rotating = {"refresh_token": "xoxe-1", "expires_in": 43200}
    world.desk.codes |= {
        "rotating": granted(**rotating),
        "xoxe-1": granted(access_token="xoxe.xoxb-2", refresh_token="xoxe-2", expires_in=43200),
    }
    await world.admin.returns(state=await world.admin.begins(), code="rotating")
    world.clock.moves(timedelta(hours=13))
    assert (await world.workspaces.of("T1")).token == "xoxe.xoxb-2"
    (kept,) = await world.installed()
    assert (kept.refresh, kept.at) == ("xoxe-2", NOON)


# Going wrong: nothing is installed (T-14)


async def test_without_the_cookie_nothing_is_installed(world: World) -> None:
    state = await world.admin.begins()
    world.admin.browser.cookies.clear()
    page = await world.admin.returns(state=state, code="good")
    assert page.status_code == 400
    assert is_kind(page, "stale")
    assert not await world.installed()


async def test_in_another_browser_nothing_is_installed(world: World) -> None:
    """Somebody else's answer, opened by a victim who has begun as well."""
    theirs, victim = await world.admin.begins(), world.admin.another()
    await victim.begins()
    assert is_kind(await victim.returns(state=theirs, code="good"), "stale")
    assert not await world.installed()


async def test_a_second_time_nothing_is_installed(world: World) -> None:
    state = await world.admin.begins()
    cookies = dict(world.admin.browser.cookies)
    await world.admin.returns(state=state, code="bad")
    world.admin.browser.cookies.update(cookies)
    assert is_kind(await world.admin.returns(state=state, code="good"), "stale")
    assert not await world.installed()


async def test_too_late_nothing_is_installed(world: World) -> None:
    state = await world.admin.begins()
    world.clock.moves(PATIENCE)
    assert is_kind(await world.admin.returns(state=state, code="good"), "stale")
    assert not await world.installed()


@pytest.mark.parametrize("path", ["/slack/oauth_redirect/x", "/oauth_redirect", "/slack"])
async def test_at_another_address_there_is_nothing(world: World, path: str) -> None:
    state = await world.admin.begins()
    page = await world.admin.browser.get(path, params={"state": state, "code": "good"})
    assert page.status_code == 404
    assert not await world.installed()


@pytest.mark.parametrize("code", ["someone-elses", "' OR 1=1 --", "\x00", "x" * 5000])
async def test_with_another_code_nothing_is_installed(world: World, code: str) -> None:
    page = await world.admin.returns(state=await world.admin.begins(), code=code)
    assert page.status_code == 502
    assert is_kind(page, "refused")
    assert "invalid_code" in page.text
    assert not await world.installed()


async def test_twice_at_once_is_once(world: World) -> None:
    state = await world.admin.begins()
    cookies = world.admin.browser.cookies
    twice = [world.admin.another() for _ in range(2)]
    for each in twice:
        each.browser.cookies.update(cookies)
    pages = await asyncio.gather(*(each.returns(state=state, code="good") for each in twice))
    assert sorted(page.status_code for page in pages) == [200, 400]
    assert world.desk.methods() == ["oauth.v2.access"]


@pytest.mark.parametrize("told", [{"error": "access_denied"}, {"error": "<script>"}, {}])
async def test_who_changes_their_mind_is_not_scolded(world: World, told: dict[str, str]) -> None:
    page = await world.admin.returns(state=await world.admin.begins(), **told)
    assert page.status_code == 200
    assert is_kind(page, "cancelled")
    assert f'href="{INSTALL}"' in page.text
    assert not world.desk.asked


@pytest.mark.parametrize("told", [{}, {"state": ""}, {"state": "x" * 5000}, {"state": "\x00é"}])
async def test_a_state_that_is_none_is_a_page_as_well(world: World, told: dict[str, str]) -> None:
    await world.admin.begins()
    assert is_kind(await world.admin.returns(code="good", **told), "stale")
    assert not world.desk.asked


@pytest.mark.parametrize("lacks", ["team", "access_token", "scope"])
async def test_half_an_answer_installs_nothing(world: World, lacks: str) -> None:
    world.desk.codes["half"] = {k: v for k, v in granted().items() if k != lacks}
    page = await world.admin.returns(state=await world.admin.begins(), code="half")
    assert is_kind(page, "refused")
    assert not await world.installed()


async def test_a_page_speaks_german_to_those_who_ask_for_it(world: World) -> None:
    page = await world.admin.browser.get(BACK, headers={"accept-language": "de-AT,de;q=0.9"})
    assert words("again", "de") in page.text


# Slack's desk


async def test_what_slack_does_not_grant_is_told_by_its_word_and_without_a_secret(
    world: World,
) -> None:
    for granting, word in (
        (Granting(CLIENT, "wrong-canary", world.desk.url), "bad_client_secret"),
        (Granting(CLIENT, SECRET, "http://127.0.0.1:1/"), "ClientConnectorError"),
    ):
        with pytest.raises(GrantError, match=word) as refused:
            await granting.install("good", PUBLIC + BACK, NOON)
        assert "canary" not in str(refused.value)


async def test_a_token_for_somebody_else_is_not_taken(world: World) -> None:
    rotating: dict[str, Any] = {"refresh_token": "xoxe-1", "expires_in": 43200}
    world.desk.codes |= {"rotating": granted(**rotating), "xoxe-1": granted("T2", **rotating)}
    await world.admin.returns(state=await world.admin.begins(), code="rotating")
    world.clock.moves(timedelta(hours=13))
    with pytest.raises(LookupError, match="has run out"):
        await world.workspaces.of("T1")
