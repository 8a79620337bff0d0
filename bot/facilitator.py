"""All flows as one conversation: someone's inbox, their focus, what an input amounts to.

And when the clock should look in: that is the same inbox, asked about later moments.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import etiquette, hours, prompts, retention
from bot.etiquette import (
    A_WEEK,
    MOST_A_WEEK,
    WEEK,
    Answered,
    Began,
    Manners,
    Muted,
    Postponed,
    Reminded,
    Stopped,
    Turned,
)
from bot.flows import (
    calendars,
    charter,
    closing,
    evaluation,
    goals,
    handbook,
    leaving,
    meeting,
    midterm,
    myth,
    place,
    preparation,
    purpose,
    reflection,
    roles,
    safety,
    sketch,
    topic,
    trail,
    tryout,
    welcome,
)
from bot.inbox import ANSWER, Decision, Form, Item, Notice, Status, notice
from bot.inputs import Asked, Dated, Given, Input, Marked, Pressed, Said, Submitted
from bot.prompts import Choice, Faults, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from bot.inbox import Flow
    from bot.journal import Entry, Event
    from bot.people import Pair, Person

# In the order in which they matter when several things are somebody's to do (domain.md 9.1).
FLOWS: tuple[Flow, ...] = (
    welcome,
    roles,
    safety,
    preparation,
    sketch,
    meeting,
    topic,
    reflection,
    tryout,
    closing,
    evaluation,
    midterm,
    purpose,
    charter,
    goals,
    leaving,
    myth,
    calendars,
    place,
    handbook,
    trail,
    retention,
)
PROMPTS = tuple(chain.from_iterable(flow.PROMPTS for flow in FLOWS)) + etiquette.PROMPTS

_RANK = {prompt.key: n for n, flow in enumerate(FLOWS) for prompt in flow.PROMPTS}
_FLOW = {prompt.key: flow for flow in FLOWS for prompt in flow.PROMPTS}

# What a command turns to: the threads it may mean, the first that stands.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "book": ("sketch", "meeting"),
    "calendar": ("calendar",),
    "met": ("met",),
    "card": ("card", "prepare"),
    "topics": ("topic",),
    "reflect": ("held", "reflection"),
    "purpose": ("purpose",),
    "charter": ("charter",),
    "goals": ("goals", "goal"),
    "questions": ("questions",),
    "tips": ("tips",),
    "practice": ("practice",),
    "myth": ("myth",),
    "roles": ("roles",),
    "data": ("data",),
    "repair": ("repair",),
    "contact": ("contact",),
    "pause": ("pause",),
    "leave": ("leave",),
    "status": (),
    "help": (),
    "quiet": (),
    "later": (),
    "back": (),
}
LATER = "later:"
# What asks about a meeting, or tells of none: a pause takes no time from it.
PATIENT = frozenset(
    (
        meeting.HELD,
        reflection.WRITE_MENTEE,
        reflection.WRITE_MENTOR,
        meeting.THEIRS,
        meeting.NO_DATE,
    )
)
AROUND_A_MEETING = (preparation.CARD_MENTEE, preparation.CARD_MENTOR, meeting.HELD)
REFUSALS = frozenset({"stale", "stale_form"})


def schedule(pair: Pair, me: Person) -> tuple[Item, ...]:
    """Return everything the flows have for me, now or at some other time, what matters most first.

    It follows from the journal alone: an item says itself from when until when it stands.
    """

    def all_items(pair: Pair) -> tuple[Item, ...]:
        found = chain.from_iterable(_items(pair, me, flow) for flow in FLOWS)
        return tuple(sorted(_within(pair, found), key=_urgency))

    return pair.once(("schedule", me.id), all_items)


def _items(pair: Pair, me: Person, flow: Flow) -> tuple[Item, ...]:
    return pair.once((flow, me.id), lambda pair: tuple(flow.items(pair, me)))


def inbox(pair: Pair, me: Person, now: datetime) -> tuple[Item, ...]:
    """Return all that is in my inbox at this moment, what matters most first."""
    return tuple(item for item in schedule(pair, me) if _stands(item, now))


def contacts(pair: Pair) -> tuple[Person, ...]:
    """Return the named contacts who have a letter from one of the two."""
    return handbook.addressed(pair)


def focus(pair: Pair, me: Person, now: datetime, items: tuple[Item, ...] | None = None) -> Item:
    """Return the one thing my card is about: what I turned to, else what is mine to do, else rest.

    At most one thing is asked of a person at a time; the others stand in Home. What is urgent and
    came after I turned elsewhere comes first all the same.
    """
    manners = pair.fold(Manners)
    items = inbox(pair, me, now) if items is None else items
    if len(items) == 1:
        return items[0]
    mine = (i for i in items if i.status is Status.OPEN and not manners.is_put_off(me, i, now))
    first = next(mine, None)
    turned = manners.turned.get(me.id)
    for item in items:
        if turned and item.thread == turned.thread:
            newer = first is not None and first.prompt.urgent and turned.before(first)
            return first if first and newer else item
    paused = next((item for item in items if item.prompt is leaving.PAUSED), None)
    return paused or first or etiquette.rest(pair, me)


def reminders(pair: Pair, me: Person, item: Item) -> int:
    """Return how often I have been reminded of this item."""
    return pair.fold(Manners).reminded.get((me.id, _reminding(item)), 0)


def news(pair: Pair, me: Person, item: Item, lead: tuple[Item, ...]) -> int:
    """Return the number of the latest entry that is news on a card: what is newer arrives anew.

    What came up by itself is news once the clock has written of it, and never of its own accord, so
    that all the clock brings obeys one set of manners.
    """
    written = (entry for entry in pair.fold(Manners).written.get(me.id, ()) if _about(entry, item))
    brought = (each.about.no for each in (item, *lead) if not each.by_clock)
    return max((*brought, *(entry.no for entry in written)), default=0)


def _about(entry: Entry, item: Item) -> bool:
    return isinstance(entry.event, Reminded) and entry.event.item == _reminding(item)


def handle(pair: Pair, me: Person, input: Input, now: datetime) -> Decision:
    """Return what an input amounts to. An item that is not in my inbox now does not exist."""
    items = inbox(pair, me, now)
    match input:
        case Pressed(item=key, action=action):
            return _pressed(pair, me, _find(pair, me, items, key), action, now)
        case Submitted(item=key, answers=answers):
            return _submitted(pair, me, items, key, answers, now)
        case Asked(command=command):
            return _asked(pair, me, items, command, now)
        case Given(question=field, answer=answer):
            return _given(pair, me, focus(pair, me, now, items), field, answer, now)
        case Dated():
            return _dated(pair, me, items, input, now)
        case Said():
            private = focus(pair, me, now, items).prompt.private
            return Decision(reply=Notice("form_only" if private else "unclear"), again=private)
    return Decision()


def marked(pair: Pair, input: Marked) -> Decision:
    """Lay before someone what their assistant marked; it is theirs to send."""
    me = pair.person(input.whom)
    return Decision(by_clock=(sketch.marked(pair, me, input.times, input.kind),))


def tick(pair: Pair, now: datetime) -> Decision:
    """Return the reminders that are due, and what is to be forgotten: the clock's only doings."""
    due = [event for me in pair.people for event in _reminder(pair, me, now)]
    return Decision(by_clock=(*due, *retention.due(pair, now)))


def wake_at(pair: Pair, now: datetime) -> datetime | None:
    """Return the next moment at which something changes or a reminder falls due, if any does."""
    moments = chain.from_iterable(_moments(pair, me) for me in pair.people)
    coming = [moment for moment in moments if moment > now]
    coming += (max(moment, now) for moment in retention.moments(pair))  # not forgotten is still due
    soonest = min(coming, default=None)
    for me in pair.people:
        for earliest, item in _reminders_to_come(pair, me, now):
            if soonest and earliest >= soonest:
                break  # manners only ever put a reminder off
            moment = _allowed(pair, me, earliest, item)
            if item.closes is None or moment < item.closes:
                soonest = min(soonest or moment, moment)
    return soonest


def opened(pair: Pair, me: Person, item: Item, now: datetime) -> Form:
    """Return an item's form as it opens: what was said before, or what we suggest."""
    given: dict[str, tuple[str, ...]] = {}
    if item.suggest:
        given |= item.suggest(pair, now)
    given |= _before(me, item)
    draft = pair.fold(Manners).drafts.get(me.id)
    if draft and draft.item == item.key:
        given |= draft.answers
    return Form(item, given)


def _within(pair: Pair, found: Iterable[Item]) -> Iterator[Item]:
    """Let each item stand for as long as the pair's pauses and its end leave it."""
    course, end = pair.fold(leaving.Course), closing.ended_at(pair)
    for item in found:
        opens, closes = item.opens, item.closes
        if item.prompt in PATIENT:
            since = item.anchor or item.since
            opens, closes = (at and course.later(since, at) for at in (opens, closes))
        closes = _ending(item, closes, end)
        as_it_is = (opens, closes) == (item.opens, item.closes)
        yield item if as_it_is else replace(item, opens=opens, closes=closes)


def _ending(item: Item, closes: datetime | None, end: datetime | None) -> datetime | None:
    """Let all but closing rest when the pair has ended (INV-12), and whom to ask, for a while."""
    lasts = _FLOW[item.prompt.key] in {closing, retention} or item.prompt is leaving.ENDED
    if end is None or lasts:
        return closes
    if item.prompt in {handbook.CONTACT, handbook.WRITE}:
        end += retention.AFTER_END["words"]
    return min(closes, end) if closes else end


def _stands(item: Item, now: datetime) -> bool:
    return not (item.opens and now < item.opens) and not (item.closes and now >= item.closes)


def _before(me: Person, item: Item) -> dict[str, tuple[str, ...]]:
    """Return what was answered before, which stands unless it is changed."""
    if item.refill and item.prompt.form and isinstance(item.refill.event, item.prompt.form):
        return prompts.answers(item.refill.event, me.zone)
    return {}


def _urgency(item: Item) -> tuple[bool, int]:
    return not item.prompt.urgent, _RANK.get(item.prompt.key, len(FLOWS))


def _find(pair: Pair, me: Person, items: tuple[Item, ...], key: str) -> Item | None:
    inner = key.removeprefix(LATER)
    found = next((item for item in items if item.key == inner), None)
    if found and inner != key:
        return replace(found, thread=LATER + found.thread, prompt=etiquette.NOT_NOW, actions=())
    mine = (etiquette.rest(pair, me), etiquette.quieting(pair, me))
    return found or next((item for item in mine if item.key == key), None)


def _pressed(pair: Pair, me: Person, item: Item | None, action: str, now: datetime) -> Decision:
    if item is None:
        return _moved_on()
    if action == ANSWER and ANSWER in item.moves:
        return Decision(reply=opened(pair, me, item, now))
    if action in item.moves:
        return _decide(pair, me, item, action, now)
    return _turned(pair, me, item, action) or _chatting(pair, me, item, action, now) or _moved_on()


def _turned(pair: Pair, me: Person, item: Item, action: str) -> Decision | None:
    """Return what a press amounts to that any item may carry: more, open, later, back."""
    match action:
        case "more":
            return notice("more", item)
        case "open":
            return Decision((Turned(item.thread),))
        case "later" if item.status is Status.OPEN:
            later = _find(pair, me, (item,), LATER + item.key)
            return Decision(reply=Form(later)) if later else None
        case "back":
            return Decision((Turned(""),))
    return None


def _chatting(pair: Pair, me: Person, item: Item, action: str, now: datetime) -> Decision | None:
    """Return what a press amounts to about a form in chat: begin it, skip a question, send it."""
    draft = pair.fold(Manners).drafts.get(me.id)
    match action:
        case "begin" if item.prompt.private:
            return Decision((Turned(item.thread),), Notice("form_only"), again=True)
        case "begin" if item.prompt.form is meeting.Offered:
            return _sketched(pair, me, item, now)
        case "begin" if item.prompt.form:
            return Decision((Began(item.thread, item.key),))
        case "send":
            return _send(pair, me, item, now)
        case "skip_question" if draft and (asking := draft.asking(item)):
            return _given(pair, me, item, asking, "", now)
    return None


def _submitted(
    pair: Pair,
    me: Person,
    items: tuple[Item, ...],
    key: str,
    answers: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> Decision:
    item = _find(pair, me, items, key)
    if item is None or item.prompt.form is None:
        thread = key.partition("@")[0]
        same = next((i for i in items if i.thread == thread and i.prompt.form), None)
        if same:
            return Decision(reply=Form(same, answers, notice="moved_on"))
        return Decision(reply=Notice("stale_form"), again=True)
    try:
        event = prompts.read(item.prompt.form, answers, zone=me.zone, now=now, choices=item.choices)
    except Faults as faults:
        return Decision(reply=Form(item, answers, faults.reasons))
    match event:
        case Postponed("week"):
            return Decision((etiquette.quiet_for(pair, me, 1, now),))
        case Postponed(days):
            thread = item.thread.removeprefix(LATER)
            return Decision((etiquette.put_off(pair, me, thread, days, now),))
        case Muted(weeks):
            return Decision((etiquette.quiet_for(pair, me, int(weeks), now),))
    decision = _decide(pair, me, item, event, now)
    if isinstance(decision.reply, Form):
        return replace(decision, reply=replace(decision.reply, answers=answers))
    return decision


def _asked(
    pair: Pair, me: Person, items: tuple[Item, ...], command: str, now: datetime
) -> Decision:
    match command:
        case "help":
            return Decision(reply=Notice("help"), again=True)
        case "status":
            return Decision(again=True)
        case "quiet":
            return Decision(reply=Form(etiquette.quieting(pair, me)))
        case "later":
            item = focus(pair, me, now, items)
            return _pressed(pair, me, item, "later", now)
        case "back":
            return Decision((Turned(""),), again=True)
    threads = COMMANDS.get(command, ())
    found = next((i for t in threads for i in items if i.thread.partition(":")[0] == t), None)
    if found is None:
        return _nothing(pair, command, now)
    mine = found.status in {Status.OPEN, Status.AVAILABLE} and me == pair.reverse_mentee
    if command == "book" and mine and found.prompt.form and found.thread != sketch.THREAD:
        return _sketched(pair, me, found, now)
    first = command == "reflect" and found.thread.startswith("held")
    said = Notice("met_first") if first else None
    return Decision((Turned(found.thread),), said, again=True)


def _nothing(pair: Pair, command: str, now: datetime) -> Decision:
    """Say when what was asked for comes up, or that it does no more."""
    end = closing.ended_at(pair)
    return Decision(reply=Notice("over" if end and end <= now else f"no_{command}"), again=True)


def _dated(pair: Pair, me: Person, items: tuple[Item, ...], said: Dated, now: datetime) -> Decision:
    """Show what typed words come to as an invitation, or the form where they come to nothing."""
    about = [item for item in items if item.thread.startswith("meeting:")]
    if not about:
        return _nothing(pair, "book", now)
    event = sketch.of(pair, me, said.readings, said.kind, now) if said.readings else None
    if event:
        return Decision((event, Turned(sketch.THREAD)), again=True)
    form = next((item for item in about if item.prompt.form), None)
    if form is None:
        return Decision(reply=Notice("unclear"), again=True)
    told = "not_free" if said.readings else "unread"
    return Decision(reply=replace(opened(pair, me, form, now), notice=told, typed=said.typed))


def _sketched(pair: Pair, me: Person, item: Item, now: datetime) -> Decision:
    """Show an invitation to three times of ours, or the form where no time suits both."""
    event = sketch.of(pair, me, (), "", now)
    if event is None:
        return Decision(reply=opened(pair, me, item, now))
    return Decision((event, Turned(sketch.THREAD)), again=True)


def _given(pair: Pair, me: Person, item: Item, field: str, answer: str, now: datetime) -> Decision:
    """Take an answer typed in chat to the question that was asked."""
    draft = pair.fold(Manners).drafts.get(me.id)
    if draft is None or draft.item != item.key or item.prompt.form is None:
        return _moved_on()
    given = _parts(item.prompt.form, field, answer)
    said = [Answered(field, given)]
    own = _own_words(item, field, given)
    if own:
        said = [Answered(field), Answered(own, (answer,))]
    answers = {**draft.answers, **{event.field: event.given for event in said}}
    try:
        prompts.read(item.prompt.form, answers, zone=me.zone, now=now, choices=item.choices)
    except Faults as faults:
        reason = faults.reasons.get(own or field)
        if reason and not (reason == "missing" and not answer and _optional(item, field)):
            kind = prompts.questions(item.prompt.form)[own or field]
            limit = kind.limit if isinstance(kind, Text) else 0
            return Decision(reply=Notice(f"fault.{reason}", item, {"limit": limit}))
    if replace(draft, answers=answers).asking(item) is None:
        return _send(pair.with_events(said, me.id, now), me, item, now, before=tuple(said))
    return Decision(tuple(said))


def _parts(form: type[Event], field: str, answer: str) -> tuple[str, ...]:
    """Return a typed answer as a form would send it: several, where several may be chosen."""
    kind = prompts.questions(form).get(field)
    if isinstance(kind, Choice) and kind.many:
        return tuple(part for part in answer.split(",") if part)
    return (answer,) if answer else ()


def _own_words(item: Item, field: str, given: tuple[str, ...]) -> str:
    """Return the question for one's own words, if what was typed is none of the options."""
    asked = prompts.questions(item.prompt.form) if item.prompt.form else {}
    kind = asked.get(field)
    if not given or not isinstance(kind, Choice):
        return ""
    if set(given) <= set(item.choices.get(field, kind.options)):
        return ""
    return next((n for n, k in asked.items() if isinstance(k, Text) and k.beside == field), "")


def _optional(item: Item, field: str) -> bool:
    return item.prompt.form is not None and field not in prompts.required(item.prompt.form)


def _send(
    pair: Pair, me: Person, item: Item, now: datetime, before: tuple[Event, ...] = ()
) -> Decision:
    """Say what was answered one by one, exactly as the form would have said it."""
    draft = pair.fold(Manners).drafts.get(me.id)
    if draft is None or draft.item != item.key:
        return _moved_on()
    given = {name: answer for name, answer in draft.answers.items() if answer}
    decision = _submitted(pair, me, (item,), item.key, _before(me, item) | given, now)
    if not decision.events:
        return replace(decision, events=before)
    return replace(decision, events=(*before, Stopped(), *decision.events))


def _decide(pair: Pair, me: Person, item: Item, move: str | Event, now: datetime) -> Decision:
    decision = _FLOW[item.prompt.key].decide(pair, me, item, move, now)
    if decision.turn_to == "pause" and not leaving.may_pause(pair):
        return Decision(reply=Notice("no_pause"))
    if decision.turn_to:
        decision = replace(decision, events=(*decision.events, Turned(decision.turn_to)))
    if isinstance(decision.reply, Notice) and decision.reply.key == "stale":
        return _moved_on()
    return decision


def _moved_on() -> Decision:
    return Decision(reply=Notice("stale"), again=True)


def _reminding(item: Item) -> str:
    return f"{item.key} {item.prompt.key}"


def _told(pair: Pair, me: Person, item: Item) -> int:
    """Return how often I was reminded of an item; -1 if I do not know of it yet.

    What was done since it came up was done with it in sight. A reminder whose time lies before that
    is as good as given.
    """
    manners = pair.fold(Manners)
    here = manners.here.get(me.id)
    given = sum(moment <= item.since for moment in _due(pair, me, item)) - 1
    seen = not item.by_clock or (here is not None and here >= item.since)
    return manners.reminded.get((me.id, _reminding(item)), given if seen else -1)


def _due(pair: Pair, me: Person, item: Item) -> tuple[datetime, ...]:
    """Return when the clock is to write of an item: when it comes up, and the reminders.

    Counted for all that its flow has for me.
    """
    flow = _FLOW[item.prompt.key]

    def counted(pair: Pair) -> Mapping[object, tuple[datetime, ...]]:
        return {_counting(each): _moments_of(pair, me, each) for each in _items(pair, me, flow)}

    return pair.once(("due", flow, me.id), counted)[_counting(item)]


def _moments_of(pair: Pair, me: Person, item: Item) -> tuple[datetime, ...]:
    anchor = item.anchor or item.since
    anchor += pair.fold(leaving.Course).rested(anchor)  # a pause takes none of the time counted
    rules = item.prompt.reminders if item.status is Status.OPEN else ()
    return (item.since, *(rule.counted(anchor, pair.programme, me) for rule in rules))


def _counting(item: Item) -> tuple[str, datetime, Status]:
    return _reminding(item), item.anchor or item.since, item.status


def _reminder(pair: Pair, me: Person, now: datetime) -> Iterator[Reminded]:
    """Write of the first thing that fell due and may be said now; the rest is counted beside it."""
    due = []
    for item in _remindable(pair, me, now):
        past = sum(moment <= now for moment in _due(pair, me, item)) - 1
        told = _told(pair, me, item)
        if _stands(item, now) and (past > told or _is_back(pair, me, item)):
            due.append((item, max(past, told)))
    first = next((it for it in due if _allowed(pair, me, now, it[0]) <= now), None)
    if first is None:
        return
    yield _reminded(me, *first)
    yield from (replace(_reminded(me, *it), beside=True) for it in due if it is not first)


def _is_back(pair: Pair, me: Person, item: Item) -> bool:
    """Tell whether an item was put off until a time that I am still to hear of."""
    until = pair.fold(Manners).put_off.get((me.id, item.thread))
    return until is not None and item.since <= until


def _reminded(me: Person, item: Item, times: int) -> Reminded:
    return Reminded(me.id, item.thread, _reminding(item), times)


def _remindable(pair: Pair, me: Person, now: datetime) -> Iterator[Item]:
    """Return what the clock may write of: what is mine to do, or came up and is worth a line.

    Only what is urgent around a meeting. Nothing while I am answering a form in chat.
    """
    manners = pair.fold(Manners)
    if now < (manners.busy_until(me) or now):
        return
    told = [i for i in schedule(pair, me) if i.status is Status.OPEN or (i.news and i.by_clock)]
    meeting_on = any(i.prompt in AROUND_A_MEETING and _stands(i, now) for i in told)
    for item in told:
        if (item.prompt.urgent or not meeting_on) and not manners.is_put_off(me, item, now):
            yield item


def _allowed(pair: Pair, me: Person, now: datetime, item: Item) -> datetime:
    """Return the first moment, now or later, at which the clock may write of it (domain.md 9.1).

    In courteous hours, once a day, three or four times a week; the last time of a week is kept for
    what is new, and a day on which something urgent comes up for that. What is urgent and new
    comes all the same.
    """
    moment, times = _courteous(pair, me, now), _told(pair, me, item) + 1
    if item.prompt.urgent and not times:
        return moment
    written = [entry.at for entry in pair.fold(Manners).written.get(me.id, ())]
    most = A_WEEK[pair.role(me)] - (times > 1)
    for _ in range(2 * MOST_A_WEEK):
        before = moment
        if len(written) >= most and not item.prompt.urgent:
            moment = max(moment, written[-most] + WEEK)
        if any(_same_day(me, at, moment) for at in (*written, *_urgent_later(pair, me, moment))):
            moment = _next_morning(pair, me, moment)
        moment = _courteous(pair, me, moment)
        if moment == before:
            break
    return moment


def _urgent_later(pair: Pair, me: Person, now: datetime) -> Iterator[datetime]:
    """Return when something urgent comes up by itself after this moment."""
    for item in schedule(pair, me):
        coming = item.prompt.urgent and item.status is Status.OPEN and item.by_clock
        if coming and item.opens and item.opens > now:
            yield item.opens


def _same_day(me: Person, one: datetime, other: datetime) -> bool:
    zone = ZoneInfo(me.zone)
    return one.astimezone(zone).date() == other.astimezone(zone).date()


def _next_morning(pair: Pair, me: Person, now: datetime) -> datetime:
    day = hours.next_working_day(pair.programme, me, now.astimezone(ZoneInfo(me.zone)).date())
    return hours.local(me, day, pair.programme.window[0])


def _courteous(pair: Pair, me: Person, now: datetime) -> datetime:
    return courteous(pair, me, max(now, leaving.paused(pair, now) or now))


def courteous(pair: Pair, me: Person, now: datetime, *, partner: bool = True) -> datetime:
    """Return the first moment, now or later, at which I may be written to unasked (INV-5).

    Not at night; if I am one of the two, not in a meeting or an hour around it, and not when I
    asked for quiet.
    """
    if not partner:
        return hours.next_opening(pair.programme, me, now)
    bars = (meeting.silent(pair, now), pair.fold(Manners).quiet.get(me.id), now)
    return hours.next_opening(pair.programme, me, max(bar for bar in bars if bar))


def _moments(pair: Pair, me: Person) -> tuple[datetime, ...]:
    """Return when items come up and go, what was put off comes back, a form in chat is left."""

    def found(pair: Pair) -> tuple[datetime, ...]:
        both = chain.from_iterable((item.opens, item.closes) for item in schedule(pair, me))
        manners = pair.fold(Manners)
        back = (until for (who, _), until in manners.put_off.items() if who == me.id)
        return tuple({m for m in (*both, *back, manners.busy_until(me)) if m})

    return pair.once(("moments", me.id), found)


def _reminders_to_come(pair: Pair, me: Person, now: datetime) -> list[tuple[datetime, Item]]:
    """Return each thing with when its next reminder falls due, the first first.

    What is due already falls due now.
    """
    coming = []
    for item in _remindable(pair, me, now):
        times, due = _told(pair, me, item) + 1, _due(pair, me, item)
        if _is_back(pair, me, item):
            coming.append((now, item))
        elif times < len(due):
            coming.append((max(due[times], now, item.since), item))
    return sorted(coming, key=lambda each: each[0])
