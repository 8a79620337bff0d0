"""Goals: what each wants, and how success is measured (GR-2). Without a measure none is agreed.

Each side sets up to three. A goal is shared unless its author keeps it; a shared one is agreed
when the partner has said yes to that very goal (domain.md 4.1). The levels are set before, so that
nobody rewrites success afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Annotated

from bot.flows import purpose, welcome
from bot.hours import After
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0, P1, P2
from bot.prompts import Choice, Prompt, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.inbox import Context
    from bot.people import Pair, Person

TEMPLATES = {
    "reverse_mentee": ("G-1", "G-2", "G-3", "G-4", "G-5", "G-6", "G-7", "G-12"),
    "reverse_mentor": ("G-8", "G-9", "G-10", "G-11", "G-12"),
}
MOST = 3
ALL = (*TEMPLATES["reverse_mentee"], *TEMPLATES["reverse_mentor"][:-1])
MEASURES = ("count", "yes_no", "rating", "words")
NOW = ("unknown", "zero", "some")
TARGETS = ("once", "three", "monthly", "yes", "two_more")
EVIDENCE = ("log", "calendar", "said", "impression", "work")
JUDGES = ("me", "both", "partner")
LABELS = "goals.options"


class Set(Event, name="goals.set"):
    """The form of a goal, G-a to G-g. It becomes a `Shared` or a `Kept` one."""

    goal: Annotated[str, Choice(ALL, labels=LABELS), P0]
    measure: Annotated[str, Choice(MEASURES, preset=("count",), labels=LABELS), P0]
    baseline: Annotated[str, Choice(NOW, preset=("unknown",), labels=LABELS, page=2), P0]
    target: Annotated[str, Choice(TARGETS, labels=LABELS, page=2), P0]
    goal_own: Annotated[str, Text(200, rows=2, beside="goal"), P0] = ""
    measure_own: Annotated[str, Text(140, beside="measure"), P0] = ""
    baseline_own: Annotated[str, Text(80, beside="baseline", page=2), P0] = ""
    target_own: Annotated[str, Text(80, beside="target", page=2), P0] = ""
    stretch: Annotated[str, Text(80, page=2), P0] = ""
    evidence: Annotated[str, Choice(EVIDENCE, labels=LABELS, page=2), P0] = ""
    judge: Annotated[str, Choice(JUDGES, preset=("me",), labels=LABELS, page=2), P0] = "me"
    keep: Annotated[
        str, Choice(("share", "keep"), preset=("share",), labels=LABELS, page=2), P0
    ] = "share"


class Shared(Event, name="goals.shared"):
    """A goal of theirs that the partner reads."""

    goal: Annotated[str, P1]
    measure: Annotated[str, P1]
    baseline: Annotated[str, P1]
    target: Annotated[str, P1]
    goal_own: Annotated[str, P1] = ""
    measure_own: Annotated[str, P1] = ""
    baseline_own: Annotated[str, P1] = ""
    target_own: Annotated[str, P1] = ""
    stretch: Annotated[str, P1] = ""
    evidence: Annotated[str, P1] = ""
    judge: Annotated[str, P1] = "me"


class Kept(Event, name="goals.kept"):
    """A goal they keep to themselves, and will score themselves."""

    goal: Annotated[str, P0]
    measure: Annotated[str, P0]
    baseline: Annotated[str, P0]
    target: Annotated[str, P0]
    goal_own: Annotated[str, P0] = ""
    measure_own: Annotated[str, P0] = ""
    baseline_own: Annotated[str, P0] = ""
    target_own: Annotated[str, P0] = ""
    stretch: Annotated[str, P0] = ""
    evidence: Annotated[str, P0] = ""
    judge: Annotated[str, P0] = "me"


class Agreed(Event, name="goals.agreed"):
    """The partner says yes to a goal, by its entry number."""

    goal: Annotated[int, P2]


SET = Prompt("goals.set", Set, reminders=(After(working_days=7), After(working_days=9)))
MORE = Prompt("goals.more", Set, aside=True)
REPLY = Prompt("goals.reply", None, ("agree", "talk"), (After(working_days=3),), urgent=True)
MINE = Prompt("goals.mine")
THEIRS = Prompt("goals.theirs", actions=("agree",))
PROMPTS = (SET, MORE, REPLY, MINE, THEIRS)


class Talk(Event, name="goals.talk"):
    """The partner would rather talk about a goal when they meet, by its entry number."""

    goal: Annotated[int, P2]


@dataclass(frozen=True, slots=True)
class Goals:
    """The goals each has set, and the answers to the shared ones by their entry number."""

    set: Mapping[PersonId | None, tuple[Entry, ...]] = field(default_factory=dict)
    answered: Mapping[int, Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Goals:
        """Go on from one more entry."""
        match entry.event:
            case Shared() | Kept():
                mine = (*self.set.get(entry.by, ()), entry)
                return replace(self, set={**self.set, entry.by: mine})
            case Agreed(goal) | Talk(goal):
                return replace(self, answered={**self.answered, goal: entry})
        return self

    def of(self, who: Person) -> tuple[Entry, ...]:
        """Return someone's goals, kept ones among them."""
        return self.set.get(who.id, ())


def as_set(event: Event) -> Event:
    """Return a goal as the form its author filled in; anything else as it is."""
    if not isinstance(event, Shared | Kept):
        return event
    told = {f.name: getattr(event, f.name) for f in fields(Kept)}
    return Set(**told, keep="keep" if isinstance(event, Kept) else "share")


def shared(pair: Pair) -> tuple[Entry, ...]:
    """Return the goals both can read, the reverse-mentee's first."""
    goals = pair.fold(Goals)
    people = (pair.reverse_mentee, pair.reverse_mentor)
    return tuple(g for who in people for g in goals.of(who) if isinstance(g.event, Shared))


def agreed(pair: Pair) -> tuple[Entry, ...]:
    """Return the goals the partner has said yes to."""
    answers = pair.fold(Goals).answered
    return tuple(
        goal
        for goal in shared(pair)
        if goal.no in answers and isinstance(answers[goal.no].event, Agreed)
    )


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Put my goals in my inbox, and the partner's that await my answer."""
    begun = welcome.confirmed(pair)
    draft = pair.fold(purpose.Purpose).drafts.get(me.id)
    if begun is None or draft is None:
        return
    goals = pair.fold(Goals)
    mine = goals.of(me)
    choices = {"goal": TEMPLATES[pair.role(me)]}
    if not mine:
        opens = max(After(working_days=4).counted(begun.at, pair.programme, me), draft.at)
        yield Item("goals", SET, Status.AVAILABLE, begun, closes=opens, choices=choices)
        yield Item("goals", SET, Status.OPEN, begun, opens=opens, choices=choices, anchor=begun.at)
    elif len(mine) < MOST:
        yield Item("goals", MORE, Status.AVAILABLE, mine[-1], choices=choices)
    for goal in mine:
        answer = goals.answered.get(goal.no)
        told: Context = {"goal": goal, "answered": answer is not None, "agreed": _is_yes(answer)}
        yield Item(f"goal:{goal.mark}", MINE, Status.DONE, answer or goal, told, news=bool(answer))
    for goal in goals.of(pair.partner(me)):
        if isinstance(goal.event, Shared):
            answer = goals.answered.get(goal.no)
            thread = f"goal:{goal.mark}"
            facts: Context = {"goal": goal, "agreed": _is_yes(answer)}
            if answer:
                moves = () if _is_yes(answer) else ("agree",)
                yield Item(thread, THEIRS, Status.DONE, answer, facts, actions=moves)
            else:
                yield Item(thread, REPLY, Status.OPEN, goal, facts)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record a goal, shared or kept, or an answer to the partner's."""
    goals = pair.fold(Goals)
    theirs = [g for g in goals.of(pair.partner(me)) if f"goal:{g.mark}" == item.thread]
    match move:
        case Set() if len(goals.of(me)) < MOST:
            kind = Kept if move.keep == "keep" else Shared
            return record(kind(**{f.name: getattr(move, f.name) for f in fields(Kept)}))
        case "agree" if theirs:
            return record(Agreed(theirs[0].no))
        case "talk" if theirs:
            return record(Talk(theirs[0].no))
    return notice("stale")


def _is_yes(answer: Entry | None) -> bool:
    return answer is not None and isinstance(answer.event, Agreed)
