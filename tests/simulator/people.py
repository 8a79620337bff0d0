"""The people: they answer soon, late or never, twice, to old buttons, and from another zone.

They see what is truly on their screen, and act on that only. All they type is a canary (`life.py`).
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import cards, facilitator
from bot.inputs import Asked, Input, Pressed, Said, Submitted
from tests.life import Life
from tests.simulator.plan import DAY
from tests.stage import BOOK

if TYPE_CHECKING:
    from random import Random

    from bot.cards import Button
    from bot.journal import PairId, PersonId
    from bot.people import Account
    from bot.turn import Reply
    from tests.simulator.process import Process
    from tests.simulator.world import World

# How long until they look again, in days: eager, usual, busy, hardly ever.
PACES = (0.5, 1.0, 1.0, 2.5, 9.0)
AGAIN = (0.0, 10.0, 60.0, 300.0)  # when a platform delivers what nobody has taken
TAKEN_WITHIN = 3.0
RARE = frozenset({"decline", "later", "more", "back", "skip", "not", "cancel", "pause", "leave"})
LEAVES = frozenset({"decline", "leave"})
CHAT = ("help", "book", "so what?", "1", "2", "charter", "status")

DELIVERY: ContextVar[str] = ContextVar("delivery", default="")


@dataclass
class Participant:
    """One of the two of a pair, on one platform, with a temper of their own."""

    world: World
    no: int
    account: Account
    person: PersonId
    pair: PairId
    zone: str
    dice: Random
    code: str = ""
    erased: bool = False
    erased_at: float = 0.0
    zone_since: float = 0.0
    pressed: list[tuple[str, str]] = field(default_factory=list)
    deliveries: int = 0

    def __post_init__(self) -> None:
        self.life = Life(1000 + self.no)
        self.pace = self.dice.choice(PACES) * DAY

    @property
    def name(self) -> str:
        return f"{self.account.user} of {self.account.tenant}"

    @property
    def role(self) -> str:
        return ("reverse-mentor", "reverse-mentee")[self.no % 2]

    async def lives(self) -> None:
        """Look in from time to time, mostly by day, and do a few things."""
        if self.code:
            await asyncio.sleep(self.dice.uniform(0, 4 * DAY))
            await self.hands_in(Said(f"join {self.code}"), None)
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / self.pace))
            await asyncio.sleep(self._until_day())
            if self.world.calm or self.erased:
                return
            for _ in range(self.dice.randint(1, 5)):
                await self.moves()
                await asyncio.sleep(self.dice.expovariate(1 / 20))

    async def moves(self) -> None:
        """Do one thing: mostly what is offered."""
        chance = self.dice.random()
        if chance < 0.04:
            await self.hands_in(Said(self.dice.choice(CHAT)), str(self.pair))
        elif chance < 0.06:
            await self.hands_in(Asked(self.dice.choice(list(facilitator.COMMANDS))), str(self.pair))
        elif chance < 0.1 and self.pressed:
            await self.hands_in(Pressed(*self.dice.choice(self.pressed)), str(self.pair))
        elif chance < 0.11:
            await self.hands_in(Pressed("topic", "open"), self.world.somebody_elses(self.pair))
        else:
            await self.presses(await self.offered())

    async def presses(self, buttons: list[Button]) -> None:
        """Press something, at times twice, and fill in the form that opens."""
        if not buttons:
            return
        if self.dice.random() < 0.98:
            buttons = [b for b in buttons if b.action not in LEAVES] or buttons
        likely = [b for b in buttons if b.action not in RARE]
        button = self.dice.choice(likely if likely and self.dice.random() < 0.9 else buttons)
        self.pressed.append((button.item, button.action))
        reply = await self.does(Pressed(button.item, button.action))
        if reply and reply.sheet and self.dice.random() < 0.95:
            await asyncio.sleep(self.dice.expovariate(1 / 60))
            self.life.now = self.world.clock()
            me = (await self.world.looks_at(self.pair)).person(self.person)
            await self.does(Submitted(reply.sheet.item, self.life.fill(me, reply.sheet)))

    async def does(self, input: Input) -> Reply | None:
        """Do something once, or by an impatient finger twice."""
        if self.dice.random() < 0.04:
            twice = (self.hands_in(input, str(self.pair)) for _ in range(2))
            return (await asyncio.gather(*twice))[0]
        return await self.hands_in(input, str(self.pair))

    async def offered(self) -> list[Button]:
        """Return what their screen offers: mostly the card, at times what a row of Home opens."""
        shown = self.world.platforms[self.account.platform].live(self.account)
        if shown and shown[-1].card.buttons and self.dice.random() < 0.85:
            buttons = shown[-1].card.buttons
            return [*buttons, buttons[0], buttons[0]]
        if not shown:
            return []
        pair = await self.world.looks_at(self.pair)
        reader = cards.Reader.of(pair, pair.person(self.person), self.world.clock(), BOOK)
        rows = self.dice.sample(reader.items, min(1, len(reader.items)))
        return [button for row in rows for button in cards.card_of(reader, row).buttons]

    async def hands_in(self, input: Input, pair: str | None) -> Reply | None:
        """Let the platform deliver it, and again until it is taken; return what came back."""
        self.deliveries += 1
        delivery = f"{self.account.tenant}:{self.account.user}:{self.no}:{self.deliveries}"
        for wait in AGAIN:
            await asyncio.sleep(wait + self.dice.expovariate(1 / 0.1))
            reply = await self._delivered(input, delivery, pair)
            if reply and self.world.strikes("repeat", self.dice, 0.1):
                continue  # our answer went astray
            if reply and self.world.strikes("repeat", self.dice, 0.1):
                self.world.spawn(self._delivered_later(input, delivery, pair))
            if reply:
                return reply
        return None

    async def _delivered(self, input: Input, delivery: str, pair: str | None) -> Reply | None:
        web = self.world.web(self.dice)
        if web is None:
            return None
        task = self.world.spawn(self._received(web, input, delivery, pair))
        await asyncio.wait({task}, timeout=TAKEN_WITHIN)
        return task.result() if task.done() else None

    async def _received(
        self, web: Process, input: Input, delivery: str, pair: str | None
    ) -> Reply | None:
        """Be what a web's listener is: for what failed the platform is not answered."""
        DELIVERY.set(delivery)
        self.world.turns += 1
        self.world.witness.acted(self)
        reply = await web.intake.receive(self.account, input, delivery, pair)
        if reply.failed:
            return None
        self.world.witness.replied(self, delivery, reply)
        return reply

    async def _delivered_later(self, input: Input, delivery: str, pair: str | None) -> None:
        await asyncio.sleep(self.dice.choice((1.0, 60.0, 3600.0)))
        await self._delivered(input, delivery, pair)

    def _until_day(self) -> float:
        """Return how long they sleep, if they do."""
        here = self.world.clock().astimezone(ZoneInfo(self.zone))
        if 7 <= here.hour < 20 or self.dice.random() < 0.15:
            return 0
        return (8 - here.hour) % 24 * 3600 + self.dice.uniform(0, 4 * 3600)
