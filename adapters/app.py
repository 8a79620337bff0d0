"""The web process: one Starlette app that carries every platform, served by uvicorn.

`uvicorn --factory adapters.app:build`
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters import settings as environment
from adapters.house import House, open_house
from adapters.teams import wire as teams
from adapters.teams.desk import Desk
from adapters.web import wire as web
from adapters.worker import ticking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

    from adapters.settings import Settings


def build(
    settings: Settings | None = None,
    *,
    clock_too: bool = False,
    restart: Callable[[House], Awaitable[None]] | None = None,
) -> Starlette:
    """Return the app. `clock_too` lets it tick as well, for a playground in one process."""
    told = settings or environment.read()

    @asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(open_house(told))
            app.state.house = house
            if house.teams:
                desk = Desk(house.intake, house.teams.messenger, house.book.general)
                app.router.routes.append(teams.route(house.teams.gate, desk))
                stack.push_async_callback(desk.settled)
            if told.playground:
                again = partial(restart, house) if restart else None
                app.router.routes.extend(web.routes(web.host(house, again)))
            if clock_too:
                await stack.enter_async_context(ticking(house.intake, told.tick))
            yield

    return Starlette(routes=[Route("/healthz", health)], lifespan=opened)


async def health(request: Request) -> Response:  # noqa: ARG001
    """Say that the process answers."""
    return PlainTextResponse("ok\n")
