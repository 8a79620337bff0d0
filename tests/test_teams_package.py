"""The app package for Teams: what an administrator uploads, and what Teams will say to it."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from adapters import cli
from adapters.settings import ROOT
from adapters.teams import package
from bot import facilitator, hearing
from bot.cards import Reader
from bot.inputs import Asked
from tests.stage import ADA, BEN, BOOK, MONDAY, new_pair

if TYPE_CHECKING:
    from pathlib import Path

APP = "6d1c5c5e-0000-4000-8000-000000000001"
PAGE = "https://example.org/turnabout"
MAKE = ("teams", "package", "--app-id", APP, "--website", PAGE, "--output")


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _object(**known: object) -> dict[str, Any]:
    """Return an object that has all of these, and nothing else."""
    return {"properties": known, "required": [*known], "additionalProperties": False}


HTTPS = {"type": "string", "pattern": "^https://", "maxLength": 2048}
NO = {"const": False}
PERSONAL = {"const": ["personal"]}
COMMAND = _object(title=_text(32), description=_text(128))
LIST = _object(scopes=PERSONAL, commands={"items": COMMAND, "minItems": 1, "maxItems": 10})
BOT = _object(
    botId={"const": APP},
    scopes=PERSONAL,
    commandLists={"items": LIST, "minItems": 1, "maxItems": 1},
    isNotificationOnly=NO,
    supportsCalling=NO,
    supportsFiles=NO,
    supportsVideo=NO,
)
# The limits of the manifest's reference, and of it only what we use: no permission among it.
MANIFEST = _object(
    **{"$schema": HTTPS, "manifestVersion": {"const": "1.25"}},
    version={"pattern": r"^[1-9]\d*\.\d+\.\d+$"},
    id={"const": APP},
    name=_object(short=_text(30), full=_text(100)),
    description=_object(short=_text(80), full=_text(4000)),
    developer=_object(name=_text(32), websiteUrl=HTTPS, privacyUrl=HTTPS, termsOfUseUrl=HTTPS),
    icons=_object(color={"const": "color.png"}, outline={"const": "outline.png"}),
    accentColor={"pattern": "^#[0-9A-F]{6}$"},
    bots={"items": BOT, "minItems": 1, "maxItems": 1},
    defaultInstallScope={"const": "personal"},
    validDomains={"const": []},
)


@pytest.fixture(params=BOOK.locales, scope="module")
def packed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> zipfile.ZipFile:
    file = tmp_path_factory.mktemp("package") / "turnabout.zip"
    assert cli.main([*MAKE, str(file), "--locale", request.param]) == 0
    return zipfile.ZipFile(io.BytesIO(file.read_bytes()))


def test_the_package_has_three_files_at_its_root(packed: zipfile.ZipFile) -> None:
    assert sorted(packed.namelist()) == ["color.png", "manifest.json", "outline.png"]
    assert packed.testzip() is None


def test_the_manifest_asks_for_a_chat_with_one_person_and_nothing_more(
    packed: zipfile.ZipFile,
) -> None:
    told = json.loads(packed.read("manifest.json"))
    assert [*map(str, Draft202012Validator(MANIFEST).iter_errors(told))] == []


def test_teams_lists_no_word_that_stores_do_not_like(packed: zipfile.ZipFile) -> None:
    """T13, T14 and T21 of the store's rules: no other platform, no feature of theirs, no boast."""
    told = json.loads(packed.read("manifest.json"))
    for text in (*told["name"].values(), *told["description"].values()):
        assert not {"slack", "best", "leading"} & set(text.lower().split())
    assert not {"chat", "calendar", "calls", "files", "activity", "apps", "help"} & set(
        told["name"]["short"].lower().split()
    )


def test_every_command_that_teams_lists_is_understood(packed: zipfile.ZipFile) -> None:
    """In English by everybody, in another language by those who read it."""
    told = json.loads(packed.read("manifest.json"))
    locale = next(
        each for each in BOOK.locales if _say(each, "app.long") == told["description"]["full"]
    )
    (listed,) = told["bots"][0]["commandLists"]
    pair = new_pair(ADA, BEN)
    for name, command in zip(package.COMMANDS, listed["commands"], strict=True):
        assert name in facilitator.COMMANDS
        for me in pair.people:
            reader = Reader.of(pair, me, MONDAY, BOOK)
            heard = hearing.hear(replace(reader, me=replace(me, locale=locale)), command["title"])
            assert heard == Asked(name)


def _say(locale: str, key: str) -> str:
    return str(BOOK.general("teams", key, locale))


def test_the_same_answers_give_the_same_package(tmp_path: Path) -> None:
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    assert cli.main([*MAKE, str(one)]) == cli.main([*MAKE, str(other)]) == 0
    assert one.read_bytes() == other.read_bytes()
    assert len(one.read_bytes()) < 10_000


def _pixels(png: bytes) -> tuple[int, set[bytes]]:
    """Return the size of a square picture, and its colours."""
    wide, high, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (wide, depth, kind) == (high, 8, 6)
    rows = zlib.decompress(png[41 : png.rindex(b"IEND") - 8])
    line = 1 + 4 * wide
    assert len(rows) == line * high
    pixels = (rows[y * line + 1 + 4 * x :][:4] for y in range(high) for x in range(wide))
    return wide, set(pixels)


def test_the_icons_are_drawn_as_teams_wants_them(packed: zipfile.ZipFile) -> None:
    size, colours = _pixels(packed.read("color.png"))
    assert size == 192
    assert {pixel[3] for pixel in colours} == {255}
    assert len(colours) > 10, "its edges are soft"
    size, colours = _pixels(packed.read("outline.png"))
    assert size == 32
    assert {pixel[:3] for pixel in colours} == {b"\xff\xff\xff"}, "white, and else transparent"
    assert {0, 255} <= {pixel[3] for pixel in colours}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--app-id", "turnabout"), "The app id is the application (client) id"),
        (("--app-id", ""), "The app id is the application (client) id"),
        (("--website", "http://example.org"), "--website"),
        (("--website", ""), "--website"),
        (("--privacy", "example.org/privacy"), "example.org/privacy cannot be your page"),
        (("--publisher", "A" * 33), "1 to 32 letters"),
        (("--output", "/no/such/folder/turnabout.zip"), "No such file"),
    ],
)
def test_what_teams_would_refuse_is_refused_in_one_line(
    more: tuple[str, str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TEAMS_APP_ID", raising=False)
    file = tmp_path / "turnabout.zip"
    assert cli.main([*MAKE, str(file), *more]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert not file.exists()


def test_the_part_of_the_sdk_that_fails_on_every_invoke_is_not_installed() -> None:
    """Point 35."""
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "botbuilder-core==" in locked
    assert "botbuilder-integration-aiohttp" not in locked


def test_the_app_id_is_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAMS_APP_ID", APP.upper())
    file = tmp_path / "turnabout.zip"
    assert cli.main(["teams", "package", "--website", PAGE, "--output", str(file)]) == 0
    assert json.loads(zipfile.ZipFile(file).read("manifest.json"))["id"] == APP
