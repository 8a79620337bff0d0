"""Pairs by the thousand, made in bulk: each with two people, their keys, and a short journal.

Beyond the first 10,000 they are copies that nobody can open: they only fill the tables.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert, select, update

from adapters.store import keys as wrapping
from adapters.store import roster, tables
from adapters.store.keys import Cipher, of_pair, of_person
from adapters.store.people import IDENTITY
from adapters.store.sql import SqlStore
from bot.flows import welcome
from bot.journal import write
from tests.stage import BOOK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

PROGRAMMES = 10
CHUNK = 2000
ORIGINALS = 10_000
# What of a copy is its own: these columns, all of them names.
OWN = {
    tables.data_key: {"subject"},
    tables.person: {"id"},
    tables.account: {"user", "person"},
    tables.pair: {"id", "reverse_mentor", "reverse_mentee"},
    tables.entry: {"pair"},
}
NOON = datetime(2026, 11, 4, 10, 0, tzinfo=UTC)
BEGAN, LATER = NOON - timedelta(days=1), NOON + timedelta(days=365)
Rows = dict[Any, list[dict[str, Any]]]


@dataclass
class Bulk:
    """A database full of pairs, none of them due; `due` wakes the next so many."""

    url: str
    key: bytes
    count: int
    woken: int = 0

    async def open(self) -> SqlStore:
        return await SqlStore.open(self.url, self.key, BOOK.catalogue)

    async def made(self) -> Bulk:
        """Make all pairs: so many thousand, or some ten thousands."""
        store = await self.open()
        firm, programmes = await store.run(lambda conn: _founded(conn, store))
        originals = min(self.count, ORIGINALS)
        assert self.count % originals == 0
        for first in range(0, originals, CHUNK):
            numbers = range(first, min(first + CHUNK, originals))
            await store.run(lambda c, n=numbers: _add(c, store, firm, programmes, n))
        for copy in range(1, self.count // originals):
            await store.run(lambda c, n=copy: _copy(c, n))
        await store.close()
        return self

    async def due(self, store: SqlStore, count: int) -> None:
        """Let the next so many pairs be due, which nobody has looked in on yet."""
        ids = [f"p{n:07}" for n in range(self.woken, self.woken + count)]
        self.woken += count
        assert self.woken <= min(self.count, ORIGINALS), "everybody has been woken"
        for n in range(0, count, 500):
            some = tables.pair.c.id.in_(ids[n : n + 500])
            change = update(tables.pair).where(some).values(wake_at=NOON)
            await store.run(lambda conn, change=change: conn.execute(change).close())


def _founded(conn: Connection, store: SqlStore) -> tuple[str, list[str]]:
    firm = roster.add_organisation(conn, store.keys, "Example Works")
    names = [f"Programme {n}" for n in range(PROGRAMMES)]
    return firm, [roster.add_programme(conn, firm, name, {}) for name in names]


def _add(
    conn: Connection, store: SqlStore, firm: str, programmes: list[str], numbers: range
) -> None:
    asked = wrapping._ROOT.where(tables.organisation.c.id == firm)
    name, root = store.keys._root(conn.execute(asked).one())
    rows: Rows = {
        table: []
        for table in (tables.data_key, tables.person, tables.account, tables.pair, tables.entry)
    }

    def key(subject: str) -> Cipher:
        raw = os.urandom(wrapping.KEY_BYTES)
        wrapped = wrapping._lock(root, raw, wrapping._bind(firm, subject))
        row = {"subject": subject, "organisation": firm, "wrapped": wrapped, "key_id": name}
        rows[tables.data_key].append(row)
        return Cipher(subject, firm, AESGCM(raw))

    for n in numbers:
        pair, two = f"p{n:07}", (f"a{n:07}", f"b{n:07}")
        key(of_pair(pair))
        ciphers = {who: key(of_person(who)) for who in two}
        for who, cipher in ciphers.items():
            _move_in(rows, who, firm, cipher)
        rows[tables.pair].append(
            {
                "id": pair,
                "programme": programmes[n % len(programmes)],
                "reverse_mentor": two[0],
                "reverse_mentee": two[1],
                "salt": os.urandom(16),
                "epoch": 1,
                "began": BEGAN,
                "wake_at": LATER,
            }
        )
        rows[tables.entry] += _journal(pair, ciphers)
    for table, made in rows.items():
        conn.execute(insert(table), made)


def _copy(conn: Connection, number: int) -> None:
    """Copy all that was made one by one, under new names."""
    for table, own in OWN.items():
        first = next(c for c in table.c if c.name in own)
        told = [c + f"-{number}" if c.name in own else c for c in table.c]
        originals = select(*told).where(~first.contains("-"))
        conn.execute(insert(table).from_select([c.name for c in table.c], originals))


def _move_in(rows: Rows, who: str, firm: str, cipher: Cipher) -> None:
    sealed = cipher.seal({"name": f"Person {who}", "email": ""}, who, IDENTITY)
    place = {"locale": "en", "zone": "Europe/Berlin", "country": "DE"}
    rows[tables.person].append({"id": who, "organisation": firm, "sealed": sealed, **place})
    at = {"platform": "web", "tenant": "playground", "user": who}
    rows[tables.account].append({**at, "person": who, "since": BEGAN})


def _journal(pair: str, two: dict[str, Cipher]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a pair that has just been told who learns from whom."""
    done = [(None, welcome.Proposed())]
    done += [(who, welcome.Accepted()) for who in two]
    done += [(who, welcome.Understood(right=True)) for who in two]
    for no, (who, event) in enumerate(done, 1):
        put = write(event)
        sealed = two[who].seal(put.sealed, pair, no, put.name) if put.sealed else None
        row = {"pair": pair, "no": no, "at": BEGAN, "by": who}
        yield {**row, "name": put.name, "status": put.status, "sealed": sealed}


def pairs(conn: Connection) -> list[str]:
    return list(conn.execute(select(tables.pair.c.id).order_by(tables.pair.c.id)).scalars())
