"""The demo: a fresh folder, a pair with plausible people, and the page; nothing to set up."""

from __future__ import annotations

import asyncio
import errno
import socket
import tempfile
import webbrowser
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from sqlalchemy import delete

from adapters import app, coordinating, programme
from adapters import settings as environment
from adapters.clock import Clock, MovableClock
from adapters.coordinating import Newcomer
from adapters.house import House, clock_of
from adapters.settings import PORTS, Settings, SettingsError
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
    """Raise SettingsError if a server could not listen there: it says what to choose instead."""
    if port not in range(PORTS + 1):
        raise SettingsError(f"There is no port {port}. Choose one up to {PORTS} with --port.")
    match refusal(host, port):
        case None:
            return
        case errno.EADDRINUSE:
            raise SettingsError(f"Port {port} is taken. Choose another with --port.")
        case errno.EACCES:
            raise SettingsError(f"Port {port} is not open to you. Choose another with --port.")
    raise SettingsError(f"{host} is no address of this machine. Set HOST to one, or to 127.0.0.1.")


def refusal(host: str, port: int) -> int | None:
    """Return why a server cannot listen there, as the system's number for it, if it cannot."""
    passive = socket.AI_PASSIVE
    try:
        places = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=passive)
    except (OSError, UnicodeError):
        return errno.EADDRNOTAVAIL
    found = [_tried(socket.AddressFamily(place[0]), place[4]) for place in places]
    ours = [why for why in found if why != errno.EADDRNOTAVAIL]  # a family may be switched off
    return next((why for why in ours if why), None) if ours else errno.EADDRNOTAVAIL


def is_free(host: str, port: int) -> bool:
    """Tell whether a server can listen there."""
    return refusal(host, port) is None


def _tried(family: socket.AddressFamily, place: tuple[Any, ...]) -> int | None:
    try:
        with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(place)
    except OSError as error:
        return error.errno
    return None


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
