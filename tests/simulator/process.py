"""The processes: webs and workers made of the real intake, each of which may die at any await.

A dead process never comes back from its next await, so that nothing of it is tidied up; what it
had asked of others takes its course. A new one is started in its place.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from adapters import worker
from adapters.intake import Intake
from adapters.store import directory
from adapters.store.keys import KEY_BYTES, Keys
from adapters.store.sql import SqlStore
from bot.turn import Services
from tests.simulator.database import Way
from tests.simulator.network import Line
from tests.simulator.plan import LEASE, TICK
from tests.stage import BOOK

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from bot.journal import PairId
    from tests.simulator.world import World

MASTER = bytes(KEY_BYTES)
QUICK, SLOW = 0.003, 0.7  # seconds an await takes: mostly, and at times
DIES, FREEZES = 0.003, 0.001
AWAY = (2.0, 300.0, 6 * 3600.0)
FROZEN = (LEASE * 1.2).total_seconds(), 1200.0


class Counting(Intake):
    """The real intake; only how many turns the clock took is counted."""

    turns = 0

    async def look_in(self, pair: PairId) -> None:
        self.turns += 1
        await super().look_in(pair)


@dataclass
class Process:
    """One process and its clock. `breathe` is what every await at a port comes to."""

    world: World
    name: str
    dice: Random
    alive: bool = True
    thaws_at: float = 0.0
    store: SqlStore = field(init=False)
    intake: Counting = field(init=False)

    def __post_init__(self) -> None:
        keys = Keys(MASTER)
        self.store = SqlStore(Way(self.world.database, keys, self), keys, BOOK.catalogue)
        lines = {name: Line(self, platform) for name, platform in self.world.platforms.items()}
        services = Services(self.store, BOOK, lines, LEASE)
        self.intake = Counting(services, self.store, self)

    def now(self) -> datetime:
        return self.world.reads_the_clock()

    def strikes(self, fault: str, chance: float) -> bool:
        return self.world.strikes(fault, self.dice, chance)

    async def breathe(self) -> None:
        """Let others run for a moment; die, or stand still, if that is what is to happen."""
        slow = self.dice.random() < 0.05
        await asyncio.sleep(self.dice.expovariate(1 / (SLOW if slow else QUICK)))
        if self.strikes("frozen", FREEZES):
            self.freezes()
        await self._thaws()
        if self.alive and self.strikes("crash", DIES):
            self.dies()
        if not self.alive:
            await self.world.never()

    def freezes(self) -> None:
        """Stand still, with everything in it; what it has sent goes its way."""
        self.world.tell(f"{self.name} stands still")
        self.world.stood = self.world.seconds()
        self.thaws_at = self.world.seconds() + self.dice.uniform(*FROZEN)

    async def _thaws(self) -> None:
        """Wait until it goes on. Its timers stand still too: what they end, they end only then."""
        late: asyncio.CancelledError | None = None
        while (left := self.thaws_at - self.world.seconds()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError as ended:
                late = ended
        if late:
            raise late

    def dies(self) -> None:
        self.alive = False
        self.world.died(self, self.dice.choice(AWAY))

    async def ticks(self) -> None:
        """Do what a worker does, without the ticks at which nothing would be due."""
        while True:
            swept = self.dice.uniform(0, TICK)
            with suppress(OperationalError):  # the scheduler lets a job fail, and goes on
                await worker.look_in(self.intake)
            await asyncio.sleep(swept)
            await self._next_due()

    async def _next_due(self) -> None:
        while (left := self._seconds_left()) != 0:
            changed = self.world.database.changed
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await changed.wait()

    def _seconds_left(self) -> float | None:
        """Return how long there is nothing to do for: until the first tick after the next wake."""
        wake = self.world.asks(directory.next_wake)
        if wake is None:
            return None
        left = (wake - self.world.clock()).total_seconds()
        return max(0, ceil(left / TICK) * TICK)
