"""Cards, notices and Home as Adaptive Cards: plain values for the wire, and pure.

What a button carries is an address (pair, item, action) and never a permission. Where there are no
dialogs, a form takes the place of the card whose button opens it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.teams.elements import (
    SMALL,
    TARGET,
    attachment,
    box,
    execute,
    heading,
    lines,
    rows,
    size,
    submit,
    text,
    whole,
)
from bot.cards import LATER, MORE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.teams.elements import Drawn
    from bot.cards import Button, Card, Home, Row

HOME, OPEN = "home", "open"  # pressed without an item, it asks for Home
MANY = 3  # answers of which none is drawn as the one to press
ROOM = 4_000  # bytes that headings and the frame may take
DIALOG = {"msteams": {"type": "task/fetch"}}


def message(look: Card, pair: str, *, live: bool = True, dialogs: bool = True) -> Drawn:
    """Return the activity that shows a card. What stands in a notification is neutral (INV-8)."""
    return told(card(look, pair, live=live, dialogs=dialogs), look.preview)


def told(drawn: Drawn, summary: str) -> Drawn:
    """Return the activity that shows an Adaptive Card, announced in these words."""
    return {"type": "message", "summary": summary, "attachments": [attachment(drawn)]}


def card(look: Card, pair: str, *, live: bool = True, dialogs: bool = True) -> Drawn:
    """Return a card; one that is not live has nothing to press."""
    body = [*_lead(look.lead), *heading(look.title, size="Large"), *_inside(look)]
    if live:
        body += rows(_actions(look, pair, dialogs=dialogs))
    if live and look.foot:
        body.append(_foot(look.foot, pair))
    return whole(body, look.preview)


def notice(said: Iterable[tuple[str, str]]) -> Drawn:
    """Return a notice, given as lines of their kinds, as a card with nothing to press."""
    return whole(lines(said))


def _inside(look: Card) -> list[Drawn]:
    body = lines((line.kind, line.text) for line in look.body)
    return body + ([text(look.audience, **SMALL)] if look.audience else [])


def _lead(leads: Iterable[str]) -> list[Drawn]:
    """Return what happened since, as a band above the rest."""
    items = [text(lead) for lead in leads]
    return [box(items) | {"bleed": True}] if items else []


def _foot(foot: str, pair: str) -> Drawn:
    """Return the line that says what else waits. It opens Home."""
    line = {"type": "Container", "items": [text(foot, size="Small", color="Accent")]}
    opens = execute(foot, {"pair": pair, "item": "", "action": HOME})
    return line | {"separator": True, "selectAction": opens}


def _actions(look: Card, pair: str, *, dialogs: bool) -> list[Drawn]:
    """Return a card's buttons, the first drawn as the one to press where something is asked.

    Of many answers none is, so that nobody is led to one.
    """
    drawn = [_button(button, pair, dialogs=dialogs) for button in look.buttons]
    moves = [button.action not in {MORE, LATER} for button in look.buttons]
    if not look.resting and moves[:1] == [True] and sum(moves) < MANY:
        drawn[0]["style"] = "positive"
    return drawn


def _button(button: Button, pair: str, *, dialogs: bool = True) -> Drawn:
    """Return a button. One that opens a form asks for a dialog; any other is carried out here."""
    data = {"pair": pair, "item": button.item, "action": button.action}
    if button.opens and dialogs:
        return submit(button.label, data | DIALOG)
    return execute(button.label, data)


# Home


def home(view: Home, pair: str, *, dialogs: bool = True) -> Drawn:
    """Return Home: a line for each thing, which unfolds to its card where there is room for it.

    Where there is none it brings its card to the chat, unless it is settled.
    """
    body = [*heading(view.title, size="Large"), text(view.summary)]
    shut = [[_line(row, pair) for row in found] for _, found in view.sections]
    room = TARGET - size({"body": body, "shut": shut}) - ROOM
    for (title, found), alike in zip(view.sections, shut, strict=True):
        body += [part | {"separator": True, "spacing": "Large"} for part in heading(title)]
        for row, line in zip(found, alike, strict=True):
            unfolded = _unfolding(row, pair, f"row{len(body)}", dialogs=dialogs)
            cost = size({"row": unfolded})
            body += unfolded if cost <= room else [line]
            room -= cost if cost <= room else 0
    return whole(body, view.summary)


def _line(row: Row, pair: str) -> Drawn:
    """Return a line of Home that turns to its thing when it is pressed, if there is more to do."""
    if row.status.name == "DONE":
        return text(row.line)
    opens = submit(row.line, {"pair": pair, "item": row.card.item, "action": OPEN})
    items = [text(row.line, color="Accent")]
    return {"type": "Container", "items": items, "selectAction": opens}


def _unfolding(row: Row, pair: str, name: str, *, dialogs: bool) -> list[Drawn]:
    """Return a line of Home, and hidden under it what its card says and offers."""
    inside = _inside(row.card)
    inside += rows(_button(button, pair, dialogs=dialogs) for button in row.card.buttons)
    if not inside:
        return [text(row.line)]
    unfold = {"type": "Action.ToggleVisibility", "title": row.line, "targetElements": [name]}
    line = {"type": "Container", "items": [text(row.line, color="Accent")], "selectAction": unfold}
    return [line, box(inside) | {"id": name, "isVisible": False, "spacing": "Small"}]
