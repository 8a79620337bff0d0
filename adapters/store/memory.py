"""The same store in dictionaries: for the tests and for `turnabout play`.

It has no SQL and no keys, but what it keeps is what is written: every event goes through JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from bot.delivery import Posted
from bot.journal import read, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from bot.journal import Entry, PairId, PersonId
    from bot.people import Account, Pair, Topic
    from bot.turn import UnitOfWork

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shelf:
    """All that is kept of one pair."""

    pair: Pair
    accounts: Mapping[PersonId, Account]
    posted: Mapping[PersonId, Posted] = field(default_factory=lambda: MappingProxyType({}))
    wake_at: datetime | None = None


class MemoryStore:
    """Keeps pairs for as long as the process lives. A turn replaces a shelf whole, or not."""

    def __init__(self, topics: Mapping[str, Topic] | None = None) -> None:
        """Keep pairs whose programmes have these topics."""
        self._topics = topics
        self._shelves: dict[PairId, Shelf] = {}
        self._handled: set[str] = set()

    def add_pair(self, pair: Pair, accounts: Mapping[PersonId, Account]) -> None:
        """Take in a pair and where the two are reached; the clock looks in at once."""
        programme = pair.programme
        if self._topics is not None:
            programme = replace(programme, topics=self._topics)
        kept = replace(pair, programme=programme).blank()
        kept = kept.with_entries(rewritten(pair.journal))
        began = pair.journal[0].at if pair.journal else None
        self._shelves[pair.id] = Shelf(kept, dict(accounts), wake_at=began)

    def pair(self, pair_id: PairId) -> Pair:
        """Return a pair as it is now. Raises LookupError for one that is not here."""
        return self._shelves[pair_id].pair

    def wake_at(self, pair_id: PairId) -> datetime | None:
        """Return when the clock should look in on a pair."""
        return self._shelves[pair_id].wake_at

    def due(self, now: datetime) -> list[PairId]:
        """Return the pairs whose moment has come, the oldest first."""
        waking = [(s.wake_at, pair) for pair, s in self._shelves.items() if s.wake_at]
        return [pair for moment, pair in sorted(waking) if moment <= now]

    async def work(self, pair: PairId, body: Callable[[UnitOfWork], T]) -> T:
        """Run a body and keep what it did, or nothing if it raises."""
        work = MemoryUnitOfWork(self._shelves[pair], frozenset(self._handled))
        result = body(work)
        self._shelves[pair] = work.shelf
        self._handled |= work.handled
        return result


class MemoryUnitOfWork:
    """A shelf, taken out for one turn."""

    def __init__(self, shelf: Shelf, handled: frozenset[str]) -> None:
        """Work on a shelf, knowing what was handled before."""
        self.shelf = shelf
        self.handled = handled

    def pair(self) -> Pair:
        """Return the pair with its journal as it is now."""
        return self.shelf.pair

    def first_time(self, delivery: str, at: datetime) -> bool:  # noqa: ARG002
        """Note a delivery's id; tell whether it is new."""
        new = delivery not in self.handled
        self.handled |= {delivery}
        return new

    def nothing_done(self, delivery: str) -> None:
        """Take a delivery's id back."""
        self.handled -= {delivery}

    def write(self, pair: Pair, entries: tuple[Entry, ...]) -> None:
        """Append entries; `pair` is the pair with them. Raises ValueError if one is not kept."""
        if self.shelf.pair.journal + entries != pair.journal:
            raise ValueError("entries must follow on the journal")
        for entry, kept in zip(entries, rewritten(entries), strict=True):
            if kept != entry:
                raise ValueError(f"{entry.event.name} does not read as it was written")
        self.shelf = replace(self.shelf, pair=pair)

    def forget(self, entries: tuple[int, ...]) -> Pair:
        """Forget what these entries held, and return the pair without it."""
        pair = self.shelf.pair
        kept = [
            replace(e, event=read(e.event.name, write(e.event).status, None))
            if e.no in entries
            else e
            for e in pair.journal
        ]
        blank = pair.blank().with_entries(kept)
        self.shelf = replace(self.shelf, pair=blank)
        return blank

    def wake(self, at: datetime | None) -> None:
        """Set when the clock should look in on this pair."""
        self.shelf = replace(self.shelf, wake_at=at)

    def wake_by(self, at: datetime) -> None:
        """Let the clock look in by then; if it does so earlier, that stays."""
        self.wake(min(at, self.shelf.wake_at or at))

    def account(self, who: PersonId) -> Account | None:
        """Return where someone is reached now, if anywhere."""
        return self.shelf.accounts.get(who)

    def posted(self, who: PersonId) -> Posted:
        """Return what is on someone's screen."""
        return self.shelf.posted.get(who, Posted())

    def keep(self, who: PersonId, posted: Posted) -> None:
        """Note what is on someone's screen."""
        self.shelf = replace(self.shelf, posted={**self.shelf.posted, who: posted})


def rewritten(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return entries as they read after they were written down."""
    return tuple(_rewritten(entry) for entry in entries)


def _rewritten(entry: Entry) -> Entry:
    put = write(entry.event)
    status, sealed = (json.loads(json.dumps(part)) for part in (put.status, put.sealed))
    return replace(entry, event=read(put.name, status, sealed))
