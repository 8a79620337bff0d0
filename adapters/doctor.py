"""The doctor: line by line what is configured, what is missing, and how to get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from adapters import settings as environment
from adapters.clock import WallClock
from adapters.prompts import phrasebook
from adapters.settings import SettingsError
from adapters.store import references, roster
from adapters.store.installations import every
from adapters.store.keys import SealBrokenError, WrongKeyError
from adapters.store.migrate import is_current
from adapters.store.sql import SqlStore
from adapters.store.whereabouts import missing, name, reaching, unwritable, why
from adapters.teams.checkup import Checkup
from bot import facilitator
from bot.people import Account
from bot.wording import FIRST, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.settings import Settings
    from adapters.store.installations import Installation
    from adapters.store.roster import KeptProgramme

FEW = 3  # faults of the words that are told at once


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, and what to do if it is not."""

    well: bool
    told: str

    def __str__(self) -> str:
        """Show it as one line."""
        return f"{'ok  ' if self.well else 'todo'}  {self.told}"


async def examine(env: Mapping[str, str]) -> list[Finding]:
    """Look at everything a deployment needs; never raise."""
    try:
        settings = environment.read(env)
    except SettingsError as error:
        return [Finding(well=False, told=str(error))]
    found = [_key(settings), *await _database(settings), _words()]
    found += [_address(settings), _mail(settings)]
    playground = (
        "on: anybody who reaches it can act for everybody" if settings.playground else "off"
    )
    found.append(Finding(not settings.playground, f"The playground is {playground}."))
    return [*found, *await _slack(settings), *await _teams(settings)]


def _address(settings: Settings) -> Finding:
    if settings.public:
        return Finding(well=True, told=f"The public address is {settings.public}.")
    told = "Without a public address (TURNABOUT_URL) there are no links to calendars."
    return Finding(well=True, told=told)


def _mail(settings: Settings) -> Finding:
    if settings.smtp and settings.sender:
        return Finding(well=True, told=f"Invitations are mailed from {settings.sender}.")
    if settings.smtp or settings.sender:
        missing = "MAIL_FROM" if settings.smtp else "SMTP_URL"
        return Finding(well=False, told=f"Mail is only half set up: {missing} is missing.")
    return Finding(well=True, told="Invitations are not mailed; SMTP_URL and MAIL_FROM do that.")


def _key(settings: Settings) -> Finding:
    try:
        settings.master_key()
    except SettingsError as error:
        return Finding(well=False, told=str(error))
    return Finding(well=True, told="A master key is set. Keep a copy of it in a safe place.")


async def _database(settings: Settings) -> list[Finding]:
    url = settings.database
    if told := unwritable(url) or missing(url):
        return [Finding(well=False, told=told)]
    try:
        current = is_current(url)
    except SettingsError as error:
        return [Finding(well=False, told=str(error))]
    except Exception as error:  # noqa: BLE001  # whatever a driver raises, it is one line here
        told = f"The database {name(url)} {why(error)}"
        return [Finding(well=False, told=told)]
    if not current:
        told = f"The database {name(url)} is not up to date. Run `turnabout db upgrade`."
        return [Finding(well=False, told=told)]
    found = [Finding(well=True, told=f"The database {name(url)} answers and is up to date.")]
    try:
        key = settings.master_key()
    except SettingsError:  # which is told already
        return found
    try:
        with reaching(url):
            programmes = await _programmes(url, key)
    except (SettingsError, WrongKeyError) as error:
        return [*found, Finding(well=False, told=str(error))]
    count = len(programmes)
    told = f"There {'is' if count == 1 else 'are'} {count or 'no'} programme{'s' * (count != 1)}."
    start = "" if count else " `turnabout programme add --example` prints one to start from."
    opened = Finding(well=True, told="The master key opens this database.")
    return [*found, opened, Finding(well=True, told=told + start)]


async def _programmes(url: str, key: bytes) -> tuple[KeptProgramme, ...]:
    store = await SqlStore.open(url, key)
    try:
        return await store.run(roster.show_programmes)
    finally:
        await store.close()


async def _slack(settings: Settings) -> list[Finding]:
    """Look at Slack, where it is configured at all."""
    if not (settings.slack or settings.slack_app_token):
        return []
    from adapters.slack.health import examine  # noqa: PLC0415  # an SDK, where it is needed

    told = await examine(settings, await _installed(settings), WallClock().now())
    return [Finding(*line) for line in told]


async def _installed(settings: Settings) -> tuple[Installation, ...]:
    """Return who has installed, where that can be looked up; if not, other lines say why."""
    if not settings.slack_client:
        return ()
    try:
        store = await SqlStore.open(settings.database, settings.master_key())
    except Exception:  # noqa: BLE001  # whatever it is, it has a line of its own already
        return ()
    try:
        return await store.run(lambda conn: every(conn, store.keys))
    except (SQLAlchemyError, SealBrokenError):
        return ()
    finally:
        await store.close()


async def smoke(settings: Settings, user: str, locale: str) -> list[Finding]:
    """Look at Teams, and write to somebody there who takes part. Raises SettingsError."""
    told = settings.teams
    if told is None:
        raise SettingsError("Set TEAMS_APP_ID, TEAMS_TENANT_ID and TEAMS_SECRET first.")
    found = await _teams(settings)
    if not user:
        return found
    store = await SqlStore.open(settings.database, settings.master_key())
    try:
        at = Account("teams", told.tenant, user)
        to = await store.run(lambda conn: references.find(conn, store.keys, at))
    finally:
        await store.close()
    if to is None:
        away = "That person is not here: they join by writing to the bot, with their code."
        return [*found, Finding(well=False, told=away)]
    async with Checkup.opened(told, WallClock()) as checkup:
        looks = checkup.tried(to, lambda key: str(phrasebook().general("teams", key, locale)))
        return [*found, *[Finding(*look) async for look in looks]]


async def _teams(settings: Settings) -> list[Finding]:
    """Look at Teams, where it is set up."""
    if settings.teams is None:
        return []
    async with Checkup.opened(settings.teams, WallClock()) as checkup:
        return [Finding(*look) for look in await checkup.looked(settings.public)]


def _words() -> Finding:
    try:
        book = phrasebook()
    except (SettingsError, ValueError) as error:  # what is wrong with a table of dates is a value
        return Finding(well=False, told=f"The words cannot be read: {error}")
    faults = [
        f"prompts/{FIRST}/{prompt.key.replace('.', '/')}.md is missing."
        for prompt in facilitator.PROMPTS
        if not book.has(prompt.key, FIRST)
    ]
    faults += book.faults()
    faults += [
        f"In prompts/{locale}: {fault}"
        for prompt in facilitator.PROMPTS
        for locale in book.locales
        if book.has(prompt.key, locale)
        for fault in check(prompt, book.of(prompt.key, locale), book, locale)
    ]
    if faults:
        more = f" And {len(faults) - FEW} more." if len(faults) > FEW else ""
        told = f"The words in prompts/ need care: {' '.join(faults[:FEW])}{more}"
        return Finding(well=False, told=told)
    return Finding(well=True, told=f"The words are complete: {', '.join(book.locales)}.")
