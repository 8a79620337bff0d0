"""Forms as Adaptive Cards, in a dialog or in the chat, and their answers read back: pure.

The name of an input says how its answer is read: `q:` as it is, `c:` one of some, `m:` several,
`d:` and `t:` the day and the time of a moment, `s:` whether a line is shared.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.teams.elements import (
    HARD,
    SMALL,
    TARGET,
    attachment,
    box,
    columns,
    execute,
    heading,
    lines,
    plain,
    size,
    submit,
    text,
    whole,
)
from bot.prompts import Choice, Scale, Slot, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from adapters.teams.elements import Drawn
    from bot.cards import Page, Question, Sheet

    Say = Callable[[str], str]  # the platform's own words (`prompts/*/teams.md`), by their keys

NONE = "-"  # the option that stands for no answer
MANY = 9  # options above which a choice is a list to pick from
LONG = 80  # letters above which a field has room for several lines
FEW = 2  # questions that fit into a small dialog
MOST = 200
READING, LINE = 6_000, 40  # letters of what is only read, and what a line costs besides
BLANK = "blank"  # a dialog carries itself along under this name, empty and packed
MOST_BYTES = 256 * 1024  # of what was packed


def dialog(sheet: Sheet, pair: str, say: Say) -> Drawn:
    """Return a form as the window that opens for it (Teams' TaskInfo).

    Teams closes it or shows what we answer with, and gives back only what was typed. So it carries
    itself along, as far as there is room.
    """
    packed = _packed(_window(_empty(sheet), pair, say))
    drawn, carrying = (_window(sheet, pair, say, **more) for more in ({}, {BLANK: packed}))
    return carrying if size(carrying["card"]["content"]) <= TARGET else drawn


def again(data: Mapping[str, object], notice: str) -> Drawn | None:
    """Return a dialog as it was sent, all that was typed in it, with a notice on top.

    Nothing is looked up for it: there may be nowhere to look. None if it did not carry itself, or
    would be more than Teams takes.
    """
    packed = _words(data.get(BLANK))
    try:
        raw = zlib.decompressobj().decompress(b64decode(packed, validate=True), MOST_BYTES)
        drawn: Drawn = json.loads(raw)
        card = drawn["card"]["content"]
        for element in _inputs(card["body"]):
            element.pop("value", None)
            if given := _words(data.get(element["id"])):
                element["value"] = given
        card["body"].insert(0, box([text(notice)], "warning"))
        card["actions"][0]["data"][BLANK] = packed
        large = size(card) > HARD
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, zlib.error):
        return None
    return None if large else drawn


def _inputs(drawn: object) -> Iterator[Drawn]:
    if isinstance(drawn, dict) and str(drawn.get("type")).startswith("Input."):
        yield drawn
    elif isinstance(drawn, dict | list):
        for part in drawn.values() if isinstance(drawn, dict) else drawn:
            yield from _inputs(part)


def _packed(drawn: Drawn) -> str:
    told = json.dumps(drawn, ensure_ascii=False, separators=(",", ":"))
    return b64encode(zlib.compress(told.encode(), 9)).decode()


def _empty(sheet: Sheet) -> Sheet:
    pages = [
        replace(page, questions=tuple(replace(q, value=(), fault="") for q in page.questions))
        for page in sheet.pages
    ]
    return replace(sheet, pages=tuple(pages), reading=(), notice="")


def _window(sheet: Sheet, pair: str, say: Say, **more: str) -> Drawn:
    asked = sum(len(page.questions) for page in sheet.pages)
    height = "large" if asked > FEW else "medium"
    send = submit(sheet.send, _sent(sheet, pair) | more) | {"style": "positive"}
    card = attachment(whole(_read(sheet) + _asked(sheet, say), action=send))
    return {"title": sheet.title, "height": height, "width": "medium", "card": card}


def form(sheet: Sheet, pair: str, say: Say) -> Drawn:
    """Return a form as a card, for where there are no dialogs.

    A message is kept by Teams, so what a private form was filled in with stays out of it.
    """
    sheet = _blank(sheet) if sheet.private else sheet
    send = execute(sheet.send, _sent(sheet, pair)) | {"style": "positive"}
    return whole(heading(sheet.title, size="Large") + _asked(sheet, say), action=send)


def _blank(sheet: Sheet) -> Sheet:
    pages = [
        replace(page, questions=tuple(replace(q, value=_usual(q)) for q in page.questions))
        for page in sheet.pages
    ]
    return replace(sheet, pages=tuple(pages), reading=())


def _usual(question: Question) -> tuple[str, ...]:
    """Return what anybody's form would be filled in with."""
    return question.kind.preset if isinstance(question.kind, Choice) else ()


def _read(sheet: Sheet) -> list[Drawn]:
    """Return what is read before anything is asked, as much of it as a card may hold."""
    room, kept = READING, []
    for line in sheet.reading:
        room -= len(line.text) + LINE
        if room < 0:
            break
        kept.append((line.kind, line.text))
    return lines(kept)


def _sent(sheet: Sheet, pair: str) -> Drawn:
    """Return what a form sends besides its answers: whose form it is, and what was asked."""
    asked = [question.name for page in sheet.pages for question in page.questions]
    return {"pair": pair, "item": sheet.item, "asked": asked, "switch": sheet.switch}


def _asked(sheet: Sheet, say: Say) -> list[Drawn]:
    body = [box([text(sheet.notice)], "warning")] if sheet.notice else []
    for no, page in enumerate(sheet.pages):
        body.append(_page(page, sheet.share_label, say) | ({"separator": True} if no else {}))
    return body + ([text(sheet.audience, **SMALL)] if sheet.audience else [])


def _page(page: Page, share: str, say: Say) -> Drawn:
    items = heading(page.title)
    names = {question.name for question in page.questions}
    beside = {q.kind.beside: q for q in page.questions if isinstance(q.kind, Text)}
    for question in page.questions:
        if not (isinstance(question.kind, Text) and question.kind.beside in names):
            items += _question(question, beside.get(question.name), share, say)
    if any(isinstance(question.kind, Slot) for question in page.questions):
        items.append(text(say("zone"), **SMALL))
    return {"type": "Container", "items": items, "spacing": "Large"}


def _question(question: Question, own: Question | None, share: str, say: Say) -> list[Drawn]:
    """Return a question with the own words that may stand in for it, and its switch.

    Where there are own words, nothing is missing that is not chosen.
    """
    found = [_field(question, say, needed=not question.optional and own is None)]
    found += _fault("" if own and own.fault else question.fault)
    if own:
        found += [_field(own, say, needed=False), *_fault(own.fault)]
    return found + ([_switch(question, share)] if question.shares is not None else [])


def _fault(fault: str) -> list[Drawn]:
    drawn = text(fault, color="Attention", weight="Bolder")
    return [drawn | {"spacing": "Small"}] if fault else []


def _field(question: Question, say: Say, *, needed: bool) -> Drawn:
    """Return what a question is answered in, under its label."""
    label = _label(question, say, needed=needed)
    if isinstance(question.kind, Slot):
        return _moment(question, label, say)
    return _input(question, say) | label


def _label(question: Question, say: Say, *, needed: bool) -> Drawn:
    label: Drawn = {"label": question.label}
    return label | ({"isRequired": True, "errorMessage": say("missing")} if needed else {})


def _input(question: Question, say: Say) -> Drawn:
    """Return the input a question is answered in."""
    match question.kind:
        case Text(limit=limit, rows=rows, beside=beside):
            several = (rows > 1 or limit > LONG) and not beside
            drawn = _named("Text", "q", question.name, "\n".join(question.value))
            return drawn | {"isMultiline": several}
        case Choice(many=True):
            drawn = _named("ChoiceSet", "m", question.name, ",".join(question.value))
            return drawn | {"isMultiSelect": True} | _choices(question.options)
        case Choice() if len(question.options) == 1:
            return _tick(question)
        case Choice(preset=preset):
            return _one(question, question.options, say, clears=question.optional and not preset)
        case Scale(top=top):
            numbers = tuple((str(n), str(n)) for n in range(1, top + 1))
            return _one(question, numbers, say, clears=question.optional)
    return _named("Text", "q", question.name, "\n".join(question.value))


def _tick(question: Question) -> Drawn:
    """Return a choice with one option, which is ticked or not."""
    ((option, label),) = question.options
    value = option if option in question.value else NONE
    drawn = _named("Toggle", "c", question.name, value)
    return drawn | {"title": plain(label), "valueOn": option, "valueOff": NONE, "wrap": True}


def _named(kind: str, mark: str, name: str, value: str) -> Drawn:
    drawn = {"type": f"Input.{kind}", "id": f"{mark}:{name}"}
    return drawn | ({"value": value} if value else {})


def _one(
    question: Question, options: tuple[tuple[str, str], ...], say: Say, *, clears: bool
) -> Drawn:
    """Return a choice of one. What was chosen can be taken back only by choosing to say nothing."""
    drawn = _named("ChoiceSet", "c", question.name, "".join(question.value[:1]))
    long = len(options) > MANY or isinstance(question.kind, Scale)
    if clears:
        options += ((NONE, say("none")),)
    return drawn | _choices(options) | {"style": "compact" if long else "expanded"}


def _choices(options: Iterable[tuple[str, str]]) -> Drawn:
    choices = [{"title": plain(label), "value": option} for option, label in options]
    return {"choices": choices, "style": "expanded", "wrap": True}


def _moment(question: Question, label: Drawn, say: Say) -> Drawn:
    """Return the two inputs of a day and a time, side by side."""
    day, _, time = "".join(question.value[:1]).partition("T")
    hour = _named("Time", "t", question.name, time[:5]) | label | {"label": say("time")}
    return columns(("stretch", _named("Date", "d", question.name, day) | label), ("stretch", hour))


def _switch(question: Question, label: str) -> Drawn:
    drawn = _named("Toggle", "s", question.name, "true" if question.shares else "false")
    return drawn | {"title": plain(label), "wrap": True, "spacing": "Small"}


# Read back


def answers(data: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Return the answers in what a form sent, whatever it sent. What was left empty is empty."""
    asked = data.get("asked")
    names = [name for name in asked if isinstance(name, str)] if isinstance(asked, list) else []
    found = {name: _answer(data, name) for name in names[:MOST]}
    switch = _words(data.get("switch"))
    if switch:
        found[switch] = tuple(n for n in names[:MOST] if _words(data.get(f"s:{n}")) == "true")
    return found


def _answer(data: Mapping[str, object], name: str) -> tuple[str, ...]:
    several = _words(data.get(f"m:{name}")).split(",")
    day, time = _words(data.get(f"d:{name}")), _words(data.get(f"t:{name}"))
    moment = f"{day}T{time}" if day or time else ""  # half of one is a fault, and not midnight
    chosen = _words(data.get(f"c:{name}"))
    one = "" if chosen == NONE else chosen
    return tuple(filter(None, (_words(data.get(f"q:{name}")), one, *several[:MOST], moment)))


def _words(value: object) -> str:
    """Return text that can be written down anywhere: no NUL, no half of a surrogate pair."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        return ""
    whole = str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")
