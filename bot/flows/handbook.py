"""The handbook: what can be read at any time, given when it is wanted and never pushed at anybody.

Questions for the reverse-mentor (MR-1 to MR-5), tips by role (ME-1 to ME-8), repair after a sore
moment, whom to ask, and two minutes of practice, whose answers are not kept (domain.md 3.3, 3.4,
7.3, 12.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from bot.flows import welcome
from bot.inbox import Decision, Item, Notice, Status, notice
from bot.journal import Event
from bot.privacy import P0
from bot.prompts import Choice, Prompt, Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.people import Pair, Person


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


QUESTIONS = Prompt("handbook.questions", aside=True)
TIPS_MENTEE = Prompt("handbook.tips_mentee", aside=True)
TIPS_MENTOR = Prompt("handbook.tips_mentor", aside=True)
REPAIR = Prompt("handbook.repair", actions=("mine", "theirs", "breach"), aside=True)
CONTACT = Prompt("handbook.contact", aside=True)
PRACTICE_MENTEE = Prompt("handbook.practice_mentee", MenteePractised, aside=True)
PRACTICE_MENTOR = Prompt("handbook.practice_mentor", MentorPractised, aside=True)
PROMPTS = (
    QUESTIONS,
    TIPS_MENTEE,
    TIPS_MENTOR,
    REPAIR,
    CONTACT,
    PRACTICE_MENTEE,
    PRACTICE_MENTOR,
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
    for thread, prompt in pages.items():
        yield Item(thread, prompt, Status.AVAILABLE, begun)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Answer at once; nothing here is kept."""
    match move:
        case "mine" | "theirs" | "breach":
            return notice(move, item)
        case MenteePractised(reaction="more") | MentorPractised(judgement="question"):
            return Decision(reply=Notice("practised", item))
        case MenteePractised() | MentorPractised():
            return Decision(reply=Notice("once_more", item))
    return notice("stale")
