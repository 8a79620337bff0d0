"""The web process: one Starlette app that carries every platform, served by uvicorn.

`turnabout web` serves it, and says in a line why it cannot; `uvicorn --factory adapters.app:build`
serves it too, but says so in its own way.
"""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette

from adapters import health, logs
from adapters import settings as environment
from adapters.calendar import wire as calendar
from adapters.house import House, open_house
from adapters.web import wire as web
from adapters.worker import ticking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from adapters.settings import Settings
    from adapters.teams.line import Line

log = logging.getLogger("turnabout.web")
GRACE = 5  # seconds for what is under way when we are told to stop


def build(
    settings: Settings | None = None,
    *,
    clock_too: bool = False,
    restart: Callable[[House], Awaitable[None]] | None = None,
) -> Starlette:
    """Return the app. `clock_too` lets it tick as well, for a playground in one process.

    Without settings it is a process of its own: it reads the environment, and logs in lines.
    """
    if settings is None:
        logs.to_stderr()
    told = settings or environment.read()
    calendar.keep_out_of_logs()

    @asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(open_house(told))
            app.state.house = house
            app.router.routes.extend(calendar.routes(house.calendars))
            if house.slack:
                from adapters.slack import wire as slack  # noqa: PLC0415  # as for Teams

                app.router.routes.append(slack.route(house.slack, told.slack_secret, house.clock))
            if house.installing:
                app.router.routes.extend(house.installing.routes())
            if house.teams:
                stack.push_async_callback(_serve_teams(app, house, house.teams))
            if told.playground:
                again = partial(restart, house) if restart else None
                app.router.routes.extend(web.routes(web.host(house, again)))
            if clock_too:
                await stack.enter_async_context(ticking(house.intake, told.tick))
            log.info("at work")
            yield

    return Starlette(routes=[*health.routes()], lifespan=opened)


def serve(told: Settings) -> None:
    """Serve until told to stop, with our lines and our grace.

    It is one process: a host's WEB_CONCURRENCY would have uvicorn refuse to begin. A playground's
    page listens for ever, so nothing of it is waited for.
    """
    logs.to_stderr()
    uvicorn.run(
        build(told),
        host=told.host,
        port=told.port,
        log_config=None,  # its own would undo our lines
        workers=1,
        timeout_graceful_shutdown=1 if told.playground else GRACE,
    )


def _serve_teams(app: Starlette, house: House, line: Line) -> Callable[[], Awaitable[None]]:
    """Answer Teams from now on; return how to wait until everything has been said."""
    from adapters.teams import desk, wire  # noqa: PLC0415  # its SDK is loaded where it is needed

    book = house.book
    answering = desk.Desk(house.intake, line.messenger, book.general, book.locales)
    app.router.routes.append(wire.route(line.gate, answering))
    return answering.settled
