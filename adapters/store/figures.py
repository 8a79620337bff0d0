"""The figures: how it stands with everybody, in numbers, for whoever runs this. Never a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, distinct, exists, func, literal_column, select

from adapters.store import due
from adapters.store.tables import STUCK, account, pair, person, posted
from bot.delivery import FOREVER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Select

FEW = 5  # of fewer people than this a number might tell who they are

_STUCK = select(func.count()).select_from(pair).where(pair.c.attempts >= literal_column(str(STUCK)))
_IN_DOUBT = (
    select(func.count())
    .select_from(posted)
    .join(pair, pair.c.id == posted.c.pair)
    .where(pair.c.wake_at <= bindparam("now"), posted.c.claim_until <= bindparam("now"))
)
_UNREACHABLE = select(func.count(distinct(posted.c.person))).where(posted.c.hold == FOREVER)
_PAIRS = select(func.count()).select_from(pair)
_NOT_REACHED = (
    select(func.count())
    .select_from(person)
    .where(
        exists().where(person.c.id.in_([pair.c.reverse_mentor, pair.c.reverse_mentee])),
        ~exists().where(account.c.person == person.c.id),
    )
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is due in which programme and since when, and how many pairs or screens need care.

    `in_doubt` are changes whose sender never came back and that nobody has looked into yet: one
    that is being looked into has a claim like any that is on its way. `unreachable` is nothing for
    fewer than `FEW` people.
    """

    queues: Mapping[str, datetime]
    stuck: int
    in_doubt: int
    unreachable: int

    def age(self, now: datetime) -> float:
        """Return for how many seconds the oldest has been due."""
        return max(((now - since).total_seconds() for since in self.queues.values()), default=0.0)


def read(conn: Connection, now: datetime) -> Figures:
    """Return the figures. It costs what is due, and not what there is."""
    gone = unreachable(conn)
    return Figures(
        due.queues(conn, now),
        _count(conn, _STUCK),
        _count(conn, _IN_DOUBT, now=now),
        gone if gone >= FEW else 0,
    )


def unreachable(conn: Connection) -> int:
    """Return how many people a platform gave up on: for checks, since of few it tells too much."""
    return _count(conn, _UNREACHABLE)


def everybody(conn: Connection) -> tuple[int, int]:
    """Return how many pairs there are, and how many of their people have never been reached."""
    return _count(conn, _PAIRS), _count(conn, _NOT_REACHED)


def _count(conn: Connection, asked: Select[int], **told: object) -> int:
    return conn.execute(asked, told).scalar_one()
