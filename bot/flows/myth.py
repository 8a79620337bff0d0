"""Myth or mine: six common claims about age groups, and whether they fit oneself (GEN-1 to GEN-10).

Each answers in private. What they tapped is opened only when both have answered and both have
pressed *show*, and forgotten after thirty days. Nobody is asked for an age, ever (domain.md 5.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from bot.flows import welcome
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0, P1
from bot.prompts import Choice, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person

FITS = Choice(("me", "not_me", "depends"), labels="myth.options")
KEPT = timedelta(days=30)


class Tapped(Event, name="myth.tapped"):
    """Which of the six claims fit them."""

    effort: Annotated[str, FITS, P0] = ""
    teams: Annotated[str, FITS, P0] = ""
    bargain: Annotated[str, FITS, P0] = ""
    skilled: Annotated[str, FITS, P0] = ""
    together: Annotated[str, FITS, P0] = ""
    trouble: Annotated[str, FITS, P0] = ""


class Shown(Event, name="myth.shown"):
    """Their answers, said again for the partner: opened when both have done so."""

    effort: Annotated[str, P1] = ""
    teams: Annotated[str, P1] = ""
    bargain: Annotated[str, P1] = ""
    skilled: Annotated[str, P1] = ""
    together: Annotated[str, P1] = ""
    trouble: Annotated[str, P1] = ""


PLAY = Prompt("myth.play", Tapped, aside=True)
PLAYED = Prompt("myth.played", Tapped, ("show", "answer"), aside=True)
SHOWING = Prompt("myth.showing")
OPENED = Prompt("myth.opened")
PROMPTS = (PLAY, PLAYED, SHOWING, OPENED)


@dataclass(frozen=True, slots=True)
class Round:
    """What each tapped, and who would show it."""

    tapped: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    shown: Mapping[PersonId | None, Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Round:
        """Go on from one more entry. A new answer closes what it would have shown."""
        match entry.event:
            case Tapped():
                shown = {who: e for who, e in self.shown.items() if who != entry.by}
                return replace(self, tapped={**self.tapped, entry.by: entry}, shown=shown)
            case Shown():
                return replace(self, shown={**self.shown, entry.by: entry})
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Offer the six claims at any time; open them when both would."""
    begun = welcome.confirmed(pair)
    if begun is None:
        return
    game = pair.fold(Round)
    mine, shown = game.tapped.get(me.id), game.shown.get(me.id)
    theirs = game.shown.get(pair.partner(me).id)
    if shown and theirs:
        last = max(shown, theirs, key=lambda entry: entry.no)
        ends = min(shown.at, theirs.at) + KEPT
        facts = {"mine": shown, "theirs": theirs}
        yield Item("myth", OPENED, Status.DONE, last, facts, closes=ends, news=True)
        yield Item("myth", PLAY, Status.AVAILABLE, begun, opens=ends)
    elif mine:
        ends = mine.at + KEPT
        prompt, status = (SHOWING, Status.WAITING) if shown else (PLAYED, Status.AVAILABLE)
        yield Item("myth", prompt, status, shown or mine, closes=ends, refill=mine)
        yield Item("myth", PLAY, Status.AVAILABLE, begun, opens=ends)
    else:
        yield Item("myth", PLAY, Status.AVAILABLE, begun)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Keep what they tapped, or show it."""
    mine = pair.fold(Round).tapped.get(me.id)
    match move:
        case Tapped():
            return record(move)
        case "show" if mine and isinstance(mine.event, Tapped):
            return record(Shown(**{f.name: getattr(mine.event, f.name) for f in fields(Shown)}))
    return notice("stale")
