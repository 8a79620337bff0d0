"""The map: every joint state a flow can reach, found by walking, and drawn.

`make transcripts` rewrites `tests/maps/`, so that a change of logic shows as a change of map.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot import cards, facilitator
from bot.flows import charter, meeting, preparation, purpose, reflection, topic, welcome
from bot.inbox import ANSWER, Form
from bot.inputs import Pressed, Submitted
from bot.moment import Moment
from bot.prompts import Choice, Text
from tests.stage import BOOK, MONDAY, filled, new_pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cards import Sheet
    from bot.inbox import Flow
    from bot.people import Pair, Person

FLOWS: dict[str, Flow] = {
    "welcome": welcome,
    "purpose": purpose,
    "charter": charter,
    "topic": topic,
    "meeting": meeting,
    "preparation": preparation,
    "reflection": reflection,
}
Joint = tuple[str, str]


def standing(pair: Pair, me: Person, flow: Flow, now: datetime) -> str:
    """Return where someone is in a flow: the prompts in their inbox."""
    mine = {prompt.key for prompt in flow.PROMPTS}
    keys = [
        f"{item.prompt.key.partition('.')[2]}"
        for item in facilitator.inbox(pair, me, now)
        if item.prompt.key in mine
    ]
    return "+".join(sorted(keys)) or "-"


def joint(pair: Pair, flow: Flow, now: datetime) -> Joint:
    ada, ben = (standing(pair, me, flow, now) for me in pair.people)
    return ada, ben


def answers(sheet: Sheet) -> dict[str, tuple[str, ...]]:
    """Fill a form as simply as it allows: what is suggested, else the first option."""
    given = filled(sheet)
    for page in sheet.pages:
        for q in page.questions:
            if q.optional or given[q.name]:
                continue
            if isinstance(q.kind, Choice):
                given[q.name] = (q.options[0][0],)
            elif isinstance(q.kind, Text):
                given[q.name] = ("words",)
    return given


def moves(pair: Pair, flow: Flow, now: datetime) -> Iterator[tuple[str, Pair]]:
    """Return every move either can make in a flow, and the pair after it."""
    keys = {prompt.key for prompt in flow.PROMPTS}
    for me in pair.people:
        for item in facilitator.inbox(pair, me, now):
            if item.prompt.key not in keys:
                continue
            for action in item.moves:
                decision = facilitator.handle(pair, me, Pressed(item.key, action), now)
                if isinstance(decision.reply, Form) and action == ANSWER:
                    sheet = cards.sheet(cards.Reader.of(pair, me, now, BOOK), decision.reply)
                    given = answers(sheet)
                    decision = facilitator.handle(pair, me, Submitted(item.key, given), now)
                if decision.events:
                    after = pair.with_events(decision.events, me.id, now)
                    after = after.with_events(decision.by_clock, None, now)
                    yield f"{me.name}: {action}", after
    wake = facilitator.wake_at(pair, now)
    if wake and wake - MONDAY < timedelta(days=60):
        yield "time passes", pair


def walk(name: str, limit: int = 1500) -> tuple[list[Joint], list[str]]:
    """Return every joint state of a flow, and every move between two of them."""
    flow = FLOWS[name]
    start = {"welcome": new_pair, "preparation": booked, "reflection": met}.get(name, begun)()
    seen: dict[Joint, None] = {joint(start, flow, MONDAY): None}
    arrows: dict[str, None] = {}
    queue = deque([(start, MONDAY)])
    tried = 0
    while queue and tried < limit:
        pair, now = queue.popleft()
        here = joint(pair, flow, now)
        for label, after in moves(pair, flow, now):
            tried += 1
            later = now
            if label == "time passes":
                later = facilitator.wake_at(pair, now) or now
            there = joint(after, flow, later)
            if there != here or label != "time passes":
                arrows[f"{'/'.join(here)} --{label}--> {'/'.join(there)}"] = None
            if there not in seen or label == "time passes":
                seen[there] = None
                queue.append((after, later))
    return list(seen), list(arrows)


def begun() -> Pair:
    """Return a pair in which both have said yes and met the other flows' needs."""
    pair = new_pair()
    for me in pair.people:
        pair = pair.with_events((welcome.Accepted(),), me.id, MONDAY)
    for me in pair.people:
        pair = pair.with_events((welcome.Understood(right=True),), me.id, MONDAY)
    return pair


def booked() -> Pair:
    """Return a pair with a date for its first meeting."""
    pair = begun()
    moment = Moment.on(datetime(2026, 11, 12, 15), "Europe/Berlin")
    pair = pair.with_events((meeting.Offered(moment, "cafe"),), pair.reverse_mentee.id, MONDAY)
    taken = meeting.Taken(pair.journal[-1].no, "first")
    return pair.with_events((taken,), pair.reverse_mentor.id, MONDAY)


def met() -> Pair:
    """Return a pair of whom both say that they met."""
    pair = booked()
    for me in pair.people:
        pair = pair.with_events((meeting.Told(1, "met"),), me.id, MONDAY + timedelta(days=14))
    return pair


def drawn(name: str) -> str:
    states, arrows = walk(name)
    rows = [f"{name}: {len(states)} joint states, {len(arrows)} moves", ""]
    rows += [f"state  {ada} / {ben}" for ada, ben in states]
    return "\n".join([*rows, "", *arrows]) + "\n"


if __name__ == "__main__":
    for flow_name in FLOWS:
        print(drawn(flow_name))
