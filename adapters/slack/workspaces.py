"""The workspaces that have let Turnabout in: their tokens, looked up seldom and renewed in time.

A token is remembered for a few minutes, so that no process goes on for long with one that was
taken back elsewhere. Where tokens run out, they are renewed long before, by one process at a time;
all others go on with the old one, which holds until its hour.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from adapters.slack.grant import GrantError
from adapters.slack.removal import REMOVALS, removal
from adapters.slack.tokens import Bot
from adapters.store import installations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from slack_bolt.context.ack.async_ack import AsyncAck

    from adapters.clock import Clock
    from adapters.slack.grant import Granting
    from adapters.slack.removal import Removal
    from adapters.store.installations import Installation
    from adapters.store.sql import SqlStore

    Listener = Callable[[AsyncAck, dict[str, Any]], Awaitable[None]]

log = logging.getLogger("turnabout.slack")
LIFETIME = timedelta(minutes=5)  # how long a token is remembered
EARLY = timedelta(hours=2)  # of the twelve hours that a token holds
LEASE = timedelta(seconds=30)  # how long one process may take to renew a token
TRIES, PAUSE = 10, 0.2  # how often, and after how many seconds, to look for a renewed token


@dataclass(frozen=True, slots=True)
class Known:
    """A bot as it is remembered, and until when."""

    bot: Bot
    until: datetime


class Workspaces:
    """The tokens of all installations, for one process."""

    def __init__(
        self,
        store: SqlStore,
        clock: Clock,
        granting: Granting,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Look tokens up in this store, and let them be renewed by Slack."""
        self._store = store
        self._clock = clock
        self._granting = granting
        self._sleep = sleep
        self._known: dict[tuple[str, str], Known] = {}
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, team: str, enterprise: str = "") -> Bot:
        """Return the bot of a workspace, by its own installation or by its organisation's.

        Raises LookupError where neither is there, or its token has run out.
        """
        async with self._locks[team, enterprise]:
            known = self._known.get((team, enterprise))
            if known is None or known.until <= self._clock.now():
                known = self._known[team, enterprise] = await self._look_up(team, enterprise)
            return known.bot

    def forget(self, *tenants: str) -> None:
        """Look these up anew the next time: Slack no longer takes what is remembered of them."""
        gone = [place for place in self._known if set(place) & set(filter(None, tenants))]
        for place in gone:
            del self._known[place]

    def events(self) -> dict[str, Listener]:
        """Return what we listen to, by the names of Slack's events."""
        return dict.fromkeys(REMOVALS, self.taken_back)

    async def taken_back(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Let go of what Slack says was taken back."""
        told = removal(body, self._clock.now())
        if told:
            await self.remove(told)
        await ack()

    async def remove(self, removal: Removal) -> None:
        """Let go of an installation that was taken back."""
        tenant = await self._store.run(
            lambda conn: installations.remove(conn, removal.tenants, removal.at)
        )
        self.forget(*removal.tenants)
        if tenant:
            log.info("the installation was taken back", extra={"tenant": tenant})

    async def _look_up(self, team: str, enterprise: str) -> Known:
        found = await self._renewed(team, enterprise)
        until = self._clock.now() + LIFETIME
        if found.expires_at:
            until = min(until, found.expires_at)
        return Known(Bot(found.token, found.bot_user, found.scopes), until)

    async def _renewed(self, team: str, enterprise: str) -> Installation:
        """Return an installation whose token holds. Raises LookupError."""
        for _ in range(TRIES):
            found = await self._find(team, enterprise)
            now = self._clock.now()
            if found.expires_at is None or now < found.expires_at - EARLY:
                return found
            mine = await self._claim(found, now)
            if mine and await self._renew(found, now):
                continue
            if now < found.expires_at:
                return found
            if mine:
                break
            await self._sleep(PAUSE)
        raise LookupError(f"the token of {found.tenant} has run out and could not be renewed")

    async def _find(self, team: str, enterprise: str) -> Installation:
        found = await self._store.run(
            lambda conn: installations.find(conn, self._store.keys, team, enterprise)
        )
        if found is None:
            raise LookupError(f"Turnabout is not installed in {team}")
        return found

    async def _claim(self, old: Installation, now: datetime) -> bool:
        return await self._store.run(lambda c: installations.claim(c, old, now, now + LEASE))

    async def _renew(self, old: Installation, now: datetime) -> bool:
        """Renew a token that is ours to renew; tell whether Slack did."""
        try:
            new = await self._granting.renew(old, now)
        except GrantError as error:
            log.error(  # noqa: TRY400
                "the token was not renewed", extra={"tenant": old.tenant, "error": error.word}
            )
            return False
        await self._store.run(lambda conn: installations.renew(conn, self._store.keys, new))
        return True
