"""How late messages come when many are due at once: `python -m tests.simulator.lateness`.

Real workers, store, pacing and Slack messenger, in virtual time; the workspace they write to counts
whether its rates are kept. What a worker works out takes its one processor a few milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from math import ceil
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, update

from adapters import worker
from adapters.intake import Intake
from adapters.pacing import Pacing
from adapters.slack.messenger import SlackMessenger
from adapters.slack.tokens import OneToken
from adapters.slack.web import PER_MINUTE, RefusedError, Web
from adapters.store import roster, tables
from adapters.store.keys import Keys
from adapters.store.sql import SqlStore
from bot.people import Account
from bot.turn import Services
from tests.simulator import loop
from tests.simulator.database import Database, Way
from tests.simulator.plan import LEASE
from tests.simulator.process import MASTER
from tests.stage import BOOK, MONDAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

GOAL, MOVED = 60.0, 1.1
TICK = 30.0
WORKING = 0.002  # seconds of a worker's processor before and after each transaction
ANSWER = 0.08  # seconds until Slack answers
ENOUGH = 3600.0  # seconds after which we look no longer
# Calls a minute that Slack takes in one workspace, where it is not what we keep to ourselves: of
# messages it says "several hundred".
LIMITS = {"chat.postMessage": 600}


@dataclass
class Workspace:
    """A workspace as it truly is: it takes so many calls a minute, and says when to come back."""

    posts: dict[str, float] = field(default_factory=dict)
    taken: dict[str, deque[float]] = field(default_factory=dict)
    latest: dict[str, float] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    doubled: int = 0
    names: Any = field(default_factory=count)

    def answers(self, method: str, told: Mapping[str, Any]) -> Mapping[str, Any]:
        now, channel = asyncio.get_running_loop().time(), str(told.get("channel", ""))
        self._admits(method, now)
        if method == "chat.postMessage":
            assert now >= self.latest.get(channel, -1) + 1, f"{channel}: twice within a second"
            self.latest[channel] = now
            self.doubled += channel in self.posts
            self.posts.setdefault(channel, now)
        return {"channel": {"id": f"D{told.get('users', '')}"}, "ts": f"{next(self.names)}.0"}

    def _admits(self, method: str, now: float) -> None:
        """Let a call in, if in the minute before it there were not too many."""
        limit = LIMITS.get(method, PER_MINUTE[method])
        times = self.taken.setdefault(method, deque(maxlen=limit))
        if len(times) == limit and (wait := times[0] + 60 - now) > 0:
            self.refused[method] += 1
            raise RefusedError("ratelimited", timedelta(seconds=ceil(wait)))
        times.append(now)


class VirtualWeb(Web):
    """The Web API without its network: the same pace, and an answer after a moment."""

    def __init__(self, pacing: Pacing, spaces: dict[str, Workspace]) -> None:
        super().__init__(OneToken("xoxb"), None, pacing)  # type: ignore[arg-type]
        self._spaces = spaces

    async def call(self, tenant: str, method: str, **told: Any) -> Mapping[str, Any]:
        await self._wait(tenant, method, told)
        await asyncio.sleep(ANSWER)
        try:
            return self._spaces[tenant].answers(method, told)
        except RefusedError as refused:
            wait = refused.wait or timedelta()
            self._pacing.freeze((tenant, method), wait.total_seconds())
            raise


class Worker:
    """One worker, with one processor, that nothing happens to."""

    def __init__(self, town: Rush) -> None:
        self._processor = asyncio.Lock()
        keys = Keys(MASTER)
        store = SqlStore(Way(town.database, keys, self), keys, BOOK.catalogue)  # type: ignore[arg-type]
        pacing = Pacing(asyncio.get_running_loop().time)
        web = SlackMessenger(VirtualWeb(pacing, town.spaces), town)
        self._intake = Intake(Services(store, BOOK, {"slack": web}, LEASE), store, town)

    async def breathe(self) -> None:
        async with self._processor:
            await asyncio.sleep(WORKING)

    def strikes(self, fault: str, chance: float) -> bool:
        return False

    async def ticks(self) -> None:
        """Look in at every tick, as often at once as the scheduler lets it."""
        running: set[asyncio.Task[None]] = set()
        while True:
            if len(running) < worker.SWEEPS:
                task = asyncio.create_task(worker.look_in(self._intake))
                running.add(task)
                task.add_done_callback(running.discard)
            await asyncio.sleep(TICK)


@dataclass
class Rush:
    """Tenants with so many due within a minute; `before`: they have had a card already."""

    many: Mapping[str, int]
    before: bool = True
    workers: int = 2
    spaces: dict[str, Workspace] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)

    def now(self) -> datetime:
        return MONDAY + timedelta(seconds=asyncio.get_running_loop().time())

    async def lived(self) -> Rush:
        """Live until everybody of the tenants that count has their message."""
        self.database = Database("sqlite://")
        keys = Keys(MASTER)
        conn = self.database.opened(keys)
        for tenant, number in self.many.items():
            self.spaces[tenant] = Workspace()
            self.database.commit(conn, lambda c, t=tenant, n=number: self._settle(c, keys, t, n))
        tasks = [asyncio.create_task(Worker(self).ticks()) for _ in range(self.workers)]
        while asyncio.get_running_loop().time() < ENOUGH and not self._all_there():  # noqa: ASYNC110
            await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        conn.close()
        self.database.close()
        return self

    def _all_there(self) -> bool:
        return all(len(self.spaces[t].posts) >= n for t, n in self.many.items() if t != "noisy")

    def _settle(self, conn: Connection, keys: Keys, tenant: str, number: int) -> None:
        firm = roster.add_organisation(conn, keys, tenant)
        programme = roster.add_programme(conn, firm, "Other eyes", {})
        for n in range(number):
            ada, ben = (
                roster.add_person(conn, keys, firm, name, zone="Europe/London", country="GB")
                for name in ("Ada", "Ben")
            )
            user = f"{tenant}{n}"
            roster.add_account(conn, Account("slack", tenant, user), ada, MONDAY)
            pair = roster.add_pair(conn, keys, programme, ada, ben, MONDAY)
            self.due[f"D{user}"] = 0.0 if tenant == "noisy" else 60.0 * n / number
            at = MONDAY + timedelta(seconds=self.due[f"D{user}"])
            this = tables.pair.c.id == pair
            conn.execute(update(tables.pair).where(this).values(wake_at=at))
            if self.before:
                self._has_a_card(conn, pair, tenant, user, ada)

    def _has_a_card(self, conn: Connection, pair: str, tenant: str, user: str, who: str) -> None:
        row = {"pair": pair, "platform": "slack", "tenant": tenant, "user": user, "person": who}
        shown = {"ref": f"D{user}:1.0", "revision": "0", "digest": "before", "owed": ""}
        conn.execute(insert(tables.posted).values({**row, **shown}))

    def late(self, tenant: str, share: float) -> float:
        """Return by how many seconds the messages of a tenant came after they were due."""
        posts = self.spaces[tenant].posts
        assert len(posts) == self.many[tenant], f"{len(posts)} of {self.many[tenant]} arrived"
        late = sorted(at - self.due[channel] for channel, at in posts.items())
        return late[min(int(len(late) * share), len(late) - 1)]

    def told(self, tenant: str) -> str:
        space = self.spaces[tenant]
        half, most, last = (self.late(tenant, share) for share in (0.5, 0.99, 1))
        return (
            f"{tenant}: {self.many[tenant]:,} due, p50 {half:.1f} s, p99 {most:.1f} s, "
            f"last {last:.1f} s; {space.doubled} twice, {space.refused.total()} calls sent away"
        )


def rush(**told: Any) -> Rush:
    """Live through a rush in virtual time."""
    return loop.run(Rush(**told).lived())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--due", type=int, default=1000)
    parser.add_argument("--noisy", type=int, default=100_000)
    parser.add_argument("--quiet", type=int, default=200)
    told = parser.parse_args()
    for before, which in ((True, "who have a card"), (False, "who have none yet")):
        found = rush(many={"one": told.due}, before=before)
        print(f"{which}: {found.told('one')} (goal: p99 {GOAL:.0f} s)", flush=True)
    alone = rush(many={"quiet": told.quiet})
    print(alone.told("quiet"), flush=True)
    beside = rush(many={"noisy": told.noisy, "quiet": told.quiet})
    moved = beside.late("quiet", 0.99) / alone.late("quiet", 0.99)
    print(f"{beside.told('quiet')}\n  beside {told.noisy:,} of a noisy one: {moved:.2f}x")
    print(f"  (goal: {MOVED}x)")


if __name__ == "__main__":
    main()
