"""The one door to calendars: what the two are given, and what an address that comes back means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.calendar import ics, links, placing
from adapters.calendar.occasions import next_one, occasion, occasions
from adapters.calendar.words import Words
from adapters.store import feeds, placings
from bot.flows.meeting import may_assist

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from adapters.calendar.addresses import Addresses
    from adapters.clock import Clock
    from adapters.store.placings import Placing
    from adapters.store.sql import SqlStore
    from bot.journal import PairId, PersonId
    from bot.people import Pair, Person
    from bot.wording import Phrasebook


@dataclass(frozen=True, slots=True)
class Added:
    """Ways to put a meeting into one's own calendar: a file, and links to two providers."""

    start: datetime
    file: str
    google: str
    outlook: str


@dataclass(frozen=True, slots=True)
class Calendars:
    """What one process needs to serve calendars; `marked` is told what an assistant marked."""

    store: SqlStore
    book: Phrasebook
    clock: Clock
    addresses: Addresses
    marked: Callable[[PairId, PersonId, tuple[datetime, ...], str], Awaitable[None]]

    def to_add(self, pair: Pair, me: Person) -> Added | None:
        """Return how I add the next agreed meeting to my calendar, if there is one."""
        meeting = next_one(pair, self.clock.now())
        if meeting is None:
            return None
        words = Words(self.book, me.locale)
        return Added(
            meeting.start,
            self.addresses.file(pair.id, me.id, meeting),
            links.google(meeting, words),
            links.outlook(meeting, words),
        )

    async def subscribe(self, me: PersonId) -> str:
        """Return the address of my private calendar; one I was given before ends."""
        now = self.clock.now()
        return self.addresses.feed(await self.store.run(lambda conn: feeds.give(conn, me, now)))

    async def unsubscribe(self, me: PersonId) -> None:
        """End my private calendar."""
        await self.store.run(lambda conn: feeds.revoke(conn, me))

    async def ask_assistant(self, pair: Pair, me: Person) -> str:
        """Return the page for my assistant; one I was given for this pair before ends.

        Nothing where the charter keeps it from assistants.
        """
        if not may_assist(pair):
            return ""
        now, keys = self.clock.now(), self.store.keys
        times, places = placing.times(pair, me, now), placing.places(pair)
        asked = await self.store.run(
            lambda conn: placings.ask(conn, keys, pair.id, me.id, times, places, now)
        )
        return self.addresses.page(asked)

    async def ask_no_more(self, pair: PairId, me: PersonId) -> None:
        """End the page for my assistant."""
        await self.store.run(lambda conn: placings.revoke(conn, pair, me))

    async def feed(self, token: str) -> bytes | None:
        """Return the calendar that someone subscribes to by this token, if anybody does."""
        found = await self.store.run(lambda conn: feeds.whose(conn, token))
        if found is None:
            return None
        now = self.clock.now()
        pairs = [await self._pair(pair) for pair in found.pairs]
        locale = pairs[-1].person(found.person).locale if pairs else "en"
        words = Words(self.book, locale)
        meetings = [each for pair in pairs for each in occasions(pair, now)]
        meetings.sort(key=lambda each: (each.start, each.uid))
        return ics.published(meetings, words, words("feed"))

    async def file(self, word: str) -> bytes | None:
        """Return the meeting that a signed address means, as it stands now.

        Nothing for who was erased: what they were given leads nowhere, as their name does.
        """
        now = self.clock.now()
        found = self.addresses.filed(word, now)
        if found is None:
            return None
        pair_id, me, no = found
        try:
            pair = await self._pair(pair_id)
        except LookupError:  # the playground was started over
            return None
        whose = pair.person(me)
        meeting = occasion(pair, no, now) if whose.name else None
        words = Words(self.book, whose.locale)
        return ics.published([meeting], words) if meeting else None

    async def asked(self, word: str) -> tuple[Placing, Person] | None:
        """Return what a page's address asks, and for whom, while it holds."""
        now, keys = self.clock.now(), self.store.keys
        name = self.addresses.asked(word, now)
        if name is None:
            return None
        asked = await self.store.run(lambda conn: placings.find(conn, keys, name, now))
        pair = await self._pair(asked.pair) if asked else None
        if asked is None or pair is None or not may_assist(pair):
            return None
        return asked, pair.person(asked.person)

    async def answer(self, asked: Placing, suits: tuple[datetime, ...], place: str) -> None:
        """Keep what suits, and lay it before who asked. Raises ValueError for anything else."""
        now, keys = self.clock.now(), self.store.keys

        def body(conn: Connection) -> bool:
            return placings.answer(conn, keys, asked, suits, place, now)

        if await self.store.run(body):
            await self.marked(asked.pair, asked.person, suits, place)

    async def _pair(self, pair: PairId) -> Pair:
        return await self.store.work(pair, lambda work: work.pair())
