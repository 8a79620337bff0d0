"""What we can raise, and what it wants filled: a form is an event waiting to be said.

The annotated fields of an event are the questions of its form. `read` turns what came from a
dialog or a chat into that event, or says, field by field, what to mend.
"""

from __future__ import annotations

import unicodedata
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.moment import Moment
from bot.privacy import P0, PX, classes, marks, per_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.hours import After
    from bot.journal import Event

FAR = timedelta(days=400)
OWN = "own"


@dataclass(frozen=True, slots=True)
class Text:
    """Words of their own, of at most `limit` characters.

    `beside` names a choice they may stand in for: "or in your own words".
    """

    limit: int
    rows: int = 1
    beside: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some options, or `many`, of which `least` are needed.

    `labels` says where their words are, if not in the prompt. One that is asked only `once_wrong`
    waits until the answer it names was found wanting.
    """

    options: tuple[str, ...] = ()
    many: bool = False
    least: int = 0
    preset: tuple[str, ...] = ()
    labels: str = ""
    page: int = 1
    once_wrong: str = ""

    def __post_init__(self) -> None:
        """Keep the name that stands for one's own words free."""
        if OWN in self.options:
            raise ValueError(f"an option cannot be called {OWN}")


@dataclass(frozen=True, slots=True)
class Scale:
    """A number from 1 to `top`."""

    top: int = 5
    page: int = 1


@dataclass(frozen=True, slots=True)
class Slot:
    """A day and a time, in the zone of the one who answers; never in the past."""

    page: int = 1


@dataclass(frozen=True, slots=True)
class Shares:
    """Which of the private lines of this form their partner may read. Each line has its switch."""

    lines: tuple[str, ...]
    preset: tuple[str, ...] = ()
    page: int = 1


Field = Text | Choice | Scale | Slot | Shares


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something we know how to raise. `key` names its file, `prompts/<locale>/<key>.md`.

    `actions` are answered with one press. `reminders` are moments after the item opened (at most
    three are given). `urgent` prompts come before the rest: their hour is near, or the partner
    waits for an answer. One that stands `aside` is offered in Home only, never on the card.
    """

    key: str
    form: type[Event] | None = None
    actions: tuple[str, ...] = ()
    reminders: tuple[After, ...] = ()
    urgent: bool = False
    aside: bool = False

    @property
    def private(self) -> bool:
        """Whether the form may be filled in a form only: chat can be exported (INV-8)."""
        return self.form is not None and is_private(self.form)


@dataclass(frozen=True, slots=True)
class Faults(Exception):  # noqa: N818  # it says what is at fault, field by field
    """What a filled-in form still needs: a reason for each field, named as in `notices.md`."""

    reasons: Mapping[str, str] = field(default_factory=dict)


@per_class
def questions(form: type) -> Mapping[str, Field]:
    """Return the questions of a form, in their order."""
    found = {
        name: kind
        for name, notes in marks(form).items()
        for kind in notes
        if isinstance(kind, Field)
    }
    return MappingProxyType(found)


@per_class
def required(form: type) -> frozenset[str]:
    """Return the questions that want an answer: those whose field has no default."""
    return frozenset(
        f.name for f in fields(form) if f.default is MISSING and f.name in questions(form)
    )


@per_class
def is_private(form: type) -> bool:
    """Tell whether any answer on this form is for its author alone."""
    return any(privacy in {P0, PX} for privacy in classes(form).values())


def read(
    form: type[Event],
    answers: Mapping[str, tuple[str, ...]],
    *,
    zone: str,
    now: datetime,
    choices: Mapping[str, tuple[str, ...]],
) -> Event:
    """Return the event these answers amount to.

    `choices` narrows the options of a field for this person at this time. Raises Faults, which
    names every field to mend and why.
    """
    values: dict[str, object] = {}
    faults: dict[str, str] = {}
    for name, kind in questions(form).items():
        try:
            value = _value(kind, answers.get(name, ()), zone, now, choices.get(name))
        except ValueError as fault:
            faults[name] = str(fault)
            continue
        if value is None and isinstance(kind, Choice) and kind.many and name in answers:
            value = () if name not in required(form) and not kind.least else None
            if value is None:
                faults[name] = "missing"
        if value is not None:
            values[name] = value
    for name, kind in questions(form).items():
        if isinstance(kind, Text) and kind.beside and (values.get(name) or name in faults):
            values[kind.beside] = OWN
            faults.pop(kind.beside, None)
    for name in required(form) - values.keys() - faults.keys():
        faults[name] = "missing"
    if faults:
        raise Faults(faults)
    return form(**values)


def answers(event: Event, zone: str) -> dict[str, tuple[str, ...]]:
    """Return the answers that would read as this event: what a form is filled with beforehand."""
    given: dict[str, tuple[str, ...]] = {}
    for name in questions(type(event)):
        value = getattr(event, name)
        parts = value if isinstance(value, tuple) else (value,)
        given[name] = tuple(_said(part, zone) for part in parts if part not in ("", None, OWN, 0))
    return given


def _said(part: object, zone: str) -> str:
    if isinstance(part, Moment):
        return part.seen_from(zone).isoformat(timespec="minutes")
    return str(part)


def _value(
    kind: Field,
    given: tuple[str, ...],
    zone: str,
    now: datetime,
    choices: tuple[str, ...] | None,
) -> Any:  # noqa: ANN401  # the type of whatever the field holds
    match kind:
        case Text(limit=limit):
            return _words("\n".join(given), limit)
        case Choice(options=options, many=many):
            return _chosen(_filled(given), choices if choices is not None else options, many=many)
        case Scale(top=top):
            return _number(_filled(given), top)
        case Slot():
            return _moment(_filled(given), zone, now)
        case Shares(lines=lines):
            return tuple(line for line in lines if line in given)


def _filled(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for part in given if part.strip())


def _words(text: str, limit: int) -> str | None:
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    words = kept.strip()
    if not any(unicodedata.category(c)[0] not in "CZ" for c in words):
        return None
    if len(words) > limit:
        raise ValueError("long")
    return words


def _chosen(given: tuple[str, ...], options: tuple[str, ...], *, many: bool) -> Any:  # noqa: ANN401
    if not given:
        return None
    if any(part not in options for part in given) or (len(given) > 1 and not many):
        raise ValueError("choice")
    return tuple(option for option in options if option in given) if many else given[0]


def _number(given: tuple[str, ...], top: int) -> int | None:
    if not given:
        return None
    numbers = {str(n): n for n in range(1, top + 1)}
    if given[0] not in numbers:
        raise ValueError("scale")
    return numbers[given[0]]


def _moment(given: tuple[str, ...], zone: str, now: datetime) -> Moment | None:
    if not given:
        return None
    try:
        wall = datetime.fromisoformat(given[0][:32]).replace(tzinfo=None, second=0, microsecond=0)
        moment = Moment.on(wall, zone)
    except (ValueError, OverflowError):
        raise ValueError("date") from None
    if moment.at <= now:
        raise ValueError("past")
    if moment.at > now + FAR:
        raise ValueError("far")
    return moment
