"""The store on SQLite and PostgreSQL: a turn is one transaction that holds its pair.

Folded pairs are kept in the process, so that a turn reads only what is new in the journal. They are
a cache and never the truth: whatever but the journal changes, the pair's epoch tells.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's too
from sqlalchemy.exc import DBAPIError

from adapters.settings import SettingsError
from adapters.store.keys import Cipher, Keys, of_pair, of_person
from adapters.store.people import person_of, programme_of
from adapters.store.routes import Route, may_pass, route_to
from adapters.store.tables import account, delivery, entry, pair, person, posted, programme
from adapters.store.whereabouts import missing, reaching
from bot.delivery import Claim, Owed, Posted
from bot.journal import Entry, PersonId, read, write
from bot.people import Account, Pair

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, FromClause, Row, ScalarSelect

    from bot.journal import PairId
    from bot.people import Programme, Topic
    from bot.turn import UnitOfWork

T = TypeVar("T")

FOLDS = 1000
TRIES = 4
PAUSE = 0.02  # seconds before the second try, more before each further one

_HOLD = (
    select(pair.c.epoch, pair.c.wake_at, pair.c.reverse_mentor, pair.c.reverse_mentee)
    .where(pair.c.id == bindparam("pair"))
    .with_for_update(of=pair)
)
_NOTE = insert(delivery).on_conflict_do_nothing()
_UNNOTE = delete(delivery).where(delivery.c.id == bindparam("gone"))
_MENTOR, _MENTEE = person.alias("mentor"), person.alias("mentee")


def _platform(who: FromClause) -> ScalarSelect[Any]:
    """Return where someone is reached: where they came to last, as `_SCREENS` has it."""
    last = account.c.since, account.c.platform, account.c.tenant, account.c.user
    at = select(account.c.platform).where(account.c.person == who.c.id)
    return at.order_by(*(column.desc() for column in last)).limit(1).scalar_subquery()


_LOAD = (
    select(
        pair.c.salt,
        programme.c.id.label("programme"),
        programme.c.name,
        programme.c.settings,
        *(
            column.label(f"{who.name}_{column.name}")
            for who in (_MENTOR, _MENTEE)
            for column in (who.c.id, who.c.sealed, who.c.locale, who.c.zone, who.c.country)
        ),
        *(_platform(who).label(f"{who.name}_platform") for who in (_MENTOR, _MENTEE)),
    )
    .join(programme, programme.c.id == pair.c.programme)
    .join(_MENTOR, _MENTOR.c.id == pair.c.reverse_mentor)
    .join(_MENTEE, _MENTEE.c.id == pair.c.reverse_mentee)
    .where(pair.c.id == bindparam("pair"))
)
_PLACES = select(person.c.id, person.c.locale, person.c.zone, person.c.country).where(
    person.c.id.in_(bindparam("people", expanding=True))
)
_NEWER = (
    select(entry.c.no, entry.c.at, entry.c.by, entry.c.name, entry.c.status, entry.c.sealed)
    .where(entry.c.pair == bindparam("pair"), entry.c.no > bindparam("known"))
    .order_by(entry.c.no)
)
_APPEND = insert(entry)
_SCREENS = (
    select(
        account.c.person,
        account.c.platform,
        account.c.tenant,
        account.c.user,
        posted.c.ref,
        posted.c.revision,
        posted.c.digest,
        posted.c.owed,
        posted.c.claim_key,
        posted.c.claim_revision,
        posted.c.claim_digest,
        posted.c.claim_owed,
        posted.c.claim_until,
        posted.c.claim_ref,
        posted.c.hold,
    )
    .outerjoin(
        posted,
        and_(
            posted.c.pair == bindparam("pair"),
            posted.c.platform == account.c.platform,
            posted.c.tenant == account.c.tenant,
            posted.c.user == account.c.user,
        ),
    )
    .where(account.c.person.in_(bindparam("people", expanding=True)))
    .order_by(account.c.since, account.c.platform, account.c.tenant, account.c.user)
)
_PUT = insert(posted)
_KEEP = _PUT.on_conflict_do_update(
    index_elements=list(posted.primary_key),
    set_={c.name: _PUT.excluded[c.name] for c in posted.c if not c.primary_key},
)
_FORGET = (
    update(entry)
    .where(entry.c.pair == bindparam("held"), entry.c.no == bindparam("blank"))
    .values(sealed=None)
)
_TURN_OVER = update(pair).where(pair.c.id == bindparam("held")).values(epoch=pair.c.epoch + 1)
_WAKE = (
    update(pair)
    .where(pair.c.id == bindparam("held"))
    .values(wake_at=bindparam("moment"), due_at=None, attempts=0)
)


@dataclass(frozen=True, slots=True)
class Fold:
    """A pair as it was last seen, with the keys it was opened with, and the epoch of both."""

    epoch: int
    pair: Pair
    ciphers: Mapping[str, Cipher]


class SqlStore:
    """Pairs in a database. `keys` and `topics` are for whoever runs bodies of their own."""

    def __init__(self, route: Route, keys: Keys, topics: Mapping[str, Topic]) -> None:
        """Keep pairs behind this route; `open` is the usual way in."""
        self.keys = keys
        self.topics = topics
        self._route = route
        self._folds: OrderedDict[PairId, Fold] = OrderedDict()

    @classmethod
    async def open(
        cls, url: str, master: bytes, topics: Mapping[str, Topic] | None = None
    ) -> SqlStore:
        """Open a database that is up to date. Raises WrongKeyError before anything is read.

        Raises SettingsError where it cannot be reached, and makes no file.
        """
        if told := missing(url):
            raise SettingsError(told)
        keys = Keys(master)
        store = cls(route_to(url, {"keys": keys}), keys, topics or MappingProxyType({}))
        try:
            with reaching(url):
                await store.run(keys.probe)
        except BaseException:
            await store.close()
            raise
        return store

    async def work(self, pair: PairId, body: Callable[[UnitOfWork], T]) -> T:
        """Run a body in one transaction that holds this pair. Raises LookupError if unknown."""

        def transaction(conn: Connection) -> tuple[T, Fold | None]:
            work = SqlUnitOfWork(conn, pair, self)
            result = body(work)
            work.finish()
            return result, work.fold

        result, fold = await self.run(transaction)
        if fold:  # only now: what was rolled back must be nowhere
            self._remember(pair, fold)
        return result

    async def run(self, body: Callable[[Connection], T]) -> T:
        """Run a body in one transaction; again, a few times, where another was in its way."""
        return await self._again(lambda: self._route.run(body))

    async def scrub(self) -> None:
        """Overwrite what was deleted, after someone was erased."""
        self._folds.clear()
        await self._again(self._route.scrub)

    async def close(self) -> None:
        """Let go of the database."""
        await self._route.close()

    def known(self, pair: PairId) -> Fold | None:
        """Return a pair as it was last seen, if it is remembered."""
        return self._folds.get(pair)

    async def _again(self, job: Callable[[], Awaitable[T]]) -> T:
        for tried in range(1, TRIES):
            try:
                return await job()
            except DBAPIError as error:
                if not may_pass(error):
                    raise
            await asyncio.sleep(PAUSE * tried * random.uniform(0.5, 1.5))  # noqa: S311
        return await job()

    def _remember(self, pair: PairId, fold: Fold) -> None:
        self._folds[pair] = fold
        self._folds.move_to_end(pair)
        if len(self._folds) > FOLDS:
            self._folds.popitem(last=False)


class SqlUnitOfWork:
    """A pair, held for one transaction. `fold` is what may be remembered of it once it is over."""

    def __init__(self, conn: Connection, pair: PairId, store: SqlStore) -> None:
        """Hold the pair: whoever else wants it waits. Raises LookupError if there is none."""
        held = conn.execute(_HOLD, {"pair": pair}).one_or_none()
        if held is None:
            raise LookupError(f"there is no pair {pair}")
        self._conn = conn
        self._id = pair
        self._store = store
        self._held = held
        self._epoch: int = held.epoch
        self._wake_at: datetime | None = held.wake_at
        self._screens: dict[PersonId, tuple[Account, Posted]] | None = None
        self._kept: set[PersonId] = set()
        self.fold: Fold | None = None

    def pair(self) -> Pair:
        """Return the pair with its journal as it is now."""
        return self._fold().pair

    def first_time(self, delivery: str, at: datetime) -> bool:
        """Note a delivery's id; tell whether it is new."""
        noted = self._conn.execute(_NOTE, {"id": delivery, "pair": self._id, "at": at})
        return noted.rowcount == 1

    def nothing_done(self, delivery: str) -> None:
        """Take a delivery's id back."""
        self._conn.execute(_UNNOTE, {"gone": delivery})

    def write(self, pair: Pair, entries: tuple[Entry, ...]) -> None:
        """Append entries; `pair` is the pair with them. Raises LookupError for someone erased."""
        fold = self._fold()
        if entries:
            rows = [self._row(entry, fold.ciphers) for entry in entries]
            self._conn.execute(_APPEND, rows)
        self.fold = Fold(fold.epoch, pair, fold.ciphers)

    def forget(self, entries: tuple[int, ...]) -> Pair:
        """Forget what these entries held, and return the pair read anew, without it.

        The new epoch drops what any other process remembers of it.
        """
        if entries:
            self._conn.execute(_FORGET, [{"held": self._id, "blank": no} for no in entries])
            self._conn.execute(_TURN_OVER, {"held": self._id})
            self._epoch += 1
            self.fold = None
        return self.pair()

    def wake(self, at: datetime | None) -> None:
        """Set when the clock should look in on this pair."""
        self._wake_at = at

    def wake_by(self, at: datetime) -> None:
        """Let the clock look in by then; if it does so earlier, that stays."""
        self._wake_at = min(at, self._wake_at or at)

    def account(self, who: PersonId) -> Account | None:
        """Return where someone is reached now, if anywhere."""
        screen = self._looked_up().get(who)
        return screen and screen[0]

    def posted(self, who: PersonId) -> Posted:
        """Return what is on someone's screen."""
        screen = self._looked_up().get(who)
        return screen[1] if screen else Posted()

    def keep(self, who: PersonId, posted: Posted) -> None:
        """Note what is on someone's screen, where they have one."""
        screens = self._looked_up()
        if who in screens and screens[who][1] != posted:
            screens[who] = screens[who][0], posted
            self._kept.add(who)

    def finish(self) -> None:
        """Write down what was only noted so far."""
        screens = self._looked_up() if self._kept else {}
        if self._kept:
            rows = [_screen_row(self._id, who, *screens[who]) for who in sorted(self._kept)]
            self._conn.execute(_KEEP, rows)
        if self._wake_at != self._held.wake_at:
            self._conn.execute(_WAKE, {"held": self._id, "moment": self._wake_at})

    def _fold(self) -> Fold:
        if self.fold is None:
            known = self._store.known(self._id)
            if known is None or known.epoch != self._epoch:
                known = self._load()
            newer = self._newer(known)
            if newer:
                known = Fold(known.epoch, known.pair.with_entries(newer), known.ciphers)
            self.fold = known
        return self.fold

    def _load(self) -> Fold:
        """Return the pair without its journal."""
        row = self._conn.execute(_LOAD, {"pair": self._id}).one()
        mentor, mentee = of_person(row.mentor_id), of_person(row.mentee_id)
        ciphers = self._store.keys.of(self._conn, [mentor, mentee, of_pair(self._id)])
        two = (
            person_of(
                row.mentor_id,
                row.mentor_sealed,
                (row.mentor_locale, row.mentor_zone, row.mentor_country, row.mentor_platform or ""),
                ciphers.get(mentor),
            ),
            person_of(
                row.mentee_id,
                row.mentee_sealed,
                (row.mentee_locale, row.mentee_zone, row.mentee_country, row.mentee_platform or ""),
                ciphers.get(mentee),
            ),
        )
        shared = programme_of(row.programme, row.name, row.settings, self._store.topics)
        return Fold(self._epoch, Pair(self._id, self._here(shared), *two, row.salt), ciphers)

    def _here(self, shared: Programme) -> Programme:
        """Return the programme with its contacts as they live and read now, as far as is known."""
        people = [contact.person for contact in shared.contacts if contact.person]
        if not people:
            return shared
        rows = self._conn.execute(_PLACES, {"people": people})
        places = {who: (locale, zone, country) for who, locale, zone, country in rows}
        contacts = []
        for contact in shared.contacts:
            usual = contact.locale, contact.zone, contact.country
            locale, zone, country = places.get(contact.person, usual)
            contacts.append(replace(contact, locale=locale, zone=zone, country=country))
        return replace(shared, contacts=tuple(contacts))

    def _newer(self, known: Fold) -> list[Entry]:
        rows = self._conn.execute(_NEWER, {"pair": self._id, "known": len(known.pair.journal)})
        return [self._entry(row, known) for row in rows]

    def _entry(self, row: Row[*tuple[Any, ...]], known: Fold) -> Entry:
        no, at, by, name, status, sealed = row
        cipher = known.ciphers.get(self._subject(by))
        opened = cipher.open(sealed, self._id, no, name) if cipher and sealed is not None else None
        return Entry(no, at, by, read(name, status, opened))

    def _row(self, entry: Entry, ciphers: Mapping[str, Cipher]) -> dict[str, object]:
        put = write(entry.event)
        sealed = None
        if put.sealed:
            subject = self._subject(entry.by)
            if subject not in ciphers:
                raise LookupError(f"the key of {subject} was destroyed")
            sealed = ciphers[subject].seal(put.sealed, self._id, entry.no, put.name)
        return {
            "pair": self._id,
            "no": entry.no,
            "at": entry.at,
            "by": entry.by,
            "name": put.name,
            "status": put.status,
            "sealed": sealed,
        }

    def _subject(self, by: PersonId | None) -> str:
        return of_person(by) if by else of_pair(self._id)

    def _looked_up(self) -> dict[PersonId, tuple[Account, Posted]]:
        if self._screens is None:
            contacts = (c.person for c in self.pair().programme.contacts if c.person)
            people = [self._held.reverse_mentor, self._held.reverse_mentee, *contacts]
            rows = self._conn.execute(_SCREENS, {"pair": self._id, "people": people})
            self._screens = _screens(rows)
        return self._screens


def _screens(
    rows: Iterable[Row[*tuple[Any, ...]]],
) -> dict[PersonId, tuple[Account, Posted]]:
    """Return everyone's latest account, and what is on its screen."""
    found: dict[PersonId, tuple[Account, Posted]] = {}
    for row in rows:
        reached = Account(row.platform, row.tenant, row.user)
        found[PersonId(row.person)] = reached, _posted(row)
    return found


def _posted(row: Row[*tuple[Any, ...]]) -> Posted:
    if row.ref is None:
        return Posted()
    claim = None
    if row.claim_key is not None:
        claim = Claim(
            row.claim_key,
            row.claim_revision,
            row.claim_digest,
            row.claim_until,
            Owed(row.claim_owed),
            row.claim_ref or "",
        )
    return Posted(row.ref, row.revision, row.digest, Owed(row.owed), claim, row.hold)


def _screen_row(pair: PairId, who: PersonId, reached: Account, posted: Posted) -> dict[str, object]:
    claim = posted.claim
    return {
        "pair": pair,
        "platform": reached.platform,
        "tenant": reached.tenant,
        "user": reached.user,
        "person": who,
        "ref": posted.ref,
        "revision": posted.revision,
        "digest": posted.digest,
        "owed": posted.owed.value,
        "claim_key": claim and claim.key,
        "claim_revision": claim and claim.revision,
        "claim_digest": claim and claim.digest,
        "claim_owed": claim and claim.owed.value,
        "claim_until": claim and claim.until,
        "claim_ref": claim and claim.ref,
        "hold": posted.hold,
    }
