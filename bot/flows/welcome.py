"""Welcome: a private yes from each before names are confirmed, then who learns from whom.

The reverse-mentor (the junior, who teaches) is asked first; the reverse-mentee (the senior, who
learns) only after that yes. A no needs no reason, and reads the same to the other as any other end
of the match (domain.md 3.1, CTX-1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from bot.hours import After
from bot.inbox import Decision, Item, Notice, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0
from bot.prompts import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person


class Proposed(Event, name="welcome.proposed"):
    """The programme proposed the two to each other."""


class Accepted(Event, name="welcome.accepted"):
    """They would like to do this."""


class Declined(Event, name="welcome.declined"):
    """They would rather not. No reason is asked, none is kept."""


class Swapped(Event, name="welcome.swapped", turns=True):
    """Both say that the roles were the wrong way round: they change places and begin again."""


class Understood(Event, name="welcome.understood"):
    """They said who learns here, and whether they had it right."""

    right: Annotated[bool, P0]


INVITE = Prompt("welcome.invite", actions=("accept", "decline"), reminders=(After(working_days=4),))
ASKED = Prompt("welcome.asked")
ROLE = Prompt("welcome.role", actions=("mentee_learns", "mentor_learns"))
BEGUN = Prompt("welcome.begun")
DECLINED = Prompt("welcome.declined")
UNCONFIRMED = Prompt("welcome.unconfirmed")
PROMPTS = (INVITE, ASKED, ROLE, BEGUN, DECLINED, UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who said yes, who said no, who knows their role. `confirmed` is the second yes."""

    accepted: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    declined: Entry | None = None
    understood: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    confirmed: Entry | None = None

    def see(self, entry: Entry) -> Welcome:
        """Go on from one more entry."""
        match entry.event:
            case Accepted() if entry.by not in self.accepted and not self.declined:
                confirmed = entry if self.accepted else None
                accepted = {**self.accepted, entry.by: entry}
                return replace(self, accepted=accepted, confirmed=confirmed)
            case Swapped():
                return Welcome(confirmed=entry)
            case Declined() if not self.confirmed:
                return replace(self, declined=entry)
            case Understood():
                return replace(self, understood={**self.understood, entry.by: entry})
        return self


def confirmed(pair: Pair) -> Entry | None:
    """Return the second yes, with which everything else begins."""
    return pair.fold(Welcome).confirmed


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Ask for a yes, the reverse-mentor first; then make sure who learns from whom."""
    welcome = pair.fold(Welcome)
    mine = welcome.accepted.get(me.id)
    asked: Entry | None = pair.opening
    if me == pair.reverse_mentee:
        asked = welcome.accepted.get(pair.reverse_mentor.id) or mine
    match welcome:
        case Welcome(declined=Entry(by=who) as no):
            if who == me.id:
                yield Item("welcome", DECLINED, Status.DONE, no, news=True)
            elif mine:
                yield Item("welcome", UNCONFIRMED, Status.DONE, no, news=True)
        case Welcome(confirmed=Entry() as yes):
            if me.id in welcome.understood:
                yield Item("welcome", BEGUN, Status.DONE, welcome.understood[me.id])
            else:
                yield Item("welcome", ROLE, Status.OPEN, yes)
        case _ if mine:
            yield Item("welcome", ASKED, Status.WAITING, mine)
        case _ if asked:
            yield Item("welcome", INVITE, Status.OPEN, asked)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record a yes, a no, or who they think learns here."""
    match move:
        case "accept":
            return record(Accepted())
        case "decline":
            return record(Declined())
        case "mentee_learns":
            return record(Understood(right=True))
        case "mentor_learns":
            return record(Understood(right=False), reply=Notice("other_way", item))
    return notice("stale")
