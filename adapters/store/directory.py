"""The directory: who an account is, and which pairs are theirs. The only door in.

What a button carries is an address, not a permission: here it is asked whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sqlalchemy import bindparam, case, func, or_, select

from adapters.store import tables
from adapters.store.keys import Keys, with_keys
from adapters.store.people import name_of
from bot.journal import PairId, PersonId
from bot.people import Account

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_PARTNER = tables.person.alias("partner")
_MINE = or_(
    tables.pair.c.reverse_mentor == tables.account.c.person,
    tables.pair.c.reverse_mentee == tables.account.c.person,
)
_AT = (
    tables.account.c.platform == bindparam("platform"),
    tables.account.c.tenant == bindparam("tenant"),
    tables.account.c.user == bindparam("user"),
)
_WHOSE = (
    with_keys(
        select(
            tables.pair.c.id.label("pair"),
            tables.account.c.person,
            _PARTNER.c.id.label("partner"),
            _PARTNER.c.sealed,
        )
        .select_from(tables.account)
        .join(tables.pair, _MINE)
        .join(
            _PARTNER,
            _PARTNER.c.id
            == case(
                (
                    tables.pair.c.reverse_mentor == tables.account.c.person,
                    tables.pair.c.reverse_mentee,
                ),
                else_=tables.pair.c.reverse_mentor,
            ),
        ),
        _PARTNER.c.id,
    )
    .where(*_AT)
    .order_by(tables.pair.c.began, tables.pair.c.id)
)
_BELONGS = (
    select(tables.account.c.person)
    .join(tables.pair, _MINE)
    .where(*_AT, tables.pair.c.id == bindparam("pair"))
)
_NEXT = select(func.min(tables.pair.c.wake_at))
_ACCOUNTS = (
    select(tables.account.c.platform, tables.account.c.tenant, tables.account.c.user)
    .where(tables.account.c.platform == bindparam("platform"))
    .order_by(tables.account.c.since, tables.account.c.user)
)


@dataclass(frozen=True, slots=True)
class Membership:
    """A pair an account is in: as whom, and with whom."""

    pair: PairId
    person: PersonId
    partner: str


def whose(conn: Connection, account: Account) -> tuple[Membership, ...]:
    """Return the pairs of a verified account, the oldest first; nothing for a stranger."""
    keys: Keys = conn.get_execution_options()["keys"]
    rows = conn.execute(_WHOSE, _at(account))
    return tuple(
        Membership(
            row.pair,
            row.person,
            name_of(row.partner, row.sealed, keys.cipher(row) if row.wrapped else None),
        )
        for row in rows
    )


def locale(conn: Connection, account: Account) -> str | None:
    """Return what somebody reads, of a pair or a named contact; None for a stranger."""
    person = tables.person
    mine = select(person.c.locale).join(tables.account, tables.account.c.person == person.c.id)
    return conn.execute(mine.where(*_AT), _at(account)).scalar_one_or_none()


def belongs(conn: Connection, account: Account, pair: str) -> PersonId:
    """Return who an account is in a pair. Raises LookupError for a pair it is not in."""
    person = conn.execute(_BELONGS, {**_at(account), "pair": pair}).scalar_one_or_none()
    if person is None:
        raise LookupError("that account is not in that pair")
    return PersonId(person)


def next_wake(conn: Connection) -> datetime | None:
    """Return when the clock is next needed, if ever."""
    return cast("datetime | None", conn.execute(_NEXT).scalar_one())


def accounts(conn: Connection, platform: str) -> tuple[Account, ...]:
    """Return everyone who is reached on a platform, the first to come first."""
    rows = conn.execute(_ACCOUNTS, {"platform": platform})
    return tuple(Account(row.platform, row.tenant, row.user) for row in rows)


def _at(account: Account) -> dict[str, str]:
    return {"platform": account.platform, "tenant": account.tenant, "user": account.user}
