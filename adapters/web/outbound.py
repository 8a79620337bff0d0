"""Cards, forms and Home as the page draws them: plain values for a template, and pure.

A card is kept as the JSON a message holds, and read back leniently: an older one has less in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.cards import LATER, MORE
from bot.prompts import Choice, Scale, Slot, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.calendar.calendars import Added
    from bot.cards import Card, Home, Page, Question, Sheet

MANY = 12  # options above which a choice is a list to pick from rather than chips
LONG = 80  # letters above which a field of one row is given a second

Drawn = dict[str, Any]


def written(card: Card) -> Drawn:
    """Return a card as the JSON a message keeps."""
    return {
        "thread": card.thread,
        "item": card.item,
        "digest": card.digest,
        "title": card.title,
        "preview": card.preview,
        "lead": list(card.lead),
        "body": [[line.kind, line.text] for line in card.body],
        "audience": card.audience,
        "foot": card.foot,
        "buttons": [[b.item, b.action, b.label, b.opens] for b in card.buttons],
        "resting": card.resting,
    }


def drawn(kept: object, *, live: bool = True) -> Drawn:
    """Return a kept card as a template draws it; one that is not live has nothing to press."""
    data = kept if isinstance(kept, Mapping) else {}
    body = [(str(line[0]), str(line[1])) for line in _rows(data.get("body"), 2)]
    buttons = [_button(*row) for row in _rows(data.get("buttons"), 4)]
    return {
        "item": str(data.get("item", "")),
        "digest": str(data.get("digest", "")),
        "title": str(data.get("title", "")),
        "lead": [str(line) for line in _list(data.get("lead"))],
        "blocks": blocks(body),
        "audience": str(data.get("audience", "")),
        "foot": str(data.get("foot", "")) if live else "",
        "buttons": buttons if live else [],
        "live": live,
        "resting": bool(data.get("resting")),
    }


def _button(item: object, action: object, label: object, opens: object) -> Drawn:
    """Return a button; the two that stand under every card are drawn quietly."""
    quiet = action in {MORE, LATER}
    told = {"item": str(item), "action": str(action), "label": str(label)}
    return {**told, "opens": bool(opens), "quiet": quiet}


def blocks(lines: list[tuple[str, str]]) -> list[Drawn]:
    """Return lines as blocks: those of a list that follow one another are one list."""
    found: list[Drawn] = []
    for kind, text in lines:
        if found and found[-1]["kind"] == kind == "list":
            found[-1]["rows"].append(text)
        else:
            found.append({"kind": kind, "rows": [text]})
    return found


def home(view: Home) -> Drawn:
    """Return Home as a template draws it, with the count of what is open."""
    sections = [
        {
            "title": title,
            "rows": [
                {"line": row.line, "status": row.status.name.lower(), "card": drawn(written(card))}
                for row in rows
                for card in (row.card,)
            ],
        }
        for title, rows in view.sections
    ]
    is_open = sum(row.status.name == "OPEN" for _, rows in view.sections for row in rows)
    return {"title": view.title, "summary": view.summary, "sections": sections, "open": is_open}


def calendar(added: Added | None, words: Callable[[str], str]) -> Drawn | None:
    """Return the ways to put the next meeting into one's own calendar, if there is one."""
    if added is None:
        return None
    links = [
        {"href": added.google, "label": words("add_google")},
        {"href": added.outlook, "label": words("add_outlook")},
    ]
    file = {"href": added.file, "label": words("add_file")}
    return {"title": words("add"), "file": file, "links": links}


def sheet(form: Sheet) -> Drawn:
    """Return a form as a template draws it, opened on the first page that wants mending."""
    pages = [_page(no, page) for no, page in enumerate(form.pages, 1)]
    first = next((page["no"] for page in pages if page["faulty"]), 1)
    return {
        "item": form.item,
        "title": form.title,
        "pages": pages,
        "first": first,
        "send": form.send,
        "audience": form.audience,
        "notice": form.notice,
        "switch": form.switch,
        "share_label": form.share_label,
        "reading": blocks([(line.kind, line.text) for line in form.reading]),
    }


def _page(no: int, page: Page) -> Drawn:
    """Return a page; where every line may stay empty it says so once, and not line by line."""
    questions = grouped([question(asked) for asked in page.questions])
    free = all(asked["optional"] for asked in questions)
    empty = [asked for asked in questions if asked["empty"]]
    for asked in questions:
        asked["marked"] = asked in empty and asked["optional"] and not free
    faulty = any(asked.fault for asked in page.questions)
    told = {"no": no, "title": page.title, "questions": questions, "faulty": faulty}
    return {**told, "free": free and bool(empty)}


def question(asked: Question) -> Drawn:
    """Return one question as a template draws it: which control, and what is filled in."""
    kind = asked.kind
    data: Drawn = {
        "name": asked.name,
        "label": asked.label,
        "options": [
            {"value": v, "label": text, "on": v in asked.value} for v, text in asked.options
        ],
        "value": "\n".join(asked.value),
        "fault": asked.fault,
        "optional": asked.optional,
        "empty": not asked.value,
        "shares": asked.shares,
        "beside": "",
        "own": None,
        "rows": 1,
    }
    match kind:
        case Text(limit=limit, rows=rows, beside=beside):
            long = rows > 1 or limit > LONG
            data |= {"control": "area" if long else "line", "beside": beside}
            data["rows"] = 1 if beside else max(rows, 2)
        case Choice(many=many, preset=preset):
            picked = len(asked.options) > MANY and not many
            data["control"] = "select" if picked else "many" if many else "one"
            data["clears"] = asked.optional and not preset
        case Scale(top=top):
            numbers = [str(n) for n in range(1, top + 1)]
            data["options"] = [{"value": n, "label": n, "on": n in asked.value} for n in numbers]
            data |= {"control": "scale", "clears": asked.optional}
        case Slot():
            data |= {"control": "slot", "value": next(iter(asked.value), "")[:16]}
        case _:
            data["control"] = "line"
    return data


def grouped(questions: list[Drawn]) -> list[Drawn]:
    """Return the questions, own words put under the choice they may stand in for.

    Where the own words want mending, the choice is not missing.
    """
    found: list[Drawn] = []
    for asked in questions:
        if found and asked["beside"] and found[-1]["name"] == asked["beside"]:
            found[-1]["own"] = asked
            found[-1]["fault"] = "" if asked["fault"] else found[-1]["fault"]
        else:
            found.append(asked)
    return found


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _rows(value: object, width: int) -> list[list[object]]:
    rows = (row for row in _list(value) if isinstance(row, list | tuple) and len(row) == width)
    return [list(row) for row in rows]
