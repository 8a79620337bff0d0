"""Purpose: two sealed drafts, what each releases of them, one sentence both sign (GR-1).

The reverse-mentor has the first pen, the reverse-mentee reacts. After three rounds without
agreement, or when either would rather talk, the latest text becomes the working purpose and goes on
the agenda of the first meeting: no deadlock, no winner (domain.md 3.6, 3.7).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from bot.agreement import Agreement, Stage
from bot.flows import welcome
from bot.hours import After
from bot.inbox import Decision, Item, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0, P1, P2
from bot.prompts import OWN, Choice, Prompt, Shares, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person

FOCUS = ("technology", "life", "both", "else")
UNSEEN = ("landing", "themselves", "left_out", "talk", "expect")
AIMS = ("hear", "see", "decide", "include", "use")
EFFECTS = ("decisions", "speak_up", "stay", "change")
LINES = ("why", "focus", "unseen", "wish", "notice", "never", "aim")
ROUNDS = 3


class MenteeDrafted(Event, name="purpose.mentee_drafted"):
    """The reverse-mentee's private draft: PM-1 to PM-6 of domain.md 3.6."""

    why: Annotated[str, Choice(("curious", "out_of_touch", "asked", "decide", "heard")), P0]
    focus: Annotated[str, Choice(FOCUS, labels="purpose.options"), P0]
    aim: Annotated[str, Choice(AIMS, labels="purpose.options", page=2), P0]
    effect: Annotated[str, Choice(EFFECTS, labels="purpose.options", page=2), P0]
    why_own: Annotated[str, Text(280, beside="why"), P0] = ""
    unseen: Annotated[str, Choice(UNSEEN, labels="purpose.options"), P0] = ""
    unseen_own: Annotated[str, Text(280, beside="unseen"), P0] = ""
    aim_own: Annotated[str, Text(140, beside="aim", page=2), P0] = ""
    effect_own: Annotated[str, Text(140, beside="effect", page=2), P0] = ""
    wish: Annotated[str, Choice(("view", "hearing", "practice", "network", "ask"), page=3), P0] = ""
    notice: Annotated[str, Choice(("team", "peers", "below", "new", "customers"), page=3), P0] = ""
    shows: Annotated[
        tuple[str, ...],
        Shares(
            ("why", "focus", "unseen", "wish", "notice", "aim"),
            preset=("focus", "unseen", "aim"),
            page=3,
        ),
        P0,
    ] = ()


class MentorDrafted(Event, name="purpose.mentor_drafted"):
    """The reverse-mentor's private draft: PR-1 to PR-6 of domain.md 3.6."""

    why: Annotated[str, Choice(("heard", "leading", "asked", "change")), P0]
    focus: Annotated[str, Choice(FOCUS, labels="purpose.options"), P0]
    aim: Annotated[str, Choice(AIMS, labels="purpose.options", page=2), P0]
    effect: Annotated[str, Choice(EFFECTS, labels="purpose.options", page=2), P0]
    why_own: Annotated[str, Text(280, beside="why"), P0] = ""
    unseen: Annotated[str, Choice(UNSEEN, labels="purpose.options"), P0] = ""
    unseen_own: Annotated[str, Text(280, beside="unseen"), P0] = ""
    aim_own: Annotated[str, Text(140, beside="aim", page=2), P0] = ""
    effect_own: Annotated[str, Text(140, beside="effect", page=2), P0] = ""
    wish: Annotated[
        str, Choice(("confidence", "insight", "challenge", "network", "moved"), page=3), P0
    ] = ""
    never: Annotated[
        str, Choice(("helpdesk", "show", "spokesperson", "interview", "gossip"), page=3), P0
    ] = ""
    never_own: Annotated[str, Text(280, beside="never", page=3), P0] = ""
    shows: Annotated[
        tuple[str, ...],
        Shares(
            ("why", "focus", "unseen", "wish", "never", "aim"),
            preset=("focus", "unseen", "aim"),
            page=3,
        ),
        P0,
    ] = ()


class Released(Event, name="purpose.released"):
    """What they let their partner read, said again: consent is an entry of its own."""

    why: Annotated[str, P1] = ""
    why_own: Annotated[str, P1] = ""
    focus: Annotated[str, P1] = ""
    unseen: Annotated[str, P1] = ""
    unseen_own: Annotated[str, P1] = ""
    wish: Annotated[str, P1] = ""
    notice: Annotated[str, P1] = ""
    never: Annotated[str, P1] = ""
    never_own: Annotated[str, P1] = ""
    aim: Annotated[str, P1] = ""
    aim_own: Annotated[str, P1] = ""
    effect: Annotated[str, P1] = ""
    effect_own: Annotated[str, P1] = ""


class Worded(Event, name="purpose.worded"):
    """A version of the sentence: one of the four we can build, or words of their own."""

    text: Annotated[str, Text(400, rows=3), P1]
    source: Annotated[str, P2] = OWN


class Signed(Event, name="purpose.signed"):
    """They sign a version, by its entry number."""

    version: Annotated[int, P2]


class Parked(Event, name="purpose.parked"):
    """They would rather talk about it when they meet."""


SOURCES = ("mentor", "mentee", "both", "stock")
_DAYS = (After(working_days=2), After(working_days=4), After(working_days=7))
_ANSWER = (After(working_days=3), After(working_days=6))

DRAFT_MENTEE = Prompt("purpose.draft_mentee", form=MenteeDrafted, reminders=_DAYS)
DRAFT_MENTOR = Prompt("purpose.draft_mentor", form=MentorDrafted, reminders=_DAYS)
PREVIEW_MENTEE = Prompt("purpose.preview_mentee", MenteeDrafted, ("release", "answer"), _DAYS)
PREVIEW_MENTOR = Prompt("purpose.preview_mentor", MentorDrafted, ("release", "answer"), _DAYS)
SEALED = Prompt("purpose.sealed")
FIRST_PEN = Prompt("purpose.first_pen", Worded, (*SOURCES, "answer"), _ANSWER)
READING = Prompt("purpose.reading")
REPLY = Prompt("purpose.reply", Worded, ("sign", "answer", "talk"), _ANSWER, urgent=True)
STANDING = Prompt("purpose.standing", Worded)
WORKING = Prompt("purpose.working", Worded, ("sign", "answer"))
AGREED = Prompt("purpose.agreed", Worded)
PROMPTS = (
    DRAFT_MENTEE,
    DRAFT_MENTOR,
    PREVIEW_MENTEE,
    PREVIEW_MENTOR,
    SEALED,
    FIRST_PEN,
    READING,
    REPLY,
    STANDING,
    WORKING,
    AGREED,
)


@dataclass(frozen=True, slots=True)
class Purpose:
    """The private drafts, and the agreement whose drafts are what each has released."""

    drafts: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    talk: Agreement = field(default_factory=Agreement)
    parked: Entry | None = None

    def see(self, entry: Entry) -> Purpose:
        """Go on from one more entry."""
        match entry.event:
            case MenteeDrafted() | MentorDrafted():
                return replace(self, drafts={**self.drafts, entry.by: entry})
            case Released():
                return replace(self, talk=self.talk.draft(entry))
            case Worded():
                talk = self.talk.word(entry)
                late = entry if talk.versions >= 2 * ROUNDS and not talk.agreed else None
                return replace(self, talk=talk, parked=self.parked or late)
            case Signed(version):
                talk = self.talk.sign(entry, version)
                return replace(self, talk=talk, parked=None if talk.agreed else self.parked)
            case Parked():
                return replace(self, parked=entry)
        return self


def agreed(pair: Pair) -> Entry | None:
    """Return the version both have signed, if there is one."""
    return pair.fold(Purpose).talk.agreed


def shared(pair: Pair) -> dict[str, Entry | None]:
    """Return what each has let out, by role, once both may read it."""
    talk = pair.fold(Purpose).talk
    drafts = talk.drafts if talk.opened else {}
    return {
        "mentors": drafts.get(pair.reverse_mentor.id),
        "mentees": drafts.get(pair.reverse_mentee.id),
    }


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Put the purpose in my inbox: my draft, what I release, then the sentence we sign."""
    begun = welcome.confirmed(pair)
    if begun is None:
        return
    purpose = pair.fold(Purpose)
    talk, draft = purpose.talk, purpose.drafts.get(me.id)
    mentor = me == pair.reverse_mentor
    if me.id not in talk.drafts:
        yield _drafting(draft, begun, mentor=mentor)
        return
    mine, theirs = talk.drafts[me.id], talk.theirs(pair, me)
    facts = {
        "mine": mine,
        "theirs": theirs,
        "mentors": mine if mentor else theirs,
        "mentees": theirs if mentor else mine,
        "version": talk.latest,
        "agreed": talk.agreed,
    }
    match talk.stage(me), talk.latest:
        case Stage.SEALED, _:
            yield Item("purpose", SEALED, Status.WAITING, mine, {"mine": mine})
        case Stage.OPENED, _ if talk.opened and mentor:
            pen = _sources(facts["mentors"], facts["mentees"])
            yield Item("purpose", FIRST_PEN, Status.OPEN, talk.opened, facts, actions=pen)
        case Stage.OPENED, _ if talk.opened:
            yield Item("purpose", READING, Status.WAITING, talk.opened, facts, news=True)
        case Stage.AGREED, _ if talk.sealed:
            yield Item("purpose", AGREED, Status.DONE, talk.sealed, facts, news=True)
        case stage, Entry() as latest if purpose.parked and not talk.agreed:
            moves = ("sign", "answer") if stage is Stage.REPLY else ("answer",)
            about = max(latest, purpose.parked, key=lambda entry: entry.no)
            yield Item("purpose", WORKING, Status.AVAILABLE, about, facts, actions=moves, news=True)
        case Stage.REPLY, Entry() as latest:
            parking = () if talk.agreed else ("talk",)
            moves = ("sign", "answer", *parking)
            yield Item("purpose", REPLY, Status.OPEN, latest, facts, actions=moves)
        case _, Entry() as latest:
            yield Item("purpose", STANDING, Status.WAITING, latest, facts)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record a draft, what is released of it, a version, a signature, or a wish to talk."""
    purpose = pair.fold(Purpose)
    talk, draft = purpose.talk, purpose.drafts.get(me.id)
    match move:
        case MenteeDrafted() | MentorDrafted() if me.id not in talk.drafts:
            return record(move)
        case "release" if draft and me.id not in talk.drafts:
            return record(_released(draft.event))
        case "mentor" | "mentee" | "both" | "stock":
            return record(Worded("", source=move))
        case Worded():
            return record(move)
        case "sign" if talk.latest and me.id not in talk.signed:
            return record(Signed(talk.latest.no))
        case "talk" if talk.latest:
            return record(Parked())
    return notice("stale")


def _drafting(draft: Entry | None, begun: Entry, *, mentor: bool) -> Item:
    if draft is None:
        prompt = DRAFT_MENTOR if mentor else DRAFT_MENTEE
        return Item("purpose", prompt, Status.OPEN, begun)
    prompt = PREVIEW_MENTOR if mentor else PREVIEW_MENTEE
    facts = {"mine": draft}
    return Item("purpose", prompt, Status.OPEN, draft, facts, refill=draft)


def _released(draft: object) -> Released:
    """Return what its author ticked, and nothing else (domain.md 3.7)."""
    shown = getattr(draft, "shows", ())
    lines = {line for line in shown if line in LINES} | ({"effect"} if "aim" in shown else set())
    fields = [name for line in lines for name in (line, f"{line}_own")]
    return Released(**{name: getattr(draft, name) for name in fields if hasattr(draft, name)})


def _sources(mentors: Entry | None, mentees: Entry | None) -> tuple[str, ...]:
    """Return the sentences we can build from what was released."""
    has = {
        "mentor": bool(mentors and getattr(mentors.event, "aim", "")),
        "mentee": bool(mentees and getattr(mentees.event, "aim", "")),
    }
    has["both"] = has["mentee"] and bool(mentors and getattr(mentors.event, "wish", ""))
    has["stock"] = True
    return (*(source for source in SOURCES if has[source]), "answer")
