"""Safety: what the reverse-mentor may do after a pulse that was not well. Nobody else learns of it.

It only reads the pulse, and yields items to its author alone (INV-2). Nothing happens without her;
what she then does on purpose can be done at any time without a pulse (domain.md 8).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Annotated

from bot.flows import leaving, meeting, preparation, topic
from bot.flows.reflection import MentorWrote
from bot.inbox import Decision, Item, Notice, Status, notice
from bot.journal import Entry, Event
from bot.privacy import P0
from bot.prompts import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.flows.meeting import Meeting
    from bot.people import Pair, Person


class Band(Enum):
    """How safe it was, as the pulse says."""

    GREEN = "well"
    AMBER = "not quite"
    LOW = "not safe"


class Chosen(Event, name="safety.chosen"):
    """What she chose to do about it, if anything."""

    choice: Annotated[str, P0]


MENU = Prompt(
    "safety.menu", None, ("keep", "phrase", "lighter", "contact", "pause", "leave"), urgent=True
)
AGAIN = Prompt(
    "safety.again", None, ("contact", "leave", "pause", "phrase", "lighter", "keep"), urgent=True
)
PHRASE = Prompt("safety.phrase", None, ("phrase", "keep"), urgent=True)
BEFORE = Prompt("safety.before", None, ("go", "lighter", "move", "leave"), urgent=True)
PROMPTS = (MENU, AGAIN, PHRASE, BEFORE)


@dataclass(frozen=True, slots=True)
class Pulse:
    """The last pulse, its band, how many lows came in a row, and what she chose.

    `before` counts lows and worries without the last, which may be answered anew.
    """

    last: Entry | None = None
    band: Band = Band.GREEN
    lows: int = 0
    worries: int = 0
    chosen: Entry | None = None
    before: tuple[int, int] = (0, 0)

    def see(self, entry: Entry) -> Pulse:
        """Go on from one more entry."""
        match entry.event:
            case MentorWrote() as wrote:
                again = self.last is not None and _meeting(self.last) == wrote.meeting
                low, worried = before = self.before if again else (self.lows, self.worries)
                found = band(wrote)
                lows = low + 1 if found is Band.LOW else 0
                worries = worried + (wrote.worried == "yes")
                return Pulse(entry, found, lows, worries, None, before)
            case Chosen():
                return replace(self, chosen=entry)
        return self


def _meeting(pulse: Entry) -> int:
    return getattr(pulse.event, "meeting", 0)


def band(wrote: MentorWrote) -> Band:
    """Return how safe it was; what was left out counts as nothing."""
    if wrote.safe in {"1", "2"} or "yes" in {wrote.worried, wrote.cost}:
        return Band.LOW
    if wrote.safe == "3" or wrote.worried == "little" or wrote.cost == "bit":
        return Band.AMBER
    return Band.GREEN


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Offer what can be done, to the one who answered and to nobody else."""
    pulse = pair.fold(Pulse)
    if me != pair.reverse_mentor or pulse.last is None:
        return
    coming = _coming(pair, pulse.last)
    asks = preparation.before(pair, me, coming) if coming and pulse.band is Band.LOW else None
    if asks and coming and coming.moment and not (pulse.chosen and pulse.chosen.at >= asks):
        about, ends = pulse.chosen or pulse.last, coming.moment.at
        yield Item("safety", BEFORE, Status.OPEN, about, {"moment": coming.moment}, asks, ends)
    if pulse.chosen:
        return
    if pulse.band is Band.LOW:
        prompt = AGAIN if pulse.lows > 1 or pulse.worries > 1 else MENU
        moves = prompt.actions
        if not leaving.may_pause(pair):
            moves = tuple(move for move in moves if move != "pause")
        yield Item("safety", prompt, Status.OPEN, pulse.last, closes=asks, actions=moves)
    elif pulse.band is Band.AMBER:
        yield Item("safety", PHRASE, Status.OPEN, pulse.last)


def _coming(pair: Pair, pulse: Entry) -> Meeting | None:
    """Return the next meeting that has a date, after the one the pulse was about."""
    dated = (m for m in meeting.past(pair) if m.moment and m.moment.at > pulse.at)
    return next(dated, None)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Note what she chose, privately, and go on with it."""
    match move:
        case "keep" | "go":
            return Decision((Chosen(move),))
        case "move" if coming := _coming(pair, item.about):
            return Decision((Chosen(move),), turn_to=f"meeting:{coming.no}")
        case "phrase":
            return Decision((Chosen(move),), Notice("phrases", item))
        case "lighter":
            asked = topic.lighter(pair, me)
            told = Notice("lighter_sent" if asked else "lighter_noted", item)
            return Decision((Chosen(move), *asked), told)
        case "contact" | "pause" | "leave":
            return Decision((Chosen(move),), turn_to=move)
    return notice("stale")
