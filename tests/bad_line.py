"""A bad line between us and a platform: slow, cut before or after, with a gateway that lies.

What comes is HTTP, and goes on to where the line leads; a seed chooses which call meets what.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web
from yarl import URL

if TYPE_CHECKING:
    from random import Random

# What may become of a call, and how often. "…, unheard": it arrived, and we are told nothing true.
FATES = {
    "slow": 0.05,
    "cut": 0.06,
    "full": 0.05,
    "broken": 0.05,
    "cut, unheard": 0.08,
    "broken, unheard": 0.06,
    "garbled, unheard": 0.04,
}
SLOW = 0.05
HOP = {"host", "content-length", "transfer-encoding", "connection", "content-encoding"}


@dataclass
class BadLine:
    """The line. It is a good one until `bad` is set."""

    dice: Random
    bad: bool = False
    met: Counter[str] = field(default_factory=Counter)

    async def leads_to(self, url: str) -> str:
        """Begin to lead to this address; return the line's own."""
        self._to = URL(url)
        self._session = aiohttp.ClientSession(auto_decompress=False)
        server = web.Application(client_max_size=10 * 1024 * 1024)
        server.router.add_route("*", "/{path:.*}", self._carries)
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return str(self._to.with_host(host).with_port(port))

    async def ends(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _carries(self, request: web.Request) -> web.StreamResponse:
        fate = self._fate()
        self.met[fate] += 1
        match fate:
            case "slow":
                await asyncio.sleep(SLOW)
            case "cut":
                return self._cut(request)
            case "full":
                return web.Response(status=429, headers={"Retry-After": "1"})
            case "broken":
                return web.Response(status=502, text="<html>bad gateway</html>")
        answer = await self._passed_on(request)
        match fate:
            case "cut, unheard":
                return self._cut(request)
            case "broken, unheard":
                return web.Response(status=502, text="<html>bad gateway</html>")
            case "garbled, unheard":
                return web.Response(body=answer.body[:9], content_type="application/json")
        return answer

    def _fate(self) -> str:
        fine = 1 - sum(FATES.values())
        fates = [*FATES, "done"] if self.bad else ["done"]
        return self.dice.choices(fates, [*FATES.values(), fine] if self.bad else [1])[0]

    def _cut(self, request: web.Request) -> web.Response:
        if request.transport:
            request.transport.abort()
        return web.Response()

    async def _passed_on(self, request: web.Request) -> web.Response:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP}
        body = await request.read()
        to = URL(f"{self._to.origin()}{request.raw_path}", encoded=True)
        async with self._session.request(request.method, to, data=body, headers=headers) as found:
            kept = {k: v for k, v in found.headers.items() if k.lower() not in HOP}
            return web.Response(status=found.status, body=await found.read(), headers=kept)
