"""Adaptive Cards 1.5 as far as we use them, element by element, and stricter than the reference.

Anything else on a card is a fault: an element, a property or a value that is not written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
ANY: dict[str, Any] = {"type": "object"}
YES: dict[str, Any] = {"type": "boolean"}
STYLE = {"enum": ["default", "emphasis", "good", "attention", "warning", "accent"]}
LOOK = {
    "size": {"enum": ["Small", "Default", "Medium", "Large"]},
    "weight": {"enum": ["Bolder"]},
    "color": {"enum": ["Accent", "Attention"]},
    "isSubtle": YES,
}
PLACE = {
    "id": TEXT,
    "isVisible": YES,
    "separator": YES,
    "spacing": {"enum": ["None", "Small", "Medium", "Large"]},
}
INPUT = PLACE | {"label": TEXT, "isRequired": YES, "errorMessage": TEXT, "value": TEXT}


def _many(name: str, least: int = 1) -> dict[str, Any]:
    return {"type": "array", "minItems": least, "items": {"$ref": f"#/$defs/{name}"}}


def _one(kind: str, needed: str, **rest: object) -> dict[str, Any]:
    """Return what an element may hold; those named in `needed` it must."""
    return {
        "type": "object",
        "required": ["type", *needed.split()],
        "properties": {"type": {"const": kind}, **rest},
        "additionalProperties": False,
    }


def _any(*names: str) -> dict[str, Any]:
    """Return one of these, told apart by its type, so that a fault names what is wrong."""
    kinds = {"properties": {"type": {"enum": list(names)}}, "required": ["type"]}
    cases = [
        {"if": {"properties": {"type": {"const": n}}}, "then": {"$ref": f"#/$defs/{n}"}}
        for n in names
    ]
    return {"allOf": [kinds, *cases]}


ELEMENTS = ("TextBlock", "RichTextBlock", "Container", "ColumnSet", "ActionSet")
INPUTS = tuple(f"Input.{kind}" for kind in ("Text", "ChoiceSet", "Toggle", "Date", "Time"))
TITLE = {"title": TEXT, "style": {"enum": ["positive"]}}

SCHEMA: dict[str, Any] = {
    "$ref": "#/$defs/AdaptiveCard",
    "$defs": {
        "AdaptiveCard": _one(
            "AdaptiveCard",
            "version body",
            version={"const": "1.5"},
            body=_many("element"),
            actions=_many("action") | {"maxItems": 6},
            fallbackText=TEXT,
        ),
        "element": _any(*ELEMENTS, *INPUTS),
        "action": _any("Action.Execute", "Action.Submit"),
        "selected": _any("Action.Execute", "Action.Submit", "Action.ToggleVisibility"),
        "TextBlock": _one(
            "TextBlock",
            "text wrap",
            text=TEXT,
            wrap=YES,
            style={"const": "heading"},
            **LOOK,
            **PLACE,
        ),
        "RichTextBlock": _one("RichTextBlock", "inlines", inlines=_many("TextRun"), **PLACE),
        "TextRun": _one("TextRun", "text", text=TEXT, **LOOK),
        "Container": _one(
            "Container",
            "items",
            items=_many("element"),
            style=STYLE,
            bleed=YES,
            selectAction={"$ref": "#/$defs/selected"},
            **PLACE,
        ),
        "ColumnSet": _one("ColumnSet", "columns", columns=_many("Column"), **PLACE),
        "Column": _one(
            "Column", "items width", width={"enum": ["auto", "stretch"]}, items=_many("element")
        ),
        "ActionSet": _one(
            "ActionSet", "actions", actions=_many("action") | {"maxItems": 6}, **PLACE
        ),
        "Input.Text": _one("Input.Text", "id label", isMultiline=YES, **INPUT),
        "Input.ChoiceSet": _one(
            "Input.ChoiceSet",
            "id label choices",
            choices=_many("choice"),
            style={"enum": ["compact", "expanded"]},
            isMultiSelect=YES,
            wrap=YES,
            **INPUT,
        ),
        "choice": {
            "type": "object",
            "required": ["title", "value"],
            "properties": {"title": TEXT, "value": TEXT | {"pattern": "^[^,]*$"}},
            "additionalProperties": False,
        },
        "Input.Toggle": _one(
            "Input.Toggle",
            "id title",
            title=TEXT,
            wrap=YES,
            valueOn=TEXT,
            valueOff=TEXT,
            **INPUT,
        ),
        "Input.Date": _one(
            "Input.Date",
            "id label",
            **(INPUT | {"value": TEXT | {"pattern": r"^\d{4}-\d\d-\d\d$"}}),
        ),
        "Input.Time": _one(
            "Input.Time", "id label", **(INPUT | {"value": TEXT | {"pattern": r"^\d\d:\d\d$"}})
        ),
        "Action.Execute": _one(
            "Action.Execute",
            "title verb data fallback",
            verb=TEXT,
            data=ANY,
            fallback={"$ref": "#/$defs/Action.Submit"},
            **TITLE,
        ),
        "Action.Submit": _one("Action.Submit", "title data", data=ANY, **TITLE),
        "Action.ToggleVisibility": _one(
            "Action.ToggleVisibility",
            "title targetElements",
            targetElements={"type": "array", "items": TEXT, "minItems": 1},
            **TITLE,
        ),
    },
}
_VALIDATOR = Draft202012Validator(SCHEMA)


def faults(card: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a card: its form, names that are twice, targets that are not."""
    found = [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(card)]
    names = Counter(part["id"] for part in parts(card) if "id" in part)
    found += [f"{name} is there {count} times" for name, count in names.items() if count > 1]
    targets = {name for part in parts(card) for name in part.get("targetElements", ())}
    return found + [f"{name} is not there" for name in targets - names.keys()]


def parts(drawn: object) -> Iterator[Mapping[str, Any]]:
    """Yield every element of a card, and every action."""
    if isinstance(drawn, Mapping):
        if "type" in drawn:
            yield drawn
        for key, value in drawn.items():
            if key != "data":
                yield from parts(value)
    elif isinstance(drawn, list):
        for value in drawn:
            yield from parts(value)


def pressable(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the buttons of a card in their order, those hidden in Home as well."""
    return [action for part in parts(card) for action in part.get("actions", ())]


def words(card: object) -> list[str]:
    """Return all that a person reads on a card, in its order."""
    keys = ("text", "label", "title", "errorMessage")
    return [
        part[key]
        for part in (*parts(card),)
        for key in keys
        if isinstance(part.get(key), str) and part[key]
    ]
