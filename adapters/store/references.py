"""Where people are reached on a platform that must be told, for those who take part.

A conversation's address is sealed under its person's key, so that who is erased cannot be found.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's too

from adapters.store import roster
from adapters.store.keys import of_person, with_keys
from adapters.store.tables import account, reference
from bot.journal import PersonId

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from adapters.store.keys import Keys
    from bot.people import Account

_IS_OF = and_(*(reference.c[n] == account.c[n] for n in ("platform", "tenant", "user")))
_KNOWN = with_keys(
    select(
        account.c.person,
        reference.c.sealed,
        reference.c.locale,
        reference.c.zone,
        reference.c.gone_at,
    ).outerjoin(reference, _IS_OF),
    account.c.person,
).where(*(account.c[n] == bindparam(n) for n in ("platform", "tenant", "user")))
_PUT = insert(reference)
_KEEP = _PUT.on_conflict_do_update(
    index_elements=list(reference.primary_key),
    set_={c.name: _PUT.excluded[c.name] for c in reference.c if not c.primary_key},
)
_LEAVE = (
    update(reference)
    .where(*(reference.c[n] == bindparam(f"at_{n}") for n in ("platform", "tenant", "user")))
    .values(gone_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a chat is: the connector's address, the conversation, and both ends' names in it."""

    service: str
    conversation: str
    user: str
    bot: str


@dataclass(frozen=True, slots=True)
class Place:
    """What a platform says of where someone is: language and zone, each empty if it did not say."""

    locale: str = ""
    zone: str = ""


def keep(
    conn: Connection, keys: Keys, at: Account, address: Address, place: Place, now: datetime
) -> bool:
    """Keep where someone is reached, and follow them to another language or zone.

    Returns whether they are known here. Who comes for the first time, or again, is looked in on.
    """
    row = conn.execute(_KNOWN, _triple(at)).one_or_none()
    if row is None:
        return False
    person, was = PersonId(row.person), Place(row.locale or "", row.zone or "")
    is_here = row.sealed is not None and row.gone_at is None
    told = Place(place.locale or was.locale, place.zone or was.zone)
    if is_here and told == was and _opened(keys, row, at) == address:
        return True
    if told != was:
        roster.set_person(conn, keys, person, now, **{k: v for k, v in asdict(told).items() if v})
    if not is_here:
        roster.come_back(conn, at, person, now)
    sealed = keys.seal(conn, of_person(person), asdict(address), *_place(at))
    conn.execute(_KEEP, {**_triple(at), "person": person, "sealed": sealed, **asdict(told)})
    return True


def find(conn: Connection, keys: Keys, at: Account) -> Address | None:
    """Return where someone is reached; None if nobody knows, or they took the app away."""
    row = conn.execute(_KNOWN, _triple(at)).one_or_none()
    return _opened(keys, row, at) if row and row.gone_at is None else None


def leave(conn: Connection, at: Account, now: datetime) -> None:
    """Note that someone took the app away, or blocked it: nothing more is sent there."""
    this = {f"at_{name}": value for name, value in _triple(at).items()}
    conn.execute(_LEAVE, {**this, "now": now})


def _opened(keys: Keys, row: Row[*tuple[Any, ...]], at: Account) -> Address | None:
    if row.sealed is None or row.wrapped is None:
        return None
    return Address(**keys.cipher(row).open(row.sealed, *_place(at)))


def _triple(at: Account) -> dict[str, str]:
    return {"platform": at.platform, "tenant": at.tenant, "user": at.user}


def _place(at: Account) -> tuple[str, ...]:
    return at.platform, at.tenant, at.user, "reference"
