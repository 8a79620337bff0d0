"""The store: what people did is kept, once, in order, and in clear to nobody."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from alembic import command
from sqlalchemy import func, make_url, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.util import await_only

from adapters import programme as programmes
from adapters.store import directory, due, roster, screen, tables
from adapters.store.keys import Keys, SealBrokenError, WrongKeyError
from adapters.store.memory import MemoryStore
from adapters.store.migrate import configured, is_current, upgrade
from adapters.store.roster import InvitationError
from adapters.store.sql import SqlStore
from bot import facilitator
from bot.delivery import Claim, Owed, Posted
from bot.flows import reflection, welcome
from bot.inputs import Incoming, Pressed, Ticked
from bot.journal import Event, PairId, PersonId, UnknownEvent, kinds
from bot.moment import Moment
from bot.people import Account, Pair
from bot.turn import Services, deliver, take_turn
from tests.paper import PaperMessenger
from tests.stage import BOOK, MONDAY, PROGRAMME, new_pair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy import Connection

    from bot.turn import UnitOfWork
    from tests.databases import Server

pytest_plugins = ("tests.databases",)

assert facilitator.FLOWS  # every event is imported before they are listed

MASTER = bytes(range(32))
SOON = timedelta(minutes=5)
WORD = "canary"
ADA_AT, BEN_AT = (Account("paper", "stage", name) for name in ("ada", "ben"))


@dataclass
class Place:
    """A store with one pair in it, and the two who are that pair."""

    url: str
    store: SqlStore
    organisation: str
    programme: str
    ada: PersonId
    ben: PersonId
    pair: PairId

    async def another(self) -> SqlStore:
        """Open the same database as another process does."""
        return await SqlStore.open(self.url, MASTER, BOOK.catalogue)

    async def says(self, *events: Event, by: PersonId | None) -> None:
        await says(self.store, self.pair, *events, by=by)

    async def now(self, store: SqlStore | None = None) -> Pair:
        return await (store or self.store).work(self.pair, lambda work: work.pair())


async def says(store: SqlStore, pair: PairId, *events: Event, by: PersonId | None) -> None:
    def body(work: UnitOfWork) -> None:
        before = work.pair()
        after = before.with_events(events, by, MONDAY)
        work.write(after, after.journal[len(before.journal) :])

    await store.work(pair, body)


@pytest.fixture
async def place(database: str) -> AsyncIterator[Place]:
    """A database with an organisation, a programme, and Ada and Ben as a pair."""
    store = await SqlStore.open(database, MASTER, BOOK.catalogue)
    keys = store.keys

    def found(conn: Connection) -> tuple[str, str, PersonId, PersonId, PairId]:
        works = roster.add_organisation(conn, keys, "Example Works")
        settings = programmes.settings(PROGRAMME)
        eyes = roster.add_programme(conn, works, PROGRAMME.name, settings)
        ada = roster.add_person(
            conn, keys, works, "Ada", email="ada@example.org", zone="Europe/London", country="GB"
        )
        ben = roster.add_person(conn, keys, works, "Ben", zone="Europe/Berlin", country="DE")
        pair = roster.add_pair(conn, keys, eyes, ada, ben, MONDAY)
        roster.add_account(conn, ADA_AT, ada, MONDAY)
        roster.add_account(conn, BEN_AT, ben, MONDAY)
        return works, eyes, ada, ben, pair

    yield Place(database, store, *await store.run(found))
    await store.close()


@pytest.fixture
async def elsewhere(place: Place) -> AsyncIterator[SqlStore]:
    """A second process at the same database."""
    store = await place.another()
    yield store
    await store.close()


# What is written is read back


def sample(kind: type[Event], n: int) -> Event:
    """Return an event of a kind with something odd in every field."""
    values: dict[str, Any] = {}
    for name, hint in get_type_hints(kind).items():
        if name not in kind.__dataclass_fields__:  # type: ignore[attr-defined]
            continue
        one: Any = {
            "Moment": Moment.on(datetime(2026, 12, 1, 9, n % 60), "Europe/Berlin"),
            "datetime": MONDAY,
            "int": n,
            "bool": n % 2 == 0,
        }.get(next((t for t in ("Moment", "datetime", "int", "bool") if t in str(hint)), ""))
        if one is None:
            one = f"{WORD} {n}: ünî\ncode, 'quotes', \U0001f980" if "str" in str(hint) else None
        values[name] = (one, one) if "tuple" in str(hint) else one
    return kind(**values)


async def test_every_kind_of_event_is_read_back_as_it_was_written(
    place: Place, elsewhere: SqlStore
) -> None:
    ordered = [kind for name, kind in sorted(kinds().items()) if not name.startswith("test.")]
    for n, kind in enumerate(ordered):
        await place.says(sample(kind, n), by=(place.ada, place.ben, None)[n % 3])
    written, read = await place.now(), await place.now(elsewhere)
    assert len(read.journal) == len(ordered) + 1
    assert read.journal == written.journal
    assert {entry.event.name for entry in read.journal} >= {kind.name for kind in ordered}


async def test_a_pair_reads_as_the_coordinator_set_it_up(place: Place) -> None:
    pair = await place.now()
    assert pair.opening.event == welcome.Proposed()
    assert (pair.opening.no, pair.opening.by, pair.opening.at) == (1, None, MONDAY)
    assert replace(pair.programme, id=PROGRAMME.id) == PROGRAMME
    ada, ben = pair.people
    assert (ada.name, ada.zone, ada.country) == ("Ada", "Europe/London", "GB")
    assert (ben.name, ben.zone, ben.country) == ("Ben", "Europe/Berlin", "DE")


async def test_an_event_of_a_newer_bot_is_kept_and_written_back_unchanged(
    place: Place, elsewhere: SqlStore
) -> None:
    newer = UnknownEvent("future.thing", {"when": [1, None]}, {"words": {"deep": WORD}})
    await place.says(newer, by=place.ada)  # type: ignore[arg-type]
    read = (await place.now(elsewhere)).journal[-1].event
    assert (read.name, read.status, read.sealed) == (newer.name, newer.status, newer.sealed)  # type: ignore[union-attr]
    await says(elsewhere, place.pair, read, by=place.ada)  # type: ignore[arg-type]
    again = (await place.now()).journal[-1].event
    assert (again.status, again.sealed) == (newer.status, newer.sealed)  # type: ignore[union-attr]


async def test_what_is_on_a_screen_is_read_back(place: Place, elsewhere: SqlStore) -> None:
    claim = Claim("key", "r2", "d2", MONDAY + SOON, Owed.IN_PLACE)
    on_screen = [
        Posted("ref", "r1", "d1", Owed.AGAIN, claim),
        Posted("ref", "r2", "d2"),
        Posted("", "", "", Owed.IN_PLACE),
    ]
    for posted in on_screen:
        await place.store.work(place.pair, lambda work, p=posted: work.keep(place.ada, p))
        assert await elsewhere.work(place.pair, lambda work: work.posted(place.ada)) == posted
    assert await elsewhere.work(place.pair, lambda work: work.posted(place.ben)) == Posted()


async def test_a_moment_without_a_zone_is_refused(place: Place) -> None:
    naive = datetime(2026, 11, 2, 9)
    with pytest.raises(Exception, match="needs its zone"):
        await place.store.work(place.pair, lambda work: work.wake(naive))


async def test_a_moment_is_kept_to_the_microsecond(place: Place) -> None:
    moment = datetime(2026, 11, 2, 9, 30, 1, 234567, tzinfo=UTC)
    await place.store.work(place.pair, lambda work: work.wake(moment))
    kept = await place.store.run(directory.next_wake)
    assert kept == moment
    assert kept is not None
    assert kept.utcoffset() == timedelta(0)


# All or nothing, once, in order


async def test_a_turn_that_fails_leaves_nothing_behind(place: Place) -> None:
    before = await place.now()

    def fails(work: UnitOfWork) -> None:
        assert work.first_time("d1", MONDAY)
        after = work.pair().with_events((welcome.Accepted(),), place.ada, MONDAY)
        work.write(after, after.journal[1:])
        work.keep(place.ada, Posted("ref", "r", "d"))
        work.wake(MONDAY + SOON)
        raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError):
        await place.store.work(place.pair, fails)
    assert (await place.now()).journal == before.journal
    assert await place.store.work(place.pair, lambda work: work.posted(place.ada)) == Posted()
    assert await place.store.run(directory.next_wake) == MONDAY
    assert await place.store.work(place.pair, lambda work: work.first_time("d1", MONDAY))


async def test_a_delivery_is_handled_once_whoever_gets_it(
    place: Place, elsewhere: SqlStore
) -> None:
    def body(work: UnitOfWork) -> bool:
        return work.first_time("d1", MONDAY)

    told = await asyncio.gather(
        *(store.work(place.pair, body) for store in (place.store, elsewhere) for _ in range(10))
    )
    assert sum(told) == 1


async def test_fifty_at_once_in_two_processes_lose_nothing(
    place: Place, elsewhere: SqlStore
) -> None:
    notes = [f"note {n}" for n in range(50)]
    await asyncio.gather(
        *(
            says(store, place.pair, reflection.MenteeWrote(gut=note), by=place.ben)
            for note, store in zip(notes, [place.store, elsewhere] * 25, strict=True)
        )
    )
    one, other = await place.now(), await place.now(elsewhere)
    assert one.journal == other.journal
    assert [entry.no for entry in one.journal] == list(range(1, 52))
    assert sorted(entry.event.gut for entry in one.journal[1:]) == sorted(notes)  # type: ignore[union-attr]
    assert len({entry.mark for entry in one.journal}) == 51


async def test_two_pairs_do_not_wait_for_each_other_to_be_right(place: Place) -> None:
    def second(conn: Connection) -> PairId:
        keys = place.store.keys
        cyd = roster.add_person(conn, keys, place.organisation, "Cyd")
        return roster.add_pair(conn, keys, place.programme, cyd, place.ben, MONDAY)

    other = await place.store.run(second)
    turns = [says(place.store, p, welcome.Accepted(), by=place.ben) for p in (place.pair, other)]
    await asyncio.gather(*turns)
    for pair in (place.pair, other):
        assert len((await place.store.work(pair, lambda work: work.pair())).journal) == 2


async def test_a_pair_nobody_touched_is_the_very_same(place: Place, elsewhere: SqlStore) -> None:
    """The one who sends cards tells by it that nobody did anything meanwhile."""
    await place.says(welcome.Accepted(), by=place.ada)
    known = await place.now()
    assert await place.now() is known
    await says(elsewhere, place.pair, welcome.Accepted(), by=place.ben)
    later = await place.now()
    assert later is not known
    assert len(later.journal) == 3


async def test_an_unknown_pair_is_nobodys(place: Place) -> None:
    with pytest.raises(LookupError):
        await place.store.work(PairId("nowhere"), lambda work: work.pair())


async def test_who_moves_is_reached_where_they_came_to_last(place: Place) -> None:
    moved = Account("web", "here", "ada")
    await place.store.work(place.pair, lambda work: work.keep(place.ada, Posted("1", "r", "d")))
    later = MONDAY + SOON
    await place.store.run(lambda conn: roster.add_account(conn, moved, place.ada, later))

    def where(work: UnitOfWork) -> tuple[Account | None, Posted]:
        return work.account(place.ada), work.posted(place.ada)

    assert await place.store.work(place.pair, where) == (moved, Posted())
    latest = later + SOON
    await place.store.run(lambda conn: roster.add_account(conn, ADA_AT, place.ada, latest))
    assert await place.store.work(place.pair, where) == (ADA_AT, Posted("1", "r", "d"))


async def test_a_conversation_runs_on_it(place: Place, elsewhere: SqlStore) -> None:
    paper = PaperMessenger()
    services = Services(place.store, BOOK, {"paper": paper})

    async def take(who: PersonId | None, input: Any) -> None:
        incoming = Incoming(f"{who} {input!r}", place.pair, who, input, MONDAY)
        _, planned = await take_turn(services, incoming)
        await deliver(services, place.pair, planned, MONDAY)

    await take(None, Ticked())
    for who, account in ((place.ada, ADA_AT), (place.ben, BEN_AT)):
        card = paper.live(account)
        assert card
        await take(who, Pressed(card.buttons[0].item, card.buttons[0].action))
    assert welcome.confirmed(await place.now(elsewhere))
    posted = await elsewhere.work(place.pair, lambda work: work.posted(place.ben))
    assert posted.ref
    assert posted.claim is None


# Another in the way


class Road:
    """A way to a database on which something stands in the way a few times."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error = error
        self.left = times

    async def run(self, body: Callable[[Any], Any]) -> Any:
        if self.left:
            self.left -= 1
            raise self.error
        return body(None)

    async def scrub(self) -> None: ...
    async def close(self) -> None: ...


def busy() -> OperationalError:
    cause = sqlite3.OperationalError("database is locked")
    cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("", {}, cause)


async def test_what_may_pass_is_tried_again_a_few_times() -> None:
    store = SqlStore(Road(busy(), 3), Keys(MASTER), {})
    assert await store.run(lambda conn: "done") == "done"


async def test_what_does_not_pass_is_told() -> None:
    store = SqlStore(Road(busy(), 99), Keys(MASTER), {})
    with pytest.raises(OperationalError):
        await store.run(lambda conn: "done")


async def test_what_cannot_pass_is_not_tried_again() -> None:
    cause = sqlite3.IntegrityError("UNIQUE constraint failed: person.id")
    road = Road(IntegrityError("", {}, cause), 1)
    with pytest.raises(IntegrityError):
        await SqlStore(road, Keys(MASTER), {}).run(lambda conn: "done")


async def test_two_writers_of_one_line_both_get_theirs_in(place: Place) -> None:
    """Should a line be taken after all, the turn is taken again on what is there now."""
    tries = []

    def body(work: UnitOfWork) -> None:
        tries.append(1)
        before = work.pair()
        if len(tries) == 1:
            before = replace(before, journal=())
        after = before.with_events((welcome.Accepted(),), place.ada, MONDAY)
        work.write(after, after.journal[len(before.journal) :])

    await place.store.work(place.pair, body)
    assert len(tries) == 2
    assert len((await place.now()).journal) == 2


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.postgres
async def test_who_waits_for_each_other_is_let_through_one_by_one(place: Place) -> None:
    both_hold, tries = asyncio.Barrier(2), []

    def body(first: str, second: str) -> Callable[[Connection], None]:
        def run(conn: Connection) -> None:
            tries.append(first)
            touch(conn, first)
            if len(tries) <= 2:
                await_only(both_hold.wait())
            touch(conn, second)

        return run

    def touch(conn: Connection, person: str) -> None:
        them = update(tables.person).where(tables.person.c.id == person)
        conn.execute(them.values(country="FR"))

    await asyncio.gather(
        place.store.run(body(place.ada, place.ben)), place.store.run(body(place.ben, place.ada))
    )
    assert len(tries) == 3


# In clear to nobody


async def everything(place: Place) -> bytes:
    """Return every byte of the database that could be read by whoever gets hold of it."""

    def rows(conn: Connection) -> bytes:
        parts = []
        for table in tables.metadata.sorted_tables:
            for row in conn.execute(select(table)):
                parts += [v if isinstance(v, bytes) else repr(v).encode() for v in row]
        return b"\n".join(parts)

    found = await place.store.run(rows)
    name = make_url(place.url).database
    if place.url.startswith("sqlite"):
        found += b"".join(
            p.read_bytes() for p in Path(str(name)).parent.glob(f"{Path(str(name)).name}*")
        )
    return found


async def test_no_word_of_anyone_is_stored_in_clear(place: Place) -> None:
    await place.says(reflection.MentorWrote(gut=f"{WORD}-gut", safe="4"), by=place.ada)
    keys = place.store.keys

    def more(conn: Connection) -> str:
        someone = roster.add_person(
            conn, keys, place.organisation, f"{WORD}-name", email=f"{WORD}@example.org"
        )
        roster.set_person(conn, keys, someone, MONDAY, name=f"{WORD}-new-name")
        content = {"title": f"{WORD}-title"}
        screen.post_message(conn, keys, ADA_AT, place.pair, "k", content, at=MONDAY)
        return roster.invite(conn, place.pair, place.ada, MONDAY)

    code = await place.store.run(more)
    kept = await everything(place)
    assert place.pair.encode() in kept
    for secret in (WORD, "Ada", "ada@example.org", code, code.replace("-", "")):
        assert secret.encode() not in kept, secret
    assert MASTER not in kept


async def test_length_tells_little(place: Place) -> None:
    for text in ("x", "x" * 100):
        await place.says(reflection.MenteeWrote(gut=text), by=place.ben)
    length = func.length(tables.entry.c.sealed)
    sizes = await place.store.run(
        lambda conn: conn.execute(select(length).where(tables.entry.c.no > 1)).scalars().all()
    )
    assert len(set(sizes)) == 1


async def test_what_is_moved_to_another_line_is_refused(place: Place, elsewhere: SqlStore) -> None:
    for text in ("first", "second"):
        await place.says(reflection.MenteeWrote(gut=text), by=place.ben)

    def move(conn: Connection) -> None:
        line = tables.entry.c
        first = conn.execute(select(line.sealed).where(line.no == 2)).scalar_one()
        conn.execute(update(tables.entry).where(line.no == 3).values(sealed=first))

    await place.store.run(move)
    with pytest.raises(SealBrokenError):
        await place.now(elsewhere)


async def test_what_is_changed_by_a_bit_is_refused(place: Place, elsewhere: SqlStore) -> None:
    await place.says(reflection.MenteeWrote(gut="words"), by=place.ben)

    def change(conn: Connection) -> None:
        line = tables.entry.c
        sealed = bytearray(conn.execute(select(line.sealed).where(line.no == 2)).scalar_one())
        sealed[-1] ^= 1
        conn.execute(update(tables.entry).where(line.no == 2).values(sealed=bytes(sealed)))

    await place.store.run(change)
    with pytest.raises(SealBrokenError):
        await place.now(elsewhere)


async def test_a_name_given_to_someone_else_is_refused(place: Place) -> None:
    def swap(conn: Connection) -> None:
        who = tables.person.c
        mine = conn.execute(select(who.sealed).where(who.id == place.ada)).scalar_one()
        conn.execute(update(tables.person).where(who.id == place.ben).values(sealed=mine))

    await place.store.run(swap)
    with pytest.raises(SealBrokenError):
        await place.now()


async def test_a_wrong_master_key_is_told_at_once(place: Place) -> None:
    with pytest.raises(WrongKeyError, match="master key is not the one"):
        await SqlStore.open(place.url, bytes(32), BOOK.catalogue)


# Erasing someone


async def lived(place: Place) -> None:
    await place.says(reflection.MentorWrote(gut="Ada's words", safe="2"), by=place.ada)
    await place.says(reflection.MenteeWrote(gut="Ben's words"), by=place.ben)


async def erase(place: Place) -> None:
    await place.store.run(lambda conn: roster.erase(conn, place.store.keys, place.ada, MONDAY))
    await place.store.scrub()


async def test_who_is_erased_leaves_blanks_and_the_partner_keeps_their_words(
    place: Place, elsewhere: SqlStore
) -> None:
    await lived(place)
    await place.now(elsewhere)  # another process remembers what it read
    await erase(place)
    fresh = await place.another()
    for store in (place.store, elsewhere, fresh):
        pair = await place.now(store)
        ada_wrote, ben_wrote = pair.journal[1].event, pair.journal[2].event
        assert isinstance(ada_wrote, reflection.MentorWrote)
        assert isinstance(ben_wrote, reflection.MenteeWrote)
        assert (ada_wrote.gut, ada_wrote.safe) == ("", "")
        assert ben_wrote.gut == "Ben's words"
        assert (pair.reverse_mentor.name, pair.reverse_mentee.name) == ("", "Ben")
        for me in pair.people:
            facilitator.inbox(pair, me, MONDAY)
    await fresh.close()


async def test_a_destroyed_key_is_in_no_file(place: Place) -> None:
    await lived(place)
    wrapped = select(tables.data_key.c.wrapped)
    mine = wrapped.where(tables.data_key.c.subject == f"person:{place.ada}")
    key = await place.store.run(lambda conn: conn.execute(mine).scalar_one())
    assert key in await everything(place)
    await erase(place)
    assert key not in await everything(place)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_log_that_is_in_use_is_not_called_empty(place: Place, monkeypatch) -> None:
    """SQLite says so in a row: whoever erases somebody is told, and can do it again."""
    monkeypatch.setattr("adapters.store.sql.PAUSE", 0)
    await lived(place)
    reader = sqlite3.connect(place.url.partition(":///")[2], isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entry").fetchone()
    await place.store.run(lambda conn: conn.exec_driver_sql("PRAGMA busy_timeout=0").close())
    with pytest.raises(OperationalError, match="in use"):
        await erase(place)
    reader.close()
    await place.store.scrub()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.postgres
async def test_a_destroyed_key_is_in_no_table_file_of_postgres(
    place: Place, server: Server
) -> None:
    """Its log still has it until that is recycled: `scrub` promises the table only."""
    await lived(place)
    wrapped = select(tables.data_key.c.wrapped)
    mine = wrapped.where(tables.data_key.c.subject == f"person:{place.ada}")
    key = await place.store.run(lambda conn: conn.execute(mine).scalar_one())
    asked = "SELECT oid FROM pg_database WHERE datname = current_database()"
    here = await place.store.run(lambda conn: conn.exec_driver_sql(asked).scalar_one())
    assert key in server.table_files(here)
    await erase(place)
    assert key not in server.table_files(here)


async def test_a_key_made_anew_is_the_one_everybody_uses(place: Place, elsewhere: SqlStore) -> None:
    subject, content = f"person:{place.ada}", {"words": WORD}
    await place.store.run(lambda conn: place.store.keys.seal(conn, subject, content, "here"))

    def anew(conn: Connection) -> None:
        elsewhere.keys.destroy(conn, subject)
        elsewhere.keys.make(conn, subject, place.organisation)

    await elsewhere.run(anew)
    sealed = await place.store.run(
        lambda conn: place.store.keys.seal(conn, subject, content, "here")
    )
    opened = await elsewhere.run(lambda conn: elsewhere.keys.open(conn, subject, sealed, "here"))
    assert opened == content


async def test_who_is_erased_is_reached_nowhere_and_lets_nobody_in(place: Place) -> None:
    keys = place.store.keys

    def before(conn: Connection) -> str:
        screen.post_message(conn, keys, ADA_AT, place.pair, "k", {}, at=MONDAY)
        return roster.invite(conn, place.pair, place.ada, MONDAY)

    code = await place.store.run(before)
    await place.store.work(place.pair, lambda work: work.keep(place.ada, Posted("1", "r", "d")))
    await erase(place)
    assert await place.store.run(lambda conn: directory.whose(conn, ADA_AT)) == ()
    assert await place.store.work(place.pair, lambda work: work.account(place.ada)) is None
    assert await place.store.run(lambda conn: screen.messages(conn, keys, ADA_AT)) == []
    with pytest.raises(InvitationError):
        await place.store.run(lambda conn: roster.join(conn, code, ADA_AT, MONDAY))
    with pytest.raises(LookupError):
        await place.store.run(lambda conn: roster.add_account(conn, ADA_AT, place.ada, MONDAY))
    with pytest.raises(LookupError):
        await place.says(reflection.MentorWrote(gut="more"), by=place.ada)
    (ben,) = await place.store.run(lambda conn: directory.whose(conn, BEN_AT))
    assert ben.partner == ""


async def test_who_is_erased_is_found_by_their_name_no_more(place: Place) -> None:
    keys = place.store.keys

    async def names() -> set[tuple[str, str, int]]:
        found = await place.store.run(lambda conn: roster.show_people(conn, keys))
        return {(each.id, each.name, each.pairs) for each in found}

    assert await names() >= {(place.ada, "Ada", 1), (place.ben, "Ben", 1)}
    await erase(place)
    assert await names() >= {(place.ada, "", 1), (place.ben, "Ben", 1)}


async def test_what_is_forgotten_is_gone_within_the_same_turn(
    place: Place, elsewhere: SqlStore
) -> None:
    await place.says(reflection.MentorWrote(gut="curious"), by=place.ada)
    no = len((await place.now(elsewhere)).journal)

    def gut(pair: Pair) -> str:
        return str(getattr(pair.journal[no - 1].event, "gut", ""))

    def forgets(work: UnitOfWork) -> Pair:
        assert gut(work.pair()) == "curious"
        return work.forget((no,))

    assert gut(await place.now(elsewhere)) == "curious"
    after = await place.store.work(place.pair, forgets)
    assert [gut(after), gut(await place.now()), gut(await place.now(elsewhere))] == ["", "", ""]


async def test_erasing_twice_changes_nothing_more(place: Place) -> None:
    await lived(place)
    await erase(place)
    once = await place.now()
    await erase(place)
    twice = await place.now()
    assert twice.journal == once.journal
    assert twice.people == once.people


# What the coordinator changes


async def test_a_changed_programme_reaches_who_remembers_the_old_one(
    place: Place, elsewhere: SqlStore
) -> None:
    await place.now(elsewhere)
    change = {"term": 9, "holidays": ["2026-12-24"]}
    await place.store.run(lambda conn: roster.set_programme(conn, place.programme, change, MONDAY))
    programme = (await place.now(elsewhere)).programme
    assert programme.term == 9
    assert programme.holidays == (datetime(2026, 12, 24).date(),)
    assert programme.purpose == PROGRAMME.purpose
    (kept,) = await place.store.run(roster.show_programmes)
    assert (kept.id, kept.name, kept.settings["term"]) == (place.programme, PROGRAMME.name, 9)


@pytest.mark.parametrize("wrong", [{"colour": "red"}, {"window": ["soon"]}, {"contacts": [{}]}])
async def test_settings_that_cannot_be_read_back_are_refused(
    place: Place, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        await place.store.run(
            lambda conn: roster.set_programme(conn, place.programme, wrong, MONDAY)
        )


async def test_a_changed_person_reaches_who_remembers_the_old_one(
    place: Place, elsewhere: SqlStore
) -> None:
    await place.now(elsewhere)
    keys = place.store.keys
    await place.store.run(
        lambda conn: roster.set_person(
            conn, keys, place.ada, MONDAY, name="Adèle", zone="Asia/Tokyo"
        )
    )
    ada = (await place.now(elsewhere)).reverse_mentor
    assert (ada.name, ada.zone, ada.country) == ("Adèle", "Asia/Tokyo", "JP")


@pytest.mark.parametrize(
    ("before", "zone", "after"),
    [
        ("GB", "Asia/Tokyo", "JP"),
        ("", "Asia/Tokyo", "JP"),
        ("FR", "Asia/Tokyo", "FR"),
        ("GB", "Etc/UTC", "GB"),
        ("GB", "Asia/Calcutta", "GB"),
        ("", "Europe/London", ""),
    ],
)
async def test_whose_country_was_only_guessed_is_in_that_of_their_new_zone(
    place: Place, before: str, zone: str, after: str
) -> None:
    """As a platform says where they are; what a coordinator said stays."""
    keys, ada = place.store.keys, place.ada

    def moves(conn: Connection) -> bool:
        roster.set_person(conn, keys, ada, MONDAY, country=before)
        return roster.follow(conn, keys, ADA_AT, {"zone": zone}, MONDAY)

    assert await place.store.run(moves)
    found = (await place.now()).reverse_mentor
    assert (found.zone, found.country) == (zone, after)


async def test_a_pair_is_of_one_organisation_and_of_two_people(place: Place) -> None:
    keys = place.store.keys

    def stranger(conn: Connection) -> None:
        other = roster.add_organisation(conn, keys, "Elsewhere")
        eve = roster.add_person(conn, keys, other, "Eve")
        roster.add_pair(conn, keys, place.programme, eve, place.ben, MONDAY)

    with pytest.raises(LookupError):
        await place.store.run(stranger)
    with pytest.raises(ValueError, match="two people"):
        await place.store.run(
            lambda conn: roster.add_pair(conn, keys, place.programme, place.ben, place.ben, MONDAY)
        )


# Coming in


async def invited(place: Place) -> str:
    return await place.store.run(lambda conn: roster.invite(conn, place.pair, place.ada, MONDAY))


async def joins(place: Place, code: str, account: Account) -> tuple[PairId, PersonId]:
    return await place.store.run(lambda conn: roster.join(conn, code, account, MONDAY))


PHONE, STRANGER = Account("web", "here", "phone"), Account("web", "here", "stranger")


async def test_a_code_lets_one_account_in_and_may_be_repeated(place: Place) -> None:
    code = await invited(place)
    assert [len(part) for part in code.split("-")] == [4, 4, 4]
    for _ in range(2):
        assert await joins(place, code, PHONE) == (place.pair, place.ada)
    (mine,) = await place.store.run(lambda conn: directory.whose(conn, PHONE))
    assert (mine.pair, mine.person, mine.partner) == (place.pair, place.ada, "Ben")


async def test_a_code_is_read_as_people_write_it(place: Place) -> None:
    code = await invited(place)
    sloppy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert await joins(place, f" {sloppy}", PHONE) == (place.pair, place.ada)


async def test_an_unknown_code_lets_nobody_in(place: Place) -> None:
    with pytest.raises(InvitationError) as refused:
        await joins(place, "0000-0000-0000", PHONE)
    assert refused.value.reason == "unknown"


async def test_a_used_code_lets_nobody_else_in(place: Place) -> None:
    code = await invited(place)
    await joins(place, code, PHONE)
    with pytest.raises(InvitationError) as refused:
        await joins(place, code, STRANGER)
    assert refused.value.reason == "used"
    assert await place.store.run(lambda conn: directory.whose(conn, STRANGER)) == ()


async def test_a_code_does_not_make_one_person_of_two(place: Place) -> None:
    code = await invited(place)
    with pytest.raises(InvitationError) as refused:
        await joins(place, code, BEN_AT)
    assert refused.value.reason == "other"


async def test_the_clock_looks_in_on_who_has_just_come(place: Place) -> None:
    await place.store.work(place.pair, lambda work: work.wake(None))
    await joins(place, await invited(place), PHONE)
    (taken,) = await place.store.run(lambda conn: due.take(conn, MONDAY, SOON, 9))
    assert taken.pair == place.pair


async def test_a_button_is_an_address_and_not_a_permission(place: Place) -> None:
    who = await place.store.run(lambda conn: directory.belongs(conn, BEN_AT, place.pair))
    assert who == place.ben
    for account, pair in ((STRANGER, place.pair), (BEN_AT, "another")):
        with pytest.raises(LookupError):
            await place.store.run(lambda conn, a=account, p=pair: directory.belongs(conn, a, p))


# The clock


async def test_the_clock_is_next_needed_where_somebody_waits_first(place: Place) -> None:
    await place.store.work(place.pair, lambda work: work.wake(None))
    assert await place.store.run(directory.next_wake) is None
    await place.store.work(place.pair, lambda work: work.wake(MONDAY))
    assert await place.store.run(directory.next_wake) == MONDAY


# The web platform's screens


async def test_a_message_is_posted_once_and_retires_another(place: Place) -> None:
    keys, run = place.store.keys, place.store.run

    def post(key: str, title: str, retire: int | None = None) -> Callable[[Connection], int]:
        content = {"title": title}
        return lambda conn: screen.post_message(
            conn, keys, ADA_AT, place.pair, key, content, retire, at=MONDAY
        )

    first = await run(post("k1", "one"))
    second = await run(post("k2", "two", first))
    assert await run(post("k1", "again", second)) == first
    shown = await run(lambda conn: screen.messages(conn, keys, ADA_AT))
    assert [(m.id, m.content["title"], m.live) for m in shown] == [
        (first, "one", False),
        (second, "two", True),
    ]
    assert {(m.pair, m.at) for m in shown} == {(place.pair, MONDAY)}
    last = await run(lambda conn: screen.messages(conn, keys, ADA_AT, limit=1))
    assert [m.id for m in last] == [second]
    assert await run(lambda conn: screen.messages(conn, keys, BEN_AT)) == []


async def test_a_message_changes_in_place_once_and_is_found_by_either_key(place: Place) -> None:
    keys, run = place.store.keys, place.store.run
    posted = await run(
        lambda conn: screen.post_message(
            conn, keys, ADA_AT, place.pair, "k1", {"title": "one"}, at=MONDAY
        )
    )

    def change(title: str, number: int = posted) -> Callable[[Connection], int | None]:
        return lambda conn: screen.update_message(conn, keys, number, {"title": title}, "k2")

    assert await run(change("two")) == posted
    assert await run(change("three")) == posted
    (shown,) = await run(lambda conn: screen.messages(conn, keys, ADA_AT))
    assert (shown.content, shown.live) == ({"title": "two"}, True)
    assert await run(change("four", posted + 1)) is None

    def find(account: Account, key: str) -> Callable[[Connection], int | None]:
        return lambda conn: screen.find_message(conn, account, key)

    assert [await run(find(ADA_AT, key)) for key in ("k1", "k2", "k3")] == [posted, posted, None]
    assert await run(find(BEN_AT, "k1")) is None


async def test_who_moves_gets_the_same_card_on_their_new_screen(place: Place) -> None:
    keys, run = place.store.keys, place.store.run
    await run(lambda conn: roster.add_account(conn, PHONE, place.ada, MONDAY))

    def post(account: Account) -> Callable[[Connection], int]:
        return lambda conn: screen.post_message(
            conn, keys, account, place.pair, "k1", {}, at=MONDAY
        )

    assert await run(post(ADA_AT)) != await run(post(PHONE))


async def test_one_key_posted_twice_at_once_is_one_message(
    place: Place, elsewhere: SqlStore
) -> None:
    keys = place.store.keys
    posted = await asyncio.gather(
        *(
            store.run(
                lambda conn: screen.post_message(
                    conn, keys, ADA_AT, place.pair, "k1", {}, at=MONDAY
                )
            )
            for store in (place.store, elsewhere)
            for _ in range(5)
        )
    )
    assert len(set(posted)) == 1


async def test_a_screen_that_nobody_owns_cannot_be_posted_to(place: Place) -> None:
    keys = place.store.keys
    with pytest.raises(LookupError):
        await place.store.run(
            lambda conn: screen.post_message(conn, keys, STRANGER, place.pair, "k", {}, at=MONDAY)
        )


# Migrations


def test_a_new_database_is_brought_up_to_date_and_differs_in_nothing(empty_database: str) -> None:
    assert not is_current(empty_database)
    upgrade(empty_database)
    assert is_current(empty_database)
    command.check(configured(empty_database))
    upgrade(empty_database)


async def test_a_database_can_be_looked_at_from_within_a_loop(database: str) -> None:
    assert is_current(database)


# The store in dictionaries keeps the same promises


async def test_in_dictionaries_too_it_is_all_or_nothing_and_once() -> None:
    store = MemoryStore(BOOK.catalogue)
    pair = new_pair()
    ada, ben = (person.id for person in pair.people)
    store.add_pair(pair, {ada: ADA_AT, ben: BEN_AT})
    assert store.due(MONDAY) == [pair.id]

    def body(work: UnitOfWork) -> bool:
        new = work.first_time("d1", MONDAY)
        after = work.pair().with_events((welcome.Accepted(),), ada, MONDAY)
        work.write(after, after.journal[-1:])
        work.wake(None)
        return new

    def fails(work: UnitOfWork) -> None:
        body(work)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.work(pair.id, fails)
    assert len(store.pair(pair.id).journal) == 1
    assert await store.work(pair.id, body)
    assert not await store.work(pair.id, body)
    assert len(store.pair(pair.id).journal) == 3
    assert store.due(MONDAY) == []


async def test_in_dictionaries_what_would_not_be_read_back_is_refused() -> None:
    store = MemoryStore(BOOK.catalogue)
    pair = new_pair()
    store.add_pair(pair, {})

    def body(work: UnitOfWork) -> None:
        wrong = reflection.MenteeWrote(gut=None)  # type: ignore[arg-type]
        after = work.pair().with_events((wrong,), pair.reverse_mentee.id, MONDAY)
        work.write(after, after.journal[-1:])

    with pytest.raises(ValueError, match="does not read as it was written"):
        await store.work(pair.id, body)
