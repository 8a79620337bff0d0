"""Closing: each says in private what they would be fine with; the overlap is what happens.

Ending is the usual outcome and no rejection; silence means ending, never going on. Then both close
well, each step as they like, and two quiet checks follow (domain.md 10.4, 10.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from bot import hours
from bot.flows import evaluation, leaving, meeting, welcome
from bot.hours import After
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0, P1
from bot.prompts import Choice, Prompt, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person

OPTIONS = ("renew", "informal", "new_partner", "finish")
CONTACT = ("colleagues", "hello", "coffee")
RITUAL = timedelta(days=21)
FALLOUT = timedelta(days=60)
LASTED = timedelta(days=90)


class Decided(Event, name="closing.decided"):
    """Which of these they would be fine with. The ticks are shown to nobody."""

    fine: Annotated[
        tuple[str, ...],
        Choice(OPTIONS, many=True, preset=("finish",), labels="closing.options"),
        P0,
    ]


class Parted(Event, name="closing.parted"):
    """How they close: a specific thank-you, what stays, and how they will be from now on."""

    thanks: Annotated[str, Text(300, rows=2), P0] = ""
    stays: Annotated[str, Text(300, rows=2), P0] = ""
    contact: Annotated[
        str, Choice(CONTACT, preset=("colleagues",), labels="closing.options"), P0
    ] = "colleagues"


class Thanked(Event, name="closing.thanked"):
    """The thank-you, said to the partner; both are opened at the same moment."""

    words: Annotated[str, P1] = ""
    contact: Annotated[str, P1] = "colleagues"


class Checked(Event, name="closing.checked"):
    """What they say two or three months later, in private."""

    answer: Annotated[str, P0]


DECIDE = Prompt("closing.decide", Decided, reminders=(After(days=3),))
DECIDED = Prompt("closing.decided")
PART_MENTEE = Prompt("closing.part_mentee", Parted, ("answer", "skip"), (After(days=5),))
PART_MENTOR = Prompt("closing.part_mentor", Parted, ("answer", "skip"), (After(days=5),))
PARTED = Prompt("closing.parted")
FALLOUT_CHECK = Prompt("closing.fallout", None, ("none", "unsure", "yes"))
LASTED_CHECK = Prompt("closing.lasted", None, ("still", "partly", "gone"))
CHECKED = Prompt("closing.checked")
PROMPTS = (
    DECIDE,
    DECIDED,
    PART_MENTEE,
    PART_MENTOR,
    PARTED,
    FALLOUT_CHECK,
    LASTED_CHECK,
    CHECKED,
)


@dataclass(frozen=True, slots=True)
class Parting:
    """Who has decided, how each parted, and what was said at the later checks."""

    decided: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    parted: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    thanked: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    checked: Mapping[PersonId | None, Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Parting:
        """Go on from one more entry."""
        match entry.event:
            case Decided():
                return replace(self, decided={**self.decided, entry.by: entry})
            case leaving.Settled():
                return replace(self, decided={})
            case Parted():
                return replace(self, parted={**self.parted, entry.by: entry})
            case Thanked():
                return replace(self, thanked={**self.thanked, entry.by: entry})
            case Checked():
                return replace(self, checked={**self.checked, entry.by: entry})
        return self


def outcome(pair: Pair) -> str:
    """Return what both settled on: `renew`, `informal` or `finish`; nothing before they have."""
    settled = pair.fold(leaving.Course).settled
    return getattr(settled.event, "outcome", "") if settled else ""


def ended_at(pair: Pair) -> datetime | None:
    """Return when everything but closing comes to rest: an early end, or the end of the term.

    The term ends a week after its last day, or as soon as both have settled on ending it.
    """
    return pair.once("ended_at", _end)


def _end(pair: Pair) -> datetime | None:
    early, end = leaving.ends(pair), _natural_end(pair)
    return min(early, end) if early and end else early or end


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Ask what I would be fine with, say what comes of it, and help us to close well.

    An early end that is not told yet shows in nothing: it only makes things close when it is told.
    """
    begun = welcome.confirmed(pair)
    end = ended_at(pair)
    if begun is None or end is None:
        return
    yield from _deciding(pair, me, end)
    yield from _parting(pair, me, begun, end)
    yield from _checking(pair, me, begun, end)


def _natural_end(pair: Pair) -> datetime | None:
    term, settled = leaving.term(pair), pair.fold(leaving.Course).settled
    if term is None:
        return None
    if settled and outcome(pair) != "renew":
        return settled.at
    return term[1] + evaluation.LATEST


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record a decision, a parting, or what is said later."""
    match move:
        case Decided():
            theirs = pair.fold(Parting).decided.get(pair.partner(me).id)
            settled = (_settled(move, theirs.event),) if theirs else ()
            return Decision((move,), by_clock=settled)
        case Parted():
            return record(move, Thanked(move.thanks, move.contact))
        case "skip":
            return record(Parted(), Thanked())
        case "unsure" | "yes":  # what helps comes at once (domain.md 8)
            return Decision((Checked(move),), turn_to=item.thread)
        case "none" | "still" | "partly" | "gone":
            return record(Checked(move))
    return notice("stale")


def _settled(mine: Decided, theirs: object) -> leaving.Settled:
    """Return the overlap, in this order; none means finishing (domain.md 10.4)."""
    both = set(mine.fine) & set(getattr(theirs, "fine", ()))
    return leaving.Settled(next((o for o in ("renew", "informal") if o in both), "finish"))


def _deciding(pair: Pair, me: Person, end: datetime) -> Iterator[Item]:
    term, judged = leaving.term(pair), evaluation.both_judged(pair)
    natural, early = _natural_end(pair), leaving.ends(pair)
    if term is None or natural is None:
        return
    settled = pair.fold(leaving.Course).settled
    if settled:
        kind = outcome(pair)
        facts = {"outcome": 1, "goes_on": kind == "renew", "informal": kind == "informal"}
        yield Item("outcome", DECIDED, Status.DONE, settled, facts, closes=early, news=True)
        if kind != "renew":
            return
    else:
        facts = {"outcome": 1, "goes_on": 0, "informal": 0}
        yield Item("outcome", DECIDED, Status.DONE, pair.opening, facts, natural, early, news=True)
    mine = pair.fold(Parting).decided.get(me.id)
    opens = min(term[1], _looked_back(pair, judged)) if judged else term[1]
    if mine:
        yield Item("decision", DECIDED, Status.WAITING, mine, {"outcome": None}, closes=end)
    else:
        again = leaving.is_second_term(pair)
        choices = {"fine": OPTIONS[1:] if again else OPTIONS}
        yield Item(
            "decision",
            DECIDE,
            Status.OPEN,
            judged or pair.opening,
            {},
            opens,
            end,
            choices=choices,
        )


def _looked_back(pair: Pair, judged: Entry) -> datetime:
    """Return when both have judged and the meeting they booked is over: it comes first (10.1)."""
    over = meeting.diary(pair).current.over
    return max(judged.at, over) if over else judged.at


def _parting(pair: Pair, me: Person, begun: Entry, end: datetime) -> Iterator[Item]:
    state = pair.fold(Parting)
    mine, theirs = state.parted.get(me.id), state.thanked.get(pair.partner(me).id)
    if mine is None:
        prompt = PART_MENTOR if me == pair.reverse_mentor else PART_MENTEE
        settled = pair.fold(leaving.Course).settled
        about = settled if settled and settled.at == end else begun
        early = end == leaving.ends(pair)  # then only thanks, as they like (10.5)
        yield Item(
            "parting",
            prompt,
            Status.OPEN,
            about,
            {"early": int(early)},
            end,
            end + RITUAL,
            choices={"stays": (), "contact": ()} if early else {},
        )
        return
    said = state.thanked.get(me.id)
    both = theirs if said else None
    facts = {"mine": mine, "theirs": both}
    about = max(said or mine, both or mine, key=lambda entry: entry.no)
    yield Item("parting", PARTED, Status.DONE, about, facts, news=bool(both))


def _checking(pair: Pair, me: Person, begun: Entry, end: datetime) -> Iterator[Item]:
    mentor = me == pair.reverse_mentor
    prompt, later = (FALLOUT_CHECK, FALLOUT) if mentor else (LASTED_CHECK, LASTED)
    checked = pair.fold(Parting).checked.get(me.id)
    if checked:
        yield Item("afterwards", CHECKED, Status.DONE, checked, {"mine": checked})
        return
    if not mentor and not meeting.diary(pair).held:  # there was nothing that might last
        return
    opens = hours.next_opening(pair.programme, me, end + later)
    yield Item("afterwards", prompt, Status.OPEN, begun, {}, opens, opens + timedelta(days=30))
