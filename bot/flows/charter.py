"""The charter: both choose in private, the stricter protective choice wins, both sign one version.

A clause for each ground rule GR-1 to GR-7 and the fixed ones of domain.md 4.2. What is fixed
(CH-8, the exceptions of CH-4, own story only, leaving) stands in the wording, cannot be weakened,
and may be made stronger. Either can reopen; the old version stays in force until both sign another.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Annotated, Any

from bot.agreement import Agreement, Stage
from bot.flows import goals, welcome
from bot.hours import After
from bot.inbox import Decision, Item, Notice, Status, notice, record
from bot.journal import Entry, Event, PersonId
from bot.privacy import P0, P1, P2
from bot.prompts import Choice, Prompt, Shares, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.people import Pair, Person

RHYTHM = Choice(("weeks4", "weeks3", "weeks6"), preset=("weeks4",), labels="charter.options")
LENGTH = Choice(("60", "45", "90"), preset=("60",), labels="charter.options")
PLACES = Choice(
    ("cafe", "walk", "library", "site", "video"),
    many=True,
    least=1,
    preset=("cafe", "walk", "library"),
    labels="charter.options",
)
SLIPS = Choice(("two_dates", "skip_once"), preset=("two_dates",), labels="charter.options")
PHONES = Choice(("away", "face_down"), preset=("away",), labels="charter.options")
TRAVELS = Choice(
    ("learning", "nothing", "named"), preset=("learning",), labels="charter.options", page=2
)
KNOWN = Choice(("open", "programme"), preset=("open",), labels="charter.options", page=2)
NOTES = Choice(("each", "none", "list"), preset=("each",), labels="charter.options", page=2)
ASSISTANTS = Choice(("time", "nothing"), preset=("time",), labels="charter.options", page=2)
SIGNAL = Choice(("word", "hand", "park"), preset=("word",), labels="charter.options", page=3)
AFTER = Choice(("come_back", "next_day"), preset=("come_back",), labels="charter.options", page=3)
OUTSIDE = Choice(
    ("usual", "discreet", "freely"), preset=("usual",), labels="charter.options", page=3
)
BETWEEN = Choice(
    ("logistics", "links", "any"), preset=("logistics",), labels="charter.options", page=3
)
PAYS = Choice(("mentee", "equal"), preset=("mentee",), labels="charter.options", page=3)
PROMISES = Choice(
    ("in_person", "clumsy"), many=True, preset=("clumsy",), labels="charter.options", page=3
)
FIRST = Choice(("yes", "no"), preset=("yes",), labels="charter.options", page=3)

# From lax to strict. Where the two differ, the stricter holds (INV-11).
STRICTER: Mapping[str, tuple[str, ...]] = {
    "travels": ("named", "learning", "nothing"),
    "known": ("open", "programme"),
    "notes": ("list", "each", "none"),
    "assistants": ("time", "nothing"),
    "first": ("no", "yes"),
}


class Chosen(Event, name="charter.chosen"):
    """One side's private choices. The lines about themselves go into the charter."""

    want: Annotated[str, P0] = ""  # asked before goals had a flow of their own (CH-2)
    want_own: Annotated[str, P0] = ""
    rhythm: Annotated[str, RHYTHM, P0] = "weeks4"
    length: Annotated[str, LENGTH, P0] = "60"
    places: Annotated[tuple[str, ...], PLACES, P0] = ("cafe", "walk", "library")
    slips: Annotated[str, SLIPS, P0] = "two_dates"
    phones: Annotated[str, PHONES, P0] = "away"
    travels: Annotated[str, TRAVELS, P0] = "learning"
    known: Annotated[str, KNOWN, P0] = "open"
    notes: Annotated[str, NOTES, P0] = "each"
    assistants: Annotated[str, ASSISTANTS, P0] = "time"
    blind: Annotated[str, Choice(("fast", "defensive", "quiet", "soften"), page=2), P0] = ""
    blind_own: Annotated[str, Text(200, beside="blind", page=2), P0] = ""
    honest: Annotated[str, Choice(("thanked", "asked", "time", "first"), page=2), P0] = ""
    honest_own: Annotated[str, Text(200, beside="honest", page=2), P0] = ""
    off_limits: Annotated[str, Text(200, page=2), P0] = ""
    signal: Annotated[str, SIGNAL, P0] = "word"
    after: Annotated[str, AFTER, P0] = "come_back"
    outside: Annotated[str, OUTSIDE, P0] = "usual"
    between: Annotated[str, BETWEEN, P0] = "logistics"
    pays: Annotated[str, PAYS, P0] = "mentee"
    promises: Annotated[tuple[str, ...], PROMISES, P0] = ("clumsy",)
    first: Annotated[str, FIRST, P0] = "yes"


class Offered(Event, name="charter.offered"):
    """The lines of theirs that go into the charter: what they want, and what the other may know."""

    want: Annotated[str, P1] = ""
    want_own: Annotated[str, P1] = ""
    blind: Annotated[str, P1] = ""
    blind_own: Annotated[str, P1] = ""
    honest: Annotated[str, P1] = ""
    honest_own: Annotated[str, P1] = ""
    off_limits: Annotated[str, P1] = ""


class Checked(Event, name="charter.checked"):
    """The private self-check of domain.md 4.3 (GR-5): what might colour how they see the other."""

    happens: Annotated[
        tuple[str, ...],
        Choice(
            (
                "gaps",
                "like_me",
                "confidence",
                "attack",
                "excuse",
                "group",
                "boss",
                "rank",
                "soften",
            ),
            many=True,
        ),
        P0,
    ] = ()
    tell: Annotated[str, Text(200, rows=2), P0] = ""
    shows: Annotated[tuple[str, ...], Shares(("tell",)), P0] = ()


class Passed(Event, name="charter.passed"):
    """They leave the self-check out, for now. Nobody is told."""


class Told(Event, name="charter.told"):
    """The one line of the self-check that they want the partner to know."""

    tell: Annotated[str, P1]


class Drawn(Event, name="charter.drawn"):
    """A version of the terms: drawn from both choices, or changed by one of the two."""

    rhythm: Annotated[str, RHYTHM, P1] = "weeks4"
    length: Annotated[str, LENGTH, P1] = "60"
    places: Annotated[tuple[str, ...], PLACES, P1] = ("cafe", "walk", "library")
    slips: Annotated[str, SLIPS, P1] = "two_dates"
    phones: Annotated[str, PHONES, P1] = "away"
    travels: Annotated[str, TRAVELS, P1] = "learning"
    known: Annotated[str, KNOWN, P1] = "open"
    notes: Annotated[str, NOTES, P1] = "each"
    assistants: Annotated[str, ASSISTANTS, P1] = "time"
    signal: Annotated[str, SIGNAL, P1] = "word"
    after: Annotated[str, AFTER, P1] = "come_back"
    outside: Annotated[str, OUTSIDE, P1] = "usual"
    between: Annotated[str, BETWEEN, P1] = "logistics"
    pays: Annotated[str, PAYS, P1] = "mentee"
    promises: Annotated[tuple[str, ...], PROMISES, P1] = ("clumsy",)
    first: Annotated[str, FIRST, P1] = "yes"
    addition: Annotated[str, Text(400, rows=2, page=3), P1] = ""


class Signed(Event, name="charter.signed"):
    """They sign a version, by its entry number."""

    version: Annotated[int, P2]


_DAYS = (After(working_days=7), After(working_days=9))
CHOOSE = Prompt("charter.choose", form=Chosen, reminders=_DAYS)
SEALED = Prompt("charter.sealed", form=Chosen)
SIGN = Prompt(
    "charter.sign",
    Drawn,
    ("sign", "answer"),
    (After(working_days=3), After(days=10)),
    urgent=True,
)
STANDING = Prompt("charter.standing", Drawn)
AGREED = Prompt("charter.agreed", Drawn)
CHECK = Prompt("charter.check", Checked, ("answer", "pass"))
TOLD = Prompt("charter.told")
PROMPTS = (CHOOSE, SEALED, SIGN, STANDING, AGREED, CHECK, TOLD)


@dataclass(frozen=True, slots=True)
class Charter:
    """The private choices, the lines offered, and the agreement on the terms."""

    lines: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    talk: Agreement = field(default_factory=Agreement)
    checked: frozenset[PersonId | None] = frozenset()
    told: Mapping[PersonId | None, Entry] = field(default_factory=dict)

    def see(self, entry: Entry) -> Charter:
        """Go on from one more entry."""
        match entry.event:
            case Checked() | Passed():
                return replace(self, checked=self.checked | {entry.by})
            case Told():
                return replace(self, told={**self.told, entry.by: entry})
            case Chosen():
                return replace(self, talk=self.talk.draft(entry))
            case Offered():
                return replace(self, lines={**self.lines, entry.by: entry})
            case Drawn():
                return replace(self, talk=self.talk.word(entry))
            case Signed(version):
                return replace(self, talk=self.talk.sign(entry, version))
        return self


def agreed(pair: Pair) -> Entry | None:
    """Return the version in force: the last one both have signed."""
    return pair.fold(Charter).talk.agreed


def first_signed(pair: Pair) -> Entry | None:
    """Return the signature with which the first charter came into force."""
    return pair.fold(Charter).talk.first


def items(pair: Pair, me: Person) -> Iterator[Item]:
    """Put the charter in my inbox: my private choices, then the version we both sign."""
    begun = welcome.confirmed(pair)
    if begun is None:
        return
    charter = pair.fold(Charter)
    talk = charter.talk
    mine = talk.drafts.get(me.id)
    facts = {
        "goals": goals.shared(pair),
        "terms": talk.latest,
        "agreed": talk.agreed,
        "mine": charter.lines.get(me.id),
        "theirs": charter.lines.get(pair.partner(me).id),
        "mentees": charter.lines.get(pair.reverse_mentee.id),
        "mentors": charter.lines.get(pair.reverse_mentor.id),
    }
    latest = talk.latest
    match talk.stage(me):
        case Stage.DRAFT:
            yield Item("charter", CHOOSE, Status.OPEN, begun)
        case Stage.SEALED if mine:
            yield Item("charter", SEALED, Status.WAITING, mine, refill=mine)
        case Stage.AGREED if talk.sealed:
            yield Item("charter", AGREED, Status.DONE, talk.sealed, facts, refill=latest, news=True)
        case Stage.REPLY if latest:
            yield Item("charter", SIGN, Status.OPEN, latest, facts, refill=latest)
        case Stage.STANDING if latest:
            yield Item("charter", STANDING, Status.WAITING, latest, facts, refill=latest)
    if mine and me.id not in charter.checked:
        yield Item("check", CHECK, Status.OPEN, begun)
    told = charter.told.get(pair.partner(me).id)
    if told:
        yield Item("told", TOLD, Status.DONE, told, {"told": told}, news=True)


def decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:  # noqa: ARG001
    """Record choices, draw the terms when both are in, record a change or a signature."""
    talk = pair.fold(Charter).talk
    match move:
        case Chosen() if not talk.opened:
            theirs = talk.drafts.get(pair.partner(me).id)
            drawn = (_drawn(pair, me, move, theirs.event),) if theirs else ()
            return Decision((move, _offered(move)), by_clock=drawn)
        case Drawn() if talk.opened:
            kept = _kept(talk, move)
            return record(kept, reply=None if kept == move else Notice("kept_strict", item))
        case Checked():
            shared = (Told(move.tell),) if move.tell and "tell" in move.shows else ()
            return record(move, *shared)
        case "pass":
            return record(Passed())
        case "sign" if talk.latest and me.id not in talk.signed:
            return record(Signed(talk.latest.no))
    return notice("stale")


def _offered(chosen: Chosen) -> Offered:
    return Offered(**{f.name: getattr(chosen, f.name) for f in fields(Offered)})


def _drawn(pair: Pair, me: Person, mine: Chosen, theirs: object) -> Drawn:
    """Draw the terms: stricter where it protects, the reverse-mentor's wish where it is logistics.

    Nobody is told whose choice it was (domain.md 4.2).
    """
    if not isinstance(theirs, Chosen):
        return Drawn()
    mentors, mentees = (mine, theirs) if me == pair.reverse_mentor else (theirs, mine)
    terms = {f.name: getattr(mentors, f.name) for f in fields(Drawn) if hasattr(mentors, f.name)}
    for clause in STRICTER:
        terms[clause] = stricter(clause, getattr(mentors, clause), getattr(mentees, clause))
    terms["places"] = tuple(p for p in mentors.places if p in mentees.places) or mentors.places
    terms["promises"] = tuple(
        p for p in PROMISES.options if p in mentors.promises + mentees.promises
    )
    return Drawn(**terms)


def _kept(talk: Agreement, drawn: Drawn) -> Drawn:
    """Return a changed version with nothing protective weaker than either had chosen (INV-11)."""
    floor = [entry.event for entry in talk.drafts.values() if isinstance(entry.event, Chosen)]
    terms: dict[str, Any] = {
        clause: stricter(clause, getattr(drawn, clause), *(getattr(c, clause) for c in floor))
        for clause in STRICTER
    }
    promised = [promise for c in floor for promise in c.promises]
    terms["promises"] = tuple(p for p in PROMISES.options if p in drawn.promises or p in promised)
    return replace(drawn, **terms)


def stricter(clause: str, *choices: str) -> str:
    """Return the strictest of these choices; one that cannot be read any more does not count."""
    order = STRICTER[clause]
    known = [choice for choice in choices if choice in order]
    return max(known, key=order.index, default=order[-1])
