"""Cards onto the playground's screens: kept sealed in the store, and whoever looks on is woken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from adapters.store import screen
from adapters.web import outbound
from bot.journal import PairId

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from adapters.store.screen import Message
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


class WebMessenger:
    """The messenger of this platform, and the reader of its screens."""

    def __init__(self, store: SqlStore) -> None:
        """Keep the screens in this store."""
        self.hub = Hub()
        self._store = store

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        """Put a card at the end of the chat, once per key, and leave `retire` without buttons."""
        return await self._change(lambda conn: self._posted(conn, account, card, key, retire))

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        """Change a card in place. A message that is gone is posted anew."""

        def body(conn: Connection) -> int:
            content = outbound.written(card)
            found = screen.update_message(conn, self._store.keys, int(ref), content, key)
            return self._posted(conn, account, card, key, "") if found is None else found

        return await self._change(body)

    async def retire(self, account: Account, ref: str) -> None:
        """Leave a message without buttons."""
        await self._store.run(lambda conn: screen.retire_message(conn, account, int(ref)))
        self.hub.wake()

    async def find(self, account: Account, key: str) -> str:
        """Return the reference of the message a change led to, or nothing if it never arrived."""
        found = await self._store.run(lambda conn: screen.find_message(conn, account, key))
        return "" if found is None else str(found)

    async def messages(self, account: Account) -> list[Message]:
        """Return what is on someone's screen, the oldest first."""
        return await self._store.run(lambda c: screen.messages(c, self._store.keys, account))

    def _posted(self, conn: Connection, account: Account, card: Card, key: str, retire: str) -> int:
        pair = PairId(key.partition(":")[0])
        old = int(retire) if retire else None
        content = outbound.written(card)
        return screen.post_message(conn, self._store.keys, account, pair, key, content, old)

    async def _change(self, body: Callable[[Connection], int]) -> str:
        ref = await self._store.run(body)
        self.hub.wake()
        return str(ref)
