"""The courier: mails each change of a meeting to whoever of the two has an address with us.

Like delivery it compares, what stands in the journal with what was mailed, so nothing is queued.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from adapters import logs, metrics
from adapters.calendar.occasions import occasions
from adapters.calendar.words import Words
from adapters.mail import InDoubtError, Letter
from adapters.store import mailings
from adapters.store.people import email_of
from bot.delivery import NotSent
from bot.flows.calendars import may_mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from adapters.calendar.occasions import Occasion
    from adapters.clock import Clock
    from adapters.mail import Mail
    from adapters.store.sql import SqlStore
    from bot.journal import PairId
    from bot.people import Pair, Person
    from bot.wording import Phrasebook

log = logging.getLogger("turnabout.courier")
LEASE = timedelta(minutes=5)
BATCH = 100


@dataclass(frozen=True, slots=True)
class Courier:
    """Who mails, for one process."""

    store: SqlStore
    book: Phrasebook
    clock: Clock
    mail: Mail

    async def sweep(self) -> None:
        """Look into letters whose fate is open."""
        now = self.clock.now()
        for pair in await self.store.run(lambda conn: mailings.due(conn, now, BATCH)):
            if await self._go_through(pair):
                await self.store.run(partial(mailings.let_go, pair=pair, now=now))

    async def look_in(self, pair: PairId) -> None:
        """Mail what a pair's meetings came to and was not mailed yet; never raise."""
        await self._go_through(pair)

    async def _go_through(self, pair: PairId) -> bool:
        """Do so, and tell whether all of it could be looked at."""
        try:
            now = self.clock.now()
            known = await self.store.work(pair, lambda work: work.pair())
            for me, meeting in _wanted(known, now):
                await self._see_to(known, me, meeting, now)
        except Exception as error:  # noqa: BLE001  # the next look-in finds the same difference
            _count(error)
            log.error("mailing failed", extra=logs.of(error))  # noqa: TRY400
            return False
        return True

    async def _see_to(self, pair: Pair, me: Person, meeting: Occasion, now: datetime) -> None:
        keys = self.store.keys
        address = await self.store.run(lambda conn: email_of(conn, keys, me.id))
        if not address:
            return
        until = now + LEASE
        before = await self.store.run(
            lambda conn: mailings.claim(conn, pair.id, me.id, meeting, now, until)
        )
        if before is not None:
            letter = Letter(address, meeting, Words(self.book, me.locale), me.zone)
            came = await self._sent(letter, now, before)
            await self.store.run(lambda conn: mailings.settle(conn, pair.id, me.id, meeting, *came))

    async def _sent(
        self, letter: Letter, now: datetime, before: int
    ) -> tuple[datetime | None, int | None]:
        """Send a letter; return when to try again, if at all, and its tries if it was refused."""
        try:
            await self.mail.send(letter, now)
        except NotSent as refused:
            _count(refused)
            log.warning("refused", extra={"kind": "mail", "error": type(refused).__name__})
            again = now + refused.wait if refused.wait else None
            return again if again and again < letter.occasion.start else None, before
        except InDoubtError as error:
            _count(error)
            log.warning("in doubt", extra={"kind": "mail", "error": type(error).__name__})
            return now + LEASE, None
        return None, None


def _count(error: Exception) -> None:
    metrics.ERRORS.labels("mail", type(error).__name__).inc()


def _wanted(pair: Pair, now: datetime) -> Iterator[tuple[Person, Occasion]]:
    for meeting in occasions(pair, now):
        if meeting.end > now:
            yield from ((me, meeting) for me in pair.people if may_mail(pair, me))
