"""A Slack of our own: its Web API over HTTP on loopback, and what its people see.

It keeps direct messages, windows and Home tabs, lets triggers expire after three seconds of the
injected clock, refuses what Slack would refuse, and can be told to be slow, full or broken.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.blocks import faults_of_message, faults_of_view

if TYPE_CHECKING:
    from adapters.clock import Clock

TEAM, TOKEN = "T0TEAM", "xoxb-of-the-fake"
FORMS = {  # Slack takes no JSON for these
    *("conversations.history", "users.info", "apps.connections.open", "oauth.v2.access"),
}


@dataclass
class User:
    """Someone of the workspace."""

    id: str
    tz: str = "Europe/London"
    locale: str = "en-GB"
    deleted: bool = False
    home: dict[str, Any] | None = None
    window: dict[str, Any] | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def channel(self) -> str:
        return f"D{self.id}"

    def described(self) -> dict[str, Any]:
        told = {"tz": self.tz, "locale": self.locale, "deleted": self.deleted, "is_bot": False}
        return {"id": self.id, "team_id": TEAM, **told}


class RefusedError(Exception):
    """What the API answers with `ok: false`."""


class FakeSlack:
    """One workspace with our bot in it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.users: dict[str, User] = {}
        self.chats: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.whispers: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.triggers: dict[str, tuple[str, float] | None] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.troubles: dict[str, list[str]] = defaultdict(list)
        self.refused: list[str] = []
        self.tokens = {TOKEN}
        self.renewals: dict[str, str] = {}  # which refresh token is good for which token
        self.link = ""  # where Socket Mode connects
        self.awake = asyncio.Event()
        self._numbers = itertools.count(1)

    async def start(self) -> None:
        server = web.Application(client_max_size=10 * 1024 * 1024)
        server.router.add_route("*", "/api/{method}", self._answer)
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/api/"

    async def stop(self) -> None:
        self.awake.set()
        await self._runner.cleanup()

    def moves_in(self, name: str, **told: str) -> User:
        return self.users.setdefault(name, User(name, **told))

    def number(self) -> int:
        return next(self._numbers)

    def stamp(self) -> str:
        return f"{int(self.clock.now().timestamp())}.{self.number():06d}"

    def trigger(self, user: str) -> str:
        name = f"trigger.{self.number()}"
        self.triggers[name] = user, self.clock.now().timestamp()
        return name

    def count(self, *methods: str) -> int:
        return sum(method in methods for method, _ in self.calls)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        told = await self._told(request, method)
        self.calls.append((method, told))
        trouble = self.troubles[method].pop(0) if self.troubles[method] else ""
        kind, _, more = trouble.partition(":")
        if kind == "full":
            headers = {"Retry-After": more}
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers=headers
            )
        if kind == "broken":
            return web.Response(text="<html>broken</html>", status=503)
        if kind == "error":
            return web.json_response({"ok": False, "error": more})
        if kind == "hang":
            await self.awake.wait()
        try:
            if method != "oauth.v2.access":  # whoever asks has no token yet
                self._admit(request)
            answer = {"ok": True, **getattr(self, "on_" + method.replace(".", "_"))(told)}
        except RefusedError as error:
            answer = {"ok": False, "error": str(error)}
            self.refused.append(f"{method}: {error}")
        if kind == "reset" and request.transport:
            request.transport.abort()
        return web.json_response(answer)

    async def _told(self, request: web.Request, method: str) -> dict[str, Any]:
        if request.content_type == "application/json" and method not in FORMS:
            return await request.json()
        return dict(request.query) | dict(await request.post())

    def _admit(self, request: web.Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise RefusedError("token_revoked")

    def on_auth_test(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"team_id": TEAM, "team": "Example", "user_id": "UBOT", "user": "turnabout"}

    def on_apps_connections_open(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"url": self.link}

    def on_oauth_v2_access(self, told: dict[str, Any]) -> dict[str, Any]:
        """Renew a token. A refresh token is good once; the old token holds until its hour."""
        new = self.renewals.pop(told["refresh_token"], "")
        if not new:
            raise RefusedError("invalid_refresh_token")
        self.tokens.add(new)
        held = {"access_token": new, "refresh_token": f"{new}-r", "expires_in": 12 * 3600}
        bot = {"team": {"id": TEAM}, "bot_user_id": "UBOT", "scope": "chat:write", "app_id": "A1"}
        return {**held, **bot}

    def on_conversations_open(self, told: dict[str, Any]) -> dict[str, Any]:
        user = self.users.get(told["users"])
        if user is None:
            raise RefusedError("user_not_found")
        if user.deleted:
            raise RefusedError("user_disabled")
        return {"channel": {"id": user.channel}}

    def on_chat_postMessage(self, told: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._check(faults_of_message(told))
        self._channel(told)
        assert told["unfurl_links"] is told["unfurl_media"] is False
        message = {"ts": self.stamp(), **_kept(told)}
        self.chats[told["channel"]].append(message)
        return {"channel": told["channel"], "ts": message["ts"], "message": message}

    def on_chat_update(self, told: dict[str, Any]) -> dict[str, Any]:
        self._check(faults_of_message(told))
        found = [m for m in self.chats[told["channel"]] if m["ts"] == told["ts"]]
        if not found:
            raise RefusedError("message_not_found")
        found[0].update(_kept(told))
        return {"channel": told["channel"], "ts": told["ts"]}

    def on_chat_postEphemeral(self, told: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._check(faults_of_message(told))
        self._channel(told)
        self.whispers[told["user"]].append({"ts": self.stamp(), **_kept(told)})
        return {"message_ts": self.stamp()}

    def on_conversations_history(self, told: dict[str, Any]) -> dict[str, Any]:
        self._channel(told)
        found = list(reversed(self.chats[told["channel"]]))
        if "latest" in told:
            found = [m for m in found if told["oldest"] <= m["ts"] <= told["latest"]]
        limit = min(int(told.get("limit", 15)), 15)
        return {"messages": found[:limit], "has_more": len(found) > limit}

    def on_users_info(self, told: dict[str, Any]) -> dict[str, Any]:
        user = self.users.get(told["user"])
        if user is None:
            raise RefusedError("user_not_found")
        return {"user": user.described()}

    def on_views_open(self, told: dict[str, Any]) -> dict[str, Any]:
        self._check(faults_of_view(told["view"]))
        if told["trigger_id"] not in self.triggers:
            raise RefusedError("invalid_trigger_id")
        held = self.triggers[told["trigger_id"]]
        if held is None:
            raise RefusedError("exchanged_trigger_id")
        user, since = held
        if self.clock.now().timestamp() - since > 3:
            raise RefusedError("expired_trigger_id")
        self.triggers[told["trigger_id"]] = None
        self.users[user].errors = {}
        self.users[user].window = self.kept_view(told["view"])
        return {"view": self.users[user].window}

    def on_views_publish(self, told: dict[str, Any]) -> dict[str, Any]:
        self._check(faults_of_view(told["view"]))
        user = self.users[told["user_id"]]
        if "hash" in told and (user.home is None or told["hash"] != user.home["hash"]):
            raise RefusedError("hash_conflict")
        user.home = self.kept_view(told["view"])
        return {"view": user.home}

    def kept_view(self, view: dict[str, Any]) -> dict[str, Any]:
        number = self.number()
        return {**view, "id": f"V{number}", "hash": f"{number}.hash"}

    def _check(self, faults: list[str]) -> None:
        if faults:
            raise RefusedError(f"invalid_blocks {faults}")

    def _channel(self, told: dict[str, Any]) -> None:
        if told["channel"] not in {user.channel for user in self.users.values()}:
            raise RefusedError("channel_not_found")


def _kept(told: dict[str, Any]) -> dict[str, Any]:
    kept = {name: told[name] for name in ("text", "blocks", "metadata") if name in told}
    for number, block in enumerate(kept["blocks"]):
        block.setdefault("block_id", f"b{number}")
    return kept


def words(value: object) -> str:
    """Return all that can be read in a payload."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            return value["text"]
        return "\n".join(filter(None, map(words, value.values())))
    return "\n".join(filter(None, map(words, value))) if isinstance(value, list) else ""


def copied(value: Any) -> Any:
    return json.loads(json.dumps(value))
