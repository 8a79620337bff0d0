"""What awaits one person, what their move amounts to, and what a flow is.

An item says from when until when it stands, so that the clock needs no rules of its own: the same
items, asked at another moment, give another inbox, and the next moment that matters is derived.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from bot.journal import Entry, Event
    from bot.moment import Moment
    from bot.people import Pair, Person
    from bot.prompts import Prompt

    Fact = Entry | Moment | datetime | int | tuple[Entry, ...] | tuple[Moment, ...] | None
    Context = Mapping[str, Fact]

ANSWER = "answer"


class Status(Enum):
    """Whose move it is."""

    OPEN = "my move"
    AVAILABLE = "mine if I like"
    WAITING = "the other's move"
    DONE = "over"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in someone's inbox. `about` is the entry that brought it here.

    `thread` is what it is about, `context` all that its wording may mention. It stands from
    `opens` until before `closes`. Its form is filled with the entry `refill`, or with what
    `suggest` says when it is opened; `choices` are the options of the moment; `actions`, where
    given, narrows those of the prompt. `news` marks what is worth a line at once. Reminders are
    counted from `anchor`, or from when it came up.
    """

    thread: str
    prompt: Prompt
    status: Status
    about: Entry
    context: Context = field(default_factory=dict)
    opens: datetime | None = None
    closes: datetime | None = None
    refill: Entry | None = None
    suggest: Callable[[Pair, datetime], Mapping[str, tuple[str, ...]]] | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    actions: tuple[str, ...] | None = None
    news: bool = False
    anchor: datetime | None = None

    @property
    def key(self) -> str:
        """Its address, `topic:1@5f0c…`: an old button cannot speak for a new item."""
        return f"{self.thread}@{self.about.mark}"

    @property
    def since(self) -> datetime:
        """When it came up."""
        return max(self.opens, self.about.at) if self.opens else self.about.at

    @property
    def by_clock(self) -> bool:
        """Whether it came up by itself, after what brought it here."""
        return self.opens is not None and self.opens > self.about.at

    @property
    def moves(self) -> tuple[str, ...]:
        """Everything that can be done with it: the form, if there is one, and the actions."""
        actions = self.prompt.actions if self.actions is None else self.actions
        if self.prompt.form is None or ANSWER in actions:
            return actions
        return (ANSWER, *actions)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something said once, to the one who acted. `key` names a `!` line of a prompt file."""

    key: str
    item: Item | None = None
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handout:
    """Something given to who acted that no journal holds, such as a link. `key` names it."""

    key: str
    item: Item


@dataclass(frozen=True, slots=True)
class Form:
    """A form to fill in now: its item, what is already filled in, and what is to be mended.

    `typed` are the words it is opened for, where they could not be read; its notice repeats them.
    """

    item: Item
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    faults: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""
    typed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a move amounts to: events for the journal, and at most one reply to who acted (law 4).

    `by_clock` events are the programme's own doing. `again` brings the card to the end of the chat,
    `turn_to` names the thread they go on with.
    """

    events: tuple[Event, ...] = ()
    reply: Notice | Form | Handout | None = None
    by_clock: tuple[Event, ...] = ()
    again: bool = False
    turn_to: str = ""


def record(*events: Event, reply: Notice | None = None) -> Decision:
    """Write these events in the journal."""
    return Decision(events, reply)


def notice(key: str, item: Item | None = None, **values: int) -> Decision:
    """Only say something, to the one who acted."""
    return Decision(reply=Notice(key, item, values))


class Flow(Protocol):
    """One part of the conversation. Every module in `bot/flows` is one (checked by mypy)."""

    @property
    def PROMPTS(self) -> tuple[Prompt, ...]:  # noqa: N802  # a module's constant
        """What it can raise."""
        ...

    def items(self, pair: Pair, me: Person) -> Iterator[Item]:
        """Put what concerns this flow in my inbox, each item from when until when it stands."""
        ...

    def decide(
        self, pair: Pair, me: Person, item: Item, move: str | Event, now: datetime
    ) -> Decision:
        """Say what my move on one of my items amounts to."""
        ...
