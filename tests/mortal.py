"""A web or a worker that dies at one exact place, once: `python -m tests.mortal web --die …`.

What is wrapped is the real store and the real messenger; the rest is what is served every day. It
dies at the first turn that has something to send, by SIGKILL, so that nothing can be tidied up.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from typing import TYPE_CHECKING, NoReturn

import uvicorn

from adapters import settings as environment
from adapters import slacking, worker
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("process", choices=["web", "worker", "socket"])
    parser.add_argument("--die", choices=[*PLACES, *RENEWALS], required=True)
    options = parser.parse_args()
    if options.die == BEFORE_NOTING:
        wrap_the_messengers()
    elif options.die in RENEWALS:
        wrap_the_granting(options.die)
    else:
        wrap_the_store(options.die)
    told = environment.read()
    if options.process == "worker":
        asyncio.run(worker.work(told))
    elif options.process == "socket":
        asyncio.run(slacking.listen(told))
    else:
        uvicorn.run(
            "adapters.app:build",
            factory=True,
            host=told.host,
            port=told.port,
            log_level="warning",
        )


if __name__ == "__main__":
    main()
