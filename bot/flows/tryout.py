"""Try-outs, "you said, I did": what the reverse-mentee tries before the two meet again (ME-5).

What they will try is a line of their reflection. Two weeks on, and once more when they prepare,
they are asked in private how it goes (N-19t); the reverse-mentor reads it only of a try-out that
was shown to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from bot import hours
from bot.flows import meeting, reflection
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event
from bot.privacy import P0, P1, P2
from bot.prompts import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person

OUTCOMES = ("done", "partly", "not_yet")
FORTNIGHT = timedelta(days=14)


class Tried(Event, name="tryout.tried"):
    """How a try-out went, by the number of its meeting. Only its author knows."""

    meeting: Annotated[int, P2]
    outcome: Annotated[str, P0]


class Told(Event, name="tryout.told"):
    """How a try-out went that the partner knows of: "you said, I did"."""

    meeting: Annotated[int, P2]
    outcome: Annotated[str, P1]


ASK = Prompt("tryout.ask", actions=OUTCOMES)
PROMPTS = (ASK,)


@dataclass(frozen=True, slots=True)
class Tryouts:
    """The last try-out written, those that were shown, and how each went, by meeting."""

    last: Entry | None = None
    shown: Mapping[int, Entry] = field(default_factory=dict)
    went: Mapping[int, Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Tryouts:
        """Go on from one more entry."""
        match entry.event:
            case reflection.MenteeWrote(tryout=words):
                return replace(self, last=entry if words else None)
            case reflection.Shared(meeting=no, tryout=words) if words:
                return replace(self, shown={**self.shown, no: entry})
            case Tried(meeting=no) | Told(meeting=no):
                return replace(self, went={**self.went, no: entry})
        return self

    @property
    def current(self) -> Entry | None:
        """The try-out that is under way: written, and neither done nor given up."""
        no = getattr(self.last.event, "meeting", 0) if self.last else 0
        told = self.went.get(no)
        over = told is not None and getattr(told.event, "outcome", "") == "done"
        return None if over else self.last


def said_and_did(pair: Pair) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Return the try-outs shown to the partner, and how those went that were told."""
    tryouts = pair.fold(Tryouts)
    told = tuple(entry for entry in tryouts.went.values() if isinstance(entry.event, Told))
    return tuple(tryouts.shown.values()), told


def went(pair: Pair, outcome: str) -> tuple[Event, ...]:
    """Return the event that says how the try-out under way went: told, if it was shown."""
    tryouts = pair.fold(Tryouts)
    if tryouts.current is None or outcome not in OUTCOMES:
        return ()
    no = getattr(tryouts.current.event, "meeting", 0)
    return (Told(no, outcome),) if no in tryouts.shown else (Tried(no, outcome),)


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Ask the reverse-mentee, two weeks on, how it is going. Once is enough."""
    tryouts = pair.fold(Tryouts)
    mine = tryouts.current
    if mine is None or mine.by != me.id or getattr(mine.event, "meeting", 0) in tryouts.went:
        return
    opens = hours.next_opening(pair.programme, me, mine.at + FORTNIGHT)
    coming = next(
        (m.moment.at for m in meeting.past(pair) if m.moment and m.moment.at > mine.at), None
    )
    facts = {"mine": mine, "shown": tryouts.shown.get(getattr(mine.event, "meeting", 0))}
    yield Item("tryout", ASK, Status.OPEN, mine, facts, opens=opens, closes=coming)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Note how it went."""
    events = went(pair, move) if isinstance(move, str) else ()
    return record(*events) if events else notice("stale")
