"""Retention: what is forgotten, and when (domain.md 4.3, 10.6). Closing texts say the same.

What someone ticked in the self-check or in "myth or mine" goes after 30 days, private notes 30 days
after the end, all words of the two 90 days after it. Entries stay and the journal still folds; what
they held reads as blank. That it was forgotten is an entry too, so it is done once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from bot.flows import closing, goals, leaving, welcome
from bot.flows.charter import Checked
from bot.flows.myth import Shown, Tapped
from bot.flows.preparation import MenteePrepared, MentorPrepared
from bot.flows.reflection import MenteeWrote, MentorWrote
from bot.inbox import Decision, Item, Notice, Status, notice
from bot.journal import Entry, Event, UnknownEvent
from bot.privacy import P1, P2, classes
from bot.prompts import Choice, Prompt, questions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person

CHECKS = timedelta(days=30)
AFTER_END = {"private": timedelta(days=30), "words": timedelta(days=90)}


class Forgot(Event, name="retention.forgot"):
    """The programme forgot what these entries held. `what`: checks, private notes, all words."""

    entries: Annotated[tuple[int, ...], P2]
    what: Annotated[str, P2] = "checks"


class Asked(Event, name="retention.asked"):
    """The form of `my data`: keep everything, or forget one's private notes now."""

    what: Annotated[str, Choice(("keep", "notes"), preset=("keep",)), P2]


DATA = Prompt("retention.data", Asked, aside=True)
PROMPTS = (DATA,)
# What is private and carries nothing else: forgetting it changes no agreement of the two.
NOTES = (
    MenteeWrote,
    MentorWrote,
    MenteePrepared,
    MentorPrepared,
    Checked,
    Tapped,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """Which passing answers are still kept, and which words were forgotten after the end."""

    across: ClassVar[bool] = True
    checks: Mapping[int, datetime] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def see(self, entry: Entry) -> Kept:
        """Go on from one more entry."""
        match entry.event:
            case Checked() | Tapped() | Shown():
                return replace(self, checks={**self.checks, entry.no: entry.at})
            case Forgot(entries, what):
                left = {no: at for no, at in self.checks.items() if no not in entries}
                return replace(self, checks=left, gone=self.gone | {what})
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:  # noqa: ARG001  # the same for both
    """Let me read at any time what I have written, and have my private notes forgotten."""
    begun = welcome.confirmed(pair)
    if begun:
        yield Item("data", DATA, Status.AVAILABLE, begun)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Forget my private notes, if I said so."""
    if move == Asked("notes"):
        mine = tuple(e.no for e in pair.journal if e.by == me.id and isinstance(e.event, NOTES))
        forgets = (Forgot(mine, "asked"),) if mine else ()
        return Decision(by_clock=forgets, reply=Notice("forgotten", item))
    return notice("kept", item)


def written(pair: Pair, me: Person) -> Iterator[tuple[datetime, Event]]:
    """Return the forms I have filled in and sent, as they are kept, and when."""
    for entry in pair.journal:
        if entry.by != me.id or not _holds(entry) or isinstance(entry.event, UnknownEvent):
            continue
        event = goals.as_set(entry.event)
        if questions(type(event)):
            yield entry.at, event


def moments(pair: Pair) -> Iterator[datetime]:
    """Return when something is to be forgotten."""
    kept, end = pair.fold(Kept), closing.ended_at(pair)
    yield from (at + CHECKS for at in kept.checks.values())
    if end:
        yield from (end + later for what, later in AFTER_END.items() if what not in kept.gone)


def due(pair: Pair, now: datetime) -> Iterator[Forgot]:
    """Return what is to be forgotten now."""
    kept, end = pair.fold(Kept), closing.ended_at(pair)
    checks = tuple(no for no, at in kept.checks.items() if at + CHECKS <= now)
    if checks:
        yield Forgot(checks)
    for what, later in AFTER_END.items():
        if end and what not in kept.gone and end + later <= now:
            held = (e for e in pair.journal if _holds(e))
            gone = tuple(e.no for e in held if what == "words" or not _shared(e))
            yield Forgot(gone, what)


def _holds(entry: Entry) -> bool:
    """Tell whether an entry holds anything but status and dates, as when a pair ended early is."""
    if isinstance(entry.event, leaving.Leaving):
        return False
    if isinstance(entry.event, UnknownEvent):
        return bool(entry.event.sealed)
    return any(privacy is not P2 for privacy in classes(type(entry.event)).values())


def _shared(entry: Entry) -> bool:
    known = isinstance(entry.event, Event)
    return known and P1 in classes(type(entry.event)).values()
