"""The web platform's own screens: messages in someone's chat, sealed under that person's key."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's too

from adapters.store import tables
from adapters.store.keys import with_keys
from adapters.store.tables import message
from bot.people import Account

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from adapters.store.keys import Cipher, Keys
    from bot.journal import Json, PairId

TRIPLE = ("platform", "tenant", "user")

_POST = insert(message).on_conflict_do_nothing().returning(message.c.id)
_PUT = insert(message)
_KEEP = _PUT.on_conflict_do_update(
    index_elements=[message.c[name] for name in (*TRIPLE, "key")],
    set_={
        "sealed": _PUT.excluded.sealed,
        "last_key": _PUT.excluded.last_key,
        "changed": message.c.changed + 1,
    },
)
_ON = and_(*(message.c[name] == bindparam(f"at_{name}") for name in TRIPLE))
_THIS = message.c.id == bindparam("this")
_CHANGE = update(message).values(changed=message.c.changed + 1)
_RETIRE = _CHANGE.where(_THIS, message.c.live, _ON).values(live=False)
_HELD = select(message).where(_THIS).with_for_update()
_SEAL = _CHANGE.where(_THIS).values(sealed=bindparam("anew"), last_key=bindparam("by"))
_FOUND = (
    select(message)
    .where(_ON, or_(message.c.key == bindparam("by"), message.c.last_key == bindparam("by")))
    .order_by(message.c.id.desc())
    .limit(1)
)
_NEWEST = select(message).where(_ON).order_by(message.c.id.desc()).limit(bindparam("most"))
_KEPT = select(message).where(_ON, message.c.key == bindparam("ref"))
_REMOVE = delete(message).where(_ON, message.c.key == bindparam("ref"))
_OWNER = with_keys(select(tables.account.c.person), tables.account.c.person).where(
    *(tables.account.c[name] == bindparam(f"at_{name}") for name in TRIPLE)
)


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
    cipher = _cipher(conn, keys, account)
    put = {"key": key, "last_key": key, "at": at or datetime.now(UTC)}
    row = _row(cipher, account, pair, content, put)
    posted = conn.execute(_POST, row).scalar_one_or_none()
    if posted is None:  # another process was quicker
        return int(conn.execute(_FOUND, _at(account) | {"by": key}).one().id)
    if retire_id is not None:
        retire_message(conn, account, retire_id)
    return int(posted)


def retire_message(conn: Connection, account: Account, message_id: int) -> None:
    """Leave a message of this account without buttons."""
    conn.execute(_RETIRE, _at(account) | {"this": message_id})


def update_message(
    conn: Connection, keys: Keys, message_id: int, content: Json, key: str
) -> int | None:
    """Change a message in place, once per key; return its id, or None if it is gone."""
    row = conn.execute(_HELD, {"this": message_id}).one_or_none()
    if row is None:
        return None
    if row.last_key != key:
        account = Account(row.platform, row.tenant, row.user)
        cipher = _cipher(conn, keys, account)
        sealed = cipher.seal(content, *_place(account, row.pair, row.key))
        conn.execute(_SEAL, {"this": message_id, "anew": sealed, "by": key})
    return message_id


def find_message(conn: Connection, account: Account, key: str) -> int | None:
    """Return the message that a post or the last update under this key led to, if any."""
    found = conn.execute(_FOUND, _at(account) | {"by": key}).one_or_none()
    return None if found is None else int(found.id)


def keep_card(
    conn: Connection,
    keys: Keys,
    account: Account,
    pair: PairId,
    change: tuple[str, str],
    content: Json,
    at: datetime,
) -> None:
    """Keep how a message of another platform looks; `change` is its name there, and who led to it.

    Raises LookupError as `post_message` does.
    """
    ref, key = change
    cipher = _cipher(conn, keys, account)
    put = {"key": ref, "last_key": key, "at": at}
    conn.execute(_KEEP, _row(cipher, account, pair, content, put))


def kept_card(conn: Connection, keys: Keys, account: Account, ref: str) -> Json | None:
    """Return how a message of another platform looks, if it is kept."""
    row = conn.execute(_KEPT, _at(account) | {"ref": ref}).one_or_none()
    if row is None:
        return None
    return _cipher(conn, keys, account).open(row.sealed, *_place(account, row.pair, row.key))


def kept_under(conn: Connection, account: Account, key: str) -> str | None:
    """Return another platform's name for the message that the last change under this key led to."""
    row = conn.execute(_FOUND, _at(account) | {"by": key}).one_or_none()
    return None if row is None else str(row.key)


def remove_card(conn: Connection, account: Account, ref: str) -> None:
    """Keep a message of another platform no longer."""
    conn.execute(_REMOVE, _at(account) | {"ref": ref})


def messages(conn: Connection, keys: Keys, account: Account, limit: int = 200) -> list[Message]:
    """Return the last messages of a chat, the oldest first."""
    rows = conn.execute(_NEWEST, _at(account) | {"most": limit}).all()
    if not rows:
        return []
    cipher = _cipher(conn, keys, account)
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


def _cipher(conn: Connection, keys: Keys, account: Account) -> Cipher:
    """Return the key of whom an account leads to. Raises LookupError."""
    row = conn.execute(_OWNER, _at(account)).one_or_none()
    if row is None or row.wrapped is None:
        raise LookupError("that account leads to nobody, or to someone erased")
    return keys.cipher(row)


def _row(
    cipher: Cipher, account: Account, pair: PairId, content: Json, put: dict[str, Any]
) -> dict[str, Any]:
    place = _place(account, pair, put["key"])
    row = {**asdict(account), "pair": pair, "sealed": cipher.seal(content, *place), **put}
    return row | {"live": True, "changed": 1}


def _at(account: Account) -> dict[str, Any]:
    return {f"at_{name}": value for name, value in asdict(account).items()}


def _place(account: Account, pair: str, key: str) -> tuple[str, ...]:
    return pair, account.platform, account.tenant, account.user, key, "message"
