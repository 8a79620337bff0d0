"""A world in which people are on Slack: our app as it is served, the fake, a pair, one clock."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import update
from starlette.applications import Starlette

from adapters.calendar.addresses import Addresses
from adapters.calendar.calendars import Calendars
from adapters.calendar.signed import Signer
from adapters.house import House
from adapters.intake import Intake
from adapters.pacing import Pacing
from adapters.settings import Settings, new_key
from adapters.slack.grant import Granting
from adapters.slack.messenger import SlackMessenger
from adapters.slack.tokens import OneToken
from adapters.slack.web import Web, connected
from adapters.slack.wire import Slack, route
from adapters.slack.workspaces import Workspaces
from adapters.store import directory, roster, tables
from adapters.store.sql import SqlStore
from adapters.web.messenger import WebMessenger
from bot.people import Account
from bot.turn import Services
from tests.fake_slack import TEAM, TOKEN, FakeSlack
from tests.slack_people import SECRET, SlackPerson
from tests.stage import ADA, BEN, BOOK, MONDAY, PROGRAMME, SALT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection

    from bot.journal import PairId
    from bot.people import Pair, Person
    from bot.turn import Messenger
    from tests.bad_line import BadLine

SETTINGS: dict[str, Any] = {
    "organisation": PROGRAMME.organisation,
    "purpose": PROGRAMME.purpose,
    "contacts": [asdict(contact) for contact in PROGRAMME.contacts],
    "support": list(PROGRAMME.support),
}


@dataclass
class HandClock:
    """A clock that stands until it is moved."""

    moment: datetime = MONDAY

    def now(self) -> datetime:
        return self.moment

    def moves(self, **told: float) -> None:
        self.moment += timedelta(**told)


@dataclass
class Patience:
    """Time for the pacing: it passes when somebody waits."""

    seconds: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


@dataclass
class World:
    """Everything there is in one process, and Slack around it."""

    clock: HandClock
    fake: FakeSlack
    store: SqlStore
    messengers: dict[str, Messenger]
    intake: Intake
    slack: Slack
    app: Starlette
    door: httpx.AsyncClient
    patience: Patience
    workspaces: Workspaces | None = None

    async def settled(self) -> None:
        """Let everything be done and said."""
        for _ in range(3):
            await self.intake.settled()
            await self.slack.settled()

    async def pair_up(
        self, ada_on: str = "slack", ben_on: str = "slack", *, look: bool = True
    ) -> PairId:
        """Bring Ada and Ben together, and let the clock look in."""
        self.accounts = account(ada_on, "ada"), account(ben_on, "ben")
        self.ada = SlackPerson(self.fake, self.door, "UADA", tz=ADA.zone)
        self.ben = SlackPerson(self.fake, self.door, "UBEN", tz=BEN.zone)
        now = self.clock.now()
        self.pair_id = await self.store.run(lambda c: paired(c, self.store, self.accounts, now))
        if look:
            await self.intake.look_in(self.pair_id)
        return self.pair_id

    async def pair(self) -> Pair:
        return await self.store.work(self.pair_id, lambda work: work.pair())

    def house(self) -> House:
        """Return it all as a process knows it."""
        addresses = Addresses("", Signer(b"signs"))
        calendars = Calendars(self.store, BOOK, self.clock, addresses, self.intake.marked)
        web: WebMessenger = getattr(self.messengers["web"], "real", self.messengers["web"])
        told = self.clock, self.store, BOOK, web, self.intake, calendars
        return House(Settings("", playground=True), *told)

    async def wake_at(self) -> datetime | None:
        return await self.store.run(directory.next_wake)


def account(platform: str, name: str) -> Account:
    """Return where somebody of this name is found."""
    if platform == "slack":
        return Account("slack", TEAM, f"U{name.upper()}")
    return Account("web", "playground", name)


def paired(
    conn: Connection, store: SqlStore, accounts: tuple[Account, ...], now: datetime
) -> PairId:
    """Bring Ada and Ben together, reached at these accounts."""
    keys = store.keys
    organisation = roster.add_organisation(conn, keys, PROGRAMME.organisation)
    programme = roster.add_programme(conn, organisation, PROGRAMME.name, SETTINGS)
    people = []
    for person, account in zip((ADA, BEN), accounts, strict=True):
        who = _person(conn, store, organisation, person)
        roster.add_account(conn, account, who, now)
        people.append(who)
    pair = roster.add_pair(conn, keys, programme, *people, now)
    conn.execute(update(tables.pair).values(salt=SALT))  # the same draws of topics as on paper
    return pair


def _person(conn: Connection, store: SqlStore, organisation: str, person: Person) -> Any:
    told = {"locale": person.locale, "zone": person.zone, "country": person.country}
    return roster.add_person(conn, store.keys, organisation, person.name, **told)


@asynccontextmanager
async def opened(
    url: str,
    clock: HandClock | None = None,
    key: str = "",
    line: BadLine | None = None,
    *,
    many: bool = False,
) -> AsyncIterator[World]:
    """Open a world on this database, with a line to Slack that may be a bad one.

    In one for many workspaces the token is who installed's.
    """
    clock = clock or HandClock()
    fake, patience = FakeSlack(clock), Patience()
    await fake.start()
    base = await line.leads_to(fake.base) if line else fake.base
    store = await SqlStore.open(url, Settings(url, key or new_key()).master_key(), BOOK.catalogue)
    async with connected() as session:
        workspaces = Workspaces(store, clock, Granting("1.2", "secret", base))
        tokens = workspaces if many else OneToken(TOKEN)
        api = Web(tokens, session, Pacing(patience.now, patience.sleep), base)
        messengers: dict[str, Messenger] = {
            "slack": SlackMessenger(api, clock),
            "web": WebMessenger(store),
        }
        heard = Pacing(lambda: clock.now().timestamp())
        intake = Intake(Services(store, BOOK, messengers), store, clock, pacing=heard)
        slack = Slack(intake, api, messengers["slack"], BOOK.general)  # type: ignore[arg-type]
        for kind, listener in workspaces.events().items() if many else ():
            slack.app.event(kind)(listener)
        app = Starlette(routes=[route(slack, SECRET, clock)])
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ours") as door:
            world = World(
                clock, fake, store, messengers, intake, slack, app, door, patience, workspaces
            )
            try:
                yield world
            finally:
                fake.awake.set()
                await world.settled()
    await store.close()
    await fake.stop()


async def entries(world: World) -> int:
    return len((await world.pair()).journal)


async def both_say_yes(world: World) -> None:
    for person in (world.ada, world.ben):
        await person.presses("Yes, I would like to")
        await world.settled()
    for person in (world.ada, world.ben):
        await person.presses("Ben does")
        await world.settled()
