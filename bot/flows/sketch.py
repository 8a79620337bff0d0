"""An invitation before it is sent: what typed words or an assistant's marks came to, to look at.

Nothing that was read in words counts until its author has seen it and pressed: one press sends it,
words typed after it make another, and the form stands beside it. Nobody else sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar

from bot import hours
from bot.dates import PARTS
from bot.flows import meeting, place
from bot.flows.meeting import SLOTS, Offered, Taken
from bot.hours import After
from bot.inbox import ANSWER, Decision, Item, Status, notice, record
from bot.journal import Entry, Event
from bot.moment import Moment
from bot.privacy import P1, P2
from bot.prompts import FAR, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.dates import Reading
    from bot.people import Pair, Person

THREAD = "sketch"
LASTS = timedelta(days=1)


class Sketched(Event, name="sketch.sketched"):
    """An invitation for `who` to look at. `either`: the words may mean one time or the other."""

    who: Annotated[str, P2]
    first: Annotated[Moment, P1]
    place: Annotated[str, P1]
    second: Annotated[Moment | None, P1] = None
    third: Annotated[Moment | None, P1] = None
    length: Annotated[str, P1] = "60"
    where: Annotated[str, P1] = ""
    either: Annotated[bool, P2] = False

    @property
    def times(self) -> tuple[Moment, ...]:
        """The times it names."""
        return tuple(moment for moment in (self.first, self.second, self.third) if moment)


class Dropped(Event, name="sketch.dropped"):
    """Its author would rather not send it."""


_UNSENT = (After(working_days=1), After(working_days=3))
SKETCH = Prompt("sketch.sketch", Offered, ("send", ANSWER, "wish", "drop"), _UNSENT, urgent=True)
EITHER = Prompt("sketch.either", Offered, ("first", "second", ANSWER, "drop"), urgent=True)
PROMPTS = (SKETCH, EITHER)


@dataclass(frozen=True, slots=True)
class Sketches:
    """What each has before them. A change makes another, so that a press sends what was seen."""

    across: ClassVar[bool] = True
    live: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))

    def see(self, entry: Entry) -> Sketches:
        """Go on from one more entry."""
        match entry.event:
            case Sketched(who=who):
                return Sketches(MappingProxyType({**self.live, who: entry}))
            case Offered() | Dropped():
                left = {who: each for who, each in self.live.items() if who != entry.by}
                return Sketches(MappingProxyType(left))
            case Taken():
                return Sketches()
        return self


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Show me what I am about to send, until its first time has come or a day has gone by."""
    latest = pair.fold(Sketches).live.get(me.id)
    if latest is None or not isinstance(latest.event, Sketched) or not latest.event.times:
        return  # there is none, or what it said is forgotten
    seen, booked = latest.event, meeting.diary(pair).current
    facts = {
        "sketch": latest,
        "marked": latest if latest.by is None else None,
        "booked": booked.moment,
        "outside": sum(not _both_work(pair, moment, seen.length) for moment in seen.times),
    }
    closes = min(moment.at for moment in seen.times)
    if latest.by is not None:
        closes = min(closes, latest.at + LASTS)
    yield Item(
        THREAD,
        EITHER if seen.either else SKETCH,
        Status.OPEN,
        latest,
        facts,
        closes=closes,
        suggest=lambda *_: _filled(seen, me),
        choices={"place": place.ordered(pair, seen.place)},
        actions=None if seen.either else _ways(pair, me, booked),
    )


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:
    """Send it, choose one of two readings, leave the date to the senior after all, or drop it."""
    latest = pair.fold(Sketches).live.get(me.id)
    seen = latest.event if latest else None
    match move:
        case Offered():
            return meeting.offer_sent(pair, item, move, now)
        case "send" if isinstance(seen, Sketched):
            return meeting.offer_sent(pair, item, _offer(seen), now)
        case "first" | "second" if isinstance(seen, Sketched):
            chosen = replace(seen, first=getattr(seen, move), second=None, third=None, either=False)
            return Decision((chosen,), turn_to=THREAD)
        case "wish":
            return record(Dropped(), meeting.Wished(), reply=meeting.wished(item))
        case "drop":
            return record(Dropped())
    return notice("stale")


def of(
    pair: Pair, me: Person, readings: Sequence[Reading], kind: str, now: datetime
) -> Sketched | None:
    """Return what was read as an invitation, or three times of ours where nothing was named.

    None if both never work at such a time, or it is past or too far ahead.
    """
    either = len(readings) > 1
    if either:
        found = [_times(pair, me, reading, now)[:1] for reading in readings]
        times = tuple(moment for each in found for moment in each)
    elif readings:
        times = _times(pair, me, readings[0], now)
    else:
        times = meeting.free_times(pair, me, now)
    if not times:
        return None
    named = next((reading.place for reading in readings if reading.place), "")
    before = meeting.diary(pair).current.offer
    kept = before.event if before and not kind and not named else None
    return Sketched(
        who=me.id,
        place=kind or getattr(kept, "place", "") or meeting.kinds(pair)["place"][0],
        length=getattr(kept, "length", "") or meeting.length(pair, me),
        where=named or getattr(kept, "where", ""),
        either=either and len(times) > 1,
        **dict(zip(SLOTS, times, strict=False)),
    )


def marked(pair: Pair, me: Person, times: Sequence[datetime], kind: str) -> Sketched:
    """Return what an assistant marked, as an invitation to look at."""
    moments = [Moment.of(at, me.zone) for at in times]
    second, third = (*moments[1:], None, None)[:2]
    return Sketched(me.id, moments[0], kind, second, third, meeting.length(pair, me))


def _offer(seen: Sketched) -> Offered:
    told = {name: getattr(seen, name) for name in (*SLOTS, "place", "length", "where")}
    return Offered(**told)


def _filled(seen: Sketched, me: Person) -> dict[str, tuple[str, ...]]:
    """Return the answers that would read as this invitation, for its form."""
    given: dict[str, tuple[str, ...]] = {
        name: (moment.seen_from(me.zone).isoformat(timespec="minutes"),)
        for name, moment in zip(SLOTS, seen.times, strict=False)
    }
    rest = {"place": seen.place, "length": seen.length, "where": seen.where}
    return given | {name: (value,) for name, value in rest.items() if value}


def _ways(pair: Pair, me: Person, booked: meeting.Meeting) -> tuple[str, ...]:
    """Return what I can do with it: the reverse-mentor may leave the date to the senior."""
    leaves = me == pair.reverse_mentor and booked.moment is None and booked.wished is None
    return ("send", ANSWER, "wish", "drop") if leaves else ("send", ANSWER, "drop")


def _times(pair: Pair, me: Person, reading: Reading, now: datetime) -> tuple[Moment, ...]:
    """Return up to three times that a reading leaves open and both people's hours allow.

    An hour that was named on a day that was named is taken as it is.
    """
    named = reading.moment(me.zone)
    if named:
        return (named,) if now < named.at <= now + FAR else ()
    days = (reading.last - reading.first).days + 1
    begins, ends = PARTS.get(reading.part, (0, 24))
    usual = (hour for hour in hours.MEETING if begins <= hour.hour < ends)
    slots = hours.free_slots(
        pair.programme,
        (me, pair.partner(me)),
        (reading.first + timedelta(days=n) for n in range(days)),
        timedelta(minutes=int(meeting.length(pair, me))),
        (reading.hour,) if reading.hour else tuple(usual),
        most=len(SLOTS) if days == 1 else 1,
    )
    ahead = (slot for slot in slots if slot > now)
    return tuple(sorted((Moment.of(s, me.zone) for s in islice(ahead, len(SLOTS))), key=_at))


def _at(moment: Moment) -> datetime:
    return moment.at


def _both_work(pair: Pair, moment: Moment, minutes: str) -> bool:
    length = timedelta(minutes=int(minutes))
    return hours.both_work(pair.programme, pair.people, moment.at, length)
