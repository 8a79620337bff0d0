"""The web process: one Starlette app that carries every platform, served by uvicorn.

`uvicorn --factory adapters.app:build`
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from adapters import health, logs
from adapters import settings as environment
from adapters.house import House, open_house
from adapters.web import wire as web
from adapters.worker import ticking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from adapters.settings import Settings


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

    @asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(open_house(told))
            app.state.house = house
            if told.playground:
                again = partial(restart, house) if restart else None
                app.router.routes.extend(web.routes(web.host(house, again)))
            if clock_too:
                await stack.enter_async_context(ticking(house.intake, told.tick))
            yield

    return Starlette(routes=[*health.routes()], lifespan=opened)
