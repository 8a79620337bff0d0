"""Installations on Slack: whose token is kept, renewed, taken back, and shown to nobody."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, make_url, select, update

from adapters.slack.grant import GrantError, Granting
from adapters.slack.removal import removal
from adapters.slack.workspaces import EARLY, LIFETIME, Workspaces
from adapters.store import installations, tables
from adapters.store.installations import Installation
from adapters.store.keys import SealBrokenError
from adapters.store.sql import SqlStore
from tests.fake_slack import TEAM
from tests.slack_world import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy import Connection

    from tests.slack_world import World

pytest_plugins = ("tests.slack_fixtures",)

MASTER = bytes(range(32))
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
CANARY = "xoxb-canary"
SCOPES = frozenset({"chat:write", "commands"})


@dataclass
class HandClock:
    """A clock that is moved by hand."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def moves(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Slack:
    """Slack, as far as it renews tokens: each refresh token is good once.

    It answers when it is let: `called` is set when it was asked, `answers` lets it go on.
    """

    good: set[str]
    asked: int = 0
    down: bool = False
    called: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def renew(self, old: Installation, now: datetime) -> Installation:
        self.asked += 1
        self.called.set()
        async with asyncio.timeout(10):
            await self.answers.wait()
        if self.down or old.refresh not in self.good:
            raise GrantError("invalid_refresh_token")
        self.good = {f"xoxe-{self.asked}"}
        return replace(
            old,
            token=f"xoxe.xoxb-{self.asked}",
            refresh=f"xoxe-{self.asked}",
            expires_at=now + timedelta(hours=12),
        )


@dataclass
class Office:
    """Two processes at one database, with one clock and one Slack."""

    url: str
    one: SqlStore
    other: SqlStore
    clock: HandClock
    slack: Slack

    async def installs(self, *new: Installation) -> None:
        def keep(conn: Connection) -> None:
            for each in new:
                installations.keep(conn, self.one.keys, each)

        await self.one.run(keep)

    async def rows(self) -> int:
        count = select(func.count()).select_from(tables.slack_installation)
        return await self.one.run(lambda conn: conn.execute(count).scalar_one())

    def renewing(self, conn: Connection) -> bool:
        until = select(tables.slack_installation.c.renewing_until)
        return any(at and at > self.clock.now() for at in conn.execute(until).scalars())

    def workspaces(self, store: SqlStore | None = None) -> Workspaces:
        async def sleep(seconds: float) -> None:
            """Look a hundred times whether the other has noted what Slack answered."""
            async with asyncio.timeout(10):
                await self.slack.answers.wait()
                for _ in range(100):
                    if not await self.one.run(self.renewing):
                        return

        return Workspaces(store or self.one, self.clock, self.slack, sleep)  # type: ignore[arg-type]


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    one, other = [await SqlStore.open(database, MASTER) for _ in range(2)]
    slack = Slack({"xoxe-first"})
    slack.answers.set()
    yield Office(database, one, other, HandClock(), slack)
    await one.close()
    await other.close()


def installed(tenant: str = "T1", token: str = CANARY, **more: Any) -> Installation:
    return Installation(tenant, "UBOT", SCOPES, token, NOON, **more)


def passing(tenant: str = "T1") -> Installation:
    """An installation whose token runs out in twelve hours."""
    return installed(tenant, refresh="xoxe-first", expires_at=NOON + timedelta(hours=12))


# Kept, and in clear to nobody


async def test_who_installs_again_has_one_installation(office: Office) -> None:
    """A19: one row however often."""
    for token in ("xoxb-1", "xoxb-2", "xoxb-3"):
        await office.installs(installed(token=token))
    assert await office.rows() == 1
    assert (await office.workspaces().of("T1")).token == "xoxb-3"


async def test_a_token_is_readable_in_no_row_and_no_file(office: Office) -> None:
    """A11, T-15."""
    await office.installs(installed(refresh="xoxe-canary"))
    found = await office.one.run(lambda c: repr(c.execute(select(tables.slack_installation)).all()))
    assert "xox" not in found
    if office.url.startswith("sqlite"):
        file = Path(str(make_url(office.url).database))
        kept = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
        assert b"T1" in kept
        assert b"xox" not in kept


async def test_a_token_moved_to_another_tenant_does_not_open(office: Office) -> None:
    """T-15: the seal names the tenant."""
    await office.installs(installed("T1"), installed("T2"))
    table = tables.slack_installation

    def swap(conn: Connection) -> None:
        sealed = conn.execute(select(table.c.sealed).where(table.c.tenant == "T2")).scalar_one()
        conn.execute(update(table).where(table.c.tenant == "T1").values(sealed=sealed))

    await office.one.run(swap)
    with pytest.raises(SealBrokenError):
        await office.workspaces().of("T1")


def test_no_repr_shows_a_token() -> None:
    shown = f"{installed()!r} {Granting('id', 'xox-secret', 'https://example.org')!r}"
    assert "xox" not in shown


# Looked up


async def test_a_workspace_is_looked_up_once_in_a_lifetime(office: Office) -> None:
    """A8: at most one query, however many come at once."""
    await office.installs(installed())
    counted = Counting(office.one)
    workspaces = office.workspaces(counted)  # type: ignore[arg-type]
    await asyncio.gather(*(workspaces.of("T1") for _ in range(50)))
    office.clock.moves(LIFETIME - timedelta(seconds=1))
    await workspaces.of("T1")
    assert counted.runs == 1
    office.clock.moves(timedelta(seconds=1))
    await workspaces.of("T1")
    assert counted.runs == 2


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: SqlStore) -> None:
        self.keys = store.keys
        self.runs = 0
        self._store = store

    async def run(self, body: Callable[[Connection], Any]) -> Any:
        self.runs += 1
        return await self._store.run(body)


async def test_a_workspace_is_reached_by_its_own_or_by_its_organisations_installation(
    office: Office,
) -> None:
    await office.installs(installed("E1", "xoxb-whole"), installed("T1", "xoxb-own"))
    workspaces = office.workspaces()
    assert (await workspaces.of("T1", "E1")).token == "xoxb-own"
    assert (await workspaces.of("T2", "E1")).token == "xoxb-whole"
    assert (await workspaces.of("E1")).token == "xoxb-whole"


@pytest.mark.parametrize("place", [("T9", ""), ("T9", "E9"), ("", ""), ("T1' OR 1=1 --", "")])
async def test_a_stranger_has_no_token(office: Office, place: tuple[str, str]) -> None:
    await office.installs(installed())
    with pytest.raises(LookupError):
        await office.workspaces().of(*place)


# Renewed


async def test_fifty_at_once_in_two_processes_renew_a_token_once(office: Office) -> None:
    """A9: a refresh token is good once, so whoever else asked would lose the workspace."""
    await office.installs(passing())
    office.clock.moves(timedelta(hours=13))
    both = office.workspaces(), office.workspaces(office.other)
    bots = await asyncio.gather(*(both[n % 2].of("T1") for n in range(50)))
    assert {bot.token for bot in bots} == {"xoxe.xoxb-1"}
    assert office.slack.asked == 1


async def test_while_one_renews_early_the_others_go_on_with_the_old_token(office: Office) -> None:
    await office.installs(passing())
    office.clock.moves(timedelta(hours=12) - EARLY)
    office.slack.answers.clear()
    first = asyncio.create_task(office.workspaces().of("T1"))
    async with asyncio.timeout(10):
        await office.slack.called.wait()
    assert (await office.workspaces(office.other).of("T1")).token == "xoxb-canary"
    office.slack.answers.set()
    assert (await first).token == "xoxe.xoxb-1"
    assert (await office.workspaces(office.other).of("T1")).token == "xoxe.xoxb-1"


async def test_what_could_not_be_renewed_holds_until_its_hour_and_is_tried_again(
    office: Office,
) -> None:
    await office.installs(passing())
    office.slack.down = True
    office.clock.moves(timedelta(hours=11))
    assert (await office.workspaces().of("T1")).token == "xoxb-canary"
    office.clock.moves(timedelta(hours=1))
    with pytest.raises(LookupError, match="has run out"):
        await office.workspaces().of("T1")
    office.slack.down = False
    office.clock.moves(timedelta(minutes=1))
    assert (await office.workspaces().of("T1")).token == "xoxe.xoxb-3"


@pytest.mark.parametrize("anew", [False, True])
async def test_a_renewal_brings_nothing_back_that_was_removed_meanwhile(
    office: Office, anew: bool
) -> None:
    await office.installs(passing())
    office.clock.moves(timedelta(hours=11))
    office.slack.answers.clear()
    asking = asyncio.create_task(office.workspaces().of("T1"))
    async with asyncio.timeout(10):
        await office.slack.called.wait()
    await office.workspaces(office.other).remove(taken_back(uninstalled(), office.clock))
    if anew:
        await office.installs(replace(installed(token="xoxb-new"), at=office.clock.now()))
    office.slack.answers.set()
    if anew:
        assert (await asking).token == "xoxb-new"
    else:
        with pytest.raises(LookupError):
            await asking
        assert await office.rows() == 0


# Taken back

BY_TEAM = {"enterprise_id": None, "team_id": "T1", "is_enterprise_install": False}
BY_TEAM_OF_GRID = {"enterprise_id": "E1", "team_id": "T1", "is_enterprise_install": False}
BY_WHOLE = {"enterprise_id": "E1", "team_id": None, "is_enterprise_install": True}
LATER = int((NOON + timedelta(hours=1)).timestamp())


def uninstalled(**more: Any) -> dict[str, Any]:
    event = {"type": "app_uninstalled"}
    return {"team_id": "T1", "event": event, "event_time": LATER, **more}


def revoked(**more: Any) -> dict[str, Any]:
    event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["UBOT"]}}
    return {**uninstalled(), "event": event, **more}


def taken_back(envelope: dict[str, Any], clock: HandClock) -> Any:
    found = removal(envelope, clock.now())
    assert found
    return found


@pytest.mark.parametrize("shape", [uninstalled, revoked])
@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({}, {"T2", "E1"}),
        ({"enterprise_id": "E1"}, {"T2", "E1"}),
        ({"authorizations": [BY_TEAM]}, {"T2", "E1"}),
        ({"authorizations": [BY_TEAM_OF_GRID], "enterprise_id": "E1"}, {"T2", "E1"}),
        ({"authorizations": [BY_WHOLE], "enterprise_id": "E1"}, {"T1", "T2"}),
        ({"authorizations": [BY_WHOLE], "team_id": None}, {"T1", "T2"}),
        ({"team_id": "T8", "enterprise_id": "E1"}, {"T1", "T2"}),
        ({"team_id": "T8", "enterprise_id": "E1", "authorizations": []}, {"T1", "T2"}),
        ({"team_id": "T8"}, {"T1", "T2", "E1"}),
    ],
)
async def test_an_installation_is_gone_however_slack_says_so(
    office: Office,
    shape: Callable[..., dict[str, Any]],
    told: dict[str, Any],
    left: set[str],
) -> None:
    """A10 and trap 8: team, organisation, with and without `authorizations`."""
    await office.installs(*(installed(tenant) for tenant in ("T1", "T2", "E1")))
    workspaces = office.workspaces()
    for tenant in ("T1", "T2", "E1"):
        await workspaces.of(tenant)
    await workspaces.remove(taken_back(shape(**told), office.clock))
    for tenant in {"T1", "T2", "E1"} - left:
        with pytest.raises(LookupError):
            await workspaces.of(tenant)
    found = await office.one.run(lambda c: installations.every(c, office.one.keys))
    assert {one.tenant for one in found} == left


@pytest.mark.parametrize("order", [(uninstalled, revoked), (revoked, uninstalled)])
async def test_uninstalling_and_revoking_come_in_either_order_and_more_than_once(
    office: Office, order: tuple[Callable[..., dict[str, Any]], ...]
) -> None:
    await office.installs(installed("T1"), installed("E1"))
    envelopes = [shape(enterprise_id="E1", authorizations=[BY_TEAM_OF_GRID]) for shape in order * 2]
    for envelope in envelopes:
        await office.workspaces().remove(taken_back(envelope, office.clock))
    found = await office.one.run(lambda c: installations.every(c, office.one.keys))
    assert [one.tenant for one in found] == ["E1"]


async def test_late_news_of_an_earlier_installation_leaves_the_new_one_alone(
    office: Office,
) -> None:
    await office.installs(replace(installed(), at=NOON + timedelta(hours=2)))
    await office.workspaces().remove(taken_back(revoked(), office.clock))
    assert await office.rows() == 1


async def test_an_organisations_removal_reaches_all_workspaces_it_was_remembered_for(
    office: Office,
) -> None:
    await office.installs(installed("E1"))
    workspaces = office.workspaces()
    await workspaces.of("T1", "E1")
    envelope = uninstalled(authorizations=[BY_WHOLE])
    await workspaces.remove(taken_back(envelope, office.clock))
    with pytest.raises(LookupError):
        await workspaces.of("T1", "E1")


async def test_another_process_lets_go_when_slack_refuses_or_after_a_while(office: Office) -> None:
    await office.installs(installed("T1"), installed("T2"))
    here, there = office.workspaces(), office.workspaces(office.other)
    for tenant in ("T1", "T2"):
        await there.of(tenant)
        told = uninstalled(team_id=tenant)
        await here.remove(taken_back(told, office.clock))
    there.forget("T1")
    with pytest.raises(LookupError):
        await there.of("T1")
    office.clock.moves(LIFETIME)
    with pytest.raises(LookupError):
        await there.of("T2")


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        {"event": None},
        {"event": []},
        {"event": {"type": "message"}, "team_id": "T1"},
        {"event": {"type": "tokens_revoked"}, "team_id": "T1"},
        {"event": {"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}, "team_id": "T1"},
        {"event": {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}},
    ],
)
def test_what_takes_no_installation_back_is_let_be(envelope: dict[str, Any]) -> None:
    assert removal(envelope, NOON) is None


@pytest.mark.parametrize(
    "told",
    [
        {"authorizations": [None], "team_id": ["T1"]},
        {"authorizations": "T1", "team_id": None, "enterprise_id": {}},
        {"event_time": "noon", "team_id": 7},
        {"event_time": 10**30},
    ],
)
async def test_what_is_garbled_takes_nothing_back_and_breaks_nothing(
    office: Office, told: dict[str, Any]
) -> None:
    await office.installs(installed("T2"))
    await office.workspaces().remove(taken_back(uninstalled(**told), office.clock))
    assert await office.rows() == 1


# What becomes of the people of a workspace


async def install(world: World, token: str, **more: Any) -> None:
    """Let the workspace of the fake install, with this token and no other."""
    new = replace(installed(TEAM, token, **more), at=world.clock.now())
    await world.store.run(lambda c: installations.keep(c, world.store.keys, new))
    world.fake.tokens = {token}


@pytest.mark.parametrize("shape", [uninstalled, revoked])
@pytest.mark.parametrize("bare", [False, True])
async def test_whoever_took_the_app_away_is_left_alone_until_it_is_back(
    database: str, shape: Callable[..., dict[str, Any]], bare: bool
) -> None:
    """A10: no call without a token, whatever comes due; what they did is kept, and goes on."""
    async with opened(database, many=True) as world:
        await install(world, "xoxb-first")
        await world.pair_up()
        assert world.ada.labels()
        world.clock.moves(hours=1)
        told = {"event_time": int(world.clock.now().timestamp())}
        told |= {"authorizations": []} if bare else {}
        answer = await world.ada.happens(shape()["event"], **told)
        assert (answer.status_code, answer.content) == (200, b"")
        world.fake.tokens.clear()
        calls, journal = len(world.fake.calls), len((await world.pair()).journal)
        await world.ada.presses("Yes, I would like to")
        for _ in range(14):
            world.clock.moves(days=1)
            await world.intake.sweep()
            await world.settled()
        assert len(world.fake.calls) == calls
        assert len((await world.pair()).journal) > journal
        await install(world, "xoxb-again")
        world.workspaces.forget(TEAM)
        world.clock.moves(hours=2)
        await world.intake.sweep()
        await world.settled()
        assert world.ben.labels()[0] == "Yes, I would like to"
        assert world.fake.refused == []


async def test_what_is_refused_for_an_old_token_goes_out_with_the_new_one(database: str) -> None:
    """A10: elsewhere the app was taken away and installed again; nobody waits, nothing is lost."""
    async with opened(database, many=True) as world:
        await install(world, "xoxb-first")
        await world.pair_up()
        await install(world, "xoxb-second")
        await world.ada.presses("Yes, I would like to")
        await world.settled()
        assert world.ben.labels()[0] == "Yes, I would like to"
        assert {told.partition(": ")[2] for told in world.fake.refused} == {"token_revoked"}
        assert len(world.ben.chat) == 1


async def test_a_token_that_was_taken_back_for_good_is_not_tried_over_and_over(
    database: str,
) -> None:
    """A10: Slack never told us that it was taken back; the call is made once, and again later."""
    async with opened(database, many=True) as world:
        await install(world, "xoxb-first")
        await world.pair_up()
        world.fake.tokens.clear()
        await world.ada.presses("Yes, I would like to")
        await world.settled()
        assert world.fake.refused.pop() == "conversations.open: token_revoked"
        world.fake.calls.clear()
        for _ in range(5):
            world.clock.moves(minutes=10)
            await world.intake.sweep()
        assert world.fake.calls == []


# Begun and ended


async def test_what_one_browser_began_is_ended_there_once_and_in_time(office: Office) -> None:
    """T-14: a state is one browser's, for ten minutes, once."""
    later = NOON + timedelta(minutes=10)

    def begun(conn: Connection) -> list[bool]:
        for state in ("a", "b"):
            installations.begin(conn, state, "mine", NOON, later)
        return [
            installations.end(conn, "a", "another", NOON),
            installations.end(conn, "a", "mine", NOON),
            installations.end(conn, "a", "mine", NOON),
            installations.end(conn, "b", "mine", later),
        ]

    assert await office.one.run(begun) == [False, True, False, False]


async def test_who_never_ends_is_forgotten(office: Office) -> None:
    later = NOON + timedelta(minutes=10)
    count = select(func.count()).select_from(tables.slack_state)

    def begun(conn: Connection) -> int:
        installations.begin(conn, "a", "mine", NOON, later)
        installations.begin(conn, "b", "mine", later, later + timedelta(minutes=10))
        return int(conn.execute(count).scalar_one())

    assert await office.one.run(begun) == 1
