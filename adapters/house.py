"""What every process is composed of: store, words, messengers, intake and clock."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.clock import Clock, MovableClock, WallClock
from adapters.intake import Intake
from adapters.prompts import phrasebook
from adapters.store.sql import SqlStore
from adapters.web.messenger import WebMessenger
from bot.turn import Services

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.settings import Settings
    from adapters.teams.line import Line
    from bot.turn import Messenger
    from bot.wording import Phrasebook


@dataclass(frozen=True, slots=True)
class House:
    """Everything a process needs, opened once and closed once."""

    settings: Settings
    clock: Clock
    store: SqlStore
    book: Phrasebook
    web: WebMessenger
    intake: Intake
    teams: Line | None = None


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Open the store and compose the rest; close it when done.

    Raises SettingsError or WrongKeyError before anything is served.
    """
    book = phrasebook()
    store = await SqlStore.open(settings.database, settings.master_key(), topics=book.catalogue)
    try:
        clock = clock_of(settings)
        web = WebMessenger(store)
        async with AsyncExitStack() as lines:
            messengers: dict[str, Messenger] = {"web": web}
            teams = None
            if settings.teams:
                from adapters.teams.line import open_line  # noqa: PLC0415  # it is slow to load

                teams = await lines.enter_async_context(open_line(settings.teams, store, clock))
                messengers["teams"] = teams.messenger
            services = Services(store, book, messengers, timedelta(seconds=settings.lease))
            intake = Intake(services, store, clock)
            yield House(settings, clock, store, book, web, intake, teams)
            await intake.settled()
    finally:
        await store.close()


def clock_of(settings: Settings) -> Clock:
    """Return the clock this process goes by: only a playground's may be moved."""
    if settings.playground and settings.data:
        return MovableClock(settings.data / "clock")
    return WallClock()
