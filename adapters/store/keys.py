"""The keys: a master key wraps each organisation's, which wraps one for each subject.

A subject is `person:<id>`, for what someone wrote, or `pair:<id>`, for what the programme or the
clock wrote. What is sealed is bound to its place, and opens nowhere else. Destroying a subject's
key is how a person is erased: nothing can bring back what was sealed under it.
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, delete, insert, select, update

from adapters.store.tables import data_key, organisation
from bot.journal import PersonId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from bot.journal import Json, PairId

VERSION = b"\x01"
KEY_BYTES = 32
NONCE_BYTES = 12
LENGTH_BYTES = 4
BUCKET = 256  # how long something is tells a little of what it is: it is told in steps of this
CACHED = 4096

# What `Keys.cipher` reads of a row.
COLUMNS = (
    data_key.c.subject,
    data_key.c.wrapped,
    data_key.c.key_id,
    organisation.c.id.label("organisation_id"),
    organisation.c.wrapped_key.label("organisation_wrapped"),
    organisation.c.key_id.label("organisation_key_id"),
)

_FIND = (
    select(*COLUMNS)
    .join(organisation, organisation.c.id == data_key.c.organisation)
    .where(data_key.c.subject.in_(bindparam("subjects", expanding=True)))
)
_ROOT = select(
    organisation.c.id.label("organisation_id"),
    organisation.c.wrapped_key.label("organisation_wrapped"),
    organisation.c.key_id.label("organisation_key_id"),
)
_ROOT_OF = _ROOT.where(organisation.c.id == bindparam("organisation"))
_MAKE = insert(data_key)
_REWRAP = (
    update(organisation)
    .where(organisation.c.id == bindparam("of"))
    .values(wrapped_key=bindparam("anew"), key_id=bindparam("by"))
)
_DESTROY = delete(data_key).where(data_key.c.subject == bindparam("of"))


class WrongKeyError(Exception):
    """The master key is not the one this database was sealed with."""


class SealBrokenError(Exception):
    """Something sealed was changed, or moved to a place it does not belong to."""


def of_person(person: PersonId) -> str:
    """Return the subject of what someone wrote."""
    return f"person:{person}"


def of_pair(pair: PairId) -> str:
    """Return the subject of what the programme or the clock wrote about a pair."""
    return f"pair:{pair}"


def key_id(key: bytes) -> str:
    """Return a name for a key by which a wrong one is told apart; it tells nothing of the key."""
    return sha256(b"turnabout key " + key).hexdigest()[:16]


def with_keys(found: Select[Any], person: ColumnElement[str]) -> Select[Any]:
    """Return a query that brings along the key of each of these people, if it is not destroyed."""
    theirs = data_key.c.subject == of_person(PersonId("")) + person
    return (
        found.add_columns(*COLUMNS)
        .outerjoin(data_key, theirs)
        .outerjoin(organisation, organisation.c.id == data_key.c.organisation)
    )


@dataclass(frozen=True, slots=True, repr=False)
class Cipher:
    """One subject's key, opened. `place` says where something is kept: pair, number, purpose."""

    subject: str
    organisation: str
    key: AESGCM

    def seal(self, content: Json, *place: str | int) -> bytes:
        """Return plain JSON, sealed for this place."""
        return VERSION + _lock(self.key, _padded(content), self._bound(place))

    def open(self, sealed: bytes, *place: str | int) -> Json:
        """Return what was sealed for this place. Raises SealBrokenError."""
        if sealed[:1] != VERSION:
            raise SealBrokenError(f"sealed in a way this version does not know: {place}")
        try:
            return _unpadded(_unlock(self.key, sealed[1:], self._bound(place)))
        except InvalidTag:
            raise SealBrokenError(f"the seal is broken: {place}") from None

    def _bound(self, place: tuple[str | int, ...]) -> bytes:
        return _bind(self.organisation, self.subject, *place)


class Keys:
    """The keys as one process knows them: the master key, and some that it has unwrapped.

    `house` seals what is no organisation's but ours: the tokens by which a platform knows us.
    """

    def __init__(self, master: bytes) -> None:
        """Go by this master key. Raises ValueError unless it has 32 bytes."""
        if len(master) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        self._master = AESGCM(master)
        self._master_id = key_id(master)
        self.house = Cipher("house", "", self._master)
        self._roots: dict[bytes, tuple[str, AESGCM]] = {}
        self._ciphers: OrderedDict[str, tuple[bytes, Cipher]] = OrderedDict()

    def probe(self, conn: Connection) -> None:
        """Try the master key on every organisation. Raises WrongKeyError."""
        for row in conn.execute(_ROOT):
            self._root(row)

    def rewrap(self, conn: Connection, old: Keys) -> int:
        """Take every organisation's key over from an old master key; return how many there are.

        Nothing else changes: all other keys are wrapped by these. Raises WrongKeyError.
        """
        rows = conn.execute(_ROOT).all()
        for row in rows:
            old._root(row)
            bound = _bind(row.organisation_id)
            raw = _raw(old._master, row.organisation_wrapped, bound)
            anew = _lock(self._master, raw, bound)
            conn.execute(_REWRAP, {"of": row.organisation_id, "anew": anew, "by": self._master_id})
        return len(rows)

    def root(self, organisation: str) -> tuple[bytes, str]:
        """Return a new key for an organisation, wrapped, and the name of what it is wrapped by."""
        wrapped = _lock(self._master, os.urandom(KEY_BYTES), _bind(organisation))
        return wrapped, self._master_id

    def make(self, conn: Connection, subject: str, organisation: str) -> None:
        """Make a subject's key."""
        name, root = self._root(conn.execute(_ROOT_OF, {"organisation": organisation}).one())
        wrapped = _lock(root, os.urandom(KEY_BYTES), _bind(organisation, subject))
        row = {"subject": subject, "organisation": organisation, "wrapped": wrapped, "key_id": name}
        conn.execute(_MAKE, row)

    def of(self, conn: Connection, subjects: Iterable[str]) -> dict[str, Cipher]:
        """Return the keys of these subjects, without those that were destroyed."""
        rows = conn.execute(_FIND, {"subjects": list(subjects)})
        return {row.subject: self.cipher(row) for row in rows}

    def cipher(self, row: Row[*tuple[Any, ...]]) -> Cipher:
        """Return the key that a row with `COLUMNS` holds. Raises WrongKeyError."""
        known = self._ciphers.get(row.subject)
        if known is None or known[0] != row.wrapped:
            name, root = self._root(row)
            if row.key_id != name:
                raise WrongKeyError(f"the key of {row.subject} was wrapped by another key")
            bound = _bind(row.organisation_id, row.subject)
            cipher = Cipher(row.subject, row.organisation_id, _unwrap(root, row.wrapped, bound))
            known = self._ciphers[row.subject] = row.wrapped, cipher
            if len(self._ciphers) > CACHED:
                self._ciphers.popitem(last=False)
        self._ciphers.move_to_end(row.subject)
        return known[1]

    def seal(self, conn: Connection, subject: str, content: Json, *place: str | int) -> bytes:
        """Seal something. Raises LookupError where the subject's key was destroyed."""
        return self.of(conn, [subject])[subject].seal(content, *place)

    def open(
        self, conn: Connection, subject: str, sealed: bytes | None, *place: str | int
    ) -> Json | None:
        """Return what was sealed, or nothing where the subject's key was destroyed."""
        cipher = self.of(conn, [subject]).get(subject)
        return cipher.open(sealed, *place) if cipher and sealed else None

    def destroy(self, conn: Connection, subject: str) -> None:
        """Destroy a subject's key. A second time changes nothing."""
        conn.execute(_DESTROY, {"of": subject})
        self._ciphers.pop(subject, None)

    def _root(self, row: Row[*tuple[Any, ...]]) -> tuple[str, AESGCM]:
        """Return an organisation's key and its name."""
        if row.organisation_wrapped not in self._roots:
            if row.organisation_key_id != self._master_id:
                raise WrongKeyError(
                    "The master key is not the one this database was sealed with: it is "
                    f"{self._master_id}, and {row.organisation_key_id} is needed."
                )
            bound = _bind(row.organisation_id)
            key = _raw(self._master, row.organisation_wrapped, bound)
            self._roots[row.organisation_wrapped] = key_id(key), AESGCM(key)
        return self._roots[row.organisation_wrapped]


def _bind(*place: str | int) -> bytes:
    """Return a place as bytes that no other place has."""
    return json.dumps(["turnabout", 1, *place]).encode()


def _padded(content: Json) -> bytes:
    plain = json.dumps(content, separators=(",", ":")).encode()
    whole = len(plain).to_bytes(LENGTH_BYTES, "big") + plain
    return whole + bytes(-len(whole) % BUCKET)


def _unpadded(whole: bytes) -> Json:
    length = int.from_bytes(whole[:LENGTH_BYTES], "big")
    found: Json = json.loads(whole[LENGTH_BYTES : LENGTH_BYTES + length])
    return found


def _lock(key: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, bound)


def _unlock(key: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)


def _raw(key: AESGCM, wrapped: bytes, bound: bytes) -> bytes:
    try:
        return _unlock(key, wrapped, bound)
    except InvalidTag:
        raise SealBrokenError("a wrapped key was changed or moved") from None


def _unwrap(key: AESGCM, wrapped: bytes, bound: bytes) -> AESGCM:
    return AESGCM(_raw(key, wrapped, bound))
