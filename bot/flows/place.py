"""Where to meet: off the senior's ground, and where both are at ease (GR-3, CH-3, domain.md 6).

What served last comes first. A kind of place one would rather never be invited to is one's own to
mark: nothing is left out of the other's form for it, since what is missing would tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar

from bot.flows import charter, welcome
from bot.inbox import Decision, Item, Notice, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0
from bot.prompts import Choice, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person

PLACES = ("cafe", "walk", "library", "site", "video", "office")
KIND = Choice(PLACES, labels="meeting.options")


class Avoided(Event, name="place.avoided"):
    """Kinds of place its author would rather not be invited to. Nobody else ever knows."""

    place: Annotated[tuple[str, ...], Choice(PLACES, many=True, labels="meeting.options"), P0] = ()


AVOID = Prompt("place.avoid", Avoided, aside=True)
PROMPTS = (AVOID,)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What each would rather avoid, as last said."""

    across: ClassVar[bool] = True
    said: Mapping[PersonId | None, Entry] = field(default_factory=lambda: MappingProxyType({}))

    def see(self, entry: Entry) -> Wishes:
        """Go on from one more entry."""
        if isinstance(entry.event, Avoided):
            return Wishes(MappingProxyType({**self.said, entry.by: entry}))
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Let me mark, at any time, where I would rather not be invited to."""
    begun = welcome.confirmed(pair)
    if begun:
        said = pair.fold(Wishes).said.get(me.id)
        yield Item("avoid", AVOID, Status.AVAILABLE, said or begun, refill=said)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Keep what I would rather avoid."""
    return (
        record(move, reply=Notice("kept", item)) if isinstance(move, Avoided) else notice("stale")
    )


def avoided(pair: Pair, me: Person, kind: str) -> Entry | None:
    """Return where I said that I would rather avoid this kind of place, if I did."""
    said = pair.fold(Wishes).said.get(me.id)
    return said if said and kind in getattr(said.event, "place", ()) else None


def ordered(pair: Pair, last: str = "") -> tuple[str, ...]:
    """Return the kinds of place: the last one first, then those of the charter, then the rest."""
    first = [last] if last in PLACES and off_site(pair, last) else []
    return tuple(dict.fromkeys((*first, *_allowed(pair), *PLACES)))


def off_site(pair: Pair, kind: str) -> bool:
    """Tell whether a kind of place is off the senior's ground, as their charter has it (GR-3)."""
    return kind != "office" and (kind != "video" or "video" in _allowed(pair))


def _allowed(pair: Pair) -> tuple[str, ...]:
    terms = charter.agreed(pair)
    return getattr(terms.event, "places", ()) if terms else PLACES
