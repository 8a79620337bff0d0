"""What must hold in every world, checked against what is truly on the screens and in the journal.

The numbers are those of the specification. Three are asked elsewhere: I13 (one tenant does not move
another) by `tests/simulator/lateness.py`; I14 (what one writes in private moves nothing of the
other's) by the tests of properties, which compare lives; I16 (no report tells of one person) by the
programme's own tests. Of the audit chain (I18) there is the journal, which only ever grows. I3 is
asked of what the clock does; what is on a screen is what the journal asks for now, which is I7.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import astuple, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from adapters.intake import OURS
from adapters.store import figures, tables
from adapters.store.keys import of_person
from bot import cards, facilitator
from bot.delivery import FOREVER, Post, is_newer, reconcile
from bot.etiquette import Manners, Reminded
from bot.flows import closing, leaving
from bot.journal import PersonId
from bot.retention import Forgot
from tests.life import fields_shown
from tests.rhythm import counts
from tests.simulator.plan import DAY, LEASE
from tests.stage import BOOK

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from bot.cards import Card
    from bot.delivery import Posted
    from bot.journal import Entry
    from bot.people import Account, Pair
    from bot.turn import Reply
    from tests.simulator.network import Platform
    from tests.simulator.people import Participant
    from tests.simulator.process import Process
    from tests.simulator.world import World

CANARY = re.compile(r"canary\d+x\d+")
WINDOW = range(9, 17)
AFTERWARDS = ("closing.", "leaving.", "evaluation.")
# Seconds in which a sender begins what was planned, though someone was erased since.
IN_HAND = (LEASE * OURS).total_seconds()
GRACE = LEASE * 1.5  # between planning a call and making it
JUST = timedelta(seconds=5)  # longer than a turn takes, and than an impatient finger waits
FROZEN_GRACE = timedelta(minutes=30)
STUCK = timedelta(hours=12)  # longer than a worker is ever away
CALLS = 120  # an hour to one account: far below what a loop without a pause would make


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that did not hold."""

    invariant: str
    told: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.told}"


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that arrived on somebody's screen, as the coordinator's what-if counts it."""

    here: datetime  # by the clock on their wall
    to: str
    role: str
    how: str
    unasked: bool


@dataclass
class Witness:
    """Sees every call and every screen of a world, and speaks up."""

    world: World
    sent: list[Sent] = field(default_factory=list)
    acts: dict[Account, list[datetime]] = field(default_factory=dict)
    last: dict[Account, datetime] = field(default_factory=dict)
    recent: dict[Account, deque[float]] = field(default_factory=dict)
    canaries: dict[int, set[str]] = field(default_factory=dict)
    journals: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    repeats: set[str] = field(default_factory=set)
    effective: set[str] = field(default_factory=set)
    planned: dict[str, datetime] = field(default_factory=dict)

    def acted(self, participant: Participant) -> None:
        self.acts.setdefault(participant.account, []).append(self.world.clock())

    def replied(self, participant: Participant, delivery: str, reply: Reply) -> None:
        if reply.repeat:
            self.repeats.add(delivery)
        self._reads(participant, f"{reply.notice} {reply.sheet and astuple(reply.sheet)}")

    def calling(self, process: Process, account: Account, how: str, key: str) -> None:
        """A call is being begun: may it be (I1, I4, I9, I11)?"""
        to = self.world.participants.get(account)
        if to is None:
            self._broken("I1", f"{how} to {account}, where nobody is")
            return
        now, seconds = self.world.clock(), self.world.seconds()
        claim = self._claimed(key)
        if to.erased and seconds > to.erased_at + IN_HAND:
            self._broken("I4", f"{how} to {to.name} after they were erased")
        recent = self.recent.setdefault(account, deque(maxlen=CALLS))
        if len(recent) == CALLS and seconds - recent[0] < DAY / 24:
            self._broken("I9", f"{CALLS} calls to {to.name} within an hour")
        recent.append(seconds)
        due = claim is not None and not claim.claim_owed
        if how == "post" and (due or self._unasked(account)) and not self._courteous(to, now):
            self._broken("I11", f"{process.name} posts to {to.name} at {self._local(to, now)}")
        if how == "find":
            self._in_doubt(to, key)
        else:
            self.planned[key] = claim.claim_until - LEASE if claim else now

    def arrived(
        self,
        platform: Platform,
        account: Account,
        how: str,
        key: str,
        card: Card,
        *,
        nameless: bool = False,
        last: Card | None = None,
    ) -> None:
        """Something is on a screen now: may it be there (I0, I1, I5, I15)?

        One that follows on nothing we know of by name is asked for again under the same name.
        `last` is what stood at the end of the chat: nobody is told it twice, whatever it is called.
        """
        to = self.world.participants[account]
        pair, person, digest, *_ = key.split(":")
        self.world.tell(f"{how} on {to.name}'s screen: {card.item} {digest}")
        if (pair, person) != (to.pair, to.person):
            self._broken("I1", f"{key} reached {to.name}")
        if digest != card.digest:
            self._broken("I0", f"{key} does not name what it carried to {to.name}")
        again = self._asked_again(account)
        if platform.arrived[key] > 1 and not (again and nameless):
            self._broken("I5", f"{to.name} got {key} {platform.arrived[key]} times")
        if last and _says_the_same(card, last) and not again:
            self._broken("I5", f"{to.name} was sent again what they had: {card.item}")
        self._reads(to, repr(card))
        here = self.world.clock().astimezone(ZoneInfo(to.zone))
        self.sent.append(Sent(here, to.name, to.role, how, self._unasked(account)))
        self.last[account] = self.planned[key]

    def looks(self, pair: Pair) -> None:
        """Look into a journal, as far as it is new (I2, I10, I12, I15, I18)."""
        seen = self.journals.get(pair.id, ())
        self.journals[pair.id] = pair.journal
        for old, kept in zip(seen, pair.journal, strict=False):
            if (old.no, old.at, old.by, old.event.name) != (
                kept.no,
                kept.at,
                kept.by,
                kept.event.name,
            ):
                self._broken("I18", f"entry {old.no} of {pair.id} was {old}, and is {kept}")
        numbers = [entry.no for entry in pair.journal]
        if len(pair.journal) < len(seen) or numbers != list(range(1, len(numbers) + 1)):
            self._broken("I18", f"the journal of {pair.id} has lost entries")
        for entry in pair.journal[len(seen) :]:
            if isinstance(entry.event, Reminded):
                self._reminded(pair, entry, entry.event)
        self._effects(pair)
        self._words(pair)

    async def screens(self) -> None:
        """What is noted is truly there (I6), nothing is stuck (I7), nobody has two cards (I5)."""
        await self._given_up()
        long_ago = self.world.clock() - STUCK
        for to in self.world.participants.values():
            posted = await self.world.posted(to)
            held = posted is not None and posted.hold and posted.hold > self.world.clock()
            if posted and posted.claim and posted.claim.until < long_ago and not held:
                self._broken("I7", f"nobody has looked into what {to.name} was sent")
            if posted and posted.hold and posted.hold < long_ago and not posted.claim:
                pair = await self.world.looks_at(to.pair)
                if pair.journal[-1].at < long_ago and self._wrong(pair, to, posted, long_ago):
                    self._broken("I7", f"{to.name}'s platform asked for a pause that never ends")
            if posted is None or posted.claim or not posted.revision:
                continue
            platform = self.world.platforms[to.account.platform]
            if not posted.ref:
                if platform.kind != "mute":
                    self._broken("I6", f"nobody knows where on {to.name}'s screen their card is")
                continue
            message = platform.chats[to.account][int(posted.ref)]
            if (
                posted.digest and message.card.digest != posted.digest
            ):  # nothing: it is looked after
                shown = message.card.digest
                self._broken("I6", f"{to.name}'s screen shows {shown}, noted is {posted.digest}")
            live = len(platform.live(to.account))
            if live > 1 and platform.kind != "mute":
                self._broken("I5", f"{to.name} has {live} live cards")

    def _in_doubt(self, to: Participant, key: str) -> None:
        """Only what was begun is in doubt (I6): of a mute platform it would count as arrived.

        Who dies, stands still or cannot write it down says of nothing that it was not begun.
        """
        lost = any(self.world.had(fault) for fault in ("crash", "frozen", "busy"))
        if key not in self.planned and not lost:
            self._broken("I6", f"nobody tried to send {key}, and {to.name} may count as told")

    async def at_rest(self) -> str:
        """Say what is still to be done though nothing is in the way (I3, I7, I19), if anything."""
        now = self.world.clock()
        for to in self.world.participants.values():
            pair = await self.world.looks_at(to.pair)
            posted = await self.world.posted(to)
            if facilitator.tick(pair, now).by_clock:
                due = facilitator.tick(pair, now).by_clock
                return f"{due} of {pair.id} is due and was not done"
            if posted is None or self._away(to, posted):
                continue
            if posted.claim:
                return f"a change to {to.name}'s screen is still claimed"
            if self._wrong(pair, to, posted, now):
                return f"{to.name}'s screen is not what it should be"
        return ""

    async def afterwards(self) -> None:
        """Check what can be told at the end only: the log (I15), and the erased (I17)."""
        for to in self.world.participants.values():
            if to.erased:
                self._gone(to)
        lost = self.repeats - self.effective
        if lost:
            self._broken("I10", f"{min(lost)} was called a repeat, and had no effect")
        if CANARY.search(self.world.log):
            self._broken("I15", "a private word is in the log")

    def _wrong(self, pair: Pair, to: Participant, posted: Posted, now: datetime) -> bool:
        """Tell whether a screen is not as the journal asks for, and should be by now."""
        me = pair.person(to.person)
        change = reconcile(cards.card(cards.Reader.of(pair, me, now, BOOK)), posted)
        waits = isinstance(change, Post) and now < facilitator.courteous(pair, me, now)
        return change is not None and not waits

    def _away(self, to: Participant, posted: Posted) -> bool:
        """Tell whether a platform has said that someone cannot be reached."""
        gone = self.world.platforms[to.account.platform].unreachable
        return posted.hold == FOREVER and to.account in gone

    async def _given_up(self) -> None:
        """Whoever runs this is told of everybody a platform gave up on (I8)."""
        held = [await self.world.posted(to) for to in self.world.participants.values()]
        lost = sum(posted is not None and posted.hold == FOREVER for posted in held)
        told = self.world.looks_up(figures.unreachable)
        if lost != told:
            self._broken("I8", f"{lost} cannot be reached, and the figures say {told}")

    def _gone(self, to: Participant) -> None:
        person, subject = to.person, tables.data_key.c.subject
        asked = [
            select(tables.account).where(tables.account.c.person == person),
            select(tables.posted).where(tables.posted.c.person == person),
            select(tables.data_key).where(subject == of_person(person)),
        ]
        if self.world.looks_up(lambda conn: [row for q in asked for row in conn.execute(q)]):
            self._broken("I17", f"something of {to.name} is left after they were erased")

    def _reminded(self, pair: Pair, entry: Entry, event: Reminded) -> None:
        """The clock wrote: by day, once a day unless it is urgent and new, not after the end."""
        to = next(p for p in self.world.both(pair.id) if p.person == event.who)
        if not self._courteous(to, entry.at, timedelta()):
            self._broken("I11", f"{to.name} was reminded at {self._local(to, entry.at)}")
        before = [
            e.at
            for e in pair.journal[: entry.no - 1]
            if isinstance(e.event, Reminded) and e.event.who == event.who and counts(e.event)
        ]
        if counts(event) and before and self._day(to, before[-1]) == self._day(to, entry.at):
            self._broken("I2", f"{to.name} was reminded twice on {self._day(to, entry.at)}")
        ended = closing.ended_at(pair)
        prompt = event.item.rpartition(" ")[2]
        if ended and ended < entry.at and not prompt.startswith(AFTERWARDS):
            self._broken("I12", f"{to.name} was reminded of {prompt} after the end")
        if not any(p.erased for p in self.world.both(pair.id)):
            self._stood(pair, entry, event)
        until = leaving.paused(pair, entry.at)
        if until and pair.fold(leaving.Course).paused.no < entry.no:  # type: ignore[union-attr]
            self._broken("I4", f"{to.name} was reminded of {prompt} in a pause")

    def _stood(self, pair: Pair, entry: Entry, event: Reminded) -> None:
        """Nobody is reminded of what is over (I3), or before that is due (I2).

        What was put off may come back with the number of times it had. Of what was forgotten since,
        nobody can tell.
        """
        if any(isinstance(later.event, Forgot) for later in pair.journal[entry.no :]):
            return
        before = pair.blank().with_entries(pair.journal[: entry.no - 1])
        me, at = before.person(PersonId(event.who)), entry.at
        meant = [
            item
            for item in facilitator.inbox(before, me, at)
            if f"{item.key} {item.prompt.key}" == event.item
        ]
        if not meant:
            self._broken("I3", f"{event.item} did not stand at {at:%d %b %H:%M}")
        due = (facilitator._due(before, me, item) for item in meant)
        back = before.fold(Manners).put_off.get((me.id, event.thread))
        if not (back and back <= at) and not any(_fallen(each, at) > event.times for each in due):
            self._broken("I2", f"{event.item} was not due for the {event.times}th time at {at}")

    def _effects(self, pair: Pair) -> None:
        """A delivery has one effect at most, and one called a repeat has had it (I10)."""
        moments: dict[str, set[datetime]] = {}
        for entry in pair.journal:
            delivery = self.world.moments.get(entry.at, "")
            if delivery:
                moments.setdefault(delivery, set()).add(entry.at)
        self.effective.update(moments)
        for delivery, effects in moments.items():
            if len(effects) > 1:
                self._broken("I10", f"{delivery} had {len(effects)} effects")

    def _words(self, pair: Pair) -> None:
        """What was read lately was the reader's own, or is shared by now (I15)."""
        both = {to.no: to for to in self.world.both(pair.id)}
        read = [(to, word) for no, to in both.items() for word in self.canaries.pop(no, ())]
        theirs = [(to, word) for to, word in read if self.world.author(word) != to.no]
        shown = fields_shown(pair) if theirs else {}
        for to, word in theirs:
            if shown.get(word) == {"P0"}:
                self._broken("I15", f"{to.name} has seen {word}, which is private")
            if self.world.author(word) not in both:
                self._broken("I15", f"{to.name} has seen {word} of another pair")

    def _reads(self, participant: Participant, text: str) -> None:
        found = CANARY.findall(text)
        if found:
            self.canaries.setdefault(participant.no, set()).update(found)

    def _claimed(self, key: str) -> Row[*tuple[Any, ...]] | None:
        """Return what is noted of a change on its way: until when it may take, what was owed."""
        row = tables.posted.c
        asked = select(row.claim_until, row.claim_owed).where(row.claim_key == key)
        return self.world.looks_up(lambda conn: conn.execute(asked).one_or_none())

    def _asked_again(self, account: Account) -> bool:
        """Tell whether someone acted since what reached them last was planned, or just before.

        An act that it answered does not count. To a process that stood still all comes at once.
        """
        last, acts = self.last.get(account), self.acts.get(account, [])
        if last is None:
            return False
        theirs = f"{account.tenant}:{account.user}:"
        others = acts[-2:-1] if self.world.moments.get(last, "").startswith(theirs) else acts
        just = FROZEN_GRACE if self.world.stood_still() else JUST
        return acts[-1:] > [last] or others[-1:] > [last - just]

    def _unasked(self, account: Account) -> bool:
        """Tell whether someone did nothing since what reached them last was planned."""
        last, acts = self.last.get(account), self.acts.get(account, [])
        return not acts or (last is not None and acts[-1] < last - self._grace())

    def _courteous(self, to: Participant, now: datetime, grace: timedelta | None = None) -> bool:
        """Tell whether it is a working hour of theirs, or was when the call was planned."""
        if self.world.seconds() < max(to.zone_since, self.world.clock_set) + 2 * DAY:
            return True
        grace = self._grace() if grace is None else grace
        here = (moment.astimezone(ZoneInfo(to.zone)) for moment in (now, now - grace))
        return any(moment.hour in WINDOW and moment.weekday() < 5 for moment in here)

    def _grace(self) -> timedelta:
        return FROZEN_GRACE if self.world.stood_still() else GRACE

    def _local(self, to: Participant, now: datetime) -> str:
        return f"{now.astimezone(ZoneInfo(to.zone)):%a %H:%M} {to.zone}"

    def _day(self, to: Participant, now: datetime) -> str:
        return f"{now.astimezone(ZoneInfo(to.zone)):%d %b}"

    def _broken(self, invariant: str, told: str) -> None:
        self.world.violated(Violation(invariant, told))


def _fallen(due: tuple[datetime, ...], now: datetime) -> int:
    """Return how many of these moments have come."""
    return sum(moment <= now for moment in due)


def _says_the_same(card: Card, last: Card) -> bool:
    """Tell whether a card looks as one before it, and nothing has happened since."""
    return card.digest == last.digest and not is_newer(card.revision, last.revision)
