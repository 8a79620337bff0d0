"""Where platforms hand in what comes in: who is it, which pair, take the turn, then deliver.

The turn is committed before the platform is answered; cards go out after that. Should anything fail
in between, the pair's wake-up finds the same difference and finishes.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from adapters.store import directory, roster
from bot.inputs import Asked, Incoming, Input, Said, Ticked
from bot.journal import PairId
from bot.turn import Reply, deliver, take_turn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from adapters.clock import Clock
    from adapters.store.directory import Membership
    from adapters.store.sql import SqlStore
    from bot.people import Account
    from bot.turn import Plan, Services

log = logging.getLogger("turnabout.intake")
BATCH = 100
JOIN = (["join"], ["Join"], ["JOIN"])


class Intake:
    """One per process: what comes in, from people and from the clock, goes through it."""

    def __init__(self, services: Services, store: SqlStore, clock: Clock) -> None:
        """Take in for this store, by this clock."""
        self._services = services
        self._store = store
        self._clock = clock
        self._errands: set[asyncio.Task[None]] = set()

    async def receive(
        self, account: Account, input: Input, delivery: str, pair: str | None = None
    ) -> Reply:
        """Take one input from a verified account; `pair` is what a button named, if it did.

        `delivery` is handled once. The reply is never an error: it says what to do.
        """
        now = self._clock.now()
        memberships = await self._store.run(lambda conn: _memberships(conn, account, pair))
        mine, input = _meant(memberships, input, pair)
        if mine is None and isinstance(input, Said) and input.text.split()[:1] in JOIN:
            return await self._join(account, input.text, now)
        if mine is None:
            return self._say(memberships, pair)
        try:
            incoming = Incoming(delivery, mine.pair, mine.person, input, now)
            reply, planned = await take_turn(self._services, incoming)
        except Exception as error:  # noqa: BLE001  # whatever it is, the person gets a sentence
            log.error("turn failed: %s", type(error).__name__)  # noqa: TRY400  # no words in logs
            return Reply(notice=self._general("again"), taken=False)
        self.send(mine.pair, planned, now)
        return reply

    async def _join(self, account: Account, text: str, now: datetime) -> Reply:
        """Let someone in by their invitation code, and show them where they are."""
        code = "".join(text.split()[1:])
        try:
            pair, _ = await self._store.run(lambda conn: roster.join(conn, code, account, now))
        except roster.InvitationError as error:
            return Reply(notice=self._general(f"code_{error.reason}"), taken=False)
        await self.look_in(pair)
        return Reply(notice=self._general("joined"))

    async def look_in(self, pair: PairId) -> None:
        """Take the clock's turn on one pair, and deliver."""
        now = self._clock.now()
        _, planned = await take_turn(self._services, Incoming("", pair, None, Ticked(), now))
        await self._in_time(pair, planned, now)

    async def sweep(self) -> int:
        """Look in on a batch of pairs whose wake-up has come; return how many went well."""
        now = self._clock.now()
        due = await self._store.run(lambda conn: directory.due(conn, now, BATCH))
        well = 0
        for pair in due:
            try:
                await self.look_in(pair)
                well += 1
            except Exception as error:  # noqa: BLE001  # one pair must not hold up the others
                log.error("look-in failed: %s", type(error).__name__)  # noqa: TRY400
        return well

    def send(self, pair: PairId, planned: Plan, now: datetime) -> None:
        """Deliver in the background: the reply does not wait for the cards."""
        if planned.errands:
            task = asyncio.create_task(self._deliver(pair, planned, now))
            self._errands.add(task)
            task.add_done_callback(self._errands.discard)

    async def settled(self) -> None:
        """Wait until everything that is on its way has arrived."""
        while self._errands:
            await asyncio.gather(*self._errands)

    async def _in_time(self, pair: PairId, planned: Plan, now: datetime) -> None:
        """Deliver within the lease: after it another looks into it, and no call may hang for ever.

        Raises TimeoutError, or whatever leaves it open whether something arrived.
        """
        left = self._services.lease - (self._clock.now() - now)
        async with asyncio.timeout(left.total_seconds()):
            await deliver(self._services, pair, planned, now)

    async def _deliver(self, pair: PairId, planned: Plan, now: datetime) -> None:
        try:
            await self._in_time(pair, planned, now)
        except Exception as error:  # noqa: BLE001  # the claim runs out, and the worker looks into it
            log.error("delivery failed: %s", type(error).__name__)  # noqa: TRY400

    def _say(self, memberships: tuple[Membership, ...], pair: str | None) -> Reply:
        if pair is not None or not memberships:
            key = "not_yours" if memberships else "not_joined"
            return Reply(notice=self._general(key), taken=False)
        names = ", ".join(m.partner for m in memberships)
        return Reply(notice=self._general("which").format(names=names), taken=False)

    def _general(self, key: str) -> str:
        return str(self._services.book.general("notices", key, "en"))


def _memberships(conn: Connection, account: Account, pair: str | None) -> tuple[Membership, ...]:
    """Return the pairs an account is in; where a button named one, to look at that one will do."""
    if pair is not None:
        try:
            person = directory.belongs(conn, account, pair)
        except LookupError:
            return directory.whose(conn, account)
        return (directory.Membership(PairId(pair), person, ""),)
    return directory.whose(conn, account)


def _meant(
    memberships: Iterable[Membership], input: Input, pair: str | None
) -> tuple[Membership | None, Input]:
    """Return which of someone's pairs is meant, and the input without the name that said so."""
    mine = tuple(memberships)
    if pair is not None:
        return next((m for m in mine if m.pair == pair), None), input
    if len(mine) == 1:
        return mine[0], input
    if isinstance(input, Said | Asked):
        text = input.text if isinstance(input, Said) else input.command
        for membership in mine:
            name, _, rest = text.partition(":")
            if rest and name.strip().casefold() == membership.partner.casefold():
                return membership, Said(rest.strip())
    return None, input
