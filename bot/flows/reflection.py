"""Reflection: a few private lines after each meeting, each kept or shared by its author (7.4).

Gut, what, why, so what, now what. For the reverse-mentor the confidential pulse is the last page of
the same form, so that being in the form reveals nothing (ME-8, INV-15). What is shared is said
again in an event of its own; without it the partner learns not even that something was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from bot.flows import meeting
from bot.hours import After
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0, P1, P2
from bot.prompts import Choice, Prompt, Scale, Shares, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person

LINES_MENTEE = ("gut", "heard", "reason", "moved", "tryout")
LINES_MENTOR = ("gut", "showed", "reason", "asked", "bring")


class MenteeWrote(Event, name="reflection.mentee_wrote"):
    """The reverse-mentee's private lines. Only the try-out is shared unless they say otherwise."""

    gut: Annotated[str, Text(60), P0] = ""
    heard: Annotated[str, Text(600, rows=2), P0] = ""
    reason: Annotated[str, Text(600, rows=2), P0] = ""
    moved: Annotated[str, Text(600, rows=2), P0] = ""
    tryout: Annotated[str, Text(300, rows=2), P0] = ""
    shows: Annotated[tuple[str, ...], Shares(LINES_MENTEE, preset=("tryout",)), P0] = ()
    both: Annotated[int, Scale(5, page=2), P0] = 0
    stretch: Annotated[int, Scale(5, page=2), P0] = 0
    talked: Annotated[str, Choice(("me", "even", "mentor"), page=2), P0] = ""
    thanks: Annotated[str, Choice(("honest", "time", "new", "none"), page=2), P0] = ""
    meeting: Annotated[int, P2] = 0


class MentorWrote(Event, name="reflection.mentor_wrote"):
    """The reverse-mentor's private lines, and the pulse: S1 to S3 of domain.md 8, all optional."""

    gut: Annotated[str, Text(60), P0] = ""
    showed: Annotated[str, Text(600, rows=2), P0] = ""
    reason: Annotated[str, Text(600, rows=2), P0] = ""
    asked: Annotated[str, Text(600, rows=2), P0] = ""
    bring: Annotated[str, Text(300, rows=2), P0] = ""
    shows: Annotated[tuple[str, ...], Shares(LINES_MENTOR), P0] = ()
    both: Annotated[int, Scale(5, page=2), P0] = 0
    thanks: Annotated[str, Choice(("fine", "glad", "none"), page=2), P0] = ""
    safe: Annotated[str, Choice(("5", "4", "3", "2", "1"), page=3), P0] = ""
    worried: Annotated[str, Choice(("no", "little", "yes"), page=3), P0] = ""
    cost: Annotated[str, Choice(("no", "bit", "yes"), page=3), P0] = ""
    meeting: Annotated[int, P2] = 0


class Shared(Event, name="reflection.shared"):
    """The lines they let their partner read, and their thanks."""

    meeting: Annotated[int, P2]
    gut: Annotated[str, P1] = ""
    heard: Annotated[str, P1] = ""
    showed: Annotated[str, P1] = ""
    reason: Annotated[str, P1] = ""
    moved: Annotated[str, P1] = ""
    asked: Annotated[str, P1] = ""
    tryout: Annotated[str, P1] = ""
    bring: Annotated[str, P1] = ""
    thanks: Annotated[str, P1] = ""


class Skipped(Event, name="reflection.skipped"):
    """Not this time. Skipping is silent and free."""

    meeting: Annotated[int, P2]


_LATER = (After(working_days=2),)
WRITE_MENTEE = Prompt("reflection.write_mentee", MenteeWrote, ("answer", "skip"), _LATER, True)
WRITE_MENTOR = Prompt("reflection.write_mentor", MentorWrote, ("answer", "skip"), _LATER, True)
WRITTEN = Prompt("reflection.written")
WRITTEN_MENTEE = Prompt("reflection.written_mentee", MenteeWrote)
WRITTEN_MENTOR = Prompt("reflection.written_mentor", MentorWrote)
HEARD_MENTOR = Prompt("reflection.heard_mentor")
HEARD_MENTEE = Prompt("reflection.heard_mentee")
PROMPTS = (
    WRITE_MENTEE,
    WRITE_MENTOR,
    WRITTEN,
    WRITTEN_MENTEE,
    WRITTEN_MENTOR,
    HEARD_MENTOR,
    HEARD_MENTEE,
)


@dataclass(frozen=True, slots=True)
class Reflections:
    """What each wrote or skipped last, and what each shared last."""

    done: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    shared: Mapping[PersonId | None, Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Reflections:
        """Go on from one more entry."""
        match entry.event:
            case MenteeWrote() | MentorWrote() | Skipped():
                return replace(self, done={**self.done, entry.by: entry})
            case Shared():
                return replace(self, shared={**self.shared, entry.by: entry})
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Once I said that we met, ask for my private lines; and show what the partner shared."""
    told = pair.fold(Reflections)
    theirs = told.shared.get(pair.partner(me).id)
    if theirs:
        prompt = HEARD_MENTEE if me == pair.reverse_mentor else HEARD_MENTOR
        yield Item("shared", prompt, Status.DONE, theirs, {"shared": theirs}, news=True)
    last = meeting.diary(pair).last
    mine = last.told.get(me.id) if last else None
    if last is None or mine is None or getattr(mine.event, "outcome", "") != "met":
        return
    thread, done = f"reflection:{last.no}", told.done.get(me.id)
    opens = meeting.morning_after(pair, me, last)
    closes = After(working_days=5).counted(opens, pair.programme, me)
    mentor = me == pair.reverse_mentor
    if done and getattr(done.event, "meeting", 0) == last.no:
        skipped = isinstance(done.event, Skipped)
        if not skipped:  # it can be changed for as long as it can be written
            prompt = WRITTEN_MENTOR if mentor else WRITTEN_MENTEE
            until = {"until": closes}
            yield Item(thread, prompt, Status.DONE, done, until, closes=closes, refill=done)
        later = None if skipped else closes
        yield Item(thread, WRITTEN, Status.DONE, done, {"mine": done}, opens=later)
        return
    prompt = WRITE_MENTOR if mentor else WRITE_MENTEE
    yield Item(thread, prompt, Status.OPEN, mine, {"moment": last.moment}, closes=closes)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record the private lines, and apart from them those that are shared."""
    no = int(item.thread.partition(":")[2] or 0)
    match move:
        case MenteeWrote() | MentorWrote():
            wrote = replace(move, meeting=no)
            shared = _shared(wrote, no)
            return record(wrote, shared) if shared else record(wrote)
        case "skip":
            return record(Skipped(no))
    return notice("stale")


def _shared(wrote: MenteeWrote | MentorWrote, no: int) -> Shared | None:
    lines = {line: getattr(wrote, line) for line in wrote.shows if getattr(wrote, line)}
    thanks = "" if wrote.thanks == "none" else wrote.thanks
    return Shared(no, thanks=thanks, **lines) if lines or thanks else None
