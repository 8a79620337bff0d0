"""Cards onto Teams. Whoever took the app away is left alone until they come back.

Teams gives a card back to nobody, so what a card looks like without its buttons is kept, sealed,
for as long as it has them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any

from adapters import logs
from adapters.pacing import unbegun
from adapters.store import references, screen
from adapters.teams import outbound
from adapters.teams.connector import GoneError
from bot.delivery import NotSent
from bot.journal import PairId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.clock import Clock
    from adapters.store.references import Address, Place
    from adapters.store.sql import SqlStore
    from adapters.teams.connector import Connector
    from bot.cards import Card
    from bot.people import Account

log = logging.getLogger("turnabout.teams")
STRANGERS = 1000  # whose chats are remembered for the moment, until they join


class Met(Enum):
    """Whether somebody who is met is known here."""

    KNOWN = "takes part"
    STRANGER = "was met before"
    NEW = "is met for the first time"


class TeamsMessenger:
    """The messenger of this platform, and the one who knows where everybody's chat is."""

    def __init__(
        self, store: SqlStore, connector: Connector, clock: Clock, *, dialogs: bool = True
    ) -> None:
        """Find people in this store, and write to them through this connector."""
        self.dialogs = dialogs
        self._store = store
        self._connector = connector
        self._clock = clock
        self._strangers: OrderedDict[Account, Address] = OrderedDict()
        self._ahead: dict[Account, set[asyncio.Future[None]]] = {}

    def ahead(self, account: Account) -> asyncio.Future[None]:
        """Hold someone's cards back until this is done: something is to be said before them."""
        said: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ahead.setdefault(account, set()).add(said)
        said.add_done_callback(lambda _: self._said(account, said))
        return said

    def _said(self, account: Account, said: asyncio.Future[None]) -> None:
        self._ahead[account].discard(said)
        if not self._ahead[account]:
            del self._ahead[account]

    async def _in_turn(self, account: Account) -> None:
        """Wait until all that is to be said before a card has been said."""
        if account in self._ahead:
            with unbegun():
                await asyncio.wait(set(self._ahead[account]))

    async def met(self, account: Account, address: Address, place: Place) -> Met:
        """Note where someone is, and that they are there."""
        now, keys = self._clock.now(), self._store.keys
        known = await self._store.run(
            lambda conn: references.keep(conn, keys, account, address, place, now)
        )
        if known:
            self._strangers.pop(account, None)
            return Met.KNOWN
        met = Met.STRANGER if account in self._strangers else Met.NEW
        self._strangers[account] = address
        if len(self._strangers) > STRANGERS:
            self._strangers.popitem(last=False)
        return met

    async def left(self, account: Account) -> None:
        """Note that someone took the app away: nothing is sent there any more."""
        now = self._clock.now()
        self._strangers.pop(account, None)
        await self._store.run(lambda conn: references.leave(conn, account, now))

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        """Put a card at the end of the chat, once per key, and leave `retire` without buttons."""
        await self._in_turn(account)
        with unbegun():
            known = await self.find(account, key)
        if known:
            return known
        ref = await self._post_card(account, card, key)
        if retire:
            await self._retire_the_last(account, retire)
        return ref

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        """Change a card in place. A message that is gone is posted anew."""
        pair = PairId(key.partition(":")[0])
        await self._in_turn(account)
        try:
            to = await self._where(account)
            drawn = outbound.message(card, pair, dialogs=self.dialogs)
            await self._connector.put(to, ref, drawn)
        except GoneError:
            return await self._post_card(account, card, key)
        await self._keep(account, pair, (ref, key), card)
        return ref

    async def retire(self, account: Account, ref: str) -> None:
        """Leave a message without buttons; one that stays as it is does no harm."""
        keys = self._store.keys
        bare = await self._store.run(lambda conn: screen.kept_card(conn, keys, account, ref))
        if bare is None:
            return
        try:
            await self._connector.put(await self._where(account), ref, bare)
        except Exception as error:  # noqa: BLE001  # its buttons are answered, whatever they say
            log.warning("an old card kept its buttons", extra=logs.of(error))
        await self._store.run(lambda conn: screen.remove_card(conn, account, ref))

    async def _retire_the_last(self, account: Account, ref: str) -> None:
        """Leave the card before without buttons. Called off here, the new one has arrived."""
        try:
            await self.retire(account, ref)
        except asyncio.CancelledError:
            raise asyncio.CancelledError from None

    async def find(self, account: Account, key: str) -> str | None:
        """Return the message a change led to, as far as we know: Teams cannot be asked."""
        return await self._store.run(lambda conn: screen.kept_under(conn, account, key))

    async def _post_card(self, account: Account, card: Card, key: str) -> str:
        pair = PairId(key.partition(":")[0])
        ref = await self._post(account, outbound.message(card, pair, dialogs=self.dialogs))
        await self._keep(account, pair, (ref, key), card)
        return ref

    async def _keep(
        self, account: Account, pair: PairId, change: tuple[str, str], card: Card
    ) -> None:
        """Keep what a card looks like without its buttons."""
        keys, now = self._store.keys, self._clock.now()
        bare = outbound.message(card, pair, live=False)
        await self._store.run(
            lambda conn: screen.keep_card(conn, keys, account, pair, change, bare, now)
        )

    async def say(self, account: Account, activity: Mapping[str, Any]) -> None:
        """Say something that is not a card of theirs. What does not arrive is not said again."""
        try:
            await self._post(account, activity)
        except Exception as error:  # noqa: BLE001  # the card says where they are
            log.warning("an answer did not arrive", extra=logs.of(error))

    async def say_at(self, address: Address, activity: Mapping[str, Any]) -> None:
        """Say something in a chat that may be nobody's; what does not arrive does not matter."""
        with suppress(Exception):
            await self._connector.post(address, activity)

    async def _post(self, account: Account, activity: Mapping[str, Any]) -> str:
        try:
            return await self._connector.post(await self._where(account), activity)
        except GoneError:
            await self.left(account)
            raise NotSent(None) from None

    async def _where(self, account: Account) -> Address:
        keys = self._store.keys
        with unbegun():
            found = await self._store.run(lambda conn: references.find(conn, keys, account))
        found = found or self._strangers.get(account)
        if found is None:
            raise NotSent(None)
        return found
