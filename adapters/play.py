"""Both people at one terminal: `turnabout play`. With --record, what was played becomes a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot import cards
from bot.prompts import Choice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.cards import Question, Sheet
    from tests.stage import Actor, Stage

HELP = """\
  a 2           Ada presses the second button on her card (b for Ben)
  a hello       Ada types something
  home a        what Ada sees in Home, with its buttons
  n             on to the next thing that happens
  d 3           three days later
  q             stop
"""

HEAD = '''\
"""A story that was played at the terminal. Read it, name it, and keep it."""

from __future__ import annotations

import pytest

from tests.stage import Stage


@pytest.mark.transcript("{group}")
async def test_{name}(stage: Stage) -> None:
    ada, ben = stage.actors()
    await stage.opens()
'''


@dataclass
class Player:
    """A stage, played by hand. `ask` reads a line, `show` writes one."""

    stage: Stage
    ask: Callable[[str], str]
    show: Callable[[str], None]
    told: list[str] = field(default_factory=list)
    shown: int = 0

    async def play(self) -> None:
        """Play until told to stop, or until there is nothing more to read."""
        await self.stage.opens()
        self.show(HELP)
        self.show_news()
        while True:
            try:
                line = self.ask("> ").strip()
            except EOFError:
                return
            if line in {"q", "quit"}:
                return
            await self.take(line)
            self.show_news()

    async def take(self, line: str) -> None:
        """Take one line: somebody's move, or the clock's."""
        word, _, rest = line.partition(" ")
        actors = {"a": self.stage.ada, "b": self.stage.ben}
        if word == "n":
            if self.stage.store.wake_at(self.stage.start.id) is None:
                self.show("  Nothing will happen by itself any more.")
                return
            self.told.append("await stage.next()")
            await self.stage.next()
        elif word == "d" and rest.isdigit():
            self.told.append(f"await stage.days({rest})")
            await self.stage.days(int(rest))
        elif word == "home" and rest in actors:
            self.show_home(actors[rest])
        elif word in actors and rest:
            await self.move(word, actors[word], rest)
        else:
            self.show(HELP)

    async def move(self, who: str, actor: Actor, rest: str) -> None:
        """Press the button of that number or those words; anything else is typed into the chat."""
        name = {"a": "ada", "b": "ben"}[who]
        rows = [row.card for _, rows in cards.home(actor.reader).sections for row in rows]
        live = self.stage.paper.live(actor.account)
        labels = [b.label for card in [live, *rows] if card for b in card.buttons]
        if rest.isdigit() and 0 < int(rest) <= len(labels):
            rest = labels[int(rest) - 1]
        if rest not in labels:
            self.told.append(f"await {name}.writes({rest!r})")
            await actor.writes(rest)
            return
        self.told.append(f"await {name}.presses({rest!r})")
        reply = await actor.presses(rest)
        while reply.sheet:
            answers = self.fill(reply.sheet)
            if answers is None:
                actor.sheet = None
                self.told.pop()
                return
            said = ", ".join(f"{k}={v if len(v) != 1 else v[0]!r}" for k, v in answers.items())
            self.told.append(f"await {name}.fills({said})")
            reply = await actor.fills(**answers)

    def fill(self, sheet: Sheet) -> dict[str, tuple[str, ...]] | None:
        """Ask every question of a form; an empty line leaves it as it is, `q` leaves the form."""
        self.show(f"  ═ {sheet.title} ═ {sheet.audience} (q leaves the form)")
        try:
            return self._filled(sheet)
        except EOFError:
            return None

    def _filled(self, sheet: Sheet) -> dict[str, tuple[str, ...]]:
        answers: dict[str, tuple[str, ...]] = {}
        for page in sheet.pages:
            for question in page.questions:
                given = self.ask_question(question)
                if given is not None:
                    answers[question.name] = given
        if sheet.switch:
            asked = [q for page in sheet.pages for q in page.questions if q.shares is not None]
            usual = [q.name for q in asked if q.shares]
            line = self.ask(f"  {sheet.share_label} {[q.name for q in asked]} = {usual}: ")
            if line.strip():
                answers[sheet.switch] = tuple(part.strip() for part in line.split(","))
        return answers

    def ask_question(self, question: Question) -> tuple[str, ...] | None:
        """Ask one question; return the answers, or None where it stays as it is."""
        self.show(f"  ? {question.label}" + (f"  ! {question.fault}" if question.fault else ""))
        for number, (_, label) in enumerate(question.options, 1):
            self.show(f"      {number}. {label}")
        line = self.ask(f"    [{', '.join(question.value)}] ").strip()
        if line == "q":
            raise EOFError
        if not line:
            return None
        if isinstance(question.kind, Choice):
            names = {str(n): option for n, (option, _) in enumerate(question.options, 1)}
            return tuple(names.get(part.strip(), part.strip()) for part in line.split(","))
        return (line,)

    def show_home(self, actor: Actor) -> None:
        """Show somebody's Home."""
        home = cards.home(actor.reader)
        self.show(f"  {home.title}: {home.summary}")
        for title, rows in home.sections:
            self.show(f"  {title}")
            for row in rows:
                buttons = " ".join(f"[{b.label}]" for b in row.card.buttons)
                self.show(f"    - {row.line} {buttons}")

    def show_news(self) -> None:
        """Show what has been written to the script since the last time."""
        lines = self.stage.transcript().split("\n")
        for line in lines[self.shown :]:
            self.show(line)
        self.shown = len(lines) - 1


def record(path: Path, told: list[str]) -> None:
    """Write what was played as a transcript test."""
    name = path.stem.removeprefix("test_")
    body = "".join(f"    {line}\n" for line in told)
    path.write_text(HEAD.format(group="together", name=name) + body, encoding="utf-8")
