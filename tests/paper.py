"""A platform made of paper: messages on two sheets, as a person would see them."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from adapters.pacing import unbegun

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from bot.cards import Card
    from bot.delivery import NotSent
    from bot.people import Account


def digest_in(key: str) -> str:
    """Return which card a message was sent for, out of its name."""
    return key.split(":")[2]


def repeated(keys: Sequence[str]) -> list[str]:
    """Return the names under which the card of the message before came once more."""
    return [key for before, key in pairwise(keys) if digest_in(before) == digest_in(key)]


@dataclass
class Message:
    """One message in someone's chat. A retired one has nothing left to press."""

    key: str
    card: Card
    live: bool = True


@dataclass
class PaperMessenger:
    """Keeps every message of every account, and tells who listens what changed."""

    chats: dict[Account, list[Message]] = field(default_factory=dict)
    shown: list[tuple[Account, str, Card]] = field(default_factory=list)
    refusals: list[NotSent] = field(default_factory=list)  # what the next sends meet
    unasked: list[NotSent] = field(default_factory=list)  # what the next questions meet
    silent: int = 0  # so many sends arrive, and nobody hears of it
    knows: bool = True  # whether it can be asked what arrived
    hangs: tuple[asyncio.Event, bool] | None = None  # sends wait for it, begun or not

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        self._refuse()
        await self._hang()
        ref = self._post(account, card, key, retire)
        return self._answer(ref)

    async def _hang(self) -> None:
        if self.hangs:
            event, begun = self.hangs
            with nullcontext() if begun else unbegun():
                await event.wait()

    def _refuse(self) -> None:
        if self.refusals:
            raise self.refusals.pop(0)

    def _answer(self, ref: str) -> str:
        if self.silent:
            self.silent -= 1
            raise TimeoutError
        return ref

    def _post(self, account: Account, card: Card, key: str, retire: str) -> str:
        chat = self.chats.setdefault(account, [])
        for n, message in enumerate(chat):
            if message.key == key:
                return str(n)
        if retire:
            chat[int(retire)].live = False
        chat.append(Message(key, card))
        self.shown.append((account, "post", card))
        return str(len(chat) - 1)

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        self._refuse()
        await self._hang()
        message = self.chats[account][int(ref)]
        message.card, message.key = card, key
        self.shown.append((account, "update", card))
        return self._answer(ref)

    async def retire(self, account: Account, ref: str) -> None:
        self.chats[account][int(ref)].live = False

    async def find(self, account: Account, key: str) -> str | None:
        if self.unasked:
            raise self.unasked.pop(0)
        if not self.knows:
            return None
        chat = self.chats.get(account, [])
        return next((str(n) for n, m in enumerate(chat) if m.key == key), "")

    def live(self, account: Account) -> Card | None:
        """Return the card someone is looking at."""
        chat = self.chats.get(account, [])
        return next((m.card for m in reversed(chat) if m.live), None)
