"""Slack's end of Socket Mode: it hands envelopes over, and waits until they are acknowledged.

It is a door as well: what people's Slack would post to an address can go through it instead.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE = 10  # seconds, after which a test that hangs has failed


@dataclass
class Line:
    """The connections an app has opened, one after the other."""

    connections: asyncio.Queue[web.WebSocketResponse] = field(default_factory=asyncio.Queue)
    acknowledged: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    url: str = ""
    opened: int = 0
    sent: int = 0
    live: web.WebSocketResponse | None = None

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        self.opened += 1
        await self.connections.put(line)
        async for message in line:
            if message.type == WSMsgType.TEXT:
                await self.acknowledged.put(message.json())
        return line

    async def picked_up(self) -> None:
        """Wait until the app has opened a connection."""
        self.live = await asyncio.wait_for(self.connections.get(), PATIENCE)
        await self.live.send_json({"type": "hello", "num_connections": 1})

    async def hands(self, kind: str, payload: dict[str, Any]) -> str:
        """Hand something over; return the envelope's id."""
        assert self.live
        self.sent += 1
        envelope = {"envelope_id": f"e{self.sent}", "type": kind, "payload": payload}
        await self.live.send_json(envelope | {"accepts_response_payload": True})
        return str(envelope["envelope_id"])

    async def acknowledges(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.acknowledged.get(), PATIENCE)

    async def post(self, url: str, *, content: bytes, headers: dict[str, str]) -> httpx.Response:
        """Take what would be posted to an address, and hand it over instead."""
        kind, payload = _enveloped(content, headers["content-type"])
        handed = await self.hands(kind, payload)
        answer = await self.acknowledges()
        assert answer["envelope_id"] == handed
        return httpx.Response(200, json=answer.get("payload") or {})


def _enveloped(content: bytes, kind: str) -> tuple[str, dict[str, Any]]:
    if kind == "application/json":
        return "events_api", json.loads(content)
    form = dict(parse_qsl(content.decode(), keep_blank_values=True))
    if "payload" in form:
        return "interactive", json.loads(form["payload"])
    return "slash_commands", form


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    """Let an app call on loopback; `url` is where."""
    line, app = Line(), web.Application()
    app.router.add_get("/link", line.connect)
    async with TestServer(app) as server:
        line.url = str(server.make_url("/link")).replace("http", "ws", 1)
        yield line
