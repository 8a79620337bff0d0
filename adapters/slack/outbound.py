"""Cards, notices and Home as blocks: plain values, and pure.

What people typed stands only in `rich_text` and `plain_text`, which Slack takes letter by letter:
there is no mark-up to inject, and so nothing to escape.
"""

from __future__ import annotations

from hashlib import blake2s
from itertools import groupby
from typing import TYPE_CHECKING, Any

from adapters.slack import limits
from adapters.slack.address import Address
from adapters.slack.limits import clip, size
from bot.cards import notice_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.cards import Button, Card, Home, Row

Block = dict[str, Any]
_PARTS = {"list": "list", "words": "quote", "link": "link"}
_STYLES = {"head": "bold", "under": "italic"}
_UNDER = {"head": "under"}  # in Home, a heading of a card stands below the row's own
TOLD = frozenset({"OPEN", "DONE"})  # rows of Home that show what their card says
ASKED = "OPEN"  # rows that say who will see the answer
READ = TOLD | {"AVAILABLE"}  # those that do so where there is nothing to press for it


def plain(text: str, most: int) -> Block:
    """Return text that is shown as it is."""
    return {"type": "plain_text", "text": clip(text, most) or " ", "emoji": False}


def message(card: Card, pair: str) -> Block:
    """Return a card as a message. A notification shows only the preview, which tells nothing."""
    return {"text": clip(card.preview, limits.TEXT), "blocks": blocks(card, pair)}


def blocks(card: Card, pair: str) -> list[Block]:
    """Return a card as blocks."""
    found = [notes(card.lead)] if card.lead else []
    found += [header(card.title)]
    found += rich([(line.kind, line.text) for line in card.body])
    found += [notes([card.audience])] if card.audience else []
    found += presses(card.buttons, pair)
    found += [notes([card.foot])] if card.foot else []
    return found


def retired(drawn: Iterable[Block]) -> list[Block]:
    """Return a message's blocks with nothing left to press."""
    return [block for block in drawn if block.get("type") != "actions"]


def said(notice: str) -> list[Block]:
    """Return a notice as blocks."""
    return rich(notice_lines(notice))


def offer(notice: str, label: str, address: Address) -> list[Block]:
    """Return a notice with one button under it."""
    return [*said(notice), {"type": "actions", "elements": [_button(label, address, 0)]}]


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": plain(text, limits.HEADER)}


def notes(texts: Sequence[str]) -> Block:
    """Return lines in small print, each on its own: elements would stand side by side."""
    lines = "\n".join(clip(text, limits.NOTE) for text in texts[: limits.NOTES])
    return {"type": "context", "elements": [plain(lines, limits.TEXT)]}


def rich(lines: Sequence[tuple[str, str]]) -> list[Block]:
    """Return lines of their kinds as one block: those of a kind that follow one another are one."""
    elements = [
        element
        for kind, group in groupby(_fitting(lines), lambda line: _PARTS.get(line[0], "prose"))
        for element in _part(kind, list(group))
    ]
    return [{"type": "rich_text", "elements": elements}] if elements else []


def _fitting(lines: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    room = limits.TOTAL
    for kind, text in lines:
        cut = clip(text, min(limits.TEXT - 1, room)) if room else ""
        room -= size(cut)
        if cut:
            yield kind, cut


def _part(kind: str, lines: Sequence[tuple[str, str]]) -> list[Block]:
    if kind == "quote":
        return [_section([line], "rich_text_quote") for line in lines]
    if kind == "list":
        items = [_section([line]) for line in lines]
        return [{"type": "rich_text_list", "style": "bullet", "elements": items}]
    if kind == "link":
        return [
            {"type": "rich_text_list", "style": "bullet", "elements": [_link(t) for _, t in lines]}
        ]
    return [_section(lines)]


def _link(text: str) -> Block:
    name, _, url = text.rpartition(" ")
    link = {"type": "link", "url": url, "text": name}
    return {"type": "rich_text_section", "elements": [link]}


def _section(lines: Sequence[tuple[str, str]], kind: str = "rich_text_section") -> Block:
    """Return lines as one section. Where two would stand side by side, a break keeps them apart."""
    *before, (last, text) = lines
    texts = [*((how, f"{line}\n") for how, line in before), (last, text)]
    return {"type": kind, "elements": [_text(how, line) for how, line in texts]}


def _text(how: str, text: str) -> Block:
    style = _STYLES.get(how)
    return {"type": "text", "text": text, **({"style": {style: True}} if style else {})}


def presses(buttons: Sequence[Button], pair: str, start: int = 0) -> list[Block]:
    """Return buttons as a block; their names count from `start`, so that each is the only one."""
    elements = [
        _button(button.label, Address(pair, button.item, button.action), no)
        for no, button in enumerate(buttons[: limits.ELEMENTS], start)
    ]
    return [{"type": "actions", "elements": elements}] if elements else []


def _button(label: str, address: Address, no: int) -> Block:
    return {
        "type": "button",
        "action_id": f"press:{no}",
        "text": plain(label, limits.BUTTON),
        "value": address.written(),
    }


def home(homes: Sequence[tuple[str, Home]]) -> Block:
    """Return Home as a view: all of someone's pairs, one under the other.

    If it is too long, what the cards say goes first, but for who will see the answer: it can all be
    opened in the chat.
    """
    drawn = _home(homes, TOLD)
    if len(drawn) > limits.VIEW:
        drawn = _home(homes, frozenset())
    return view(drawn[: limits.VIEW])


def view(drawn: list[Block]) -> Block:
    """Return blocks as a Home view that carries a short name for how it looks."""
    look = blake2s(repr(drawn).encode(), digest_size=8).hexdigest()
    return {"type": "home", "blocks": drawn, "private_metadata": look}


def _home(homes: Sequence[tuple[str, Home]], told: frozenset[str]) -> list[Block]:
    found: list[Block] = []
    for pair, each in homes:
        found += [header(each.title), {"type": "section", "text": plain(each.summary, limits.TEXT)}]
        for title, rows in each.sections:
            found += [{"type": "divider"}, header(title)]
            for row in rows:
                found += _row(row, pair, len(found) * limits.ELEMENTS, told)
    return found


def _row(row: Row, pair: str, start: int, told: frozenset[str]) -> list[Block]:
    known = told if row.card.buttons else told and READ
    body = row.card.body if row.status.name in known else ()
    lines = ((_UNDER.get(line.kind, line.kind), line.text) for line in body)
    return [
        *rich([("head", row.line), *lines]),
        *([notes([row.card.audience])] if row.status.name == ASKED and row.card.audience else ()),
        *presses(row.card.buttons, pair, start),
    ]
