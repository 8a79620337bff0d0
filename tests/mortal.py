"""A web or a worker for tests, which may be told to die at one exact place, once.

It is what is served every day; where it is to die, the real store or the real messenger is wrapped.
It dies at the first turn that has something to send, by SIGKILL, so that nothing can be tidied up.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, NoReturn

import uvicorn

from adapters import logs, slacking, worker
from adapters import settings as environment
from adapters.slack.grant import Granting
from adapters.slack.messenger import SlackMessenger
from adapters.store.sql import SqlStore
from adapters.web.messenger import WebMessenger
from bot.turn import Plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BEFORE_COMMIT, AFTER_COMMIT, BEFORE_NOTING = PLACES = (
    "before-commit",
    "after-commit",
    "before-noting",
)
BEFORE_RENEWING, BEFORE_KEEPING = RENEWALS = ("before-renewing", "before-keeping")


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives that")


def has_something_to_send(result: object) -> bool:
    """Tell a turn that planned errands from one that did not, and from work that is no turn."""
    parts = result if isinstance(result, tuple) else ()
    return any(isinstance(part, Plan) and part.errands for part in parts)


def wrap_the_store(place: str) -> None:
    """Die once everything is written but not committed, or as soon as it is committed."""
    real = SqlStore.work

    async def work(store, pair, body):
        def mortal(unit):
            result = body(unit)
            if place == BEFORE_COMMIT and has_something_to_send(result):
                unit.finish()
                die()
            return result

        result = await real(store, pair, mortal)
        if place == AFTER_COMMIT and has_something_to_send(result):
            die()
        return result

    SqlStore.work = work


def mortal(real: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[NoReturn]]:
    async def done(*arguments):
        await real(*arguments)
        die()

    return done


def wrap_the_messengers() -> None:
    """Die once a message is on somebody's screen, before that is noted.

    On Slack it is a new one, which a second time nobody could overlook.
    """
    WebMessenger.post = mortal(WebMessenger.post)
    WebMessenger.update = mortal(WebMessenger.update)
    SlackMessenger.post = mortal(SlackMessenger.post)


def wrap_the_granting(place: str) -> None:
    """Die when a token is ours to renew, or as soon as Slack has renewed it."""

    async def dies(*_):
        die()

    Granting.renew = mortal(Granting.renew) if place == BEFORE_KEEPING else dies


def born(kind: str, place: str, env: dict[str, str], log: str) -> None:
    """Be a process of this kind, in a process of one's own: its environment, its log, its end."""
    with open(log, "ab", buffering=0) as file:  # noqa: PTH123
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(env)
    if place == BEFORE_NOTING:
        wrap_the_messengers()
    elif place in RENEWALS:
        wrap_the_granting(place)
    elif place:
        wrap_the_store(place)
    told = environment.read()
    if kind == "worker":
        logs.to_stderr()
        asyncio.run(worker.work(told))
    elif kind == "socket":
        asyncio.run(slacking.listen(told))
    else:
        where = {"host": "127.0.0.1", "port": told.port}
        uvicorn.run("adapters.app:build", factory=True, log_level="warning", **where)
