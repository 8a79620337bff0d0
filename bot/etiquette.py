"""What holds in every flow: turning to something, putting it off, being reminded, chatting a form.

None of it is about mentoring, and no flow knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from bot import hours
from bot.inbox import Item, Status
from bot.journal import Entry, Event, PersonId
from bot.moment import Moment
from bot.privacy import P0, P2
from bot.prompts import Choice, Prompt, Text, questions, required

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.people import Pair, Person

Key = tuple[PersonId | None, str]
WEEK = timedelta(days=7)
AN_HOUR = timedelta(hours=1)  # without a word, and a form in chat has been left
A_WEEK = {"reverse_mentor": 3, "reverse_mentee": 4}  # messages of the clock's, at most (9.1)
MOST_A_WEEK = max(A_WEEK.values())


class Turned(Event, name="etiquette.turned"):
    """They turned to another thread, which has their attention until they do something."""

    thread: Annotated[str, P2]


class PutOff(Event, name="etiquette.put_off"):
    """Not now: this thread keeps quiet until then."""

    thread: Annotated[str, P2]
    until: Annotated[Moment, P2]


class Postponed(Event, name="etiquette.postponed"):
    """The form behind *Not now…*; it becomes a `PutOff`, or a week of `Quiet`."""

    days: Annotated[
        str, Choice(("tomorrow", "three_days", "monday", "week"), preset=("tomorrow",)), P2
    ]


class Muted(Event, name="etiquette.muted"):
    """The form of a quiet time, in weeks; it becomes a `Quiet`."""

    weeks: Annotated[str, Choice(("1", "2", "3", "4"), preset=("1",)), P2]


class Quiet(Event, name="etiquette.quiet"):
    """They would like nothing unasked until then; four weeks at most."""

    until: Annotated[Moment, P2]


class Reminded(Event, name="etiquette.reminded"):
    """The clock wrote to someone about an item: that it has come up (0), or for the nth time.

    One that is `beside` another fell due on the same day: it is counted on that card, and brings
    none of its own.
    """

    who: Annotated[str, P2]
    thread: Annotated[str, P2]
    item: Annotated[str, P2]
    times: Annotated[int, P2]
    beside: Annotated[bool, P2] = False


class Began(Event, name="etiquette.began"):
    """They would rather be asked a form's questions one by one."""

    thread: Annotated[str, P2]
    item: Annotated[str, P2]


class Answered(Event, name="etiquette.answered"):
    """They answered one question of it. An empty answer leaves the question out."""

    field: Annotated[str, P2]
    given: Annotated[tuple[str, ...], P0] = ()


class Stopped(Event, name="etiquette.stopped"):
    """They stopped answering one by one, or sent what they had."""


NOT_NOW = Prompt("etiquette.not_now", form=Postponed)
QUIET = Prompt("etiquette.quiet", form=Muted)
REST = Prompt("etiquette.rest")
PROMPTS = (NOT_NOW, QUIET, REST)


@dataclass(frozen=True, slots=True)
class Attention:
    """The thread somebody turned to, or was reminded of, and with which entry."""

    thread: str
    entry: Entry

    def before(self, item: Item) -> bool:
        """Tell whether an item came up after that."""
        since = item.opens is not None and item.since > self.entry.at
        return item.about.no > self.entry.no or since


@dataclass(frozen=True, slots=True)
class Draft:
    """A form being answered in chat: the item it belongs to, and the answers so far."""

    thread: str
    item: str
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def asking(self, item: Item) -> str | None:
        """Return the question that comes next, or None when all have been asked."""
        form = item.prompt.form
        for name, kind in questions(form).items() if form else ():
            beside = isinstance(kind, Text) and kind.beside  # typed in place of the choice
            if name not in self.answers and not beside:
                return name
        return None

    def enough(self, item: Item) -> bool:
        """Tell whether every question that wants an answer has one."""
        form = item.prompt.form
        if form is None:
            return False
        if item.refill and isinstance(item.refill.event, form):
            return True
        own = {
            kind.beside
            for name, kind in questions(form).items()
            if isinstance(kind, Text) and kind.beside and self.answers.get(name)
        }
        return all(self.answers.get(name) for name in required(form) - own)


@dataclass(frozen=True, slots=True)
class Manners:
    """What each turned to, put off, was reminded of, and is answering.

    What was `put_off` is so until they have been written to of it again.
    `written` are the last entries by which the clock wrote to someone, `here` is when they last
    did anything at all.
    """

    across: ClassVar[bool] = True
    turned: Mapping[PersonId | None, Attention] = field(default_factory=dict)
    put_off: Mapping[Key, datetime] = field(default_factory=dict)
    reminded: Mapping[Key, int] = field(default_factory=dict)
    written: Mapping[PersonId | None, tuple[Entry, ...]] = field(default_factory=dict)
    here: Mapping[PersonId | None, datetime] = field(default_factory=dict)
    drafts: Mapping[PersonId | None, Draft] = field(default_factory=dict)
    acted: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    quiet: Mapping[PersonId | None, datetime] = field(default_factory=dict)

    def see(self, entry: Entry) -> Manners:
        """Go on from one more entry."""
        if entry.by is None:
            return self._by_clock(entry)
        here = {**self.here, entry.by: entry.at}
        return replace(self._by(entry.by, entry), here=here)

    def _by_clock(self, entry: Entry) -> Manners:
        if not isinstance(entry.event, Reminded):
            return self
        who, key = PersonId(entry.event.who), entry.event.item
        back = {k: until for k, until in self.put_off.items() if k != (who, entry.event.thread)}
        reminded = {**self.reminded, (who, key): entry.event.times}
        told = replace(self, reminded=reminded, put_off=back)
        if entry.event.beside:
            return told
        attention = {**self.turned, who: Attention(entry.event.thread, entry)}
        recent = (*self.written.get(who, ()), entry)[-MOST_A_WEEK:]
        return replace(told, turned=attention, written={**self.written, who: recent})

    def _by(self, me: PersonId, entry: Entry) -> Manners:
        match entry.event:
            case Turned(thread):
                drafts = {w: d for w, d in self.drafts.items() if w != me}
                attention = {**self.turned, me: Attention(thread, entry)}
                return replace(self, turned=attention, drafts=drafts)
            case PutOff(thread, until):
                put_off = {**self.put_off, (me, thread): until.at}
                return replace(self._idle(me), put_off=put_off)
            case Quiet(until):
                return replace(self, quiet={**self.quiet, me: until.at})
            case Began(thread, item):
                started = {**self.drafts, me: Draft(thread, item)}
                attention = {**self.turned, me: Attention(thread, entry)}
                return replace(self, turned=attention, drafts=started)
            case Answered(name, given) if me in self.drafts:
                draft = self.drafts[me]
                answers = {**draft.answers, name: given}
                return replace(self, drafts={**self.drafts, me: replace(draft, answers=answers)})
            case Stopped():
                return replace(self, drafts={w: d for w, d in self.drafts.items() if w != me})
        return replace(self._idle(me), acted={**self.acted, me: entry})

    def _idle(self, me: PersonId | None) -> Manners:
        """Someone did something: what they had turned to has been dealt with."""
        return replace(
            self,
            turned={w: t for w, t in self.turned.items() if w != me},
            drafts={w: d for w, d in self.drafts.items() if w != me},
        )

    def busy_until(self, me: Person) -> datetime | None:
        """Return until when I am taken to be answering a form in chat, if I began one."""
        return self.here[me.id] + AN_HOUR if me.id in self.drafts else None

    def is_put_off(self, me: Person, item: Item, now: datetime) -> bool:
        """Tell whether I asked not to be bothered with this yet."""
        until = self.put_off.get((me.id, item.thread))
        return until is not None and now < until


def rest(pair: Pair, me: Person) -> Item:
    """Return what I see when nothing is mine to do: where we are, and what I might do."""
    return Item("rest", REST, Status.WAITING, pair.fold(Manners).acted.get(me.id) or pair.opening)


def quieting(pair: Pair, me: Person) -> Item:
    """Return the item behind `quiet`: it is asked for, and stands in no inbox."""
    return Item("quiet", QUIET, Status.AVAILABLE, rest(pair, me).about)


def quiet_for(pair: Pair, me: Person, weeks: int, now: datetime) -> Quiet:
    """Return the event by which somebody is left in peace for so many weeks."""
    return Quiet(_morning(pair, me, weeks * 7, now))


def put_off(pair: Pair, me: Person, thread: str, days: str, now: datetime) -> PutOff:
    """Return the event by which a thread keeps quiet until a morning of theirs."""
    weekday = Moment.of(now, me.zone).wall.weekday()
    ahead = {"tomorrow": 1, "three_days": 3, "monday": 7 - weekday}[days]
    return PutOff(thread, _morning(pair, me, ahead, now))


def _morning(pair: Pair, me: Person, ahead: int, now: datetime) -> Moment:
    """Return the first courteous morning so many days ahead."""
    here = Moment.of(now, me.zone).wall.date()
    morning = hours.local(me, here + timedelta(days=ahead), pair.programme.window[0])
    return Moment.of(hours.next_opening(pair.programme, me, morning), me.zone)
