"""The stage off the paper: the same stories, through Slack's requests, our own page, or both.

What is pressed is looked for on the two screens, and what the bot meant to show is compared with
what stands there; so a story told here gives the transcript it gives on paper.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.slack.address import Address
from adapters.slack.socket import Socket
from bot import cards
from bot.inputs import Asked, Marked, Pressed, Said, Submitted
from tests.fake_slack import words
from tests.page_people import PagePerson, door, labels, text
from tests.paper import PaperMessenger
from tests.slack_desk import desk
from tests.slack_line import line
from tests.slack_people import buttons
from tests.slack_world import HandClock, opened
from tests.stage import Actor, Stage, drawn, drawn_sheet, wrapped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from bot.cards import Card
    from bot.inputs import Input
    from bot.journal import PersonId
    from bot.people import Account, Pair, Person
    from bot.turn import Messenger, Reply
    from tests.slack_people import SlackPerson
    from tests.slack_world import World

WAYS = {  # where the reverse-mentor is, where the reverse-mentee is, how Slack reaches us
    "http": ("slack", "slack", "http"),
    "socket": ("slack", "slack", "socket"),
    "playground": ("web", "web", "http"),
    "halves": ("web", "slack", "http"),
}


@dataclass
class Copied(PaperMessenger):
    """A platform's messenger, with a copy on paper of all that it was told to show."""

    real: Messenger = None  # type: ignore[assignment]
    copies: dict[str, str] = field(default_factory=dict)

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        ref = await self.real.post(account, card, key, retire)
        self.copies[ref] = await super().post(account, card, key, self.copies.get(retire, ""))
        return ref

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        found = await self.real.update(account, ref, card, key)
        assert found == ref
        await super().update(account, self.copies[ref], card, key)
        return ref


@dataclass
class Shelf:
    """The pair as it was after the last turn, as the stage asks for it."""

    kept: Pair
    wake: datetime | None = None

    def pair(self, pair: str) -> Pair:
        return self.kept

    def wake_at(self, pair: str) -> datetime | None:
        return self.wake


@dataclass
class RealActor(Actor):
    """One of the two, who finds on a real screen what they press."""

    @property
    def account(self) -> Account:
        return self.stage.accounts[self.me.id]

    def offers(self, pressed: Pressed) -> bool:
        """Tell whether this button is to be on their screen now: an old one may be pressed too."""
        rows = (row for _, rows in cards.home(self.reader).sections for row in rows)
        drawn = [self.card, *(row.card for row in rows)]
        meant = pressed.item, pressed.action
        return meant in {(b.item, b.action) for card in drawn for b in card.buttons}

    async def acts(self, input: Input) -> None:
        """Do it where they are."""
        raise NotImplementedError

    async def compares(self, reply: Reply | None) -> None:
        """See that what they were to be shown stands there, and nothing else to press."""
        raise NotImplementedError


@dataclass
class SlackActor(RealActor):
    """One of the two on Slack."""

    @property
    def person(self) -> SlackPerson:
        world = self.stage.world
        return world.ada if self is self.stage.ada else world.ben

    async def acts(self, input: Input) -> None:
        match input:
            case Pressed():
                await self._presses(input)
            case Submitted(item, answers):
                window = self.person.user.window
                assert window, "no window is open"
                assert f'"{item}"' in window["private_metadata"], "another form is open"
                await self.person.fills(**answers)
            case Said(typed):
                await self.person.writes(typed)
            case Asked(command):
                await self.person.commands(command)

    async def _presses(self, pressed: Pressed) -> None:
        value = Address(self.stage.pair.id, pressed.item, pressed.action).written()
        for message in reversed(self.person.chat):
            for button in buttons(message["blocks"]):
                if button["value"] == value:
                    await self.person.acts(button, message)
                    return
        await self.person.opens_home()
        await self.stage.world.settled()
        known = [b for b in buttons(self.person.user.home["blocks"]) if b["value"] == value]
        assert bool(known) == self.offers(pressed)
        if known:
            await self.person.acts(known[0], None)
        else:  # an old button, from a screen that has not heard of the change yet
            old = {"action_id": "press:0", "text": {"text": "?"}, "value": value}
            await self.person.acts(old, self.person.chat[-1])

    async def compares(self, reply: Reply | None) -> None:
        self.stands()

    def stands(self) -> None:
        """See that the last message shows this card, and that none before can be pressed."""
        *before, last = self.person.chat
        stands = words(last["blocks"])
        assert not [each for each in said(self.card) if each not in stands]
        pressable = [b["text"]["text"] for b in buttons(last["blocks"])]
        assert pressable == [b.label for b in self.card.buttons]
        assert not [message for message in before if buttons(message["blocks"])]
        assert last["text"] == self.card.preview


@dataclass
class PageActor(RealActor):
    """One of the two in the playground."""

    @property
    def person(self) -> PagePerson:
        return self.stage.pages[self.me.id]

    async def acts(self, input: Input) -> None:
        match input:
            case Pressed(item, action):
                assert await self.person.finds(item, action) == self.offers(input)
                await self.person.presses(item, action)
            case Submitted(item, answers):
                await self.person.fills(item, answers)
            case Said(typed) | Asked(typed):
                await self.person.writes(typed)

    async def compares(self, reply: Reply | None) -> None:
        chat = await self.person.chat()
        stands = text(chat)
        assert not [each for each in said(self.card) if text(each) not in stands]
        assert labels(chat) == [b.label for b in self.card.buttons]
        if reply:
            assert self.person.told == reply.notice
            assert bool(self.person.form) == bool(reply.sheet)


ACTORS = {"slack": SlackActor, "web": PageActor}


A_MOVE = 2.0  # seconds a move takes people at least, as the pacing counts them


@dataclass
class RealStage(Stage):
    """Two actors on real screens, one clock, and the script."""

    world: World = None  # type: ignore[assignment]
    pages: dict[PersonId, PagePerson] = field(default_factory=dict)
    replies: list[Reply] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = self.now
        two = dict(zip((p.id for p in self.start.people), self.world.accounts, strict=True))
        self.accounts = two
        self.ada, self.ben = (
            ACTORS[two[me.id].platform](self, me)
            for me in (self.start.reverse_mentor, self.start.reverse_mentee)
        )
        self.store = Shelf(self.start)  # type: ignore[assignment]

    async def take(self, input: Input, me: Person | None) -> Reply:
        """Let it happen, and write down what each of the two was shown."""
        self.world.clock.moment = self.now
        self.world.patience.seconds += A_MOVE
        if isinstance(input, Marked):
            marks = input.whom, input.times, input.kind
            await self.world.intake.marked(self.start.id, *marks)
        elif me is None:
            await self.world.intake.look_in(self.start.id)
        else:
            await self._actor(me).acts(input)
        await self.world.settled()
        self.store.kept = await self.world.pair()
        self.store.wake = await self.world.wake_at()
        reply = self._told(me) if me else None
        self._shown()
        for actor in self.actors():
            actor.me = self.pair.person(actor.me.id)
            if self.paper.live(actor.account):
                await actor.compares(reply if me and actor.me.id == me.id else None)
        return reply  # type: ignore[return-value]

    def _actor(self, me: Person) -> RealActor:
        return next(actor for actor in self.actors() if actor.me.id == me.id)

    def _told(self, me: Person) -> Reply:
        reply = self.replies.pop()
        assert not self.replies
        if reply.notice:
            self.tell(me, [f"  {line}" for line in wrapped(reply.notice)])
        if reply.sheet:
            self.tell(me, drawn_sheet(reply.sheet))
        return reply

    def _shown(self) -> None:
        for account, how, card in self.paper.shown:
            who = next(who for who, known in self.accounts.items() if known == account)
            self.script.append((str(who), drawn(card, "~" if how == "update" else " ")))
        self.paper.shown.clear()


def said(card: Card) -> list[str]:
    """Return all that a card says."""
    return [card.title, *card.lead, *(line.text for line in card.body), card.audience]


@asynccontextmanager
async def on_stage(url: str, way: str) -> AsyncIterator[RealStage]:
    """Open the stage, with the two of them at one of the WAYS."""
    ada_on, ben_on, line_in = WAYS[way]
    async with opened(url, HandClock()) as world, AsyncExitStack() as stack:
        if line_in == "socket":
            await stack.enter_async_context(over_a_socket(world))
        paper = PaperMessenger()
        for platform, real in world.messengers.items():
            world.messengers[platform] = Copied(paper.chats, paper.shown, real=real)
        await world.pair_up(ada_on, ben_on, look=False)
        stage = RealStage(await world.pair(), world=world, paper=paper)
        ours = await stack.enter_async_context(door(world.house()))
        stage.pages = {
            who: PagePerson(ours, account.user) for who, account in stage.accounts.items()
        }
        receive = world.intake.receive

        async def heard(*told, **more):
            reply = await receive(*told, **more)
            stage.replies.append(reply)
            return reply

        world.intake.receive = heard  # type: ignore[method-assign]
        yield stage
        assert world.fake.refused == []


@asynccontextmanager
async def over_a_socket(world: World) -> AsyncIterator[None]:
    """Let Slack reach a world over a connection that the world has opened."""
    async with desk() as told, line() as held:
        told.answers["apps.connections.open"] = {"ok": True, "url": held.url}
        async with Socket(world.slack.app, "xapp-canary", told.url).open():
            await held.picked_up()
            world.door = held  # type: ignore[assignment]
            yield
