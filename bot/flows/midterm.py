"""Half-way: is this still what you both want? Four private lines each, three months ahead.

What they would like to change they turn to at once (N-21).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from bot import hours
from bot.flows import goals, leaving, purpose
from bot.hours import After
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0
from bot.prompts import Choice, Prompt, Scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person

CHANGES = Choice(("purpose", "goals", "charter", "rhythm"), many=True, labels="midterm.options")


class MenteeAnswered(Event, name="midterm.mentee_answered"):
    """M1, M2, M6 and M9 of domain.md 10.3, and what should change."""

    worth: Annotated[int, Scale(5), P0] = 0
    openly: Annotated[int, Scale(5), P0] = 0
    changed: Annotated[int, Scale(5), P0] = 0
    initiative: Annotated[int, Scale(5), P0] = 0
    change: Annotated[tuple[str, ...], CHANGES, P0] = ()


class MentorAnswered(Event, name="midterm.mentor_answered"):
    """R1, R2, R4 and R7 of domain.md 10.3, and what should change."""

    worth: Annotated[int, Scale(5), P0] = 0
    openly: Annotated[int, Scale(5), P0] = 0
    unworried: Annotated[int, Scale(5), P0] = 0
    used: Annotated[int, Scale(5), P0] = 0
    change: Annotated[tuple[str, ...], CHANGES, P0] = ()


_LATER = (After(working_days=4),)
LOOK_MENTEE = Prompt("midterm.look_mentee", MenteeAnswered, reminders=_LATER)
LOOK_MENTOR = Prompt("midterm.look_mentor", MentorAnswered, reminders=_LATER)
LOOKED = Prompt("midterm.looked")
PROMPTS = (LOOK_MENTEE, LOOK_MENTOR, LOOKED)


@dataclass(frozen=True, slots=True)
class Halfway:
    """Who has looked back half-way."""

    done: Mapping[PersonId | None, Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Halfway:
        """Go on from one more entry."""
        match entry.event:
            case MenteeAnswered() | MentorAnswered():
                return replace(self, done={**self.done, entry.by: entry})
            case leaving.Settled(outcome="renew"):
                return Halfway()
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Three months before the end, ask whether this is still what I want."""
    term = leaving.term(pair)
    if term is None:
        return
    start, end = term
    middle = max(start, hours.months_after(end, -3))
    done = pair.fold(Halfway).done.get(me.id)
    if done:
        yield Item("midterm", LOOKED, Status.DONE, done, {"mine": done})
        return
    first = next(iter(goals.shared(pair)), None)
    facts = {**purpose.shared(pair), "version": purpose.agreed(pair), "goal": first}
    prompt = LOOK_MENTOR if me == pair.reverse_mentor else LOOK_MENTEE
    opens = hours.next_opening(pair.programme, me, middle)
    closes = hours.next_opening(pair.programme, me, hours.months_after(end, -1))
    yield Item("midterm", prompt, Status.OPEN, pair.opening, facts, opens, closes)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record what they answered; what they want to change they change themselves."""
    match move:
        case MenteeAnswered() | MentorAnswered():
            turns = ("charter" if what == "rhythm" else what for what in move.change)
            return replace(record(move), turn_to=next(turns, ""))
    return notice("stale")
