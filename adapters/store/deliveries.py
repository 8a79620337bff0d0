"""Deliveries that were handled: remembered for as long as a platform may bring one again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from adapters.store.tables import Instant, delivery

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

KEPT = timedelta(days=30)
BATCH = 500

_OLDEST = (
    select(delivery.c.id)
    .where(delivery.c.at < bindparam("before", type_=Instant))
    .order_by(delivery.c.at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("oldest")
)
_DROP = delete(delivery).where(delivery.c.id.in_(select(_OLDEST.c.id))).returning(delivery.c.id)


def let_go(conn: Connection, now: datetime, most: int) -> int:
    """Forget some of what was handled long ago, the oldest first; return how many.

    A few at a time: on SQLite nobody else writes meanwhile. Of several workers each takes others.
    """
    return len(conn.execute(_DROP, {"before": now - KEPT, "most": most}).all())
