"""Who gets in: every way in which a token or an activity can be wrong, and the keys that change."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import jwt
import pytest

from adapters import app
from adapters.settings import Settings, SettingsError, TeamsSettings, new_key, read
from adapters.teams.cloud import PUBLIC
from tests.fake_teams import APP, ISSUER, SECRET, TENANT, private_key, public_key, serving
from tests.teams_stage import House, StageClock, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.databases import Files
    from tests.fake_teams import FakeTeams

pytest_plugins = ("tests.databases",)
_numbers = itertools.count()
DAY = timedelta(days=1)


@pytest.fixture
async def house(files: Files) -> AsyncIterator[House]:
    async with opened(files.new(f"auth{next(_numbers)}", like="migrated")) as house:
        yield house


def raw(header: object, claims: object, signature: bytes = b"signed") -> str:
    """Return a token put together by hand."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts)


def at(teams: FakeTeams, **moved: timedelta) -> dict[str, int]:
    return {k: int((teams.clock.now() + v).timestamp()) for k, v in moved.items()}


def signed(teams: FakeTeams, header: dict[str, str], key: object, algorithm: str) -> str:
    claims = jwt.decode(teams.token(), options={"verify_signature": False})
    return jwt.encode(claims, key, algorithm, header)  # type: ignore[arg-type]


WRONG: dict[str, Callable[[FakeTeams], str]] = {
    "missing": lambda t: "",
    "garbage": lambda t: "garbage",
    "three parts of garbage": lambda t: "a.b.c",
    "not JSON": lambda t: raw("{", "{"),
    "a list": lambda t: raw([], []),
    "deep": lambda t: "." + "[" * 5000 + ".",
    "another issuer": lambda t: t.token(iss="https://elsewhere.example"),
    "an emulator's issuer": lambda t: t.token(iss=f"https://sts.windows.net/{TENANT}/"),
    "no issuer": lambda t: t.token(without="iss"),
    "another audience": lambda t: t.token(aud="another-app"),
    "no audience": lambda t: t.token(without="aud"),
    "expired": lambda t: t.token(**at(t, exp=-timedelta(minutes=6))),
    "no expiry": lambda t: t.token(without="exp"),
    "an expiry that is no number": lambda t: t.token(exp="soon"),
    "not yet": lambda t: t.token(**at(t, nbf=timedelta(minutes=6))),
    "no beginning": lambda t: t.token(without="nbf"),
    "another service": lambda t: t.token(serviceurl="https://smba.trafficmanager.net/emea/"),
    "no service": lambda t: t.token(without="serviceurl"),
    "an unknown key": lambda t: signed(t, {"kid": "unknown"}, private_key("first"), "RS256"),
    "no key": lambda t: signed(t, {}, private_key("first"), "RS256"),
    "another's signature": lambda t: signed(t, {"kid": "first"}, private_key("other"), "RS256"),
    "a cut signature": lambda t: t.token()[:-8],
    "no algorithm": lambda t: signed(t, {"kid": "first"}, None, "none"),
    "a shared secret": lambda t: signed(t, {"kid": "first"}, "s" * 32, "HS256"),
    "another channel's key": lambda t: t.token("webchat"),
}


@pytest.mark.parametrize("how", WRONG)
async def test_a_wrong_token_is_refused_and_nothing_is_taken(house: House, how: str) -> None:
    """Point 6, and T-18."""
    house.teams.keys = [public_key("first"), public_key("webchat", "webchat")]
    ada = house.client("ada")
    answer = await ada.sends(ada.message(text="help"), WRONG[how](house.teams))
    await house.settled()
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert not house.teams.sent


async def test_a_token_of_another_scheme_is_refused(house: House) -> None:
    for header in (f"Basic {house.teams.token()}", house.teams.token(), "Bearer"):
        answer = await house.http.post("/api/messages", json={}, headers={"authorization": header})
        assert answer.status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("missing", ["serviceUrl", "channelId"])
async def test_what_an_activity_leaves_out_does_not_let_it_in(house: House, missing: str) -> None:
    """Point 7: the SDK skips its checks for what is not there."""
    ada = house.client("ada")
    activity = ada.message(text="help")
    del activity[missing]
    assert (await ada.sends(activity)).status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    ("conversation", "channel"),
    [("another", "another"), (TENANT, "another"), ("another", TENANT), (None, None)],
)
async def test_another_tenant_is_refused(
    house: House, conversation: str | None, channel: str | None
) -> None:
    """Point 11, and T-21: also where the two places of an activity disagree."""
    ada = house.client("ada")
    activity = ada.message(text="help")
    activity["conversation"]["tenantId"] = conversation
    activity["channelData"] = {"tenant": {"id": channel}} if channel else {}
    assert (await ada.sends(activity)).status_code == HTTPStatus.FORBIDDEN
    await house.settled()
    assert not house.teams.sent


async def test_a_tenant_named_once_is_enough(house: House) -> None:
    ada = house.client("ada")
    activity = ada.message(text="help")
    del activity["conversation"]["tenantId"]
    assert (await ada.sends(activity)).status_code == HTTPStatus.OK


async def test_new_keys_are_known_within_a_minute(house: House) -> None:
    """Point 8: Microsoft changes its keys; the SDK stays shut for a day."""
    ada = house.client("ada")
    assert (await ada.sends(ada.message(text="help"))).status_code == HTTPStatus.OK
    house.teams.keys = [public_key("second")]
    new = house.teams.token("second")
    house.clock.moment += timedelta(seconds=59)
    assert (await ada.sends(ada.message(text="help"), new)).status_code == HTTPStatus.UNAUTHORIZED
    house.clock.moment += timedelta(seconds=1)
    assert (await ada.sends(ada.message(text="help"), new)).status_code == HTTPStatus.OK


async def test_fifty_unknown_keys_are_looked_for_once(house: House) -> None:
    """Point 8."""
    ada = house.client("ada")
    await ada.sends(ada.message(text="help"))
    assert house.teams.looks == 1
    house.clock.moment += timedelta(minutes=2)
    for n in range(50):
        unknown = signed(house.teams, {"kid": f"k{n}"}, private_key("other"), "RS256")
        answer = await ada.sends(ada.message(text="help"), unknown)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert house.teams.looks == 2


async def test_without_any_key_we_are_not_there_and_with_old_ones_we_are(house: House) -> None:
    """Point 9."""
    ada, teams = house.client("ada"), house.teams
    teams.down = True
    answer = await ada.sends(ada.message(text="help"))
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    teams.down = False
    house.clock.moment += timedelta(seconds=5)
    assert (await ada.sends(ada.message(text="help"))).status_code == HTTPStatus.OK
    teams.down = True
    house.clock.moment += 2 * DAY
    assert (await ada.sends(ada.message(text="help"))).status_code == HTTPStatus.OK
    assert teams.looks == 3


async def test_a_key_that_was_taken_back_is_forgotten_within_a_day(house: House) -> None:
    ada = house.client("ada")
    await ada.sends(ada.message(text="help"))
    house.teams.keys = [public_key("second")]
    house.clock.moment += DAY
    answer = await ada.sends(ada.message(text="help"), house.teams.token("first"))
    assert answer.status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", HTTPStatus.BAD_REQUEST),
        (b"[]", "application/json", HTTPStatus.BAD_REQUEST),
        (b"\xff\xfe", "application/json", HTTPStatus.BAD_REQUEST),
        (b"[" * 100_000, "application/json", HTTPStatus.BAD_REQUEST),
        (b"{}", "text/plain", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        (b"x" * 300_000, "application/json", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ],
)
async def test_what_is_no_activity_is_refused(
    house: House, content: bytes, kind: str, status: HTTPStatus
) -> None:
    headers = {"authorization": f"Bearer {house.teams.token()}", "content-type": kind}
    answer = await house.http.post("/api/messages", content=content, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    "url",
    [
        "http://smba.trafficmanager.net/emea/",
        "https://smba.trafficmanager.net.evil.example/",
        "https://evil.example/smba.trafficmanager.net",
        "https://smba.trafficmanager.net@evil.example/",
        "https://evil.example#@smba.trafficmanager.net",
        "https://evil.example\\@smba.trafficmanager.net",
        "https://smba.trafficmanager.net:8443/",
        "https://smba.trafficmanager.net./",
        "https://169.254.169.254/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::1]/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://botframework.com.evil.example/",
        "https://evilbotframework.com/",
        "https://smba.trafficmanager.nеt/",
        "https://smba。trafficmanager。net/",
        "https://smba.trafficmanager.net/%2e%2e",
        "https://smba.trafficmanager.net/ x",
        "https://smba.trafficmanager.net:x/",
        "//smba.trafficmanager.net/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "",
    ],
)
def test_an_address_that_only_looks_like_teams_is_not_trusted(url: str) -> None:
    """T-17."""
    assert not PUBLIC.trusts(url)


def test_teams_own_addresses_are_trusted() -> None:
    for host in ("smba.trafficmanager.net", "eu.botframework.com", "x.teams.microsoft.com"):
        assert PUBLIC.trusts(f"https://{host}/emea/{TENANT}/")
    assert PUBLIC.trusts("https://SMBA.trafficmanager.net:443/")


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"TEAMS_APP_ID": "a"}, "by half"),
        ({"TEAMS_SECRET": "s"}, "by half"),
        ({"TEAMS_APP_ID": "a", "TEAMS_TENANT_ID": "t"}, "TEAMS_SECRET is missing"),
        ({"TEAMS_DEVELOPMENT": "on", "HOST": "0.0.0.0"}, "this machine only"),  # noqa: S104
        ({"TEAMS_DEVELOPMENT": "on", "TEAMS_APP_ID": "a"}, "this machine only"),
        (
            {"TEAMS_APP_ID": "a", "TEAMS_TENANT_ID": "t", "TEAMS_SECRET": "s", "TEAMS_CLOUD": "x"},
            "TEAMS_CLOUD",
        ),
    ],
)
def test_what_is_set_up_by_half_is_not_served(env: dict[str, str], said: str) -> None:
    """Point 12, and T-20."""
    with pytest.raises(SettingsError, match=said):
        read(env)


def test_teams_is_off_unless_it_is_set_up() -> None:
    told = {"TEAMS_APP_ID": "a", "TEAMS_TENANT_ID": "t", "TEAMS_SECRET": "canary"}
    assert read({}).teams is None
    assert read(told).teams == TeamsSettings("a", "t", "canary")
    assert read({"TEAMS_DEVELOPMENT": "on"}).teams == TeamsSettings(development=True)
    assert "canary" not in repr(read(told)) + repr(read(told).teams)


def test_ids_are_compared_as_teams_writes_them_however_a_portal_showed_them() -> None:
    """Otherwise the doctor finds all well, and nobody gets in."""
    told = {"TEAMS_APP_ID": "0A-0B", "TEAMS_TENANT_ID": "0C-0D", "TEAMS_SECRET": "Ab~C"}
    assert read(told).teams == TeamsSettings("0a-0b", "0c-0d", "Ab~C")


async def test_the_whole_app_answers_teams(files: Files) -> None:
    async with serving(StageClock()) as teams:
        told = TeamsSettings(APP, TENANT, SECRET, teams.cloud)
        url = files.new(f"auth{next(_numbers)}", like="migrated")
        built = app.build(Settings(url, key_text=new_key(), teams=told))
        async with built.router.lifespan_context(built):
            teams.clock = built.state.house.clock
            async with _browser(built, "203.0.113.7") as http:
                told = {"authorization": f"Bearer {teams.token()}"}
                activity = {"channelId": "msteams", "serviceUrl": teams.service}
                activity["channelData"] = {"tenant": {"id": TENANT}}
                answer = await http.post("/api/messages", json=activity, headers=told)
                assert answer.status_code == HTTPStatus.OK
                answer = await http.post("/api/messages", json=activity)
                assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert teams.cloud.issuer == ISSUER


def test_the_sdk_is_loaded_only_where_teams_is_served() -> None:
    loaded = "import sys, adapters.app, adapters.cli; print('botbuilder.core' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert told.stdout == "False\n"


async def test_the_development_flag_lets_in_nobody_but_this_machine(files: Files) -> None:
    """Point 12."""
    url = files.new(f"auth{next(_numbers)}", like="migrated")
    told = Settings(url, key_text=new_key(), teams=TeamsSettings(development=True))
    built = app.build(told)
    here, there = "http://127.0.0.1:56150/_connector", "https://smba.trafficmanager.net/"
    expected = {
        ("127.0.0.1", here): HTTPStatus.OK,
        ("127.0.0.1", there): HTTPStatus.FORBIDDEN,
        ("203.0.113.7", here): HTTPStatus.FORBIDDEN,
    }
    async with built.router.lifespan_context(built):
        for (client, service), status in expected.items():
            async with _browser(built, client) as http:
                answer = await http.post("/api/messages", json={"serviceUrl": service})
                assert answer.status_code == status


def _browser(built: object, client: str) -> httpx.AsyncClient:
    there = httpx.ASGITransport(built, client=(client, 1234))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=there, base_url="http://bot.test")
