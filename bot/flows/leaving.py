"""Pausing and leaving: a pause resumes by itself, and leaving needs no reason.

Whoever leaves, and why, the other reads the same words, on the next working morning and a day
later at least, so that neither text nor hour tells (INV-10).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from bot import hours
from bot.flows import charter, meeting, welcome
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.moment import Moment
from bot.privacy import P0, P2
from bot.prompts import Choice, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.inbox import Context
    from bot.people import Pair, Person

WEEKS = ("1", "2", "3", "4", "6")
PAUSES = 2
SHIFT = timedelta(weeks=8)
LAST_WEEKS = timedelta(weeks=4)


class PauseFor(Event, name="leaving.pause_for"):
    """The form of a pause, in weeks; it becomes a `Paused`."""

    weeks: Annotated[str, Choice(WEEKS, preset=("2",), labels="leaving.options"), P2]


class Paused(Event, name="leaving.paused"):
    """They would like a pause until then. Six weeks at most, twice at most."""

    until: Annotated[Moment, P2]


class Resumed(Event, name="leaving.resumed"):
    """They go on before the pause was over."""


class Leaving(Event, name="leaving.leaving"):
    """They would like to stop. Nobody is told who it was."""

    at: Annotated[Moment, P0]


class Stayed(Event, name="leaving.stayed"):
    """They changed their mind before it was told."""


class Settled(Event, name="leaving.settled"):
    """What both would be fine with after a term: `renew`, `informal` or `finish`.

    The programme writes it when both have decided, so that it outlives their private ticks.
    """

    outcome: Annotated[str, P2]


PAUSE = Prompt("leaving.pause", PauseFor, aside=True)
PAUSED = Prompt("leaving.paused", actions=("resume",))
LEAVE = Prompt("leaving.leave", actions=("leave",), aside=True)
LEAVING = Prompt("leaving.leaving", actions=("stay",), aside=True)
ENDED = Prompt("leaving.ended", urgent=True)
PROMPTS = (PAUSE, PAUSED, LEAVE, LEAVING, ENDED)


@dataclass(frozen=True, slots=True)
class Course:
    """The pauses so far, the end, if somebody asked for it, and what both settled on."""

    across: ClassVar[bool] = True
    paused: Entry | None = None
    until: datetime | None = None
    pauses: int = 0
    paused_for: timedelta = timedelta()
    settled: Entry | None = None
    terms: int = 1
    leaving: Mapping[PersonId | None, Entry] = field(default_factory=dict)

    @property
    def ends(self) -> datetime | None:
        """When the pair ends early: the first of the moments asked for."""
        told = (getattr(entry.event, "at", None) or entry for entry in self.leaving.values())
        return min((moment.at for moment in told), default=None)

    def rested(self, since: datetime) -> timedelta:
        """Return how much of the time since then is that of the last pause."""
        if self.paused is None or self.until is None:
            return timedelta()
        return max(self.until - max(self.paused.at, since), timedelta())

    def later(self, since: datetime, moment: datetime) -> datetime:
        """Return a moment counted from another, later by a pause that began in between."""
        between = self.paused is not None and since < moment and self.paused.at <= moment
        return moment + self.rested(since) if between else moment

    def see(self, entry: Entry) -> Course:
        """Go on from one more entry."""
        match entry.event:
            case Paused(until):
                longer = self.paused_for + max(until.at - entry.at, timedelta())
                return replace(
                    self,
                    paused=entry,
                    until=until.at,
                    pauses=self.pauses + 1,
                    paused_for=longer,
                )
            case Resumed() if self.until and entry.at < self.until:
                shorter = self.paused_for - (self.until - entry.at)
                return replace(self, until=entry.at, paused_for=shorter)
            case Settled(outcome):
                terms = self.terms + (outcome == "renew")
                return replace(self, settled=entry, terms=terms, pauses=0)
            case Leaving() if entry.by not in self.leaving:
                return replace(self, leaving={**self.leaving, entry.by: entry})
            case Stayed():
                staying = {who: left for who, left in self.leaving.items() if who != entry.by}
                return replace(self, leaving=staying)
        return self


def begun(pair: Pair) -> Entry | None:
    """Return the entry with which the two began."""
    return welcome.confirmed(pair)


def term(pair: Pair) -> tuple[datetime, datetime] | None:
    """Return when the term began and when it ends (GR-7), once it has begun.

    It begins with the later of the first signed charter and the first meeting held; pauses make it
    longer by as much, eight weeks at most. A renewed one follows on the one before.
    """
    return pair.once("term", _term)


def _term(pair: Pair) -> tuple[datetime, datetime] | None:
    signed, met = charter.first_signed(pair), meeting.diary(pair).first_met
    if signed is None or met is None:
        return None
    course, months = pair.fold(Course), pair.programme.term
    start = max(signed.at, met)
    end = hours.months_after(start, months) + min(SHIFT, course.paused_for)
    for _ in range(course.terms - 1):
        start, end = end, hours.months_after(end, months)
    return start, end


def looks_back(pair: Pair, moment: datetime) -> bool:
    """Tell whether a meeting at that moment is the one at which the two look back (10.1)."""
    course = term(pair)
    return course is not None and moment >= course[1] - LAST_WEEKS


def is_second_term(pair: Pair) -> bool:
    """Tell whether the two have gone on once; a third term in a row is not offered."""
    return pair.fold(Course).terms > 1


def may_pause(pair: Pair) -> bool:
    """Tell whether another pause is left in this term."""
    return pair.fold(Course).pauses < PAUSES


def ends(pair: Pair) -> datetime | None:
    """Return when the pair ends early, if one of the two has asked for it."""
    return pair.fold(Course).ends


def paused(pair: Pair, now: datetime) -> datetime | None:
    """Return until when the pair pauses, if it does; that it ends is told in a pause as well."""
    course = pair.fold(Course)
    until = min(course.until, course.ends or course.until) if course.until else None
    return until if until and now < until else None


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Offer a pause and a way out at any time; say once that the pair has ended."""
    begun = welcome.confirmed(pair)
    if begun is None:
        return
    course = pair.fold(Course)
    if course.paused and course.until:
        facts: Context = {"until": course.until}
        yield Item(
            "pause",
            PAUSED,
            Status.WAITING,
            course.paused,
            facts,
            closes=course.until,
            actions=("resume",) if course.paused.by == me.id else (),
            news=True,
        )
    if course.pauses < PAUSES:
        about = course.paused or begun
        yield Item("pause", PAUSE, Status.AVAILABLE, about, opens=course.until)
    mine = course.leaving.get(me.id)
    if mine:
        told: Context = {"at": getattr(mine.event, "at", None) or mine.at}
        yield Item("leave", LEAVING, Status.WAITING, mine, told, closes=course.ends)
    else:
        yield Item("leave", LEAVE, Status.AVAILABLE, begun, closes=course.ends)
    if course.ends:
        yield Item("ended", ENDED, Status.DONE, begun, opens=course.ends, news=True)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record a pause, its end, a wish to leave, or a change of mind."""
    course = pair.fold(Course)
    match move:
        case PauseFor() if course.pauses < PAUSES:
            return record(Paused(_morning(pair, now + timedelta(weeks=int(move.weeks)))))
        case "resume":
            return record(Resumed())
        case "leave" if me.id not in course.leaving:
            told = Leaving(_morning(pair, now + timedelta(days=1)))
            return Decision((told,), turn_to="leave")
        case "stay" if me.id in course.leaving:
            return record(Stayed())
    return notice("stale")


def _morning(pair: Pair, earliest: datetime) -> Moment:
    """Return the first working morning of both from then on: the later one, whoever asked."""
    mornings = []
    for me in pair.people:
        here = Moment.of(earliest, me.zone).wall.date()
        morning = hours.local(me, here, pair.programme.window[0])
        if morning < earliest:
            morning = hours.local(me, here + timedelta(days=1), pair.programme.window[0])
        mornings.append(hours.next_opening(pair.programme, me, morning))
    return Moment.of(max(mornings), pair.reverse_mentor.zone)
