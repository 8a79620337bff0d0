"""A world: pairs, platforms, processes and troubles, lived from its plan to its end.

After its weeks the faults stop and everybody rests. Within a day every screen must be right (I19).
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from hashlib import blake2s
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

from adapters import logs
from adapters.store import roster, sql
from adapters.store.keys import Keys
from adapters.store.sql import SqlStore
from bot.people import Account
from tests.simulator import loop, people
from tests.simulator.database import Database, Way
from tests.simulator.invariants import Violation, Witness
from tests.simulator.network import Platform
from tests.simulator.people import Participant
from tests.simulator.plan import DAY, KINDS, ZONES, Plan
from tests.simulator.process import MASTER, Process
from tests.stage import BOOK

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from datetime import datetime
    from random import Random

    from sqlalchemy import Connection

    from bot.delivery import Posted
    from bot.journal import PairId, PersonId
    from bot.people import Pair
    from tests.simulator.invariants import Sent

T = TypeVar("T")

MICROSECOND = timedelta(microseconds=1)
NAMES = ("Ada", "Ben")
INVITED = 0.3  # how many come with a code
LOOK = 2 * DAY
OUTAGES = (600.0, 2 * 3600.0, 30 * 3600.0, 5 * DAY)
STEPS = (-3600.0, 3600.0, DAY, -1.0)


class Secrets:
    """The dice of the roster, for ids and salts: the seed's instead of the machine's."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self.choice = dice.choice

    def token_bytes(self, count: int) -> bytes:
        return self._dice.randbytes(count)

    def token_hex(self, count: int) -> str:
        return self._dice.randbytes(count).hex()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a world."""

    plan: Plan
    violation: Violation | None
    trace: tuple[str, ...]
    turns: int
    sent: int
    crashes: int
    days: float
    arrivals: tuple[Sent, ...] = ()

    @property
    def digest(self) -> str:
        return blake2s("\n".join(self.trace).encode(), digest_size=8).hexdigest()


@dataclass
class World:
    """Everything there is, and what was told of it."""

    plan: Plan
    logged: list[str]
    faults: set[str] = field(init=False)
    participants: dict[Account, Participant] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    moments: dict[datetime, str] = field(default_factory=dict)
    told: list[tuple[float, str]] = field(default_factory=list)
    offset: timedelta = timedelta()
    clock_set: float = -3 * DAY
    stood: float = -DAY
    turns: int = 0
    crashes: int = 0
    started: int = 0
    calm: bool = False
    violation: Violation | None = None

    def __post_init__(self) -> None:
        self.faults = set(self.plan.faults)
        self.dice = self.plan.dice("world")
        self.keys = Keys(MASTER)
        self.database = Database(self.plan.database)
        self.platforms = {kind: Platform(self, kind, kind) for kind in KINDS}
        self.witness = Witness(self)
        onlooker = Way(self.database, self.keys)
        self._conn = self.database.opened(self.keys)
        self._onlooker = SqlStore(onlooker, self.keys, BOOK.catalogue)
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Future[Any]] = set()

    # -- what everybody may ask

    def seconds(self) -> float:
        return asyncio.get_running_loop().time()

    def clock(self) -> datetime:
        """Return what the clock of the machine says, without looking at it."""
        return self.plan.start + timedelta(seconds=self.seconds()) + self.offset

    def reads_the_clock(self) -> datetime:
        """Return the moment it is, no two alike, and remember for which delivery it was asked."""
        now = self.clock()
        while now in self.moments:
            now += MICROSECOND
        self.moments[now] = people.DELIVERY.get()
        return now

    def strikes(self, fault: str, dice: Random, chance: float) -> bool:
        return fault in self.faults and dice.random() < chance

    def had(self, fault: str) -> bool:
        return fault in self.plan.faults

    def stood_still(self) -> bool:
        """Tell whether a process has stood still within the last hours."""
        return self.seconds() < self.stood + DAY / 8

    def web(self, dice: Random) -> Process | None:
        alive = [p for p in self.processes if p.alive and p.name.startswith("web")]
        return dice.choice(alive) if alive else None

    def both(self, pair: PairId) -> list[Participant]:
        return [p for p in self.participants.values() if p.pair == pair]

    def somebody_elses(self, pair: PairId) -> str:
        return next((str(p.pair) for p in self.participants.values() if p.pair != pair), "none")

    def author(self, word: str) -> int:
        return int(word.rpartition("x")[2]) - 1000

    async def looks_at(self, pair: PairId) -> Pair:
        return await self._onlooker.work(pair, lambda work: work.pair())

    async def posted(self, to: Participant) -> Posted | None:
        """Return what is noted of someone's screen; nothing if they have none."""
        return await self._onlooker.work(
            to.pair, lambda work: work.posted(to.person) if work.account(to.person) else None
        )

    def looks_up(self, body: Callable[[Connection], T]) -> T:
        return self.database.look(self._conn, body)

    def asks(self, body: Callable[[Connection], T]) -> T:
        """Return the same until something has changed."""
        return self.database.asks(self._conn, body)

    @property
    def log(self) -> str:
        return "\n".join(self.logged)

    # -- what happens

    def tell(self, what: str) -> None:
        self.told.append((self.seconds(), what))

    def violated(self, violation: Violation) -> None:
        """Note the first invariant that is broken, and end the world."""
        if self.violation is None:
            self.tell(f"VIOLATION {violation}")
            self.violation = violation
            self._over.set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """Take note of a failure that nobody should have let through."""
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.violated(Violation("exception", repr(task.exception())))

    def unheard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take note of a failure of a platform's own, which reaches nobody."""
        if "handle" in context:
            self.violated(Violation("exception", repr(context.get("exception"))))
        else:
            loop.default_exception_handler(context)

    async def never(self) -> None:
        """Wait for ever."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks.add(future)
        await future

    def starts(self, kind: str) -> None:
        """Start a process."""
        self.started += 1
        name = f"{kind}{self.started}"
        process = Process(self, name, self.plan.dice(name))
        self.processes.append(process)
        if kind == "worker":
            self.spawn(process.ticks())

    def died(self, process: Process, away: float) -> None:
        self.crashes += 1
        self.turns += process.intake.turns
        self.processes.remove(process)
        self.tell(f"{process.name} dies")
        asyncio.get_running_loop().call_later(away, self.starts, process.name.rstrip("0123456789"))

    async def lives(self) -> None:
        """Live through the weeks, then come to rest."""
        self._settle()
        for kind in ("web", "worker"):
            for _ in range(self.dice.choice((1, 1, 2))):
                self.starts(kind)
        for trouble in (self._outages, self._clock_steps, self._erasure, self._moves, self._looks):
            self.spawn(trouble())
        try:
            await asyncio.wait_for(self._over.wait(), self.plan.weeks * 7 * DAY)
        except TimeoutError:
            await self._rests()
        self.turns += sum(process.intake.turns for process in self.processes)

    async def _rests(self) -> None:
        self.tell("the faults stop")
        self.faults.clear()
        self.calm = True
        self.offset = timedelta()
        for platform in self.platforms.values():
            platform.away_until = 0
        for wait in (0, 4 * DAY):  # at once, and again when some days went by without a fault
            await asyncio.sleep(wait)
            await self._comes_to_rest()
        await self._look()
        await self.witness.afterwards()

    async def _comes_to_rest(self) -> None:
        """Look until everything is as it should be, for a day at most (I19)."""
        for _ in range(24 * 6):
            await self._onlooker.scrub()
            left = await self.witness.at_rest()
            if not left or self.violation:
                return
            await asyncio.sleep(600)
        self.violated(Violation("I19", left))

    # -- the troubles

    async def _outages(self) -> None:
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / (15 * DAY)))
            if "outage" in self.faults:
                platform = self.dice.choice(list(self.platforms.values()))
                away = self.dice.choice(OUTAGES)
                self.tell(f"{platform.name} is away for {timedelta(seconds=away)}")
                platform.away_until = self.seconds() + away

    async def _clock_steps(self) -> None:
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / (20 * DAY)))
            if "clock" in self.faults:
                step = self.dice.choice(STEPS)
                self._set_the_clock(timedelta(seconds=step))
                await asyncio.sleep(self.dice.uniform(60, 7200))
                self._set_the_clock(timedelta())

    def _set_the_clock(self, offset: timedelta) -> None:
        self.offset = offset
        self.clock_set = self.seconds()
        self.tell(f"the clock is set to {self.clock():%d %b %H:%M:%S}")
        self.database.ring()

    async def _erasure(self) -> None:
        await asyncio.sleep(self.dice.uniform(0, self.plan.weeks * 7 * DAY))
        someone = self.dice.choice(list(self.participants.values()))
        if "erase" in self.faults:
            self.tell(f"{someone.name} is erased")
            someone.erased, someone.erased_at = True, self.seconds()
            self._office(lambda conn: roster.erase(conn, self.keys, someone.person, self.clock()))

    async def _moves(self) -> None:
        """Let somebody move to another zone."""
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / (40 * DAY)))
            someone = self.dice.choice(list(self.participants.values()))
            if self.calm or someone.erased:
                continue
            await self._look()
            zone, country = self.dice.choice(ZONES)
            self.tell(f"{someone.name} moves to {zone}")
            someone.zone, someone.zone_since = zone, self.seconds()
            self._office(partial(self._set, someone.person, zone=zone, country=country))

    async def _looks(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            await self._look()

    async def _look(self) -> None:
        """Look at everything as it is kept, and not as we saw it last."""
        await self._onlooker.scrub()
        for pair in dict.fromkeys(p.pair for p in self.participants.values()):
            self.witness.looks(await self.looks_at(pair))
        await self.witness.screens()

    def _set(self, person: PersonId, conn: Connection, **places: str) -> None:
        roster.set_person(conn, self.keys, person, self.clock(), **places)

    # -- how it began

    def _office(self, body: Callable[[Connection], T]) -> T:
        """Do what a coordinator does, in one transaction."""
        return self.database.commit(self._conn, body)

    def _settle(self) -> None:
        """Bring the pairs together. The users of every tenant have the same ids."""
        for no in range(self.plan.pairs):
            for participant in self._office(partial(self._pair, no)):
                self.participants[participant.account] = participant
                self.spawn(participant.lives())

    def _pair(self, no: int, conn: Connection) -> list[Participant]:
        dice = self.plan.dice(f"pair {no}")
        tenant = f"T{no}"
        organisation = roster.add_organisation(conn, self.keys, tenant)
        programme = roster.add_programme(conn, organisation, "Other eyes", {})
        homes = [dice.choice(ZONES) for _ in NAMES]
        both = [
            roster.add_person(conn, self.keys, organisation, name, zone=zone, country=country)
            for name, (zone, country) in zip(NAMES, homes, strict=True)
        ]
        pair = roster.add_pair(conn, self.keys, programme, both[0], both[1], self.clock())
        return [
            self._participant(
                conn,
                no * 2 + n,
                Account(dice.choice(KINDS), tenant, f"U{n}"),
                both[n],
                pair,
                homes[n][0],
            )
            for n in range(2)
        ]

    def _participant(
        self, conn: Connection, no: int, account: Account, person: PersonId, pair: PairId, zone: str
    ) -> Participant:
        dice = self.plan.dice(f"participant {no}")
        found = Participant(self, no, account, person, pair, zone, dice)
        if dice.random() < INVITED:
            found.code = roster.invite(conn, pair, person, self.clock())
        else:
            roster.add_account(conn, account, person, self.clock())
        return found


def live(plan: Plan) -> Outcome:
    """Live a world from its plan to its end."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(roster, "secrets", Secrets(plan.dice("secrets"))))
        stack.enter_context(patch.object(sql, "random", plan.dice("store")))
        log = stack.enter_context(listening())
        return loop.run(_lived(plan, log))


async def _lived(plan: Plan, log: list[str]) -> Outcome:
    world = World(plan, log)
    asyncio.get_running_loop().set_exception_handler(world.unheard)
    try:
        await world.lives()
    finally:
        world.database.close()
    return Outcome(
        plan,
        world.violation,
        tuple(
            f"{plan.start + timedelta(seconds=at):%d %b %H:%M:%S} {what}" for at, what in world.told
        ),
        world.turns,
        len(world.witness.sent),
        world.crashes,
        world.seconds() / DAY,
        tuple(world.witness.sent),
    )


@contextmanager
def listening() -> Iterator[list[str]]:
    """Keep what our processes log, to see that no private word is in it."""
    lines: list[str] = []
    ear = logging.Handler()
    ear.setFormatter(logs.Lines())
    ear.emit = lambda record: lines.append(ear.format(record))  # type: ignore[method-assign]
    log = logging.getLogger("turnabout")
    log.addHandler(ear)
    log.propagate = False
    try:
        yield lines
    finally:
        log.removeHandler(ear)
        log.propagate = True
