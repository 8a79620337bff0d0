"""The playground from the outside: whatever a page posts gets a sentence, never an error."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape

import httpx
import pytest

from adapters.web import inbound, outbound
from adapters.web.wire import HEADERS, is_here
from bot.cards import Button, Card
from bot.inputs import Pressed, Said, Submitted
from tests.playground import MONDAY, opened, settled_in

OWN = {"sec-fetch-site": "same-origin"}
ROOT = "http://127.0.0.1:8000"
EVERY_GET = (
    *("/", "/?pair=nobody", "/nowhere", "/act", "/clock", "/screen/ada", "/screen/nobody"),
    *(f"/static/{name}" for name in ("page.css", "page.js", "logo.svg", "nothing.js")),
)


@pytest.fixture
def settings(tmp_path):
    return settled_in(tmp_path)


@pytest.fixture
async def playground(settings):
    async with opened(settings) as playground:
        yield playground


@pytest.fixture
async def page(playground):
    async with browser(playground) as client:
        yield client


def browser(playground, **told):
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(playground.app), base_url=ROOT, headers=OWN, **told
    )


async def screen(page, user):
    """Return what someone sees, as HTML."""
    answer = await page.get(f"/screen/{user}")
    assert answer.status_code == 200
    return answer.text


def buttons(html):
    """Return the buttons of the live card in the chat: their words, and where they lead."""
    log = html.partition('data-part="home"')[0]
    found = re.findall(r'data-press="([^"]+)" data-item="([^"]+)"[^>]*>([^<]+)<', log)
    return {unescape(label): (item, action) for action, item, label in found}


async def presses(page, user, label):
    item, action = buttons(await screen(page, user))[label]
    told = {"user": user, "kind": "press", "item": item, "action": action}
    return (await page.post("/act", json=told)).json()


async def both_say_yes(page, playground):
    for user in ("ada", "ben"):
        await presses(page, user, "Yes, I would like to")
        await playground.house.intake.settled()


# What anybody may send


NONSENSE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'"words"',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"user": ' + b"9" * 6000 + b"}",
    *(
        json.dumps(body).encode()
        for body in (
            {},
            {"user": "ada"},
            {"user": ["ada"], "kind": "press"},
            {"user": {"ada": 1}, "kind": "say", "text": "hello"},
            {"user": "ada", "kind": 7},
            {"user": "ada", "kind": "press"},
            {"user": "ada", "kind": "press", "item": "", "action": "accept"},
            {"user": "ada", "kind": "press", "item": None, "action": None},
            {"user": "ada", "kind": "press", "item": "x" * 10_000, "action": "y" * 10_000},
            {"user": "ada", "kind": "press", "item": "\0\0", "action": "\ud800"},
            {"user": "ada", "kind": "press", "item": "\ud800@\0", "action": "accept"},
            {"user": "ada", "kind": "submit"},
            {"user": "ada", "kind": "submit", "item": "purpose@1", "answers": "words"},
            {"user": "ada", "kind": "submit", "item": "purpose@1", "answers": {"why": {"a": 1}}},
            {"user": "ada", "kind": "submit", "item": "rest@1", "answers": {"": [[[]]]}},
            {"user": "ada", "kind": "say"},
            {"user": "ada", "kind": "say", "text": 7},
            {"user": "ada", "kind": "say", "text": "a" * 10_000},
            {"user": "ada", "kind": "say", "text": "\0"},
            {"user": "ada", "kind": "say", "text": "\ud83d lone"},
            {"user": "ada", "kind": "say", "text": "<script>alert(1)</script>"},
            {"user": "ada", "kind": "ask", "action": "no such command"},
            {"user": "ada", "kind": "say", "text": "help", "id": "\0" * 300},
            {"user": "ada\0", "kind": "say", "text": "help"},
            {"user": "\ud800", "kind": "say", "text": "help"},
            {"user": "ada", "pair": "\ud800\0", "kind": "say", "text": "help"},
            {"user": "ada", "pair": 7, "kind": "say", "text": "help"},
        )
    ),
]


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
async def test_whatever_is_posted_gets_a_kind_sentence(page, body):
    before = await screen(page, "ada")
    headers = {"content-type": "application/json"}
    for path in ("/act", "/clock"):
        answer = await page.post(path, content=body, headers=headers)
        assert answer.status_code < 500
        told = answer.json()
        assert set(told) == {"ok", "notice", "bubble", "sheet"}
        if answer.status_code >= 400:
            assert told["ok"] is False
        if not told["ok"]:
            assert re.search(r"[a-z]{3}.*[.!]$", told["notice"])
        assert "<script" not in told["bubble"]
    assert buttons(await screen(page, "ada")) == buttons(before)


def test_a_lone_half_of_a_letter_and_a_nul_are_mended():
    posted = inbound.posted({"user": "a\0da", "kind": "say", "text": "x\0\ud800y"})
    assert posted.user == "ada"
    assert posted.input == Said("x\ufffdy")


def test_a_long_message_is_cut_and_a_long_answer_is_not():
    """The form itself says what is too long, and gives it back whole."""
    said = inbound.posted({"user": "ada", "kind": "say", "text": "x" * 30_000})
    assert isinstance(said.input, Said)
    assert len(said.input.text) == inbound.MOST_LETTERS
    answers = {"why": ["x" * 30_000], "many": [str(n) for n in range(80)]}
    sent = inbound.posted({"user": "ada", "kind": "submit", "item": "i", "answers": answers})
    assert isinstance(sent.input, Submitted)
    assert len(sent.input.answers["why"][0]) == 30_000
    assert len(sent.input.answers["many"]) == inbound.MOST_PARTS


def test_a_button_is_read_as_it_was_drawn():
    posted = inbound.posted(
        {
            "user": "ada",
            "pair": "p",
            "id": "1",
            "kind": "press",
            "item": "topic@1",
            "action": "take",
        }
    )
    assert posted.input == Pressed("topic@1", "take")
    assert (posted.pair, posted.id) == ("p", "1")


def test_a_kept_card_is_drawn_as_it_was():
    card = Card(
        "topic", "topic@1", "A title", "A preview", ("It happened",), (), "Only you", "More waits",
        (Button("topic@1", "take", "Take it"), Button("topic@1", "answer", "Other", opens=True)),
        "r",
    )  # fmt: skip
    kept = json.loads(json.dumps(outbound.written(card)))
    shown = outbound.drawn(kept)
    assert [b["label"] for b in shown["buttons"]] == ["Take it", "Other"]
    assert (shown["title"], shown["lead"], shown["foot"]) == (
        "A title",
        ["It happened"],
        "More waits",
    )
    old = outbound.drawn(kept, live=False)
    assert old["buttons"] == []
    assert old["title"] == "A title"


@pytest.mark.parametrize("kept", [None, 7, {}, {"body": 7, "buttons": [[1]], "lead": "x"}])
def test_a_message_kept_by_an_older_release_is_drawn_with_what_it_has(kept):
    assert outbound.drawn(kept)["buttons"] == []


async def test_too_much_at_once_is_refused_kindly(page):
    body = json.dumps({"user": "ada", "kind": "say", "text": "x" * (256 * 1024)})
    answer = await page.post("/act", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert "still here" in answer.json()["notice"]


async def test_just_under_too_much_is_read(page):
    told = {"user": "ada", "kind": "say", "text": "x" * 250_000}
    answer = await page.post("/act", json=told)
    assert answer.status_code == 200
    assert answer.json()["notice"]


# Who may ask


async def test_every_answer_carries_the_same_headers(page):
    answers = [await page.get(path) for path in EVERY_GET]
    answers += [await page.post(path, json={}) for path in ("/act", "/clock", "/restart", "/none")]
    answers += [await page.get("/", headers={"host": "example.org"})]
    answers += [await page.post("/act", json={}, headers={"sec-fetch-site": "cross-site"})]
    answers += [await page.put("/act", json={})]
    for answer in answers:
        assert answer.status_code < 500
        assert HEADERS.items() <= dict(answer.headers).items(), answer.url


async def test_looking_changes_nothing(page, playground):
    before = (await playground.pair()).journal
    shown = await screen(page, "ada")
    for path in EVERY_GET:
        await page.get(path)
    assert (await playground.pair()).journal == before
    assert buttons(await screen(page, "ada")) == buttons(shown)


@pytest.mark.parametrize(
    "host", ["example.org", "127.0.0.1.example.org", "localhost.example.org:8000", "", "[::2]",
             "127.0.0.1:8000@example.org", "0.0.0.0:8000", "127.0.0.1:80:80"],
)  # fmt: skip
async def test_another_name_for_this_machine_is_refused(page, host):
    answer = await page.get("/", headers={"host": host})
    assert answer.status_code == 403
    assert "127.0.0.1" in answer.json()["notice"]


def test_the_names_of_this_machine_are_accepted():
    for host in ("127.0.0.1", "127.0.0.1:8000", "localhost:1", "LocalHost", "[::1]", "[::1]:8000"):
        assert is_here([host]), host
    assert not is_here([])
    assert not is_here(["localhost", "localhost"])


@pytest.mark.parametrize(
    "forged",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": ROOT},
        {"sec-fetch-site": "same-origin", "content-type": "text/plain"},
        {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"},
    ],
)
@pytest.mark.parametrize("path", ["/act", "/clock", "/restart"])
async def test_a_post_from_another_page_is_refused(page, playground, path, forged):
    item, action = buttons(await screen(page, "ada"))["Yes, I would like to"]
    told = {"user": "ada", "kind": "press", "item": item, "action": action, "move": "day"}
    headers = {"content-type": "application/json", **forged}
    before = len((await playground.pair()).journal)
    answer = await page.post(path, content=json.dumps(told), headers=headers)
    assert answer.status_code == 403
    assert answer.json()["ok"] is False
    assert len((await playground.pair()).journal) == before
    assert playground.restarts == 0


async def test_without_the_browsers_word_only_our_own_origin_counts(playground):
    told = {"user": "ada", "kind": "say", "text": "help"}
    transport = httpx.ASGITransport(playground.app)
    async with httpx.AsyncClient(transport=transport, base_url=ROOT) as bare:
        for origin, status in (
            (None, 403),
            ("http://127.0.0.1:9", 403),
            ("null", 403),
            (ROOT, 200),
        ):
            headers = {"origin": origin} if origin else {}
            assert (await bare.post("/act", json=told, headers=headers)).status_code == status


async def test_nobody_can_be_made_up(page):
    answer = await page.post("/act", json={"user": "mallory", "kind": "say", "text": "help"})
    assert answer.status_code == 404
    assert "do not know" in answer.json()["notice"]
    assert (await page.get("/screen/mallory")).status_code == 404


async def test_another_pairs_button_is_not_to_be_pressed(page, playground):
    other = await playground.moves_in(
        ("eve", "Eve", "Europe/Paris", "FR"), ("oz", "Oz", "Europe/Rome", "IT")
    )
    item, action = buttons(await screen(page, "eve"))["Yes, I would like to"]
    before = buttons(await screen(page, "eve"))
    for pair in (other, None, "p7"):
        told = {"user": "ada", "pair": pair, "kind": "press", "item": item, "action": action}
        answer = await page.post("/act", json=told)
        assert answer.status_code == 200
        assert answer.json()["notice"]
    assert buttons(await screen(page, "eve")) == before


async def test_several_pairs_are_offered_to_choose_from(page, playground):
    other = await playground.moves_in(
        ("eve", "Eve <b>", "Europe/Paris", "FR"), ("oz", "Oz", "Europe/Rome", "IT")
    )
    chooser = (await page.get("/")).text
    assert "Ada Lind teaches Ben Okoro" in chooser
    assert "Eve &lt;b&gt; teaches Oz" in chooser
    chosen = (await page.get("/", params={"pair": other})).text
    assert 'data-user="eve"' in chosen
    assert 'data-user="ada"' not in chosen


# What happens


async def test_the_page_says_who_teaches_and_who_learns(page):
    html = (await page.get("/")).text
    assert '<html lang="en">' in html
    assert html.index("the junior, who teaches") < html.index("the senior, who comes to learn")
    assert html.index("Ada Lind") < html.index("Ben Okoro")
    assert not re.search(r"(?:src|href)=\"(?!/|#)", html)
    assert not re.search(r"<script(?! src)|<style|\son\w+=|\sstyle=", html)


async def test_a_press_is_taken_once_and_a_repeat_changes_nothing(page, playground):
    item, action = buttons(await screen(page, "ada"))["Yes, I would like to"]
    told = {"user": "ada", "kind": "press", "item": item, "action": action, "id": "one"}
    for _ in range(2):
        answer = (await page.post("/act", json=told)).json()
        assert answer["ok"] is True
    await playground.house.intake.settled()
    assert len((await playground.pair()).journal) == 2
    assert "Yes, I would like to" in buttons(await screen(page, "ben"))
    assert "Yes, I would like to" not in buttons(await screen(page, "ada"))


async def test_tell_me_more_comes_back_as_a_bubble_with_its_lists(page, playground):
    await both_say_yes(page, playground)
    told = await presses(page, "ada", "Tell me more")
    assert told["ok"] is True
    assert "<ul><li>" in told["bubble"]
    assert 'class="small-head"' in told["bubble"]
    assert "- Private answers" not in told["bubble"]


async def test_a_refused_form_comes_back_with_everything_in_it(page, playground):
    await both_say_yes(page, playground)
    await presses(page, "ada", "Ben Okoro does")
    await playground.house.intake.settled()
    opened = await presses(page, "ada", "Start my draft")
    item = re.search(r'data-item="([^"]+)"', opened["sheet"])[1]
    typed = 'Quotes " and <tags> & ' + "x" * 25_000
    told = {"user": "ada", "kind": "submit", "item": item, "answers": {"why_own": [typed]}}
    answer = (await page.post("/act", json=told)).json()
    assert typed in unescape(answer["sheet"])
    assert "<tags>" not in answer["sheet"]
    assert 'id="f-' in answer["sheet"]
    assert "That is a little long" in answer["sheet"]
    assert 'aria-invalid="true"' in answer["sheet"]


async def test_a_form_that_has_moved_on_is_not_taken_and_says_so(page, playground):
    await both_say_yes(page, playground)
    told = {"user": "ada", "kind": "submit", "item": "gone@1", "answers": {"why": ["heard"]}}
    answer = (await page.post("/act", json=told)).json()
    assert answer["ok"] is False
    assert "What you wrote is still in it" in answer["notice"]


async def test_old_cards_have_no_buttons(page, playground):
    await both_say_yes(page, playground)
    html = await screen(page, "ada")
    old = re.findall(r'<article class="card past".*?</article>', html, re.DOTALL)
    assert all("<button" not in card for card in old)
    assert html.count("<article") == len(old) + 1


async def test_moving_the_clock_reminds_in_order(page, playground):
    before = playground.house.clock.now()
    answer = await page.post("/clock", json={"move": "next"})
    assert answer.json()["ok"] is True
    assert playground.house.clock.now() > before
    moved = await page.post("/clock", json={"move": "month3"})
    assert moved.json()["ok"] is True
    assert playground.house.clock.now().month == 6
    entries = (await playground.pair()).journal
    assert [e.at for e in entries] == sorted(e.at for e in entries)
    again = (await page.post("/clock", json={"move": "month3"})).json()
    assert again["ok"] is False
    assert "behind us" in again["notice"]
    assert playground.house.clock.now() > MONDAY


async def test_starting_over_is_asked_of_whoever_opened_the_playground(page, playground):
    assert "data-restart" in (await page.get("/")).text
    assert (await page.post("/restart", json={})).json()["ok"] is True
    assert playground.restarts == 1


async def test_the_stream_tells_whose_screen_has_changed(playground):
    """The test's transport gathers a whole answer, so the app is called as a server would."""
    lines: asyncio.Queue[bytes] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        await lines.put(message.get("body", b""))

    scope = {
        "type": "http", "method": "GET", "path": "/events", "raw_path": b"/events", "root_path": "",
        "query_string": b"", "scheme": "http", "http_version": "1.1", "headers":
        [(b"host", b"localhost")], "asgi": {"version": "3.0", "spec_version": "2.3"},
    }  # fmt: skip
    stream = asyncio.create_task(playground.app(scope, receive, send))
    async with asyncio.timeout(20), browser(playground) as page:
        assert await lines.get() == b""
        assert b"retry" in await lines.get()
        await presses(page, "ada", "Yes, I would like to")
        assert (await lines.get()).startswith(b"data: ")
        gone.set()
        await stream
