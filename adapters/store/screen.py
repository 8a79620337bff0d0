"""The web platform's own screens: messages in someone's chat, sealed under that person's key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's too

from adapters.store import tables
from adapters.store.keys import of_person
from adapters.store.tables import message
from bot.journal import PairId, PersonId
from bot.people import Account

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Update

    from adapters.store.keys import Keys
    from bot.journal import Json

_POST = insert(message).on_conflict_do_nothing()
_LATEST = select(func.max(message.c.id), func.sum(message.c.changed))


@dataclass(frozen=True, slots=True)
class Message:
    """A message on someone's screen. One that is not live has nothing left to press."""

    id: int
    pair: PairId
    content: Json
    live: bool
    at: datetime


def post_message(
    conn: Connection,
    keys: Keys,
    account: Account,
    pair: PairId,
    key: str,
    content: Json,
    retire_id: int | None = None,
    at: datetime | None = None,
) -> int:
    """Put a message at the end of a chat, once per key, and leave another without buttons.

    Raises LookupError for an account that leads to nobody, or to someone erased.
    """
    known = find_message(conn, account, key)
    if known is not None:
        return known
    owner = of_person(_owner(conn, account))
    row = {
        **_triple(account),
        "pair": pair,
        "key": key,
        "last_key": key,
        "sealed": keys.seal(conn, owner, content, *_place(account, pair, key)),
        "live": True,
        "at": at or datetime.now(UTC),
        "changed": 1,
    }
    if conn.execute(_POST, row).rowcount and retire_id is not None:
        retire_message(conn, account, retire_id)
    posted = select(message.c.id).where(_on(account), message.c.key == key)
    return int(conn.execute(posted).scalar_one())


def retire_message(conn: Connection, account: Account, message_id: int) -> None:
    """Leave a message of this account without buttons."""
    retired = and_(message.c.id == message_id, message.c.live, _on(account))
    conn.execute(_changing(retired).values(live=False))


def update_message(
    conn: Connection, keys: Keys, message_id: int, content: Json, key: str
) -> int | None:
    """Change a message in place, once per key; return its id, or None if it is gone."""
    this = message.c.id == message_id
    row = conn.execute(select(message).where(this).with_for_update()).one_or_none()
    if row is None:
        return None
    if row.last_key != key:
        account = Account(row.platform, row.tenant, row.user)
        owner = of_person(_owner(conn, account))
        sealed = keys.seal(conn, owner, content, *_place(account, row.pair, row.key))
        conn.execute(_changing(this).values(sealed=sealed, last_key=key))
    return message_id


def remove_message(conn: Connection, account: Account, message_id: int) -> None:
    """Keep a message of this account no longer."""
    conn.execute(delete(message).where(message.c.id == message_id, _on(account)))


def find_message(conn: Connection, account: Account, key: str) -> int | None:
    """Return the message that a post or the last update under this key led to, if any."""
    led = or_(message.c.key == key, message.c.last_key == key)
    found = conn.execute(select(func.max(message.c.id)).where(_on(account), led))
    return cast("int | None", found.scalar_one())


def messages(conn: Connection, keys: Keys, account: Account, limit: int = 200) -> list[Message]:
    """Return the last messages of a chat, the oldest first."""
    newest = select(message).where(_on(account)).order_by(message.c.id.desc()).limit(limit)
    rows = conn.execute(newest).all()
    if not rows:
        return []
    owner = of_person(_owner(conn, account))
    cipher = keys.of(conn, [owner])[owner]
    return [
        Message(
            row.id,
            row.pair,
            cipher.open(row.sealed, *_place(account, row.pair, row.key)),
            row.live,
            row.at,
        )
        for row in reversed(rows)
    ]


def latest_change(conn: Connection) -> str:
    """Return something that is different once any screen has changed."""
    newest, changes = conn.execute(_LATEST).one()
    return f"{newest or 0}.{changes or 0}"


def _owner(conn: Connection, account: Account) -> PersonId:
    accounts = tables.account.c
    at = and_(*(accounts[name] == value for name, value in _triple(account).items()))
    owner = conn.execute(select(accounts.person).where(at)).scalar_one_or_none()
    if owner is None:
        raise LookupError("that account leads to nobody")
    return PersonId(owner)


def _changing(which: ColumnElement[bool]) -> Update:
    return update(message).where(which).values(changed=message.c.changed + 1)


def _on(account: Account) -> ColumnElement[bool]:
    return and_(*(message.c[name] == value for name, value in _triple(account).items()))


def _triple(account: Account) -> dict[str, str]:
    return {"platform": account.platform, "tenant": account.tenant, "user": account.user}


def _place(account: Account, pair: str, key: str) -> tuple[str, ...]:
    return pair, account.platform, account.tenant, account.user, key, "message"
