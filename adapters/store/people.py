"""People and programmes as they are kept: what a coordinator said, as the bot knows it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from adapters.store.keys import of_person, with_keys
from adapters.store.tables import account, pair, person
from bot.journal import PersonId
from bot.people import Account, Contact, Person, Programme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection, Select

    from adapters.store.keys import Cipher, Keys
    from bot.people import Topic

IDENTITY = "identity"  # the place of a person's name and e-mail

# How a setting is read back from JSON, where it is not plain.
_READ: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "working_week": tuple,
        "window": lambda hours: tuple(time.fromisoformat(hour) for hour in hours),
        "holidays": lambda days: tuple(date.fromisoformat(day) for day in days),
        "contacts": lambda contacts: tuple(Contact(**contact) for contact in contacts),
        "support": tuple,
        "store_rules": tuple,
    }
)
_OPENED = with_keys(select(person.c.id, person.c.sealed), person.c.id).where(
    person.c.sealed.is_not(None)
)
SETTINGS = frozenset(Programme.__dataclass_fields__) - {"id", "name", "topics"}


@dataclass(frozen=True, slots=True)
class Known:
    """Someone as a coordinator named them."""

    id: PersonId
    name: str
    email: str


def programme_of(
    programme: str, name: str, settings: Mapping[str, Any], topics: Mapping[str, Topic]
) -> Programme:
    """Return a programme as its settings describe it; what they leave out is as usual."""
    told = {
        key: _READ[key](value) if key in _READ else value
        for key, value in settings.items()
        if key in SETTINGS
    }
    return Programme(programme, name, topics=topics, **told)


def name_of(person: str, sealed: bytes | None, cipher: Cipher | None) -> str:
    """Return someone's name, or nothing once they have been erased."""
    if sealed is None or cipher is None:
        return ""
    return str(cipher.open(sealed, person, IDENTITY)["name"])


def email_of(conn: Connection, keys: Keys, who: PersonId) -> str:
    """Return someone's e-mail address, or nothing where none is known, or they were erased."""
    kept = conn.execute(select(person.c.sealed).where(person.c.id == who)).scalar_one_or_none()
    known = keys.open(conn, of_person(who), kept, who, IDENTITY)
    return str(known["email"]) if known else ""


def mentees(conn: Connection, keys: Keys, programme: str) -> list[Known]:
    """Return all reverse-mentees of a programme, without those who were erased."""
    theirs = select(pair.c.reverse_mentee).where(pair.c.programme == programme)
    return _opened(conn, keys, _OPENED.where(person.c.id.in_(theirs)))


def at(conn: Connection, keys: Keys, organisation: str, where: Account) -> Known | None:
    """Return whom an account leads to in an organisation, if it leads to anybody there."""
    places = (account.c[name] == value for name, value in asdict(where).items())
    theirs = select(account.c.person).where(*places)
    ours = _OPENED.where(person.c.organisation == organisation, person.c.id.in_(theirs))
    return next(iter(_opened(conn, keys, ours)), None)


def addressed(
    conn: Connection, keys: Keys, organisation: str, email: str, *, waiting: bool = False
) -> list[Known]:
    """Return everybody in an organisation who has this e-mail address, however it is written.

    Of those who are `waiting`, and so reached nowhere yet, if nobody else is meant.
    """
    everybody = _OPENED.where(person.c.organisation == organisation)
    if waiting:
        everybody = everybody.where(person.c.id.not_in(select(account.c.person)))
    found = _opened(conn, keys, everybody)
    return [one for one in found if _plain(one.email) == _plain(email) != ""]


def named(conn: Connection, keys: Keys, organisation: str, name: str) -> list[Known]:
    """Return everybody in an organisation who has this name, however it is written."""
    found = _opened(conn, keys, _OPENED.where(person.c.organisation == organisation))
    return [one for one in found if _plain(one.name) == _plain(name)]


def accounts_of(conn: Connection, who: PersonId) -> set[Account]:
    """Return all accounts by which someone is reached, or was."""
    names = (account.c.platform, account.c.tenant, account.c.user)
    rows = conn.execute(select(*names).where(account.c.person == who))
    return {Account(row.platform, row.tenant, row.user) for row in rows}


def person_of(
    person: PersonId, sealed: bytes | None, told: tuple[str, ...], cipher: Cipher | None
) -> Person:
    """Return one of the two; `told` is locale, zone, country and platform."""
    return Person(person, name_of(person, sealed, cipher), *told)


def _plain(email: str) -> str:
    return email.strip().casefold()


def _opened(conn: Connection, keys: Keys, found: Select[Any]) -> list[Known]:
    """Open who is found. Names and addresses are sealed, so this is how they are compared."""
    people = []
    for row in conn.execute(found):
        if row.wrapped is not None:
            told = keys.cipher(row).open(row.sealed, row.id, IDENTITY)
            people.append(Known(PersonId(row.id), str(told["name"]), str(told["email"])))
    return people
