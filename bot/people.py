"""The people: accounts, persons, the pair they are, and the programme that brought them together.

The reverse-mentor is the junior, who teaches. The reverse-mentee is the senior, who learns.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from hashlib import blake2s
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeVar, cast

from bot.journal import Entry, Event, PairId, PersonId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Role = Literal["reverse_mentor", "reverse_mentee"]


@dataclass(frozen=True, slots=True)
class Account:
    """Someone on a platform. This triple is identity; everything else is looked up by it."""

    platform: str
    tenant: str
    user: str


@dataclass(frozen=True, slots=True)
class Person:
    """One of the two. `zone` is an IANA name, `country` an ISO code or empty, for holidays.

    `platform` is where they are reached now, empty as long as they are reached nowhere.
    """

    id: PersonId
    name: str
    locale: str = "en"
    zone: str = "UTC"
    country: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the catalogue. Its words are in `prompts/`; level 1 light, 2 personal, 3 sore.

    `store` says whether the rules of a platform's app store let an app bring it up.
    """

    id: str
    group: str
    level: int
    store: bool = True


@dataclass(frozen=True, slots=True)
class Contact:
    """A human outside both reporting lines whom a participant may ask for help.

    One with a `person` can be written to from here; the others are reached by `how`.
    """

    name: str
    how: str
    stands_in: bool = False
    person: PersonId | None = None
    locale: str = "en"
    zone: str = "UTC"
    country: str = ""


@dataclass(frozen=True, slots=True)
class Programme:
    """An organisation's reverse-mentoring effort, as its coordinator set it up (domain.md 13).

    `term` is in months, `window` the local hours in which people may be written to unasked, and
    `store_rules` the platforms whose app store's rules on topics are kept.
    """

    id: str
    name: str
    organisation: str = ""
    purpose: str = ""
    sponsor: str = ""
    term: int = 6
    working_week: tuple[int, ...] = (0, 1, 2, 3, 4)
    window: tuple[time, time] = (time(9), time(17))
    holidays: tuple[date, ...] = ()
    contacts: tuple[Contact, ...] = ()
    support: tuple[str, ...] = ()
    privacy_link: str = ""
    public: bool = True
    store_rules: tuple[str, ...] = ("teams",)
    topics: Mapping[str, Topic] = field(default_factory=lambda: MappingProxyType({}))


class FlowState(Protocol):
    """What the journal amounts to, as far as one flow goes. Seeing an entry gives the next.

    One that has `across = True` is read from the very beginning, whoever changed places since.
    """

    def see(self, entry: Entry) -> Self:
        """Go on from one more entry."""
        ...


S = TypeVar("S", bound=FlowState)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """Something worked out, and the states that were read for it."""

    found: object
    read: set[type[FlowState]]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two people and a journal. Where they are is not stored: it is folded from the journal.

    `chapter` is where it is read from: the entry with which the two last changed places.
    """

    id: PairId
    programme: Programme
    reverse_mentor: Person
    reverse_mentee: Person
    salt: bytes
    journal: tuple[Entry, ...] = ()
    chapter: int = 0
    _folds: dict[type[FlowState], FlowState] = field(default_factory=dict, repr=False)
    _known: dict[object, Known] = field(default_factory=dict, repr=False)
    _counts: dict[tuple[PersonId | None, str], int] = field(default_factory=dict, repr=False)
    _read: set[type[FlowState]] = field(default_factory=set, repr=False)

    @property
    def people(self) -> tuple[Person, Person]:
        """The reverse-mentor first: the junior has the first word (domain.md 3.1)."""
        return self.reverse_mentor, self.reverse_mentee

    @property
    def opening(self) -> Entry:
        """The entry with which the programme proposed this pair, as it is now."""
        return self.journal[self.chapter]

    @property
    def topics(self) -> Mapping[str, Topic]:
        """The catalogue as far as it may be shown to both, wherever they are reached.

        What one may not be shown is missing for the other too, so that nothing tells of whom it is.
        """
        strict = any(each.platform in self.programme.store_rules for each in self.people)
        return {t.id: t for t in self.programme.topics.values() if t.store or not strict}

    def partner(self, me: Person) -> Person:
        """Return the other one."""
        return self.reverse_mentee if me.id == self.reverse_mentor.id else self.reverse_mentor

    def role(self, me: Person) -> Role:
        """Return which of the two I am."""
        return "reverse_mentor" if me.id == self.reverse_mentor.id else "reverse_mentee"

    def person(self, who: PersonId) -> Person:
        """Return one of the two by id. Raises KeyError for anyone else."""
        return {p.id: p for p in self.people}[who]

    def fold(self, kind: type[S]) -> S:
        """Return what the journal amounts to, as this kind of state sees it. Folded once."""
        self._read.add(kind)
        known = self._folds.get(kind)
        if known is None:
            known = kind()
            chapter = 0 if getattr(kind, "across", False) else self.chapter
            for entry in self.journal[chapter:]:
                known = known.see(entry)
            self._folds[kind] = known
        return cast("S", known)

    def once(self, about: object, work_out: Callable[[Pair], T]) -> T:
        """Return something that follows from the states of this pair alone, worked out once.

        It is known for as long as each state it was worked out from stays what it was.
        """
        if about not in self._known:
            read: set[type[FlowState]] = set()
            self._known[about] = Known(work_out(replace(self, _read=read)), read)
        known = self._known[about]
        self._read.update(known.read)
        return cast("T", known.found)

    def blank(self) -> Pair:
        """Return the same two without a journal, to be read anew."""
        people = self.people if self.turned % 2 == 0 else self.people[::-1]
        mentor, mentee = people
        return replace(
            self,
            reverse_mentor=mentor,
            reverse_mentee=mentee,
            journal=(),
            chapter=0,
            _folds={},
            _known={},
            _counts={},
            _read=set(),
        )

    @property
    def turned(self) -> int:
        """How often the two have changed places."""
        return sum(getattr(entry.event, "turns", False) for entry in self.journal)

    def with_entries(self, entries: Iterable[Entry]) -> Pair:
        """Return the pair a few entries later; every state already folded goes on from there.

        After an entry that turns the pair round, the other is the reverse-mentor, and what came
        before it is history.
        """
        counts = dict(self._counts)
        new = tuple(replace(entry, mark=self._mark(entry, counts)) for entry in entries)
        turns = [n for n, entry in enumerate(new) if getattr(entry.event, "turns", False)]
        if turns:
            return self._turned(new, turns, counts)
        folds = dict(self._folds)
        for kind, state in folds.items():
            seen = state
            for entry in new:
                seen = seen.see(entry)
            folds[kind] = seen
        moved = {kind for kind, state in folds.items() if state is not self._folds[kind]}
        worked_out = list(self._known.items())  # another thread may be reading it just now
        known = {about: k for about, k in worked_out if moved.isdisjoint(k.read)}
        journal = self.journal + new
        return replace(self, journal=journal, _folds=folds, _known=known, _counts=counts)

    def _turned(
        self,
        new: tuple[Entry, ...],
        turns: list[int],
        counts: dict[tuple[PersonId | None, str], int],
    ) -> Pair:
        two = self.reverse_mentor, self.reverse_mentee
        mentor, mentee = reversed(two) if len(turns) % 2 else two
        return replace(
            self,
            reverse_mentor=mentor,
            reverse_mentee=mentee,
            journal=self.journal + new,
            chapter=len(self.journal) + turns[-1],
            _folds={},
            _known={},
            _counts=counts,
        )

    def with_events(self, events: Iterable[Event], by: PersonId | None, at: datetime) -> Pair:
        """Return the pair after these events, each an entry of its own."""
        first = len(self.journal) + 1
        return self.with_entries(Entry(no, at, by, event) for no, event in enumerate(events, first))

    def _mark(self, entry: Entry, counts: dict[tuple[PersonId | None, str], int]) -> str:
        """Return the opaque name of an entry (INV-2).

        It counts only what this person did of this kind: how much else was done in private, by
        either or by the clock, changes no name. Without the salt nobody can count by it at all.
        """
        kind = entry.by, entry.event.name
        counts[kind] = counts.get(kind, 0) + 1
        told = f"{entry.by} {entry.event.name} {counts[kind]}"
        return blake2s(told.encode(), key=self.salt, digest_size=5).hexdigest()
