"""What an administrator is told of how Teams is set up, and a try at writing to somebody."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from adapters import cli, doctor
from adapters.settings import Settings, TeamsSettings, new_key
from adapters.store import references, roster
from adapters.store.migrate import upgrade
from adapters.store.references import Address, Place
from adapters.store.sql import SqlStore
from adapters.teams.checkup import PATH, Checkup
from bot.people import Account
from tests import fake_teams
from tests.fake_teams import FakeTeams, Fault, serving
from tests.stage import BOOK, MONDAY
from tests.teams_stage import StageClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.teams.checkup import Look

APP, TENANT = "6d1c5c5e-0000-4000-8000-000000000001", "0aa2c5de-0000-4000-8000-000000000002"
SECRET, USER, PUBLIC = "canary~secret", "3bb3c5de-0000-4000-8000-000000000003", "https://t.example"
CLOCK = StageClock()


@pytest.fixture
async def teams(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeTeams]:
    for name, value in (("APP", APP), ("TENANT", TENANT), ("SECRET", SECRET)):
        monkeypatch.setattr(fake_teams, name, value)
    async with serving(CLOCK) as fake:
        yield fake


def told(teams: FakeTeams, **more: Any) -> TeamsSettings:
    return replace(TeamsSettings(APP, TENANT, SECRET, teams.cloud), **more)


class Door:
    """A session that finds a door of our choice at the public address, and goes out elsewhere."""

    def __init__(self, session: aiohttp.ClientSession, status: int) -> None:
        self.session, self.status, self.knocks = session, status, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)

    @asynccontextmanager
    async def post(self, url: str, **told: Any) -> AsyncIterator[Door]:
        self.knocks.append((url, told))
        if not self.status:
            raise aiohttp.ClientConnectionError
        yield self


async def looks(settings: TeamsSettings, public: str = PUBLIC, status: int = 401) -> list[Look]:
    async with Checkup.opened(settings, CLOCK) as checkup:
        door = Door(checkup.session, status)
        found = await replace(checkup, session=door).looked(public)
    assert all(url == PUBLIC + PATH and "headers" not in how for url, how in door.knocks)
    assert not any(SECRET in line for _, line in found)
    return found


async def test_all_is_well(teams: FakeTeams) -> None:
    found = await looks(told(teams))
    assert [well for well, _ in found] == [True] * 6
    assert APP in found[0][1]
    assert found[-1][1] == f"{PUBLIC}{PATH} answers, and lets nobody in without Teams' signature."


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"app_id": "turnabout"}, "TEAMS_APP_ID is not an application (client) id"),
        ({"tenant": "contoso.example"}, "a domain name will not do"),
        ({"secret": APP}, "Copy its value"),
    ],
)
async def test_what_was_copied_from_the_wrong_place_is_named(
    teams: FakeTeams, wrong: dict[str, str], line: str
) -> None:
    found = await looks(told(teams, **wrong))
    (todo,) = (said for well, said in found if not well)
    assert line in todo
    assert teams.tokens == 0, "what cannot be right is not tried"


async def test_a_secret_that_has_run_out_is_named(teams: FakeTeams) -> None:
    found = await looks(told(teams, secret="of-long-ago"))
    (todo,) = (said for well, said in found if not well)
    assert "gives this bot no token" in todo
    assert "of-long-ago" not in todo


async def test_a_machine_that_cannot_reach_out_is_told_so(teams: FakeTeams) -> None:
    teams.down = True
    (todo,) = (said for well, said in await looks(told(teams)) if not well)
    assert "signing keys" in todo


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (0, "cannot be reached (ClientConnectionError)"),
        (200, "does not ask for Teams' signature"),
        (403, "does not ask for Teams' signature"),
        (404, "is not the bot"),
        (405, "is not the bot"),
        (302, "answers 302"),
        (502, "answers 502"),
    ],
)
async def test_a_door_that_is_not_the_bots_is_named(
    teams: FakeTeams, status: int, line: str
) -> None:
    (todo,) = (said for well, said in await looks(told(teams), status=status) if not well)
    assert line in todo


@pytest.mark.parametrize("public", ["", "http://t.example", "t.example"])
async def test_without_a_public_address_nobody_is_asked(teams: FakeTeams, public: str) -> None:
    (todo,) = (said for well, said in await looks(told(teams), public, 0) if not well)
    assert "TURNABOUT_URL" in todo
    assert PATH in todo


async def test_development_is_never_well() -> None:
    ((well, line),) = await looks(TeamsSettings(development=True))
    assert not well
    assert "whoever is on this machine" in line


# Writing to somebody


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path}/turnabout.db"
    upgrade(url)
    return Settings(url, key_text=new_key(), public="http://not.yet.example")


async def joined(settings: Settings, service: str) -> None:
    """Let Ada join from Teams."""
    store = await SqlStore.open(settings.database, settings.master_key())
    at, address = Account("teams", TENANT, USER), Address(service, "a:1", "29:1", f"28:{APP}")

    def body(conn: Any) -> None:
        organisation = roster.add_organisation(conn, store.keys, "Example Works")
        ada = roster.add_person(conn, store.keys, organisation, "Ada")
        roster.add_account(conn, at, ada, MONDAY)
        assert references.keep(conn, store.keys, at, address, Place(), MONDAY)

    await store.run(body)
    await store.close()


async def smoke(settings: Settings, user: str = USER) -> list[str]:
    return [str(finding) for finding in await doctor.smoke(settings, user, "en")]


async def test_somebody_is_written_to_and_the_message_changes_in_place(
    teams: FakeTeams, settings: Settings
) -> None:
    await joined(settings, teams.service)
    *_, arrived, changed = await smoke(replace(settings, teams=told(teams)))
    assert arrived == "ok    A message arrived."
    assert changed.startswith("ok    It was changed in place.")
    (message,) = teams.chat("a:1")
    assert message.edits == 1
    assert message.activity["summary"] == str(BOOK.general("teams", "smoke.then", "en"))


async def test_somebody_who_took_the_app_away_is_not_reached(
    teams: FakeTeams, settings: Settings
) -> None:
    await joined(settings, teams.service)
    teams.faults.append(Fault(403, body={"error": {"code": "MessageWritesBlocked"}}))
    *_, last = await smoke(replace(settings, teams=told(teams)))
    assert last == "todo  Teams did not take that (GoneError). Is the app still installed?"


async def test_a_message_that_cannot_be_changed_is_told(
    teams: FakeTeams, settings: Settings
) -> None:
    await joined(settings, teams.service)
    teams.faults.extend([Fault(200, arrives=True, body={"id": "1"}), Fault(400)])
    *_, arrived, changed = await smoke(replace(settings, teams=told(teams)))
    assert arrived == "ok    A message arrived."
    assert changed.startswith("todo  Teams did not take that (NotSent)")


async def test_a_stranger_is_not_written_to(teams: FakeTeams, settings: Settings) -> None:
    await joined(settings, teams.service)
    *_, last = await smoke(replace(settings, teams=told(teams)), "somebody-else")
    assert last.startswith("todo  That person is not here")
    assert not teams.sent


def test_the_command_says_what_is_missing_and_ends_with_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TEAMS_APP_ID", "TEAMS_TENANT_ID", "TEAMS_SECRET", "TEAMS_DEVELOPMENT"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["teams", "smoke"]) == 1
    assert "Set TEAMS_APP_ID, TEAMS_TENANT_ID and TEAMS_SECRET first." in capsys.readouterr().err
    monkeypatch.setenv("TEAMS_DEVELOPMENT", "on")
    assert cli.main(["teams", "smoke"]) == 1
    assert capsys.readouterr().out.startswith("todo  Teams is in development")
