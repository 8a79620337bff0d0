"""Meetings: the reverse-mentee (the senior) offers, the reverse-mentor takes, both say if they met.

Booking is the senior's task, and its reminders go to the senior only (GR-3, ME-1, INV-4). The
reverse-mentor may ask for another time, another place, or not this month, without a reason; may
offer too, but is never asked to chase.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated, ClassVar
from zoneinfo import ZoneInfo

from bot import hours
from bot.flows import charter, place, welcome
from bot.flows.place import KIND
from bot.hours import After
from bot.inbox import ANSWER, Decision, Form, Handout, Item, Notice, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.moment import Moment
from bot.privacy import P0, P1, P2
from bot.prompts import Choice, Prompt, Slot, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.people import Pair, Person

SLOTS = ("first", "second", "third")
QUIET = timedelta(hours=1)
FAR_ENOUGH = 90  # days ahead among which we look for times to suggest


class Offered(Event, name="meeting.offered"):
    """Up to three times and a place. `exception` keeps the senior's own ground, on purpose."""

    first: Annotated[Moment, Slot(), P2]
    place: Annotated[str, KIND, P1]
    second: Annotated[Moment | None, Slot(), P2] = None
    third: Annotated[Moment | None, Slot(), P2] = None
    length: Annotated[
        str, Choice(("30", "45", "60", "90"), preset=("60",), labels="meeting.options"), P2
    ] = "60"
    where: Annotated[str, Text(120), P1] = ""
    exception: Annotated[
        str, Choice(("once", "changed"), labels="meeting.options", once_wrong="place"), P2
    ] = ""


class Taken(Event, name="meeting.taken"):
    """They take one of the times offered: the offer's entry number, and which of the three."""

    offer: Annotated[int, P2]
    slot: Annotated[str, P2]


class Declined(Event, name="meeting.declined"):
    """Another time, another place, or not this month. No reason is asked."""

    offer: Annotated[int, P2]
    wish: Annotated[str, P1]


class Wished(Event, name="meeting.wished"):
    """The reverse-mentor would like a date: the senior's next reminder comes sooner, no more."""


class Moved(Event, name="meeting.moved"):
    """They cannot make the time agreed. A new date is owed."""


class MetOn(Event, name="meeting.met_on"):
    """The form of a meeting that was never booked here; it becomes a `Met`."""

    day: Annotated[str, Choice(("today", "yesterday", "week", "earlier"), preset=("today",)), P2]
    date: Annotated[str, Choice(("stays", "off"), preset=("stays",)), P2] = ""


class Met(Event, name="meeting.met"):
    """They met without a date of ours, as one of them says; the date they have `stays`, or not."""

    at: Annotated[Moment, P2]
    stays: Annotated[bool, P2] = False


class Mirrored(Event, name="meeting.mirrored"):
    """What the reverse-mentee chose after two moved in a row: a mirror nobody else sees (N-14)."""

    choice: Annotated[str, P0]


class Told(Event, name="meeting.told"):
    """Whether they met, as one of them says: `met`, `moved` or `not`."""

    meeting: Annotated[int, P2]
    outcome: Annotated[str, P2]


MORNINGS = (time(9), time(11), time(10), time(13), time(16), time(15))
DAYS_AGO = {"today": 0, "yesterday": 1, "week": 3, "earlier": 10}
HOUR = timedelta(hours=1)
NO_NEWS = timedelta(days=25)
SLIPS = 2
AGAIN = timedelta(weeks=4)
INVITING = ("answer", "same", "assistant", "met")
MIRROR_ASKS = ("shorter", "daytime", "pause", "finish")

_FIRST = (After(working_days=1), After(working_days=4), After(working_days=7))
_MONTHLY = (After(days=10), After(days=20), After(days=25))
_OWED = (After(working_days=2), After(working_days=5))

INVITE_FIRST = Prompt("meeting.invite_first", Offered, INVITING, _FIRST)
INVITE = Prompt("meeting.invite", Offered, INVITING, _MONTHLY)
OWED = Prompt("meeting.owed", Offered, INVITING, _OWED)
ASKED = Prompt("meeting.asked", Offered, INVITING, _OWED, urgent=True)
LATER = Prompt("meeting.later", Offered)
THEIRS = Prompt("meeting.theirs", Offered, ("wish", "answer"), aside=True)
NO_DATE = Prompt("meeting.no_date", Offered, aside=True)
STANDING = Prompt("meeting.standing", Offered, ("answer", "met"))
REPLY = Prompt(
    "meeting.reply", None, (*SLOTS, "time", "place", "month"), (After(working_days=2),), urgent=True
)
BOOKED = Prompt("meeting.booked", Offered, ("calendar", "answer", "cancel", "met"))
MET = Prompt("meeting.met", MetOn, aside=True)
MIRROR = Prompt("meeting.mirror", None, MIRROR_ASKS)
HELD = Prompt("meeting.held", None, ("met", "moved", "not"), (After(working_days=2),), urgent=True)
PROMPTS = (
    INVITE_FIRST,
    INVITE,
    OWED,
    ASKED,
    LATER,
    THEIRS,
    NO_DATE,
    STANDING,
    REPLY,
    BOOKED,
    MET,
    MIRROR,
    HELD,
)


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting: what was offered, what was taken, and what each says became of it."""

    no: int = 1
    offer: Entry | None = None
    taken: Entry | None = None
    moment: Moment | None = None
    length: timedelta = timedelta(hours=1)
    declined: Entry | None = None
    moved: Entry | None = None
    wished: Entry | None = None
    told: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    asked_again: frozenset[PersonId | None] = frozenset()

    @property
    def held(self) -> bool:
        """Whether it took place: at least one says so, and nobody says otherwise."""
        outcomes = {getattr(entry.event, "outcome", "") for entry in self.told.values()}
        return outcomes == {"met"}

    @property
    def fell_through(self) -> bool:
        """Whether it did not take place, and nobody says otherwise."""
        outcomes = {getattr(entry.event, "outcome", "") for entry in self.told.values()}
        return bool(outcomes) and "met" not in outcomes

    @property
    def ends_with(self) -> Entry | None:
        """The entry from which the next one is to be arranged: when it was known to be off."""
        if self.fell_through:
            return min(self.told.values(), key=lambda entry: entry.no)
        return self.taken

    @property
    def contradicted(self) -> bool:
        """Whether one says so and the other does not; asked about once more, then unclear."""
        return bool(self.told) and not self.held and not self.fell_through

    @property
    def over(self) -> datetime | None:
        """When it ends, if it has a time."""
        return self.moment.at + self.length if self.moment else None

    @property
    def known_over(self) -> datetime | None:
        """When we know that it is over: later, if it was told of afterwards."""
        return max(self.over, self.taken.at) if self.over and self.taken else self.over


@dataclass(frozen=True, slots=True)
class Diary:
    """The meeting being arranged or agreed, the one before it, and when those before were held.

    `slips` are the moves since a date was last kept, `mirrored` the answer to the last mirror.
    """

    across: ClassVar[bool] = True
    current: Meeting = field(default_factory=Meeting)
    last: Meeting | None = None
    before: tuple[Moment, ...] = ()
    slips: tuple[Entry, ...] = ()
    mirrored: Entry | None = None

    @property
    def following(self) -> int:
        """The number of the meeting that comes after these."""
        return max(self.current.no, self.last.no if self.last else 0) + 1

    @property
    def met(self) -> tuple[Moment, ...]:
        """When the meetings that took place began, the first one first."""
        recent = (m for m in (self.last, self.current) if m and m.held)
        return self.before + tuple(m.moment for m in recent if m.moment)

    @property
    def first_met(self) -> datetime | None:
        """When the first meeting that took place began."""
        return self.met[0].at if self.met else None

    @property
    def held(self) -> int:
        """How many meetings took place so far."""
        return len(self.met)

    def see(self, entry: Entry) -> Diary:
        """Go on from one more entry."""
        match entry.event:
            case Offered():
                page = self._after(entry)
                length = _minutes(entry.event.length)
                offered = replace(page.current, offer=entry, declined=None, length=length)
                return replace(page, current=offered)
            case Taken(slot=slot) if self.current.offer:
                moment = getattr(self.current.offer.event, slot)
                return self.arranged(taken=entry, moment=moment)
            case Declined():
                return self.arranged(declined=entry, offer=None)
            case Wished():
                return self._after(entry).arranged(wished=entry)
            case Moved():
                slipped = replace(self, slips=(*self.slips, entry))
                return slipped.arranged(moved=entry, offer=None, taken=None, moment=None)
            case Met(at, stays):
                page = self._after(entry)
                if stays and page.current.moment:
                    return page.between(Meeting(page.following, taken=entry, moment=at))
                none = {"offer": None, "declined": None, "length": HOUR}
                return page.arranged(taken=entry, moment=at, **none)
            case Mirrored():
                return replace(self, mirrored=entry)
            case Told(meeting=no):
                return self._told(no, entry)
        return self

    def arranged(self, **changes: object) -> Diary:
        """Return the same diary, with the meeting in hand changed."""
        return replace(self, current=replace(self.current, **changes))  # type: ignore[arg-type]

    def _after(self, entry: Entry) -> Diary:
        """Turn the page once the meeting's time has come."""
        moment = self.current.moment
        if moment is None or entry.at < moment.at:
            return self
        next_one = Meeting(self.following)
        return Diary(next_one, self.current, self._met_before(), (), self.mirrored)

    def between(self, met: Meeting) -> Diary:
        """Put in one that was held while another is still to come."""
        return Diary(self.current, met, self._met_before(), (), self.mirrored)

    def _met_before(self) -> tuple[Moment, ...]:
        """Return when those were held that come before the one in hand."""
        return self.met[: len(self.before) + bool(self.last and self.last.held)]

    def _told(self, no: int, entry: Entry) -> Diary:
        page = self._after(entry) if no == self.current.no else self
        if page.last is None or page.last.no != no:
            return self
        again = page.last.asked_again | ({entry.by} if entry.by in page.last.told else set())
        told = {**page.last.told, entry.by: entry}
        return replace(page, last=replace(page.last, told=told, asked_again=again))


def diary(pair: Pair) -> Diary:
    """Return how the meetings stand."""
    return pair.fold(Diary)


def past(pair: Pair) -> tuple[Meeting, ...]:
    """Return the meetings that have, or will have, a time: the last two suffice for any flow."""
    pages = pair.fold(Diary)
    return tuple(m for m in (pages.last, pages.current) if m and m.moment)


def morning_after(pair: Pair, me: Person, meeting: Meeting) -> datetime:
    """Return when we ask how it went: 10:00 of my next working day, 14 hours later at least."""
    over = meeting.known_over
    if over is None:
        raise ValueError("a meeting without a time has no morning after")
    later = After(working_days=1).counted(over, pair.programme, me)
    if later < over + timedelta(hours=14):
        later = After(working_days=1).counted(later, pair.programme, me)
    return later


def silent(pair: Pair, now: datetime) -> datetime | None:
    """Return until when we keep quiet, if a meeting is on: an hour around it (domain.md 7.2)."""
    for meeting in past(pair):
        if meeting.moment and meeting.over:
            start, end = meeting.moment.at - QUIET, meeting.over + QUIET
            if start <= now < end and not meeting.told:
                return end
    return None


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Put the meetings in my inbox: to offer, to answer, to go to, and whether we met."""
    begun = welcome.confirmed(pair)
    if begun is None:
        return
    pages = pair.fold(Diary)
    if pages.last:
        yield from _held(pair, me, pages.last)
    current = pages.current
    yield from _mirror(pair, me, pages)
    latest = next((m.taken for m in (current, pages.last) if m and m.taken), begun)
    yield from _unplanned(current, latest)
    if current.moment is None:
        yield from _arranging(pair, me, current, pages.last, begun)
        return
    yield from _agreed(pair, me, current)
    yield from _held(pair, me, current)
    yield from _next(pair, me, Meeting(pages.following), current)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:
    """Record an offer, an answer to one, a change of plan, or what became of a meeting."""
    match move:
        case Offered():
            return offer_sent(pair, item, move, now)
        case MetOn(day, date):
            return _met(pair, me, DAYS_AGO[day], now, stays=date != "off")
        case "met" if item.prompt.form:
            return Decision(turn_to="met")
        case "met" | "moved" | "not":
            return record(Told(int(item.thread.split(":")[1]), move))
        case "shorter" | "daytime" | "pause" | "finish":
            threads = {"pause": "pause", "finish": "leave"}
            turn_to = threads.get(move, f"meeting:{diary(pair).current.no}")
            return Decision((Mirrored(move),), turn_to=turn_to)
        case "first" | "second" | "third" | "time" | "place" | "month":
            return _answered(pair, me, item, move, now)
    return _arranged(pair, item, str(move), now)


def _answered(pair: Pair, me: Person, item: Item, move: str, now: datetime) -> Decision:
    """Take one of the times offered to me, or ask for another time, place or month."""
    offer = diary(pair).current.offer
    if offer is None or offer.by == me.id:
        return notice("stale")
    if move not in SLOTS:
        return record(Declined(offer.no, move))
    moment = getattr(offer.event, move)
    if moment is None or moment.at <= now:
        return notice("too_late", item)
    return record(Taken(offer.no, move))


def _arranged(pair: Pair, item: Item, move: str, now: datetime) -> Decision:
    """Arrange a date by one press: as last time, by the senior, by an assistant; or call it off."""
    match move:
        case "same":
            return _again(pair, item, now)
        case "wish":
            return record(Wished(), reply=wished(item))
        case "calendar" | "assistant":
            return Decision(reply=Handout(move, item))
        case "cancel" if diary(pair).current.moment:
            return record(Moved())
    return notice("stale")


def offer_sent(pair: Pair, item: Item, offer: Offered, now: datetime) -> Decision:
    """Record an offer, unless its place breaks the charter and nobody said to keep it anyway."""
    if not place.off_site(pair, offer.place) and not offer.exception:
        return Decision(reply=Form(item, faults={"place": "off_site"}))
    current = pair.fold(Diary).current
    if current.moment and now < current.moment.at:
        return record(Moved(), offer, reply=Notice("sent", item))
    return record(offer, reply=Notice("sent", item))


def _again(pair: Pair, item: Item, now: datetime) -> Decision:
    """Offer the hour, the place and the length of last time, four weeks on."""
    moment, last = same(pair), pair.fold(Diary).last
    before = last.offer.event if last and last.offer else None
    if moment is None or not isinstance(before, Offered):
        return notice("stale")
    if moment.at <= now:
        return notice("again_late", item)
    offer = Offered(moment, before.place, length=before.length, where=before.where)
    return offer_sent(pair, item, offer, now)


def _unplanned(current: Meeting, latest: Entry) -> Iterator[Item]:
    """Let either say that they met without booking it here; the date they have stays, or not."""
    met, moment = Item("met", MET, Status.AVAILABLE, latest), current.moment
    none = {"date": ()}
    if moment:
        yield replace(met, context={"moment": moment}, closes=moment.at)
    yield replace(met, opens=moment.at if moment else None, choices=none)


def _met(pair: Pair, me: Person, days_ago: int, now: datetime, *, stays: bool) -> Decision:
    """Record a meeting that was never booked here: after the last one, and over by now."""
    pages = pair.fold(Diary)
    last = pages.current if pages.current.moment and pages.current.moment.at <= now else pages.last
    at = now - HOUR - timedelta(days=days_ago)
    if last and last.over:
        at = max(at, min(last.over, now - HOUR))
    ahead = pages.current.moment is not None and pages.current is not last
    kept = stays and ahead
    no = pages.following if kept or last is pages.current else pages.current.no
    return record(Met(Moment.of(at, me.zone), kept), Told(no, "met"), reply=Notice("met_noted"))


def wished(item: Item) -> Notice:
    """Say to the reverse-mentor that the senior will be reminded, and not of whose wish."""
    return Notice("wished", item)


def _mirror(pair: Pair, me: Person, pages: Diary) -> Iterator[Item]:
    """Show the senior, and nobody else, that two in a row were moved by them (N-14)."""
    slips = [slip for slip in pages.slips if slip.by == pair.reverse_mentee.id]
    answered = pages.mirrored is not None and bool(slips) and pages.mirrored.no > slips[-1].no
    if me == pair.reverse_mentee and len(slips) >= SLIPS and not answered:
        yield Item("mirror", MIRROR, Status.OPEN, slips[-1])


def _arranging(
    pair: Pair, me: Person, current: Meeting, last: Meeting | None, begun: Entry
) -> Iterator[Item]:
    offer = current.offer
    if offer is None:
        yield from _next(pair, me, current, last, begun)
        return
    thread = f"meeting:{current.no}"
    taker = pair.partner(pair.person(offer.by)) if offer.by else me
    lapse = _lapse(pair, taker, offer)
    facts = {"offer": offer, "moved": current.moved}
    if offer.by == me.id:
        suggest = suggesting(me)
        yield Item(
            thread,
            STANDING,
            Status.WAITING,
            offer,
            facts,
            closes=lapse,
            refill=offer,
            suggest=suggest,
            choices=kinds(pair),
        )
    else:
        slots = tuple(s for s in SLOTS if getattr(offer.event, s, None))
        moves = (*slots, "time", "place", "month")
        facts |= {"avoided": place.avoided(pair, me, getattr(offer.event, "place", ""))}
        yield Item(thread, REPLY, Status.OPEN, offer, facts, closes=lapse, actions=moves)
    yield from _next(pair, me, replace(current, offer=None), last, begun, lapsed=lapse)


def _lapse(pair: Pair, taker: Person, offer: Entry) -> datetime:
    """Return when an offer nobody answered lapses: in five working days, or with its last time."""
    times: Iterator[Moment | None] = (getattr(offer.event, slot) for slot in SLOTS)
    last = max(moment.at for moment in times if moment)
    return min(last, After(working_days=5).counted(offer.at, pair.programme, taker))


def _next(
    pair: Pair,
    me: Person,
    meeting: Meeting,
    last: Meeting | None,
    begun: Entry | None = None,
    lapsed: datetime | None = None,
) -> Iterator[Item]:
    """Ask the senior for the next date; tell the junior that there is nothing to do (INV-4)."""
    before = last.ends_with if last else begun
    about = meeting.declined or meeting.moved or before or begun
    if about is None:
        return
    blank = Item(
        f"meeting:{meeting.no}",
        INVITE,
        Status.AVAILABLE,
        about,
        {
            "declined": meeting.declined,
            "moved": meeting.moved,
            "same": same(pair),
            "lapsed": None,
        },
        opens=lapsed or (last.over if last else None),
        suggest=suggesting(me),
        choices=kinds(pair),
    )
    asked = tuple(_asked(pair, meeting, last, blank, lapsed))
    if me == pair.reverse_mentor:
        yield from _theirs(pair, meeting, blank, asked[-1])
    else:
        yield from asked


def _theirs(pair: Pair, meeting: Meeting, blank: Item, asked: Item) -> Iterator[Item]:
    """Let the junior know that the date is the senior's; offer to name one, or to ask for it.

    It is asked for as long as one more reminder of the senior's is to come.
    """
    opens = max(blank.opens or blank.about.at, blank.about.at)
    month = getattr(meeting.declined and meeting.declined.event, "wish", "") == "month"
    late = ((month and asked.opens) or opens) + NO_NEWS
    off = meeting.moved is not None and meeting.moved.by == pair.reverse_mentee.id
    counted = asked.prompt.reminders[-1].counted
    last = counted(asked.anchor or asked.since, pair.programme, pair.reverse_mentee)
    until = opens if meeting.wished else min(max(last, opens), late)
    facts = {**blank.context, "wished": meeting.wished}
    calm = replace(blank, prompt=THEIRS, context=facts)
    yield replace(calm, closes=until, news=off, anchor=opens)
    yield replace(calm, opens=until, closes=late, actions=(ANSWER,), anchor=opens)
    yield replace(blank, prompt=NO_DATE, context=facts, opens=late, news=True, anchor=opens)


def _asked(
    pair: Pair, meeting: Meeting, last: Meeting | None, blank: Item, lapsed: datetime | None
) -> Iterator[Item]:
    """Let the senior name a date at any time, and ask for it when its time has come."""
    me = pair.reverse_mentee
    declined = meeting.declined if meeting.declined and meeting.declined.by != me.id else None
    wish = getattr(declined.event, "wish", "") if declined else ""
    prompt, warm = _asking(pair, me, meeting, last, blank.about, wish=wish)
    if lapsed and prompt is INVITE_FIRST:
        prompt, warm = OWED, lapsed
    facts = {**blank.context, "lapsed": lapsed}
    opening = max(warm, lapsed) if lapsed else warm
    if blank.opens is None or opening > blank.opens:
        quiet = LATER if wish == "month" else prompt
        yield replace(blank, prompt=quiet, closes=opening, actions=_ways(pair, quiet))
    over = last.over if last and prompt is INVITE and not wish else None
    anchor = opening if wish == "month" or lapsed else over or blank.about.at
    yield replace(
        blank,
        prompt=prompt,
        status=Status.OPEN,
        context=facts,
        opens=opening,
        actions=_ways(pair, prompt),
        anchor=_sooner(pair, me, meeting.wished, prompt, anchor),
    )


def _ways(pair: Pair, prompt: Prompt) -> tuple[str, ...]:
    """Return how a date may be arranged: as last time, if it was; by an assistant, if one may."""
    barred = {
        "same": same(pair) is None,
        "assistant": not may_assist(pair),
    }
    return tuple(way for way in prompt.actions if not barred.get(way))


def may_assist(pair: Pair) -> bool:
    """Tell whether an assistant may see times and places, as the charter says (CH-4)."""
    terms = charter.agreed(pair)
    return getattr(terms.event, "assistants", "time") == "time" if terms else True


def same(pair: Pair) -> Moment | None:
    """Return the hour of the last meeting that was held, four weeks on, if both work then."""
    last = pair.fold(Diary).last
    if last is None or last.offer is None or last.moment is None or not last.held:
        return None
    again = Moment.on(last.moment.wall + AGAIN, last.moment.zone)
    free = hours.both_work(pair.programme, pair.people, again.at, last.length)
    return again if free else None


def _sooner(
    pair: Pair, me: Person, wished: Entry | None, prompt: Prompt, anchor: datetime
) -> datetime:
    """Return from when reminders are counted: where the reverse-mentor wished, the next is near.

    It comes on the next working day, as one of the usual ones, and says nothing of the wish.
    """
    if wished is None:
        return anchor
    due = (rule.counted(anchor, pair.programme, me) for rule in prompt.reminders)
    later = next((moment for moment in due if moment > wished.at), None)
    soon = After(working_days=1).counted(wished.at, pair.programme, me)
    return anchor - max(later - soon, timedelta()) if later else anchor


def kinds(pair: Pair) -> Mapping[str, tuple[str, ...]]:
    """Return the kinds of place to choose from, the last one first."""
    return {"place": place.ordered(pair, _last_place(pair))}


def _last_place(pair: Pair) -> str:
    last = pair.fold(Diary).last
    return str(getattr(last.offer.event, "place", "")) if last and last.offer else ""


def _asking(
    pair: Pair, me: Person, meeting: Meeting, last: Meeting | None, about: Entry, *, wish: str
) -> tuple[Prompt, datetime]:
    """Return how we ask the senior for a date, and from when on it is theirs to do."""
    programme = pair.programme
    if wish == "month":
        return INVITE, After(days=28).counted(about.at, programme, me)
    if wish:
        return ASKED, about.at
    if meeting.moved or (last and last.fell_through):
        return OWED, about.at
    if last and last.over:
        return INVITE, After(working_days=2).counted(last.over, programme, me)
    return INVITE_FIRST, After(working_days=1).counted(about.at, programme, me)


def _agreed(pair: Pair, me: Person, meeting: Meeting) -> Iterator[Item]:
    """Show the date agreed until the hour comes; either may move it, or say they cannot."""
    moment, taken = meeting.moment, meeting.taken
    if moment is None or taken is None:
        return
    yield Item(
        f"meeting:{meeting.no}",
        BOOKED,
        Status.WAITING,
        taken,
        {"moment": moment, "offer": meeting.offer},
        closes=moment.at,
        suggest=_moving(me, meeting.offer),
        choices=kinds(pair),
        news=True,
    )


def _held(pair: Pair, me: Person, meeting: Meeting) -> Iterator[Item]:
    """Ask, the next working morning, whether they met. A contradiction is asked about once more."""
    taken = meeting.taken
    if taken is None or meeting.over is None:
        return
    mine = meeting.told.get(me.id)
    theirs = meeting.told.get(pair.partner(me).id)
    opens = morning_after(pair, me, meeting)
    closes = After(working_days=5).counted(opens, pair.programme, me)
    unplanned = taken if isinstance(taken.event, Met) else None
    facts = {"moment": meeting.moment, "unplanned": unplanned}
    moves = ("met", "not") if unplanned else None  # what was not booked cannot have moved
    if mine is None:
        thread = f"held:{meeting.no}"
        yield Item(thread, HELD, Status.OPEN, taken, facts, opens, closes, actions=moves)
    elif theirs is not None and meeting.contradicted and me.id not in meeting.asked_again:
        later = max(mine, theirs, key=lambda entry: entry.no)
        thread = f"held:{meeting.no}"
        yield Item(thread, HELD, Status.OPEN, later, facts, closes=closes, actions=moves)


def _minutes(length: str) -> timedelta:
    return timedelta(minutes=int(length) if length.isdigit() else 60)


def suggesting(me: Person) -> Callable[[Pair, datetime], Mapping[str, tuple[str, ...]]]:
    """Return what to fill the booking form with, at the moment it is opened."""

    def suggest(pair: Pair, now: datetime) -> Mapping[str, tuple[str, ...]]:
        slots = (moment.wall for moment in free_times(pair, me, now))
        given = {n: (s.isoformat(timespec="minutes"),) for n, s in zip(SLOTS, slots, strict=False)}
        return {**given, "place": kinds(pair)["place"][:1], "length": (length(pair, me),)}

    return suggest


def _moving(
    me: Person, offer: Entry | None
) -> Callable[[Pair, datetime], Mapping[str, tuple[str, ...]]]:
    """Return what to fill the form with when a date is moved: new times, and the rest as it was."""

    def suggest(pair: Pair, now: datetime) -> Mapping[str, tuple[str, ...]]:
        same = ("place", "where", "length")
        kept = {name: (str(getattr(offer.event, name, "")),) for name in same} if offer else {}
        told = {name: value for name, value in kept.items() if any(value)}
        return {**suggesting(me)(pair, now), **told}

    return suggest


def length(pair: Pair, me: Person) -> str:
    """Return the minutes a meeting is to last: as in the charter, or as the mirror led to."""
    if _chose(pair, me) == "shorter":
        return "30"
    terms = charter.agreed(pair)
    return str(getattr(terms.event, "length", "60")) if terms else "60"


def _chose(pair: Pair, me: Person) -> str:
    """Return what I chose at the mirror, until a date is kept again."""
    mirrored = pair.fold(Diary).mirrored
    mine = mirrored is not None and mirrored.by == me.id and pair.fold(Diary).slips
    return getattr(mirrored.event, "choice", "") if mirrored and mine else ""


def free_times(pair: Pair, me: Person, now: datetime) -> tuple[Moment, ...]:
    """Return three times inside both people's working hours, on three working days."""
    partner, programme = pair.partner(me), pair.programme
    last = pair.fold(Diary).last
    ahead = now
    if last and last.moment and last.held:
        ahead = max(now, last.moment.at + timedelta(days=26))
    after = (ahead + timedelta(days=2)).astimezone(ZoneInfo(me.zone)).date()
    days = (after + timedelta(days=n) for n in range(1, FAR_ENOUGH))
    hour = MORNINGS if _chose(pair, me) == "daytime" else hours.MEETING
    minutes = timedelta(minutes=int(length(pair, me)))
    slots = hours.free_slots(programme, (me, partner), days, minutes, hour)
    named = _named(pair)
    fresh = (slot for slot in slots if slot not in named)
    return tuple(Moment.of(slot, me.zone) for slot in islice(fresh, len(SLOTS)))


def _named(pair: Pair) -> frozenset[datetime]:
    """Return the times that were offered before and came to nothing, or will.

    Those of an offer whose place was the matter may well do.
    """
    declined = pair.fold(Diary).current.declined
    place_only = declined is not None and getattr(declined.event, "wish", "") == "place"
    spared = getattr(declined.event, "offer", 0) if declined and place_only else 0
    offers = (e.event for e in pair.journal if isinstance(e.event, Offered) and e.no != spared)
    named = (getattr(offer, slot) for offer in offers for slot in SLOTS)
    return frozenset(moment.at for moment in named if moment)
