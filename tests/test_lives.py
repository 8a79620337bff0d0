"""Random lives of a pair, each watched for every promise that must hold in it (domain.md 13).

At least five thousand moves in the default run (`EXAMPLES`, `MOVES` for more). What is promised
about all that somebody may see is asked after every move; what is about a whole life, at its end.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot import cards, facilitator, hours
from bot.etiquette import A_WEEK, PutOff, Reminded
from bot.flows import (
    charter,
    closing,
    evaluation,
    handbook,
    leaving,
    meeting,
    midterm,
    myth,
    preparation,
    purpose,
    reflection,
    safety,
    topic,
    welcome,
)
from bot.inbox import Notice
from bot.moment import Moment
from tests.life import Life, fields_shown
from tests.stage import BOOK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from bot.inbox import Decision
    from bot.journal import Entry, Event
    from bot.people import Pair, Person

MOVES = int(os.environ.get("MOVES", "170"))
LIVES = max(int(os.environ.get("EXAMPLES", "30")), 30)
ALONE = (  # what one does for oneself, and what nothing follows from that the other may know
    charter.Checked,
    charter.Passed,
    closing.Checked,
    evaluation.Began,
    evaluation.MenteeJudged,
    evaluation.MentorJudged,
    handbook.MenteePractised,
    handbook.MentorPractised,
    midterm.MenteeAnswered,
    midterm.MentorAnswered,
    myth.Tapped,
    preparation.MenteePrepared,
    preparation.MentorPrepared,
    preparation.Skipped,
    reflection.MenteeWrote,
    reflection.MentorWrote,
    reflection.Skipped,
    safety.Chosen,
)
BOOKING = {"invite_first", "invite", "owed", "asked"}
ALWAYS = {"closing", "retention"}
URGENT = {p.key.partition(".")[2] for p in facilitator.PROMPTS if p.urgent}


def both_signed(pair: Pair, agreed: Entry) -> bool:
    """Look it up in the journal itself: each worded this version, or signed it by its number."""
    signed = {agreed.by} if agreed.by else set()
    for entry in pair.journal:
        if isinstance(entry.event, purpose.Signed | charter.Signed):
            signed |= {entry.by} if entry.event.version == agreed.no else set()
    return signed == {p.id for p in pair.people}


def read_in_chat(life: Life, me: Person) -> str:
    """Return all that could stand in somebody's chat: every card they can come to, and its more."""
    reader = life.reader(me)
    told = [repr(cards.card(reader)), repr(cards.home(reader))]
    told += [cards.notice(reader, Notice("more", item)) for item in reader.items]
    return "\n".join(told)


def filled_in(pair: Pair, me: Person, now: datetime) -> list[object]:
    """Return all that is in somebody's inbox, with what its forms are filled in with."""
    return [
        (replace(item, suggest=None), facilitator.opened(pair, me, item, now).answers)
        for item in facilitator.inbox(pair, me, now)
    ]


@dataclass
class Watch:
    """What must hold, asked of one life as it goes on."""

    life: Life
    seen: int = 0
    looked: tuple[int, datetime | None] = 0, None
    looks: int = 0
    before: Life = field(default_factory=lambda: Life(0))
    reminded: Counter[tuple[str, str]] = field(default_factory=Counter)
    written: dict[str, list[datetime]] = field(default_factory=dict)
    days: Counter[tuple[str, str]] = field(default_factory=Counter)
    endings: set[str] = field(default_factory=set)

    def step(self) -> None:
        """Let one thing happen, and look."""
        self.before = Life(self.life.seed, self.life.pair, self.life.now)
        self.life.step()
        self.look()

    def look(self) -> None:
        """Ask everything that can be asked after a move, if it changed anything."""
        pair = self.life.pair
        if (len(pair.journal), self.life.now) == self.looked:
            return
        self.looked = len(pair.journal), self.life.now
        self.looks += 1
        self.agreed_by_both(pair)
        self.stricter(pair)
        if self.looks % 4 == 0:  # the dearest question, and what was private stays so
            self.nothing_private(pair)
        if self.looks % 4 == 2:  # in between
            self.nothing_stale(pair)
        for entry in pair.journal[self.seen :]:
            self.reminder(pair, entry)
            self.topic_in_its_time(pair, entry)
        self.silent_reflection(pair)
        self.quiet_end(pair)
        self.seen = len(pair.journal)

    def agreed_by_both(self, pair: Pair) -> None:
        """INV-6: agreed means that both have agreed to the same version."""
        for talk in (pair.fold(purpose.Purpose).talk, pair.fold(charter.Charter).talk):
            assert talk.agreed is None or both_signed(pair, talk.agreed)

    def stricter(self, pair: Pair) -> None:
        """INV-11: nothing protective is weaker than either chose."""
        talk = pair.fold(charter.Charter).talk
        terms = talk.latest.event if talk.latest else None
        if not isinstance(terms, charter.Drawn):
            return
        for draft in talk.drafts.values():
            for clause, order in charter.STRICTER.items():
                chosen = getattr(draft.event, clause)
                assert order.index(getattr(terms, clause)) >= order.index(chosen)
            assert set(getattr(draft.event, "promises", ())) <= set(terms.promises)

    def nothing_private(self, pair: Pair) -> None:
        """INV-8, and law 5: what is private is in no chat, its author's own among them."""
        held = fields_shown(pair)
        for me in pair.people:
            chat = read_in_chat(self.life, me)
            screen = self.life.screen(me)
            for word, (author, *_) in self.life.typed.items():
                shared = "P1" in held.get(word, set())
                assert shared or word not in chat, (word, self.life.typed[word])
                assert author == me.id or shared or word not in screen, word
                assert author == me.id or word not in self.life.kept or word not in screen, word

    def nothing_stale(self, pair: Pair) -> None:
        """What is still known from before is what whoever reads the whole journal finds."""
        anew, now = pair.blank().with_entries(pair.journal), self.life.now
        assert facilitator.wake_at(pair, now) == facilitator.wake_at(anew, now)
        for me in pair.people:
            assert filled_in(pair, me, now) == filled_in(anew, me, now)

    def reminder(self, pair: Pair, entry: Entry) -> None:
        """INV-4, INV-5: never the junior about booking; three at most, one a day, by day.

        And three or four a week (domain.md 9.1), but for what is urgent and has just come up.
        """
        event = entry.event
        if not isinstance(event, Reminded):
            return
        me = next(p for p in pair.people if p.id == event.who)
        flow, _, prompt = event.item.rpartition(" ")[2].partition(".")
        assert not (flow == "meeting" and prompt in BOOKING and me == pair.reverse_mentor)
        assert hours.may_write(pair.programme, me, entry.at)
        assert event.times <= 3
        self.reminded[event.who, event.item] += 1
        again = [e for e in pair.journal if e.by == event.who and isinstance(e.event, PutOff)]
        back = sum(e.event.thread == event.thread for e in again)
        most = 4 + back  # that it has come up, three times, and when it was put off to
        assert self.reminded[event.who, event.item] <= most
        if event.beside or (prompt in URGENT and not event.times):
            return
        day = str(Moment.of(entry.at, me.zone).wall.date())
        self.days[event.who, day] += 1
        assert self.days[event.who, day] <= 1
        written = self.written.setdefault(event.who, [])
        written.append(entry.at)
        week = [at for at in written if at > entry.at - timedelta(days=7)]
        assert prompt in URGENT or len(week) <= A_WEEK[pair.role(me)]

    def topic_in_its_time(self, pair: Pair, entry: Entry) -> None:
        """INV-7: a sore topic is agreed only with a charter signed and a meeting held."""
        agreed = topic.agreed(pair)
        if not isinstance(entry.event, topic.Taken) or agreed is None:
            return
        chosen = getattr(agreed[0].event, entry.event.which)
        level = pair.programme.topics[chosen].level if chosen in pair.programme.topics else 1
        signed, held = bool(charter.agreed(pair)), meeting.diary(pair).held
        assert level <= (3 if signed and held else 2 if signed else 1)

    def silent_reflection(self, pair: Pair) -> None:
        """INV-15: that the junior wrote, skipped, or answered the pulse changes nothing for Ben."""
        new = [e.event for e in pair.journal[self.seen :]]
        private = reflection.MentorWrote, reflection.Skipped
        if new and all(isinstance(e, private) for e in new) and self.mentors(pair):
            assert self.life.screen(pair.reverse_mentee) == self.before.screen(pair.reverse_mentee)

    def mentors(self, pair: Pair) -> bool:
        return all(e.by == pair.reverse_mentor.id for e in pair.journal[self.seen :])

    def quiet_end(self, pair: Pair) -> None:
        """INV-12: after the end no reminder but those of closing, and that it has ended."""
        end = closing.ended_at(pair)
        for entry in pair.journal[self.seen :]:
            if end and entry.at > end and isinstance(entry.event, Reminded):
                prompt = entry.event.item.rpartition(" ")[2]
                told = prompt == leaving.ENDED.key and not entry.event.times
                assert told or prompt.partition(".")[0] in ALWAYS
        for me in pair.people:
            for item in self.life.reader(me).items:
                if item.prompt is leaving.ENDED:
                    self.endings.add(ending(pair, me))


def ending(pair: Pair, me: Person) -> str:
    """Return what somebody reads of an end, as if they were everybody."""
    words = BOOK.of(leaving.ENDED.key, "en")
    reader = cards.Reader.of(pair, me, pair.journal[-1].at, BOOK)
    item = next(i for i in facilitator.schedule(pair, me) if i.prompt is leaving.ENDED)
    told = " ".join(reader.say(p, item) for p in (words.heading, words.line, words.body))
    return told.replace(pair.partner(me).name, "NAME").replace(me.name, "ME")


@pytest.mark.long
@settings(max_examples=LIVES, phases=(Phase.explicit, Phase.generate))  # a seed is small enough
@given(st.integers(0, 1_000_000))
def test_every_promise_holds_in_every_life(seed: int) -> None:
    """INV-4, 5, 6, 7, 8, 10, 11, 12 and 15, asked after every move."""
    life = Life(seed)
    watch = Watch(life)
    for _ in range(MOVES):
        watch.step()
    watch.nothing_private(life.pair)
    assert len(watch.endings) <= 2  # one for each of the two


@pytest.mark.long
@settings(max_examples=LIVES // 2, phases=(Phase.explicit, Phase.generate))  # each thrice over
@given(st.integers(0, 1_000_000))
def test_the_senior_sees_nothing_that_depends_on_the_pulse(seed: int) -> None:
    """INV-2: histories that differ in pulse answers only look alike: keys, order and timing."""
    life = Life(seed, pulse="5", presses_only=True).live(MOVES)
    well = life.answering("5")
    other = ("yes", "bit", "")[seed % 3]
    for pulse in (other,) if well else ():
        assert life.answering(pulse) == well


@pytest.mark.long
def test_nobody_can_tell_what_the_other_did_in_private() -> None:
    """I14: a life without all that one of the two did for themselves looks the same to the other.

    Card, forms and Home, what on the card is news, and when the clock writes: from then on.
    """
    left_out: Counter[str] = Counter()
    for seed in range(LIVES // 3):
        life = Life(seed, presses_only=True).live(MOVES)
        me = life.pair.people[seed % 2]
        other = life.pair.partner(me)
        for with_it, without in without_private(life, me):
            assert seen(without, other) == seen(with_it, other), seed
        mine = [e.event for e in life.pair.journal if e.by == me.id and isinstance(e.event, ALONE)]
        left_out.update(event.name.partition(".")[0] for event in mine)
    assert left_out.total() > 20
    assert len(left_out) > 3


def without_private(life: Life, me: Person) -> Iterator[tuple[Life, Life]]:
    """Relive a life with and without what somebody did alone; yield both now and then.

    At each such act, and at a third of what happens later. Once they go on from it in the open,
    as who shares what they had kept to themselves, the two lives may differ.
    """
    with_it, without = Life(life.seed), Life(life.seed)
    differ = False
    for no, (who, input, now) in enumerate(life.told):
        with_it.now = without.now = now
        left_out = False
        if who is None or input is None:
            with_it.tick()
            without.tick()
        else:
            decision = with_it.act(who, input)
            left_out = who.id == me.id and alone(decision)
            differ |= left_out
            led_to = () if left_out else without.act(who, input).events
            if who.id == me.id and not left_out and names(led_to) != names(decision.events):
                return
        if left_out or (differ and no % 3 == 0):
            yield with_it, without


def names(events: Sequence[Event]) -> list[str]:
    return [event.name for event in events]


def alone(decision: Decision) -> bool:
    """Tell whether an input led to nothing but what somebody does for themselves."""
    led_to = [e for e in decision.events if not e.name.startswith("etiquette.")]
    return bool(led_to) and all(isinstance(e, ALONE) for e in led_to) and not decision.by_clock


def seen(life: Life, me: Person) -> tuple[str, object, list[tuple[datetime, str, int]]]:
    """Return what somebody sees, what of it is the news, and what the clock wrote about and when.

    Entries are told by their hour, since their number counts those of both.
    """
    pair, card = life.pair, life.card(me)
    no = int(card.revision) if card else 0
    news = (pair.journal[no - 1].at, pair.journal[no - 1].event.name) if no else None
    wrote = [e for e in pair.journal if isinstance(e.event, Reminded) and e.event.who == me.id]
    return life.screen(me), news, [(e.at, e.event.item, e.event.times) for e in wrote]


def test_every_early_end_reads_the_same_to_the_one_who_stays() -> None:
    """INV-10: whoever left, whatever the pulse said, and whatever else had happened before."""
    told: set[str] = set()
    ends: set[datetime] = set()
    for seed in range(60):
        life = Life(seed, presses_only=True).live(60)
        pair = life.pair
        if not welcome.confirmed(pair) or closing.ended_at(pair):
            continue
        for me in pair.people:
            left = [i for i in life.reader(me).items if i.prompt is leaving.LEAVE]
            if not left or leaving.ends(pair):
                continue
            decision = leaving.decide(pair, me, left[0], "leave", life.now)
            after = pair.with_events(decision.events, me.id, life.now)
            end = leaving.ends(after)
            assert end
            ends.add(end)
            told.add(ending(after, after.partner(me)))
    assert len(ends) > 20
    assert len(told) == 1
