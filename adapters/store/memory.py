"""The same store in dictionaries: for the tests and for `turnabout play`."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from bot.delivery import Posted
from bot.journal import Entry, read, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.journal import PairId, PersonId
    from bot.people import Account, Pair, Topic
    from bot.turn import UnitOfWork

T = TypeVar("T")


@dataclass
class Shelf:
    pair: Pair
    accounts: Mapping[PersonId, Account]
    posted: dict[PersonId, Posted] = field(default_factory=dict)
    wake: datetime | None = None


class MemoryStore:
    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self._topics = topics
        self._shelves: dict[PairId, Shelf] = {}
        self._handled: set[str] = set()

    def add_pair(self, pair, accounts):
        self._shelves[pair.id] = Shelf(pair, dict(accounts))

    def pair(self, pair_id):
        return self._shelves[pair_id].pair

    def wake_at(self, pair_id):
        return self._shelves[pair_id].wake

    async def work(self, pair, body):
        work = Work(self, pair)
        result = body(work)
        work.commit()
        return result


class Work:
    def __init__(self, store, pair_id):
        self.store = store
        self.shelf = store._shelves[pair_id]
        self.id = pair_id
        self.p = self.shelf.pair
        self.po = dict(self.shelf.posted)
        self.w = self.shelf.wake
        self.h = set()

    def pair(self):
        return self.p

    def first_time(self, d, at):
        if d in self.store._handled or d in self.h:
            return False
        self.h.add(d)
        return True

    def write(self, pair, entries):
        self.p = pair

    def wake(self, at):
        self.w = at

    def account(self, who):
        return self.shelf.accounts.get(who)

    def posted(self, who):
        return self.po.get(who, Posted())

    def keep(self, who, posted):
        self.po[who] = posted

    def commit(self):
        self.shelf.pair = self.p
        self.shelf.posted = self.po
        self.shelf.wake = self.w
        self.store._handled |= self.h
