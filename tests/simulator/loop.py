"""An event loop without waiting: its time jumps to the next thing that happens.

Who runs next is decided by how long each wait takes, and that is drawn from the seed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

MICROSECOND = 1e-6


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop that has nothing to listen to but its own timers."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0
        self._selector = self  # what it waits for is only ever time
        self._clock_resolution = MICROSECOND

    def time(self) -> float:
        return self._seconds

    def select(self, seconds: float | None) -> list[object]:
        """Let the time pass until the next timer."""
        if seconds is None:
            raise RuntimeError("everybody waits for ever")
        self._seconds += seconds
        return []

    def _process_events(self, events: list[object]) -> None:
        """Nothing but time ever happens here."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run something to its end in virtual time; whatever is still waiting then is let go."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        while left := asyncio.all_tasks(loop):  # whoever tidies up may wait for ever once more
            for task in left:
                task.cancel()
            loop.run_until_complete(_ended(left))
        loop.close()


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1)
