"""What is due: pairs whose wake-up has come, taken by one worker at a time, for a lease.

Taking a pair moves its wake-up to when another worker may try, so a worker that dies needs nobody
to tidy up after it, and a pair that fails waits twice as long each time. The turn that looks in
sets the true wake-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, case, func, select, update

from adapters.store.tables import Instant, pair, programme
from bot.journal import PairId

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

PATIENCE = tuple(2**tries for tries in range(7))  # leases a pair waits after each further try

_SINCE = (
    select(func.coalesce(pair.c.due_at, pair.c.wake_at))
    .where(pair.c.programme == programme.c.id, pair.c.wake_at <= bindparam("now"))
    .order_by(pair.c.wake_at)
    .limit(1)
    .scalar_subquery()
)
_QUEUE = select(programme.c.id, _SINCE.label("since")).subquery()
_QUEUES = (
    select(_QUEUE.c.id, _QUEUE.c.since)
    .where(_QUEUE.c.since.is_not(None))
    .order_by(_QUEUE.c.since, _QUEUE.c.id)
)
_OLDEST = (
    select(pair.c.id)
    .where(pair.c.programme == bindparam("queue"), pair.c.wake_at <= bindparam("now"))
    .order_by(pair.c.wake_at)
    .limit(bindparam("share"))
    .with_for_update(skip_locked=True)
    .cte("oldest")
)
_UNTIL = case(
    {n: bindparam(f"after{n}", type_=Instant) for n in range(len(PATIENCE) - 1)},
    value=pair.c.attempts,
    else_=bindparam("at_last", type_=Instant),
)
_TAKE = (
    update(pair)
    .where(pair.c.id.in_(select(_OLDEST.c.id)))
    .values(
        due_at=func.coalesce(pair.c.due_at, pair.c.wake_at),
        attempts=pair.c.attempts + 1,
        wake_at=_UNTIL,
    )
    .returning(pair.c.id, pair.c.due_at, pair.c.attempts, pair.c.wake_at)
)
_GIVE_BACK = (
    update(pair)
    .where(pair.c.id == bindparam("taken"), pair.c.wake_at == bindparam("until"))
    .values(wake_at=pair.c.due_at, due_at=None, attempts=pair.c.attempts - 1)
)


@dataclass(frozen=True, slots=True)
class Due:
    """A pair that was taken: of which programme, due since when, and for the how-manieth time.

    Until `until` nobody else is given it.
    """

    pair: PairId
    programme: str
    since: datetime
    attempts: int
    until: datetime


def queues(conn: Connection, now: datetime) -> dict[str, datetime]:
    """Return the programmes that have something due, and since when; who waits longest first."""
    return {row.id: row.since for row in conn.execute(_QUEUES, {"now": now})}


def take(
    conn: Connection, now: datetime, lease: timedelta, most: int, busy: Iterable[str] = ()
) -> list[Due]:
    """Take about so many due pairs: of each programme that is not busy a fair share, oldest first.

    Nobody else is given them until the lease is over.
    """
    waiting = [name for name in queues(conn, now) if name not in set(busy)][:most]
    moments = [now + lease * leases for leases in PATIENCE]
    told = {
        "now": now,
        "share": -(-most // max(1, len(waiting))),
        "at_last": moments.pop(),
        **{f"after{n}": moment for n, moment in enumerate(moments)},
    }
    return [due for name in waiting for due in _taken(conn, name, told)]


def _taken(conn: Connection, programme: str, told: dict[str, object]) -> list[Due]:
    rows = conn.execute(_TAKE, {"queue": programme, **told})
    found = [Due(PairId(row.id), programme, row.due_at, row.attempts, row.wake_at) for row in rows]
    return sorted(found, key=lambda due: (due.since, due.pair))


def give_back(conn: Connection, untouched: Iterable[Due]) -> None:
    """Give back what nobody came to: it is due as it was, and was not tried.

    What another has taken since, or a turn has looked at, stays as it is.
    """
    for due in sorted(untouched, key=lambda due: due.pair):
        conn.execute(_GIVE_BACK, {"taken": due.pair, "until": due.until})
