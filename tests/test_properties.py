"""Whatever two people do: the promises that hold in every life of a pair."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import cards, facilitator
from bot.etiquette import Began, Manners
from bot.flows import charter, meeting, preparation, purpose, reflection, topic, welcome
from bot.inputs import Given, Pressed, Submitted
from bot.journal import read, write
from tests.life import Life

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.agreement import Agreement
    from bot.inbox import Item
    from bot.journal import Event
    from bot.people import Pair, Person

seeds = st.integers(0, 1_000_000)
OWN_WORDS = {"topic": "own"}
STATES = (
    Manners,
    welcome.Welcome,
    purpose.Purpose,
    charter.Charter,
    meeting.Diary,
    topic.Talk,
    reflection.Reflections,
    preparation.Readiness,
)


def agreements(pair: Pair) -> tuple[Agreement, Agreement]:
    return pair.fold(purpose.Purpose).talk, pair.fold(charter.Charter).talk


@pytest.mark.long
@given(seeds)
def test_a_sealed_draft_stays_sealed_until_both_have_spoken(seed: int) -> None:
    """What I released or chose is nowhere on the partner's screen before theirs is in."""

    def check(life: Life) -> None:
        for me in life.pair.people:
            for name, talk in zip(("purpose", "charter"), agreements(life.pair), strict=True):
                if me.id in talk.drafts and talk.opened is None:
                    screen = life.screen(life.pair.partner(me))
                    mine = [
                        w
                        for w, (who, thread, _) in life.typed.items()
                        if who == me.id and thread == name
                    ]
                    assert not [word for word in mine if word in screen]

    Life(seed).live(60, check)


@given(seeds)
def test_an_old_button_never_speaks_for_a_new_card(seed: int) -> None:
    """A button pressed late does what it said when it was shown, or nothing at all."""
    life = Life(seed)
    offered: dict[tuple[str, str], str] = {}
    for _ in range(120):
        for me in life.pair.people:
            for item in life.reader(me).items:
                offered.setdefault((item.key, item.prompt.key), meaning(life.pair, item))
        life.step()
        for me in life.pair.people:
            standing = {(i.key, i.prompt.key): meaning(life.pair, i) for i in life.reader(me).items}
            for key, said in standing.items():
                assert offered.get(key, said) == said, key


def meaning(pair: Pair, item: Item) -> str:
    """Return what pressing an item would be about: the entries its wording mentions by number."""
    signs = {"purpose": "version", "charter": "terms", "meeting": "offer", "topic": "proposal"}
    name = signs.get(item.thread.partition(":")[0], "")
    return repr(getattr(item.context.get(name), "no", None))


@given(seeds)
def test_someone_elses_button_does_nothing(seed: int) -> None:
    life = Life(seed).live(60)
    for who, key, action in life.keys:
        other = life.pair.partner(who)
        if key in {item.key for item in life.reader(other).items} or key.startswith("rest"):
            continue
        decision = facilitator.handle(life.pair, other, Pressed(key, action), life.now)
        assert not decision.events
        form = facilitator.handle(life.pair, other, Submitted(key, {}), life.now)
        assert not form.events


def test_the_pulse_is_reached_by_the_lives_we_try() -> None:
    """The property above would be idle if no random life ever answered a pulse."""
    lives = [Life(seed, pulse="yes", presses_only=True).live(130) for seed in range(30)]
    wrote = [
        entry
        for life in lives
        for entry in life.pair.journal
        if isinstance(entry.event, reflection.MentorWrote) and entry.event.worried == "yes"
    ]
    assert len(wrote) >= 3


@given(seeds)
def test_the_journal_survives_being_written_down(seed: int) -> None:
    for entry in Life(seed).live(80).pair.journal:
        written = write(entry.event)
        assert read(written.name, written.status, written.sealed) == entry.event


@given(seeds)
def test_a_state_folded_step_by_step_is_the_state_folded_at_once(seed: int) -> None:
    life = Life(seed).live(100)
    fresh = life.pair.blank().with_entries(life.pair.journal)
    assert fresh.people == life.pair.people
    for state in STATES:
        assert life.pair.fold(state) == fresh.fold(state)


@given(seeds)
def test_the_clock_comes_to_rest(seed: int) -> None:
    """Left alone, a pair is looked in on ever more rarely; it is never woken for ever."""
    life = Life(seed).live(60)
    for _ in range(400):
        wake = facilitator.wake_at(life.pair, life.now)
        if wake is None:
            return
        assert wake >= life.now
        life.now = wake
        decision = facilitator.tick(life.pair, life.now)
        life.pair = life.pair.with_events(decision.by_clock, None, life.now)
    raise AssertionError("the clock keeps coming")


@given(seeds)
def test_a_reminder_given_is_not_given_again_at_once(seed: int) -> None:
    life = Life(seed).live(80)
    for _ in range(30):
        decision = facilitator.tick(life.pair, life.now)
        life.pair = life.pair.with_events(decision.by_clock, None, life.now)
        assert not facilitator.tick(life.pair, life.now).by_clock
        life.now += timedelta(days=1)


@pytest.mark.long
@given(seeds)
def test_everything_on_a_screen_can_be_pressed(seed: int) -> None:
    """No dead button: whatever is offered is understood at the moment it is offered."""

    def check(life: Life) -> None:
        for me in life.pair.people:
            card = life.card(me)
            rows = [r for _, rows in cards.home(life.reader(me)).sections for r in rows]
            for shown in [card, *(row.card for row in rows)]:
                for button in shown.buttons if shown else ():
                    assert len(shown.buttons) <= cards.MOST
                    told = facilitator.handle(
                        life.pair, me, Pressed(button.item, button.action), life.now
                    )
                    key = getattr(told.reply, "key", "")
                    assert key != "stale", (button, card)

    Life(seed).live(60, check)


@given(seeds)
def test_a_chat_and_a_form_say_the_same(seed: int) -> None:
    """For what chat may take: answers typed one by one lead to the events the form leads to."""
    for _, form, chat in said_twice(Life(seed).live(60)):
        assert chat == form


def test_much_is_said_in_chat_and_in_a_form() -> None:
    """The property above would be idle if no form of a random life could be sent."""
    lives = [Life(seed).live(90) for seed in range(12)]
    threads = Counter(item.thread.partition(":")[0] for t in lives for item, _, _ in said_twice(t))
    assert threads.total() > 60
    assert min(threads["topic"], threads["meeting"]) > 3


def said_twice(life: Life) -> Iterator[tuple[Item, tuple[Event, ...], tuple[Event, ...]]]:
    """Yield what each form that is open leads to if it is sent, and if it is answered in chat."""
    for me in life.pair.people:
        for item in life.reader(me).items:
            if item.prompt.form is None or item.prompt.private:
                continue
            opened = facilitator.opened(life.pair, me, item, life.now)
            answers = life.fill(me, cards.sheet(life.reader(me), opened))
            before = facilitator._before(me, item)  # skipping in chat leaves this as it is
            answers |= {name: before.get(name, ()) for name, given in answers.items() if not given}
            form = facilitator.handle(life.pair, me, Submitted(item.key, answers), life.now)
            if form.events:
                yield item, form.events, chatted(life, me, item, answers)


def chatted(
    life: Life, me: Person, item: Item, answers: dict[str, tuple[str, ...]]
) -> tuple[Event, ...]:
    """Answer a form in chat, question by question; return what was said in the end."""
    pair = life.pair.with_events((Began(item.thread, item.key),), me.id, life.now)
    for _ in range(40):
        draft = pair.fold(Manners).drafts.get(me.id)
        assert draft
        asking = draft.asking(item)
        assert asking
        own = answers.get(OWN_WORDS.get(asking, f"{asking}_own"), ())
        given = Given(asking, ",".join(own or answers.get(asking, ())))
        decision = facilitator.handle(pair, me, given, life.now)
        said = [e for e in decision.events if not e.name.startswith("etiquette.")]
        if said:
            return tuple(said)
        pair = pair.with_events(decision.events, me.id, life.now)
    raise AssertionError("the questions never end")
