"""The stage: two people, a clock, and a script of all that was done and shown.

Buttons are pressed by the words on them. What was shown is compared with a transcript in
`tests/transcripts/`; `make transcripts` writes them anew, to be read before they are committed.
"""

from __future__ import annotations

import os
import textwrap
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.prompts import phrasebook
from adapters.store.memory import MemoryStore
from bot import cards, hours
from bot.flows import welcome
from bot.inputs import Asked, Incoming, Input, Pressed, Said, Submitted, Ticked
from bot.journal import PairId, PersonId
from bot.people import Account, Contact, Pair, Person, Programme
from bot.turn import Reply, Services, deliver, take_turn
from tests.paper import PaperMessenger

if TYPE_CHECKING:
    from bot.cards import Card, Sheet

BOOK = phrasebook()
TRANSCRIPTS = Path(__file__).parent / "transcripts"
MONDAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
WIDTH = 54

ADA = Person(PersonId("ada"), "Ada", "en", "Europe/London", "GB")
BEN = Person(PersonId("ben"), "Ben", "en", "Europe/Berlin", "DE")
SALT = b"the salt of tests"
PROGRAMME = Programme(
    "programme",
    "Other eyes",
    organisation="Example Works",
    purpose="Senior people see daily work through other eyes.",
    contacts=(
        Contact("Noor", "noor@example.org", person=PersonId("noor"), zone="Europe/Berlin"),
        Contact("Jonas", "jonas@example.org", stands_in=True),
    ),
    support=("Employee assistance, day and night",),
    topics=BOOK.catalogue,
)


def new_pair(ada: Person = ADA, ben: Person = BEN, at: datetime = MONDAY) -> Pair:
    """Return two people the programme has just proposed to each other."""
    pair = Pair(PairId("p1"), PROGRAMME, ada, ben, SALT)
    return pair.with_events((welcome.Proposed(),), None, at)


@dataclass
class Actor:
    """One of the two, as they act: by what they see, and only that."""

    stage: Stage
    me: Person
    sheet: Sheet | None = None
    last: Reply = field(default_factory=Reply)
    taps: int = 0
    typed: int = 0

    @property
    def account(self) -> Account:
        return Account("paper", "stage", str(self.me.id))

    @property
    def card(self) -> Card:
        """The card they are looking at."""
        card = self.stage.paper.live(self.account)
        assert card, f"{self.me.name} sees nothing yet"
        return card

    @property
    def reader(self) -> cards.Reader:
        return cards.Reader.of(self.stage.pair, self.me, self.stage.now, BOOK)

    def sees(self, words: str) -> bool:
        """Tell whether some words are anywhere on their card."""
        return words in shown(self.card)

    def labels(self) -> list[str]:
        return [button.label for button in self.card.buttons]

    async def presses(self, label: str) -> Reply:
        """Press a button of the card, or of a card in Home, by its words."""
        self.taps += 1
        self.stage.did(self, f"[{label}]")
        button = next((b for b in self.card.buttons if b.label == label), None)
        if button is None:
            rows = (r for _, rows in cards.home(self.reader).sections for r in rows)
            found = [b for row in rows for b in row.card.buttons if b.label == label]
            assert found, f"{self.me.name} sees no button {label!r}, only {self.labels()}"
            button = found[0]
        return await self.does(Pressed(button.item, button.action))

    async def fills(self, **given: str | tuple[str, ...]) -> Reply:
        """Fill in the open form, by the ids of the answers, and send it."""
        assert self.sheet, f"{self.me.name} has no form open"
        self.taps += 1 + len(given)
        answers = filled(self.sheet)
        for name, value in given.items():
            answers[name] = (value,) if isinstance(value, str) else value
        told = ", ".join(f"{name}: {' + '.join(v)}" for name, v in answers.items() if any(v))
        self.stage.did(self, f"⟨{told}⟩")
        item, self.sheet = self.sheet.item, None
        return await self.does(Submitted(item, answers))

    def offered(self, name: str) -> tuple[str, ...]:
        """Return what may be chosen for a question of the open form."""
        assert self.sheet, f"{self.me.name} has no form open"
        asked = (q for page in self.sheet.pages for q in page.questions)
        return next(tuple(o for o, _ in q.options) for q in asked if q.name == name)

    async def writes(self, text: str) -> Reply:
        """Type something into the chat."""
        self.typed += 1
        self.stage.did(self, text)
        return await self.does(Said(text))

    async def asks(self, command: str) -> Reply:
        """Use a slash command."""
        self.stage.did(self, f"/mentor {command}")
        return await self.does(Asked(command))

    async def does(self, input: Input) -> Reply:
        reply = await self.stage.take(input, self.me)
        self.last = reply
        if reply.sheet:
            self.sheet = reply.sheet
        return reply


def filled(sheet: Sheet) -> dict[str, tuple[str, ...]]:
    """Return what a form says when it is sent as it opened."""
    asked = [q for page in sheet.pages for q in page.questions]
    answers = {q.name: q.value for q in asked}
    if sheet.switch:
        answers[sheet.switch] = tuple(q.name for q in asked if q.shares)
    return answers


@dataclass
class Stage:
    """Two actors, a clock, and the script."""

    start: Pair = field(default_factory=new_pair)
    now: datetime = MONDAY
    script: list[tuple[str, list[str]]] = field(default_factory=list)
    paper: PaperMessenger = field(default_factory=PaperMessenger)
    turns: int = 0

    def __post_init__(self) -> None:
        self.began = self.now
        self.ada = Actor(self, self.start.reverse_mentor)
        self.ben = Actor(self, self.start.reverse_mentee)
        self.store = MemoryStore(topics=BOOK.catalogue)
        accounts = {actor.me.id: actor.account for actor in (self.ada, self.ben)}
        self.noor = Account("paper", "stage", "noor")
        accounts[PersonId("noor")] = self.noor
        self.store.add_pair(self.start, accounts)
        self.services = Services(self.store, BOOK, {"paper": self.paper})

    @property
    def pair(self) -> Pair:
        return self.store.pair(self.start.id)

    def actors(self) -> tuple[Actor, Actor]:
        return self.ada, self.ben

    async def take(self, input: Input, me: Person | None) -> Reply:
        """Take one turn and deliver it, writing down what each of the two was shown."""
        self.turns += 1
        incoming = Incoming(f"t{self.turns}", self.start.id, me.id if me else None, input, self.now)
        reply, planned = await take_turn(self.services, incoming)
        if me and reply.notice:
            self.tell(me, [f"  {line}" for line in wrapped(reply.notice)])
        if me and reply.sheet:
            self.tell(me, drawn_sheet(reply.sheet))
        await deliver(self.services, self.start.id, planned, self.now)
        for account, how, card in self.paper.shown:
            self.script.append((account.user, drawn(card, "~" if how == "update" else " ")))
        self.paper.shown.clear()
        return reply

    async def opens(self) -> None:
        """Let the clock look in for the first time."""
        await self.take(Ticked(), None)

    async def until(self, moment: datetime) -> None:
        """Move the clock on, stopping at everything that falls due on the way."""
        while (wake := self.store.wake_at(self.start.id)) and wake <= moment:
            self.now = max(self.now, wake)
            self.pause()
            await self.take(Ticked(), None)
        self.now = max(self.now, moment)
        self.pause()

    async def days(self, count: float) -> None:
        await self.until(self.now + timedelta(days=count))

    async def at_work(self) -> None:
        """Move the clock on to an hour at which both may be written to."""
        while not all(hours.may_write(PROGRAMME, a.me, self.now) for a in self.actors()):
            opening = max(hours.next_opening(PROGRAMME, a.me, self.now) for a in self.actors())
            await self.until(max(opening, self.now + timedelta(minutes=30)))

    async def next(self) -> None:
        """Move the clock to the next thing that happens."""
        wake = self.store.wake_at(self.start.id)
        assert wake, "nothing will ever happen"
        await self.until(wake)

    def did(self, actor: Actor, what: str) -> None:
        self.script.append((str(actor.me.id), [f"▸ {line}" for line in wrapped(what)]))

    def tell(self, me: Person, lines: list[str]) -> None:
        self.script.append((str(me.id), lines))

    def pause(self) -> None:
        day = (self.now - self.began).days
        if self.script and self.script[-1][0] == "clock":
            self.script.pop()
        self.script.append(("clock", [f" day {day}, {self.now:%a %d %b %H:%M} UTC "]))

    def transcript(self) -> str:
        """Return everything done and shown, in two columns."""
        names = (
            f"{self.ada.me.name}, reverse-mentor (the junior, who teaches)",
            f"{self.ben.me.name}, reverse-mentee (the senior, who learns)",
        )
        rows = [f"{names[0]:<{WIDTH}}│ {names[1]}", f"{'─' * WIDTH}┼{'─' * WIDTH}"]
        for who, lines in self.script:
            for line in lines:
                if who == "clock":
                    rows.append(line.center(2 * WIDTH, "·"))
                elif who == self.ada.me.id:
                    rows.append(f"{line:<{WIDTH}}│")
                elif who == self.ben.me.id:
                    rows.append(f"{'':<{WIDTH}}│ {line}")
                else:
                    rows.append(f"{'':<{WIDTH // 2}}{who}: {line}")
        return "\n".join(row.rstrip() for row in rows) + "\n"


def compare(path: Path, text: str) -> None:
    """Compare with a golden file, or write it where GOLDEN=rewrite."""
    if os.environ.get("GOLDEN") == "rewrite":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is not there yet: `make transcripts`, then read it"
    assert text == path.read_text(encoding="utf-8")


def wrapped(text: str) -> list[str]:
    return [
        line
        for part in text.split("\n")
        for line in (textwrap.wrap(part, WIDTH - 6, break_on_hyphens=False) or [""])
    ]


def shown(card: Card) -> str:
    """Return all the words on a card."""
    parts = [*card.lead, card.title, *(line.text for line in card.body), card.audience, card.foot]
    return "\n".join([*parts, *(f"[{b.label}]" for b in card.buttons)])


def drawn(card: Card, how: str) -> list[str]:
    """Draw a card as a transcript shows it."""
    marks = {"list": "- ", "words": "“ ", "head": "+ ", "text": ""}
    rows = [f"* {line}" for lead in card.lead for line in wrapped(lead)]
    rows += [card.title]
    rows += [row for line in card.body for row in wrapped(marks[line.kind] + line.text)]
    rows += [f"({line})" for line in wrapped(card.audience) if line]
    rows += [f"… {line}" for line in wrapped(card.foot) if line]
    buttons = wrapped(" ".join(f"[{b.label}]" for b in card.buttons)) if card.buttons else [""]
    return [
        f"{how}┌ {rows[0]}",
        *(f"{how}│ {row}" for row in rows[1:]),
        *(f"{how}│ {row}" for row in buttons[:-1]),
        f"{how}└ {buttons[-1]}".rstrip(),
    ]


def drawn_sheet(sheet: Sheet) -> list[str]:
    """Draw a form as a transcript shows it: its questions, what is filled in, what is at fault."""
    rows = [f"═ {sheet.title} ═"] + ([f"! {sheet.notice}"] if sheet.notice else [])
    marks = {"list": "- ", "words": "“ ", "head": "+ ", "text": ""}
    rows += [row for line in sheet.reading for row in wrapped(marks[line.kind] + line.text)]
    for page in sheet.pages:
        for q in page.questions:
            switch = {True: " [shared]", False: " [kept]", None: ""}[q.shares]
            value = f" = {' + '.join(q.value)}" if q.value else ""
            rows += wrapped(f"? {q.label}{value}{switch}")
            rows += [f"  ! {q.fault}"] if q.fault else []
    return [f"  {row}" for row in rows]
