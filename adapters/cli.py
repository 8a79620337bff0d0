"""The command line: `turnabout demo | web | worker | db | doctor | programme | pair | …`.

An error is one clear line and a non-zero exit, never a traceback.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from adapters import (
    app,
    coordinating,
    dating,
    demo,
    doctor,
    gallery,
    logs,
    newcomers,
    programme,
    status,
)
from adapters import settings as environment
from adapters.clock import ZONES
from adapters.prompts import locales, phrasebook
from adapters.settings import SettingsError
from adapters.store import installations
from adapters.store.countries import country_of
from adapters.store.keys import Keys, WrongKeyError
from adapters.store.migrate import upgrade
from adapters.store.sql import SqlStore
from adapters.store.whereabouts import name, why
from adapters.teams import package
from bot.people import Account

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from sqlalchemy import Connection

    from adapters.settings import Settings

Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
ERRORS = (
    *(SettingsError, WrongKeyError, programme.ProgrammeError, package.PackageError),
    *(LookupError, OSError, ValueError),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    try:
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who reads us has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ERRORS as error:
        print(f"turnabout: {_sentence(error)}", file=sys.stderr)  # noqa: T201
        return 1
    except SQLAlchemyError as error:
        print(f"turnabout: The database {why(error)}", file=sys.stderr)  # noqa: T201
        return 1


def _sentence(error: Exception) -> str:
    if isinstance(error, KeyError):
        return str(error.args[0])
    return str(error) or type(error).__name__


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # the command line speaks by printing


def _tell(well: bool, text: str) -> None:
    _say(str(doctor.Finding(well, text)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="turnabout", description="The facilitator for reverse mentoring: the junior teaches."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], told: str
    ) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=told, description=told)
        found.set_defaults(run=run)
        return found

    shown = command("demo", _demo, "two people side by side in your browser; no account needed")
    shown.add_argument("--data", type=Path, help="keep everything in this folder")
    shown.add_argument("--port", type=int, help="serve here (usually 8000, or the next free one)")
    shown.add_argument("--no-browser", action="store_true", help="only print the address")

    served = command("web", _web, "the web process")
    served.add_argument("--port", type=int, help="serve here instead of PORT")
    command("worker", _worker, "the clock process")
    command("status", _status, "how it stands with everybody, in numbers")
    key = command("key", _key, "make a master key; `rotate` goes over to the one that is set")
    key.add_argument("action", choices=["new", "rotate"], nargs="?", default="new")
    command("doctor", _doctor, "what is configured, what is missing, and how to get it")

    database = command("db", _upgrade, "bring the database up to date")
    database.add_argument("action", choices=["upgrade"])

    run = command("programme", _programme, "add, change or show a programme")
    run.add_argument("action", choices=["add", "set", "show"])
    run.add_argument("file", type=Path, nargs="?", help="a TOML file; see --example")
    run.add_argument("--example", action="store_true", help="print a file to start from")

    _about_people(command)
    _on_slack(command)
    _on_teams(command)
    _to_look_at(command)
    return parser


def _about_people(command: Command) -> None:
    both = command("pair", _pair, "bring two people together; prints an invitation code for each")
    both.add_argument("action", choices=["add"])
    both.add_argument("--programme", help="its name, if there is more than one")
    for role, gloss in (
        ("mentor", "the junior, who teaches"),
        ("mentee", "the senior, who learns"),
    ):
        group = both.add_argument_group(f"the reverse-{role}, {gloss}")
        group.add_argument(f"--{role}", required=True, metavar="NAME", dest=f"{role}_name")
        group.add_argument(f"--{role}-platform", default="web", choices=programme.PLATFORMS)
        group.add_argument(f"--{role}-tenant", default="", help="workspace or tenant id")
        group.add_argument(f"--{role}-user", default="", help="user id there, if it is known")
        group.add_argument(f"--{role}-email", default="")
        group.add_argument(f"--{role}-zone", default="UTC", help="such as Europe/Berlin")
        group.add_argument(f"--{role}-locale", default="en", choices=locales())
        group.add_argument(
            f"--{role}-country", default="", help="such as DE; guessed from the zone"
        )

    asked = command("contact", _contact, "let a named contact be written to from Turnabout")
    asked.add_argument("action", choices=["invite"])
    asked.add_argument("--name", required=True, help="as the programme names them")
    asked.add_argument("--programme", help="its name, if there is more than one")
    asked.add_argument("--zone", default="UTC", help="such as Europe/Berlin")
    asked.add_argument("--locale", default="en", choices=locales())

    again = command("invite", _invite, "a new code for somebody who is known: to come in, or move")
    again.add_argument("--name", default="", help="as they were brought in")
    again.add_argument("--email", default="", help="to tell people of one name apart")
    again.add_argument("--person", default="", help="their id, where that does not tell them apart")
    again.add_argument("--platform", default="", choices=["slack", "teams"], help="where to")
    again.add_argument("--tenant", default="", help="Slack: the workspace, to print its link")

    gone = command("erase", _erase, "erase somebody for good: their name, and all they wrote")
    gone.add_argument("--name", default="", help="as they were brought in")
    gone.add_argument("--email", default="", help="to tell people of one name apart")
    gone.add_argument("--person", default="", help="their id, where that does not tell them apart")
    gone.add_argument("--yes", action="store_true", help="do it; without this, say what would be")


def _on_slack(command: Command) -> None:
    there = command("slack", _slack, "what an administrator of Slack needs")
    there.add_argument("action", choices=["manifest", "socket", "smoke"])
    there.add_argument("--user", default="", help="smoke: your own member id, U…")
    there.add_argument("--workspace", default="", help="smoke: T…, where there are several")
    there.add_argument("--url", default="", help="our public address, https://…")
    there.add_argument("--socket", action="store_true", help="manifest: without a public address")
    there.add_argument("--many", action="store_true", help="manifest: for many workspaces")
    there.add_argument("--email", action="store_true", help="manifest: know people by their e-mail")
    there.add_argument(
        "--locale", default="en", choices=locales(), help="manifest: the language of its texts"
    )


def _on_teams(command: Command) -> None:
    teams = command("teams", _teams, "make the app package for Microsoft Teams, or try the bot out")
    teams.add_argument("action", choices=["package", "smoke"])
    made = teams.add_argument_group("package")
    made.add_argument("--app-id", help="the bot's application id (usually TEAMS_APP_ID)")
    made.add_argument("--output", type=Path, default=Path("turnabout-teams.zip"))
    made.add_argument("--publisher", default="Turnabout", help="who offers it: your organisation")
    made.add_argument("--website", default="", help="your page about it, with a contact; https")
    made.add_argument("--privacy", help="your privacy notice (usually the website)")
    made.add_argument("--terms", help="your terms of use (usually the website)")
    teams.add_argument("--locale", default="en", choices=locales())
    tried = teams.add_argument_group("smoke")
    tried.add_argument("--to", default="", help="write to this person: their object id in Entra")


def _to_look_at(command: Command) -> None:
    pictures = command("gallery", _gallery, "every card and form, in every state, as one page")
    pictures.add_argument("file", type=Path, nargs="?", default=Path("gallery.html"))

    asked = command("dates", _dates, "how a day and an hour typed in words are read")
    asked.add_argument("phrase", nargs="?", help="read this; without it, how the tables are read")
    asked.add_argument("--language", default="en", help="such as de")
    asked.add_argument("--zone", default="UTC", help="such as Europe/Berlin")
    asked.add_argument("--country", default="", help="such as US, where 3/4 is in March")
    asked.add_argument(
        "--now", help="such as 2026-11-23T10:00, in that zone; with Z or +09:00, in its own"
    )

    command("seed", _seed, "every requirement of the seed, and what serves it")
    lived = command("simulate", _simulate, "worlds in which all fails that can; or a what-if")
    lived.add_argument("--worlds", type=int, default=50, help="so many worlds, one per seed")
    lived.add_argument("--seed", type=int, default=1, help="of the first world")
    lived.add_argument("--pairs", type=int, default=0, help="pairs in a world, or in the what-if")
    lived.add_argument("--weeks", type=int, default=0, help="how long a world lasts")
    lived.add_argument("--faults", default="", help="only these, with commas between; or none")
    lived.add_argument("--months", type=int, help="a what-if: so many pairs, so long, no faults")
    played = command("play", _play, "both people at one terminal")
    played.add_argument("--record", type=Path, help="write what was played as a transcript test")


def _demo(options: argparse.Namespace) -> int:
    demo.serve(options.data, options.port, browser=not options.no_browser)
    return 0


def _web(options: argparse.Namespace) -> int:
    told = environment.read()
    told = replace(told, port=options.port or told.port)
    _run(_open(told))  # what is wrong is said here, in one line, and not by the server
    demo.look_for_room(told.host, told.port)
    app.serve(told)
    return 0


async def _open(told: Settings) -> None:
    """Open the database and close it again. Raises whatever is wrong with it, or with the key."""
    store = await SqlStore.open(told.database, told.master_key())
    await store.close()


def _worker(options: argparse.Namespace) -> int:  # noqa: ARG001
    from adapters.worker import work  # noqa: PLC0415  # a scheduler nobody else needs

    told = environment.read()
    _run(_open(told))  # as above: from here on it speaks in lines of JSON
    logs.to_stderr()
    return _run(work(told))


def _status(options: argparse.Namespace) -> int:  # noqa: ARG001
    for line in asyncio.run(status.read(environment.read())):
        _say(line)
    return 0


def _key(options: argparse.Namespace) -> int:
    if options.action == "new":
        _say(environment.new_key())
    else:
        count = asyncio.run(_rotate(environment.read()))
        _say(f"{count} organisations go by the new master key. Start every process with it.")
    return 0


async def _rotate(told: Settings) -> int:
    """Go over from TURNABOUT_OLD_KEY to the master key that is set."""
    old, new = told.old_master_key(), told.master_key()
    if old == new:
        raise SettingsError(
            "The old and the new master key are the same, so nothing is changed. Set TURNABOUT_KEY "
            "to a new one (`turnabout key`), and TURNABOUT_OLD_KEY to the one used until now."
        )
    anew = Keys(new)
    try:
        store = await SqlStore.open(told.database, old)
    except WrongKeyError:
        raise SettingsError(
            "The old master key is not the one this database was sealed with. Look what "
            "TURNABOUT_OLD_KEY holds, or whether it went over already (`turnabout doctor`)."
        ) from None

    def body(conn: Connection) -> int:
        count = anew.rewrap(conn, store.keys)
        installations.reseal(conn, store.keys, anew)
        return count

    try:
        return await store.run(body)
    finally:
        await store.close()


def _doctor(options: argparse.Namespace) -> int:  # noqa: ARG001
    findings = asyncio.run(doctor.examine(os.environ))
    for finding in findings:
        _say(str(finding))
    return 0 if all(finding.well for finding in findings) else 1


def _upgrade(options: argparse.Namespace) -> int:  # noqa: ARG001
    url = environment.read().database
    upgrade(url)
    _say(f"The database {name(url)} is up to date.")
    return 0


def _programme(options: argparse.Namespace) -> int:
    if options.example:
        _say(programme.EXAMPLE)
        return 0
    told = environment.read()
    if options.action == "show":
        for line in asyncio.run(coordinating.show(told)):
            _say(line)
        return 0
    if options.file is None:
        raise SettingsError("Name a TOML file, or see `turnabout programme add --example`.")
    if not options.file.is_file():
        raise SettingsError(f"There is no file {options.file}.")
    try:
        text = options.file.read_text(encoding="utf-8-sig")  # some editors mark it
    except UnicodeDecodeError:
        raise SettingsError(f"{options.file} is not a text file in UTF-8.") from None
    _say(asyncio.run(coordinating.keep(told, programme.read(text), new=options.action == "add")))
    return 0


def _pair(options: argparse.Namespace) -> int:
    told = environment.read()
    mentor, mentee = (newcomers.read(vars(options), role, told) for role in ("mentor", "mentee"))
    for line in asyncio.run(coordinating.pair(told, options.programme, mentor, mentee)):
        _say(line)
    return 0


def _contact(options: argparse.Namespace) -> int:
    if options.zone not in ZONES:
        raise SettingsError(
            f"There is no time zone {options.zone!r}; use one such as Europe/Berlin."
        )
    places = {"zone": options.zone, "locale": options.locale}
    places["country"] = country_of(options.zone)
    told = coordinating.contact(environment.read(), options.programme, options.name, **places)
    _say(asyncio.run(told))
    return 0


def _invite(options: argparse.Namespace) -> int:
    whom = options.name, options.email, options.person
    where = options.platform, options.tenant
    _say(asyncio.run(coordinating.invite(environment.read(), *whom, *where)))
    return 0


def _erase(options: argparse.Namespace) -> int:
    whom = options.name, options.email, options.person
    for line in asyncio.run(coordinating.erase(environment.read(), *whom, sure=options.yes)):
        _say(line)
    return 0


SMOKED = (
    "What stands after a colon is Slack's own word. `turnabout doctor` says what to do about a "
    "token or a scope; user_not_found means that the member id is not of that workspace."
)


def _slack(options: argparse.Namespace) -> int:
    from adapters import slacking  # noqa: PLC0415  # an SDK that the playground can do without

    told = environment.read()
    if options.action == "socket":
        return _run(slacking.listen(told))
    if options.action == "smoke":
        if not options.user:
            raise SettingsError("Say with whom to try it: --user and your member id on Slack, U….")
        account = Account("slack", options.workspace, options.user)
        logging.getLogger(logs.OURS).addHandler(logging.NullHandler())  # it is all told here
        if asyncio.run(slacking.smoke(told, account, _tell)):
            return 0
        _say(SMOKED)
        return 1
    shape = {name: getattr(options, name) for name in ("socket", "many", "email")}
    _say(slacking.manifest(options.url or told.public, options.locale, **shape))
    return 0


def _teams(options: argparse.Namespace) -> int:
    return _smoke(options) if options.action == "smoke" else _package(options)


def _package(options: argparse.Namespace) -> int:
    book, locale = phrasebook(), options.locale
    publisher = package.Publisher(
        options.publisher,
        options.website,
        options.privacy or options.website,
        options.terms or options.website,
    )
    packed = package.package(
        options.app_id or os.environ.get("TEAMS_APP_ID", ""),
        publisher,
        lambda key: str(book.general("teams", key, locale)),
        lambda command: str(book.of("words", locale).buttons[command]).partition(",")[0],
    )
    options.output.write_bytes(packed)
    _say(f"The app package is in {options.output}. Upload it in the Teams admin center.")
    return 0


def _smoke(options: argparse.Namespace) -> int:
    findings = asyncio.run(doctor.smoke(environment.read(), options.to.lower(), options.locale))
    for finding in findings:
        _say(str(finding))
    return 0 if all(finding.well for finding in findings) else 1


def _gallery(options: argparse.Namespace) -> int:
    _bring_the_stage()
    count = gallery.write(options.file)
    _say(f"{count} cards and forms are in {options.file}.")
    return 0


def _seed(options: argparse.Namespace) -> int:  # noqa: ARG001
    _bring_the_stage()
    from tests.seed import report  # noqa: PLC0415  # the table is the tests' own

    lines, faults = report()
    for line in (*lines, *faults):
        _say(line)
    return 1 if faults else 0


def _dates(options: argparse.Namespace) -> int:
    if options.phrase is None:
        _bring_the_stage()
        from tests.phrases import report  # noqa: PLC0415  # the tables are the tests' own

        lines = report()
    else:
        lines = dating.told(
            options.phrase, options.language, options.zone, options.now, options.country
        )
    for line in lines:
        _say(line)
    return 0


def _simulate(options: argparse.Namespace) -> int:
    _bring_the_stage()
    from tests.simulator import campaign, whatif  # noqa: PLC0415  # the tests' own

    if options.months:
        return whatif.what_if(options.pairs or 20, options.months, options.seed, _say)
    chosen = {"pairs": options.pairs, "weeks": options.weeks, "faults": options.faults}
    worlds = list(campaign.plans(options.worlds, options.seed, **chosen))
    return campaign.campaign(worlds, _say)


def _bring_the_stage() -> None:
    """Let the lives and the stage, which are the tests' own, be found from anywhere."""
    sys.path.insert(0, str(environment.ROOT))


def _play(options: argparse.Namespace) -> int:
    _bring_the_stage()
    from adapters.play import Player, record  # noqa: PLC0415  # it brings the tests' stage along
    from tests.stage import Stage  # noqa: PLC0415

    player = Player(Stage(), input, _say)
    asyncio.run(player.play())
    if options.record:
        record(options.record, player.told)
        _say(f"What was played is in {options.record}.")
    return 0


def _run(work: Coroutine[object, object, None]) -> int:
    asyncio.run(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
