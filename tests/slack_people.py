"""People on the fake Slack: they press what is shown to them, and Slack signs what they do."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tests.blocks import faults_of_view
from tests.fake_slack import TEAM, copied, words

if TYPE_CHECKING:
    import httpx

    from tests.fake_slack import FakeSlack

SECRET = "the secret Slack signs with"
FORM = "application/x-www-form-urlencoded"
Answers = dict[str, tuple[str, ...]]
SUBMITTED = {
    "id": "V1",
    "hash": "1.x",
    "callback_id": "form",
    "private_metadata": json.dumps(
        {"item": "purpose@1", "switch": "shows", "zone": "Nowhere/Land"}
    ),
    "blocks": [{"type": "input", "block_id": "why"}],
    "state": {
        "values": {
            "why": {"why": {"selected_option": {"value": "heard"}}},
            "shares:aim": {"x": {"selected_options": [{"value": "aim"}]}},
            "at": {"at": {"selected_date_time": 10**15}},
            "own": {"own": {"type": "plain_text_input", "value": "Words"}},
        }
    },
}


class SlackPerson:
    """Someone of the workspace, with their chat, their Home and the window that is open."""

    def __init__(self, slack: FakeSlack, door: httpx.AsyncClient, name: str, **told: str) -> None:
        self.slack = slack
        self.door = door
        self.user = slack.moves_in(name, **told)

    # What they see

    @property
    def chat(self) -> list[dict[str, Any]]:
        return self.slack.chats[self.user.channel]

    @property
    def whispers(self) -> list[str]:
        return [words(told["blocks"]) for told in self.slack.whispers[self.user.id]]

    def sees(self, text: str) -> bool:
        return text in words([message["blocks"] for message in self.chat])

    def labels(self) -> list[str]:
        return [b["text"]["text"] for m in self.chat[-1:] for b in buttons(m["blocks"])]

    # What they do

    async def presses(self, label: str, **told: Any) -> httpx.Response:
        """Press a button of the chat, or else one in Home, by its words."""
        for message in reversed(self.chat + self.slack.whispers[self.user.id]):
            found = [b for b in buttons(message["blocks"]) if b["text"]["text"] == label]
            if found:
                return await self.acts(found[0], message, **told)
        return await self.acts(self.in_home(label), None, **told)

    def in_home(self, label: str) -> dict[str, Any]:
        assert self.user.home, "Home has never been opened"
        found = buttons(self.user.home["blocks"])
        return next(b for b in found if b["text"]["text"] == label)

    async def acts(
        self, button: dict[str, Any], message: dict[str, Any] | None, **told: Any
    ) -> httpx.Response:
        action = {**button, "type": "button", "action_ts": self.slack.stamp(), "block_id": "b"}
        payload = {"type": "block_actions", "actions": [action], **self._where(message), **told}
        return await self.interacts(payload)

    def _where(self, message: dict[str, Any] | None) -> dict[str, Any]:
        if message is None:
            view = copied(self.user.home)
            return {"view": view, "container": {"type": "view", "view_id": view["id"]}}
        place = {"type": "message", "message_ts": message["ts"], "channel_id": self.user.channel}
        return {"container": place, "channel": {"id": self.user.channel}, "message": message}

    async def interacts(self, payload: dict[str, Any]) -> httpx.Response:
        envelope = {
            "user": {"id": self.user.id, "team_id": TEAM},
            "team": {"id": TEAM, "domain": "example"},
            "enterprise": None,
            "is_enterprise_install": False,
            "api_app_id": "A1",
            "token": "old",
            "trigger_id": self.slack.trigger(self.user.id),
        }
        return await self.posts(
            urlencode({"payload": json.dumps(envelope | payload)}).encode(), FORM
        )

    async def fills(self, **given: str | tuple[str, ...]) -> httpx.Response:
        """Fill in the open window and send it."""
        view = self.user.window
        assert view, f"{self.user.id} has no window open"
        state = {"values": filled(view["blocks"], given, self.user.tz)}
        answer = await self.interacts(
            {"type": "view_submission", "view": {**copied(view), "state": state}}
        )
        assert answer.status_code == 200
        said = answer.json() if answer.content else {}
        self.user.errors = said.get("errors", {})
        assert set(self.user.errors) <= {b.get("block_id") for b in view["blocks"]}
        if said.get("response_action") == "update":
            assert faults_of_view(said["view"]) == []
            self.user.window = self.slack.kept_view(said["view"])
        elif not self.user.errors:
            self.user.window = None
        return answer

    async def writes(self, text: str, **told: Any) -> httpx.Response:
        """Type something into our chat."""
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        event = {
            "type": "message",
            "channel_type": "im",
            "channel": self.user.channel,
            "user": self.user.id,
            "team": TEAM,
            "text": escaped,
            "ts": self.slack.stamp(),
        }
        return await self.happens(event | told)

    async def opens_home(self, tab: str = "home") -> httpx.Response:
        view = {"view": copied(self.user.home)} if self.user.home else {}
        event = {"type": "app_home_opened", "user": self.user.id, "tab": tab, **view}
        return await self.happens({**event, "channel": self.user.channel})

    async def happens(self, event: dict[str, Any], **told: Any) -> httpx.Response:
        """Let Slack tell us of an event."""
        envelope = {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": "A1",
            "event_id": f"Ev{self.slack.number()}",
            "event_time": int(self.slack.clock.now().timestamp()),
            "authorizations": [
                {"team_id": TEAM, "enterprise_id": None, "is_enterprise_install": False}
            ],
            "event": event,
        }
        return await self.posts(json.dumps(envelope | told).encode(), "application/json")

    async def commands(self, text: str, **told: str) -> httpx.Response:
        form = {
            "token": "old",
            "team_id": TEAM,
            "team_domain": "example",
            "channel_id": "C1",
            "channel_name": "general",
            "user_id": self.user.id,
            "user_name": "somebody",
            "command": "/mentor",
            "text": text,
            "api_app_id": "A1",
            "is_enterprise_install": "false",
            "response_url": "https://hooks.example.org/x",
            "trigger_id": self.slack.trigger(self.user.id),
        }
        return await self.posts(urlencode(form | told).encode(), FORM)

    async def chooses(self, shortcut: str) -> httpx.Response:
        return await self.interacts(
            {"type": "shortcut", "callback_id": shortcut, "action_ts": self.slack.stamp()}
        )

    async def posts(self, raw: bytes, kind: str, **headers: str) -> httpx.Response:
        signed_now = signed(raw, str(int(self.slack.clock.now().timestamp())))
        told = {"content-type": kind, **signed_now, **headers}
        return await self.door.post("/slack/events", content=raw, headers=told)


def signed(raw: bytes, time: str, secret: str = SECRET) -> dict[str, str]:
    """Return the headers Slack signs a request with."""
    named = hmac.new(secret.encode(), f"v0:{time}:".encode() + raw, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": time, "x-slack-signature": f"v0={named}"}


def buttons(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the buttons there are to press."""
    elements = [e for block in blocks if block["type"] == "actions" for e in block["elements"]]
    return [element for element in elements if element["type"] == "button"]


def filled(blocks: list[dict[str, Any]], given: dict[str, Any], zone: str) -> dict[str, Any]:
    """Return a window's state: what stood there, and what was filled in over it.

    What names no field says which lines are shared. What Slack's own window would not let anybody
    send is a mistake of the test.
    """
    names = {block.get("block_id") for block in blocks}
    shared = next((lines for name, lines in given.items() if name not in names), None)
    values = {}
    for block in blocks:
        name = block.get("block_id", "")
        if block["type"] == "input":
            value = given.get(name)
            value = (value,) if isinstance(value, str) else value
            values[name] = {name: _state(block["element"], value, zone)}
            full = any(v for k, v in values[name][name].items() if k != "type")
            assert full or block["optional"], f"Slack would not send without {name}"
        elif name.startswith("shares:"):
            line = name.partition(":")[2]
            on = None if shared is None else (line,) if line in shared else ()
            values[name] = {name: _state(block["elements"][0], on, zone)}
    return values


def _state(element: dict[str, Any], given: tuple[str, ...] | None, zone: str) -> dict[str, Any]:
    kind = element["type"]
    if kind == "plain_text_input":
        value = element.get("initial_value") if given is None else "\n".join(given) or None
        return {"type": kind, "value": value}
    if kind == "datetimepicker":
        moment = element.get("initial_date_time")
        if given is not None:
            local = (
                datetime.fromisoformat(given[0]).replace(tzinfo=ZoneInfo(zone)) if given else None
            )
            moment = int(local.timestamp()) if local else None
        return {"type": kind, "selected_date_time": moment}
    options = {option["value"]: option for option in element["options"]}
    if kind in {"checkboxes", "multi_static_select"}:
        chosen = element.get("initial_options", [])
        chosen = chosen if given is None else [options[value] for value in given]
        return {"type": kind, "selected_options": chosen}
    chosen = element.get("initial_option")
    chosen = chosen if given is None else options[given[0]] if given and given[0] else None
    return {"type": kind, "selected_option": chosen}
