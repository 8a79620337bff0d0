"""What a coordinator does from the command line: programmes, and bringing two people together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from adapters import programme as files
from adapters.clock import WallClock
from adapters.slack.installing import address
from adapters.store import installations, references, roster
from adapters.store.countries import country_of
from adapters.store.people import Known, accounts_of, addressed, at, email_of, mentees, named
from adapters.store.sql import SqlStore
from bot.people import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from adapters.settings import Settings
    from adapters.store.keys import Keys
    from adapters.store.roster import KeptPerson, KeptProgramme
    from bot.journal import PairId, PersonId
    from bot.people import Programme

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Someone to be brought in, as the coordinator knows them."""

    name: str
    platform: str = "web"
    tenant: str = ""
    user: str = ""
    email: str = ""
    zone: str = "UTC"
    locale: str = "en"
    country: str = ""

    @property
    def account(self) -> Account | None:
        """The account by which they are known to be reached, if the coordinator said one."""
        tenant = self.tenant or ("playground" if self.platform == "web" else "")
        return Account(self.platform, tenant, self.user) if tenant and self.user else None

    @property
    def is_on_slack(self) -> bool:
        """Whether Slack can say who they are, by their e-mail in a workspace we know."""
        return self.platform == "slack" and bool(self.tenant and self.email)


async def show(settings: Settings) -> list[str]:
    """Return the programmes there are, a line each."""
    kept = await _in(settings, lambda conn, keys: roster.show_programmes(conn))  # noqa: ARG005
    told = [
        f"{found.name} ({found.settings.get('organisation', '')}): "
        f"{found.settings.get('term', 6)} months, "
        f"{len(found.settings.get('contacts', ()))} named contacts (id {found.id})"
        for found in kept
    ]
    return told or ["There is no programme yet. See `turnabout programme add --example`."]


async def keep(settings: Settings, programme: Programme, *, new: bool) -> str:
    """Add a programme, or change the one of that name.

    Raises LookupError if that cannot be, as for a named contact who is a reverse-mentee in it.
    """

    def body(conn: Connection, keys: Keys) -> str:
        known = {p.name: p for p in roster.show_programmes(conn)}
        told = files.settings(programme)
        if new and programme.name in known:
            raise LookupError(f"There is a programme {programme.name!r} already. Use `set`.")
        if not new and programme.name not in known:
            raise LookupError(f"There is no programme {programme.name!r} yet. Use `add`.")
        if new:
            add_programme(conn, keys, programme)
        else:
            del told["name"]
            kept = known[programme.name]
            _keep_apart(told["contacts"], mentees(conn, keys, kept.id))
            told["contacts"] = _same(told["contacts"], kept.settings.get("contacts", ()))
            roster.set_programme(conn, kept.id, told, WallClock().now())
        return f"The programme {programme.name!r} is kept."

    return await _in(settings, body)


async def pair(
    settings: Settings, programme: str | None, mentor: Newcomer, mentee: Newcomer
) -> list[str]:
    """Bring two people together; return their invitations, a line each.

    Raises LookupError for a programme there is not, and for a named contact as reverse-mentee.
    """

    def body(conn: Connection, keys: Keys) -> list[str]:
        kept = _programme(conn, programme)
        return bring_together(conn, keys, kept, mentor, mentee, WallClock().now())

    return await _in(settings, body)


async def contact(settings: Settings, programme: str | None, name: str, **places: str) -> str:
    """Let a named contact be written to from here; return their invitation.

    Raises LookupError for a programme, or a contact of it, that there is not.
    """

    def body(conn: Connection, keys: Keys) -> str:
        kept = _programme(conn, programme)
        now = WallClock().now()
        person = roster.add_contact(conn, keys, kept.id, name, now, **places)
        code = roster.invite(conn, None, person, now)
        return f"{name}, named contact: tell them to write to Turnabout: join {code}"

    return await _in(settings, body)


async def invite(
    settings: Settings, name: str, email: str, person: str, platform: str, tenant: str
) -> str:
    """Return a new invitation of somebody who is known: theirs is lost, or they are to move.

    Raises LookupError unless exactly one person is meant, who has not been erased.
    """

    def body(conn: Connection, keys: Keys) -> str:
        one = _meant(roster.show_people(conn, keys), name, email, person)
        if not one.name:
            raise LookupError("They have been erased, and can only be brought in anew.")
        where = _door(conn, keys, tenant) if platform == "slack" else "write to Turnabout"
        code = roster.invite(conn, roster.last_pair(conn, one.id), one.id, WallClock().now())
        return f"{one.name}: tell them to {where}: join {code}"

    return await _in(settings, body)


async def erase(settings: Settings, name: str, email: str, person: str, *, sure: bool) -> list[str]:
    """Erase someone for good, if that is sure; return what was done, or would be, a line each.

    Raises LookupError unless exactly one person is meant, and where a key could not be overwritten.
    """
    store = await SqlStore.open(settings.database, settings.master_key())
    keys = store.keys
    try:
        people = await store.run(lambda conn: roster.show_people(conn, keys))
        one = _meant(people, name, email, person)
        _no_contact(await store.run(roster.show_programmes), one)
        told = f"{one.name or 'This person'} ({one.id}), in {_pairs(one)}"
        if not sure:
            return [
                f"{told}, would be erased: their name, their addresses, and all they wrote.",
                "Nothing brings that back. What their partners wrote stays theirs.",
                "Nothing is changed yet. To do it, say the same again with --yes.",
            ]
        now = WallClock().now()
        await store.run(lambda conn: roster.erase(conn, keys, one.id, now))
        await _overwrite(store, one.id)
    finally:
        await store.close()
    return [f"{told}, is erased.", "Backups can still be read until they are thrown away."]


def _no_contact(programmes: Iterable[KeptProgramme], one: KeptPerson) -> None:
    """Raise LookupError for a named contact: their name stands in the programme's own file."""
    for programme in programmes:
        if any(c.get("person") == one.id for c in programme.settings.get("contacts", ())):
            raise LookupError(
                f"{one.name or 'This person'} is a named contact of {programme.name!r}. Take them "
                "out of its file first (`turnabout programme set`); then they can be erased."
            )


async def _overwrite(store: SqlStore, person: PersonId) -> None:
    try:
        await store.scrub()
    except SQLAlchemyError:
        told = "They are erased, but their key could not be overwritten while others were at it."
        again = f"Say it again with --person {person} --yes."
        raise LookupError(f"{told} {again}") from None


def _meant(people: Iterable[KeptPerson], name: str, email: str, person: str) -> KeptPerson:
    """Return the one person who is meant; who was erased before, by their id alone."""
    told = {"id": person, "name": name, "email": email}
    wanted = {key: value.casefold() for key, value in told.items() if value}
    found = [
        each
        for each in people
        if all(getattr(each, key).casefold() == value for key, value in wanted.items())
    ]
    if not wanted:
        raise LookupError("Say whom: --name, as they were brought in.")
    if not found:
        raise LookupError("There is nobody of that name, address or id.")
    if len(found) > 1:
        ids = "; ".join(f"{each.id}, in {_pairs(each)}" for each in found)
        raise LookupError(
            f"That may be several people: say which with --email or --person ({ids})."
        )
    return found[0]


def _pairs(one: KeptPerson) -> str:
    return "1 pair" if one.pairs == 1 else f"{one.pairs} pairs"


def add_programme(conn: Connection, keys: Keys, programme: Programme) -> KeptProgramme:
    """Add a programme, and its organisation if that is new; return it as it is kept."""
    told = files.settings(programme)
    del told["name"]
    organisation = next(
        (
            kept.organisation
            for kept in roster.show_programmes(conn)
            if kept.settings.get("organisation") == programme.organisation
        ),
        None,
    ) or roster.add_organisation(conn, keys, programme.organisation)
    added = roster.add_programme(conn, organisation, programme.name, told)
    return next(kept for kept in roster.show_programmes(conn) if kept.id == added)


def bring_together(
    conn: Connection,
    keys: Keys,
    programme: KeptProgramme,
    mentor: Newcomer,
    mentee: Newcomer,
    now: datetime,
) -> list[str]:
    """Add two people and their pair; return an invitation for each, the junior's first.

    Who is of the organisation already is not made anew: a senior may learn from two juniors. Two
    who are a pair here already stay the one they are, and are invited again: a code may be lost.
    A name alone tells nobody: somebody new of a name that is known is told of in a line more.
    """
    two = (mentor, mentee)
    before = [named(conn, keys, programme.organisation, one.name) for one in two]
    junior, senior = (_add(conn, keys, programme.organisation, one, now) for one in two)
    contacts = programme.settings.get("contacts", ())
    _keep_apart(contacts, [Known(senior, mentee.name, email_of(conn, keys, senior))])
    pair = roster.pair_of(conn, programme.id, junior, senior)
    added = pair or roster.add_pair(conn, keys, programme.id, junior, senior, now)
    told, notes = [], []
    for role, one, person, known in zip(
        ("mentor", "mentee"), two, (junior, senior), before, strict=True
    ):
        told.append(f"{one.name}, reverse-{role}: {_invited(conn, keys, added, person, one, now)}")
        if known and person not in {each.id for each in known}:
            notes.append(_namesake(one, person, role))
    return told + notes


def _namesake(one: Newcomer, person: PersonId, role: str) -> str:
    return (
        f"Somebody called {one.name} was here before, and this is another person. If you meant the "
        f"same: `turnabout erase --person {person}` takes this one back, a new code for the other "
        f"is `turnabout invite`, and what brings the same person into a pair is --{role}-email or "
        f"--{role}-tenant and --{role}-user as you gave them before."
    )


def _keep_apart(contacts: Iterable[Mapping[str, Any]], seniors: Iterable[Known]) -> None:
    """Raise LookupError for a senior who is a named contact as well."""
    contacts = list(contacts)
    for senior in seniors:
        clash = files.conflict(contacts, senior.name, senior.email)
        if clash:
            raise LookupError(clash)


def _same(
    contacts: Iterable[dict[str, Any]], before: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return contacts, each still the person they were before."""
    people = {c["name"]: c for c in before if c.get("person")}
    keep = ("person", "locale", "zone", "country")
    return [
        c | {key: people[c["name"]][key] for key in keep if key in people[c["name"]]}
        if c["name"] in people
        else c
        for c in contacts
    ]


def _programme(conn: Connection, name: str | None) -> KeptProgramme:
    kept = roster.show_programmes(conn)
    if not kept:
        raise LookupError("There is no programme yet. See `turnabout programme add --example`.")
    if name is None and len(kept) > 1:
        names = ", ".join(repr(p.name) for p in kept)
        raise LookupError(f"There are several programmes: say which with --programme ({names}).")
    found = next((p for p in kept if name in {None, p.name}), None)
    if found is None:
        raise LookupError(f"There is no programme {name!r}.")
    return found


def _add(conn: Connection, keys: Keys, organisation: str, one: Newcomer, now: datetime) -> PersonId:
    """Return who it is: somebody we know by their account or e-mail, or else somebody new."""
    ZoneInfo(one.zone)
    country = one.country or country_of(one.zone)
    if one.platform != "web" and one.tenant:
        roster.bind(conn, organisation, one.platform, one.tenant)
    known = _known(conn, keys, organisation, one)
    if known is None:
        return roster.add_person(
            conn,
            keys,
            organisation,
            one.name,
            email=one.email,
            locale=one.locale,
            zone=one.zone,
            country=country,
        )
    if one.email and not known.email:
        roster.set_person(conn, keys, known.id, now, email=one.email)
    return known.id


def _known(conn: Connection, keys: Keys, organisation: str, one: Newcomer) -> Known | None:
    """Return whom we know by this account, or else by this e-mail.

    Raises LookupError where the two, or the name, are not of the same person: a wrong letter in an
    id must not invite a stranger.
    """
    there = at(conn, keys, organisation, one.account) if one.account else None
    mailed = addressed(conn, keys, organisation, one.email)
    if there and one.email and there not in mailed and (mailed or there.email):
        raise LookupError(
            f"The account {one.user} and the address {one.email} are not of the same person here. "
            "Leave out the one that is wrong."
        )
    if there is None and len(mailed) > 1:
        raise LookupError(
            f"Several people here have the address {one.email}. Say which by their account, or "
            "leave the address out to bring in somebody new."
        )
    known = there or next(iter(mailed), None)
    if known and known.name.strip().casefold() != one.name.strip().casefold():
        by = f"account {one.user}" if there else f"address {one.email}"
        raise LookupError(
            f"The {by} is {known.name!r} here, not {one.name!r}. Give that name, or correct it."
        )
    return known


def _invited(
    conn: Connection, keys: Keys, pair: PairId, person: PersonId, one: Newcomer, now: datetime
) -> str:
    """Let someone in where they are known already, or invite them; say how they come in.

    Who is reached somewhere stays there: they move by a code, as anybody does.
    """
    here = accounts_of(conn, person)
    if one.account and not here:
        roster.add_account(conn, one.account, person, now)
        if one.platform == "web":
            return f"is in the playground as {one.user!r}."
        known = f"is {one.user} in {one.tenant} and hears from Turnabout there."
        return f"{known} {_next(conn, keys, {one.account})}"
    if here and (one.account is None or one.account in here):
        return f"is here already (a new code: `turnabout invite`). {_next(conn, keys, here)}"
    where = _door(conn, keys, one.tenant) if one.platform == "slack" else "write to Turnabout"
    known_by_mail = one.is_on_slack and not here
    by_mail = " (or only `join`, if Slack may tell e-mail addresses)" if known_by_mail else ""
    return f"tell them to {where}{by_mail}: join {roster.invite(conn, pair, person, now)}"


def _next(conn: Connection, keys: Keys, accounts: set[Account]) -> str:
    """Return what to tell who needs no code: Teams knows no chat before they have opened it."""
    waits = all(a.platform == "teams" and not references.find(conn, keys, a) for a in accounts)
    return "Ask them to open the app and write anything." if waits else "Tell them it is coming."


def _door(conn: Connection, keys: Keys, tenant: str) -> str:
    """Return the way to Turnabout in a workspace, with a link where its installation is known."""
    found = installations.find(conn, keys, tenant)
    if found is None:
        return "open Turnabout in Slack (under Apps) and write to it"
    return f"open {address(found)} and write to Turnabout"


async def _in(settings: Settings, body: Callable[[Connection, Keys], T]) -> T:
    store = await SqlStore.open(settings.database, settings.master_key())
    try:
        return await store.run(lambda conn: body(conn, conn.get_execution_options()["keys"]))
    finally:
        await store.close()
