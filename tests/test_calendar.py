"""Meetings in calendars: whoever reads one sees when, where, and nothing of what it is for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.calendar import ics, links
from adapters.calendar.addresses import Addresses
from adapters.calendar.occasions import next_one, occasion, occasions
from adapters.calendar.signed import Signer
from adapters.calendar.words import Words
from bot.flows import leaving, meeting
from bot.flows.meeting import Moved
from bot.moment import Moment
from tests.calendars import (
    PUBLISHED,
    Program,
    agrees,
    events,
    instant,
    keeping_from_assistants,
    lawful,
    with_each,
)
from tests.stage import BOOK, MONDAY, new_pair
from tests.test_journey import book, both_say_yes

if TYPE_CHECKING:
    from adapters.calendar.occasions import Occasion
    from tests.stage import Stage

NODE = Path(__file__).parent / "node"
HOUR = timedelta(hours=1)
SOON = datetime(2026, 11, 12, 14, 0, tzinfo=UTC)
LATER = SOON + timedelta(days=7)
ENGLISH, GERMAN = Words(BOOK), Words(BOOK, "de")
STRINGS = int(os.environ.get("STRINGS", "300"))
HOSTILE = (
    *("\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\0", "\t", "\x7f"),
    *("\r\nATTENDEE:mailto:eve@example.org", "\nATTACH:https://example.org/x", "\r\n ", "\n\t"),
    *("END:VEVENT\r\nEND:VCALENDAR", "\r\nBEGIN:VALARM\r\nACTION:EMAIL", "X-ALT-DESC;FMTTYPE=a:"),
    *(";", ",", ":", "\\", "\\n", "\\N", '"', "^n", "=", "%0D%0A", "&#10;", "<script>", "{{ x }}"),
    *("\u202e", "\u2066", "\ufeff", "\u200b", "\u200d", "\ud800", "\udfff", "\U000e0041", "\ue000"),
    *("a" * 80, "ä" * 80, "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 9, "e" + "\u0301" * 90),
    *("Café Blau", "Straße 7", "東京駅", "مكتبة", " ", "  ", "Ada Lind", "reverse mentoring"),
)


def meeting_of(where: str = "") -> Occasion:
    pair = agrees(new_pair(), SOON, MONDAY, where)
    (found,) = occasions(pair, MONDAY)
    return found


def hostile(dice: Random) -> str:
    pieces = dice.choices(HOSTILE, k=dice.randint(0, 6))
    pieces.append("".join(chr(dice.randrange(0x11_0000)) for _ in range(dice.randint(0, 4))))
    dice.shuffle(pieces)
    return "".join(pieces)


# From the journal


async def test_what_the_two_agree_on_is_what_their_calendars_show(stage: Stage) -> None:
    await both_say_yes(stage)
    assert occasions(stage.pair, stage.now) == ()
    await book(stage, "Book our first meeting")
    current = meeting.diary(stage.pair).current
    (found,) = occasions(stage.pair, stage.now)
    assert (found.start, found.end) == (current.moment.at, current.over)
    assert (found.sequence, found.place, found.cancelled) == (0, "cafe", False)
    assert next_one(stage.pair, stage.now) == found
    assert next_one(stage.pair, found.end) is None


def test_a_meeting_that_is_moved_keeps_its_name_and_rises_in_number() -> None:
    pair = agrees(new_pair(), SOON, MONDAY)
    (first,) = occasions(pair, MONDAY)
    pair = pair.with_events((Moved(),), pair.reverse_mentee.id, MONDAY + HOUR)
    (off,) = occasions(pair, MONDAY + HOUR)
    assert next_one(pair, MONDAY + HOUR) is None
    pair = agrees(pair, LATER, MONDAY + 2 * HOUR)
    (again,) = occasions(pair, MONDAY + 2 * HOUR)
    assert {first.uid, off.uid, again.uid} == {first.uid}
    assert [each.sequence for each in (first, off, again)] == [0, 1, 2]
    assert [each.cancelled for each in (first, off, again)] == [False, True, False]
    assert [each.changed for each in (first, off, again)] == [MONDAY + n * HOUR for n in range(3)]
    assert again.start == LATER


def test_each_meeting_has_a_name_of_its_own_that_tells_nothing() -> None:
    pair = agrees(new_pair(), SOON, MONDAY)
    pair = agrees(pair, LATER, SOON + 2 * HOUR)
    first, second = occasions(pair, SOON + 2 * HOUR)
    assert (first.no, second.no) == (1, 2)
    assert first.uid != second.uid
    assert all(re.fullmatch("[0-9a-f]{32}", each.uid) for each in (first, second))
    assert occasion(pair, 2, SOON + 2 * HOUR) == second
    assert occasion(pair, 3, SOON) is None


def test_a_meeting_beyond_an_early_end_is_called_off_when_that_is_told_and_not_before() -> None:
    pair = agrees(new_pair(), LATER, MONDAY)
    end = Moment.of(SOON, pair.reverse_mentor.zone)
    left = pair.with_events((leaving.Leaving(end),), pair.reverse_mentor.id, MONDAY + HOUR)
    before = SOON - timedelta(minutes=1)
    assert occasions(left, before) == occasions(pair, before)
    (off,) = occasions(left, SOON)
    assert off.cancelled
    assert (off.sequence, off.changed) == (1, SOON)


def test_who_was_erased_leaves_a_time_without_a_place() -> None:
    pair = new_pair()
    blank = meeting.Offered(Moment.of(SOON, "UTC"), "", where="")
    pair = pair.with_events((blank,), pair.reverse_mentee.id, MONDAY)
    taken = meeting.Taken(len(pair.journal), "first")
    pair = pair.with_events((taken,), pair.reverse_mentor.id, MONDAY)
    content = ics.published(occasions(pair, MONDAY), ENGLISH)
    (event,) = events(content)
    assert event["DTSTART"].dt == SOON
    assert "LOCATION" not in event


def test_where_assistants_are_to_see_nothing_a_calendar_has_a_time_and_no_place() -> None:
    """CH-4. Who keeps a calendar for somebody reads it, and private flags do not stop them."""
    pair = agrees(new_pair(), SOON, MONDAY, "Blue door")
    (open_,) = occasions(pair, MONDAY)
    (kept,) = occasions(with_each(pair, keeping_from_assistants(pair), MONDAY), MONDAY)
    assert (open_.place, open_.where) == ("cafe", "Blue door")
    assert kept == replace(open_, place="", where="")


# As iCalendar


def test_a_calendar_file_has_a_time_a_neutral_title_and_a_place() -> None:
    content = ics.published([meeting_of("Blue door")], GERMAN)
    (event,) = events(content)
    assert tuple(sorted(set(event))) == PUBLISHED
    assert (event["SUMMARY"], event["LOCATION"]) == ("Termin", "Café, Blue door")
    assert event["CLASS"] == "PRIVATE"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (SOON, SOON + HOUR)
    assert b"DTSTART:20261112T140000Z\r\n" in content
    assert b"METHOD:PUBLISH\r\n" in content
    assert b"ATTENDEE" not in content


def test_no_calendar_says_what_it_is_for() -> None:
    """INV-9: no topic, purpose, role or product; and no name."""
    told = [meeting_of(), meeting_of().called_off(MONDAY)]
    for words in (ENGLISH, GERMAN):
        files = [ics.published(told, words, words("feed")), *(ics.kept(o, words) for o in told)]
        files += [ics.mailed(o, words, "c@example.org", "a@example.org")[1] for o in told]
        for content in files:
            assert not re.search(rb"(?i)mentor|mentee|reverse|turnabout|topic|thema", content)
            assert not re.search(rb"Ada\b|Ben\b", content)


def test_whatever_is_typed_beside_a_place_stays_beside_the_place() -> None:
    """T-38. STRINGS=50000 tries as many."""
    dice = Random(38)
    expected = None
    for n in range(STRINGS):
        typed = hostile(dice)
        found = meeting_of()
        said = Words(BOOK, dice.choice(("en", "de")))
        content = ics.published([replace(found, where=typed)], said, said("feed"))
        names = lawful(content)
        expected = expected or names
        assert names == expected, n
        (event,) = events(content)
        assert set(event) == set(PUBLISHED), n
        assert str(event["LOCATION"]) == ics.place(replace(found, where=typed), said), n
        assert event["DTSTART"].dt == SOON


def test_what_is_typed_beside_a_place_is_kept_where_it_is_words() -> None:
    for typed in (
        "Café; Straße 7, 2. Stock",
        "مكتبة",
        "'quoted' \"door\"",
        "\U0001f468\u200d\U0001f467",
    ):
        (event,) = events(ics.published([meeting_of(typed)], ENGLISH))
        assert str(event["LOCATION"]) == f"Café, {typed}"
    assert ics.plain("a\r\n\u2028b\u202ec\0d\\Ne") == "a bc d/Ne"


def test_whoever_subscribes_sees_a_neutral_name_and_not_the_address() -> None:
    content = ics.published([meeting_of()], ENGLISH, ENGLISH("feed"))
    assert b"X-WR-CALNAME:Meetings\r\n" in content
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in content
    assert lawful(ics.published([], ENGLISH, ENGLISH("feed"))).count("BEGIN") == 1


def test_three_readers_understand_the_same_instants(tmp_path: Path) -> None:
    """One reader took the usual time zone rules for an hour later; so all is in UTC (ruling 23)."""
    if not shutil.which("node") or not (NODE / "node_modules").is_dir():
        pytest.skip("two readers are missing: install Node and run `npm ci --prefix tests/node`")
    changes = [datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    starts = [SOON, *(at + n * HOUR / 2 for at in changes for n in range(5))]
    meant, paths = [], []
    for n, start in enumerate(starts):
        (found,) = occasions(agrees(new_pair(), start, MONDAY, f"Tür {n}; a, b"), MONDAY)
        found = found.called_off(MONDAY + HOUR) if n % 3 == 2 else found
        meant.append(found)
        paths.append(tmp_path / f"{n}.ics")
        paths[-1].write_bytes(ics.published([found], GERMAN))
    command = ["node", NODE / "read.mjs", *paths]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    for found, path, readers in zip(meant, paths, told, strict=True):
        (event,) = events(path.read_bytes())
        expected = {
            "uid": found.uid,
            "sequence": found.sequence,
            "start": instant(found.start),
            "end": instant(found.end),
            "title": "Termin",
            "place": ics.place(found, GERMAN),
            "status": "CANCELLED" if found.cancelled else "CONFIRMED",
        }
        assert readers == {"ical.js": [expected], "node-ical": [expected]}
        assert instant(event["DTSTART"].dt) == expected["start"]
        assert instant(event["DTEND"].dt) == expected["end"]


# By mail


def invitations() -> list[bytes]:
    """Agreed, called off, agreed anew, called off for good: what each of these is mailed as."""
    pair, mailed = new_pair(), []
    for n, at in enumerate((SOON, None, LATER, None)):
        now = MONDAY + n * HOUR
        pair = agrees(pair, at, now) if at else pair.with_events((Moved(),), "ben", now)
        (found,) = occasions(pair, now)
        mailed.append(ics.mailed(found, ENGLISH, "calendar@example.org", "ada@example.org"))
    assert [method for method, _ in mailed] == ["REQUEST", "CANCEL", "REQUEST", "CANCEL"]
    return [content for _, content in mailed]


def test_an_invitation_an_update_and_its_end_leave_nothing_behind() -> None:
    first, off, again, end = invitations()
    program = Program()
    program.takes(first)
    assert list(program.kept.values()) == [SOON]
    program.takes(off)
    assert not program.kept
    program.takes(again)
    assert list(program.kept.values()) == [LATER]
    program.takes(end)
    assert not program.kept


@pytest.mark.parametrize("order", [(3, 0, 1, 2), (2, 3, 1, 0), (0, 2, 3, 1)])
def test_a_mail_that_comes_late_brings_nothing_back(order: tuple[int, ...]) -> None:
    mailed, program = invitations(), Program()
    for n in order:
        program.takes(mailed[n])
    assert not program.kept


def test_an_update_moves_what_was_there() -> None:
    first, _, again, _ = invitations()
    program = Program()
    program.takes(first)
    program.takes(again)
    assert list(program.kept.values()) == [LATER]


def test_every_invitation_is_from_the_same_and_to_one() -> None:
    for content in invitations():
        lawful(content)
        (event,) = events(content)
        assert event["ORGANIZER"] == "mailto:calendar@example.org"
        assert event["ATTENDEE"] == "mailto:ada@example.org"
        assert event["ATTENDEE"].params["RSVP"] == "FALSE"


# Links


def test_links_carry_a_time_and_a_neutral_title_and_nothing_typed() -> None:
    found = meeting_of("Blue door")
    google = parse_qs(urlsplit(links.google(found, ENGLISH)).query)
    assert google == {
        "action": ["TEMPLATE"],
        "text": ["Meeting"],
        "dates": ["20261112T140000Z/20261112T150000Z"],
    }
    outlook = parse_qs(urlsplit(links.outlook(found, ENGLISH)).query)
    assert (outlook["subject"], outlook["startdt"]) == (["Meeting"], ["2026-11-12T14:00:00Z"])
    assert outlook["enddt"] == ["2026-11-12T15:00:00Z"]
    assert set(outlook) == {"path", "rru", "subject", "startdt", "enddt"}


def test_what_we_sign_we_know_again_until_it_expires() -> None:
    signer = Signer(bytes(32))
    word = signer.sign("meeting", SOON, "p1", "ada", "1")
    assert signer.read("meeting", word, SOON - HOUR) == ("p1", "ada", "1")
    assert signer.read("meeting", word, SOON) is None
    assert signer.read("placing", word, SOON - HOUR) is None
    assert Signer(bytes([1] * 32)).read("meeting", word, SOON - HOUR) is None
    for part in ("a.b", "", "a b", "ä"):
        with pytest.raises(ValueError, match="letters"):
            signer.sign("meeting", SOON, part)


def test_a_signed_word_that_was_changed_opens_nothing() -> None:
    signer, dice = Signer(bytes(32)), Random(7)
    word = signer.sign("meeting", SOON, "p1", "ada", "1")
    for n in range(len(word)):
        changed = word[:n] + ("A" if word[n] != "A" else "B") + word[n + 1 :]
        assert signer.read("meeting", changed, MONDAY) is None
    for _ in range(300):
        assert signer.read("meeting", hostile(dice), MONDAY) is None
    longer = word.replace(str(int(SOON.timestamp())), str(int(LATER.timestamp())))
    assert signer.read("meeting", longer, MONDAY) is None


def test_the_address_of_a_file_is_the_same_for_as_long_as_the_time_is() -> None:
    """So a card that shows it looks the same whenever it is drawn."""
    addresses = Addresses("https://example.org", Signer(bytes(32)))
    pair = agrees(new_pair(), SOON, MONDAY)
    (found,) = occasions(pair, MONDAY)
    (later,) = occasions(pair, SOON - HOUR)
    address = addresses.file(pair.id, pair.reverse_mentor.id, found)
    assert address == addresses.file(pair.id, pair.reverse_mentor.id, later)
    word = address.removeprefix("https://example.org/cal/once/").removesuffix(".ics")
    assert addresses.filed(word, SOON) == (pair.id, "ada", 1)
    assert addresses.filed(word, SOON + timedelta(days=2)) is None
