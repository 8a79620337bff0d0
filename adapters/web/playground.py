"""What the playground has beyond a platform: it knows who lives in it, and moves its own clock.

A platform takes people as they come; here one browser plays them all, so the page must find them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from adapters.clock import MovableClock
from adapters.store import directory, tables
from adapters.web.messenger import PLATFORM
from bot import cards
from bot.hours import months_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from adapters.house import House
    from bot.journal import PairId, PersonId
    from bot.people import Account, Pair

STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
MONTHS = {f"month{n}": n for n in range(1, 13)}
STUCK = 5  # looks at one wake-up that does not move before the clock goes on without it
HORIZON = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Resident:
    """Someone who lives in the playground, in one of their pairs."""

    account: Account
    pair: PairId
    person: PersonId


@dataclass
class Host:
    """All the page needs: the house, and how to start over."""

    house: House
    restart: Callable[[], Awaitable[None]] | None = None
    moving: asyncio.Lock = field(default_factory=asyncio.Lock)
    met: dict[tuple[str, str | None], Resident] = field(default_factory=dict)

    def words(self, locale: str) -> Words:
        """Return the page's own words."""
        return Words(self.house, locale)

    async def residents(self) -> tuple[Resident, ...]:
        """Return everyone who lives here."""
        return await self.house.store.run(residents)

    async def resident(self, user: str, pair: str | None) -> Resident | None:
        """Return who that is, in this pair or in any; None for someone who does not live here.

        Whoever was found once is remembered: it says who may be meant, not who may act.
        """
        if (user, pair) not in self.met:
            mine = [each for each in await self.residents() if each.account.user == user]
            found = next((each for each in mine if each.pair == pair), None) or next(
                iter(mine), None
            )
            if found is None:
                return None
            self.met[user, pair] = found
        return self.met[user, pair]

    async def pair(self, pair: PairId) -> Pair:
        """Return a pair as it is now."""
        return await self.house.store.work(pair, lambda work: work.pair())

    def home(self, pair: Pair, who: PersonId) -> cards.Home:
        """Return the Home view of one of a pair."""
        me = pair.person(who)
        return cards.home(cards.Reader.of(pair, me, self.house.clock.now(), self.house.book))

    async def start_over(self, restart: Callable[[], Awaitable[None]]) -> None:
        """Forget everything, and let the first thing happen anew."""
        async with self.moving:
            await self.house.intake.settled()
            await restart()
            self.met.clear()
            await self._look_in()
        self.house.web.hub.wake()

    async def move(self, move: str, pair: Pair) -> str:
        """Move the clock on; return the name of a notice, or nothing where it went as asked."""
        if not isinstance(self.house.clock, MovableClock):
            return "no_clock"
        async with self.moving:
            if move == "next":
                return await self._to_what_happens(self.house.clock)
            target = target_of(move, self.house.clock.now(), pair.opening.at)
            if target is None:
                return "unread"
            if target <= self.house.clock.now():
                return "passed"
            await self._to(self.house.clock, target)
            return ""

    async def _to(self, clock: MovableClock, target: datetime) -> None:
        """Stop at everything that falls due on the way, in order, then arrive."""
        while await self._step(clock, target):
            pass
        clock.move_to(target)
        await self._look_in()
        self.house.web.hub.wake()

    async def _to_what_happens(self, clock: MovableClock) -> str:
        """Go on from wake-up to wake-up until a screen has changed."""
        horizon = clock.now() + HORIZON
        before = await self.house.store.run(screens)
        while await self.house.store.run(screens) == before:
            if not await self._step(clock, horizon):
                return "no_next"
        self.house.web.hub.wake()
        return ""

    async def _step(self, clock: MovableClock, target: datetime) -> bool:
        """Go to the next wake-up, if there is one before the target, and look in."""
        wake = await self.house.store.run(directory.next_wake)
        if wake is None or wake > target:
            return False
        clock.move_to(wake)
        for _ in range(STUCK):
            await self._look_in()
            if await self.house.store.run(directory.next_wake) != wake:
                return True
        return False

    async def _look_in(self) -> None:
        await self.house.intake.sweep()
        await self.house.intake.settled()


class Words:
    """The page's own words in one locale, by their keys."""

    def __init__(self, house: House, locale: str) -> None:
        """Speak in this locale."""
        self._house = house
        self._locale = locale

    def __getitem__(self, key: str) -> str:
        return str(self._house.book.general("playground", key, self._locale))


def target_of(move: str, now: datetime, began: datetime) -> datetime | None:
    """Return the moment a button of the bar means, or None for one there is not."""
    if move in STEPS:
        return now + STEPS[move]
    return months_after(began, MONTHS[move]) if move in MONTHS else None


def residents(conn: Connection) -> tuple[Resident, ...]:
    """Return everyone on this platform in each of their pairs, at the account they came to last."""
    found: dict[tuple[str, str], Resident] = {}
    for account in directory.accounts(conn, PLATFORM):
        for mine in directory.whose(conn, account):
            found[mine.pair, mine.person] = Resident(account, mine.pair, mine.person)
    return tuple(found.values())


def screens(conn: Connection) -> dict[str, int]:
    """Return a number for each screen that grows with whatever is done to it."""
    message = tables.message.c
    asked = select(message.user, func.count() + func.sum(message.changed)).group_by(message.user)
    return {str(user): int(done) for user, done in conn.execute(asked)}


def journals(conn: Connection) -> dict[str, int]:
    """Return how long each journal is: Home may change where no screen does."""
    entry = tables.entry.c
    return {
        str(pair): int(length)
        for pair, length in conn.execute(
            select(entry.pair, func.max(entry.no)).group_by(entry.pair)
        )
    }
