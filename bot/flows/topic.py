"""Topic agreement: a topic, a spare and an opening question ahead of each meeting (ME-4).

Either may begin, usually the reverse-mentee. The other takes the topic or the spare, asks for
something else or something lighter, or proposes in turn; no reason is asked. Only light topics come
before the charter is signed, and sore ones not before a first meeting as well (INV-7).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import blake2s
from typing import TYPE_CHECKING, Annotated

from bot.flows import charter, meeting, welcome
from bot.flows.purpose import Purpose
from bot.hours import After
from bot.inbox import Decision, Item, Notice, Status, notice, record
from bot.journal import Entry, Event
from bot.privacy import P0, P1, P2
from bot.prompts import OWN, Choice, Prompt, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from bot.flows.meeting import Meeting
    from bot.people import Pair, Person


class Proposed(Event, name="topic.proposed"):
    """A topic for a meeting, a spare one, and the question to open with."""

    topic: Annotated[str, Choice(labels="topics"), P1]
    own: Annotated[str, Text(80, beside="topic"), P1] = ""
    spare: Annotated[str, Choice(labels="topics"), P1] = ""
    question: Annotated[str, Text(300, rows=2), P1] = ""


class Taken(Event, name="topic.taken"):
    """They take the topic, or the spare, of a proposal, by its entry number."""

    proposal: Annotated[int, P2]
    which: Annotated[str, P2]


class Passed(Event, name="topic.passed"):
    """Something else, or something lighter, please. No reason is asked."""

    proposal: Annotated[int, P2]
    wish: Annotated[str, P1]


class PassedOver(Event, name="topic.passed_over"):
    """Topics the reverse-mentor would rather not be asked about. Nobody else ever learns of it."""

    topics: Annotated[tuple[str, ...], Choice(labels="topics", many=True), P0] = ()


# From light to personal, meeting by meeting: trust precedes weight (domain.md 5.4).
ARC = (("CS", "LX"), ("CK", "TU"), ("CS", "WM"), ("LU", "BY"), ("NN", "LX", "BY"), ("IN",))
FOCI: Mapping[str, tuple[str, ...]] = {
    "technology": ("TU", "JL"),
    "life": ("CS", "WM", "BY", "LX", "IN"),
}
SHOWN = 9  # so many are shown of the catalogue at a time
SHARE = 3  # of them so many each by the arc and by the focus

PROPOSE = Prompt("topic.propose", Proposed, reminders=(After(days=3),))
AGAIN = Prompt("topic.again", Proposed, reminders=(After(working_days=2),), urgent=True)
WAITING = Prompt("topic.waiting", Proposed)
REPLY = Prompt(
    "topic.reply",
    Proposed,
    ("topic", "spare", "other", "lighter", "answer"),
    (After(days=3),),
    urgent=True,
)
AGREED = Prompt("topic.agreed", Proposed)
PASS_OVER = Prompt("topic.pass_over", PassedOver, aside=True)
PROMPTS = (PROPOSE, AGAIN, WAITING, REPLY, AGREED, PASS_OVER)


@dataclass(frozen=True, slots=True)
class Talk:
    """The proposal that stands, what was asked for instead, and what is agreed."""

    proposal: Entry | None = None
    passed: Entry | None = None
    agreed: Entry | None = None
    taken: Entry | None = None
    used: Mapping[str, int] = field(default_factory=dict)
    proposals: int = 0
    passed_over: Entry | None = None
    spent: tuple[int, Entry, Entry] | None = None

    def see(self, entry: Entry) -> Talk:
        """Go on from one more entry. A meeting that took place has used its topic up."""
        match entry.event:
            case Proposed():
                count = self.proposals + 1
                return replace(self, proposal=entry, passed=None, proposals=count)
            case PassedOver():
                return replace(self, passed_over=entry)
            case Passed(proposal=no) if self.agreed and self.agreed.no == no:
                return replace(self, passed=entry, agreed=None, taken=None)
            case Passed():
                return replace(self, passed=entry, proposal=None)
            case Taken(proposal=no) if self.proposal and self.proposal.no == no:
                return replace(self, agreed=self.proposal, taken=entry, proposal=None)
            case meeting.Told(meeting=no, outcome="met") if self.agreed and self.taken:
                if self.spent is None or self.spent[0] != no:
                    key = _label(self.agreed, self.taken)
                    spent = (no, self.agreed, self.taken)
                    return replace(
                        self, agreed=None, taken=None, used={**self.used, key: no}, spent=spent
                    )
            case meeting.Told(meeting=no) if self.spent and self.spent[0] == no:
                if entry.event.outcome != "met" and self.agreed is None:
                    _, proposal, taken = self.spent
                    return replace(self, agreed=proposal, taken=taken, spent=None)
        return self


def agreed(pair: Pair) -> tuple[Entry, Entry] | None:
    """Return the proposal agreed for the coming meeting, and the entry that took it."""
    talk = pair.fold(Talk)
    return (talk.agreed, talk.taken) if talk.agreed and talk.taken else None


def allowed(pair: Pair, most: int = 3) -> tuple[str, ...]:
    """Return the topics open to this pair now: light ones first, sore ones last (INV-7)."""
    level = 1
    if charter.agreed(pair):
        level = min(most, 3 if meeting.diary(pair).held else 2)
    return tuple(t.id for t in pair.topics.values() if t.level <= level)


def offered(pair: Pair, me: Person, most: int = 3) -> tuple[str, ...]:
    """Return the few topics I may propose this time: by the arc, by my focus, and others.

    The reverse-mentee sees another handful after each proposal, and none that the reverse-mentor
    passes over: since most of the catalogue is missing every time, what is missing says nothing.
    The reverse-mentor may propose any.
    """
    return pair.once(("offered", me.id, most), lambda pair: _offered(pair, me, most))


def _offered(pair: Pair, me: Person, most: int) -> tuple[str, ...]:
    talk = pair.fold(Talk)
    never = set(getattr(talk.passed_over.event, "topics", ()) if talk.passed_over else ())
    mine = [t for t in allowed(pair, most) if t not in never]
    if me == pair.reverse_mentor:
        return tuple(mine)
    drawn = sorted(mine, key=lambda topic: _draw(pair, topic, talk.proposals))
    fresh = [t for t in drawn if t not in talk.used] or drawn
    no = min(meeting.diary(pair).held, len(ARC) - 1)
    likely = [t for t in fresh if _group(t) in ARC[no]][:SHARE]
    likely += [t for t in fresh if _group(t) in _foci(pair, me) and t not in likely][:SHARE]
    likely += [t for t in fresh if t not in likely][: SHOWN - len(likely)]
    return tuple(likely)


def light(pair: Pair, at: datetime) -> Entry | None:
    """Return a light topic to fall back on where none is agreed, as a proposal of nobody's (5.2).

    It is none that the reverse-mentor passed over by then. What she passes over later changes
    nothing that is shown by then, or it would be seen.
    """
    used, never = pair.fold(Talk).used, set[str]()
    for entry in pair.journal:
        if isinstance(entry.event, PassedOver) and entry.at <= at:
            never = set(entry.event.topics)
    fits = (t.id for t in pair.topics.values() if t.level == 1 and t.id not in {*used, *never})
    drawn = min(fits, key=lambda topic: _draw(pair, topic, len(used)), default=None)
    return Entry(0, at, None, Proposed(drawn)) if drawn else None


def lighter(pair: Pair, me: Person) -> tuple[Event, ...]:
    """Return the event that asks for something lighter, where there is a topic to swap."""
    talk = pair.fold(Talk)
    theirs = talk.proposal if talk.proposal and talk.proposal.by != me.id else None
    swapped = theirs or talk.agreed
    return (Passed(swapped.no, "lighter"),) if swapped else ()


def _with(pair: Pair, idea: Entry, topics: tuple[str, ...]) -> tuple[str, ...]:
    """Return these topics, and those of the proposal that stands, to be kept or changed."""
    standing = (getattr(idea.event, name, "") for name in ("topic", "spare"))
    kept = tuple(t for t in standing if t in pair.topics)
    return (*kept, *(t for t in topics if t not in kept))


def _group(topic: str) -> str:
    return topic.partition("-")[0]


def _draw(pair: Pair, topic: str, times: int) -> bytes:
    """Return where a topic comes in this draw. Nobody can foretell it."""
    return blake2s(f"{topic} {times}".encode(), key=pair.salt, digest_size=8).digest()


def _foci(pair: Pair, me: Person) -> tuple[str, ...]:
    draft = pair.fold(Purpose).drafts.get(me.id)
    return FOCI.get(getattr(draft.event, "focus", ""), ()) if draft else ()


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Put the coming meeting's topic in my inbox: it may be agreed from the first day on."""
    begun = welcome.confirmed(pair)
    if begun is None:
        return
    talk = pair.fold(Talk)
    lighter = talk.passed is not None and getattr(talk.passed.event, "wish", "") == "lighter"
    open_ones = offered(pair, me, most=1 if lighter else 3)
    choices = {"topic": open_ones, "spare": open_ones}
    if me == pair.reverse_mentor:
        kept = talk.passed_over
        every = {"topics": tuple(pair.topics)}
        yield Item(
            "passing", PASS_OVER, Status.AVAILABLE, kept or begun, refill=kept, choices=every
        )
    proposal, passed = talk.proposal, talk.passed
    facts = {"proposal": proposal, "agreed": talk.agreed, "taken": talk.taken, "passed": passed}
    match talk:
        case Talk(proposal=Entry(by=who) as idea) if who == me.id:
            same = {name: _with(pair, idea, open_ones) for name in choices}
            yield Item("topic", WAITING, Status.WAITING, idea, facts, refill=idea, choices=same)
        case Talk(proposal=Entry() as idea):
            moves = _moves(pair, idea)
            yield Item("topic", REPLY, Status.OPEN, idea, facts, choices=choices, actions=moves)
        case Talk(passed=Entry(by=who) as wish) if who != me.id:
            suggest = _suggesting(open_ones)
            yield Item("topic", AGAIN, Status.OPEN, wish, facts, suggest=suggest, choices=choices)
        case Talk(taken=Entry() as taken):
            yield Item("topic", AGREED, Status.DONE, taken, facts, choices=choices, news=True)
        case _:
            yield from _to_propose(pair, me, passed or begun, facts, choices)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record a proposal, an answer to one, or a wish for something else."""
    proposal = pair.fold(Talk).proposal
    match move:
        case Proposed():
            spare = "" if move.spare == move.topic else move.spare
            return record(replace(move, spare=spare), reply=Notice("sent", item))
        case "topic" | "spare" if proposal and proposal.by != me.id:
            chosen = getattr(proposal.event, move)
            if chosen != OWN and chosen not in allowed(pair):
                return Decision(reply=Notice("stale"))
            return record(Taken(proposal.no, move))
        case PassedOver():
            kept = replace(move, topics=(*move.topics, *_unseen(pair)))
            return record(kept, reply=Notice("passed_over", item))
        case "other" | "lighter" if proposal and proposal.by != me.id:
            return record(Passed(proposal.no, move))
    return notice("stale")


def _unseen(pair: Pair) -> tuple[str, ...]:
    """Return the topics they pass over already and cannot be shown just now."""
    before = pair.fold(Talk).passed_over
    return tuple(t for t in getattr(before and before.event, "topics", ()) if t not in pair.topics)


def _to_propose(
    pair: Pair,
    me: Person,
    about: Entry,
    facts: Mapping[str, Entry | None],
    choices: Mapping[str, tuple[str, ...]],
) -> Iterator[Item]:
    """Offer the next topic to both; ten days before a meeting it is the senior's to do (N-15)."""
    meetings = meeting.past(pair)
    due = _ten_days_ahead(meetings[-1]) if meetings else None
    suggest = _suggesting(choices["topic"])
    senior = me == pair.reverse_mentee
    ask = due if senior else None
    yield Item("topic", PROPOSE, Status.AVAILABLE, about, facts, None, ask, None, suggest, choices)
    coming = meetings[-1].taken if meetings else None
    if ask and coming and meetings[-1].moment:
        ends = meetings[-1].moment.at
        yield Item(
            "topic",
            PROPOSE,
            Status.OPEN,
            coming,
            facts,
            ask,
            ends,
            None,
            suggest,
            choices,
            anchor=ask,
        )
        yield Item(
            "topic", PROPOSE, Status.AVAILABLE, about, facts, ends, None, None, suggest, choices
        )


def _ten_days_ahead(coming: Meeting) -> datetime | None:
    if coming.moment is None or coming.taken is None:
        return None
    return max(coming.moment.at - timedelta(days=10), coming.taken.at)


def _moves(pair: Pair, idea: Entry) -> tuple[str, ...]:
    open_ones = (OWN, *allowed(pair))
    these = (n for n in ("topic", "spare") if getattr(idea.event, n, "") in open_ones)
    return (*these, "other", "lighter", "answer")


def _label(proposal: Entry, taken: Entry) -> str:
    which = getattr(taken.event, "which", "topic")
    chosen = getattr(proposal.event, which, "")
    return getattr(proposal.event, "own", "") if chosen == OWN else chosen


def _suggesting(
    open_ones: tuple[str, ...],
) -> Callable[[Pair, datetime], Mapping[str, tuple[str, ...]]]:
    """Return the first two of those offered, so that nobody has to search the list."""

    def suggest(pair: Pair, now: datetime) -> Mapping[str, tuple[str, ...]]:  # noqa: ARG001
        fresh = [t for t in open_ones if t not in pair.fold(Talk).used]
        return {n: (t,) for n, t in zip(("topic", "spare"), fresh, strict=False)}

    return suggest
