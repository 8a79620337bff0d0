"""A playground of the tests' own: a fresh database, two people, and a clock set to a Monday."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from adapters import app
from adapters.settings import Settings, new_key
from adapters.store import roster
from adapters.store.migrate import upgrade
from bot.people import Account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection
    from starlette.applications import Starlette

    from adapters.house import House
    from adapters.store.keys import Keys

MONDAY = datetime(2035, 3, 5, 9, 30, tzinfo=UTC)  # the playground's clock moves on, never back
TWO = (
    ("ada", "Ada Lind", "Europe/London", "GB"),
    ("ben", "Ben Okoro", "Europe/Berlin", "DE"),
)


@dataclass
class Playground:
    """A playground that is open: the app, what it is made of, and how often it was started over."""

    app: Starlette
    restarts: int = 0

    @property
    def house(self) -> House:
        return self.app.state.house

    async def restart(self, house: House) -> None:
        self.restarts += 1

    async def moves_in(self, *two: tuple[str, str, str, str]) -> str:
        """Let two people move in, the reverse-mentor first; return their pair."""
        now = self.house.clock.now()
        pair = await self.house.store.run(lambda c: _moved_in(c, self.house.store.keys, two, now))
        await self.house.intake.sweep()
        return pair

    async def pair(self):
        """Return the first pair as it is now."""
        pairs = await self.house.store.run(
            lambda c: c.exec_driver_sql("SELECT id FROM pair").scalars().all()
        )
        return await self.house.store.work(pairs[0], lambda work: work.pair())


@cache
def _migrated() -> bytes:
    """Return a database file that is up to date."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.db"
        upgrade(f"sqlite:///{file}")
        return file.read_bytes()


def settled_in(folder: Path) -> Settings:
    """Return the settings of a playground with a database of its own (where no loop runs)."""
    url = f"sqlite:///{folder}/turnabout.db"
    (folder / "turnabout.db").write_bytes(_migrated())
    return Settings(url, key_text=new_key(), playground=True, data=folder)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Playground]:
    """Open a playground in which Ada and Ben live."""
    playground = Playground(None)
    playground.app = app.build(settings, restart=playground.restart)
    async with playground.app.router.lifespan_context(playground.app):
        playground.house.clock.move_to(MONDAY)
        await playground.moves_in(*TWO)
        yield playground


def _moved_in(
    conn: Connection, keys: Keys, two: tuple[tuple[str, str, str, str], ...], now: datetime
) -> str:
    organisation = roster.add_organisation(conn, keys, "Example Works")
    programme = roster.add_programme(conn, organisation, "Other eyes", {})
    people = []
    for user, name, zone, country in two:
        who = roster.add_person(conn, keys, organisation, name, zone=zone, country=country)
        roster.add_account(conn, Account("web", "playground", user), who, now)
        people.append(who)
    return roster.add_pair(conn, keys, programme, *people, now)
