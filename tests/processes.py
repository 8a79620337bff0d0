"""Real processes for tests: the web and the worker as they are served, and pages that talk to them.

Whatever is waited for is a condition with a deadline; nobody sleeps and hopes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import select

from adapters.house import House, open_house
from adapters.settings import Settings, new_key
from adapters.store import tables
from adapters.web import outbound
from adapters.web.playground import residents
from bot import cards
from bot.inputs import Pressed
from tests.mortal import born
from tests.playground import MONDAY, TWO, _moved_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

    from bot.delivery import Posted
    from bot.inbox import Item
    from bot.journal import Event, PairId, PersonId
    from bot.people import Account, Pair, Person

OWN = {"sec-fetch-site": "same-origin", "content-type": "application/json"}
PATIENCE = 120.0  # seconds until a condition that does not come true has failed
POLL = 0.15
GIVEN = 3.0  # seconds to come to rest in, before a lease is let pass
NOT_TAKEN_YET = "That did not go through"

# Processes are forked from one that has read all the code, since reading it takes seconds.
NURSERY = get_context("forkserver")
NURSERY.set_forkserver_preload(
    [
        "tests.mortal",
        "adapters.app",
        "asyncpg",
        "uvicorn.lifespan.on",
        "uvicorn.protocols.http.auto",
    ]
)


HELD: list[socket.socket] = []


def free_port() -> int:
    """Return a port that is kept from everybody but a server that asks for it by its number.

    We have it but do not listen: where nobody listens, servers may bind again. (Only on Linux;
    elsewhere it is let go, and somebody may be quicker.)
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = int(held.getsockname()[1])
    if sys.platform == "linux":
        HELD.append(held)
    else:
        held.close()
    return port


async def until(
    holds: Callable[[], Awaitable[Any]], what: str, patience: float = PATIENCE, found: Any = None
) -> Any:
    """Wait until something holds, and return it."""
    deadline = time.monotonic() + patience
    while not (found := await holds()):
        assert time.monotonic() < deadline, f"still not so after {patience} s: {what}"
        await asyncio.sleep(POLL)
    return found


@dataclass
class Page:
    """A browser's end: what it sends it sends again, under the same id, until it is taken."""

    http: httpx.AsyncClient
    url: str
    user: str
    told: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)

    async def posts(self, body: object) -> dict[str, Any] | None:
        """Post once. Nothing comes back from a process that died, or that asks to try again."""
        try:
            answer = await self.http.post(f"{self.url}/act", content=json.dumps(body), headers=OWN)
        except httpx.TransportError:
            self.told["died"] += 1
            return None
        self.told[str(answer.status_code)] += 1
        told = answer.json()
        if told["notice"].startswith(NOT_TAKEN_YET):
            self.told["again"] += 1
            return None
        return told

    async def sends(self, body: dict[str, Any]) -> dict[str, Any]:
        """Send until acknowledged."""
        whole = {"user": self.user, **body}
        told = await until(lambda: self.posts(whole), f"{body} acknowledged")
        self.acknowledged.append(body["id"])
        return told


class Started:
    """A process that was started."""

    def __init__(self, process: ForkServerProcess) -> None:
        process.start()
        self._process = process

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        os.kill(self._process.pid, signal.SIGTERM)

    def wait(self, seconds: float | None = None) -> None:
        self._process.join(seconds)


@dataclass
class Town:
    """A playground for processes: a database, a folder with its clock, what was started in it.

    Of several pairs in one town, `home` is each one's.
    """

    house: House
    http: httpx.AsyncClient
    pairs: list[PairId]
    folder: Path
    port: int
    env: dict[str, str] = field(default_factory=dict)
    started: list[Started] = field(default_factory=list)
    no: int = 0

    def home(self, no: int) -> Town:
        """Return the same town, as one of its pairs knows it."""
        return replace(self, no=no)

    @property
    def pair_id(self) -> PairId:
        return self.pairs[self.no]

    @property
    def users(self) -> list[str]:
        return [user for user, *_ in two(self.no)]

    def starts(self, kind: str, die: str, port: int | None) -> Started:
        told = self.house.settings
        env = {
            "DATABASE_URL": told.database,
            "TURNABOUT_KEY": told.key_text,
            "TURNABOUT_PLAYGROUND": "on",
            "TURNABOUT_DATA": str(told.data),
            "TURNABOUT_LEASE": str(told.lease),
            "TURNABOUT_TICK": str(told.tick),
            "PORT": str(port or self.port),
            **self.env,
        }
        log = str(self.folder / "processes.log")
        begun = Started(NURSERY.Process(target=born, args=(kind, die, env, log), daemon=True))
        self.started.append(begun)
        return begun

    def web(self, *, die: str = "", port: int | None = None) -> Started:
        return self.starts("web", die, port)

    def worker(self, *, die: str = "") -> Started:
        return self.starts("worker", die, None)

    def socket(self, *, die: str = "") -> Started:
        return self.starts("socket", die, None)

    def kills(self, process: Started) -> None:
        assert process.poll() is None, f"it had died already:\n{self.log()}"
        process.kill()
        process.wait()

    async def end_of(self, process: Started) -> int:
        """Wait until a process has ended of itself; return its exit code."""

        async def ended() -> bool:
            return process.poll() is not None

        await until(ended, "the process has died")
        return process.returncode

    async def answers(self, port: int | None = None) -> None:
        """Wait until the web process answers."""

        where = f"http://127.0.0.1:{port or self.port}/healthz"

        async def healthy() -> bool:
            try:
                answer = await self.http.get(where)
            except httpx.TransportError:
                return False
            return answer.status_code == 200

        await until(healthy, f"the web process answers:\n{self.log()}")

    async def works(self) -> None:
        """Wait until a worker has begun."""

        async def begun() -> bool:
            lines = self.log().splitlines()
            return any('"turnabout.worker"' in line and '"at work"' in line for line in lines)

        await until(begun, f"the worker has begun:\n{self.log()}")

    def page(self, user: str, port: int | None = None) -> Page:
        return Page(self.http, f"http://127.0.0.1:{port or self.port}", user)

    def log(self) -> str:
        file = self.folder / "processes.log"
        return file.read_text(encoding="utf-8", errors="replace")[-4000:] if file.exists() else ""

    # What two people see, and what is known of it

    async def pair(self) -> Pair:
        return await self.house.store.work(self.pair_id, lambda work: work.pair())

    async def person(self, user: str) -> tuple[Person, Account]:
        pair = await self.pair()
        everyone = await self.house.store.run(residents)
        mine = next(each for each in everyone if each.account.user == user)
        return pair.person(mine.person), mine.account

    async def events(self, kind: type[Event], user: str | None = None) -> list[Any]:
        """Return everything of a kind in the journal, or what somebody did of it."""
        who: PersonId | None = (await self.person(user))[0].id if user else None
        journal = (await self.pair()).journal
        return [e.event for e in journal if isinstance(e.event, kind) and who in {None, e.by}]

    async def posted(self, user: str) -> Posted:
        me, _ = await self.person(user)
        return await self.house.store.work(self.pair_id, lambda work: work.posted(me.id))

    async def live(self, user: str) -> list[dict[str, Any]]:
        """Return the messages on somebody's screen that can still be pressed."""
        _, account = await self.person(user)
        return [m.content for m in await self.house.web.messages(account) if m.live]

    async def item(self, user: str, thread: str) -> Item:
        me, _ = await self.person(user)
        reader = cards.Reader.of(await self.pair(), me, self.house.clock.now(), self.house.book)
        return next(item for item in reader.items if item.thread == thread)

    async def presses(self, user: str, action: str) -> None:
        """Press a button of somebody's live card, in this process."""
        _, account = await self.person(user)
        (card,) = await self.live(user)
        item = next(item for item, found, *_ in card["buttons"] if found == action)
        await self.house.intake.receive(account, Pressed(item, action), f"setup:{user}:{action}")
        await self.house.intake.settled()

    async def both_know_their_roles(self) -> None:
        for action in ("accept", "mentee_learns"):
            for user in self.users:
                await self.presses(user, action)
        assert not await self.amiss()

    async def amiss(self) -> str:
        """Say what is wrong with either screen, or nothing: one live card, and the right one."""
        pair, now = await self.pair(), self.house.clock.now()
        for me in pair.people:
            user = next(user for user, name, *_ in two(self.no) if name == me.name)
            wanted = cards.card(cards.Reader.of(pair, me, now, self.house.book))
            live, posted = await self.live(user), await self.posted(user)
            if live != ([outbound.written(wanted)] if wanted else []):
                return f"{me.name} sees {[card['title'] for card in live]}, not {wanted}"
            if posted.claim or posted.digest != (wanted.digest if wanted else ""):
                return f"what {me.name} sees is not noted: {posted}"
        return ""

    def passes(self) -> None:
        """Let the time of a lease pass, for whoever starts after it: who died is looked into."""
        clock = self.house.clock
        clock.move_to(clock.now() + timedelta(seconds=self.house.settings.lease))

    async def comes_to_rest(self) -> None:
        """Wait until both screens are right."""
        said, since = "nothing yet", time.monotonic()

        async def right() -> bool:
            nonlocal said, since
            said = await self.amiss()
            if said and time.monotonic() > since + GIVEN:
                self.passes()
                await self.house.intake.sweep()
                since = time.monotonic()
            return not said

        try:
            await until(right, "both screens are right")
        except AssertionError:
            raise AssertionError(f"{said}\n{self.log()}") from None

    async def deliveries(self) -> set[str]:
        """Return the ids, as the pages chose them, of everything that was taken in."""
        ids = await self.house.store.run(
            lambda conn: list(conn.execute(select(tables.delivery.c.id)).scalars())
        )
        return {name.rpartition(":")[2] for name in ids}

    async def messages(self, user: str) -> list[str]:
        """Return the names under which messages came to somebody's chat, in order."""
        message = tables.message.c
        asked = select(message.key).where(message.user == user).order_by(message.id)
        return await self.house.store.run(lambda conn: list(conn.execute(asked).scalars()))


def two(no: int) -> list[tuple[str, str, str, str]]:
    """Return who lives in the home of this number: Ada and Ben, or others of their name."""
    return [(f"{user}{no or ''}", name, zone, country) for user, name, zone, country in TWO]


@asynccontextmanager
async def founded(
    database: str, folder: Path, lease: int = 120, pairs: int = 1
) -> AsyncIterator[Town]:
    """A town in which Ada and Ben live, at a courteous hour, and Ada has been asked."""
    told = Settings(
        database, key_text=new_key(), playground=True, data=folder, lease=lease, tick=0.2
    )
    everyone = httpx.AsyncClient(timeout=60, trust_env=False, limits=httpx.Limits())
    async with everyone as http, open_house(told) as house:
        house.clock.move_to(MONDAY)
        now, keys = house.clock.now(), house.store.keys
        homes = [
            await house.store.run(lambda conn, no=no: _moved_in(conn, keys, two(no), now))
            for no in range(pairs)
        ]
        while await house.intake.sweep():
            pass
        town = Town(house, http, homes, folder, free_port())
        try:
            yield town
        finally:
            for process in town.started:
                if process.poll() is None:
                    process.kill()
                process.wait()
