"""Items and forms put into words: what a platform draws, without knowing what it is about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from bot import facilitator, retention, wording
from bot.etiquette import Draft, Manners
from bot.flows import handbook, meeting
from bot.inbox import ANSWER, Form, Item, Notice, Status
from bot.journal import PersonId
from bot.moment import Moment
from bot.prompts import (
    Choice,
    Field,
    Shares,
    Slot,
    Text,
    answers,
    is_private,
    questions,
    required,
)
from bot.wording import Line, Phrasebook, Piece, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bot.journal import Entry, Event
    from bot.people import Pair, Person

MOST = 6  # buttons a card may have
MANY, FEW = 9, 5  # of more options than that, chat lists only so many
LATER = "later"
MORE = "more"
BACK = "back"


@dataclass(frozen=True, slots=True)
class Button:
    """One press: the item it stands for, the action, its words, and whether it opens a form."""

    item: str
    action: str
    label: str
    opens: bool = False


@dataclass(frozen=True)
class Card:
    """What one person is looking at: the one thing asked, what happened since, what else waits.

    `revision` grows when there is news and is for us alone, as it counts what others did; `digest`
    changes when anything looks different. `preview` is what may stand in a notification: neutral,
    without names or words (INV-8).
    """

    thread: str
    item: str
    title: str
    preview: str
    lead: tuple[str, ...] = ()
    body: tuple[Line, ...] = ()
    audience: str = ""
    foot: str = ""
    buttons: tuple[Button, ...] = ()
    revision: str = field(default="", repr=False)
    resting: bool = False

    @cached_property
    def digest(self) -> str:
        """A short name for exactly how it looks."""
        look = (self.title, self.lead, self.body, self.audience, self.foot, self.buttons)
        return blake2s(repr(look).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a form. `value` holds the answers as strings, `fault` what is to be mended.

    `shares` says whether this line is switched to be read by the partner; None if it has no switch.
    """

    name: str
    label: str
    kind: Field
    options: tuple[tuple[str, str], ...] = ()
    value: tuple[str, ...] = field(default=(), repr=False)
    fault: str = ""
    optional: bool = False
    shares: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a form."""

    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form in words. `switch` is the answer that holds the lines switched to be shared.

    `reading` is what is read before anything is asked. Neither that, nor what a `private` form is
    filled in with, may stand where it becomes a message.
    """

    item: str
    title: str
    pages: tuple[Page, ...]
    send: str
    audience: str = ""
    notice: str = ""
    switch: str = ""
    share_label: str = ""
    reading: tuple[Line, ...] = field(default=(), repr=False)
    private: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of Home, and the card behind it."""

    line: str
    card: Card
    status: Status


@dataclass(frozen=True, slots=True)
class Home:
    """Where we are and what is next: everything in someone's inbox, whose move it is first."""

    title: str
    summary: str
    sections: tuple[tuple[str, tuple[Row, ...]], ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """One of a pair, reading: their inbox at this moment, and the words to say it in."""

    pair: Pair
    me: Person
    now: datetime
    book: Phrasebook
    items: tuple[Item, ...]
    _known: dict[int, tuple[Item | None, dict[str, object]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @staticmethod
    def of(pair: Pair, me: Person, now: datetime, book: Phrasebook) -> Reader:
        """Return one of the pair, reading now."""
        return Reader(pair, me, now, book, facilitator.inbox(pair, me, now))

    def focus(self) -> Item:
        """Return the item their card is about."""
        return facilitator.focus(self.pair, self.me, self.now, self.items)

    def words(self, item: Item) -> wording.Words:
        """Return the words of an item's prompt, in their language."""
        return self.book.of(item.prompt.key, self.me.locale)

    def say(self, piece: Piece, item: Item | None = None, **more: object) -> str:
        """Fill a piece of wording in, with what the item lets them know."""
        return piece if isinstance(piece, str) else said(piece, {**self._facts(item), **more})

    def _facts(self, item: Item | None) -> Mapping[str, object]:
        """Return what may be mentioned of an item, worked out once for all that is said of it."""
        if id(item) in self._known:
            return self._known[id(item)][1]
        context: Mapping[str, Any] = item.context if item else {}
        reminder = facilitator.reminders(self.pair, self.me, item) if item else 0
        nameless = str(self.book.general("notices", "nameless", self.me.locale))
        known = wording.facts(self.pair, self.me, context, nameless)
        about = item.thread.removeprefix(facilitator.LATER) if item else ""
        known |= {"reminder": reminder, "about": about.partition(":")[0]}
        self._known[id(item)] = item, known  # kept with it, so that no other takes its id
        return known

    def general(self, key: str, **more: object) -> str:
        """Say a notice that belongs to no prompt."""
        return self.say(self.book.general("notices", key, self.me.locale), None, **more)


_SECTIONS: Mapping[str, Callable[[Item], bool]] = {
    "home.yours": lambda item: item.status is Status.OPEN,
    "home.if_you_like": lambda item: item.status is Status.AVAILABLE and not item.prompt.aside,
    "home.theirs": lambda item: item.status is Status.WAITING,
    "home.settled": lambda item: item.status is Status.DONE,
    "home.any_time": lambda item: item.status is Status.AVAILABLE and item.prompt.aside,
}


def card(reader: Reader) -> Card | None:
    """Return what someone should be looking at; None while there is nothing to know yet."""
    item = reader.focus()
    if item.thread == "rest":
        return _resting(reader, item)
    draft = reader.pair.fold(Manners).drafts.get(reader.me.id)
    if draft and draft.item == item.key:
        return _asking(reader, item, draft)
    shown = card_of(reader, item, _lead(reader, item))
    return replace(shown, buttons=shown.buttons + _back(reader, item, shown.buttons))


def letters(book: Phrasebook, pair: Pair, contact: Person, seen: str = "") -> Card | None:
    """Return the letters that were sent to a named contact, and nothing besides.

    Those that arrived with an earlier card, as its revision tells, are not said again.
    """
    last_seen = int(seen) if seen.isdecimal() else 0
    kept = (e for e in handbook.letters(pair, contact) if getattr(e.event, "words", ""))
    sent = [entry for entry in kept if entry.no > last_seen]
    if not sent:
        return None
    words = book.of(handbook.LETTER.key, contact.locale)
    last = sent[-1]
    told = {
        "letters": [_letter(pair, entry) for entry in sent],
        "programme": pair.programme,
    }
    return Card(
        "letter",
        f"letter@{last.mark}",
        said(words.heading, told),
        said(words.preview, told),
        body=wording.lines(said(words.body, told)),
        revision=str(last.no),
    )


def _letter(pair: Pair, entry: Entry) -> dict[str, object]:
    author = pair.person(PersonId(str(entry.by)))
    words = str(getattr(entry.event, "words", "")).replace("\n", wording.BREAK)
    return {"author": author, "role": pair.role(author), "words": words}


def home(reader: Reader) -> Home:
    """Return the Home view: all items by whose move it is, each with its card behind it."""
    sections = []
    for key, belongs in _SECTIONS.items():
        rows = tuple(
            Row(reader.say(reader.words(i).line, i), card_of(reader, i), i.status)
            for i in reader.items
            if belongs(i)
        )
        if rows:
            sections.append((reader.general(key), rows))
    count = sum(item.status is Status.OPEN for item in reader.items)
    summary = reader.general("home.summary", count=count, held=meeting.diary(reader.pair).held)
    return Home(reader.general("home.title"), summary, tuple(sections))


def notice(reader: Reader, reply: Notice) -> str:
    """Say something once, in the prompt's own words or in general ones."""
    item = reply.item
    if item is not None:
        words = reader.words(item)
        if reply.key == MORE:
            return reader.say(words.more, item)
        if reply.key in words.notices:
            return reader.say(words.notices[reply.key], item)
    return reader.general(reply.key, **reply.values)


def notice_lines(text: str) -> list[tuple[str, str]]:
    """Return what a notice says as lines of their kinds, as the lines of a card are."""
    return [(line.kind, line.text) for line in wording.lines(text)]


def sheet(reader: Reader, form: Form) -> Sheet:
    """Put a form into words, page by page: what is filled in, and what is to be mended."""
    item = form.item
    event = item.prompt.form
    if event is None:
        raise ValueError(f"{item.prompt.key} has no form")
    words = reader.words(item)
    switch = next((n for n, k in questions(event).items() if isinstance(k, Shares)), "")
    asked = [_question(reader, form, name, kind) for name, kind in _asked(form, words.questions)]
    numbers = sorted({q.kind.page for q in asked})
    pages = tuple(
        Page(
            reader.say(words.pages.get(str(n), ""), item),
            tuple(q for q in asked if q.kind.page == n),
        )
        for n in numbers
    )
    told = form.notice or ("mend" if form.faults else "")
    return Sheet(
        item.key,
        reader.say(words.short or words.heading, item),
        pages,
        reader.say(words.buttons.get("send", reader.general("send")), item),
        _audience(reader, item),
        reader.general(told, typed=" ".join(form.typed.split())) if told else "",
        switch,
        reader.general("share") if switch else "",
        tuple(_record(reader)) if item.prompt is retention.DATA else (),
        item.prompt.private or item.prompt is retention.DATA,
    )


def _record(reader: Reader) -> Iterator[Line]:
    """Return everything its reader has sent in a form, as asked and as said, the newest first."""
    keys = {prompt.form: prompt.key for prompt in reversed(facilitator.PROMPTS) if prompt.form}
    known = wording.facts(reader.pair, reader.me, {}, "") | {"reminder": 0}
    zone, locale = reader.me.zone, reader.me.locale
    for at, event in reversed(tuple(retention.written(reader.pair, reader.me))):
        key = keys[type(event)]
        title = wording.said_if_known(reader.book.of(key, locale).short, known)
        yield Line("head", f"{reader.book.when('date', at, zone, locale)}: {title}")
        yield from _answered(reader, key, event, known)


def _answered(
    reader: Reader, key: str, event: Event, known: Mapping[str, object]
) -> Iterator[Line]:
    words = reader.book.of(key, reader.me.locale)
    given = answers(event, reader.me.zone)
    for name, kind in questions(type(event)).items():
        if not given[name] or isinstance(kind, Shares):
            continue
        label = wording.said_if_known(words.questions.get(name, ""), known)
        yield Line("list", label or reader.general("own_words"))
        for part in given[name]:
            yield Line("words", _told(reader, key, name, kind, part))


def _told(reader: Reader, key: str, name: str, kind: Field, part: str) -> str:
    if isinstance(kind, Choice):
        return reader.say(reader.book.option(key, name, part, kind, reader.me.locale))
    if isinstance(kind, Slot):
        zone, locale = reader.me.zone, reader.me.locale
        return reader.book.when(
            "moment", Moment.on(datetime.fromisoformat(part), zone), zone, locale
        )
    return part


def question(reader: Reader, item: Item, name: str) -> Question:
    """Return one question of an item's form, as it is asked in chat."""
    kinds = questions(item.prompt.form) if item.prompt.form else {}
    opened = facilitator.opened(reader.pair, reader.me, item, reader.now)
    return _question(reader, opened, name, kinds[name])


def _asked(form: Form, order: Iterable[str]) -> Iterator[tuple[str, Field]]:
    """Return the questions in the order of the prompt file, own words right after their choice."""
    event = form.item.prompt.form
    kinds = dict(questions(event)) if event else {}
    kinds = {name: kinds[name] for name in [*order, *kinds] if name in kinds}
    beside = {k.beside: n for n, k in kinds.items() if isinstance(k, Text) and k.beside}
    for name, kind in kinds.items():
        if isinstance(kind, Shares) or (isinstance(kind, Text) and kind.beside):
            continue
        if form.item.choices.get(name) == ():
            continue  # nothing to choose from now
        wrong = kind.once_wrong if isinstance(kind, Choice) else ""
        if wrong and wrong not in form.faults and not form.answers.get(name):
            continue
        yield name, kind
        if name in beside:
            yield beside[name], kinds[beside[name]]


def _question(reader: Reader, form: Form, name: str, kind: Field) -> Question:
    item = form.item
    event = item.prompt.form
    if event is None:
        raise ValueError(f"{item.prompt.key} has no form")
    words = reader.words(item)
    value = form.answers.get(name, ())
    if not value and isinstance(kind, Choice) and name not in form.answers:
        value = kind.preset
    if name in words.fills and name not in form.answers:
        value = (reader.say(words.fills[name], item),)
    if name in words.questions:
        label = reader.say(words.questions[name], item)
    else:
        label = reader.general("own_words")
    fault = form.faults.get(name, "")
    limit = kind.limit if isinstance(kind, Text) else 0
    return Question(
        name,
        label,
        kind,
        _options(reader, item, name, kind),
        value,
        reader.general(f"fault.{fault}", limit=limit) if fault else "",
        name not in required(event),
        _switched(form, name),
    )


def _options(reader: Reader, item: Item, name: str, kind: Field) -> tuple[tuple[str, str], ...]:
    if not isinstance(kind, Choice):
        return ()
    book, locale = reader.book, reader.me.locale
    return tuple(
        (o, reader.say(book.option(item.prompt.key, name, o, kind, locale), item))
        for o in item.choices.get(name, kind.options)
    )


def _switched(form: Form, name: str) -> bool | None:
    event = form.item.prompt.form
    for switch, kind in questions(event).items() if event else ():
        if isinstance(kind, Shares) and name in kind.lines:
            return name in form.answers.get(switch, kind.preset)
    return None


def card_of(reader: Reader, item: Item, lead: tuple[Item, ...] = ()) -> Card:
    """Put one item into words as a card, whether it is the focus or not."""
    words = reader.words(item)
    others = sum(i.status is Status.OPEN and i.key != item.key for i in reader.items)
    mine, first = item.status is Status.OPEN, item.thread == "welcome"
    return Card(
        item.thread,
        item.key,
        reader.say(words.heading, item),
        reader.say(words.preview, item),
        tuple(reader.say(reader.words(other).line, other) for other in lead),
        wording.lines(reader.say(words.body, item)),
        _audience(reader, item) if item.moves and item.status is not Status.DONE else "",
        reader.general("others", count=others) if mine and others and not first else "",
        _buttons(reader, item),
        _revision(reader, item, lead),
    )


def _resting(reader: Reader, item: Item) -> Card | None:
    """Return the card of someone with nothing to do: where things stand, and what they might do."""
    if not reader.items:
        return None
    lead = _lead(reader, item)
    shown = [i for i in reader.items if i.status is Status.WAITING and i not in lead]
    free = [i for i in reader.items if _offered(i)]
    words = reader.words(item)
    known = {"waiting": len(shown), "ready": len(free), "leads": len(lead)}
    body = wording.lines(reader.say(words.body, item, **known))
    body += tuple(Line("list", reader.say(reader.words(i).line, i)) for i in shown)
    return Card(
        "rest",
        item.key,
        reader.say(words.heading, item, **known),
        reader.say(words.preview, item),
        tuple(reader.say(reader.words(other).line, other) for other in lead),
        body,
        buttons=tuple(button for i in free for button in _first(reader, i))[:MOST],
        revision=_revision(reader, item, lead),
        resting=not lead,
    )


def _offered(item: Item) -> bool:
    return item.status is Status.AVAILABLE and bool(item.moves) and not item.prompt.aside


def _asking(reader: Reader, item: Item, draft: Draft) -> Card:
    """Return the card that asks one question of a form in the chat."""
    name = draft.asking(item)
    words = reader.words(item)
    buttons = []
    body: list[Line] = []
    if name:
        asked = question(reader, item, name)
        body.append(Line("text", asked.label))
        options = suggestions(asked)
        shown = options[:FEW] if len(options) > MANY else options
        body += [Line("text", f"{n}. {label}") for n, (_, label) in enumerate(shown, 1)]
        hint = _hint(asked.kind, more=len(options) > MANY)
        if hint:
            body.append(Line("text", reader.general(f"hint.{hint}")))
        if asked.optional:
            buttons.append(Button(item.key, "skip_question", reader.general("chat.skip")))
    if draft.enough(item):
        label = reader.say(words.buttons.get("send", reader.general("send")), item)
        buttons.insert(0, Button(item.key, "send", label))
    buttons.append(Button(item.key, ANSWER, reader.general("chat.form"), opens=True))
    buttons.append(Button(item.key, "back", reader.general("chat.stop")))
    return Card(
        item.thread,
        item.key,
        reader.say(words.heading, item),
        reader.say(words.preview, item),
        (),
        tuple(body),
        _audience(reader, item),
        "",
        tuple(buttons),
        _revision(reader, item, ()),
    )


def suggestions(asked: Question) -> tuple[tuple[str, str], ...]:
    """Return what may be answered by number: the options, what is filled in first."""
    first = [option for option in asked.options if option[0] in asked.value]
    return (*first, *(o for o in asked.options if o not in first))


def _hint(kind: Field, *, more: bool) -> str:
    if isinstance(kind, Choice) and kind.many:
        return "many"
    return "more" if more else ""


def _audience(reader: Reader, item: Item) -> str:
    """Say, on the same card, who will see the answer."""
    words, form = reader.words(item), item.prompt.form
    if words.audience:
        return reader.say(words.audience, item)
    if form is None:
        return ""
    if any(isinstance(kind, Shares) for kind in questions(form).values()):
        return reader.general("audience.lines")
    return reader.general("audience.private" if is_private(form) else "audience.pair")


def _buttons(reader: Reader, item: Item) -> tuple[Button, ...]:
    words = reader.words(item)
    found = [
        Button(item.key, move, reader.say(words.buttons[move], item), opens=move == ANSWER)
        for move in item.moves
    ]
    if words.more and len(found) < MOST:
        found.append(Button(item.key, MORE, reader.general("tell_me_more")))
    if item.status is Status.OPEN and len(found) < MOST and item.thread != "welcome":
        found.append(Button(item.key, LATER, reader.general("not_now"), opens=True))
    return tuple(found)


def _back(reader: Reader, item: Item, others: tuple[Button, ...]) -> tuple[Button, ...]:
    """Return the way back from what one turned to by oneself, where there is room for it."""
    turned = reader.pair.fold(Manners).turned.get(reader.me.id)
    here = turned is not None and item.thread == turned.thread
    if item.status is Status.OPEN or not here or len(others) >= MOST:
        return ()
    return (Button(item.key, BACK, reader.general("back")),)


def _first(reader: Reader, item: Item) -> Iterator[Button]:
    words = reader.words(item)
    for move in item.moves[:1]:
        label = reader.say(words.buttons[move], item)
        yield Button(item.key, move, label, opens=move == ANSWER)


def _lead(reader: Reader, focus: Item) -> tuple[Item, ...]:
    """Return what happened since my last move and is worth a line."""
    acted = reader.pair.fold(Manners).acted.get(reader.me.id)
    return tuple(
        item
        for item in reader.items
        if item.news
        and item.thread != focus.thread
        and item.since >= focus.since
        and _is_later(item, acted)
    )[-3:]


def _is_later(item: Item, acted: Entry | None) -> bool:
    if acted is None or item.about.no >= acted.no:
        return True
    return item.opens is not None and item.since > acted.at


def _revision(reader: Reader, item: Item, lead: tuple[Item, ...]) -> str:
    return str(facilitator.news(reader.pair, reader.me, item, lead))
