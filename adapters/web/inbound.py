"""What a page posts, read as an input: tolerant of anything, and pure.

Only what cannot be read at all raises ValueError; everything else is taken as well as it can be,
because a form that is refused must come back with everything in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.inputs import Asked, Pressed, Said, Submitted

MOST_LETTERS = 20_000
MOST_PARTS = 50
MOST_ANSWERS = 200
MOST_ADDRESS = 200

Act = Pressed | Submitted | Said | Asked


@dataclass(frozen=True, slots=True)
class Posted:
    """What a page posted: whose pane it came from, which pair, its id, and the input."""

    user: str
    pair: str | None
    id: str
    input: Act


def body(raw: bytes) -> Mapping[str, object]:
    """Return the JSON object in a request's body. Raises ValueError if there is none."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(data, Mapping):
        raise ValueError("not an object")  # noqa: TRY004  # it is the value that is at fault
    return data


def posted(data: Mapping[str, object]) -> Posted:
    """Return what was posted. Raises ValueError where nobody could say what was meant."""
    user = address(data.get("user"))
    if not user:
        raise ValueError("nobody")
    return Posted(user, address(data.get("pair")) or None, address(data.get("id")), _input(data))


def address(value: object) -> str:
    """Return a name of ours that came back (a user, an item, an action), or nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return _clean(str(value))[:MOST_ADDRESS].strip()


def _input(data: Mapping[str, object]) -> Act:
    item, action = address(data.get("item")), address(data.get("action"))
    match data.get("kind"):
        case "press" if item and action:
            return Pressed(item, action)
        case "submit" if item:
            return Submitted(item, _answers(data.get("answers")))
        case "say":
            return Said(_words(data.get("text"))[:MOST_LETTERS])
        case "ask" if action:
            return Asked(action)
    raise ValueError("no such input")


def _answers(value: object) -> dict[str, tuple[str, ...]]:
    """Return the answers as a form sends them. None is cut: the form says itself what is long."""
    if not isinstance(value, Mapping):
        return {}
    pairs = list(value.items())[:MOST_ANSWERS]
    return {_clean(str(name))[:MOST_ADDRESS]: _parts(given) for name, given in pairs}


def _parts(given: object) -> tuple[str, ...]:
    if isinstance(given, list):
        parts = (_words(part) for part in given[:MOST_PARTS])
        return tuple(part for part in parts if part)
    words = _words(given)
    return (words,) if words else ()


def _words(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return _clean(str(value))


def _clean(text: str) -> str:
    """Return text that can be written down anywhere: no NUL, no half of a surrogate pair."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")
