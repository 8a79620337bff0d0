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
from bot.flows import meeting
from bot.flows.place import KIND
from bot.inbox import ANSWER, Item
from bot.inputs import Asked, Dated, Given, Input, Pressed, Said
from bot.prompts import Choice

if TYPE_CHECKING:
    from bot.cards import Button, Card, Reader
    from bot.dates import Reading

SHORT = 3  # letters: shorter words do not tell one kind of place from another

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
        return _dated(reader, text, plain) or Said(text)
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
    if not isinstance(asked.kind, Choice):
        return text
    options = cards.suggestions(asked)
    names = {str(n): option for n, (option, _) in enumerate(options, 1)}
    names |= {_plain(label): option for option, label in options}
    if asked.kind.many:
        joins = reader.general("hint.and")
        parts = [_plain(part) for part in text.replace(f" {joins} ", ",").split(",")]
        return ",".join(names.get(part, part) for part in parts if part)
    return names.get(_plain(text), text.strip())


def _dated(reader: Reader, text: str, plain: str) -> Input | None:
    """Read words as a date: in their language, else in English; strictly, or not at all.

    What covers one time that was offered to them, and no other, takes it. `book` and words we
    cannot read are meant as a date all the same.
    """
    me, read = reader.me, reader.book.dates.read
    readings = read(text, me.locale, me.zone, reader.now, me.country)
    readings = readings or read(text, "en", me.zone, reader.now, me.country)
    offered = _offered(reader, readings)
    if offered:
        return offered
    if readings or any(plain.startswith(f"{word} ") for word in _spoken(reader, "book")):
        place = next((reading.place for reading in readings if reading.place), "")
        return Dated(readings, _kind(reader, place), text)
    return None


def _offered(reader: Reader, readings: tuple[Reading, ...]) -> Pressed | None:
    """Return the one time offered to them on the day, and at the hour, that they named."""
    item = next((item for item in reader.items if item.prompt is meeting.REPLY), None)
    if item is None or len(readings) != 1 or readings[0].first != readings[0].last:
        return None
    offer = item.about.event
    found = [
        s for s in meeting.SLOTS if readings[0].covers(getattr(offer, s, None), reader.me.zone)
    ]
    return Pressed(item.key, found[0]) if len(found) == 1 else None


def _kind(reader: Reader, place: str) -> str:
    """Return the kind of place whose words share one with these, if exactly one does."""
    said = {word for word in _plain(place).split() if len(word) > SHORT}
    locale, option = reader.me.locale, reader.book.option
    words = {kind: option("meeting.options", "place", kind, KIND, locale) for kind in KIND.options}
    found = [kind for kind, told in words.items() if said & {*_plain(reader.say(told)).split()}]
    return found[0] if len(found) == 1 else ""


def _command(reader: Reader, plain: str) -> str:
    found = (command for command in COMMANDS if plain in _spoken(reader, command))
    return next(found, "")


def _spoken(reader: Reader, command: str) -> set[str]:
    """Return the words for a command, in their language and in English."""
    told = (
        reader.book.of("words", locale).buttons.get(command, "")
        for locale in (reader.me.locale, "en")
    )
    return {_plain(word) for words in told if isinstance(words, str) for word in words.split(",")}


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
