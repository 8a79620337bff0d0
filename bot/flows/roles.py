"""Roles the wrong way round: either may say so before the charter is signed, and both must agree.

Everybody mixes up who teaches and who learns, coordinators too. Once both have said so, the two
change places and begin again from there; what either wrote in private before is not used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.flows import charter, welcome
from bot.flows.welcome import Swapped
from bot.inbox import Decision, Item, Notice, Status, notice, record
from bot.journal import Entry, Event
from bot.prompts import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.people import Pair, Person


class Asked(Event, name="roles.asked"):
    """They think that the two are the wrong way round."""


class Refused(Event, name="roles.refused"):
    """It is right as it is."""


RIGHT = Prompt("roles.right", actions=("swap",), aside=True)
WAITING = Prompt("roles.waiting", actions=("keep",))
REPLY = Prompt("roles.reply", actions=("swap", "keep"), urgent=True)
PROMPTS = (RIGHT, WAITING, REPLY)


@dataclass(frozen=True, slots=True)
class Question:
    """Whether one of the two has asked, and has not been answered."""

    asked: Entry | None = None

    def see(self, entry: Entry) -> Question:
        """Go on from one more entry."""
        match entry.event:
            case Asked():
                return replace(self, asked=entry)
            case Refused():
                return replace(self, asked=None)
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Let either say that the roles are the wrong way round, until the charter is signed."""
    begun = welcome.confirmed(pair)
    if begun is None or charter.agreed(pair):
        return
    asked = pair.fold(Question).asked
    if asked is None:
        yield Item("roles", RIGHT, Status.AVAILABLE, begun)
    elif asked.by == me.id:
        yield Item("roles", WAITING, Status.WAITING, asked)
    else:
        yield Item("roles", REPLY, Status.OPEN, asked)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Ask, refuse, or let the two change places."""
    asked = pair.fold(Question).asked
    match move:
        case "swap" if asked is None:
            return record(Asked())
        case "swap" if asked and asked.by != me.id:
            return Decision(by_clock=(Swapped(),), reply=Notice("swapped"))
        case "keep" if asked:
            return record(Refused())
    return notice("stale")
