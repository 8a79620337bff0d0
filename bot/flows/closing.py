"""Closing: each says in private what they would be fine with; the overlap is what happens.

Ending is the usual outcome and no rejection; silence means ending, never going on. Then both close
well, each step as they like, and two quiet checks follow (domain.md 10.4, 10.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from bot import hours
from bot.flows import evaluation, leaving, welcome
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
            case Parted():
                return replace(self, parted={**self.parted, entry.by: entry})
            case Thanked():
                return replace(self, thanked={**self.thanked, entry.by: entry})
            case Checked():
                return replace(self, checked={**self.checked, entry.by: entry})
        return self


def outcome(pair: Pair) -> str:
    """Return what both would be fine with: `renew`, `informal`, or `finish`."""
    ticks = [set(getattr(e.event, "fine", ())) for e in pair.fold(Parting).decided.values()]
    if len(ticks) > 1:
        both = set.intersection(*ticks)
        for option in ("renew", "informal"):
            if option in both:
                return option
    return "finish"


def ended_at(pair: Pair) -> datetime | None:
    """Return when everything but closing comes to rest: an early end, or the end of the term.

    The term ends a week after its last day, or as soon as both have decided; it does not end where
    both would go on.
    """
    early, term = leaving.ends(pair), leaving.term(pair)
    if term is None:
        return early
    decided = pair.fold(Parting).decided
    end = term[1] + evaluation.LATEST
    if len(decided) > 1:
        if outcome(pair) == "renew":
            end = hours.months_after(end, pair.programme.term)
        else:
            end = max(entry.at for entry in decided.values())
    return min(early, end) if early else end


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Ask what I would be fine with, say what comes of it, and help us to close well."""
    begun = welcome.confirmed(pair)
    end = ended_at(pair)
    if begun is None or end is None:
        return
    early = leaving.ends(pair)
    if early is None or early > end:
        yield from _deciding(pair, me, end)
    if outcome(pair) == "renew" and early is None:
        return
    yield from _parting(pair, me, begun, end)
    yield from _checking(pair, me, begun, end)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record a decision, a parting, or what is said later."""
    match move:
        case Decided():
            return record(move)
        case Parted():
            return record(move, Thanked(move.thanks, move.contact))
        case "skip":
            return record(Parted(), Thanked())
        case "none" | "unsure" | "yes" | "still" | "partly" | "gone":
            return record(Checked(move))
    return notice("stale")


def _deciding(pair: Pair, me: Person, end: datetime) -> Iterator[Item]:
    term, judged = leaving.term(pair), evaluation.both_judged(pair)
    if term is None:
        return
    state = pair.fold(Parting)
    mine = state.decided.get(me.id)
    opens = min(term[1], judged.at) if judged else term[1]
    if mine is None:
        yield Item("decision", DECIDE, Status.OPEN, judged or pair.opening, {}, opens, end)
        return
    if len(state.decided) < 2:  # noqa: PLR2004  # there are two of them
        yield Item("decision", DECIDED, Status.WAITING, mine, {"outcome": None}, closes=end)
    last = max(state.decided.values(), key=lambda entry: entry.no)
    goes_on = outcome(pair) == "renew"
    facts = {"goes_on": int(goes_on), "informal": int(outcome(pair) == "informal")}
    if len(state.decided) > 1 or not goes_on:
        when = last.at if len(state.decided) > 1 else end
        yield Item(
            "outcome", DECIDED, Status.DONE, pair.opening, facts | {"outcome": 1}, when, news=True
        )


def _parting(pair: Pair, me: Person, begun: Entry, end: datetime) -> Iterator[Item]:
    state = pair.fold(Parting)
    mine, theirs = state.parted.get(me.id), state.thanked.get(pair.partner(me).id)
    if mine is None:
        prompt = PART_MENTOR if me == pair.reverse_mentor else PART_MENTEE
        yield Item("parting", prompt, Status.OPEN, begun, {}, end, end + RITUAL)
        return
    both = theirs if me.id in state.thanked else None
    facts = {"mine": mine, "theirs": both}
    yield Item("parting", PARTED, Status.DONE, both or mine, facts, news=bool(both))


def _checking(pair: Pair, me: Person, begun: Entry, end: datetime) -> Iterator[Item]:
    mentor = me == pair.reverse_mentor
    prompt, later = (FALLOUT_CHECK, FALLOUT) if mentor else (LASTED_CHECK, LASTED)
    checked = pair.fold(Parting).checked.get(me.id)
    if checked:
        yield Item("afterwards", CHECKED, Status.DONE, checked, {"mine": checked})
        return
    opens = hours.next_opening(pair.programme, me, end + later)
    yield Item("afterwards", prompt, Status.OPEN, begun, {}, opens, opens + timedelta(days=30))
