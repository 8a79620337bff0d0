"""The command line: what a coordinator or an administrator types, and what they are told.

An error is one line on stderr and an exit code, never a traceback.
"""

from __future__ import annotations

import ast
import asyncio
import base64
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from adapters import cli, programme, prompts, settings
from adapters.settings import ROOT, new_key
from adapters.store import directory, roster, whereabouts
from adapters.store.installations import Installation, keep
from adapters.store.migrate import upgrade
from adapters.store.sql import SqlStore
from bot.people import Account
from tests.playground import settled_in
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.databases import Server

pytest_plugins = ("tests.databases",)

GOOD = """\
name = "Other eyes"
organisation = "Example Works"

[[contact]]
name = "Noor"
how = "noor@example.org"
"""
OURS, THEIRS = (f"0a1b2c3d-0000-4000-8000-00000000000{n}" for n in "ab")  # as Entra writes ids
TURNABOUT = ("DATABASE_URL", "HOST", "PORT", "TURNABOUT_KEY", "TURNABOUT_KEY_FILE")
TURNABOUT += ("TURNABOUT_PLAYGROUND", "TURNABOUT_DATA", "TURNABOUT_LEASE", "TURNABOUT_TICK")
TURNABOUT += ("TURNABOUT_URL", "SMTP_URL", "MAIL_FROM")
TURNABOUT += (
    "TURNABOUT_METRICS_PORT",
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
)
TURNABOUT += ("SLACK_OAUTH_CLIENT_ID", "SLACK_OAUTH_CLIENT_SECRET", "SLACK_API_URL")


class Terminal:
    """Somebody at a command line, with an environment of their own."""

    def __init__(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch
        self.folder = folder
        for name in TURNABOUT:
            monkeypatch.delenv(name, raising=False)
        self.sets(DATABASE_URL=f"sqlite:///{folder}/turnabout.db")

    def sets(self, **env: str) -> None:
        for name, value in env.items():
            self.monkeypatch.setenv(name, value)

    def settles(self) -> None:
        """Do what the README says first: a key, and a database that is up to date."""
        self.sets(TURNABOUT_KEY=new_key())
        settled_in(self.folder)

    def types(self, *arguments: str) -> tuple[int, str, str]:
        """Type a command; return its exit code, what it said, and what it complained about."""
        self.capsys.readouterr()
        try:
            code = cli.main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = self.capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    def runs(self, *arguments: str) -> list[str]:
        """Type a command that goes well; return the lines it said."""
        code, said, complaint = self.types(*arguments)
        assert (code, complaint) == (0, "")
        return said.splitlines()

    def fails(self, *arguments: str) -> str:
        """Type a command that cannot be done; return the one line that says why."""
        code, said, complaint = self.types(*arguments)
        assert code == 1
        assert not said
        (line,) = complaint.splitlines()
        assert line.startswith("turnabout: ")
        return line

    def file(self, text: str | bytes) -> str:
        path = self.folder / "programme.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)


@pytest.fixture
def terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Terminal:
    return Terminal(capsys, monkeypatch, tmp_path)


@pytest.fixture
def settled(terminal: Terminal) -> Terminal:
    terminal.settles()
    return terminal


# Beginning


def test_a_key_is_made_anew_each_time(terminal: Terminal) -> None:
    (one,), (other,) = terminal.runs("key"), terminal.runs("key")
    assert one != other
    assert len(base64.urlsafe_b64decode(one)) == 32


@pytest.mark.parametrize(
    "arguments",
    [(), ("no-such-command",), ("db", "downgrade"), ("pair", "add"), ("worker", "--nope")],
)
def test_what_cannot_be_read_is_answered_with_how_it_is_written(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    code, said, complaint = terminal.types(*arguments)
    assert code == 2
    assert not said
    assert complaint.startswith("usage: turnabout")


def test_the_database_is_brought_up_to_date_as_often_as_one_likes(terminal: Terminal) -> None:
    told = [f"The database {terminal.folder}/turnabout.db is up to date."]
    assert terminal.runs("db", "upgrade") == told
    assert terminal.runs("db", "upgrade") == told


# The doctor


def doctor(terminal: Terminal) -> tuple[int, list[str]]:
    code, said, complaint = terminal.types("doctor")
    assert not complaint
    lines = said.splitlines()
    assert all(re.match(r"(ok  |todo)  [A-Z].*\.$", line) for line in lines)
    assert code == (1 if any(line.startswith("todo") for line in lines) else 0)
    return code, lines


def test_the_doctor_finds_nothing_configured_and_says_how_to_begin(terminal: Terminal) -> None:
    code, (key, database, words, address, mail, playground) = doctor(terminal)
    assert code == 1
    assert key.startswith("todo")
    assert "`turnabout key`" in key
    assert database.startswith("todo")
    assert "`turnabout db upgrade`" in database
    assert words.startswith("ok")
    assert "TURNABOUT_URL" in address
    assert "SMTP_URL" in mail
    assert playground == "ok    The playground is off."


def test_the_doctor_finds_all_well(settled: Terminal) -> None:
    code, lines = doctor(settled)
    assert code == 0
    assert f"{settled.folder}/turnabout.db answers and is up to date." in lines[1]
    assert "The master key opens this database." in lines[2]
    assert "There are no programmes. `turnabout programme add --example`" in lines[3]
    settled.runs("programme", "add", settled.file(GOOD))
    assert "There is 1 programme." in doctor(settled)[1][3]
    settled.sets(SLACK_APP_TOKEN="xapp-1")
    assert "SLACK_BOT_TOKEN is not set" in "".join(doctor(settled)[1])


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://localhost/turnabout", "must begin with sqlite:/// or postgresql://"),
        ("turnabout.db", "must begin with sqlite:/// or postgresql://"),
        ("sqlite:////no/such/folder/turnabout.db", "There is no folder /no/such/folder"),
        ("postgresql://127.0.0.1:1/eyes", "The database eyes at 127.0.0.1:1 does not answer."),
        ("postgresql://h.invalid/eyes", "The database eyes at h.invalid cannot be found"),
        ("postgresql://127.0.0.1:1/eyes?sslmode=require", "does not answer."),
        ("postgresql://127.0.0.1:port/turnabout", "DATABASE_URL cannot be read."),
        ("postgresql://127.0.0.1:99999/turnabout", "DATABASE_URL cannot be read."),
        ("postgresql://", "The database at 127.0.0.1 does not answer."),
    ],
)
def test_the_doctor_finds_a_database_that_is_not_there(
    settled: Terminal, url: str, told: str
) -> None:
    settled.sets(DATABASE_URL=url, PGHOST="127.0.0.1", PGPORT="1")
    code, lines = doctor(settled)
    assert code == 1
    assert any(line.startswith("todo") and told in line for line in lines)


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgres://u:p%40@h/x?sslmode=require", "u:p%40@h/x?ssl=require"),
        ("postgresql://u:p@h/x", "u:p@h/x"),
        ("postgresql://u@/x?host=/tmp/pg&port=1", "u@/x?host=%2Ftmp%2Fpg&port=1"),
    ],
)
def test_an_address_of_postgresql_is_read_as_usual(url: str, driver: str) -> None:
    """And again as it was read, since it is handed on to what makes the tables."""
    assert settings.database_url(url) == f"postgresql+asyncpg://{driver}"
    assert settings.database_url(settings.database_url(url)) == settings.database_url(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:canary@h/x?connect_timeout=3", "asks for connect_timeout,"),
        ("postgresql://u:canary@h/x?sslmode=yes", "must be one of disable, allow,"),
        ("sqlite:///turnabout.db?mode=ro", "takes nothing after a `?`"),
    ],
)
def test_what_an_address_cannot_ask_for_is_named(settled: Terminal, url: str, told: str) -> None:
    settled.sets(DATABASE_URL=url)
    for command in (("db", "upgrade"), ("status",)):
        said = settled.fails(*command)
        assert told in said
        assert "canary" not in said


def test_the_doctor_shows_no_password(settled: Terminal) -> None:
    settled.sets(DATABASE_URL="postgresql://ada:canary@127.0.0.1:1/turnabout")
    assert "canary" not in "".join(doctor(settled)[1])


def test_the_doctor_finds_the_wrong_key(settled: Terminal) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    settled.sets(TURNABOUT_KEY=new_key())
    code, lines = doctor(settled)
    assert code == 1
    assert lines[2].startswith("todo")
    assert "key" in lines[2]
    assert "key" in settled.fails("programme", "show")


@pytest.mark.parametrize("key", ["short", "ü" * 44, "A" * 44 + "====", base64.b64encode(b"x")])
def test_the_doctor_finds_a_key_that_is_none(settled: Terminal, key: str | bytes) -> None:
    settled.sets(TURNABOUT_KEY=key if isinstance(key, str) else key.decode())
    code, lines = doctor(settled)
    assert code == 1
    assert lines[0].startswith("todo  The master key is not one")


def test_the_doctor_finds_no_key_file(settled: Terminal) -> None:
    settled.monkeypatch.delenv("TURNABOUT_KEY")
    settled.sets(TURNABOUT_KEY_FILE=str(settled.folder / "master.key"))
    assert doctor(settled)[1][0].startswith("todo  There is no key file")
    settled.sets(TURNABOUT_KEY_FILE=str(settled.folder))
    assert re.match("todo  The key file at .* cannot be read", doctor(settled)[1][0])


def test_the_doctor_warns_of_a_playground_and_of_a_number_that_is_none(settled: Terminal) -> None:
    settled.sets(TURNABOUT_PLAYGROUND="on")
    assert "anybody who reaches it" in doctor(settled)[1][-1]
    settled.sets(PORT="eighty")
    assert doctor(settled) == (1, ["todo  PORT must be a number."])


def test_the_doctor_says_where_links_lead_and_who_mails(settled: Terminal) -> None:
    settled.sets(TURNABOUT_URL="https://example.org/", SMTP_URL="smtps://a:canary@example.org")
    code, lines = doctor(settled)
    assert "ok    The public address is https://example.org." in lines
    assert "todo  Mail is only half set up: MAIL_FROM is missing." in lines
    settled.sets(MAIL_FROM="calendar@example.org")
    code, lines = doctor(settled)
    assert code == 0
    assert "ok    Invitations are mailed from calendar@example.org." in lines
    assert "canary" not in "".join(lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TURNABOUT_URL", "http://example.org"),
        ("TURNABOUT_URL", "example.org"),
        ("TURNABOUT_URL", "https://[example.org"),
        ("TURNABOUT_URL", "https://example.org/?a"),
        ("SMTP_URL", "mail.example.org:587"),
        ("SMTP_URL", "smtp://mail.example.org:port"),
        ("MAIL_FROM", "Calendar <calendar@example.org>"),
        ("MAIL_FROM", "calendar@example.org\nBcc: eve@example.org"),
    ],
)
def test_the_doctor_finds_an_address_that_is_none(settled: Terminal, name: str, value: str) -> None:
    settled.sets(**{name: value})
    code, (line,) = doctor(settled)
    assert code == 1
    assert name in line


# The words, as somebody has edited them


@pytest.fixture
def edited(settled: Terminal) -> Iterator[Path]:
    """A folder of words that may be spoiled: ours, with the invitation in it."""
    folder = settled.folder / "prompts"
    shutil.copytree(prompts.FOLDER, folder)
    settled.monkeypatch.setattr(prompts, "FOLDER", folder)
    prompts.phrasebook.cache_clear()
    yield folder / "en" / "welcome" / "invite.md"
    prompts.phrasebook.cache_clear()


def test_the_doctor_finds_a_slip_in_the_words(settled: Terminal, edited: Path) -> None:
    edited.write_text(edited.read_text("utf-8").replace("partner.name", "partnr.name"), "utf-8")
    (line,) = [line for line in doctor(settled)[1] if "prompts/" in line]
    assert "prompts/en/welcome/invite.md: nothing is called `partnr`." in line
    edited.unlink()
    prompts.phrasebook.cache_clear()  # as in a process that begins anew
    assert "prompts/en/welcome/invite.md is missing." in "".join(doctor(settled)[1])


def test_words_that_cannot_be_read_are_named_and_stop_nothing_that_says_none(
    settled: Terminal, edited: Path
) -> None:
    edited.write_bytes("# Möchten Sie?".encode("latin-1"))
    told = f"{edited} is not a text in UTF-8. Save it as UTF-8."
    assert f"todo  The words cannot be read: {told}" in doctor(settled)[1]
    settled.runs("key")
    assert settled.types("--help")[0] == 0
    assert settled.fails("slack", "manifest", "--socket") == f"turnabout: {told}"


def test_words_may_be_kept_by_an_editor_that_marks_them(settled: Terminal, edited: Path) -> None:
    edited.write_text(edited.read_text("utf-8"), "utf-8-sig")
    assert "ok    The words are complete: de, en." in doctor(settled)[1]


# A database that cannot be used, whatever one wants of it


@pytest.mark.parametrize(
    "arguments",
    [("programme", "show"), ("web",), ("worker",), ("pair", "add", "--mentor=A", "--mentee=B")],
    ids=" ".join,
)
@pytest.mark.parametrize(
    "url", ["sqlite:///{}/empty.db", "sqlite:///{}/no/folder.db", "postgresql://127.0.0.1:1/x"]
)
def test_a_database_that_cannot_be_used_is_one_line(
    settled: Terminal, url: str, arguments: tuple[str, ...]
) -> None:
    settled.sets(DATABASE_URL=url.format(settled.folder))
    settled.fails(*arguments)


@pytest.mark.parametrize("url", ["sqlite:///{}/no/folder.db", "postgresql://127.0.0.1:1/x"])
def test_a_database_that_cannot_be_reached_is_not_brought_up_to_date(
    settled: Terminal, url: str
) -> None:
    settled.sets(DATABASE_URL=url.format(settled.folder))
    settled.fails("db", "upgrade")


@pytest.mark.postgres
def test_a_database_nobody_has_made_is_one_line(settled: Terminal, server: Server) -> None:
    settled.sets(DATABASE_URL=str(server.server.get_uri("nowhere")))
    told = "The database nowhere at "
    assert told in settled.fails("programme", "show")
    assert told in settled.fails("db", "upgrade")
    line = doctor(settled)[1][1]
    assert told in line
    assert line.endswith("Make it (`createdb`), or correct the name in DATABASE_URL.")


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("stranger", "does not let that user in."),
        ("reader", "does not let that user have tables."),
        ("crowd", "has no connection left."),
    ],
)
def test_what_a_server_refuses_is_said_with_what_to_do(
    settled: Terminal, server: Server, user: str, told: str
) -> None:
    for role, limit in (("reader", 5), ("crowd", 0)):
        made = f"CREATE ROLE {role} LOGIN CONNECTION LIMIT {limit};"
        server.server.psql(f"DROP ROLE IF EXISTS {role}; {made}")
    url = server.new(f"of_{user}").replace("postgres:@", f"{user}:canary@")
    settled.sets(DATABASE_URL=url)
    said = settled.fails("db", "upgrade")
    assert f"The database of_{user} at " in said
    assert told in said
    assert "canary" not in said


@pytest.mark.parametrize("arguments", [("status",), ("programme", "show"), ("web",), ("worker",)])
def test_only_an_upgrade_makes_a_database(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    """A DATABASE_URL that was forgotten is told, and nothing is left lying about."""
    terminal.sets(TURNABOUT_KEY=new_key(), DATABASE_URL="")
    terminal.monkeypatch.chdir(terminal.folder)
    told = f"There is no database {terminal.folder}/turnabout.db yet. Run `turnabout db upgrade`"
    assert told in terminal.fails(*arguments)
    assert told in doctor(terminal)[1][1]
    assert not list(terminal.folder.iterdir())


def test_a_folder_nobody_lets_us_write_in_is_told_at_once(settled: Terminal) -> None:
    file = settled.folder / "turnabout.db"
    settled.monkeypatch.setattr(os, "access", lambda place, _: place != file.parent)
    told = f"Nothing can be written to {file.parent}."
    assert told in settled.fails("db", "upgrade")
    assert told in doctor(settled)[1][1]


def test_a_file_that_is_no_database_is_told(settled: Terminal) -> None:
    (settled.folder / "turnabout.db").write_bytes(b"not a database" * 99)
    told = "turnabout.db is no SQLite database."
    assert told in settled.fails("db", "upgrade")
    assert told in settled.fails("status")
    assert told in doctor(settled)[1][1]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ssl.SSLCertVerificationError("certificate verify failed"), "set PGSSLROOTCERT"),
        (ConnectionError("PostgreSQL server at h:1 rejected SSL upgrade"), "does not speak TLS"),
        (TimeoutError(), "does not answer in time"),
        (OperationalError("", {}, Exception("?")), "cannot be used (OperationalError)"),
    ],
)
def test_why_a_database_cannot_be_reached_is_said_in_words(error: Exception, told: str) -> None:
    assert told in whereabouts.why(error)


# Programmes


def test_a_programme_is_added_shown_and_changed(settled: Terminal) -> None:
    assert "no programme yet" in settled.runs("programme", "show")[0]
    assert settled.runs("programme", "add", settled.file(GOOD)) == [
        "The programme 'Other eyes' is kept."
    ]
    (shown,) = settled.runs("programme", "show")
    told = r"Other eyes \(Example Works\): 6 months, 1 named contacts \(id [0-9a-f]{16}\)"
    assert re.fullmatch(told, shown)
    settled.runs("programme", "set", settled.file("term = 9\n" + GOOD))
    assert "9 months" in settled.runs("programme", "show")[0]


def test_a_programme_is_not_added_twice_nor_changed_before_it_is_there(settled: Terminal) -> None:
    file = settled.file(GOOD)
    assert "Use `add`" in settled.fails("programme", "set", file)
    settled.runs("programme", "add", file)
    assert "Use `set`" in settled.fails("programme", "add", file)


def test_the_example_is_a_programme(settled: Terminal) -> None:
    example = settled.runs("programme", "add", "--example")
    settled.runs("programme", "add", settled.file("\n".join(example)))


def test_a_file_may_be_kept_by_an_editor_that_marks_it(settled: Terminal) -> None:
    settled.runs("programme", "add", settled.file(GOOD.encode("utf-8-sig")))


def test_a_file_must_be_named_and_be_there_and_be_text(settled: Terminal) -> None:
    assert "--example" in settled.fails("programme", "add")
    settled.fails("programme", "add", str(settled.folder / "nothing.toml"))
    settled.fails("programme", "add", str(settled.folder))
    settled.fails("programme", "add", settled.file(b"\xff\xfe\x00"))
    assert "TOML" in settled.fails("programme", "add", settled.file("name = Other eyes"))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("name = 5", "`name`"),
        ('name = " "', "`name`"),
        ("organisation = []", "`organisation`"),
        ("purpose = 5", "`purpose`"),
        ("sponsor = true", "`sponsor`"),
        ("privacy_link = 5", "`privacy_link`"),
        ("term = 4", "`term`"),
        ("term = true", "`term`"),
        ("term = 6.5", "`term`"),
        ('term = "six"', "`term`"),
        ("working_week = []", "`working_week`"),
        ('working_week = "mon"', "`working_week`"),
        ('working_week = ["monday"]', "`working_week`"),
        ("working_week = [[1]]", "`working_week`"),
        ('window = ["09:00"]', "`window`"),
        ('window = ["17:00", "09:00"]', "`window`"),
        ('window = ["nine", "five"]', "`window`"),
        ('window = ["09:00+01:00", "17:00+01:00"]', "`window`"),
        ("window = 9", "`window`"),
        ('holidays = ["Christmas"]', "`holidays`"),
        ("holidays = 2026-12-24", "`holidays`"),
        ("holidays = [2026-12-24T10:00:00]", "`holidays`"),
        ('public = "no"', "`public`"),
        ("support = 5", "`support`"),
        ("support = [5]", "`support`"),
        ("contact = []", "[[contact]]"),
        ('contact = "Noor"', "[[contact]]"),
        ('contact = ["Noor"]', "[[contact]]"),
        ('contact = [{name = "Noor"}]', "[[contact]]"),
        ('contact = [{name = "N", how = "n@x", stands_in = "yes"}]', "`stands_in`"),
        ("topics = 5", "`topics`"),
        ('id = "x"', "`id`"),
    ],
)
def test_a_wrong_field_is_named_in_one_plain_line(settled: Terminal, line: str, named: str) -> None:
    field = line.partition(" ")[0]
    if field == "contact":
        text = GOOD.partition("[[contact]]")[0] + line
    else:
        kept = (row for row in GOOD.splitlines() if not row.startswith(field) or row[0] == "[")
        text = (
            "\n".join([line, *kept])
            if field != "name"
            else GOOD.replace('name = "Other eyes"', line)
        )
    assert named in settled.fails("programme", "add", settled.file(text))
    assert "no programme yet" in settled.runs("programme", "show")[0]


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(programme.ProgrammeError) as told:
        programme.read("term = 1\nbogus = 1")
    assert len(str(told.value).splitlines()) == 5


# Pairs


def test_two_people_are_brought_together_and_each_has_a_code(settled: Terminal) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    lines = settled.runs("pair", "add", "--mentor", "Ada", "--mentee", "Ben")
    codes = [re.search(r"join ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})$", line) for line in lines]
    assert all(codes)
    assert codes[0][1] != codes[1][1]
    assert lines[0].startswith("Ada, reverse-mentor:")
    assert lines[1].startswith("Ben, reverse-mentee:")


def test_who_asks_to_be_erased_is_erased_once_that_is_sure(settled: Terminal) -> None:
    """It cannot be undone, so it is told first; and it can be said again."""
    settled.runs("programme", "add", settled.file(GOOD))
    settled.runs("pair", "add", "--mentor", "Ada", "--mentee", "Ben")
    told = settled.runs("erase", "--name", "ada")
    assert "in 1 pair, would be erased" in told[0]
    assert "--yes" in told[-1]
    who = re.search(r"Ada \(([0-9a-f]+)\)", told[0])[1]
    assert settled.runs("erase", "--name", "ada") == told, "nothing has changed"
    assert f"Ada ({who}), in 1 pair, is erased." in settled.runs("erase", "--name", "Ada", "--yes")
    assert "nobody of that name" in settled.fails("erase", "--name", "Ada", "--yes")
    assert "is erased" in settled.runs("erase", "--person", who, "--yes")[0]
    assert "Ben" in settled.runs("erase", "--name", "Ben")[0]


def test_nobody_is_erased_in_anothers_place(settled: Terminal) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    mail = ("--mentor-email", "ada@example.org")
    settled.runs("pair", "add", "--mentor", "Ada", *mail, "--mentee", "Ben")
    settled.runs("pair", "add", "--mentor", "Ada", "--mentee", "Cleo")
    said = settled.fails("erase", "--name", "Ada", "--yes")
    assert "say which with --email or --person" in said
    assert "Say whom" in settled.fails("erase", "--yes")
    (line, _) = settled.runs("erase", "--name", "Ada", "--email", "ADA@example.org", "--yes")
    (other,) = re.findall(r"[0-9a-f]{16}", settled.runs("erase", "--name", "Ada")[0])
    assert other in said
    assert other not in line


def test_a_named_contact_is_taken_out_of_the_programme_before_they_are_erased(
    settled: Terminal,
) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    name = re.search(r'\[\[contact\]\]\s+name = "([^"]+)"', GOOD)[1]
    settled.runs("contact", "invite", "--name", name)
    said = settled.fails("erase", "--name", name, "--yes")
    assert "programme set" in said
    assert "named contact" in said


def test_a_key_that_could_not_be_overwritten_is_told_and_how_to_do_it(
    settled: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(store: SqlStore) -> None:
        raise OperationalError("VACUUM", {}, Exception())

    settled.runs("programme", "add", settled.file(GOOD))
    settled.runs("pair", "add", "--mentor", "Ada", "--mentee", "Ben")
    with monkeypatch.context() as others:
        others.setattr(SqlStore, "scrub", busy)
        said = settled.fails("erase", "--name", "Ada", "--yes")
    again = re.search(r"--person [0-9a-f]+ --yes", said)[0]
    assert "is erased" in settled.runs("erase", *again.split())[0]


def test_somebody_in_the_playground_needs_no_code(settled: Terminal) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    user = ("--mentor-user", "ada")
    both = ("pair", "add", "--mentor", "Ada", *user, "--mentee", "Ben")
    assert "the playground is meant, which is off" in settled.fails(*both)
    settled.sets(TURNABOUT_PLAYGROUND="on")
    assert "'ada'" in settled.runs(*both)[0]


def test_who_is_named_by_an_id_is_named_with_its_workspace(settled: Terminal) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    there = ("--mentee-platform", "slack", "--mentee-user", "U1")
    said = settled.fails("pair", "add", "--mentor", "Ada", "--mentee", "Ben", *there)
    assert "--mentee-tenant" in said


def test_somebody_on_slack_is_told_where_to_go(settled: Terminal) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    there = ("--mentor-platform", "slack", "--mentee-platform", "slack", "--mentee-tenant", "T1")
    both = ("pair", "add", "--mentor", "Ada", "--mentee", "Ben", *there)
    ada, ben = settled.runs(*both)
    assert "open Turnabout in Slack (under Apps) and write to it: join " in ada
    assert "open Turnabout in Slack (under Apps)" in ben
    asyncio.run(_install(settled))
    _, ben, *_ = settled.runs(*both)
    assert "open https://slack.com/app_redirect?team=T1&app=A1 and write to Turnabout: join" in ben


async def _install(settled: Terminal) -> None:
    told = settings.read()
    store = await SqlStore.open(told.database, told.master_key())
    now = datetime(2026, 11, 2, tzinfo=UTC)
    new = Installation("T1", "UBOT", frozenset(), "xoxb-1", now, app="A1")
    await store.run(lambda conn: keep(conn, store.keys, new))
    await store.close()


def test_somebody_whose_slack_or_address_there_is_known_needs_no_code(settled: Terminal) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    there = ("--mentor-platform", "slack", "--mentor-tenant", "T1")
    mail = ("--mentor-email", "ada@example.org")
    ada, _ = settled.runs("pair", "add", "--mentor", "Ada", *there, *mail, "--mentee", "Ben")
    assert "(or only `join`, if Slack may tell e-mail addresses): join " in ada
    known = (*there, "--mentor-user", "U1")
    ada, *_ = settled.runs("pair", "add", "--mentor", "Ada", *known, "--mentee", "Ben")
    assert "is U1 in T1 and hears from Turnabout there." in ada
    again = settled.fails("pair", "add", "--mentor", "Eve", *known, "--mentee", "Ben")
    assert "The account U1 is 'Ada' here, not 'Eve'." in again


def test_who_is_known_to_teams_opens_the_app_first(settled: Terminal) -> None:
    """Teams tells us of no chat before they do, so nothing can be on its way to them."""
    settled.runs("programme", "add", settled.file(GOOD))
    there = ("--mentee-platform=teams", f"--mentee-tenant={OURS}", f"--mentee-user={THEIRS}")
    both = ("pair", "add", "--mentee", "Ben", *there, "--mentor")
    for junior in ("Ada", "Cleo"):
        _, ben = settled.runs(*both, junior)
        assert ben.endswith(" Ask them to open the app and write anything.")


def test_ids_are_kept_as_their_platform_writes_them(settled: Terminal) -> None:
    """A portal of Microsoft's may show capitals where Teams sends none; Slack's are capitals."""
    settled.runs("programme", "add", settled.file(GOOD))
    ids = (f"--mentor-tenant={OURS.upper()}", f"--mentor-user={THEIRS.upper()}")
    teams = ("--mentor-platform=teams", *ids)
    slack = ("--mentee-platform=slack", "--mentee-tenant=T1", "--mentee-user=U1")
    settled.runs("pair", "add", "--mentor", "Ada", *teams, "--mentee", "Ben", *slack)
    assert asyncio.run(_accounts()) == [
        Account("slack", "T1", "U1"),
        Account("teams", OURS, THEIRS),
    ]


async def _joined(code: str) -> tuple[str | None, str]:
    """Come in by a code; return the pair and the person it was for."""
    told = settings.read()
    store = await SqlStore.open(told.database, told.master_key())
    at = Account("slack", "T1", code), datetime(2026, 11, 2, tzinfo=UTC)
    found = await store.run(lambda conn: roster.join(conn, code, *at))
    await store.close()
    return found


async def _accounts() -> list[Account]:
    told = settings.read()
    store = await SqlStore.open(told.database, told.master_key())
    found = [
        await store.run(partial(directory.accounts, platform=name)) for name in ("slack", "teams")
    ]
    await store.close()
    return [account for accounts in found for account in accounts]


@pytest.mark.parametrize(
    "senior", [("--mentee", "noor"), ("--mentee", "Ben", "--mentee-email", "NOOR@example.org")]
)
def test_a_named_contact_is_nobodys_reverse_mentee(
    settled: Terminal, senior: tuple[str, ...]
) -> None:
    """Whoever is asked for help would be the one the help is about (domain.md 12.1)."""
    settled.runs("programme", "add", settled.file(GOOD))
    told = settled.fails("pair", "add", "--mentor", "Ada", *senior)
    assert "Noor is a named contact" in told


@pytest.mark.parametrize("contact", [("BEN", "n@example.org"), ("Noor", "Ben@example.org")])
def test_nobodys_reverse_mentee_becomes_a_named_contact(
    settled: Terminal, contact: tuple[str, str]
) -> None:
    """The same the other way round: the pair was there first, and the contact is named now."""
    settled.runs("programme", "add", settled.file(GOOD))
    settled.runs("pair", "add", "--mentor=Ada", "--mentee=Ben", "--mentee-email=ben@example.org")
    name, how = contact
    changed = settled.file(GOOD.replace("Noor", name).replace("noor@example.org", how))
    told = settled.fails("programme", "set", changed)
    assert f"{name} is a named contact" in told
    assert "cannot be a reverse-mentee" in told
    other = GOOD.replace("Noor", "Ada")  # who teaches may be a contact: it is not about them
    settled.runs("programme", "set", settled.file(other))


def test_a_zone_there_is_not_and_a_programme_there_is_not(settled: Terminal) -> None:
    both = ("pair", "add", "--mentor", "Ada", "--mentee", "Ben")
    assert "no programme yet" in settled.fails(*both)
    settled.runs("programme", "add", settled.file(GOOD))
    assert "Mars/Olympus" in settled.fails(*both, "--mentor-zone", "Mars/Olympus")
    assert "'Nobody'" in settled.fails(*both, "--programme", "Nobody")
    settled.runs("programme", "add", settled.file(GOOD.replace("Other eyes", "Fresh eyes")))
    assert "'Fresh eyes', 'Other eyes'" in settled.fails(*both)
    settled.runs(*both, "--programme", "Fresh eyes")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("email", value) for value in ("ben", "Ben <ben@example.org>", "ben@example.org, bo@b")),
        *(("country", value) for value in ("de", "DEU", "Germany", "D1", "ZZ", "UK")),
    ],
)
def test_what_cannot_be_of_a_person_is_not_kept(settled: Terminal, name: str, value: str) -> None:
    """A mail to it would never arrive, and no holiday would ever be found."""
    settled.runs("programme", "add", settled.file(GOOD))
    both = ("pair", "add", "--mentor", "Ada", "--mentee", "Ben")
    assert settled.fails(*both, f"--mentee-{name}", value).startswith(f"turnabout: {value} is not")
    settled.runs(*both, "--mentee-email=b.o+x@example.org", "--mentee-country=DE")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("--mentee= ", "Say what they are called: --mentee."),
        ("--mentee-platform=slack --mentee-tenant=U1 --mentee-user=T1", "a workspace of Slack"),
        ("--mentee-platform=slack --mentee-tenant=T1 --mentee-user=T1", "a member id of Slack"),
        ("--mentee-platform=slack --mentee-tenant=T1 --mentee-user=u1", "a member id of Slack"),
        ("--mentee-platform=teams --mentee-tenant=example.org", "a tenant id of Microsoft's"),
        (f"--mentee-platform=teams --mentee-tenant={OURS} --mentee-user=ben", "an object id"),
        ("--mentee-user=U1", "--mentee-platform slack or teams"),
        ("--mentee-tenant=T1", "--mentee-platform slack or teams"),
    ],
)
def test_a_slip_that_would_reach_nobody_is_told_kindly(
    settled: Terminal, typed: str, told: str
) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    arguments = re.split(r" (?=--)", typed)
    assert told in settled.fails("pair", "add", "--mentor=Ada", "--mentee=Ben", *arguments)
    assert "pairs: 0" in settled.runs("status")


def test_somebody_of_a_known_name_is_told_to_be_another(settled: Terminal) -> None:
    settled.runs("programme", "add", settled.file(GOOD))
    both = ("pair", "add", "--mentor", "Ada", "--mentee", "Ben")
    assert len(settled.runs(*both)) == 2
    lines = settled.runs(*both, "--mentee-email=ben@example.org")
    assert "Somebody called Ada was here before" in lines[2]
    assert "--mentee-email" in lines[3]
    for line in lines[2:]:
        who = re.search(r"`turnabout (erase --person [0-9a-f]+)`", line)[1]
        settled.runs(*who.split(), "--yes")
    known = ("--mentor-email=cleo@example.org", "--mentee-email=ben@example.org")
    assert len(settled.runs("pair", "add", "--mentor=Cleo", "--mentee=Ben", *known)) == 3
    assert len(settled.runs("pair", "add", "--mentor=Cleo", "--mentee=Ben", *known)) == 2


def test_who_is_known_is_invited_again(terminal: Terminal, database: str) -> None:
    """A code is lost, or somebody goes over to another platform."""
    terminal.sets(DATABASE_URL=database, TURNABOUT_KEY=new_key())
    terminal.runs("programme", "add", terminal.file(GOOD))
    mail = ("--mentor-email", "ada@example.org")
    ada, _ = terminal.runs("pair", "add", "--mentor", "Ada", *mail, "--mentee", "Ben")
    (again,) = terminal.runs("invite", "--email", "ADA@example.org")
    assert re.fullmatch(r"Ada: tell them to write to Turnabout: join (\S+)", again)
    (there,) = terminal.runs("invite", "--name=ada", "--platform=slack")
    assert "open Turnabout in Slack (under Apps) and write to it: join " in there
    codes = [line.rpartition(" ")[2] for line in (ada, again, there)]
    assert len({asyncio.run(_joined(code)) for code in codes}) == 1
    assert "nobody of that name" in terminal.fails("invite", "--name", "Cleo")
    assert "Say whom" in terminal.fails("invite")
    who = re.search("[0-9a-f]{16}", terminal.runs("erase", "--name", "Ada", "--yes")[0])[0]
    assert "have been erased" in terminal.fails("invite", "--person", who)


@pytest.mark.parametrize(
    "arguments",
    [
        ("pair", "add", "--mentor=Ada", "--mentee=Ben", "--mentee-locale=fr"),
        ("contact", "invite", "--name=Noor", "--locale=EN"),
        ("slack", "manifest", "--socket", "--locale=xx"),
    ],
)
def test_a_language_we_do_not_speak_is_answered_with_those_we_do(
    settled: Terminal, arguments: tuple[str, ...]
) -> None:
    code, said, complaint = settled.types(*arguments)
    assert (code, said) == (2, "")
    assert "'de', 'en'" in complaint


# Playing, and showing


def test_what_was_played_becomes_a_test(settled: Terminal) -> None:
    lines = iter(["a 1", "b 1", "a hello", "home a", "n", "d 1", "what?", "q"])
    settled.monkeypatch.setattr("builtins.input", lambda _: next(lines))
    kept = settled.folder / "test_a_first_yes.py"
    said = settled.runs("play", "--record", str(kept))
    assert any("Your yes is in" in line for line in said)
    (test,) = (n for n in ast.parse(kept.read_text()).body if isinstance(n, ast.AsyncFunctionDef))
    assert test.name == "test_a_first_yes"
    told = [ast.unparse(line) for line in test.body]
    assert told[2].startswith("await ada.presses(")
    assert told[3].startswith("await ben.presses(")
    assert told[-3:] == [
        "await ada.writes('hello')",
        "await stage.next()",
        "await stage.days(1)",
    ]


def test_playing_ends_when_there_is_nothing_more_to_read(settled: Terminal) -> None:
    def nothing(_: str) -> str:
        raise EOFError

    settled.monkeypatch.setattr("builtins.input", nothing)
    settled.runs("play")


def test_a_taken_port_is_told_kindly(settled: Terminal) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        folder = settled.folder / "demo"
        _, _, told = settled.types("demo", "--no-browser", "--port", port, "--data", str(folder))
        assert told == f"turnabout: Port {port} is taken. Choose another with --port.\n"
        assert f"Port {port} is taken" in settled.fails("web", "--port", port)


def test_a_taken_port_for_metrics_is_told_with_its_variable(settled: Terminal) -> None:
    settled.monkeypatch.setattr("adapters.logs.to_stderr", lambda: None)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settled.sets(TURNABOUT_METRICS_PORT=str(taken.getsockname()[1]))
        assert "a TURNABOUT_METRICS_PORT of its own" in settled.fails("worker")


@pytest.mark.parametrize("command", ["demo", "web"])
@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_there_is_not_is_told_kindly(settled: Terminal, command: str, port: str) -> None:
    told = settled.fails(command, f"--port={port}")
    assert told == f"turnabout: There is no port {port}. Choose one up to 65535 with --port."


@pytest.mark.parametrize("host", ["192.0.2.1", "a..b"])
def test_an_address_that_is_not_this_machines_is_not_a_taken_port(
    settled: Terminal, host: str
) -> None:
    settled.sets(HOST=host)
    told = settled.fails("web", "--port", str(free_port()))
    assert told.endswith(f"{host} is no address of this machine. Set HOST to one, or to 127.0.0.1.")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        *(("PORT", value, "PORT must be a number.") for value in ("inf", "nan", "-inf", "1e999")),
        *(("PORT", value, "from 0 to 65535.") for value in ("99999", "-1", "80.5")),
        ("TURNABOUT_METRICS_PORT", "65536", "from 0 to 65535."),
        *(("TURNABOUT_LEASE", value, "from 1 to 86400.") for value in ("0", "-5", "1e9", "0.5")),
        *(("TURNABOUT_TICK", value, "from 0.01 to 86400.") for value in ("0", "-5", "1e30")),
    ],
)
def test_a_number_that_cannot_be_is_one_line(
    settled: Terminal, name: str, value: str, told: str
) -> None:
    settled.sets(**{name: value})
    for command in ("web", "worker", "status"):
        said = settled.fails(command)
        assert said.startswith(f"turnabout: {name} must be ")
        assert said.endswith(told)


def test_a_database_that_is_newer_is_left_as_it_is(settled: Terminal) -> None:
    with closing(sqlite3.connect(settled.folder / "turnabout.db")) as found, found:
        found.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "brought up to date by a newer version" in settled.fails("db", "upgrade")
    assert "answers and is up to date." in settled.runs("doctor")[1]


@pytest.mark.parametrize("now", ["9999-12-31T23:00", "0001-01-01T00:00", "9999-12-31T23:00-12:00"])
def test_a_date_is_not_asked_for_at_the_end_of_the_calendar(terminal: Terminal, now: str) -> None:
    assert f"{now} is too far away" in terminal.fails("dates", "tomorrow 3pm", "--now", now)


@pytest.mark.parametrize(
    ("now", "day"),
    [("2026-11-23T20:00", "2026-11-24"), ("2026-11-23T20:00Z", "2026-11-25")],
)
def test_a_moment_that_names_its_own_offset_is_that_moment(
    terminal: Terminal, now: str, day: str
) -> None:
    """In Tokyo it is the next morning already when it is evening in Greenwich."""
    (line,) = terminal.runs("dates", "tomorrow 3pm", "--zone", "Asia/Tokyo", "--now", now)
    assert f"{day} 15:00" in line


def test_the_web_process_logs_in_lines_of_json_and_nothing_else(settled: Terminal) -> None:
    """It is what operators start, by the Procfile or by hand."""
    port = free_port()
    web = subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", "web", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with web:
        try:
            assert await_answer(f"http://127.0.0.1:{port}/healthz?canary", web.poll) == "ok\n"
        finally:
            web.send_signal(signal.SIGTERM)
            said, _ = web.communicate(timeout=30)
    lines = [json.loads(line) for line in said.splitlines()]
    assert ("/healthz", 200) in [(line.get("path"), line.get("status")) for line in lines]
    assert "at work" in [line.get("said") for line in lines]
    assert "canary" not in said


@pytest.mark.parametrize(("playground", "grace"), [("", 5), ("on", 1)])
def test_who_asks_while_the_web_process_stops_has_a_while(
    settled: Terminal, playground: str, grace: int
) -> None:
    """A playground's page listens for ever, so there nobody is waited for."""
    settled.sets(TURNABOUT_PLAYGROUND=playground, WEB_CONCURRENCY="2")
    settled.monkeypatch.setattr("adapters.logs.to_stderr", lambda: None)
    told: dict[str, object] = {}
    settled.monkeypatch.setattr("uvicorn.run", lambda _, **options: told.update(options))
    settled.runs("web", "--port", str(free_port()))
    assert told["timeout_graceful_shutdown"] == grace
    assert told["workers"] == 1, "whatever a host sets: uvicorn would not serve at all"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"TURNABOUT_KEY": ""}, "No master key is set."),
        ({"TURNABOUT_KEY": "short"}, "The master key is not one"),
        ({"DATABASE_URL": "mysql://h/x"}, "DATABASE_URL must begin with"),
    ],
)
def test_what_the_procfile_starts_says_in_a_line_why_it_cannot(
    settled: Terminal, wrong: dict[str, str], told: str
) -> None:
    settled.sets(**wrong)
    lines = (ROOT / "Procfile").read_text().splitlines()
    started = [line.partition(" turnabout ")[2].split() for line in lines]
    assert started == [["db", "upgrade"], ["web"], ["worker"]]
    for arguments in started[1:]:
        assert told in settled.fails(*arguments)


def test_the_demo_serves_its_page_and_stops_when_told(tmp_path: Path) -> None:
    port = free_port()
    command = ["demo", "--no-browser", "--port", str(port), "--data", str(tmp_path / "demo")]
    env = {name: value for name, value in os.environ.items() if name not in TURNABOUT}
    demo = subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", *command],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with demo:
        try:
            assert await_answer(f"http://127.0.0.1:{port}/healthz", demo.poll) == "ok\n"
            page = await_answer(f"http://127.0.0.1:{port}/", demo.poll)
            assert "Ada" in page
            assert "Ben" in page
        finally:
            demo.send_signal(signal.SIGINT)
            said, _ = demo.communicate(timeout=30)
    assert f"Turnabout is at http://127.0.0.1:{port}/" in said
    assert "Traceback" not in said
    upgrade(f"sqlite:///{tmp_path}/demo/turnabout.db")  # it is an ordinary database


def await_answer(url: str, died: Callable[[], int | None], patience: float = 60) -> str:
    """Ask until there is an answer."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and died() is None:
        try:
            return httpx.get(url, trust_env=False).text
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the demo does not answer")


def test_who_stops_reading_is_not_complained_to(terminal: Terminal) -> None:
    """`turnabout key | head -0`: the reading end is gone when we speak."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        terminal.monkeypatch.setattr(sys, "stdout", gone)
        assert cli.main(["key"]) == 0
    assert not terminal.capsys.readouterr().err
