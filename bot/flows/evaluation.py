"""The evaluation: after the term both stand back and judge whether it works (GR-7, domain.md 10).

Answers are shown to nobody; they enter group figures only. Each goal is scored against the levels
set at the start, by whoever was to judge it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from bot import hours
from bot.flows import goals, leaving, meeting
from bot.hours import After
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0, P1, P2
from bot.prompts import Choice, Prompt, Scale, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.inbox import Context
    from bot.people import Pair, Person

FEW = 4
STAND_BACK = timedelta(days=21)
SURVEY = timedelta(days=14)
LATEST = timedelta(days=7)
WHY_FEW = Choice(("time", "fit", "wish", "change", "other"), labels="evaluation.options", page=3)
SCORES = ("further", "same", "partly", "reached", "beyond", "stretch")


class Began(Event, name="evaluation.began"):
    """Where they start from: three lines on the first days, asked again at the end."""

    first: Annotated[int, Scale(5), P0] = 0
    second: Annotated[int, Scale(5), P0] = 0
    third: Annotated[int, Scale(5), P0] = 0


class MenteeJudged(Event, name="evaluation.mentee_judged"):
    """M1 to M12 of domain.md 10.3; every line may be left out."""

    m1: Annotated[int, Scale(5), P0] = 0
    m2: Annotated[int, Scale(5), P0] = 0
    m3: Annotated[int, Scale(5), P0] = 0
    m4: Annotated[int, Scale(5), P0] = 0
    m5: Annotated[int, Scale(5, page=2), P0] = 0
    m6: Annotated[int, Scale(5, page=2), P0] = 0
    m7: Annotated[int, Scale(5, page=2), P0] = 0
    evidence: Annotated[str, Text(300, page=2), P0] = ""
    m8: Annotated[int, Scale(5, page=2), P0] = 0
    m9: Annotated[int, Scale(5, page=3), P0] = 0
    m10: Annotated[int, Scale(5, page=3), P0] = 0
    m11: Annotated[int, Scale(5, page=3), P0] = 0
    m12: Annotated[int, Scale(5, page=3), P0] = 0
    keep: Annotated[str, Text(300, page=3), P0] = ""
    change: Annotated[str, Text(300, page=3), P0] = ""
    few: Annotated[str, WHY_FEW, P0] = ""


class MentorJudged(Event, name="evaluation.mentor_judged"):
    """R1 to R13 of domain.md 10.3; every line may be left out."""

    r1: Annotated[int, Scale(5), P0] = 0
    r2: Annotated[int, Scale(5), P0] = 0
    r3: Annotated[int, Scale(5), P0] = 0
    r4: Annotated[int, Scale(5), P0] = 0
    r5: Annotated[int, Scale(5), P0] = 0
    r6: Annotated[int, Scale(5, page=2), P0] = 0
    r7: Annotated[int, Scale(5, page=2), P0] = 0
    r8: Annotated[int, Scale(5, page=2), P0] = 0
    r9: Annotated[int, Scale(5, page=2), P0] = 0
    r10: Annotated[int, Scale(5, page=3), P0] = 0
    r11: Annotated[int, Scale(5, page=3), P0] = 0
    r12: Annotated[int, Scale(5, page=3), P0] = 0
    r13: Annotated[int, Scale(5, page=3), P0] = 0
    keep: Annotated[str, Text(300, page=3), P0] = ""
    change: Annotated[str, Text(300, page=3), P0] = ""
    few: Annotated[str, WHY_FEW, P0] = ""


class Scored(Event, name="evaluation.scored"):
    """How a shared goal came out, by its entry number: -2 to +2, as `SCORES` names the levels."""

    goal: Annotated[int, P2]
    score: Annotated[str, P1]


class ScoredAlone(Event, name="evaluation.scored_alone"):
    """How a goal came out that its author kept."""

    goal: Annotated[int, P2]
    score: Annotated[str, P0]


_AGAIN = (After(days=7), After(days=12))
BEGIN_MENTEE = Prompt("evaluation.begin_mentee", Began, aside=True)
BEGIN_MENTOR = Prompt("evaluation.begin_mentor", Began, aside=True)
HEADS = Prompt("evaluation.heads_up")
INVITE = Prompt("evaluation.invite", None, ("book",), (After(days=7),))
JUDGE_MENTEE = Prompt("evaluation.judge_mentee", MenteeJudged, reminders=_AGAIN)
JUDGE_MENTOR = Prompt("evaluation.judge_mentor", MentorJudged, reminders=_AGAIN)
SCORE = Prompt("evaluation.score", None, SCORES)
SCORED = Prompt("evaluation.scored")
DONE = Prompt("evaluation.done")
PROMPTS = (
    BEGIN_MENTEE,
    BEGIN_MENTOR,
    HEADS,
    INVITE,
    JUDGE_MENTEE,
    JUDGE_MENTOR,
    SCORE,
    SCORED,
    DONE,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Who has said where they start from, who has judged, and how the goals were scored."""

    began: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    judged: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    scores: Mapping[tuple[PersonId | None, int], Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Judgement:
        """Go on from one more entry."""
        match entry.event:
            case Began():
                return replace(self, began={**self.began, entry.by: entry})
            case MenteeJudged() | MentorJudged():
                return replace(self, judged={**self.judged, entry.by: entry})
            case leaving.Settled(outcome="renew"):
                return replace(self, judged={}, scores={})
            case Scored(goal) | ScoredAlone(goal):
                return replace(self, scores={**self.scores, (entry.by, goal): entry})
        return self


def both_judged(pair: Pair) -> Entry | None:
    """Return the second of the two surveys, once both are in."""
    judged = pair.fold(Judgement).judged
    return max(judged.values(), key=lambda entry: entry.no) if len(judged) > 1 else None


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Ask where I start from; at the end, how it was, and how the goals came out."""
    state = pair.fold(Judgement)
    yield from _beginning(pair, me, state)
    term = leaving.term(pair)
    if term is None:
        return
    _, end = term
    begins = hours.next_opening(pair.programme, me, end - leaving.LAST_WEEKS)
    opens = hours.next_opening(pair.programme, me, end - SURVEY)
    term_facts: Context = {"end": end, "held": meeting.diary(pair).held}
    yield Item("term", HEADS, Status.DONE, pair.opening, term_facts, begins, end, news=True)
    yield from _standing_back(pair, me, end)
    done = state.judged.get(me.id)
    if done:
        yield Item("evaluation", DONE, Status.DONE, done, {"mine": done})
    else:
        prompt = JUDGE_MENTOR if me == pair.reverse_mentor else JUDGE_MENTEE
        closes = end + LATEST
        choices = {"few": WHY_FEW.options if meeting.diary(pair).held < FEW else ()}
        yield Item(
            "evaluation",
            prompt,
            Status.OPEN,
            pair.opening,
            term_facts,
            opens,
            closes,
            choices=choices,
        )
    for goal in _mine_to_judge(pair, me):
        score = state.scores.get((me.id, goal.no))
        thread = f"score:{goal.mark}"
        if score:
            facts: Context = {"goal": goal, "score": score, "mine": 1}
            yield Item(thread, SCORED, Status.DONE, score, facts)
        else:
            yield Item(thread, SCORE, Status.OPEN, goal, {"goal": goal}, opens, end + LATEST)

    for goal in goals.shared(pair):
        theirs = state.scores.get((pair.partner(me).id, goal.no))
        if theirs:
            told: Context = {"goal": goal, "score": theirs, "mine": 0}
            yield Item(f"scored:{goal.mark}", SCORED, Status.DONE, theirs, told)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record where they start from, what they judge, or how a goal came out."""
    match move:
        case Began() | MenteeJudged() | MentorJudged():
            return record(move)
        case "book":
            return Decision(turn_to=f"meeting:{meeting.diary(pair).current.no}")
        case str() if move in SCORES:
            for goal in _mine_to_judge(pair, me):
                if item.thread == f"score:{goal.mark}":
                    kind = Scored if isinstance(goal.event, goals.Shared) else ScoredAlone
                    return record(kind(goal.no, move))
    return notice("stale")


def _standing_back(pair: Pair, me: Person, end: datetime) -> Iterator[Item]:
    """Ask the senior to book the meeting at which the two look back, until it is (N-24)."""
    current = meeting.diary(pair).current
    met = meeting.diary(pair).met[-1:]
    waits = current.moment is None and current.offer is None
    if me == pair.reverse_mentee and waits and not any(leaving.looks_back(pair, m.at) for m in met):
        opens = hours.next_opening(pair.programme, me, end - STAND_BACK)
        yield Item("stand_back", INVITE, Status.OPEN, pair.opening, {"end": end}, opens, end)


def _beginning(pair: Pair, me: Person, state: Judgement) -> Iterator[Item]:
    """Offer three lines on the first days, until the first meeting was held."""
    begun = leaving.begun(pair)
    if begun and me.id not in state.began and not meeting.diary(pair).held:
        prompt = BEGIN_MENTOR if me == pair.reverse_mentor else BEGIN_MENTEE
        yield Item("baseline", prompt, Status.AVAILABLE, begun)


def _mine_to_judge(pair: Pair, me: Person) -> tuple[Entry, ...]:
    """Return the goals I score: mine, unless the partner was to; and theirs, if I was to."""
    state = pair.fold(goals.Goals)
    agreed = {goal.no for goal in goals.agreed(pair)}
    mine = [
        goal
        for goal in state.of(me)
        if getattr(goal.event, "judge", "") != "partner" or goal.no not in agreed
    ]
    theirs = [
        goal
        for goal in state.of(pair.partner(me))
        if goal.no in agreed and getattr(goal.event, "judge", "") in {"partner", "both"}
    ]
    return (*mine, *theirs)
