"""What Slack would refuse: its SDK's own checks, and those that these leave out.

A list of faults comes back, empty for what Slack takes. Lengths are counted in UTF-16.
"""

from __future__ import annotations

import json
from itertools import chain

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

TYPES = {
    "message": {"header", "section", "context", "divider", "actions", "rich_text"},
    "home": {"header", "section", "context", "divider", "actions", "rich_text"},
    "modal": {"header", "section", "context", "divider", "actions", "rich_text", "input"},
}
MOST = {"message": 50, "home": 100, "modal": 100}
TOTAL = 13_200  # of all text in a message: `msg_blocks_too_long`, nowhere documented
PLACES = {  # where plain text may stand, and how long it may be there
    ("header", "text"): 150,
    ("section", "text"): 3000,
    ("button", "text"): 75,
    ("option", "text"): 75,
    ("option", "description"): 75,
    ("input", "label"): 2000,
    ("input", "hint"): 2000,
    ("modal", "title"): 24,
    ("modal", "submit"): 24,
    ("modal", "close"): 24,
}
BOXES = {"checkboxes": 10, "radio_buttons": 10, "static_select": 100, "multi_static_select": 100}


def size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def faults_of_message(message: dict) -> list[str]:
    """Return what Slack would refuse about a message."""
    told = [] if str(message.get("text", "")).strip() else ["no fallback text"]
    told += [] if message.get("blocks") else ["no blocks"]
    told += [] if size(str(message.get("text", ""))) <= 3000 else ["fallback text too long"]
    return told + faults(message.get("blocks", []), "message")


def faults_of_view(view: dict) -> list[str]:
    """Return what Slack would refuse about a modal or Home."""
    kind = view["type"]
    told = _sdk(lambda: View(**json.loads(json.dumps(view))).validate_json())
    told += [] if size(view.get("private_metadata", "")) <= 3000 else ["metadata too long"]
    told += [] if size(view.get("callback_id", "")) <= 255 else ["callback_id too long"]
    if kind == "modal":
        told += [] if view.get("title") else ["no title"]
        inputs = any(block["type"] == "input" for block in view["blocks"])
        told += ["inputs but no submit"] if inputs and "submit" not in view else []
        told += chain.from_iterable(
            _text(("modal", part), view[part])
            for part in ("title", "submit", "close")
            if part in view
        )
    return told + faults(view["blocks"], kind)


def faults(blocks: list[dict], surface: str) -> list[str]:
    told = [] if blocks else ["no blocks"]
    told += [] if len(blocks) <= MOST[surface] else [f"{len(blocks)} blocks"]
    for block in blocks:
        told += [] if block["type"] in TYPES[surface] else [f"no {block['type']} in a {surface}"]
        told += _sdk(lambda block=block: _parsed(block))
        told += _block(block)
    for name in ("block_id", "action_id"):
        names = [found[name] for found in _all(blocks) if name in found]
        told += [f"{name} twice"] if len(names) != len(set(names)) else []
        told += [f"{name} too long" for each in names if not 0 < size(each) <= 255]
    total = sum(size(found["text"]) for found in _all(blocks) if isinstance(found.get("text"), str))
    told += [f"{total} letters"] if surface == "message" and total > TOTAL else []
    return told


def _parsed(block: dict) -> None:
    """Let the SDK check a block, and see that it knew all of it."""
    parsed = Block.parse(json.loads(json.dumps(block)))
    assert parsed is not None, "unknown block"
    parsed.validate_json()
    kept = json.loads(json.dumps(parsed.to_dict()))
    assert _shape(kept) == _shape(block), "something was dropped"


def _shape(value: object) -> object:
    """Return what matters of a block: the SDK leaves out what is false anyway."""
    if isinstance(value, dict):
        return {k: _shape(v) for k, v in value.items() if v not in (None, False, [])}
    return [_shape(v) for v in value] if isinstance(value, list) else value


def _sdk(check) -> list[str]:
    try:
        check()
    except Exception as error:  # noqa: BLE001  # whatever it is, Slack would refuse
        return [f"{type(error).__name__}: {error}"]
    return []


def _block(block: dict) -> list[str]:
    kind = block["type"]
    told = []
    for part in ("text", "label", "hint"):
        if isinstance(block.get(part), dict):
            told += _text((kind, part), block[part])
    if kind == "context":
        told += [] if 0 < len(block["elements"]) <= 10 else ["notes"]
        told += [f for each in block["elements"] for f in _text(("section", "text"), each)]
    if kind == "rich_text":
        told += _rich(block["elements"])
    if kind == "actions":
        told += [] if 0 < len(block["elements"]) <= 25 else ["actions"]
        told += [f for element in block["elements"] for f in _element(element)]
    if kind == "input":
        told += _element(block["element"])
    return told


def _rich(elements: list[dict]) -> list[str]:
    told = [] if elements else ["empty rich text"]
    for element in elements:
        if element["type"] == "text":
            told += [] if 0 < size(element["text"]) <= 3000 else ["rich text's length"]
        else:
            told += _rich(element["elements"])
    return told


def _element(element: dict) -> list[str]:
    kind, options = element["type"], element.get("options", [])
    told = [] if element.get("action_id") else ["no action_id"]
    if kind == "button":
        told += _text(("button", "text"), element["text"])
        told += [] if size(element.get("value", "")) <= 2000 else ["value too long"]
    if kind in BOXES:
        told += [] if 0 < len(options) <= BOXES[kind] else [f"{len(options)} options in {kind}"]
        values = [option["value"] for option in options]
        told += ["a value twice"] if len(set(values)) != len(values) else []
        chosen = element.get("initial_options", [])
        told += ["nothing chosen beforehand"] if "initial_options" in element and not chosen else []
        chosen += [element["initial_option"]] if "initial_option" in element else []
        told += (
            ["chosen beforehand, but no option"] if any(c not in options for c in chosen) else []
        )
        for option in options:
            told += [] if 0 < size(option["value"]) <= 150 else ["option's value"]
            for part in ("text", "description"):
                told += _text(("option", part), option[part]) if part in option else []
    if kind == "plain_text_input":
        most = element.get("max_length", 3000)
        told += [] if 0 < most <= 3000 else ["max_length"]
        told += [] if size(element.get("initial_value", "")) <= most else ["initial value too long"]
    if kind == "datetimepicker" and "initial_date_time" in element:
        told += [] if len(str(element["initial_date_time"])) == 10 else ["no moment"]
    return told


def _text(place: tuple[str, str], text: dict) -> list[str]:
    told = [] if text["type"] == "plain_text" else [f"{place} is {text['type']}"]
    return told + ([] if 0 < size(text["text"]) <= PLACES[place] else [f"{place} length"])


def _all(value: object):
    """Yield every object in a payload, however deep."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _all(each)
