"""Private calendars that people subscribe to: one address each, and of it only the hash is kept.

Asking again replaces it: a calendar that was passed on by mistake stops with that.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's too

from adapters.store.tables import feed, pair
from bot.journal import PairId, PersonId

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_PUT = insert(feed)
_REPLACE = _PUT.on_conflict_do_update(
    index_elements=[feed.c.person],
    set_={"token_hash": _PUT.excluded.token_hash, "at": _PUT.excluded.at},
)
_WHOSE = (
    select(feed.c.person, pair.c.id)
    .outerjoin(
        pair, or_(pair.c.reverse_mentor == feed.c.person, pair.c.reverse_mentee == feed.c.person)
    )
    .where(feed.c.token_hash == bindparam("hash"))
    .order_by(pair.c.began, pair.c.id)
)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Whose calendar it is, and the pairs whose meetings are in it."""

    person: PersonId
    pairs: tuple[PairId, ...]


def give(conn: Connection, person: PersonId, now: datetime) -> str:
    """Return a new token, of 43 characters, for someone's calendar; an earlier one ends."""
    token = secrets.token_urlsafe(32)
    conn.execute(_REPLACE, {"person": person, "token_hash": _hash(token), "at": now})
    return token


def revoke(conn: Connection, person: PersonId) -> None:
    """End someone's calendar. A second time changes nothing."""
    conn.execute(delete(feed).where(feed.c.person == person))


def whose(conn: Connection, token: str) -> Subscriber | None:
    """Return who subscribes by this token, if anybody does."""
    rows = conn.execute(_WHOSE, {"hash": _hash(token)}).all()
    if not rows:
        return None
    return Subscriber(PersonId(rows[0].person), tuple(PairId(row.id) for row in rows if row.id))


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
