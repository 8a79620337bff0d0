"""What every process is composed of: store, words, messengers, intake and clock."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.calendar.addresses import Addresses
from adapters.calendar.calendars import Calendars
from adapters.calendar.handouts import Handouts
from adapters.calendar.signed import Signer
from adapters.clock import Clock, MovableClock, WallClock
from adapters.courier import Courier
from adapters.intake import Intake
from adapters.mail import Mail
from adapters.pacing import Pacing
from adapters.prompts import phrasebook
from adapters.store.sql import SqlStore
from adapters.web.messenger import WebMessenger
from bot.turn import Services

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.settings import Settings
    from adapters.slack.installing import Installing
    from adapters.slack.wire import Slack
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
    calendars: Calendars
    slack: Slack | None = None
    installing: Installing | None = None
    teams: Line | None = None


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Open the store and compose the rest; close it when done.

    Raises SettingsError or WrongKeyError before anything is served.
    """
    async with AsyncExitStack() as stack:
        book, clock = phrasebook(), clock_of(settings)
        key = settings.master_key()
        store = await SqlStore.open(settings.database, key, topics=book.catalogue)
        stack.push_async_callback(store.close)
        web = WebMessenger(store)
        messengers: dict[str, Messenger] = {"web": web}
        services = Services(store, book, messengers, timedelta(seconds=settings.lease))
        pacing = None if settings.playground else Pacing()
        intake = Intake(services, store, clock, courier_of(settings, store, book, clock), pacing)
        addresses = Addresses(settings.public, Signer(key))
        calendars = Calendars(store, book, clock, addresses, intake.marked)
        intake.hand_out = Handouts(calendars)
        line = None
        if settings.slack:
            from adapters.slack.line import open_line  # noqa: PLC0415  # loaded where it is needed

            opened = open_line(settings, intake, store, clock, book.general)
            line = await stack.enter_async_context(opened)
            messengers["slack"] = line.slack.messenger
        teams = None
        if settings.teams:
            from adapters.teams import line as way  # noqa: PLC0415  # as Slack's

            teams = await stack.enter_async_context(way.open_line(settings.teams, store, clock))
            messengers["teams"] = teams.messenger
        stack.push_async_callback(intake.settled)
        told = settings, clock, store, book, web, intake, calendars
        slack, installing = (line.slack, line.installing) if line else (None, None)
        yield House(*told, slack, installing, teams)


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
