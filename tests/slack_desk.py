"""Slack's desk: what an app is told outside any conversation, as a small server on loopback.

It grants installations for codes, each good once, and new tokens for refresh tokens; it answers
other methods as it was told to.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CLIENT, SECRET = "11.22", "client-canary"
BACK = "https://turnabout.example.org/slack/oauth_redirect"


def granted(tenant: str = "T1", **more: Any) -> dict[str, Any]:
    """Return what Slack answers when a workspace lets us in."""
    return {
        "ok": True,
        "app_id": "A1",
        "authed_user": {"id": "U1"},
        "scope": "chat:write,commands",
        "token_type": "bot",
        "access_token": f"xoxb-canary-{tenant}",
        "bot_user_id": "UBOT",
        "team": {"id": tenant, "name": "Example Works"},
        "enterprise": None,
        "is_enterprise_install": False,
        **more,
    }


@dataclass
class Desk:
    """What is granted for which code, and what else is answered; `asked` is what came in."""

    url: str = ""
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        told = dict(parse_qsl(await request.text())) if request.can_read_body else {}
        if request.content_type == "application/json":
            told = await request.json()
        self.asked.append((method, {**request.query, **told}))
        if method == "oauth.v2.access":
            found = self._grant(told)
        else:
            found = self.answers.get(method, {"ok": False, "error": "unknown_method"})
            found = found(told) if callable(found) else found
        if isinstance(found, web.StreamResponse):
            return found
        return web.json_response(found, headers=self.headers)

    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]

    def _grant(self, told: dict[str, str]) -> Any:
        if (told.get("client_id"), told.get("client_secret")) != (CLIENT, SECRET):
            return {"ok": False, "error": "bad_client_secret"}
        if "code" in told and told.get("redirect_uri") != BACK:
            return {"ok": False, "error": "bad_redirect_uri"}
        code = told.get("code") or told.get("refresh_token", "")
        return self.codes.pop(code, {"ok": False, "error": "invalid_code"})


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    """Open Slack's desk."""
    opened = Desk()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", opened.answer)
    server = TestServer(app)
    await server.start_server()
    opened.url = str(server.make_url("/api/"))
    yield opened
    await server.close()
