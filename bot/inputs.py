"""What someone can do, on any platform, and how it reached us.

What a button carries is an address, never a permission: who acts comes from the verified envelope.
What was typed stays out of every `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.dates import Reading
    from bot.journal import PairId, PersonId


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button of a card: the item it stood for, and the action on it."""

    item: str
    action: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """A form, filled in. Every answer is a tuple of strings, as the platform sent them."""

    item: str
    answers: Mapping[str, tuple[str, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """Words typed into the chat. They are read once and not kept."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command: one of the words everybody may type at any time, or a slash command."""

    command: str


@dataclass(frozen=True, slots=True)
class Given:
    """What typed words answered: a question of the form that is being asked in chat."""

    question: str
    answer: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Dated:
    """Typed words about a date: what they may mean, and the kind of place they name, if any.

    No reading at all: they were meant as a date, and could not be read.
    """

    readings: tuple[Reading, ...]
    kind: str
    typed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Marked:
    """An assistant marked which times suit somebody, and the kind of place."""

    whom: PersonId
    times: tuple[datetime, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """The clock looked in."""


Input = Pressed | Submitted | Said | Asked | Given | Dated | Marked | Ticked


@dataclass(frozen=True, slots=True)
class Incoming:
    """An input and what brought it: the delivery's id (handled once), the pair, who, when."""

    id: str
    pair: PairId
    who: PersonId | None
    input: Input
    at: datetime
