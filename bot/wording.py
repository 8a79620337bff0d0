"""Prompt files put into words: `prompts/<locale>/<flow>/<prompt>.md` looks like the message it is.

Marks at the start of a line: `#` heading, `##` short heading for a form's window, `~` the one line
for Home, `^` a neutral preview, `@` who will see the answer, `?` a question, `*` an option of the
question above, `=` what a question is filled in with, `%` a page of the form, `>` a button, `!` a
notice, `---` what *Tell me more* adds.

All else is the message: a paragraph, `- ` a list, `| ` someone's words, `+ ` a small heading. Only
the house writes a `» ` link, to what it hands out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jinja2 import (
    DictLoader,
    StrictUndefined,
    TemplateSyntaxError,
    UndefinedError,
    meta,
    nodes,
    pass_context,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.dates import Dates
from bot.journal import Entry
from bot.moment import Moment
from bot.people import Person, Programme, Topic
from bot.privacy import visible
from bot.prompts import OWN, Choice, Shares, Text, questions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from jinja2 import Template
    from jinja2.runtime import Context as Rendering

    from bot.people import Pair
    from bot.prompts import Prompt

FIRST = "en"
BREAK = "\u2028"  # a line break inside somebody's words: it never starts a line of ours
SHORT = 24  # Slack's limit for the title of a window
KINDS = dict.fromkeys(("me", "partner", "mentor", "mentee"), Person) | {"programme": Programme}
_GIVEN = """
about agreed answered at avoided booked charters count declined did early end first goal goals
goes_on held idea informal lapsed leads letters light limit looks_back marked meetings mentees
mentors mine minutes moment moved offer outcome outside passed proposal purpose reminder role said
same score shared shown sketch source taken terms text their_form theirs to told tried typed
unmailed unplanned until version waiting which wished zone
"""
NAMES = frozenset([*KINDS, *_GIVEN.split()])  # that `facts`, a flow, a partial or a notice gives


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a message: `text`, `list`, `words` (somebody's own), `head`, or a `link`.

    What a link is called is followed by its address, which has no blank in it.
    """

    kind: str
    text: str


@dataclass(slots=True)
class Words:
    """All the words of one prompt in one locale, each a piece of text or a template."""

    heading: Piece = ""
    short: Piece = ""
    line: Piece = ""
    preview: Piece = ""
    audience: Piece = ""
    body: Piece = ""
    more: Piece = ""
    buttons: dict[str, Piece] = field(default_factory=dict)
    questions: dict[str, Piece] = field(default_factory=dict)
    options: dict[tuple[str, str], Piece] = field(default_factory=dict)
    fills: dict[str, Piece] = field(default_factory=dict)
    pages: dict[str, Piece] = field(default_factory=dict)
    notices: dict[str, Piece] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicWords:
    """A topic in words: what the reverse-mentee may open with, what the reverse-mentor may ask."""

    id: str
    title: str
    group: str
    level: int = 1
    starters: tuple[str, ...] = ()
    prompts: tuple[tuple[str, str], ...] = ()
    store: bool = True


class View:
    """What of an entry the reader may see (law 5). Anything else is an undefined name.

    One that is `private` is its author's alone, and is named in no chat (INV-8).
    """

    def __init__(self, entry: Entry, me: Person) -> None:
        """See the fields of class P1 and below, or all of one's own."""
        self._event = entry.event
        self.mine = entry.by == me.id
        self.private = not visible(type(entry.event), mine=False)
        self.at = entry.at

    def __getitem__(self, name: str) -> object:
        """Return a field. Raises KeyError for one that is not there for this reader."""
        if name not in visible(type(self._event), mine=self.mine):
            raise KeyError(name)
        value = getattr(self._event, name)
        return value.replace("\n", BREAK) if isinstance(value, str) else value


class Gapped:
    """A piece of wording with gaps to fill in. It is compiled when it is first said."""

    def __init__(self, text: str, env: ImmutableSandboxedEnvironment) -> None:
        self._text, self._env = text, env

    @cached_property
    def _compiled(self) -> Template:
        return self._env.from_string(self._text)

    def render(self, facts: Mapping[str, object]) -> str:
        """Return it, filled in. Raises jinja2.UndefinedError for what it may not know."""
        return self._compiled.render(facts)

    def faults(self) -> list[str]:
        """Return why it could not be filled in, whatever is known, in plain words."""
        try:
            self._env.from_string(self._text)  # to parse it would let an unknown filter pass
        except TemplateSyntaxError as error:
            return [str(error.message).rstrip(".")]
        tree = self._env.parse(self._text)
        strange = meta.find_undeclared_variables(tree) - NAMES - self._env.globals.keys()
        for found in tree.find_all(nodes.Getattr):
            of = found.node.name if isinstance(found.node, nodes.Name) else ""
            if of in KINDS and not hasattr(KINDS[of], found.attr):
                strange.add(f"{of}.{found.attr}")
        missing = {str(name) for name in meta.find_referenced_templates(tree)}
        missing -= set(self._env.list_templates())
        return [
            *(f"nothing is called `{name}`" for name in sorted(strange)),
            *(f"there is no file `{name}` to include" for name in sorted(missing)),
        ]


Piece = str | Gapped


class Phrasebook:
    """All prompt files, in every locale; a later locale borrows from the first what it lacks.

    `dates` reads days and hours in words.
    """

    def __init__(self, files: Mapping[str, str], dates: Dates | None = None) -> None:
        """Read the files, given by their path below `prompts/`, such as `en/topic/reply.md`."""
        self.dates = dates or Dates({})
        self.locales = sorted({path.partition("/")[0] for path in files})
        self._words: dict[tuple[str, str], Words] = {}
        self._topics: dict[str, dict[str, TopicWords]] = {}
        self._pieces: dict[str, tuple[Piece, ...]] = {}
        for locale in self.locales:
            mine = {p.partition("/")[2]: t for p, t in files.items() if p.startswith(f"{locale}/")}
            self._read(locale, mine)

    def _read(self, locale: str, files: dict[str, str]) -> None:
        partials = {path: text for path, text in files.items() if path.endswith(".txt")}
        env = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined,
            loader=DictLoader(partials),
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # what we write is text; each platform escapes its own
        )
        spoken = ("moment", "date", "time", "zone", "span")
        env.filters |= {name: self._when(locale, name) for name in spoken}
        env.globals |= {"words": self._option(locale), "topic": self._topic(locale)}
        topics: dict[str, TopicWords] = {}
        for path, text in files.items():
            if path.startswith("topics/"):
                topics |= {t.id: t for t in read_topics(text)}
            elif path.endswith(".md"):
                key = path.removesuffix(".md").replace("/", ".")
                self._words[locale, key] = read_words(text, env)
                self._pieces[f"{locale}/{path}"] = tuple(_pieces(self._words[locale, key]))
            elif path in partials:
                self._pieces[f"{locale}/{path}"] = (_piece(text, env),)
        self._topics[locale] = topics

    def of(self, key: str, locale: str) -> Words:
        """Return the words of a prompt in this locale, or in the first. Raises KeyError."""
        return self._words.get((locale, key)) or self._words[FIRST, key]

    def has(self, key: str, locale: str) -> bool:
        """Tell whether a locale has words of its own for a prompt."""
        return (locale, key) in self._words

    def faults(self) -> list[str]:
        """Return which gaps, in any file, could not be filled in, in plain words."""
        found = [
            f"prompts/{path}: {fault}."
            for path, pieces in self._pieces.items()
            for piece in pieces
            for fault in (piece.faults() if isinstance(piece, Gapped) else _unopened(piece))
        ]
        return list(dict.fromkeys(found))

    def topics(self, locale: str) -> Mapping[str, TopicWords]:
        """Return the catalogue of topics in this locale."""
        return {**self._topics.get(FIRST, {}), **self._topics.get(locale, {})}

    @cached_property
    def catalogue(self) -> Mapping[str, Topic]:
        """The topics as the flows know them: without words, the light ones first."""
        found = self._topics.get(FIRST, {}).values()
        ordered = sorted(found, key=lambda topic: topic.level)
        return {t.id: Topic(t.id, t.id.partition("-")[0], t.level, t.store) for t in ordered}

    def general(self, kind: str, key: str, locale: str) -> Piece:
        """Return a notice that belongs to no prompt: `kind` is a file, `notices` or `calendar`."""
        found = self.of(kind, locale).notices.get(key)
        return self._words[FIRST, kind].notices[key] if found is None else found

    def option(self, form_key: str, name: str, option: str, kind: Choice, locale: str) -> Piece:
        """Return the words of an option, wherever its question keeps them."""
        if kind.labels == "topics":
            topic = self.topics(locale).get(option)
            return topic.title if topic else option
        key = kind.labels or form_key
        found = self.of(key, locale).options.get((name, option))
        return self._words[FIRST, key].options[name, option] if found is None else found

    def _option(self, locale: str) -> Callable[..., str]:
        @pass_context
        def words(rendering: Rendering, key: str, entry: View, name: str) -> str:
            """Say what someone chose, or what they wrote in its place."""
            value = entry[name]
            if value == OWN:
                return str(entry[f"{name}_own"])
            if isinstance(value, tuple):
                return ", ".join(self._plain(key, name, str(v), locale, rendering) for v in value)
            return self._plain(key, name, str(value), locale, rendering) if value else ""

        return words

    def _plain(self, key: str, name: str, option: str, locale: str, rendering: Rendering) -> str:
        found = self.of(key, locale).options.get((name, option))
        piece = self._words[FIRST, key].options.get((name, option), "") if found is None else found
        return piece if isinstance(piece, str) else piece.render(rendering.get_all())

    def _topic(self, locale: str) -> Callable[[View, str], TopicWords]:
        def topic(proposal: View, which: str) -> TopicWords:
            """Return the topic a proposal names: one of the catalogue, or their own."""
            chosen = str(proposal[which])
            if chosen == OWN:
                return TopicWords(OWN, str(proposal["own"]), "")
            return self.topics(locale).get(chosen) or TopicWords(chosen, chosen, "")

        return topic

    def _when(self, locale: str, name: str) -> Callable[[Rendering, Any], str]:
        @pass_context
        def said(
            rendering: Rendering, when: datetime | Moment, zone: str = "", minutes: object = 0
        ) -> str:
            """Say it where its reader lives, or in another zone; a span lasts so many minutes."""
            lasts = timedelta(minutes=int(str(minutes)))
            return self.when(name, when, zone or str(rendering["zone"]), locale, lasts)

        return said

    def when(
        self,
        name: str,
        when: datetime | Moment,
        zone: str,
        locale: str,
        lasts: timedelta = timedelta(),
    ) -> str:
        """Say a moment as a wall clock shows it: `moment`, `date`, `time`, `span` or `zone`."""
        at = when.at if isinstance(when, Moment) else when
        here = at.astimezone(ZoneInfo(zone))

        def text(key: str) -> str:
            return str(self.general("calendar", key, locale))

        told = {
            "weekday": text("weekdays").split(", ")[here.weekday()],
            "day": here.day,
            "month": text("months").split(", ")[here.month - 1],
            "year": here.year,
            "hour": here.hour,
            "minute": f"{here.minute:02}",
            "place": zone.rpartition("/")[2].replace("_", " "),
        }
        if name == "span":
            start, end = (
                self.when("time", at + more, zone, locale) for more in (timedelta(), lasts)
            )
            told |= {"date": text("date").format(**told), "start": start, "end": end}
        return text(name).format(**told)


def said(piece: Piece, facts: Mapping[str, object]) -> str:
    """Return a piece of text, filled in. Raises jinja2.UndefinedError for what it may not know."""
    return piece if isinstance(piece, str) else piece.render(facts).strip()


def said_if_known(piece: Piece, facts: Mapping[str, object]) -> str:
    """Return a piece of text, filled in, or nothing where it would need to know more."""
    try:
        return said(piece, facts)
    except UndefinedError:
        return ""


def facts(
    pair: Pair, me: Person, context: Mapping[str, object], nameless: str
) -> dict[str, object]:
    """Return all that a piece of wording may mention: the two, the programme, and the context.

    `nameless` stands for somebody who has been erased.
    """
    mentor, mentee = (p if p.name else replace(p, name=nameless) for p in pair.people)
    told = {name: _seen(value, me) for name, value in context.items()}
    return {
        "me": me,
        "partner": mentee if me.id == mentor.id else mentor,
        "mentor": mentor,
        "mentee": mentee,
        "role": pair.role(me),
        "programme": pair.programme,
        "zone": me.zone,
        **told,
    }


def _seen(value: object, me: Person) -> object:
    """Return a fact as its reader may see it: of entries only what is theirs to see."""
    if isinstance(value, tuple):
        return tuple(_seen(part, me) for part in value)
    return View(value, me) if isinstance(value, Entry) else value


def lines(text: str) -> tuple[Line, ...]:
    """Return a message as lines of their kinds. Somebody's own words never start one."""
    kinds = {"- ": "list", "| ": "words", "+ ": "head", "» ": "link"}
    found: list[Line] = []
    for raw in text.split("\n"):
        row = raw.strip()
        if row:
            kind = kinds.get(row[:2], "text")
            kept = row if kind == "text" else row[2:]
            found.append(Line(kind, kept.replace(BREAK, "\n")))
    return tuple(found)


_SINGLE = {"#": "heading", "##": "short", "~": "line", "^": "preview", "@": "audience"}
_NAMED = {">": "buttons", "?": "questions", "=": "fills", "%": "pages", "!": "notices"}


def read_words(text: str, env: ImmutableSandboxedEnvironment) -> Words:
    """Read one prompt file. A line that is set in belongs to the one above it."""
    words = Words()
    body: list[str] = []
    more: list[str] = []
    into = body
    question = ""
    for raw in re.split(r"\n(?!  )", text):
        mark, _, rest = raw.replace("\n  ", "\n").partition(" ")
        name, _, label = rest.partition(": ")
        if mark in _SINGLE:
            setattr(words, _SINGLE[mark], _piece(rest, env))
        elif mark in _NAMED:
            getattr(words, _NAMED[mark])[name] = _piece(label, env)
            question = name if mark == "?" else question
        elif mark == "*":
            words.options[question, name] = _piece(label, env)
        elif mark == "---":
            into = more
        else:
            into.append(raw)
    words.body = _piece("\n".join(body).strip("\n"), env)
    words.more = _piece("\n".join(more).strip("\n"), env)
    return words


def _pieces(words: Words) -> Iterator[Piece]:
    """Return all that a file says, piece by piece."""
    for name in Words.__slots__:
        told = getattr(words, name)
        yield from told.values() if isinstance(told, dict) else (told,)


def _unopened(text: str) -> list[str]:
    """Return what is wrong with a text that has no gaps but looks as if it should have."""
    return ["a gap begins with `{{` or `{%`"] if "}}" in text or "%}" in text else []


def _piece(text: str, env: ImmutableSandboxedEnvironment) -> Piece:
    return Gapped(text, env) if "{{" in text or "{%" in text else text


def read_topics(text: str) -> list[TopicWords]:
    """Read a group of topics: `# group`, then `## ID (level) title`, `?` starters, `R S C D H`."""
    group = ""
    found: list[TopicWords] = []
    for raw in text.split("\n"):
        mark, _, rest = raw.strip().partition(" ")
        if mark == "#":
            group = rest
        elif mark == "##":
            found.append(_topic_heading(rest, group))
        elif mark == "?" and found:
            last = found[-1]
            found[-1] = _with(last, starters=(*last.starters, rest))
        elif mark in {"R", "S", "C", "D", "H"} and found:
            last = found[-1]
            found[-1] = _with(last, prompts=(*last.prompts, (mark, rest)))
    return found


def _topic_heading(rest: str, group: str) -> TopicWords:
    name, _, title = rest.partition(" ")
    level, _, title = title.partition(") ")
    digits = "".join(c for c in level if c.isdigit())
    return TopicWords(name, title, group, int(digits or 1), store="store: no" not in level)


def _with(topic: TopicWords, **changes: Any) -> TopicWords:  # noqa: ANN401
    return replace(topic, **changes)


def check(prompt: Prompt, words: Words, book: Phrasebook, locale: str) -> list[str]:
    """Return what is wrong with the words of a prompt, in plain words."""
    found: list[str] = []
    if not words.heading:
        found.append(f"{prompt.key} has no heading (a line that starts with `# `).")
    if not words.line:
        found.append(f"{prompt.key} has no line for Home (a line that starts with `~ `).")
    if not isinstance(words.preview, str) or not words.preview:
        found.append(f"{prompt.key} needs a neutral preview without gaps (`^ `).")
    moves = (*prompt.actions, *(("answer",) if prompt.form else ()))
    found += [
        f"The button `{m}` of {prompt.key} has no words." for m in moves if m not in words.buttons
    ]
    if prompt.form:
        if isinstance(words.short, str) and not 0 < len(words.short) <= SHORT:
            found.append(f"The short heading of {prompt.key} needs 1 to {SHORT} letters (`## `).")
        found += _unasked(prompt, words, book, locale)
    return found


def _unasked(prompt: Prompt, words: Words, book: Phrasebook, locale: str) -> list[str]:
    found: list[str] = []
    for name, kind in questions(prompt.form).items() if prompt.form else ():
        if isinstance(kind, Shares):
            continue
        own = isinstance(kind, Text) and kind.beside  # "or in your own words" says it for all
        if not own and name not in words.questions:
            found.append(f"The question `{name}` of {prompt.key} has no words.")
        if isinstance(kind, Choice):
            for option in kind.options:
                try:
                    book.option(prompt.key, name, option, kind, locale)
                except KeyError:
                    found.append(f"The option `{option}` of `{name}` in {prompt.key} has no words.")
    return found
