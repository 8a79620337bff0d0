"""Pacing: nobody is written to faster than their platform allows, and a freeze is kept.

A lane is whatever has a limit of its own: a chat, a method in a workspace, somebody who writes to
us. Who would have to wait
longer than is reasonable is sent away with the time to come back at, so that nothing piles up.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.delivery import NotSent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterator

PATIENCE = 60.0  # seconds, well below a sender's lease
MOST = 20_000  # lanes remembered before those that are free are forgotten


@dataclass(frozen=True, slots=True)
class Rate:
    """One every `gap` seconds, and after a rest so many at once."""

    gap: float
    burst: int = 1


class TooSoonError(Exception):
    """It is too early, by so many seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"too early by {wait:.0f} s")
        self.wait = wait


@contextmanager
def unbegun() -> Iterator[None]:
    """Wait before anything is on the wire: whoever is called off in here has certainly not sent."""
    try:
        yield
    except asyncio.CancelledError as called_off:
        raise called_off from NotSent(timedelta())


class Pacing:
    """The limits of one process. Its clock and its sleep may be those of a test."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Begin with every lane free."""
        self._now = now
        self._sleep = sleep
        self._full: dict[Hashable, float] = {}  # when a lane has made up for what went through it
        self._frozen: dict[Hashable, float] = {}

    async def turn(self, lanes: dict[Hashable, Rate]) -> None:
        """Wait for a turn in all of these lanes. Raises TooSoonError where that takes too long."""
        now = self._now()
        ready = max((self._ready(lane, rate, now) for lane, rate in lanes.items()), default=now)
        if ready - now > PATIENCE:
            raise TooSoonError(ready - now)
        for lane, rate in lanes.items():
            self._full[lane] = max(self._full.get(lane, 0), ready) + rate.gap
        self._forget(now)
        if ready > now:
            await self._sleep(ready - now)
            self._look_again(lanes)

    def admits(self, lane: Hashable, rate: Rate) -> bool:
        """Take a turn in a lane if it is free this moment; tell whether it was."""
        now = self._now()
        free = self._ready(lane, rate, now) <= now
        if free:
            self._full[lane] = max(self._full.get(lane, 0), now) + rate.gap
            self._forget(now)
        return free

    def has_room(self, lanes: dict[Hashable, Rate]) -> bool:
        """Tell whether a turn in all of these lanes would come at once."""
        now = self._now()
        return all(self._ready(lane, rate, now) <= now for lane, rate in lanes.items())

    def freeze(self, lane: Hashable, seconds: float) -> None:
        """Let nobody through a lane for so many seconds: the platform said so."""
        self._frozen[lane] = max(self._frozen.get(lane, 0), self._now() + seconds)

    def _ready(self, lane: Hashable, rate: Rate, now: float) -> float:
        room = self._full.get(lane, 0) - rate.gap * (rate.burst - 1)
        return max(now, room, self._frozen.get(lane, 0))

    def _look_again(self, lanes: dict[Hashable, Rate]) -> None:
        """Turn back where a lane was frozen while we waited."""
        left = max((self._frozen.get(lane, 0) for lane in lanes), default=0) - self._now()
        if left > 0:
            raise TooSoonError(left)

    def _forget(self, now: float) -> None:
        for lanes in (self._full, self._frozen):
            if len(lanes) > MOST:
                for lane in [lane for lane, until in lanes.items() if until <= now]:
                    del lanes[lane]
