"""A random life of a pair: two people who mostly press what is offered, and a clock that moves.

Every text they type is a canary, a word found nowhere else, so that a leak can be seen anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from bot import cards, facilitator
from bot.inbox import Decision, Form, Notice
from bot.inputs import Asked, Incoming, Input, Pressed, Said, Submitted
from bot.privacy import classes
from bot.prompts import Choice, Field, Scale, Shares, Slot, Text
from bot.turn import decide
from tests.stage import BOOK, MONDAY, new_pair

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.cards import Button, Card, Reader, Sheet
    from bot.journal import PersonId
    from bot.people import Pair, Person

PULSE = ("safe", "worried", "cost")


@dataclass
class Life:
    """One pair's life, move by move. `pulse` says what is answered to the pulse, if it is set."""

    seed: int
    pair: Pair = field(default_factory=new_pair)
    now: datetime = MONDAY
    pulse: str | None = None
    presses_only: bool = False
    typed: dict[str, tuple[PersonId, str, str]] = field(default_factory=dict)
    keys: list[tuple[Person, str, str]] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    told: list[tuple[Person | None, Input | None, datetime]] = field(default_factory=list)
    moves: int = 0

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)

    def reader(self, me: Person) -> Reader:
        return cards.Reader.of(self.pair, me, self.now, BOOK)

    def card(self, me: Person) -> Card | None:
        return cards.card(self.reader(me))

    def live(self, moves: int, check: Callable[[Life], None] = lambda life: None) -> Life:
        """Let so many things happen, checking after each."""
        for _ in range(moves):
            self.step()
            check(self)
        return self

    def step(self) -> None:
        self.moves += 1
        if self.dice.random() < 0.25:
            self.pass_time()
            return
        me = self.dice.choice(self.pair.people)
        chance = 1.0 if self.presses_only else self.dice.random()
        if chance < 0.04:
            self.act(me, Said(self.dice.choice(["help", "book", "so what?", "1", "2", "charter"])))
        elif chance < 0.07:
            self.act(me, Asked(self.dice.choice(list(facilitator.COMMANDS))))
        elif chance < 0.12 and self.keys:
            _, key, action = self.dice.choice(self.keys)
            self.act(me, Pressed(key, action))
        else:
            self.press_something(me)

    def press_something(self, me: Person) -> None:
        buttons = self.offered(me)
        if not buttons:
            return
        rare = {"decline", "later", "more", "back", "skip", "not", "cancel"}
        if self.dice.random() < 0.97:
            buttons = [b for b in buttons if b.action not in {"decline", "leave"}] or buttons
        likely = [b for b in buttons if b.action not in rare]
        button = self.dice.choice(likely if likely and self.dice.random() < 0.9 else buttons)
        self.keys.append((me, button.item, button.action))
        decision = self.act(me, Pressed(button.item, button.action))
        if isinstance(decision.reply, Form):
            sheet = cards.sheet(self.reader(me), decision.reply)
            self.act(me, Submitted(sheet.item, self.fill(me, sheet)))

    def offered(self, me: Person) -> list[Button]:
        """Return what the screen offers: mostly the card, at times Home."""
        reader = self.reader(me)
        card = cards.card(reader)
        if card and card.buttons and self.dice.random() < 0.8:
            return [*card.buttons, card.buttons[0], card.buttons[0]]
        rows = [r for _, rows in cards.home(reader).sections for r in rows]
        return [b for row in rows for b in row.card.buttons]

    def fill(self, me: Person, sheet: Sheet) -> dict[str, tuple[str, ...]]:
        answers: dict[str, tuple[str, ...]] = {}
        asked = [q for page in sheet.pages for q in page.questions]
        for q in asked:
            answers[q.name] = self.answer(me, sheet, q)
        if sheet.switch:
            lines = [q.name for q in asked if q.shares is not None]
            on = tuple(n for n in lines if self.dice.random() < 0.5)
            answers[sheet.switch] = on
            for name, given in answers.items():
                line = {"effect": "aim"}.get(name.removesuffix("_own"), name.removesuffix("_own"))
                if line not in on and name != sheet.switch:
                    self.kept |= {word for word in given if word in self.typed}
        return answers

    def answer(self, me: Person, sheet: Sheet, q: cards.Question) -> tuple[str, ...]:
        if q.name in PULSE and self.pulse is not None:
            return (self.pulse,) if self.pulse in {o for o, _ in q.options} else ()
        if q.optional and self.dice.random() < 0.3:
            return ()
        return self.say(me, sheet, q.name, q.kind, q)

    def say(
        self, me: Person, sheet: Sheet, name: str, kind: Field, q: cards.Question
    ) -> tuple[str, ...]:
        match kind:
            case Text():
                if kind.beside and self.dice.random() < 0.7:
                    return ()
                word = f"canary{len(self.typed)}x{self.seed}"
                self.typed[word] = (me.id, sheet.item.partition("@")[0], name)
                return (word,)
            case Choice(many=many):
                options = [option for option, _ in q.options]
                if many:
                    return tuple(o for o in options if self.dice.random() < 0.5)
                return (self.dice.choice(options),) if options else ()
            case Scale(top=top):
                return (str(self.dice.randint(1, top)),)
            case Slot():
                later = self.now + timedelta(days=self.dice.randint(1, 20), hours=1)
                return q.value or (later.replace(tzinfo=None).isoformat(timespec="minutes"),)
            case Shares():
                return ()

    def act(self, me: Person, input: Input) -> Decision:
        """Take one input, as the turn does."""
        self.told.append((me, input, self.now))
        incoming = Incoming("x", self.pair.id, me.id, input, self.now)
        decision = decide(self.pair, me, incoming, BOOK)
        self.pair = self.pair.with_events(decision.events, me.id, self.now)
        self.pair = self.pair.with_events(decision.by_clock, None, self.now)
        return decision

    def pass_time(self) -> None:
        """Move on to the next thing that happens, or by some hours."""
        wake = facilitator.wake_at(self.pair, self.now)
        if wake and self.dice.random() < 0.6:
            self.now = wake
        else:
            self.now += timedelta(hours=self.dice.choice([1, 5, 24, 24 * 3, 24 * 9]))
        self.tick()

    def tick(self) -> None:
        self.told.append((None, None, self.now))
        decision = facilitator.tick(self.pair, self.now)
        self.pair = self.pair.with_events(decision.by_clock, None, self.now)

    def answering(self, pulse: str) -> list[str]:
        """Live the same life again with other pulse answers; return what the senior sees of it.

        From the first pulse on, that is: until then there is nothing that could differ.
        """
        again = Life(self.seed)
        seen: list[str] = []
        felt, looked = False, (0, MONDAY)
        for me, input, now in self.told:
            again.now = now
            if me is None or input is None:
                again.tick()
            else:
                felt = felt or bool(set(PULSE) & set(getattr(input, "answers", ())))
                again.act(me, _with_pulse(input, pulse))
            if felt:
                same = looked == (len(again.pair.journal), now)
                seen.append(seen[-1] if same else again.screen(again.pair.reverse_mentee))
                looked = len(again.pair.journal), now
        return seen

    def screen(self, me: Person) -> str:
        """Return everything someone can see now: the card, Home, and every form they can open."""
        reader = self.reader(me)
        seen = [repr(cards.card(reader)), repr(cards.home(reader))]
        for item in reader.items:
            if "more" in {b.action for b in cards._buttons(reader, item)}:
                seen.append(cards.notice(reader, Notice("more", item)))
            if item.prompt.form:
                seen.append(
                    repr(
                        [
                            (q.label, q.options, q.value)
                            for page in cards.sheet(
                                reader, facilitator.opened(self.pair, me, item, self.now)
                            ).pages
                            for q in page.questions
                        ]
                    )
                )
        return "\n".join(seen)


def _with_pulse(input: Input, pulse: str) -> Input:
    if not isinstance(input, Submitted) or not set(PULSE) & set(input.answers):
        return input
    options = {"safe": "54321", "worried": ("no", "little", "yes"), "cost": ("no", "bit", "yes")}
    given = {name: (pulse,) if pulse in options[name] else () for name in PULSE}
    return Submitted(input.item, {**input.answers, **given})


def fields_shown(pair: Pair) -> dict[str, set[str]]:
    """Return every string in the journal, with the classes of the fields that hold it."""
    held: dict[str, set[str]] = {}
    for entry in pair.journal:
        for name, privacy in classes(type(entry.event)).items():
            value = getattr(entry.event, name)
            if isinstance(value, str) and "canary" in value:
                held.setdefault(value, set()).add(privacy.name)
    return held
