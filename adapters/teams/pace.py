"""As many messages as Teams allows, and no more: short bursts, then one after the other.

Teams counts 8 in two seconds and 60 in thirty for a conversation, and 30 a second for a tenant.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MOST = 10_000  # conversations whose pace is remembered


@dataclass
class Limit:
    """So many a second, of which a few may come at once. Who asks is told how long to wait."""

    rate: float
    burst: int
    _free: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def take(self, name: str, now: float) -> float:
        """Take the next place of a name, and return how many seconds away it is."""
        gap = 1 / self.rate
        place = max(self._free.pop(name, 0.0), now - gap * (self.burst - 1))
        self._free[name] = place + gap
        if len(self._free) > MOST:
            self._free.popitem(last=False)
        return max(place - now, 0.0)


class Pace:
    """The pace of one process."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Go by this clock, and wait by this means."""
        self._now = now
        self._sleep = sleep
        self._chat = Limit(1.8, 4)
        self._all = Limit(20.0, 10)

    async def wait(self, conversation: str) -> None:
        """Return when the next message to a conversation may go out."""
        now = self._now()
        wait = max(self._chat.take(conversation, now), self._all.take("", now))
        if wait:
            await self._sleep(wait)
