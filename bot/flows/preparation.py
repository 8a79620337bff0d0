"""Preparation: ninety private seconds three days ahead, and the card for the meeting (7.1, 7.2).

The card comes the day before at three in the afternoon. There is nothing to type on it, and the bot
keeps silent during the meeting and an hour around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from bot import hours
from bot.flows import charter, leaving, meeting, purpose, topic, tryout
from bot.inbox import Decision, Item, Notice, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0, P2
from bot.prompts import Choice, Prompt, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.flows.meeting import Meeting
    from bot.inbox import Context
    from bot.moment import Moment
    from bot.people import Pair, Person

EVE = time(15)
MORNING = time(10)
AHEAD = timedelta(days=3)
KINDS = ("reflect", "scene", "challenge", "decide", "honest")


class MenteePrepared(Event, name="preparation.mentee_prepared"):
    """The reverse-mentee's ninety seconds. How a try-out went is said again by `tryout`."""

    tried: Annotated[str, Choice(tryout.OUTCOMES, labels="tryout.options"), P0] = ""
    assume: Annotated[str, Text(300, rows=2), P0] = ""
    nervous: Annotated[str, Text(200), P0] = ""
    first: Annotated[str, Text(300, rows=2), P0] = ""
    meeting: Annotated[int, P2] = 0


class MentorPrepared(Event, name="preparation.mentor_prepared"):
    """The reverse-mentor's ninety seconds: what to show, by which scene, with which questions."""

    see: Annotated[str, Text(300, rows=2), P0] = ""
    scene: Annotated[str, Text(300, rows=2), P0] = ""
    kinds: Annotated[tuple[str, ...], Choice(KINDS, many=True), P0] = ()
    meeting: Annotated[int, P2] = 0


class Skipped(Event, name="preparation.skipped"):
    """They go without preparing, by the meeting's number."""

    meeting: Annotated[int, P2]


class Ready(Event, name="preparation.ready"):
    """They have seen the card for a meeting, by the meeting's number."""

    meeting: Annotated[int, P2]


PREPARE_MENTEE = Prompt("preparation.prepare_mentee", MenteePrepared, ("answer", "skip"))
PREPARE_MENTOR = Prompt("preparation.prepare_mentor", MentorPrepared, ("answer", "lighter", "skip"))
PREPARED_MENTEE = Prompt("preparation.prepared_mentee", MenteePrepared, aside=True)
PREPARED_MENTOR = Prompt("preparation.prepared_mentor", MentorPrepared, aside=True)
CARD_MENTEE = Prompt("preparation.card_mentee", actions=("ready",), urgent=True)
CARD_MENTOR = Prompt("preparation.card_mentor", actions=("ready",), urgent=True)
PROMPTS = (
    PREPARE_MENTEE,
    PREPARE_MENTOR,
    PREPARED_MENTEE,
    PREPARED_MENTOR,
    CARD_MENTEE,
    CARD_MENTOR,
)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Who has prepared for which meeting, and who has seen the card."""

    prepared: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    seen: Mapping[PersonId | None, Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Readiness:
        """Go on from one more entry."""
        match entry.event:
            case MenteePrepared() | MentorPrepared() | Skipped():
                return replace(self, prepared={**self.prepared, entry.by: entry})
            case Ready():
                return replace(self, seen={**self.seen, entry.by: entry})
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Three days ahead let me prepare; show me the card from the day before until it is over."""
    for coming in meeting.past(pair)[-1:]:
        if coming.moment and coming.taken:
            yield from _prepare(pair, me, coming, coming.taken)
            yield from _card(pair, me, coming, coming.moment, coming.taken)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Note what they prepared, in private; or that they have seen the card."""
    no = int(item.thread.split(":")[1])
    match move:
        case MenteePrepared(tried=outcome):
            return record(replace(move, meeting=no), *tryout.went(pair, outcome))
        case MentorPrepared():
            return record(replace(move, meeting=no))
        case "skip":
            return record(Skipped(no))
        case "lighter":
            asked = topic.lighter(pair, me)
            return record(Skipped(no), *asked, reply=None if asked else Notice("light", item))
        case "ready":
            return record(Ready(no))
    return notice("stale")


def before(pair: Pair, me: Person, coming: Meeting) -> datetime | None:
    """Return ten in the morning three days ahead of a meeting, or when it was agreed, if later."""
    if coming.moment is None or coming.taken is None:
        return None
    day = coming.moment.at.astimezone(ZoneInfo(me.zone)).date() - AHEAD
    if not hours.is_working_day(pair.programme, me, day):
        day = hours.last_working_day(pair.programme, me, day)
    return max(hours.local(me, day, MORNING), coming.taken.at)


def _prepare(pair: Pair, me: Person, coming: Meeting, taken: Entry) -> Iterator[Item]:
    about, tried = topic.agreed(pair), pair.fold(tryout.Tryouts).current
    mine = tried if tried and tried.by == me.id else None
    facts = {
        "moment": coming.moment,
        "agreed": about[0] if about else None,
        "taken": about[1] if about else None,
        "tried": mine,
    }
    mentee = me == pair.reverse_mentee
    done = pair.fold(Readiness).prepared.get(me.id)
    ready = done if done and getattr(done.event, "meeting", 0) == coming.no else None
    if ready is None:
        prompt, status = PREPARE_MENTEE if mentee else PREPARE_MENTOR, Status.OPEN
    elif isinstance(ready.event, Skipped):
        return
    else:
        prompt, status = PREPARED_MENTEE if mentee else PREPARED_MENTOR, Status.AVAILABLE
    yield Item(
        f"prepare:{coming.no}",
        prompt,
        status,
        ready or taken,
        facts,
        opens=before(pair, me, coming),
        closes=coming.moment.at if coming.moment else None,
        refill=ready,
        choices={} if mine else {"tried": ()},
    )


def _card(pair: Pair, me: Person, coming: Meeting, moment: Moment, taken: Entry) -> Iterator[Item]:
    seen = pair.fold(Readiness).seen.get(me.id)
    of_this = seen is not None and getattr(seen.event, "meeting", 0) == coming.no
    ready = of_this and seen is not None and taken.no < seen.no  # a date that moved is a new one
    about, looks_back = topic.agreed(pair), leaving.looks_back(pair, moment.at)
    first_seen = min(_eve(pair, one, moment, taken) for one in pair.people)
    said, did = tryout.said_and_did(pair)
    facts: Context = {
        "moment": moment,
        "first": int(not meeting.diary(pair).held),
        "looks_back": int(looks_back),
        "minutes": int(coming.length.total_seconds()) // 60,
        "offer": coming.offer,
        "terms": charter.agreed(pair),
        "purpose": purpose.agreed(pair),
        "agreed": about[0] if about else None,
        "taken": about[1] if about else None,
        "light": None if about or looks_back else topic.light(pair, first_seen),
        "said": said[-1:],
        "did": did[-1:],
    }
    yield Item(
        f"card:{coming.no}",
        CARD_MENTEE if me == pair.reverse_mentee else CARD_MENTOR,
        Status.DONE if ready else Status.OPEN,
        taken,
        facts,
        opens=_eve(pair, me, moment, taken),
        closes=coming.over,
        actions=() if ready else None,
    )


def _eve(pair: Pair, me: Person, moment: Moment, taken: Entry) -> datetime:
    """Return 15:00 of my last working day before it, or when it was agreed, if that is later."""
    day = moment.at.astimezone(ZoneInfo(me.zone)).date()
    eve = hours.local(me, hours.last_working_day(pair.programme, me, day), EVE)
    return max(eve, taken.at)
