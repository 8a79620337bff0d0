"""One's own calendar: what is agreed goes there by itself, where somebody asks for it.

A meeting goes there as a time, a neutral title and a place; nothing says what it is about (INV-9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bot.flows import meeting, welcome
from bot.inbox import Decision, Handout, Item, Notice, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.prompts import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.people import Pair, Person


class Unmailed(Event, name="calendars.unmailed"):
    """They would rather have no invitations by e-mail."""


class Mailed(Event, name="calendars.mailed"):
    """They would like invitations by e-mail after all."""


HANDOUTS = ("feed", "feed_end", "assistant_end")
OWN = Prompt("calendars.own", None, (*HANDOUTS, "unmail", "mail"), aside=True)
PROMPTS = (OWN,)


@dataclass(frozen=True, slots=True)
class Letters:
    """Who would rather have no invitations by e-mail."""

    across: ClassVar[bool] = True
    without: frozenset[PersonId | None] = frozenset()

    def see(self, entry: Entry) -> Letters:
        """Go on from one more entry."""
        match entry.event:
            case Unmailed():
                return Letters(self.without | {entry.by})
            case Mailed():
                return Letters(self.without - {entry.by})
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Let me connect my calendar at any time."""
    begun = welcome.confirmed(pair)
    if begun:
        ways = [*HANDOUTS, "unmail" if may_mail(pair, me) else "mail"]
        if me != pair.reverse_mentee or not meeting.may_assist(pair):
            ways.remove("assistant_end")
        facts = {"unmailed": int(not may_mail(pair, me))}
        yield Item("calendar", OWN, Status.AVAILABLE, begun, facts, actions=tuple(ways))


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Hand out an address, end one, or say yes or no to invitations by e-mail."""
    match move:
        case "unmail":
            return record(Unmailed(), reply=Notice("unmailed", item))
        case "mail":
            return record(Mailed(), reply=Notice("mailed", item))
        case str():
            return Decision(reply=Handout(move, item))
    return notice("stale")


def may_mail(pair: Pair, me: Person) -> bool:
    """Tell whether invitations may be mailed to me."""
    return me.id not in pair.fold(Letters).without
