"""The handbook: what can be read at any time, given when it is wanted and never pushed at anybody.

Questions for the reverse-mentor (MR-1 to MR-5), tips by role (ME-1 to ME-8), repair after a sore
moment, whom to ask, and two minutes of practice, whose answers are not kept (domain.md 3.3, 3.4,
7.3, 12.1). To a contact who is here one may write: composed, looked over, sent on purpose (PX).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

from bot.flows import welcome
from bot.inbox import Decision, Form, Item, Notice, Status, notice, record
from bot.journal import Entry, Event
from bot.people import Person
from bot.privacy import P0, PX
from bot.prompts import Choice, Prompt, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair


class MenteePractised(Event, name="handbook.mentee_practised"):
    """The reverse-mentee's practice. It is never written in the journal."""

    reaction: Annotated[str, Choice(("explain", "more")), P0]
    why: Annotated[str, Text(200), P0] = ""
    thanks: Annotated[str, Text(200), P0] = ""


class MentorPractised(Event, name="handbook.mentor_practised"):
    """The reverse-mentor's practice. It is never written in the journal."""

    judgement: Annotated[str, Choice(("statement", "question")), P0]
    scene: Annotated[str, Text(300), P0] = ""
    passing: Annotated[str, Text(200), P0] = ""


class Wrote(Event, name="handbook.wrote"):
    """What someone chose to send to a named contact, after looking it over."""

    words: Annotated[str, Text(600, rows=4), PX]
    sure: Annotated[str, Choice(("yes",)), PX] = ""
    to: Annotated[str, PX] = ""


QUESTIONS = Prompt("handbook.questions", aside=True)
TIPS_MENTEE = Prompt("handbook.tips_mentee", aside=True)
TIPS_MENTOR = Prompt("handbook.tips_mentor", aside=True)
REPAIR = Prompt("handbook.repair", actions=("mine", "theirs", "breach"), aside=True)
CONTACT = Prompt("handbook.contact", actions=("write",), aside=True)
WRITE = Prompt("handbook.write", Wrote, aside=True)
LETTER = Prompt("handbook.letter")
PRACTICE_MENTEE = Prompt("handbook.practice_mentee", MenteePractised, aside=True)
PRACTICE_MENTOR = Prompt("handbook.practice_mentor", MentorPractised, aside=True)
PROMPTS = (
    QUESTIONS,
    TIPS_MENTEE,
    TIPS_MENTOR,
    REPAIR,
    CONTACT,
    WRITE,
    LETTER,
    PRACTICE_MENTEE,
    PRACTICE_MENTOR,
)


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters to each contact."""

    across: ClassVar[bool] = True
    sent: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)

    def see(self, entry: Entry) -> Letters:
        """Go on from one more entry."""
        match entry.event:
            case Wrote(to=who) if who:
                return replace(self, sent={**self.sent, who: (*self.sent.get(who, ()), entry)})
        return self


def letters(pair: Pair, contact: Person) -> tuple[Entry, ...]:
    """Return the letters to a contact, the first one first."""
    return pair.fold(Letters).sent.get(contact.id, ())


def addressed(pair: Pair) -> tuple[Person, ...]:
    """Return the named contacts somebody has written to."""
    letters = pair.fold(Letters).sent
    return tuple(
        Person(c.person, c.name, c.locale, c.zone, c.country)
        for c in pair.programme.contacts
        if c.person and c.person in letters
    )


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Keep the pages at hand, each for the role it is written for."""
    begun = welcome.confirmed(pair)
    if begun is None:
        return
    mentor = me == pair.reverse_mentor
    pages = {
        "questions": QUESTIONS,
        "tips": TIPS_MENTOR if mentor else TIPS_MENTEE,
        "practice": PRACTICE_MENTOR if mentor else PRACTICE_MENTEE,
        "repair": REPAIR,
        "contact": CONTACT,
    }
    here = {c.person: n for n, c in enumerate(pair.programme.contacts) if c.person}
    for thread, prompt in pages.items():
        moves = () if prompt is CONTACT and not here else None
        yield Item(thread, prompt, Status.AVAILABLE, begun, actions=moves)
    for person, n in here.items():  # by whom it is, not by place: the list may be set anew
        yield Item(f"write:{person}", WRITE, Status.AVAILABLE, begun, {"to": n})


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Answer at once; nothing here is kept."""
    match move:
        case "write":
            first = next(c.person for c in pair.programme.contacts if c.person)
            return Decision(turn_to=f"write:{first}")
        case Wrote(sure=""):
            return Decision(reply=Form(item, faults={"sure": "look_over"}))
        case Wrote():
            to = item.thread.partition(":")[2]
            return record(replace(move, to=to), reply=Notice("written", item))
        case "mine" | "theirs" | "breach":
            return notice(move, item)
        case MenteePractised(reaction="more") | MentorPractised(judgement="question"):
            return Decision(reply=Notice("practised", item))
        case MenteePractised() | MentorPractised():
            return Decision(reply=Notice("once_more", item))
    return notice("stale")
