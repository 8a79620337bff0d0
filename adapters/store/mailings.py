"""Which change of a meeting was mailed to whom, so that each goes out once.

A letter is claimed before it is sent. One whose fate is open is looked into when its claim runs
out, and sent again under the same name, a few times at most. `tries` counts what may have arrived:
a refusal takes its try back, so nothing at all has come while it is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's too

from adapters.store.tables import mailing
from bot.journal import PairId

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from adapters.calendar.occasions import Occasion
    from bot.journal import PersonId

TRIES = 3


def claim(
    conn: Connection,
    pair: PairId,
    person: PersonId,
    meeting: Occasion,
    now: datetime,
    until: datetime,
) -> int | None:
    """Claim a letter about a meeting; return the tries it goes back to if it is refused.

    None where it is not ours to send. Who never heard of a meeting is not told that it was called
    off, and who heard of it has not forgotten that because a later letter was refused.
    """
    this = _of(pair, person, meeting)
    known = conn.execute(select(mailing).where(this).with_for_update()).one_or_none()
    if known is None:
        return _first(conn, pair, person, meeting, until)
    newer = known.sequence < meeting.sequence
    is_open = known.until is not None and known.until <= now and known.tries < TRIES
    again = known.sequence == meeting.sequence and is_open
    if not (newer or again) or (meeting.cancelled and not known.tries):
        return None
    told = {"sequence": meeting.sequence, "until": until, "tries": 1 if newer else known.tries + 1}
    conn.execute(update(mailing).where(this).values(told))
    return min(known.tries, 1) if newer else int(known.tries)


def settle(
    conn: Connection,
    pair: PairId,
    person: PersonId,
    meeting: Occasion,
    until: datetime | None,
    tries: int | None = None,
) -> None:
    """Note what became of a letter: nothing is left to do, or it is to be tried again then.

    With `tries` it was refused, and goes back to so many.
    """
    this = and_(_of(pair, person, meeting), mailing.c.sequence == meeting.sequence)
    told = {"until": until} if tries is None else {"until": until, "tries": tries}
    conn.execute(update(mailing).where(this).values(told))


def let_go(conn: Connection, pair: PairId, now: datetime) -> None:
    """Look no further into what nobody wants any more: its meeting is over, or its address gone."""
    stale = and_(mailing.c.pair == pair, mailing.c.until <= now)
    conn.execute(update(mailing).where(stale).values(until=None))


def due(conn: Connection, now: datetime, limit: int) -> list[PairId]:
    """Return pairs with a letter whose fate is open and to be looked into."""
    is_due = and_(mailing.c.until <= now, mailing.c.tries < TRIES)
    found = select(mailing.c.pair).where(is_due).distinct().limit(limit)
    return [PairId(pair) for pair in conn.execute(found).scalars()]


def _first(
    conn: Connection, pair: PairId, person: PersonId, meeting: Occasion, until: datetime
) -> int | None:
    if meeting.cancelled:
        return None
    at = {"pair": pair, "person": person, "no": meeting.no}
    row = {**at, "sequence": meeting.sequence, "tries": 1, "until": until}
    put = insert(mailing).values(row).on_conflict_do_nothing()
    return 0 if conn.execute(put).rowcount == 1 else None


def _of(pair: PairId, person: PersonId, meeting: Occasion) -> ColumnElement[bool]:
    return and_(mailing.c.pair == pair, mailing.c.person == person, mailing.c.no == meeting.no)
