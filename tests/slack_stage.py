"""The stage on Slack: the same stories, but everything goes through signed requests and our API.

What is pressed is looked for on the fake Slack's screens, and what the bot meant to show is
compared with what stands there; so a story told here gives the transcript it gives on paper.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.slack.address import Address
from bot.inputs import Asked, Pressed, Said, Submitted
from tests.fake_slack import words
from tests.paper import PaperMessenger
from tests.slack_people import buttons
from tests.slack_world import HandClock, opened
from tests.stage import Actor, Stage, drawn, drawn_sheet, wrapped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from bot.cards import Card
    from bot.inputs import Input
    from bot.people import Account, Pair, Person
    from bot.turn import Messenger, Reply
    from tests.slack_people import SlackPerson
    from tests.slack_world import World


@dataclass
class Copied(PaperMessenger):
    """Slack's messenger, with a copy on paper of all that it was told to show."""

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
class SlackActor(Actor):
    """One of the two, who finds on Slack what they press."""

    @property
    def person(self) -> SlackPerson:
        world = self.stage.world
        return world.ada if self is self.stage.ada else world.ben

    @property
    def account(self) -> Account:
        return self.stage.accounts[self.me.id]

    async def acts(self, input: Input) -> None:
        """Do it on Slack."""
        match input:
            case Pressed():
                await self._presses(input)
            case Submitted(item, answers):
                window = self.person.user.window
                assert window, "no window is open"
                assert f'"{item}"' in window["private_metadata"], "another form is open"
                await self.person.fills(**answers)
            case Said(text):
                await self.person.writes(text)
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
        if known:
            await self.person.acts(known[0], None)
        else:  # an old button, from a screen that has not heard of the change yet
            old = {"action_id": "press:0", "text": {"text": "?"}, "value": value}
            await self.person.acts(old, self.person.chat[-1])


@dataclass
class SlackStage(Stage):
    """Two actors on Slack, one clock, and the script."""

    world: World = None  # type: ignore[assignment]
    replies: list[Reply] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = self.now
        self.ada = SlackActor(self, self.start.reverse_mentor)
        self.ben = SlackActor(self, self.start.reverse_mentee)
        self.store = Shelf(self.start)  # type: ignore[assignment]
        self.accounts = dict(
            zip((p.id for p in self.start.people), self.world.accounts, strict=True)
        )

    async def take(self, input: Input, me: Person | None) -> Reply:
        """Let it happen on Slack, and write down what each of the two was shown."""
        self.world.clock.moment = self.now
        if me is None:
            await self.world.intake.look_in(self.start.id)
        else:
            actor = next(actor for actor in self.actors() if actor.me.id == me.id)
            await actor.acts(input)
        await self.world.settled()
        self.store.kept = await self.world.pair()
        self.store.wake = await self.world.wake_at()
        reply = self._told(me) if me else None
        self._shown()
        return reply  # type: ignore[return-value]

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
        for actor in self.actors():
            actor.me = self.pair.person(actor.me.id)
            if self.paper.live(actor.account):
                assert_same(actor.card, actor.person)


def assert_same(card: Card, person: SlackPerson) -> None:
    """See that the last message shows exactly this card, and that none before can be pressed."""
    *before, last = person.chat
    shown = words(last["blocks"])
    for text in (card.title, *card.lead, *(line.text for line in card.body), card.audience):
        assert text in shown
    assert [b["text"]["text"] for b in buttons(last["blocks"])] == [b.label for b in card.buttons]
    assert not [message for message in before if buttons(message["blocks"])]
    assert last["text"] == card.preview


@asynccontextmanager
async def on_slack(url: str) -> AsyncIterator[SlackStage]:
    """Open the stage on Slack."""
    clock = HandClock()
    async with opened(url, clock) as world:
        paper = Copied(real=world.messengers["slack"])
        world.messengers["slack"] = paper
        await world.pair_up(look=False)
        stage = SlackStage(await world.pair(), world=world, paper=paper)
        receive = world.intake.receive

        async def heard(*told, **more):
            reply = await receive(*told, **more)
            stage.replies.append(reply)
            return reply

        world.intake.receive = heard  # type: ignore[method-assign]
        yield stage
        assert world.fake.refused == []
