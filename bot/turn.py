"""A turn: one input, one transaction, then delivery. The only module of the bot that waits.

Within the transaction the pair is held, the delivery's id is noted (a repeat ends there), events
are written, the changes to both screens are planned and claimed, and the pair's next wake-up is
set. If the process dies at any point after, that wake-up finds the same difference and finishes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2s
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot import cards, facilitator, hearing
from bot.delivery import (
    FOREVER,
    Change,
    Claim,
    NotSent,
    Owed,
    Post,
    Posted,
    Settle,
    Update,
    is_newer,
    reconcile,
)
from bot.inbox import Decision, Form, Handout
from bot.inputs import Incoming, Input, Marked, Said, Ticked
from bot.retention import Forgot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.cards import Card, Sheet
    from bot.journal import Entry, PairId, PersonId
    from bot.people import Account, Pair, Person
    from bot.wording import Phrasebook

T = TypeVar("T")

# What a change came to: the message it led to, nothing if it did not arrive, None if who knows,
# or the moment until which the platform wants to be left alone.
Outcome = str | datetime | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said at once to the one who acted: a notice or a form.

    `handout` names what the house has to add to it: a link, of which no journal knows.
    `repeat`: it was handled before. `taken`: what was typed need not be kept where it was typed.
    `failed`: it could not be handled just now, and may be brought again.
    `pair` and `me` say whose turn it was, and so in which language and zone they read.
    """

    notice: str = ""
    sheet: Sheet | None = None
    handout: str = ""
    repeat: bool = False
    taken: bool = True
    failed: bool = False
    pair: PairId | None = None
    me: Person | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """A change to one person's screen, claimed: to be sent, then noted. `key` names it for ever.

    After `until` another may be at it, under the same name.
    """

    who: PersonId
    account: Account
    change: Change
    key: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be sent, and when to look in on the pair once all of it has arrived."""

    errands: tuple[Errand, ...] = ()
    pair: Pair | None = None
    wake: datetime | None = None


class UnitOfWork(Protocol):
    """A pair, held for one transaction."""

    def pair(self) -> Pair:
        """Return the pair with its journal as it is now."""
        ...

    def first_time(self, delivery: str, at: datetime) -> bool:
        """Note a delivery's id; tell whether it is new."""
        ...

    def nothing_done(self, delivery: str) -> None:
        """Take a delivery's id back: nothing was written, so a repeat is answered as it was."""
        ...

    def write(self, pair: Pair, entries: tuple[Entry, ...]) -> None:
        """Append entries; `pair` is the pair with them."""
        ...

    def forget(self, entries: tuple[int, ...]) -> Pair:
        """Forget what these entries held, for good; return the pair without it.

        The entries stay, and read as blank.
        """
        ...

    def wake(self, at: datetime | None) -> None:
        """Set when the clock should look in on this pair."""
        ...

    def wake_by(self, at: datetime) -> None:
        """Let the clock look in by then; if it does so earlier, that stays."""
        ...

    def account(self, who: PersonId) -> Account | None:
        """Return where someone is reached now, if anywhere."""
        ...

    def posted(self, who: PersonId) -> Posted:
        """Return what is on someone's screen."""
        ...

    def keep(self, who: PersonId, posted: Posted) -> None:
        """Note what is on someone's screen."""
        ...


class Store(Protocol):
    """Where pairs are kept."""

    async def work(self, pair: PairId, body: Callable[[UnitOfWork], T]) -> T:
        """Run a body of plain code in one transaction that holds this pair. Commit or nothing."""
        ...


class Messenger(Protocol):
    """A platform's way to a screen. `key` names a change for ever; a reference names a message."""

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        """Put a card at the end of the chat, once per key, and leave `retire` without buttons."""
        ...

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        """Change a card in place. A message that is gone is posted anew."""
        ...

    async def retire(self, account: Account, ref: str) -> None:
        """Leave a message without buttons."""
        ...

    async def find(self, account: Account, key: str) -> str | None:
        """Return the message a change led to, nothing if it never arrived, None if who knows."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a turn needs: the store, the words, a messenger per platform, and patience.

    `lease` is how long a sender may take before another looks into it.
    """

    store: Store
    book: Phrasebook
    messengers: Mapping[str, Messenger]
    lease: timedelta = timedelta(seconds=120)


async def take_turn(services: Services, incoming: Incoming) -> tuple[Reply, Plan]:
    """Take an input: decide, write, plan. Raises LookupError for someone who is not of the pair."""

    def body(work: UnitOfWork) -> tuple[Reply, Plan]:
        ticked = isinstance(incoming.input, Ticked)
        if not ticked and not work.first_time(incoming.id, incoming.at):
            return Reply(repeat=True), Plan()
        before = work.pair()
        me = before.person(incoming.who) if incoming.who else None
        decision = decide(before, me, incoming, services.book)
        if not ticked and not (decision.events or decision.by_clock):
            work.nothing_done(incoming.id)  # said again, it is answered again
        after = before
        if decision.events:
            after = after.with_events(decision.events, incoming.who, incoming.at)
        if decision.by_clock:
            after = after.with_events(decision.by_clock, None, incoming.at)
        work.write(after, after.journal[len(before.journal) :])
        for event in decision.by_clock:
            if isinstance(event, Forgot):
                after = work.forget(event.entries)
        planned = plan(work, services, after, incoming.at, me, again=decision.again)
        return _reply(after, me, decision, incoming.at, services.book), planned

    return await services.store.work(incoming.pair, body)


async def deliver(services: Services, pair: PairId, planned: Plan, now: datetime) -> None:
    """Send what was planned, note it, and look again, until both screens are right.

    What failed without our knowing whether it arrived stays claimed, to be looked for later; the
    first such failure is raised again once everything else has been sent. Called off, it begins
    nothing more: what was not begun, as a cause of `NotSent` tells of the one in hand, is noted as
    not sent, since some platforms cannot be asked.
    """
    failed: list[Exception] = []
    while planned.errands:
        sent: list[tuple[Errand, Outcome]] = []
        for errand in planned.errands:
            try:
                sent.append((errand, await _send(services, errand, now)))
            except Exception as error:  # noqa: BLE001  # the others are still to be sent
                failed.append(error)
            except BaseException as called_off:
                first = planned.errands.index(errand)
                begun = not isinstance(called_off.__cause__, NotSent)
                await give_up(services, pair, planned.errands[first + begun :], now, sent)
                raise

        def note(
            work: UnitOfWork, sent: list[tuple[Errand, Outcome]] = sent, before: Plan = planned
        ) -> tuple[Plan, list[tuple[Errand, Outcome]]]:
            late = [(errand, came) for errand, came in sent if _is_stray(work, errand, came)]
            well = [_note(work, errand, came) for errand, came in sent]
            known = work.pair()
            whole = len(well) == len(before.errands) and all(well)
            if whole and known is before.pair:  # nobody did anything meanwhile
                work.wake(before.wake)
                return Plan(), late
            return plan(work, services, known, now, None), late

        planned, late = await services.store.work(pair, note)
        for errand, ref in late:
            try:
                await services.messengers[errand.account.platform].retire(errand.account, str(ref))
            except Exception as kept:  # noqa: BLE001  # what is planned by now is still to be sent
                failed.append(kept)
    if failed:
        raise failed[0]


async def give_up(
    services: Services,
    pair: PairId,
    unbegun: tuple[Errand, ...],
    now: datetime,
    sent: Iterable[tuple[Errand, Outcome]] = (),
) -> None:
    """Note that these changes were never begun, and what became of others by then."""

    def note(work: UnitOfWork) -> None:
        for errand, came in (*sent, *((errand, now) for errand in unbegun)):
            _note(work, errand, came)
        work.wake_by(now + services.lease)

    await services.store.work(pair, note)


def decide(pair: Pair, me: Person | None, incoming: Incoming, book: Phrasebook) -> Decision:
    """Return what an input amounts to. Pure: the same journal and input give the same decision."""
    heard: Input = incoming.input
    if isinstance(heard, Marked):
        return facilitator.marked(pair, heard)
    if me is None or isinstance(heard, Ticked):
        return facilitator.tick(pair, incoming.at)
    if isinstance(heard, Said):
        heard = hearing.hear(cards.Reader.of(pair, me, incoming.at, book), heard.text)
    return facilitator.handle(pair, me, heard, incoming.at)


def plan(
    work: UnitOfWork,
    services: Services,
    pair: Pair,
    now: datetime,
    actor: Person | None,
    *,
    again: bool = False,
) -> Plan:
    """Compare both screens with what they should show, claim the changes, set the wake-up."""
    wakes = [facilitator.wake_at(pair, now)]
    leases: list[datetime | None] = []
    errands = []
    for me in (*pair.people, *facilitator.contacts(pair)):
        account = work.account(me.id)
        if account is None:
            continue
        posted = work.posted(me.id)
        if actor and me.id == actor.id:
            posted = replace(posted, owed=Owed.AGAIN if again else Owed.IN_PLACE, hold=None)
        change, look_again = _change(services, pair, me, now, posted)
        (leases if change else wakes).append(look_again)
        if isinstance(change, Post | Update):
            card = change.card
            ref = change.ref if isinstance(change, Update) else ""
            key = _name(pair, me, card, f"in {ref}" if ref else f"after {posted.ref}")
            until = now + services.lease
            seen = posted.revision if is_newer(posted.revision, card.revision) else card.revision
            claim = Claim(key, seen, card.digest, until, posted.owed, ref)
            work.keep(me.id, replace(posted, owed=Owed.NOTHING, claim=claim))
            errands.append(Errand(me.id, account, change, key, until))
        elif isinstance(change, Settle):
            claim = replace(change.claim, until=now + services.lease)
            work.keep(me.id, replace(posted, claim=claim))
            errands.append(Errand(me.id, account, change, claim.key, claim.until))
        elif actor and me.id == actor.id and posted.claim:
            work.keep(me.id, posted)
        elif not posted.claim and not (posted.hold and now < posted.hold):
            work.keep(me.id, replace(posted, owed=Owed.NOTHING, hold=None))  # it is right as it is
    errands.sort(key=lambda errand: isinstance(errand.change, Settle))  # a slow one waits
    work.wake(min((w for w in wakes + leases if w), default=None))
    return Plan(tuple(errands), pair, min((w for w in wakes if w), default=None))


def _name(pair: Pair, me: Person, card: Card, place: str) -> str:
    """Return the name of a change for ever. What is asked for again is another, after another.

    A platform keeps it in clear: how long the journal is can be told from it by nobody (INV-2).
    """
    told = blake2s(f"{len(pair.journal)} {place}".encode(), key=pair.salt, digest_size=8)
    return f"{pair.id}:{me.id}:{card.digest}:{told.hexdigest()}"


def _change(
    services: Services, pair: Pair, me: Person, now: datetime, posted: Posted
) -> tuple[Change | None, datetime | None]:
    """Return what to do about one screen now, and when to look at it again."""
    if posted.hold and now < posted.hold:
        return None, None if posted.hold == FOREVER else posted.hold
    if posted.claim:
        if now < posted.claim.until:
            return None, posted.claim.until
        return Settle(posted.claim), now + services.lease
    of_pair = me in pair.people
    if of_pair:
        wanted = cards.card(cards.Reader.of(pair, me, now, services.book))
    else:
        wanted = cards.letters(services.book, pair, me, posted.revision)
    change = reconcile(wanted, posted)
    courteous = facilitator.courteous(pair, me, now, partner=of_pair)
    if isinstance(change, Post) and posted.owed is Owed.NOTHING and now < courteous:
        return None, courteous
    return change, now + services.lease if change else None


def _is_stray(work: UnitOfWork, errand: Errand, came: Outcome) -> bool:
    """Tell whether a message arrived after somebody else had looked into it and sent another."""
    posted = work.posted(errand.who)
    ours = posted.claim is not None and posted.claim.key == errand.key
    arrived = isinstance(errand.change, Post) and isinstance(came, str)
    return arrived and not ours and came != posted.ref


def _note(work: UnitOfWork, errand: Errand, came: Outcome) -> bool:
    """Note what became of a change, and tell whether the screen is right; else it is planned again.

    What did not arrive is owed again; what was owed meanwhile still is. Of a new message that may
    have arrived we take it that it did: silence is better than saying it twice.
    """
    posted = work.posted(errand.who)
    claim = posted.claim
    if claim is None or claim.key != errand.key:
        if isinstance(errand.change, Update) and came == posted.ref:  # it lies over what was newer
            work.keep(errand.who, replace(posted, digest=""))
        return False
    arrived = came if isinstance(came, str) else ""
    if not arrived and claim.until != errand.until:  # another is at it, and knows better
        return False
    settling = isinstance(errand.change, Settle)
    hold = came if isinstance(came, datetime) else None
    if arrived or (came is None and not claim.ref):
        work.keep(errand.who, Posted(arrived, claim.revision, claim.digest, posted.owed))
    elif settling and hold:  # we could not even ask, and ask when that is over
        work.keep(errand.who, replace(posted, hold=hold))
    else:
        owed = claim.owed if posted.owed is Owed.NOTHING else posted.owed
        digest = posted.digest if came is not None else ""  # nobody can tell how it looks now
        work.keep(errand.who, replace(posted, digest=digest, owed=owed, claim=None, hold=hold))
    return bool(arrived) and posted.owed is Owed.NOTHING and not settling


async def _send(services: Services, errand: Errand, now: datetime) -> Outcome:
    """Send a change. Raises whatever leaves it open whether it arrived."""
    messenger = services.messengers.get(errand.account.platform)
    if messenger is None:  # another process may know the way there
        return now + services.lease
    try:
        match errand.change:
            case Post(card, retire):
                return await messenger.post(errand.account, card, errand.key, retire)
            case Update(card, ref):
                return await messenger.update(errand.account, ref, card, errand.key)
            case Settle():
                return await messenger.find(errand.account, errand.key)
    except NotSent as refused:
        return FOREVER if refused.wait is None else now + refused.wait


def _reply(
    pair: Pair, me: Person | None, decision: Decision, now: datetime, book: Phrasebook
) -> Reply:
    if me is None or decision.reply is None:
        return Reply(pair=pair.id, me=me)
    reader = cards.Reader.of(pair, me, now, book)
    if isinstance(decision.reply, Form):
        return Reply(sheet=cards.sheet(reader, decision.reply), pair=pair.id, me=me)
    if isinstance(decision.reply, Handout):
        return Reply(handout=decision.reply.key, pair=pair.id, me=me)
    refused = decision.reply.key in facilitator.REFUSALS
    said = cards.notice(reader, decision.reply)
    return Reply(notice=said, taken=not refused, pair=pair.id, me=me)
