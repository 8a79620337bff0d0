"""A flow is changed while two people are in the middle of it, and neither of them notices.

Tomorrow's bot asks what they would like to drink, and no longer asks how long they will meet. The
event keeps both fields, as law 3 has it: what was said yesterday must be read for ever.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import pytest

from adapters.prompts import dates, files
from adapters.store.memory import MemoryStore
from bot import journal
from bot.flows import meeting, sketch, topic
from bot.flows.place import KIND
from bot.journal import Event, UnknownEvent, read, write
from bot.moment import Moment
from bot.privacy import P0, P1, P2
from bot.prompts import Choice, Prompt, Slot, Text
from bot.wording import Phrasebook
from tests.test_journey import both_say_yes

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.stage import Stage

LABEL = "Book our first meeting"
DRINK = "Tea, coffee, or something else?"
DEPTH = "How deep shall it go?"


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Callable[[Stage], None]:
    """Put tomorrow's bot in the place of today's, and start it: everything is read anew."""

    def deployed(stage: Stage) -> None:
        today = meeting.Offered
        monkeypatch.delitem(journal._KINDS, today.name)

        class Offered(Event, name="meeting.offered"):
            first: Annotated[Moment, Slot(), P2]
            place: Annotated[str, KIND, P1]
            drink: Annotated[str, Text(40), P1] = ""
            second: Annotated[Moment | None, Slot(), P2] = None
            third: Annotated[Moment | None, Slot(), P2] = None
            length: Annotated[str, P2] = "60"
            where: Annotated[str, Text(120), P1] = ""
            exception: Annotated[str, Choice(("once", "changed"), labels="meeting.options"), P2] = (
                ""
            )

        for module in (meeting, sketch):
            monkeypatch.setattr(module, "Offered", Offered)
            put(monkeypatch, module, today, Offered)
        asking(stage, monkeypatch, "en/meeting/invite_first.md", "drink", DRINK)
        restarted(stage)

    return deployed


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[Stage], None]:
    """Put a bot in its place that asks of a topic how deep to go, and no longer for a spare one."""

    def deployed(stage: Stage) -> None:
        today = topic.Proposed
        monkeypatch.delitem(journal._KINDS, today.name)

        class Proposed(Event, name="topic.proposed"):
            topic: Annotated[str, Choice(labels="topics"), P1]
            own: Annotated[str, Text(80, beside="topic"), P1] = ""
            depth: Annotated[str, Text(40), P1] = ""
            spare: Annotated[str, P1] = ""
            question: Annotated[str, Text(300, rows=2), P1] = ""

        monkeypatch.setattr(topic, "Proposed", Proposed)
        put(monkeypatch, topic, today, Proposed)
        asking(stage, monkeypatch, "en/topic/propose.md", "depth", DEPTH)
        restarted(stage)

    return deployed


def put(monkeypatch: pytest.MonkeyPatch, module: ModuleType, today: type, form: type) -> None:
    """Let the prompts of a module ask with another form."""
    for name, prompt in vars(module).copy().items():
        if isinstance(prompt, Prompt) and prompt.form is today:
            monkeypatch.setattr(module, name, replace(prompt, form=form))


def asking(stage: Stage, monkeypatch: pytest.MonkeyPatch, path: str, name: str, words: str) -> None:
    """Give the words for a new question."""
    told = files()
    book = Phrasebook({**told, path: f"{told[path]}\n? {name}: {words}\n"}, dates())
    monkeypatch.setattr("tests.stage.BOOK", book)
    stage.services = replace(stage.services, book=book)


def restarted(stage: Stage) -> None:
    """Start the process again: of the pair only what was written down is left."""
    kept = stage.store._shelves[stage.start.id]
    stage.store = MemoryStore(topics=kept.pair.programme.topics)
    stage.store.add_pair(kept.pair, kept.accounts)
    read_anew = stage.store._shelves[stage.start.id].pair
    stage.store._shelves[stage.start.id] = replace(kept, pair=read_anew)
    stage.services = replace(stage.services, store=stage.store)


def asked(stage: Stage) -> list[str]:
    sheet = stage.ben.sheet
    assert sheet
    return [question.name for page in sheet.pages for question in page.questions]


def offered(stage: Stage) -> Event:
    offer = meeting.diary(stage.pair).current.offer
    assert offer
    assert isinstance(offer.event, meeting.Offered)
    return offer.event


async def test_the_next_form_asks_what_is_new_and_no_longer_what_was_taken_away(
    stage: Stage, deploy: Callable[[Stage], None]
) -> None:
    await both_say_yes(stage)
    await stage.ben.presses(LABEL)
    assert "length" in asked(stage)
    assert "drink" not in asked(stage)
    deploy(stage)
    reply = await stage.ben.presses(LABEL)
    assert "length" not in asked(stage)
    assert "drink" in asked(stage)
    assert DRINK in [q.label for page in reply.sheet.pages for q in page.questions]
    await stage.ben.fills(drink="Cocoa")
    assert offered(stage).drink == "Cocoa"
    assert offered(stage).length == "60"
    await stage.ada.presses(stage.ada.card.buttons[0].label)
    assert meeting.diary(stage.pair).current.moment


async def test_a_form_that_was_open_meanwhile_is_taken(
    stage: Stage, deploy: Callable[[Stage], None]
) -> None:
    await both_say_yes(stage)
    await stage.ben.presses(LABEL)
    deploy(stage)
    await stage.ben.fills(where="City library")
    assert offered(stage).where == "City library"
    assert offered(stage).drink == ""


async def test_what_was_said_before_is_read_as_it_was_said(
    stage: Stage, deploy: Callable[[Stage], None]
) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    await ben.presses(LABEL)
    await ben.fills(length="90", where="City library")
    buttons = ada.labels()
    before = [(entry.no, entry.at, entry.by, entry.mark) for entry in stage.pair.journal]
    deploy(stage)
    assert [(entry.no, entry.at, entry.by, entry.mark) for entry in stage.pair.journal] == before
    assert offered(stage).length == "90"
    assert offered(stage).drink == ""
    assert ada.labels() == buttons
    await ada.presses(buttons[0])
    booked = meeting.diary(stage.pair).current
    assert booked.moment
    assert booked.length.total_seconds() == 90 * 60


async def test_a_form_half_answered_in_chat_goes_on(
    stage: Stage, later: Callable[[Stage], None]
) -> None:
    ben = stage.ben
    await both_say_yes(stage)
    await ben.writes("topics")
    await ben.writes("Propose a topic")
    await ben.writes("Whom we hire")
    later(stage)
    await stage.opens()  # a screen is compared with what it should show when the clock looks in
    assert DEPTH in str(ben.card.body)
    await ben.writes("As deep as it gets")
    await ben.writes("Skip this one")
    assert (proposed(stage).own, proposed(stage).depth) == ("Whom we hire", "As deep as it gets")


async def test_a_question_answered_in_chat_and_then_taken_away_is_let_go(
    stage: Stage, later: Callable[[Stage], None]
) -> None:
    ben = stage.ben
    await both_say_yes(stage)
    await ben.writes("topics")
    await ben.writes("Propose a topic")
    await ben.writes("Whom we hire")
    await ben.writes("1")
    later(stage)
    await stage.opens()
    await ben.writes("Send it to Ada")
    assert (proposed(stage).own, proposed(stage).depth) == ("Whom we hire", "")


def proposed(stage: Stage) -> Event:
    return next(e.event for e in stage.pair.journal if isinstance(e.event, topic.Proposed))


# What a newer bot said, after it was taken back


def a_newer_bot() -> type[Event]:
    """Return an event that today's bot does not know."""

    class Toasted(Event, name="meeting.toasted"):
        to: Annotated[str, P1]
        thought: Annotated[str, P0]
        glasses: Annotated[int, P2]
        when: Annotated[Moment | None, P2] = None

    return Toasted


@pytest.fixture
def toasted(monkeypatch: pytest.MonkeyPatch) -> Event:
    """An event a newer bot wrote, before it was taken back."""
    monkeypatch.setattr(journal, "_KINDS", dict(journal._KINDS))
    return a_newer_bot()(to="Ben", thought="It went well.", glasses=2)


async def test_what_a_newer_bot_said_is_kept_by_an_older_one_and_known_again_later(
    stage: Stage, toasted: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben = stage.actors()
    await both_say_yes(stage)
    see_before = ada.card, ben.card
    newer = dict(journal._KINDS)
    written = write(toasted)

    def says(work: object) -> None:
        pair = work.pair()
        after = pair.with_events((toasted,), ada.me.id, stage.now)
        work.write(after, after.journal[len(pair.journal) :])

    await stage.store.work(stage.start.id, says)

    monkeypatch.delitem(journal._KINDS, toasted.name)
    restarted(stage)
    kept = stage.pair.journal[-1].event
    assert kept == UnknownEvent(written.name, written.status, written.sealed)
    assert write(kept) == written
    assert "went well" not in repr(kept)
    await stage.opens()
    assert (ada.card, ben.card) == see_before
    await ben.presses(LABEL)
    await ben.fills()
    assert offered(stage)

    monkeypatch.setattr(journal, "_KINDS", newer)
    restarted(stage)
    (again,) = (e.event for e in stage.pair.journal if e.event.name == toasted.name)
    assert again == toasted


def test_a_field_only_a_newer_bot_knows_does_not_keep_an_event_from_being_read(
    toasted: Event,
) -> None:
    written = write(toasted)
    event = read(written.name, {**written.status, "colour": "red"}, {**written.sealed, "x": [1]})
    assert event == toasted
