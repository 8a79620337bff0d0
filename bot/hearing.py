"""Typed words, and what they stand for: a command, a button, or the answer to what was asked.

By design narrow: the words on the buttons, the commands, a number, the next answer of a form that
is being asked. No model guesses, and what is not understood is not kept.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from bot import cards
from bot.etiquette import Draft, Manners
from bot.facilitator import COMMANDS
from bot.inbox import ANSWER, Item
from bot.inputs import Asked, Given, Input, Pressed, Said
from bot.prompts import Choice, Slot

if TYPE_CHECKING:
    from bot.cards import Button, Card, Reader


# What is heard even while a form is being asked: the way out, and the way to help.
ALWAYS = frozenset({"back", "help", "leave", "pause", "quiet", "contact"})


def hear(reader: Reader, text: str) -> Input:
    """Return what typed words amount to; the words themselves where they amount to nothing."""
    plain = _plain(text)
    card = cards.card(reader)
    item = reader.focus()
    draft = reader.pair.fold(Manners).drafts.get(reader.me.id)
    if draft and draft.item == item.key:
        return _answer(reader, item, draft, text, card)
    command = _command(reader, plain)
    if command:
        return Asked(command)
    button = _button(card, plain) if card else None
    if button is None:
        button = _button_of_others(reader, plain)
    if button is None:
        return Said(text)
    return Pressed(button.item, "begin" if button.action == ANSWER else button.action)


def _answer(reader: Reader, item: Item, draft: Draft, text: str, card: Card | None) -> Input:
    plain = _plain(text)
    button = _button(card, plain, numbers=False) if card else None
    if button and button.action != "skip_question":
        return Pressed(button.item, button.action)
    if _command(reader, plain) in ALWAYS:
        return Asked(_command(reader, plain))
    name = draft.asking(item)
    if name is None:
        return Said(text)
    if button:
        return Given(name, "")
    return Given(name, _read(reader, cards.question(reader, item, name), text))


def _read(reader: Reader, asked: cards.Question, text: str) -> str:
    """Read an answer as tolerantly as is safe: a number, an option's words, or any words."""
    if not isinstance(asked.kind, Choice | Slot):
        return text
    options = cards.suggestions(reader, asked)
    names = {str(n): option for n, (option, _) in enumerate(options, 1)}
    names |= {_plain(label): option for option, label in options}
    if isinstance(asked.kind, Choice) and asked.kind.many:
        joins = reader.general("hint.and")
        parts = [_plain(part) for part in text.replace(f" {joins} ", ",").split(",")]
        return ",".join(names.get(part, part) for part in parts if part)
    return names.get(_plain(text), text.strip())


def _command(reader: Reader, plain: str) -> str:
    for command in COMMANDS:
        for locale in (reader.me.locale, "en"):
            spoken = reader.book.of("words", locale).buttons.get(command, "")
            if isinstance(spoken, str) and plain in {_plain(w) for w in spoken.split(",")}:
                return command
    return ""


def _button(card: Card, plain: str, *, numbers: bool = True) -> Button | None:
    for n, button in enumerate(card.buttons, 1):
        if _plain(button.label) == plain or (numbers and plain == str(n)):
            return button
    return None


def _button_of_others(reader: Reader, plain: str) -> Button | None:
    rows = (row for _, rows in cards.home(reader).sections for row in rows)
    return next((b for row in rows if (b := _button(row.card, plain, numbers=False))), None)


def _plain(text: str) -> str:
    """Return words as they compare: without case, accents kept, punctuation and spacing gone."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(c if c.isalnum() or unicodedata.category(c) == "Mn" else " " for c in folded)
    return " ".join(kept.split())
