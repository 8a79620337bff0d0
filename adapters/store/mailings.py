"""Which change of a meeting was mailed to whom, so that each goes out once.

A letter is claimed before it is sent. One whose fate is open is looked into when its claim runs
out, and sent again under the same name, a few times at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, or_, select, update
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
) -> bool:
    """Claim a letter about a meeting; tell whether it is ours to send.

    Who never heard of a meeting is not told that it was called off.
    """
    if not meeting.cancelled:
        at = {"pair": pair, "person": person, "no": meeting.no}
        row = {**at, "sequence": meeting.sequence, "tries": 1, "until": until}
        if conn.execute(insert(mailing).values(row).on_conflict_do_nothing()).rowcount == 1:
            return True
    newer = mailing.c.sequence < meeting.sequence
    again = and_(
        mailing.c.sequence == meeting.sequence, mailing.c.until <= now, mailing.c.tries < TRIES
    )
    taken = (
        update(mailing)
        .where(_of(pair, person, meeting), or_(newer, again))
        .values(
            sequence=meeting.sequence,
            until=until,
            tries=case((newer, 1), else_=mailing.c.tries + 1),
        )
    )
    return conn.execute(taken).rowcount == 1


def settle(
    conn: Connection,
    pair: PairId,
    person: PersonId,
    meeting: Occasion,
    until: datetime | None,
) -> None:
    """Note what became of a letter: nothing is left to do, or it is to be tried again then."""
    this = and_(_of(pair, person, meeting), mailing.c.sequence == meeting.sequence)
    conn.execute(update(mailing).where(this).values(until=until))


def due(conn: Connection, now: datetime, limit: int) -> list[PairId]:
    """Return pairs with a letter whose fate is open and to be looked into."""
    is_due = and_(mailing.c.until <= now, mailing.c.tries < TRIES)
    found = select(mailing.c.pair).where(is_due).distinct().limit(limit)
    return [PairId(pair) for pair in conn.execute(found).scalars()]


def _of(pair: PairId, person: PersonId, meeting: Occasion) -> ColumnElement[bool]:
    return and_(mailing.c.pair == pair, mailing.c.person == person, mailing.c.no == meeting.no)
