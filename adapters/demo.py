"""The demo: a fresh folder, a pair with plausible people, and the page; nothing to set up."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import webbrowser
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from sqlalchemy import delete

from adapters import app, coordinating, programme
from adapters import settings as environment
from adapters.clock import Clock, MovableClock
from adapters.coordinating import Newcomer
from adapters.house import House, clock_of
from adapters.settings import Settings, SettingsError
from adapters.store import roster, tables
from adapters.store.migrate import upgrade
from adapters.store.sql import SqlStore
from bot import hours
from bot.journal import PersonId
from bot.people import Person, Programme

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from adapters.store.keys import Keys

ADA = Newcomer("Ada", user="ada", zone="Europe/London")
BEN = Newcomer("Ben", user="ben", zone="Europe/Berlin")


def serve(folder: Path | None, port: int | None, *, browser: bool) -> None:
    """Make what is missing in the folder, then serve the page until told to stop.

    Raises SettingsError if the port is taken.
    """
    if port:
        look_for_room("127.0.0.1", port)
    folder = folder or Path(tempfile.mkdtemp(prefix="turnabout-"))
    told = prepared(folder, port or free_port())
    address = f"http://{told.host}:{told.port}/"
    print(f"Turnabout is at {address} and keeps everything in {folder}", flush=True)  # noqa: T201
    if browser:
        webbrowser.open(address)
    run_server(told)


def prepared(folder: Path, port: int) -> Settings:
    """Return settings for a playground in this folder, with its key, database and pair made."""
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "master.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(environment.new_key(), encoding="ascii")
    told = Settings(
        database=f"sqlite:///{folder / 'turnabout.db'}",
        key_file=str(key),
        port=port,
        playground=True,
        data=folder,
        tick=1,
    )
    upgrade(told.database)
    asyncio.run(_people(told))
    return told


def run_server(told: Settings) -> None:
    """Serve the playground and tick, until told to stop."""
    uvicorn.run(
        app.build(told, clock_too=True, restart=start_over),
        host=told.host,
        port=told.port,
        log_level="warning",
        timeout_graceful_shutdown=1,  # an open page listens for ever
    )


async def start_over(house: House) -> None:
    """Forget the pair, and bring two people together anew, at a courteous hour."""
    now = _morning(house.clock)
    await house.store.run(lambda conn: _start_over(conn, conn.get_execution_options()["keys"], now))


def look_for_room(host: str, port: int) -> None:
    """Raise SettingsError if a server could not listen there."""
    if not is_free(host, port):
        raise SettingsError(f"Port {port} is taken. Choose another with --port.")


def is_free(host: str, port: int) -> bool:
    """Tell whether nobody else serves there."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(first: int = 8000) -> int:
    """Return the first free port from here on."""
    return next(port for port in range(first, first + 200) if is_free("127.0.0.1", port))


async def _people(told: Settings) -> None:
    """Bring the two together, if nobody is there yet."""
    store = await SqlStore.open(told.database, told.master_key())
    try:
        clock = clock_of(told)
        await store.run(lambda conn: _settle(conn, conn.get_execution_options()["keys"], clock))
    finally:
        await store.close()


def _settle(conn: Connection, keys: Keys, clock: Clock) -> None:
    if roster.show_programmes(conn):
        return
    example = replace(programme.read(programme.EXAMPLE), privacy_link="")
    kept = coordinating.add_programme(conn, keys, example)
    coordinating.bring_together(conn, keys, kept, ADA, BEN, _morning(clock))


def _start_over(conn: Connection, keys: Keys, now: datetime) -> None:
    for table in (
        tables.mailing,
        tables.placing,
        tables.feed,
        tables.message,
        tables.posted,
        tables.invitation,
        tables.delivery,
        tables.entry,
        tables.pair,
        tables.account,
    ):
        conn.execute(delete(table))
    (kept,) = roster.show_programmes(conn)
    coordinating.bring_together(conn, keys, kept, ADA, BEN, now)


def _morning(clock: Clock) -> datetime:
    """Move on to an hour at which both may be written to: a demo must not begin with silence."""
    week = Programme("", "")
    people = [Person(PersonId(""), "", zone=one.zone) for one in (ADA, BEN)]
    while not all(hours.may_write(week, one, clock.now()) for one in people):
        opening = max(hours.next_opening(week, one, clock.now()) for one in people)
        if not isinstance(clock, MovableClock):
            break
        clock.move_to(opening)
    return clock.now()
