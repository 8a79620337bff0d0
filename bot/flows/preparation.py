"""Preparation: the card for the meeting, the day before at three in the afternoon (domain.md 7.2).

Nothing to type, and the bot keeps silent during the meeting and an hour around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from bot import hours
from bot.flows import charter, meeting, purpose, topic
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P2
from bot.prompts import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.flows.meeting import Meeting
    from bot.people import Pair, Person

EVE = time(15)


class Ready(Event, name="preparation.ready"):
    """They have seen the card for a meeting, by the meeting's number."""

    meeting: Annotated[int, P2]


CARD_MENTEE = Prompt("preparation.card_mentee", actions=("ready",), urgent=True)
CARD_MENTOR = Prompt("preparation.card_mentor", actions=("ready",), urgent=True)
PROMPTS = (CARD_MENTEE, CARD_MENTOR)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Who has seen the card for which meeting."""

    seen: Mapping[PersonId | None, Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Readiness:
        """Go on from one more entry."""
        if isinstance(entry.event, Ready):
            return replace(self, seen={**self.seen, entry.by: entry})
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Show me the card from the day before until the meeting is over."""
    for coming in meeting.past(pair)[-1:]:
        if coming.moment is None or coming.taken is None:
            continue
        seen = pair.fold(Readiness).seen.get(me.id)
        ready = seen is not None and getattr(seen.event, "meeting", 0) == coming.no
        about = topic.agreed(pair)
        facts = {
            "moment": coming.moment,
            "offer": coming.offer,
            "terms": charter.agreed(pair),
            "purpose": purpose.agreed(pair),
            "agreed": about[0] if about else None,
            "taken": about[1] if about else None,
        }
        yield Item(
            f"card:{coming.no}",
            CARD_MENTEE if me == pair.reverse_mentee else CARD_MENTOR,
            Status.DONE if ready else Status.OPEN,
            coming.taken,
            facts,
            opens=_eve(pair, me, coming),
            closes=coming.over,
            actions=() if ready else None,
        )


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Note that they have seen the card."""
    if move == "ready":
        return record(Ready(int(item.thread.split(":")[1])))
    return notice("stale")


def _eve(pair: Pair, me: Person, coming: Meeting) -> datetime | None:
    """Return 15:00 of my last working day before it, or when it was agreed, if that is later."""
    if coming.moment is None or coming.taken is None:
        return None
    day = coming.moment.at.astimezone(ZoneInfo(me.zone)).date()
    eve = hours.local(me, hours.last_working_day(pair.programme, me, day), EVE)
    return max(eve, coming.taken.at)
