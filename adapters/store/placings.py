"""What a reverse-mentee's assistant was asked, and which times and place they say suit.

Asking again replaces what was asked before. All of it is sealed with the reverse-mentee's key.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's too

from adapters.store.keys import of_person
from adapters.store.tables import placing
from bot.journal import PairId, PersonId

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

    from adapters.store.keys import Keys
    from bot.journal import Json

HOLDS = timedelta(days=14)

_PUT = insert(placing)
_REPLACE = _PUT.on_conflict_do_update(
    index_elements=[placing.c.pair, placing.c.person],
    set_={c.name: _PUT.excluded[c.name] for c in placing.c if c.name not in {"pair", "person"}},
)


@dataclass(frozen=True, slots=True)
class Placing:
    """What was asked, and the answer: times that suit, the first one first, and a kind of place."""

    id: str
    pair: PairId
    person: PersonId
    until: datetime
    times: tuple[datetime, ...]
    places: tuple[str, ...]
    suits: tuple[datetime, ...] = ()
    place: str = ""
    answered_at: datetime | None = None


def ask(
    conn: Connection,
    keys: Keys,
    pair: PairId,
    person: PersonId,
    times: tuple[datetime, ...],
    places: tuple[str, ...],
    now: datetime,
) -> Placing:
    """Keep what is asked, in the place of what was asked before; what expired anywhere goes."""
    conn.execute(delete(placing).where(placing.c.until <= now))
    asked = Placing(secrets.token_urlsafe(16), pair, person, now + HOLDS, times, places)
    row = {
        "id": asked.id,
        "pair": pair,
        "person": person,
        "sealed": _sealed(conn, keys, asked),
        "until": asked.until,
        "answered_at": None,
    }
    conn.execute(_REPLACE, row)
    return asked


def answer(
    conn: Connection,
    keys: Keys,
    asked: Placing,
    suits: tuple[datetime, ...],
    place: str,
    now: datetime,
) -> bool:
    """Keep what suits, instead of what did before; tell whether it is still being asked.

    Raises ValueError for what was not asked.
    """
    if not set(suits) <= set(asked.times) or place not in asked.places:
        raise ValueError("that was not asked")
    said = replace(asked, suits=suits, place=place)
    sealed = _sealed(conn, keys, said)
    this = placing.c.id == asked.id
    kept = conn.execute(update(placing).where(this).values(sealed=sealed, answered_at=now))
    return kept.rowcount == 1


def find(conn: Connection, keys: Keys, id_: str, now: datetime) -> Placing | None:
    """Return what was asked under this name, while it holds and was not replaced."""
    found = select(placing).where(placing.c.id == id_, placing.c.until > now)
    row = conn.execute(found).one_or_none()
    if row is None:
        return None
    kept = keys.open(conn, of_person(row.person), row.sealed, "placing", row.id)
    return _placing(row, kept) if kept else None


def revoke(conn: Connection, pair: PairId, person: PersonId) -> None:
    """Ask nothing any more. A second time changes nothing."""
    conn.execute(delete(placing).where(_of(pair, person)))


def _placing(row: Row[*tuple[object, ...]], kept: Json) -> Placing:
    return Placing(
        row.id,
        PairId(row.pair),
        PersonId(row.person),
        row.until,
        times=_moments(kept["times"]),
        places=tuple(kept["places"]),
        suits=_moments(kept["suits"]),
        place=kept["place"],
        answered_at=row.answered_at,
    )


def _sealed(conn: Connection, keys: Keys, asked: Placing) -> bytes:
    content = {
        "times": [at.isoformat() for at in asked.times],
        "places": list(asked.places),
        "suits": [at.isoformat() for at in asked.suits],
        "place": asked.place,
    }
    return keys.seal(conn, of_person(asked.person), content, "placing", asked.id)


def _moments(written: list[str]) -> tuple[datetime, ...]:
    return tuple(datetime.fromisoformat(at) for at in written)


def _of(pair: PairId, person: PersonId) -> ColumnElement[bool]:
    return (placing.c.pair == pair) & (placing.c.person == person)
