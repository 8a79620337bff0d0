"""What a turn costs on Slack, against the least that bolt can do: an echo of one message.

Both are served by this process, in turn, on the same server; the person's side and Slack's are
processes of their own. The echo checks a signature, finds its listener and makes one call; our turn
also decides, words two screens, and commits twice.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

from adapters import app
from adapters.settings import Settings, new_key
from adapters.slack.address import Address
from adapters.store.migrate import upgrade
from adapters.store.sql import SqlStore
from bot import facilitator
from bot.people import Account
from tests import bench
from tests.slack_people import FORM, SECRET, signed
from tests.slack_world import paired
from tests.stage import BOOK

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.house import House
    from bot.journal import PairId

OURS, ECHO, SLACK = 8927, 8928, 8929
API, ECHOED = (f"http://127.0.0.1:{SLACK}/{way}/" for way in ("api", "echo"))
PAIRS, ROUNDS, TURNS = 40, 3, 80
RATE, SECONDS = 100, 4
ELSEWHERE = 0.00047  # seconds of CPU for a bare echo on the machine that the goals were set on
PATIENCE = 3000  # milliseconds that Slack waits for an answer


async def measure(folder: Path) -> None:
    """Print the figures."""
    logging.getLogger("turnabout.slack").setLevel(logging.ERROR)  # of a hurry only figures are said
    url = f"sqlite:///{folder / 'slack.db'}"
    await asyncio.get_running_loop().run_in_executor(None, upgrade, url)
    key = new_key()
    presses = folder / "presses"
    presses.write_text(json.dumps(await _prepared(url, key)), encoding="utf-8")
    ahead = (bench.NOON - datetime.now(UTC)).total_seconds()
    (folder / "clock").write_text(str(ahead), encoding="ascii")
    told = {"playground": True, "data": folder, "slack_token": "x", "slack_secret": SECRET}
    settings = Settings(url, key, slack_api=API, **told)
    fake = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.slack_bench", "slack")
    async with aiohttp.ClientSession() as session:
        ours = app.build(settings)
        running = [await bench.served(ours, OURS)]
        running += [await bench.served(_echo(session), ECHO)]
        echo = await _compare(str(presses), str(ahead), ours.state.house)
        await _hurry(str(presses), str(ahead), session, echo)
        for server, task in running:
            server.should_exit = True
            await task
    fake.terminate()
    await fake.wait()


async def _prepared(url: str, key: str) -> list[list[str]]:
    """Return the presses of many people, each in a workspace of their own."""
    store = await SqlStore.open(url, Settings(url, key).master_key(), BOOK.catalogue)
    found = []
    for number in range(PAIRS):
        two = (Account("web", "w", f"ada{number}"), Account("slack", f"T{number}", "UBEN"))
        made: PairId = await store.run(lambda c, two=two: paired(c, store, two, bench.NOON))
        one = bench.Bench(store, made)
        await one.grow(10)
        pair = await one.now()
        keys = {i.thread: i.key for i in facilitator.inbox(pair, pair.reverse_mentee, bench.NOON)}
        for item in (keys["topic"], keys["meeting:1"]):
            found += [[f"T{number}", Address(made, item, "open").written()]]
    await store.close()
    return found


def _echo(session: aiohttp.ClientSession) -> Starlette:
    """Return the least bolt can do: the same press, and one message for it."""
    client = AsyncWebClient("x", ECHOED, session=session, retry_handlers=[])
    bolt = AsyncApp(client=client, signing_secret=SECRET, process_before_response=True)

    async def pressed(ack, body, client):
        await client.chat_postMessage(channel="D1", text=body["actions"][0]["value"])
        await ack()

    bolt.action("press:0")(pressed)
    handler = AsyncSlackRequestHandler(bolt)
    return Starlette(routes=[Route("/slack/events", handler.handle, methods=["POST"])])


async def _compare(presses: str, ahead: str, house: House) -> float:
    """Print what a turn costs; return what the echo does, in seconds of CPU."""
    spent: dict[str, list[float]] = {"ours": [], "echo": [], "front": [], "known": []}
    for number in range(ROUNDS + 1):  # the first warms up
        for name, port, what, start in (
            ("ours", OURS, "press", number * TURNS),
            ("echo", ECHO, "press", number * TURNS),
            ("front", OURS, "unheard", number * TURNS),
            ("known", OURS, "press", 0),  # once more what was done in the first round
        ):
            before = time.process_time()
            shift = ahead if port == OURS else "0"
            await _client(port, what, presses, shift, str(TURNS), "0", str(start))
            await house.intake.settled()  # what is being delivered belongs to it
            await house.slack.settled()
            if number:
                spent[name].append((time.process_time() - before) / TURNS)
    middle = {name: statistics.median(values) for name, values in spent.items()}
    bench.told(
        "Slack: CPU of a durable turn over a bare bolt echo", middle["ours"] / middle["echo"], 8
    )
    parts = {
        "gate, bolt and reading": middle["front"],
        "whose it is, and whether it was done already": middle["known"] - middle["front"],
        "the turn, both screens' words, its call and its note": middle["ours"] - middle["known"],
    }
    for name, part in parts.items():
        bench.told(f"Slack: part, {name}", part / middle["echo"], None)
    bench.told("Slack: where we want that turn to be", middle["ours"] / middle["echo"], 4)
    return middle["echo"]


async def _hurry(presses: str, ahead: str, session: aiohttp.ClientSession, echo: float) -> None:
    """Print how long an answer takes at a hundred presses a second, and while Slack hangs.

    And at as many as load this machine as a hundred load that on which the goal was set.
    """
    same = max(1, round(RATE * ELSEWHERE / echo))
    hangs = " while the Web API hangs"
    for name, rate, start, goal in (
        ("", RATE, 3000, 50),
        (" (this machine as busy as that of the goal)", same, 4000, 50),
        (hangs, RATE, 5000, 250),
    ):
        if name == hangs:
            await session.get(f"{API}hang")
        told = (str(rate * SECONDS), str(rate), str(start))
        p50, p99, most = await _client(OURS, "press", presses, ahead, *told)
        holds = "holds" if p99 <= goal else "short"
        asked = f"Slack: an answer at {rate}/s{name}"
        print(f"{asked}: p50 {p50:.1f} ms, p99 {p99:.1f} ms <= {goal} ms  {holds}", flush=True)
        holds = "holds" if most < PATIENCE else "short"
        print(f"{asked}: the longest {most:.1f} ms < {PATIENCE} ms  {holds}", flush=True)
    async with session.get(f"{API}go") as said:
        asked = (await said.json())["auth.test"]
    print(f"Slack: auth.test was asked {asked} times <= 0  {'short' if asked else 'holds'}")


async def _client(port: int, *told: str) -> list[float]:
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.slack_bench", str(port), *told, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await client.communicate()
    assert client.returncode == 0
    return json.loads(out)


# In processes of their own


async def press(
    port: str, what: str, presses: str, ahead: str, count: str, rate: str, start: str
) -> None:
    """Press so many buttons, one after the other or at a rate; print how long the answers took."""
    with open(presses, encoding="utf-8") as file:  # noqa: ASYNC230, PTH123  # once, before anything
        known = json.load(file)
    took: list[float] = []
    async with aiohttp.ClientSession() as session:

        async def one(number: int) -> None:
            raw, headers = _signed(what, *known[number % len(known)], number, float(ahead))
            began = time.perf_counter()
            url = f"http://127.0.0.1:{port}/slack/events"
            async with session.post(url, data=raw, headers=headers) as answer:
                assert answer.status == 200, answer.status
                await answer.read()
            took.append((time.perf_counter() - began) * 1000)

        numbers = range(int(start), int(start) + int(count))
        if rate == "0":
            for number in numbers:
                await one(number)
        else:
            began, tasks = time.perf_counter(), []
            for number in numbers:
                due = began + (number - int(start)) / int(rate)
                await asyncio.sleep(max(0, due - time.perf_counter()))
                tasks.append(asyncio.create_task(one(number)))
            await asyncio.gather(*tasks)
    took.sort()
    print(json.dumps([took[len(took) // 2], took[int(len(took) * 0.99)], took[-1]]))


def _signed(
    what: str, team: str, value: str, number: int, ahead: float
) -> tuple[bytes, dict[str, str]]:
    action = {"type": "button", "action_id": "press:0", "block_id": "b", "value": value,
              "action_ts": f"{number}.1"}  # fmt: skip
    payload = {
        "type": "block_actions" if what == "press" else "nothing_we_know",
        "user": {"id": "UBEN", "team_id": team},
        "team": {"id": team},
        "trigger_id": f"{number}.2",
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "D1"},
        "channel": {"id": "D1"},
        "actions": [action],
    }
    raw = urlencode({"payload": json.dumps(payload)}).encode()
    return raw, {**signed(raw, str(int(time.time() + ahead))), "content-type": FORM}


async def slack() -> None:
    """Be Slack: say yes to everything, or nothing for as long as told to hang."""
    go, asked = asyncio.Event(), Counter({"auth.test": 0})
    go.set()

    async def answer(request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if method in {"hang", "go"}:
            go.clear() if method == "hang" else go.set()
            return web.json_response(asked)
        asked[method] += request.match_info["way"] == "api"  # the echo asks for itself
        await go.wait()
        user = {"id": "UBEN", "tz": "Europe/Berlin", "locale": "en-GB"}
        told = {"ok": True, "ts": "1.1", "channel": {"id": "D1"}, "user": user, "bot_id": "B1"}
        return web.json_response({**told, "user_id": "UBOT", "team_id": "T1"})

    server = web.Application()
    server.router.add_route("*", "/{way}/{method}", answer)
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", SLACK).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(slack() if sys.argv[1] == "slack" else press(*sys.argv[1:]))
