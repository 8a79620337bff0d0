"""The trail: what the two have so far. Purpose, charter and its versions, dates, try-outs.

Nothing of its own is kept; it is read from what the other flows have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flows import charter, goals, meeting, purpose, tryout, welcome
from bot.inbox import Decision, Item, Status, notice
from bot.prompts import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.journal import Event
    from bot.people import Pair, Person

TRAIL = Prompt("trail.so_far")
PROMPTS = (TRAIL,)
WORTH = ("purpose", "goals", "charters", "meetings", "said")  # one of these, and it is shown


def items(pair: Pair, me: Person) -> Iterator[Item]:  # noqa: ARG001  # both see the same
    """Show what there is, from the first thing both have agreed."""
    begun = welcome.confirmed(pair)
    said, did = tryout.said_and_did(pair)
    facts = {
        **purpose.shared(pair),
        "purpose": purpose.agreed(pair),
        "goals": goals.agreed(pair),
        "charters": pair.fold(charter.Charter).talk.history,
        "meetings": meeting.diary(pair).met,
        "said": said,
        "did": did,
    }
    if begun and any(facts[name] for name in WORTH):
        yield Item("trail", TRAIL, Status.DONE, begun, facts)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """There is nothing to decide: it is only read."""
    return notice("stale")
