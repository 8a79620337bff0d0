"""The stage, played through Teams: every move is a signed request, every card a Teams message.

What the two do and see is written down as on the paper stage, so the transcripts are the same.
"""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
from sqlalchemy import update
from starlette.applications import Starlette

from adapters.intake import Intake
from adapters.pacing import Pacing
from adapters.settings import new_key
from adapters.store import directory, roster, tables
from adapters.store.references import Address, Place
from adapters.store.sql import SqlStore
from adapters.teams import outbound, wire
from adapters.teams.auth import Gate, KeyRing
from adapters.teams.connector import Connector
from adapters.teams.desk import Desk, Patience
from adapters.teams.messenger import TeamsMessenger
from adapters.teams.tokens import ClientTokens, Credentials
from adapters.web.messenger import WebMessenger
from bot import cards
from bot.inputs import Asked, Marked, Pressed, Said, Submitted, Ticked
from bot.people import Account
from bot.turn import Reply, Services
from tests.fake_teams import APP, EXECUTE, SECRET, TENANT, Client, FakeTeams, serving
from tests.paper import Message
from tests.stage import (
    ADA,
    BEN,
    BOOK,
    MONDAY,
    PROGRAMME,
    SALT,
    Actor,
    Stage,
    drawn,
    drawn_sheet,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from adapters.intake import Answer
    from adapters.store.keys import Keys
    from bot.cards import Card
    from bot.inputs import Input
    from bot.journal import PairId
    from bot.people import Pair, Person
    from bot.turn import Messenger
    from tests.bad_line import BadLine


WEB = Account("web", "playground", "ben")


@dataclass
class StageClock:
    """A clock that stands until it is set."""

    moment: datetime = MONDAY

    def now(self) -> datetime:
        return self.moment


@dataclass
class Waits:
    """What would have been waited for, and was not."""

    seconds: list[float] = field(default_factory=list)
    passed: float = 0.0

    def now(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await self.turn(seconds)

    async def turn(self, seconds: float) -> None:
        self.passed += seconds


@dataclass
class House:
    """Everything between Teams and the database, composed for a test."""

    teams: FakeTeams
    clock: StageClock
    waits: Waits
    store: SqlStore
    messenger: TeamsMessenger
    connector: Connector
    intake: Intake
    desk: Desk
    http: httpx.AsyncClient
    session: aiohttp.ClientSession

    async def settled(self) -> None:
        """Wait until everything that is on its way has arrived."""
        await self.desk.settled()
        await self.intake.settled()

    async def run(self, body: Any) -> Any:
        return await self.store.run(body)

    def client(self, user: str, **told: str) -> Client:
        return Client(self.teams, self.http, user, **told)


@asynccontextmanager
async def opened(
    database: str,
    *,
    messenger: type[TeamsMessenger] = TeamsMessenger,
    intake: type[Intake] = Intake,
    patience: Patience | None = None,
    key: str = "",
    line: BadLine | None = None,
    **others: Callable[[SqlStore], Messenger],
) -> AsyncIterator[House]:
    """Open a house whose only line goes to a Teams of its own; it may be a bad one."""
    clock, waits = StageClock(), Waits()
    master = base64.urlsafe_b64decode(key or new_key())
    store = await SqlStore.open(database, master, BOOK.catalogue)
    async with serving(clock) as teams, aiohttp.ClientSession() as session:
        if line:
            teams.url = await line.leads_to(teams.url)
        tokens = ClientTokens(session, teams.cloud, Credentials(APP, TENANT, SECRET), clock)
        connector = Connector(
            session, teams.cloud, tokens, Pacing(waits.now, waits.turn), waits.sleep
        )
        ours = messenger(store, connector, clock)
        rest = {platform: made(store) for platform, made in others.items()}
        services = Services(store, BOOK, {"teams": ours, **rest})
        taken = intake(services, store, clock)
        desk = Desk(taken, ours, BOOK.general, BOOK.locales, patience)
        keys = KeyRing(session, teams.cloud.metadata, clock)
        gate = Gate(keys, teams.cloud, APP, TENANT, clock)
        app = Starlette(routes=[wire.route(gate, desk)])
        there = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=there, base_url="http://bot.test") as http:
            yield House(teams, clock, waits, store, ours, connector, taken, desk, http, session)
        await desk.settled()
        await taken.settled()
    await store.close()


def two_people(
    conn: Connection, keys: Keys, accounts: tuple[Account, Account], now: datetime
) -> PairId:
    """Propose Ada and Ben to each other, each reached at an account."""
    organisation = roster.add_organisation(conn, keys, PROGRAMME.organisation)
    told = {
        "organisation": PROGRAMME.organisation,
        "purpose": PROGRAMME.purpose,
        "contacts": [asdict(contact) for contact in PROGRAMME.contacts],
        "support": list(PROGRAMME.support),
    }
    programme = roster.add_programme(conn, organisation, PROGRAMME.name, told)
    people = []
    for who, account in zip((ADA, BEN), accounts, strict=True):
        person = roster.add_person(
            conn,
            keys,
            organisation,
            who.name,
            locale=who.locale,
            zone=who.zone,
            country=who.country,
        )
        roster.add_account(conn, account, person, now)
        people.append(person)
    pair = roster.add_pair(conn, keys, programme, *people, now)
    conn.execute(update(tables.pair).values(salt=SALT))  # the same draws of topics as on paper
    return pair


def teams_account(user: str) -> Account:
    return Account("teams", TENANT, user)


class Mirror(TeamsMessenger):
    """The messenger, which also puts every card on the stage's paper."""

    stage: TeamsStage

    async def _post_card(self, account: Account, card: Card, key: str) -> str:
        ref = await super()._post_card(account, card, key)
        self.stage.paper.chats.setdefault(account, []).append(Message(ref, card))
        self.stage.paper.shown.append((account, "post", card))
        return ref

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        now = await super().update(account, ref, card, key)
        found = next(m for m in self.stage.paper.chats[account] if m.key == ref)
        found.card = card
        self.stage.paper.shown.append((account, "update", card))
        return now

    async def retire(self, account: Account, ref: str) -> None:
        await super().retire(account, ref)
        for message in self.stage.paper.chats[account]:
            message.live = message.live and message.key != ref


class Mirrors:
    """What makes another platform's messenger put every card on the stage's paper, too."""

    stage: TeamsStage

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        ref: str = await super().post(account, card, key, retire)  # type: ignore[misc]
        chat = self.stage.paper.chats.setdefault(account, [])
        if all(message.key != ref for message in chat):
            chat.append(Message(ref, card))
            self.stage.paper.shown.append((account, "post", card))
        return ref

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        now: str = await super().update(account, ref, card, key)  # type: ignore[misc]
        self.stage.paper.chats[account][-1].card = card
        self.stage.paper.shown.append((account, "update", card))
        return now


class MirrorWeb(Mirrors, WebMessenger):
    """The playground's messenger, which also puts every card on the stage's paper."""


class Listening(Intake):
    """An intake that remembers what it answered."""

    last: Reply = Reply()

    async def take(self, *given: Any) -> Answer:
        answer = await super().take(*given)
        self.last = answer.reply
        return answer


@dataclass
class TeamsActor(Actor):
    """One of the two, at Teams."""

    client: Client | None = None

    @property
    def account(self) -> Account:
        return teams_account(self.client.user) if self.client else WEB


@dataclass
class Known:
    """What the stage wants to know of the store, as it was after the last turn."""

    known: Pair | None = None
    wake: datetime | None = None

    def pair(self, pair: PairId) -> Pair:
        assert self.known
        return self.known

    def wake_at(self, pair: PairId) -> datetime | None:
        return self.wake


class TeamsStage(Stage):
    """Two people who both sit at Teams."""

    house: House
    mixed: bool

    def __post_init__(self) -> None:
        self.began = self.now
        self.store = Known()  # type: ignore[assignment]

    @classmethod
    @asynccontextmanager
    async def open(cls, database: str, *, mixed: bool = False) -> AsyncIterator[TeamsStage]:
        """Open it; `mixed` has Ben sit in the playground."""
        async with opened(database, messenger=Mirror, intake=Listening, web=MirrorWeb) as house:
            stage = cls()
            stage.house, stage.mixed = house, mixed
            for messenger in house.intake._services.messengers.values():
                messenger.stage = stage
            await stage._move_in()
            yield stage

    async def _move_in(self) -> None:
        ada = self.house.client("aad-ada")
        ben = None if self.mixed else self.house.client("aad-ben", zone="Europe/Berlin")
        clients = [client for client in (ada, ben) if client]
        accounts = teams_account(ada.user), teams_account(ben.user) if ben else WEB
        keys = self.house.store.keys
        pair = await self.house.run(lambda c: two_people(c, keys, accounts, self.now))
        for client in clients:
            service, user = self.house.teams.service, client.user
            where = Address(service, client.conversation, f"29:{user}", f"28:{APP}")
            await self.house.messenger.met(teams_account(user), where, Place())
        self.start = await self.house.store.work(pair, lambda work: work.pair())
        self.ada = TeamsActor(self, self.start.reverse_mentor, client=ada)
        self.ben = TeamsActor(self, self.start.reverse_mentee, client=ben)
        await self._look()

    async def take(self, input: Input, me: Person | None) -> Reply:
        self.house.clock.moment = self.now
        if isinstance(input, Marked):
            marks = input.whom, input.times, input.kind
            await self.house.intake.marked(self.start.id, *marks)
            reply = Reply()
        elif me is None:
            assert isinstance(input, Ticked)
            await self.house.intake.look_in(self.start.id)
            reply = Reply()
        else:
            actor = self.ada if me.id == self.ada.me.id else self.ben
            reply = await self._acts(actor, input)
        await self.house.settled()
        if me and reply.notice:
            self.tell(me, [f"  {line}" for line in wrapped(reply.notice)])
        if me and reply.sheet:
            self.tell(me, drawn_sheet(reply.sheet))
        who = {self.ada.account: self.ada.me.id, self.ben.account: self.ben.me.id}
        for account, how, card in self.paper.shown:
            self.script.append((who[account], drawn(card, "~" if how == "update" else " ")))
        self.paper.shown.clear()
        await self._look()
        self._compare()
        return reply

    async def _acts(self, actor: TeamsActor, input: Input) -> Reply:
        """Do at Teams what was done on the stage, and nothing that Teams does not show."""
        client = actor.client
        if client is None:
            delivery = f"web:{self.turns}:{len(self.script)}"
            return await self.house.intake.receive(WEB, input, delivery, self.start.id)
        match input:
            case Pressed(item, action):
                data = {"pair": self.start.id, "item": item, "action": action}
                message, found = self._shown(client, data)
                told = await client.does(found, message)
            case Submitted(_, answers):
                told = await client.submits(answers)
            case Said(text) | Asked(text):
                assert (await client.says(text)).status_code == 200
                return self.house.intake.last
            case _:
                raise AssertionError(input)
        reply = self.house.intake.last
        if reply.notice:
            assert reply.notice in str(told.values())
        return reply

    def _shown(self, client: Client, data: dict[str, str]) -> tuple[Any, dict[str, Any]]:
        for message in reversed(client.chat):
            for action in message.buttons().values():
                if {k: v for k, v in action["data"].items() if k in data} == data:
                    return message, action
        offered = [b for b in _buttons_of_home(self, client) if b.item == data["item"]]
        button = next((b for b in offered if b.action == data["action"]), None)
        if button:
            return None, outbound._button(button, data["pair"])
        return None, {"type": EXECUTE, "data": data}  # a button of long ago, in an old window

    async def _look(self) -> None:
        self.store.known = await self.house.store.work(self.start.id, lambda work: work.pair())
        self.store.wake = await self.house.run(directory.next_wake)

    def _compare(self) -> None:
        """What stands in the two chats is what was meant to stand there."""
        for actor in self.actors():
            card = self.paper.live(actor.account)
            if card and isinstance(actor, TeamsActor) and actor.client:
                content = outbound.card(card, self.start.id)
                live = [m for m in actor.client.chat if m.card == content]
                assert live, f"{actor.me.name} does not see {card.title!r}"
                alive = [m for m in actor.client.chat if _is_live(m.card)]
                assert alive in ([], live[-1:]), f"{actor.me.name} has more than one live card"


def _buttons_of_home(stage: TeamsStage, client: Client) -> list[cards.Button]:
    actor = next(a for a in stage.actors() if getattr(a, "client", None) is client)
    rows = (row for _, rows in cards.home(actor.reader).sections for row in rows)
    return [button for row in rows for button in row.card.buttons]


def _is_live(card: dict[str, Any]) -> bool:
    """Tell whether a card has buttons of its own: those of Home are folded away."""
    return any(part["type"] == "ActionSet" for part in card.get("body", ()))
