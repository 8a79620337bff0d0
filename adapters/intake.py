"""Where platforms hand in what comes in: who is it, which pair, take the turn, then deliver.

The turn is committed before the platform is answered; cards go out after that. Should anything fail
in between, the pair's wake-up finds the same difference and finishes.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2s
from itertools import groupby
from typing import TYPE_CHECKING

from adapters import logs, metrics
from adapters.clock import ZONES
from adapters.pacing import Rate
from adapters.store import deliveries, directory, due, roster
from bot import cards
from bot.delivery import Update
from bot.inputs import Asked, Incoming, Input, Marked, Said, Submitted, Ticked
from bot.journal import PairId
from bot.turn import Reply, deliver, give_up, take_turn
from bot.wording import FIRST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from adapters.clock import Clock
    from adapters.courier import Courier
    from adapters.pacing import Pacing
    from adapters.store.directory import Membership
    from adapters.store.due import Due
    from adapters.store.sql import SqlStore
    from bot.cards import Card, Home
    from bot.journal import PersonId
    from bot.people import Account, Pair, Person
    from bot.turn import Plan, Services

log = logging.getLogger("turnabout.intake")
BATCH = 100
HANDS = 4  # look-ins at once in one programme
OURS = 0.75  # of the lease is the sender's; the rest is for what is still on its way
JOIN = "join"
ALLOWANCE = Rate(2.0, 60)  # what one person may say: thirty a minute, and sixty after a rest
SELDOM = Rate(60.0)  # how often they are told that it was too much
PATIENCE = 2  # seconds a platform may take to say who somebody is


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said at once to who acted, and how one message of theirs looks from now on."""

    reply: Reply
    ref: str = ""
    card: Card | None = None


class Intake:
    """One per process: what comes in, from people and from the clock, goes through it.

    `emails` says, by platform, where someone's address is vouched for; `hand_out` words what is
    asked for and stands in no journal, such as the address of a calendar.
    """

    def __init__(
        self,
        services: Services,
        store: SqlStore,
        clock: Clock,
        courier: Courier | None = None,
        pacing: Pacing | None = None,
    ) -> None:
        """Take in for this store, by this clock; the courier mails what became of meetings.

        With a pacing nobody is heard faster than their allowance, in this process.
        """
        self._services = services
        self._store = store
        self._clock = clock
        self._courier = courier
        self._pacing = pacing
        self.emails: dict[str, Callable[[Account], Awaitable[str]]] = {}
        self.hand_out: Callable[[str, Pair, Person, str], Awaitable[str]] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()

    async def receive(
        self, account: Account, input: Input, delivery: str, pair: str | None = None
    ) -> Reply:
        """Take one input from a verified account; `pair` is what a button named, if it did.

        `delivery` is handled once. The reply is never an error: it says what to do.
        """
        return (await self.take(account, input, delivery, pair)).reply

    async def take(
        self, account: Account, input: Input, delivery: str, pair: str | None = None
    ) -> Answer:
        """Take one input as `receive` does; tell also how the card under their finger changes."""
        if self._pacing and not self._pacing.admits(account, ALLOWANCE):
            return Answer(self._too_much(self._pacing, account, input))
        try:
            answer = await self._take(account, input, delivery, pair)
        except Exception as error:  # noqa: BLE001  # whatever it is, the person gets a sentence
            metrics.turn(input, None)
            _failed("turn", error)
            return Answer(Reply(notice=self._at_once("again"), taken=False, failed=True))
        metrics.turn(input, answer.reply)
        return answer

    def _too_much(self, pacing: Pacing, account: Account, input: Input) -> Reply:
        """Say so now and then, and always to a form, which would close over what was typed."""
        metrics.turn(input, Reply(taken=False))
        told = pacing.admits((account, "told"), SELDOM) or isinstance(input, Submitted)
        notice = self._at_once("too_much") if told else ""
        return Reply(notice, taken=False, repeat=not told)

    async def _take(
        self, account: Account, input: Input, delivery: str, pair: str | None
    ) -> Answer:
        now = self._clock.now()
        memberships = await self._store.run(lambda conn: _memberships(conn, account, pair))
        if isinstance(input, Said) and _is_joining(input.text, known=bool(memberships)):
            return Answer(await self._join(account, input.text, now))
        mine, input = _meant(memberships, input, pair)
        if mine is None:
            return Answer(await self._say(account, memberships, pair))
        incoming = Incoming(delivery, mine.pair, mine.person, input, now)
        reply, planned = await take_turn(self._services, incoming)
        self.send(mine.pair, planned, now)
        if reply.handout and reply.me and planned.pair and self.hand_out:
            to = planned.pair, reply.me, account.platform
            told = await self.hand_out(reply.handout, *to)
            reply = replace(reply, notice=told)
        return _answer(reply, planned, mine.person)

    async def marked(
        self, pair: PairId, me: PersonId, times: tuple[datetime, ...], kind: str
    ) -> None:
        """Lay before someone the times an assistant marked, and the kind of place."""
        now = self._clock.now()
        mark = Incoming(_name(now, times, kind), pair, None, Marked(me, times, kind), now)
        _, planned = await take_turn(self._services, mark)
        self.send(pair, planned, now)

    async def _join(self, account: Account, text: str, now: datetime) -> Reply:
        """Let someone in by their invitation code, or move someone we know; show where they are."""
        code = "".join(text.split()[1:])

        email = "" if code else await self._email(account)
        keys = self._store.keys

        def body(conn: Connection) -> tuple[PairId, ...]:
            if code:
                roster.join(conn, code, account, now)
            elif email:
                roster.recognise(conn, keys, account, email, now)
            return roster.move(conn, account, now)

        try:
            pairs = await self._store.run(body)
        except roster.InvitationError as error:
            return await self._general(account, f"code_{error.reason}", taken=False)
        except LookupError:
            return await self._say(account, (), None)
        for pair in pairs:
            self._soon(self.look_in(pair), pair)
        return await self._general(account, "joined" if pairs else "contact")

    async def _email(self, account: Account) -> str:
        """Return someone's address as their platform vouches for it, where it does."""
        ask = self.emails.get(account.platform)
        try:
            async with asyncio.timeout(PATIENCE):
                return await ask(account) if ask else ""
        except Exception as error:  # noqa: BLE001  # they can still come in by a code
            log.warning("no e-mail", extra=logs.of(error))
            return ""

    async def came(self, account: Account) -> None:
        """Look in on the pairs of someone who has just come, or come back."""
        for mine in await self._store.run(lambda conn: directory.whose(conn, account)):
            self._soon(self.look_in(mine.pair), mine.pair)

    async def homes(self, account: Account) -> tuple[tuple[PairId, Home], ...]:
        """Return Home of each pair someone is in, the oldest first; nothing for a stranger."""
        mine = await self._store.run(lambda conn: directory.whose(conn, account))
        return tuple([(each.pair, await self._home(each)) for each in mine])

    async def _home(self, mine: Membership) -> Home:
        pair = await self._store.work(mine.pair, lambda work: work.pair())
        me = pair.person(mine.person)
        return cards.home(cards.Reader.of(pair, me, self._clock.now(), self._services.book))

    async def follow(self, account: Account, zone: str, locale: str) -> bool:
        """Note where someone lives and what they read, as their platform says.

        What we cannot use stays as it is. Tells whether we know them at all.
        """
        told = {
            "zone": zone if zone in ZONES else "",
            "locale": locale if locale in self._services.book.locales else "",
        }
        told = {name: value for name, value in told.items() if value}
        keys, now = self._store.keys, self._clock.now()
        return await self._store.run(lambda conn: roster.follow(conn, keys, account, told, now))

    async def look_in(self, pair: PairId) -> None:
        """Take the clock's turn on one pair, and deliver."""
        now = self._clock.now()
        reply, planned = await take_turn(self._services, Incoming("", pair, None, Ticked(), now))
        metrics.turn(Ticked(), reply)
        metrics.changes(planned)
        await self._in_time(pair, planned, now)
        if self._courier:  # a slow mail server holds up nobody's look-in
            self._soon(self._courier.look_in(pair), pair)

    async def sweep(self) -> int:
        """Look in on pairs whose wake-up has come, a fair share of each programme's; say how many.

        A programme that is slow holds up only itself: another sweep may go on beside this one.
        """
        now, lease = self._clock.now(), self._services.lease
        taken = await self._store.run(lambda c: due.take(c, now, lease, BATCH, self._busy))
        shares = groupby(taken, key=lambda each: each.programme)
        await asyncio.gather(
            *(self._attend(programme, list(share), now + lease) for programme, share in shares)
        )
        return len(taken)

    async def mail(self) -> None:
        """Let the courier look into its letters; apart from the sweeps, for its server may hang."""
        if self._courier:
            await self._courier.sweep()

    async def forget_deliveries(self) -> None:
        """Forget which inputs were handled long ago, batch by batch."""
        now, most = self._clock.now(), deliveries.BATCH
        while await self._store.run(lambda conn: deliveries.let_go(conn, now, most)) == most:
            pass

    async def _attend(self, programme: str, share: list[Due], until: datetime) -> None:
        """Look in on one programme's pairs with a few hands, the oldest first."""
        self._busy.add(programme)
        try:
            await asyncio.gather(*(self._go_through(share[n::HANDS], until) for n in range(HANDS)))
        finally:
            self._busy.discard(programme)

    async def _go_through(self, share: list[Due], until: datetime) -> None:
        for n, each in enumerate(share):
            try:
                if self._clock.now() >= until:  # by now another worker may have taken them
                    await self._store.run(partial(due.give_back, untouched=share[n:]))
                    return
                metrics.due(each, self._clock.now())
                await self.look_in(each.pair)
            except Exception as error:  # noqa: BLE001  # one pair must not hold up the others
                _failed("look-in", error, each.pair)

    def send(self, pair: PairId, planned: Plan, now: datetime) -> None:
        """Deliver in the background: the reply does not wait for the cards."""
        if planned.errands:
            metrics.changes(planned)
            self._soon(self._in_time(pair, planned, now), pair)
        if self._courier:
            self._soon(self._courier.look_in(pair), pair)

    def _soon(self, work: Coroutine[None, None, None], pair: PairId) -> None:
        task = asyncio.create_task(self._well(work, pair))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def settled(self) -> None:
        """Wait until everything that is on its way has arrived."""
        while self._errands:
            await asyncio.gather(*self._errands)

    async def _in_time(self, pair: PairId, planned: Plan, now: datetime) -> None:
        """Deliver well within the lease: after it another looks into it. Nothing is begun too late.

        What is on the wire by then has the rest of the lease to arrive, and is found. Raises
        TimeoutError, or whatever leaves it open whether something arrived.
        """
        if not planned.errands:
            return
        left = self._services.lease * OURS - (self._clock.now() - now)
        if left.total_seconds() <= 0:  # we stood still: a call made now would come after another's
            await give_up(self._services, pair, planned.errands, now)
            raise TimeoutError
        async with asyncio.timeout(left.total_seconds()):
            await deliver(self._services, pair, planned, now)

    async def _well(self, work: Coroutine[None, None, None], pair: PairId) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  # the claim runs out, and the worker looks into it
            _failed("delivery", error, pair)

    async def _say(
        self, account: Account, memberships: tuple[Membership, ...], pair: str | None
    ) -> Reply:
        """Say why none of their pairs is meant."""
        if pair is None and memberships:
            names = ", ".join(m.partner for m in memberships)
            return await self._general(account, "which", taken=False, names=names)
        key = "not_yours" if memberships else "contact"
        return await self._general(account, key, taken=False, stranger="not_joined")

    async def _general(
        self, account: Account, key: str, *, taken: bool = True, stranger: str = "", **gaps: str
    ) -> Reply:
        """Say something of no pair, in the language of who it is; to a stranger in the first."""
        locale = await self._store.run(lambda conn: directory.locale(conn, account))
        told = self._at_once((not locale and stranger) or key, locale or FIRST)
        return Reply(notice=told.format(**gaps) if gaps else told, taken=taken)

    def _at_once(self, key: str, locale: str = FIRST) -> str:
        """Say something without asking who it is."""
        return str(self._services.book.general("notices", key, locale))


def _name(now: datetime, times: tuple[datetime, ...], kind: str) -> str:
    """Return the name of what was marked: two marks are two, though they come at one moment."""
    told = " ".join((now.isoformat(), kind, *(at.isoformat() for at in times)))
    return f"marked:{blake2s(told.encode(), digest_size=16).hexdigest()}"


def _is_joining(text: str, *, known: bool) -> bool:
    """Tell whether someone comes in or moves here. Whom we know may begin an answer with it."""
    word, *rest = text.split() or [""]
    return word.casefold() == JOIN and (not known or not rest or roster.is_code("".join(rest)))


def _answer(reply: Reply, planned: Plan, who: PersonId) -> Answer:
    changes = [errand.change for errand in planned.errands if errand.who == who]
    changed = next((change for change in changes if isinstance(change, Update)), None)
    return Answer(reply, changed.ref, changed.card) if changed else Answer(reply)


def _failed(what: str, error: Exception, pair: PairId | None = None) -> None:
    """Count and log a failure: what, which kind, where, and not a word of it."""
    metrics.ERRORS.labels(what, type(error).__name__).inc()
    log.error("failed", extra={**logs.of(error), "kind": what, "pair": pair})


def _memberships(conn: Connection, account: Account, pair: str | None) -> tuple[Membership, ...]:
    """Return the pairs an account is in; where a button named one, to look at that one will do."""
    if pair is not None:
        try:
            person = directory.belongs(conn, account, pair)
        except LookupError:
            return directory.whose(conn, account)
        return (directory.Membership(PairId(pair), person, ""),)
    return directory.whose(conn, account)


def _meant(
    memberships: Iterable[Membership], input: Input, pair: str | None
) -> tuple[Membership | None, Input]:
    """Return which of someone's pairs is meant, and the input without the name that said so."""
    mine = tuple(memberships)
    if pair is not None:
        return next((m for m in mine if m.pair == pair), None), input
    if len(mine) == 1:
        return mine[0], input
    if isinstance(input, Said | Asked):
        text = input.text if isinstance(input, Said) else input.command
        for membership in mine:
            name, _, rest = text.partition(":")
            if rest and name.strip().casefold() == membership.partner.casefold():
                return membership, Said(rest.strip())
    return None, input
