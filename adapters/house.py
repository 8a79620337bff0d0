"""What every process is composed of: store, words, messengers, intake and clock."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.calendar.addresses import Addresses
from adapters.calendar.calendars import Calendars
from adapters.calendar.signed import Signer
from adapters.clock import Clock, MovableClock, WallClock
from adapters.courier import Courier
from adapters.intake import Intake
from adapters.mail import Mail
from adapters.prompts import phrasebook
from adapters.store.sql import SqlStore
from adapters.web.messenger import WebMessenger
from bot.turn import Services

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.settings import Settings
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
    calendars: Calendars


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Open the store and compose the rest; close it when done.

    Raises SettingsError or WrongKeyError before anything is served.
    """
    book = phrasebook()
    master = settings.master_key()
    store = await SqlStore.open(settings.database, master, topics=book.catalogue)
    try:
        clock = clock_of(settings)
        web = WebMessenger(store)
        services = Services(store, book, {"web": web}, timedelta(seconds=settings.lease))
        intake = Intake(services, store, clock, courier_of(settings, store, book, clock))
        calendars = Calendars(store, book, clock, Addresses(settings.url, Signer(master)))
        yield House(settings, clock, store, book, web, intake, calendars)
        await intake.settled()
    finally:
        await store.close()


def courier_of(
    settings: Settings, store: SqlStore, book: Phrasebook, clock: Clock
) -> Courier | None:
    """Return who mails invitations, where a mail server is set up."""
    if not (settings.smtp and settings.sender):
        return None
    return Courier(store, book, clock, Mail(settings.smtp, settings.sender))


def clock_of(settings: Settings) -> Clock:
    """Return the clock this process goes by: only a playground's may be moved."""
    if settings.playground and settings.data:
        return MovableClock(settings.data / "clock")
    return WallClock()
