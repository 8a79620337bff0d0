"""The manifest says what we listen to, and asks for no more than that."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters import settings as environment
from adapters.app import build
from adapters.house import open_house
from adapters.settings import SettingsError, new_key
from adapters.slack import inbound
from adapters.slack.manifest import SCOPES, manifest
from adapters.store.installations import keep
from bot import facilitator
from tests.slack_people import SECRET, signed
from tests.stage import BOOK
from tests.test_cli import settled, terminal
from tests.test_slack_installations import installed
from tests.test_slack_installing import browser_of

if TYPE_CHECKING:
    from tests.test_cli import Terminal

pytest_plugins = ("tests.databases",)

__all__ = ("settled", "terminal")
PUBLIC = "https://turnabout.example.org"
LOCALES = ("en", "de")


def drawn(locale: str = "en", **told: Any) -> dict[str, Any]:
    def words(key: str) -> str:
        return str(BOOK.general("installing", key, locale))

    return manifest(words, facilitator.COMMANDS, **told)


@pytest.fixture
def many(database: str) -> environment.Settings:
    """The settings of a house that lets many workspaces in."""
    env = {"DATABASE_URL": database, "TURNABOUT_KEY": new_key(), "TURNABOUT_URL": PUBLIC}
    told = environment.read(
        {**env, "SLACK_OAUTH_CLIENT_ID": "1.2", "SLACK_OAUTH_CLIENT_SECRET": "canary"}
    )
    assert "canary" not in repr(told)
    return told


async def test_what_we_listen_to_is_what_slack_is_told_to_send(
    many: environment.Settings,
) -> None:
    """A18: a listener without its event fails here, and an event without a listener too."""
    told = drawn(public=PUBLIC, many=True)
    sent = {
        name.partition(".")[0] for name in told["settings"]["event_subscriptions"]["bot_events"]
    }
    async with open_house(many) as house:
        assert house.slack
        assert house.installing
        assert sent == {*house.slack.events(), *house.installing.workspaces.events()}
        commands = told["features"]["slash_commands"]
        shortcuts = told["features"]["shortcuts"]
        heard = len(sent) + len(commands) + len(shortcuts) + len(("actions", "views"))
        assert len(house.slack.app._async_listeners) == heard
    assert [c["command"] for c in commands] == [inbound.COMMAND]
    assert [s["callback_id"] for s in shortcuts] == list(inbound.SHORTCUTS)


def test_we_ask_for_the_scopes_that_were_agreed_and_no_more() -> None:
    """T-16, and ruling 12."""
    agreed = {"chat:write", "commands", "im:write", "users:read", "im:history"}
    assert agreed == SCOPES
    for told in ({}, {"public": PUBLIC}, {"public": PUBLIC, "many": True}):
        assert drawn(**told)["oauth_config"]["scopes"] == {"bot": sorted(agreed)}
    with_email = drawn(email=True)["oauth_config"]["scopes"]["bot"]
    assert set(with_email) == agreed | {"users:read.email"}
    everything = drawn(public=PUBLIC, many=True, email=True)
    asked = json.dumps([everything["oauth_config"], everything["settings"]])
    assert not [word for word in ("channels", "groups", "mpim", '"user"') if word in asked]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_fits(locale: str) -> None:
    told = drawn(locale, public=PUBLIC)
    about = told["display_information"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 174 <= len(about["long_description"]) <= 4000
    for shortcut in told["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
    for command in told["features"]["slash_commands"]:
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000


def test_an_app_behind_a_wall_has_no_address() -> None:
    told = drawn()
    assert told["settings"]["socket_mode_enabled"]
    assert "url" not in json.dumps(told)


def test_only_an_app_for_many_workspaces_has_tokens_that_run_out() -> None:
    """A token in the environment would be worth nothing after twelve hours."""
    for told, rotates in (({}, False), ({"public": PUBLIC, "many": True}, True)):
        settings = drawn(**told)["settings"]
        assert settings["token_rotation_enabled"] is settings["org_deploy_enabled"] is rotates


# At the command line


def test_an_administrator_gets_a_manifest_to_paste(terminal: Terminal) -> None:
    told = json.loads("\n".join(terminal.runs("slack", "manifest", "--url", f"{PUBLIC}/")))
    assert told == drawn(public=PUBLIC)
    assert json.loads("\n".join(terminal.runs("slack", "manifest", "--socket"))) == drawn()
    german = terminal.runs("slack", "manifest", "--socket", "--locale", "de", "--email")
    assert json.loads("\n".join(german)) == drawn("de", email=True)
    many = terminal.runs("slack", "manifest", "--url", PUBLIC, "--many")
    assert json.loads("\n".join(many)) == drawn(public=PUBLIC, many=True)


def test_the_address_in_the_environment_will_do(terminal: Terminal) -> None:
    terminal.sets(TURNABOUT_URL=PUBLIC)
    assert json.loads("\n".join(terminal.runs("slack", "manifest"))) == drawn(public=PUBLIC)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--url"),
        (("--url", "http://turnabout.example.org"), "https://"),
        (("--url", "turnabout.example.org"), "https://"),
        (("--url", "https://turnabout.example.org/a path?x=1"), "https://"),
        (("--socket", "--many"), "--many"),
        (("--url", PUBLIC, "--many", "--email"), "--email is for one workspace"),
    ],
)
def test_what_slack_would_not_take_is_said_here(
    terminal: Terminal, arguments: tuple[str, ...], told: str
) -> None:
    assert told in terminal.fails("slack", "manifest", *arguments)


def test_one_workspace_or_many_but_not_both() -> None:
    with pytest.raises(SettingsError, match="not both"):
        environment.read({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_OAUTH_CLIENT_ID": "1.2"})


# Composed


async def test_an_app_that_is_removed_in_slack_loses_its_token_here(
    many: environment.Settings,
) -> None:
    """A10 and T-58: from Slack's signed request to the row that is gone, and nothing said to it."""
    app = build(replace(many, slack_secret=SECRET))
    async with app.router.lifespan_context(app), browser_of(app) as door:
        house = app.state.house
        store, workspaces = house.store, house.installing.workspaces
        long_ago = replace(installed("T1"), at=house.clock.now() - timedelta(days=1))
        await store.run(lambda conn: keep(conn, store.keys, long_ago))
        assert (await workspaces.of("T1")).bot_user == "UBOT"
        for kind in ("tokens_revoked", "app_uninstalled"):
            tokens = {"tokens": {"bot": ["UBOT"]}}
            event = {"type": "event_callback", "team_id": "T1", "event_id": f"Ev-{kind}"}
            raw = json.dumps({**event, "event": {"type": kind, **tokens}}).encode()
            time = str(int(house.clock.now().timestamp()))
            headers = {"content-type": "application/json", **signed(raw, time)}
            answer = await door.post("/slack/events", content=raw, headers=headers)
            assert (answer.status_code, answer.text) == (200, "")
        with pytest.raises(LookupError):
            await workspaces.of("T1")


async def test_both_doors_are_open_only_where_many_may_install(
    many: environment.Settings,
) -> None:
    for told, status in ((many, 302), (replace(many, slack_client="", slack_token="xoxb-1"), 404)):
        app = build(told)
        async with app.router.lifespan_context(app), browser_of(app) as door:
            assert (await door.get("/slack/install")).status_code == status
