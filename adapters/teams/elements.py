"""What Adaptive Cards 1.5 are made of, as far as we need it: plain values, and pure.

Everything people wrote stands in text runs, which know no markup; `plain` sees to the few places
that do.
"""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTENT = "application/vnd.microsoft.card.adaptive"
TARGET = 28_000  # bytes that a card should not exceed, as Teams counts them
HARD = 40_000  # bytes in UTF-16, above which an activity is not even tried
JOINER = "\u2060"  # a character without width
ROW, FRAME = 39, 6  # letters that fit side by side in buttons, and what a frame takes of them
MARKUP = frozenset("*_[]()<>#\\`~!|{}&$")
SMALL = {"size": "Small", "isSubtle": True}

Drawn = dict[str, Any]


def whole(body: list[Drawn], fallback: str = "", action: Drawn | None = None) -> Drawn:
    """Return an Adaptive Card; `fallback` is what a client says that cannot draw it."""
    drawn: Drawn = {"type": "AdaptiveCard", "version": "1.5", "body": body}
    drawn |= {"actions": [action]} if action else {}
    return drawn | ({"fallbackText": fallback} if fallback else {})


def attachment(drawn: Drawn) -> Drawn:
    """Return an Adaptive Card as messages and dialogs hold it."""
    return {"contentType": CONTENT, "content": drawn}


def size(drawn: Drawn) -> int:
    """Return how large something is, in bytes, as Teams counts them."""
    return len(dumps(drawn, ensure_ascii=False, separators=(",", ":")).encode("utf-16-le"))


# Words


def plain(words: str) -> str:
    """Return words that stay words: no date function, no link, no mention, no template."""
    for mark in ("{{", "${", "]("):
        words = words.replace(mark, JOINER.join(mark))
    return words.replace("<", f"<{JOINER}")


def text(words: str, **look: object) -> Drawn:
    """Return words in an element that takes them as they are."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": plain(words), **look}]}


def heading(words: str, **look: object) -> list[Drawn]:
    """Return a heading, if there are words for one, that a screen reader may jump to.

    That element knows markup: words that might be taken for it stand in the other one.
    """
    if not words:
        return []
    if MARKUP & set(words):
        return [text(words, weight="Bolder", **look)]
    block = {"type": "TextBlock", "text": words, "style": "heading", "wrap": True}
    return [block | {"weight": "Bolder", "size": "Default", **look}]


def box(items: list[Drawn], style: str = "emphasis") -> Drawn:
    """Return a box: what stands in it is set off from the facilitator's own voice."""
    return {"type": "Container", "style": style, "items": items}


def columns(*parts: tuple[str, Drawn]) -> Drawn:
    """Return elements side by side, each with its width."""
    drawn = [{"type": "Column", "width": width, "items": [part]} for width, part in parts]
    return {"type": "ColumnSet", "columns": drawn}


def lines(said: Iterable[tuple[str, str]]) -> list[Drawn]:
    """Return lines of their kinds: text, a list, somebody's own words, a small heading."""
    found: list[Drawn] = []
    before = ""
    for kind, words in said:
        near = {"spacing": "Small"} if kind == before == "list" else {}
        found += [part | near for part in _line(kind, words)]
        before = kind
    return found


def _line(kind: str, words: str) -> list[Drawn]:
    match kind:
        case "head":
            return heading(words)
        case "words":
            return [box([text(part) for part in words.split("\n") if part])]
        case "link":
            name, _, url = words.rpartition(" ")
            go = {"type": "Action.OpenUrl", "title": name, "url": url}
            return [{"type": "ActionSet", "actions": [go], "spacing": "Small"}]
        case "list":
            return [columns(("auto", text("•")), ("stretch", text(words)))]
    return [text(words)]


# What can be pressed


def execute(title: str, data: Drawn) -> Drawn:
    """Return an action that changes the card in place, and for older clients one that does not."""
    drawn = {
        "type": "Action.Execute",
        "title": title,
        "data": data,
        "fallback": submit(title, data),
    }
    return drawn | {"verb": data.get("action", "send")}


def rows(actions: Iterable[Drawn]) -> list[Drawn]:
    """Return buttons in rows that fit on a phone: there, what stands beside them is cut off."""
    found: list[list[Drawn]] = []
    room = 0
    for action in actions:
        wide = len(action["title"]) + FRAME
        if wide > room or not found:
            found.append([])
            room = ROW
        found[-1].append(action)
        room -= wide
    sets = [{"type": "ActionSet", "actions": row, "spacing": "Small"} for row in found]
    return [part | ({} if no else {"spacing": "Medium"}) for no, part in enumerate(sets)]


def submit(title: str, data: Drawn) -> Drawn:
    """Return an action that sends what it holds, with what was filled in."""
    return {"type": "Action.Submit", "title": title, "data": data}
