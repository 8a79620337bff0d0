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
from adapters.slack.emails import Emails
from adapters.slack.grant import Granting
from adapters.slack.installing import Installing
from adapters.slack.manifest import SCOPES
from adapters.slack.messenger import SlackMessenger
from adapters.slack.tokens import OneToken
from adapters.slack.web import Web, connected
from adapters.slack.wire import Slack
from adapters.slack.workspaces import Workspaces
from adapters.store.sql import SqlStore
from adapters.web.messenger import WebMessenger
from bot.turn import Services

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.settings import Settings
    from adapters.slack.tokens import Tokens
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
        slack = None
        installing = _installing(settings, store, clock, book) if settings.slack_client else None
        if settings.slack:
            tokens = installing.workspaces if installing else OneToken(settings.slack_token)
            slack = await _slack(settings, stack, intake, clock, book, tokens)
            messengers["slack"] = slack.messenger
        if slack and installing:
            for kind, listener in installing.workspaces.events().items():
                slack.app.event(kind)(listener)
        teams = None
        if settings.teams:
            from adapters.teams.line import open_line  # noqa: PLC0415  # it is slow to load

            teams = await stack.enter_async_context(open_line(settings.teams, store, clock))
            messengers["teams"] = teams.messenger
        stack.push_async_callback(intake.settled)
        told = calendars, slack, installing, teams
        yield House(settings, clock, store, book, web, intake, *told)


async def _slack(
    settings: Settings,
    stack: AsyncExitStack,
    intake: Intake,
    clock: Clock,
    book: Phrasebook,
    tokens: Tokens,
) -> Slack:
    """Bring Slack in, and let it finish what it is saying before its connection is closed."""
    session = await stack.enter_async_context(connected())
    api = Web(tokens, session, Pacing(), settings.slack_api)
    intake.emails["slack"] = Emails(api).of
    slack = Slack(intake, api, SlackMessenger(api, clock), book.general)
    stack.push_async_callback(slack.settled)
    return slack


def _installing(settings: Settings, store: SqlStore, clock: Clock, book: Phrasebook) -> Installing:
    """Let any workspace install, and know the tokens of those that did."""
    told = settings.slack_client, settings.slack_client_secret, settings.slack_api
    granting = Granting(*told)
    workspaces = Workspaces(store, clock, granting)

    def words(key: str, lang: str) -> str:
        return str(book.general("installing", key, lang))

    return Installing(store, clock, granting, workspaces, settings.public, SCOPES, words)


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
