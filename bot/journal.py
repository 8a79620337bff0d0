"""The journal: an append-only list of what people did, and how it is written down.

An event is read for ever: fields may be added with a default, never taken away. What a newer bot
wrote is kept as an `UnknownEvent`, so that a rollback loses nothing.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NewType, dataclass_transform, get_type_hints

from bot.moment import Moment
from bot.privacy import P2, classes, per_class

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

PersonId = NewType("PersonId", str)
PairId = NewType("PairId", str)

Json = dict[str, Any]

_KINDS: dict[str, type[Event]] = {}


@dataclass_transform(frozen_default=True)
class Event:
    """Something someone did: `class Signed(Event, name="topic.signed")`."""

    name: ClassVar[str]
    turns: ClassVar[bool] = False

    def __init_subclass__(cls, name: str, *, turns: bool = False) -> None:
        """Make the subclass a frozen dataclass and remember it by its name.

        One that `turns` the pair round makes the two change places, and begins a new chapter.
        """
        if name in _KINDS:
            raise TypeError(f"two events are named {name}")
        cls.name = name
        cls.turns = turns
        _KINDS[name] = cls
        dataclass(frozen=True, repr=False)(cls)

    def __repr__(self) -> str:
        """Show status fields only: what people wrote never enters a log or a traceback."""
        told = (
            f"{field}={getattr(self, field)!r}" if privacy is P2 else f"{field}=<{privacy.name}>"
            for field, privacy in classes(type(self)).items()
        )
        return f"{self.name}({', '.join(told)})"


@dataclass(frozen=True, slots=True, repr=False)
class UnknownEvent:
    """An event from a newer bot: kept as it came, seen by nobody, written back unchanged."""

    name: str
    status: Json
    sealed: Json


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal. `by` is None where the clock or the programme did it.

    `mark` stands for the entry outside the bot; its pair gives it. It is opaque, because a number
    would let one person count what the other did in private (INV-2).
    """

    no: int
    at: datetime
    by: PersonId | None
    event: Event | UnknownEvent
    mark: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """An event as it is stored: status in clear, the rest to be sealed with its author's key."""

    name: str
    status: Json
    sealed: Json


def kinds() -> Mapping[str, type[Event]]:
    """Return every kind of event there is, by name."""
    return MappingProxyType(_KINDS)


def write(event: Event | UnknownEvent) -> Written:
    """Put an event into plain JSON, its private fields apart from its status."""
    if isinstance(event, UnknownEvent):
        return Written(event.name, event.status, event.sealed)
    status: Json = {}
    sealed: Json = {}
    for field, privacy in classes(type(event)).items():
        part = status if privacy is P2 else sealed
        part[field] = _plain(getattr(event, field))
    return Written(event.name, status, sealed)


def read(name: str, status: Json, sealed: Json | None) -> Event | UnknownEvent:
    """Return the event that was written. `sealed` is None where its author has been erased.

    A field that is missing, or can no longer be opened, reads as its default, or as blank.
    """
    kind = _KINDS.get(name)
    if kind is None:
        return UnknownEvent(name, status, sealed or {})
    data = {**status, **(sealed or {})}
    return kind(**{f: reader(data.get(f, _GONE)) for f, reader in _readers(kind).items()})


_GONE = object()


def _plain(value: object) -> object:
    if isinstance(value, Moment):
        return value.written()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


@per_class
def _readers(kind: type) -> Mapping[str, Callable[[Any], object]]:
    """Return how each field is read back, its type hints looked up once per class."""
    hints = get_type_hints(kind)
    readers: dict[str, Callable[[Any], object]] = {}
    for field in fields(kind):
        hint = hints[field.name]
        blank = _blank(hint) if field.default is MISSING else field.default
        readers[field.name] = _reader(hint, blank)
    return readers


def _blank(hint: object) -> object:
    return {str: "", int: 0, bool: False}.get(hint, () if "tuple" in str(hint) else None)  # type: ignore[call-overload]


def _reader(hint: object, blank: object) -> Callable[[Any], object]:
    """Return a function from JSON to a value of this type; what does not fit reads as blank."""
    moments = "Moment" in str(hint)
    many = "tuple" in str(hint)

    def one(value: Any) -> object:  # noqa: ANN401  # JSON
        return Moment.read(value) if moments else value

    def back(value: Any) -> object:  # noqa: ANN401  # JSON
        if value is _GONE or value is None:
            return blank
        return tuple(one(part) for part in value) if many else one(value)

    return back
