"""Health: does the process live, can it serve, and what does it have to tell in numbers.

`/healthz` is the process, `/readyz` whether it can take a turn, `/metrics` is for Prometheus and
opens only to who knows the token.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from adapters import logs, metrics
from adapters.store import figures
from adapters.store.keys import WrongKeyError
from adapters.store.migrate import is_new_enough

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.requests import Request

    from adapters.house import House

log = logging.getLogger("turnabout.health")
PATIENCE = 3.0  # seconds


def routes() -> list[Route]:
    """Return the routes; they find the house in the app's state."""
    return [Route("/healthz", lives), Route("/readyz", ready), Route("/metrics", measured)]


async def lives(request: Request) -> Response:  # noqa: ARG001
    """Say that the process answers."""
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """Say whether the database answers, knows all our tables, and opens with our key."""
    found = await readiness(request.app.state.house)
    return JSONResponse(found, 200 if all(found.values()) else 503)


async def readiness(house: House) -> dict[str, bool]:
    """Look at everything a turn needs."""
    try:
        async with asyncio.timeout(PATIENCE):
            migrated, opens = await house.store.run(_looked_at)
    except Exception as error:  # noqa: BLE001  # whatever a driver raises, it does not answer
        log.warning("not ready", extra=logs.of(error))
        return {"database": False}
    return {"database": True, "migrations": migrated, "key": opens}


async def measured(request: Request) -> Response:
    """Return the metrics, to who may have them."""
    house: House = request.app.state.house
    if not may_read(request, house.settings.metrics_token):
        return PlainTextResponse("not found\n", 404)
    now = house.clock.now()
    found = await house.store.run(lambda conn: figures.read(conn, now))
    return Response(metrics.shown(found, now), media_type="text/plain; version=0.0.4")


def may_read(request: Request, token: str) -> bool:
    """Tell whether someone may read the metrics: by the token, and without one nobody.

    Being on this machine says nothing: whoever comes through a proxy seems to be.
    """
    shown = request.headers.get("authorization", "")
    return bool(token) and secrets.compare_digest(shown.encode(), f"Bearer {token}".encode())


def _looked_at(conn: Connection) -> tuple[bool, bool]:
    migrated = is_new_enough(conn)
    try:
        conn.get_execution_options()["keys"].probe(conn)
    except WrongKeyError:
        return migrated, False
    return migrated, True
