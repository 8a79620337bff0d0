"""Forms as modals, there and back: drawn as a view, and read from what a view was sent with.

A question's block is named after it, so that a fault is shown beside the field it is about. Below a
line that may be shared stands its own switch. What a view carries along says which form it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from adapters.slack import limits
from adapters.slack.limits import clip, halves, size
from adapters.slack.outbound import Block, header, notes, plain, rich, said
from bot.moment import Moment
from bot.prompts import Choice, Scale, Slot, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cards import Page, Question, Sheet

FORM = "form"
SHARES = "shares:"
LONG = 80  # letters above which a field is given several rows
MOST_ANSWERS = 200


@dataclass(frozen=True, slots=True)
class Carried:
    """What a modal carries along: whose form it is, which answer holds the switches, whose clock.

    The zone only says how the sender's own times are read; it is no one else's matter.
    """

    pair: str = ""
    item: str = ""
    switch: str = ""
    zone: str = "UTC"

    def written(self) -> str:
        """Return it as a view's metadata."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def read(text: object) -> Carried:
        """Return what a view carried; what cannot be read is nothing."""
        try:
            found = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, Mapping):
            return Carried()
        return Carried(**{name: str(found.get(name, "")) for name in Carried.__slots__})


def modal(sheet: Sheet, pair: str, zone: str, close: str) -> Block:
    """Return a form as a view, its times on the clock of this zone."""
    drawn = said(sheet.notice) + ([notes([sheet.audience])] if sheet.audience else [])
    drawn += rich([(line.kind, line.text) for line in sheet.reading])
    for no, page in enumerate(sheet.pages):
        drawn += _page(page, sheet, zone, divided=no > 0)
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": plain(sheet.title, limits.TITLE),
        "submit": plain(sheet.send, limits.TITLE),
        "close": plain(close, limits.TITLE),
        "private_metadata": Carried(pair, sheet.item, sheet.switch, zone).written(),
        "blocks": drawn[: limits.VIEW],
    }


def leaflet(title: str, notice: str, close: str) -> Block:
    """Return a notice as a view with nothing to send."""
    return {
        "type": "modal",
        "title": plain(title, limits.TITLE),
        "close": plain(close, limits.TITLE),
        "blocks": said(notice),
    }


def faults(sheet: Sheet) -> dict[str, str]:
    """Return what is to be mended, by the block it stands beside."""
    return {q.name: q.fault for page in sheet.pages for q in page.questions if q.fault}


def first_field(view: Mapping[str, Any]) -> str:
    """Return the name of the first field of a view that was sent, or nothing."""
    found = view.get("blocks")
    drawn = found if isinstance(found, list) else []
    inputs = (b for b in drawn if isinstance(b, Mapping) and b.get("type") == "input")
    return str(next(inputs, {}).get("block_id", ""))


def _page(page: Page, sheet: Sheet, zone: str, *, divided: bool) -> list[Block]:
    found: list[Block] = [{"type": "divider"}] if divided else []
    if page.title:
        found.append(header(page.title))
    own = {q.kind.beside: q.name for q in page.questions if isinstance(q.kind, Text)}
    switches = {own.get(q.name, q.name): q for q in page.questions if q.shares is not None}
    for asked in page.questions:
        found += _question(asked, zone, optional=asked.optional or asked.name in own)
        if asked.name in switches:  # below one's own words, which belong to the line
            found.append(_switch(switches[asked.name], sheet.share_label))
    return found


def _question(asked: Question, zone: str, *, optional: bool) -> Iterator[Block]:
    element = _element(asked, zone)
    if element:
        hint = {"hint": plain(asked.fault, limits.LABEL)} if asked.fault else {}
        yield {
            "type": "input",
            "block_id": asked.name,
            "label": plain(asked.label, limits.LABEL),
            "element": {"action_id": asked.name, **element},
            "optional": optional,
            **hint,
        }


def _element(asked: Question, zone: str) -> Block | None:
    match asked.kind:
        case Text(limit=limit, rows=rows):
            return _text("\n".join(asked.value), limit, long=rows > 1 or limit > LONG)
        case Choice(many=many):
            options = [_option(value, label) for value, label in asked.options[: limits.OPTIONS]]
            return _choice(options, asked, many=many) if options else None
        case Scale(top=top):
            numbers = [_option(str(n), str(n)) for n in range(1, top + 1)]
            return _choice(numbers, asked, many=False)
        case Slot():
            start = _epoch(asked.value, zone)
            return {"type": "datetimepicker", **({"initial_date_time": start} if start else {})}
    return None


def _text(value: str, limit: int, *, long: bool) -> Block:
    """Return a field for words. What is too long already stays, to be made shorter."""
    most = min(max(limit, size(value)), limits.TEXT)
    start = {"initial_value": clip(value, most)} if value else {}
    return {"type": "plain_text_input", "multiline": long, "max_length": most, **start}


def _choice(options: list[Block], asked: Question, *, many: bool) -> Block:
    """Return a field to choose in; what is the only choice is ticked.

    A radio button cannot be let go again, so whoever need not answer has a list instead, unless
    what is chosen already is too long for one.
    """
    chosen = [option for option in options if option["value"] in asked.value]
    few = len(options) <= limits.BOXES
    if many or len(options) == 1:
        kind = "checkboxes" if few else "multi_static_select"
        return {"type": kind, "options": options, **({"initial_options": chosen} if chosen else {})}
    start = {"initial_option": chosen[0]} if chosen else {}
    held = not asked.optional or (chosen and any("description" in each for each in options))
    kind = "radio_buttons" if few and held else "static_select"
    return {"type": kind, "options": options, **start}


def _option(value: str, label: str) -> Block:
    """Return an option; what is too long for its name goes on below it."""
    name, rest = halves(label, limits.OPTION)
    if not rest:
        return {"text": plain(name, limits.OPTION), "value": value}
    name, rest = halves(label, limits.OPTION - 2)
    more = {"description": plain(rest, limits.OPTION)}
    return {"text": plain(f"{name} …", limits.OPTION), "value": value, **more}


def _switch(asked: Question, label: str) -> Block:
    option = _option(asked.name, label)
    start = {"initial_options": [option]} if asked.shares else {}
    name = SHARES + asked.name
    element = {"type": "checkboxes", "action_id": name, "options": [option], **start}
    return {"type": "actions", "block_id": name, "elements": [element]}


def _epoch(value: tuple[str, ...], zone: str) -> int:
    """Return a local time as Slack keeps it, or nothing for one that is none."""
    try:
        return int(Moment.on(datetime.fromisoformat(value[0][:16]), zone).at.timestamp())
    except (ValueError, IndexError, OverflowError):
        return 0


def answers(view: Mapping[str, Any], carried: Carried) -> dict[str, tuple[str, ...]]:
    """Return the answers a view was sent with; nothing in it is taken on trust."""
    found: dict[str, tuple[str, ...]] = {carried.switch: ()} if carried.switch else {}
    for block, element in _sent(view):
        given = _given(element, carried.zone)
        if not block.startswith(SHARES):
            found[block] = given
        elif carried.switch:
            found[carried.switch] += given
    return found


def _sent(view: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what each block of a view holds, by the block's name."""
    values = _mapping(_mapping(view.get("state")).get("values"))
    for block, elements in list(values.items())[:MOST_ANSWERS]:
        held = next(iter(_mapping(elements).values()), None)
        if isinstance(held, Mapping):
            yield clean(block), held


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _given(element: Mapping[str, Any], zone: str) -> tuple[str, ...]:
    moment = element.get("selected_date_time")
    if isinstance(moment, int):
        return _wall(moment, zone)
    one, many = element.get("selected_option"), element.get("selected_options")
    chosen = many if isinstance(many, list) else [one]
    values = [option.get("value") for option in chosen if isinstance(option, Mapping)]
    values += [element.get("value")]
    return tuple(clean(value) for value in values if isinstance(value, str) and value)


def _wall(moment: int, zone: str) -> tuple[str, ...]:
    try:
        local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError, OSError, LookupError):
        return ()
    return (local.replace(tzinfo=None).isoformat(timespec="minutes"),)


def clean(text: str) -> str:
    """Return text that can be written down anywhere: no NUL, no half of a surrogate pair."""
    if text.isprintable():
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")
