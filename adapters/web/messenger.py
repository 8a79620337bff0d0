"""Cards onto the playground's screens: kept sealed in the store, and whoever looks on is woken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from adapters.store import screen
from adapters.web import outbound
from bot.journal import PairId

if TYPE_CHECKING:
    from adapters.store.sql import SqlStore
    from bot.cards import Card
    from bot.people import Account

PLATFORM = "web"
Heard = Callable[[float], Awaitable[None]]


class Hub:
    """Wakes the pages of this process that look on. Nothing is queued: who wakes looks again."""

    def __init__(self) -> None:
        """Begin with nobody looking on."""
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Wake everybody who listens."""
        self._changed.set()
        self._changed = asyncio.Event()

    def listen(self) -> Heard:
        """Listen from now on: what comes back waits for the next wake, or for so many seconds."""
        changed = self._changed

        async def heard(seconds: float) -> None:
            try:
                async with asyncio.timeout(seconds):
                    await changed.wait()
            except TimeoutError:
                pass

        return heard
