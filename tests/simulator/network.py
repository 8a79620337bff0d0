"""The platforms: what is truly on people's screens, and the lines to them, which may fail.

Three kinds: `once` takes a key only once, `asked` can be asked for one, and of `mute` nobody can
tell what arrived. A call is carried out by the platform, whatever becomes of the caller.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.delivery import NotSent
from tests.simulator.loop import MICROSECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cards import Card
    from bot.people import Account
    from tests.simulator.process import Process
    from tests.simulator.world import World

# What may become of a call: which fault does it, and how often.
FATES = (
    ("lost", "reset", 0.02),
    ("done, unheard", "reset", 0.02),
    ("done late", "late", 0.02),
    ("hangs", "hang", 0.004),
    ("done, hangs", "hang", 0.004),
    ("refused", "refuse", 0.04),
    ("unreachable", "refuse", 0.01),
)
PATIENCE = 10.0  # seconds after which our end gives a call up
LATE = (10.0, 90.0)  # a call that was given up is carried out within the lease
WAITS = (1, 30, 300, 3600)


@dataclass
class Message:
    """One message in someone's chat. A retired one has nothing left to press."""

    key: str
    card: Card
    live: bool = True


@dataclass
class Platform:
    """What is truly on everybody's screen."""

    world: World
    name: str
    kind: str
    chats: dict[Account, list[Message]] = field(default_factory=dict)
    arrived: Counter[str] = field(default_factory=Counter)
    unreachable: set[Account] = field(default_factory=set)
    away_until: float = 0.0

    def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        chat = self.chats.setdefault(account, [])
        if self.kind == "once" and key in self.arrived:
            return self.find(account, key) or ""
        if retire:
            chat[int(retire)].live = False
        last = chat[-1].card if chat else None
        chat.append(Message(key, card))
        self.arrived[key] += 1
        nameless = not retire
        self.world.witness.arrived(self, account, "post", key, card, nameless=nameless, last=last)
        return str(len(chat) - 1)

    def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        message = self.chats[account][int(ref)]
        message.card, message.key = card, key
        self.world.witness.arrived(self, account, "update", key, card)
        return ref

    def retire(self, account: Account, ref: str) -> str:
        self.chats[account][int(ref)].live = False
        return ref

    def find(self, account: Account, key: str) -> str | None:
        if self.kind == "mute":
            return None
        chat = self.chats.get(account, [])
        return next((str(n) for n, m in enumerate(chat) if m.key == key), "")

    def live(self, account: Account) -> list[Message]:
        return [message for message in self.chats.get(account, []) if message.live]


class Line:
    """A process's line to a platform, as `bot.turn.Messenger` is one."""

    def __init__(self, process: Process, platform: Platform) -> None:
        self._process = process
        self._platform = platform
        self._world = process.world

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        self._world.witness.calling(self._process, account, "post", key)
        found = await self._call(account, lambda: self._platform.post(account, card, key, retire))
        return str(found)

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        self._world.witness.calling(self._process, account, "update", key)
        found = await self._call(account, lambda: self._platform.update(account, ref, card, key))
        return str(found)

    async def retire(self, account: Account, ref: str) -> None:
        await self._call(account, lambda: self._platform.retire(account, ref))

    async def find(self, account: Account, key: str) -> str | None:
        self._world.witness.calling(self._process, account, "find", key)
        return await self._call(account, lambda: self._platform.find(account, key))

    async def _call(self, to: Account, carried_out: Callable[[], str | None]) -> str | None:
        """Let a call meet its fate. From here on it is on the wire, whatever becomes of us."""
        process, loop = self._process, asyncio.get_running_loop()
        fate = self._fate()
        if fate != "done":
            self._world.tell(f"{process.name} → {self._platform.name}: {fate}")
        done: list[str | None] = []
        takes = process.dice.expovariate(1 / 0.2)
        if fate.startswith("done"):
            late = process.dice.uniform(*LATE) if fate == "done late" else takes
            loop.call_later(late, lambda: done.append(carried_out()))
        await process.breathe()
        self._turned_away(to, fate)
        await asyncio.sleep(PATIENCE if fate == "done late" else takes + MICROSECOND)
        if fate.endswith("hangs"):
            await self._world.never()
        await process.breathe()
        if fate == "done late":
            raise TimeoutError
        if fate != "done":
            raise ConnectionResetError
        return done[0]

    def _fate(self) -> str:
        if asyncio.get_running_loop().time() < self._platform.away_until:
            return "refused" if self._process.dice.random() < 0.5 else "lost"
        for fate, fault, chance in FATES:
            if self._process.strikes(fault, chance):
                return fate
        return "done"

    def _turned_away(self, to: Account, fate: str) -> None:
        if fate == "refused":
            raise NotSent(timedelta(seconds=self._process.dice.choice(WAITS)))
        if fate == "unreachable":
            self._platform.unreachable.add(to)
            raise NotSent(None)
