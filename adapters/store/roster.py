"""The roster: what a coordinator sets up, and what a person may have undone.

Whatever changes here and shows in a conversation raises the epoch of the pairs it shows in. Who
takes several pairs takes them in order, before anything else, so that no two wait for each other.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, func, insert, literal, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert  # SQLite's ON CONFLICT too

from adapters.store import tables
from adapters.store.countries import country_of
from adapters.store.keys import of_pair, of_person, with_keys
from adapters.store.people import IDENTITY, SETTINGS, addressed, programme_of
from bot.delivery import Owed
from bot.flows.handbook import Wrote
from bot.flows.welcome import Proposed
from bot.journal import PairId, PersonId, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Table

    from adapters.store.keys import Keys
    from bot.people import Account

# No I, L, O and U: nothing that looks like something else. Twelve of them are 60 bits.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOK_ALIKES = str.maketrans("OIL", "011", "- ")
GROUPS, GROUP = 3, 4
UNDER_WAY = tuple(c.name for c in tables.posted.c if c.name == "hold" or c.name[:6] == "claim_")


@dataclass(frozen=True, slots=True)
class KeptProgramme:
    """A programme as it is kept."""

    id: str
    organisation: str
    name: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeptPerson:
    """A person as they are kept, and in how many pairs. Without a name they have been erased."""

    id: PersonId
    name: str
    email: str
    pairs: int


class InvitationError(LookupError):
    """Why a code does not let someone in: `unknown`, `used` by someone else, or `other`.

    `other`: the account already leads to a different person.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the invitation is not to be used: {reason}")
        self.reason = reason


def add_organisation(conn: Connection, keys: Keys, name: str) -> str:
    """Add an organisation and make its key."""
    organisation = _new_id()
    wrapped, key_id = keys.root(organisation)
    row = {"id": organisation, "name": name, "wrapped_key": wrapped, "key_id": key_id}
    conn.execute(insert(tables.organisation).values(row))
    return organisation


def add_programme(
    conn: Connection, organisation: str, name: str, settings: Mapping[str, Any]
) -> str:
    """Add a programme. Raises ValueError for settings that cannot be read back."""
    programme = _new_id()
    kept = _settings(name, settings)
    row = {"id": programme, "organisation": organisation, "name": name, "settings": kept}
    conn.execute(insert(tables.programme).values(row))
    return programme


def set_programme(
    conn: Connection, programme: str, settings: Mapping[str, Any], now: datetime
) -> None:
    """Change some settings of a programme, in every pair of it. Raises LookupError, ValueError."""
    _turn_over(conn, tables.pair.c.programme == programme, now)
    this = tables.programme.c.id == programme
    row = conn.execute(select(tables.programme).where(this).with_for_update()).one_or_none()
    if row is None:
        raise LookupError(f"there is no programme {programme}")
    kept = _settings(row.name, {**row.settings, **settings})
    conn.execute(update(tables.programme).where(this).values(settings=kept))


def show_programmes(conn: Connection) -> tuple[KeptProgramme, ...]:
    """Return all programmes there are, by name."""
    rows = conn.execute(select(tables.programme).order_by(tables.programme.c.name))
    return tuple(KeptProgramme(r.id, r.organisation, r.name, r.settings) for r in rows)


def add_person(
    conn: Connection,
    keys: Keys,
    organisation: str,
    name: str,
    *,
    email: str = "",
    locale: str = "en",
    zone: str = "UTC",
    country: str = "",
) -> PersonId:
    """Add a person and make their key; name and e-mail are kept under it."""
    person = PersonId(_new_id())
    keys.make(conn, of_person(person), organisation)
    row = {
        "id": person,
        "organisation": organisation,
        "sealed": _identity(conn, keys, person, name, email),
        "locale": locale,
        "zone": zone,
        "country": country,
    }
    conn.execute(insert(tables.person).values(row))
    return person


def show_people(conn: Connection, keys: Keys) -> tuple[KeptPerson, ...]:
    """Return everybody there is. Names are sealed, and are opened to be found."""
    people = tables.person
    theirs = or_(
        tables.pair.c.reverse_mentor == people.c.id, tables.pair.c.reverse_mentee == people.c.id
    )
    count = select(func.count()).select_from(tables.pair).where(theirs).scalar_subquery()
    asked = with_keys(select(people.c.id, people.c.sealed, count.label("pairs")), people.c.id)
    found = []
    for row in conn.execute(asked.order_by(people.c.id)):
        known = {"name": "", "email": ""}
        if row.sealed is not None and row.wrapped is not None:
            known |= keys.cipher(row).open(row.sealed, row.id, IDENTITY)
        found.append(KeptPerson(PersonId(row.id), known["name"], known["email"], row.pairs))
    return tuple(found)


def set_person(
    conn: Connection,
    keys: Keys,
    person: PersonId,
    now: datetime,
    *,
    name: str | None = None,
    email: str | None = None,
    **places: str,
) -> None:
    """Change what is known of someone: name, email, locale, zone, country.

    Where the country was only guessed from their zone, it is guessed from a new one again.
    Raises LookupError for someone unknown or erased.
    """
    _turn_over(conn, _of(person), now)
    this = tables.person.c.id == person
    row = conn.execute(select(tables.person).where(this).with_for_update()).one_or_none()
    sealed = row.sealed if row else None
    known = keys.open(conn, of_person(person), sealed, person, IDENTITY)
    if known is None:
        raise LookupError(f"there is no person {person}")
    told = {"name": name, "email": email}
    known |= {key: value for key, value in told.items() if value is not None}
    sealed = _identity(conn, keys, person, known["name"], known["email"])
    if (
        row
        and row.country in {"", country_of(row.zone)}
        and places.get("zone", row.zone) != row.zone
    ):
        guess = country_of(places["zone"])
        places |= {"country": guess} if guess and "country" not in places else {}
    conn.execute(update(tables.person).where(this).values(sealed=sealed, **places))


def follow(
    conn: Connection, keys: Keys, account: Account, told: Mapping[str, str], now: datetime
) -> bool:
    """Let someone's zone and locale be what their platform says; tell whether we know them.

    What is so already turns nothing over: platforms say it often.
    """
    who = _owner(conn, account)
    if who is None:
        return False
    known = select(tables.person.c.zone, tables.person.c.locale).where(tables.person.c.id == who)
    row = conn.execute(known).one()._mapping  # noqa: SLF001  # SQLAlchemy's own name for it
    new = {name: value for name, value in told.items() if row[name] != value}
    if new:
        set_person(conn, keys, who, now, **new)
    return True


def add_pair(
    conn: Connection,
    keys: Keys,
    programme: str,
    mentor: PersonId,
    mentee: PersonId,
    now: datetime,
) -> PairId:
    """Propose two people to each other. The clock looks in at once.

    Raises LookupError for someone who is not of the programme's organisation, and ValueError for
    someone who would be paired with themselves.
    """
    if mentor == mentee:
        raise ValueError("a pair is two people")
    organisation = _organisation_of(conn, programme, mentor, mentee)
    pair = PairId(_new_id())
    row = {
        "id": pair,
        "programme": programme,
        "reverse_mentor": mentor,
        "reverse_mentee": mentee,
        "salt": secrets.token_bytes(16),
        "epoch": 1,
        "began": now,
        "wake_at": now,
    }
    conn.execute(insert(tables.pair).values(row))
    keys.make(conn, of_pair(pair), organisation)
    put = write(Proposed())
    first = {"pair": pair, "no": 1, "at": now, "name": put.name, "status": put.status}
    conn.execute(insert(tables.entry).values(first))
    return pair


def pair_of(conn: Connection, programme: str, mentor: PersonId, mentee: PersonId) -> PairId | None:
    """Return the pair these two are in a programme, if they are one that is not over."""
    table = tables.pair
    two = (table.c.reverse_mentor == mentor, table.c.reverse_mentee == mentee)
    goes_on = table.c.wake_at.is_not(None)
    found = select(table.c.id).where(table.c.programme == programme, *two, goes_on)
    kept = conn.execute(found.order_by(table.c.began).limit(1)).scalar_one_or_none()
    return kept and PairId(kept)


def last_pair(conn: Connection, person: PersonId) -> PairId | None:
    """Return the pair somebody was brought into last, one that goes on before one that is over."""
    over = tables.pair.c.wake_at.is_(None)
    found = select(tables.pair.c.id).where(_of(person)).order_by(over, tables.pair.c.began.desc())
    kept = conn.execute(found.limit(1)).scalar_one_or_none()
    return kept and PairId(kept)


def add_account(conn: Connection, account: Account, person: PersonId, now: datetime) -> None:
    """Let a person be reached at an account from now on; the clock looks in on their pairs.

    What was held back there, because they had gone, may go out again.

    Raises LookupError if the account leads to someone else, or the person has been erased.
    """
    _turn_over(conn, _of(person), now)
    known = select(tables.person.c.sealed).where(tables.person.c.id == person)
    if conn.execute(known).scalar_one_or_none() is None:
        raise LookupError(f"there is no person {person}")
    owner = _owner(conn, account)
    if owner not in {None, person}:
        raise LookupError("that account leads to someone else")
    if owner:
        conn.execute(update(tables.account).where(_at(account)).values(since=now))
        _release(conn, account)
    else:
        row = {**_triple(account), "person": person, "since": now}
        conn.execute(insert(tables.account).values(row))


def come_back(conn: Connection, account: Account, person: PersonId, now: datetime) -> None:
    """Let what was held back at an account go out again; where its person is reached stays."""
    _turn_over(conn, or_(_of(person), _letters(person)), now)
    _release(conn, account)


def add_contact(
    conn: Connection, keys: Keys, programme: str, name: str, now: datetime, **places: str
) -> PersonId:
    """Make a named contact somebody who can be written to from here; the same one twice is one.

    Raises LookupError for a contact the programme does not have.
    """
    this = tables.programme.c.id == programme
    row = conn.execute(select(tables.programme).where(this).with_for_update()).one()
    contacts = [dict(contact) for contact in row.settings.get("contacts", ())]
    found = next((c for c in contacts if c["name"].casefold() == name.casefold()), None)
    if found is None:
        raise LookupError(f"the programme has no contact {name!r}")
    if not found.get("person"):
        told = {"person": add_person(conn, keys, row.organisation, name, **places)}
        found |= told | {key: value for key, value in places.items() if value}
        set_programme(conn, programme, {"contacts": contacts}, now)
    return PersonId(found["person"])


def invite(conn: Connection, pair: PairId | None, person: PersonId, now: datetime) -> str:
    """Return a new code that lets one person in, once. Only its hash is kept.

    A named contact is of no pair.
    """
    letters = "".join(secrets.choice(LETTERS) for _ in range(GROUPS * GROUP))
    row = {"code_hash": _hash(letters), "pair": pair, "person": person, "at": now}
    conn.execute(insert(tables.invitation).values(row))
    return "-".join(letters[n : n + GROUP] for n in range(0, len(letters), GROUP))


def join(
    conn: Connection, code: str, account: Account, now: datetime
) -> tuple[PairId | None, PersonId]:
    """Let an account in by a code; the same account may use it again. Raises InvitationError.

    For a named contact there may be letters waiting: the clock looks in wherever there could be.
    """
    this = tables.invitation.c.code_hash == _hash(code)
    row = conn.execute(select(tables.invitation).where(this).with_for_update()).one_or_none()
    if row is None:
        raise InvitationError("unknown")
    owner = _owner(conn, account)
    if owner not in {None, row.person}:
        raise InvitationError("other")
    if row.used_at is None:
        conn.execute(update(tables.invitation).where(this).values(used_at=now))
        add_account(conn, account, row.person, now)
    elif owner is None:
        raise InvitationError("used")
    if row.pair is None:
        _turn_over(conn, _letters(row.person), now)
    return row.pair and PairId(row.pair), PersonId(row.person)


def bind(conn: Connection, organisation: str, platform: str, tenant: str) -> None:
    """Note whose a workspace is, as a coordinator says. Raises LookupError if it is another's."""
    row = {"platform": platform, "tenant": tenant, "organisation": organisation}
    conn.execute(upsert(tables.installation).values(row).on_conflict_do_nothing())
    if _bound(conn, platform, tenant) != organisation:
        raise LookupError(f"{tenant} belongs to another organisation")


def recognise(conn: Connection, keys: Keys, account: Account, email: str, now: datetime) -> bool:
    """Let in whom a coordinator named by this e-mail, in a workspace of the same organisation.

    Only somebody who is reached nowhere yet, and is the only one of that address: whoever has come
    before moves by a code. Addresses are sealed, and are opened to be compared; a hash of one could
    be guessed.
    """
    organisation = _bound(conn, account.platform, account.tenant)
    if organisation is None or _owner(conn, account) is not None:
        return False
    waiting = addressed(conn, keys, organisation, email, waiting=True)
    if len(waiting) != 1:
        return False
    add_account(conn, account, waiting[0].id, now)
    return True


def is_code(text: str) -> bool:
    """Tell whether a text can be an invitation code, as people write it."""
    plain = text.upper().translate(LOOK_ALIKES)
    return len(plain) == GROUPS * GROUP and set(plain) <= set(LETTERS)


def move(conn: Connection, account: Account, now: datetime) -> tuple[PairId, ...]:
    """Let someone be reached at this account of theirs from now on, and owe them their cards there.

    Where they were before nothing is waited for or held back any more: nobody looks there again.
    Returns their pairs. Raises LookupError for an account that leads to nobody.
    """
    person = _owner(conn, account)
    if person is None:
        raise LookupError("that account leads to nobody")
    theirs = select(func.max(tables.account.c.since)).where(tables.account.c.person == person)
    last: datetime = conn.execute(theirs).scalar_one()
    add_account(conn, account, person, max(now, last + tables.MICROSECOND))
    posted = tables.posted
    before = and_(posted.c.person == person, not_(_on(posted, account)))
    conn.execute(update(posted).where(before).values(dict.fromkeys(UNDER_WAY)))
    pairs = conn.execute(select(tables.pair.c.id).where(_of(person)).order_by("id")).scalars().all()
    owed = {"owed": Owed.AGAIN.value, "hold": None}
    for pair in pairs:
        row = {**_triple(account), "pair": pair, "person": person, **owed}
        put = upsert(posted).values(row | dict.fromkeys(("ref", "revision", "digest"), ""))
        keys = list(posted.primary_key)
        conn.execute(put.on_conflict_do_update(index_elements=keys, set_=owed))
    return tuple(map(PairId, pairs))


def erase(conn: Connection, keys: Keys, person: PersonId, now: datetime) -> None:
    """Destroy someone's key, and with it all they wrote. A second time changes nothing.

    No entry is deleted: the journal still folds, and the partner's words are untouched. Afterwards
    the store is to be scrubbed, so that the key lingers in no file.
    """
    _turn_over(conn, _of(person), now)
    keys.destroy(conn, of_person(person))
    gone = update(tables.person).where(tables.person.c.id == person).values(sealed=None)
    conn.execute(gone)
    theirs = select(tables.account.c.platform, tables.account.c.tenant, tables.account.c.user)
    for row in conn.execute(theirs.where(tables.account.c.person == person)).all():
        at = [tables.message.c[name] == value for name, value in row._mapping.items()]  # noqa: SLF001
        conn.execute(delete(tables.message).where(and_(*at)))
    held = (tables.posted, tables.invitation, tables.feed, tables.placing, tables.mailing)
    for table in (*held, tables.reference, tables.account):
        conn.execute(delete(table).where(table.c.person == person))


def _settings(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they are kept, without the name, which has a column of its own."""
    kept = {key: value for key, value in settings.items() if key != "name"}
    strangers = set(kept) - SETTINGS
    if strangers:
        raise ValueError(f"a programme has no {', '.join(sorted(strangers))}")
    try:
        programme_of("", name, kept, MappingProxyType({}))
    except (TypeError, AttributeError) as error:
        raise ValueError("a setting cannot be read back") from error
    return kept


def _identity(conn: Connection, keys: Keys, person: PersonId, name: str, email: str) -> bytes:
    content = {"name": name, "email": email}
    return keys.seal(conn, of_person(person), content, person, IDENTITY)


def _organisation_of(conn: Connection, programme: str, *people: PersonId) -> str:
    """Return the one organisation that the programme and the people are of."""
    found = [
        conn.execute(select(table.c.organisation).where(table.c.id == id_)).scalar_one_or_none()
        for table, id_ in (
            (tables.programme, programme),
            *((tables.person, person) for person in people),
        )
    ]
    if None in found or len(set(found)) != 1:
        raise LookupError("a pair and its programme are of one organisation")
    return str(found[0])


def _turn_over(conn: Connection, which: ColumnElement[bool], now: datetime) -> None:
    """Hold pairs and raise their epoch: what is remembered of them anywhere is out of date.

    So may be what is on their screens, or where that is: the clock looks in at once. What has been
    due for longer stays so, and nothing is due since before it was.
    """
    _hold(conn, which)
    changed = {
        "epoch": tables.pair.c.epoch + 1,
        "wake_at": case((_later(now), literal(now, tables.Instant)), else_=tables.pair.c.wake_at),
    }
    conn.execute(update(tables.pair).where(which).values(changed))


def _letters(person: PersonId) -> ColumnElement[bool]:
    """Return the pairs in which there may be a letter to somebody, as a named contact.

    To whom a letter is goes sealed; that one was written does not.
    """
    theirs = select(tables.person.c.organisation).where(tables.person.c.id == person)
    programmes = select(tables.programme.c.id).where(
        tables.programme.c.organisation == theirs.scalar_subquery()
    )
    letter = and_(tables.entry.c.pair == tables.pair.c.id, tables.entry.c.name == Wrote.name)
    written = select(tables.entry.c.no).where(letter).exists()
    return and_(tables.pair.c.programme.in_(programmes), written)


def _later(now: datetime) -> ColumnElement[bool]:
    return or_(tables.pair.c.wake_at.is_(None), tables.pair.c.wake_at > now)


def _release(conn: Connection, account: Account) -> None:
    screens = _on(tables.posted, account)
    conn.execute(update(tables.posted).where(screens).values(hold=None))


def _hold(conn: Connection, which: ColumnElement[bool]) -> None:
    conn.execute(select(tables.pair.c.id).where(which).order_by("id").with_for_update()).all()


def _of(person: PersonId) -> ColumnElement[bool]:
    return or_(tables.pair.c.reverse_mentor == person, tables.pair.c.reverse_mentee == person)


def _owner(conn: Connection, account: Account) -> PersonId | None:
    found = conn.execute(select(tables.account.c.person).where(_at(account)))
    owner: PersonId | None = found.scalar_one_or_none()
    return owner


def _bound(conn: Connection, platform: str, tenant: str) -> str | None:
    """Return the organisation a workspace belongs to, if a coordinator has said so."""
    table = tables.installation
    this = select(table.c.organisation).where(
        table.c.platform == platform, table.c.tenant == tenant
    )
    found: str | None = conn.execute(this).scalar_one_or_none()
    return found


def _at(account: Account) -> ColumnElement[bool]:
    return _on(tables.account, account)


def _on(table: Table, account: Account) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in _triple(account).items()))


def _triple(account: Account) -> dict[str, str]:
    return {"platform": account.platform, "tenant": account.tenant, "user": account.user}


def _hash(code: str) -> str:
    return sha256(code.upper().translate(LOOK_ALIKES).encode()).hexdigest()


def _new_id() -> str:
    return secrets.token_hex(8)
