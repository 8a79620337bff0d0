"""What a turn at Teams costs, beside an echo of the SDK's own and an echo without it.

All three check the same tokens and send one activity to the same connector, which is in a process
of its own with whoever presses. Ours writes a durable turn besides. `python -m tests.bench_teams`
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web
from botbuilder.core import CloudAdapterBase, TurnContext
from botbuilder.schema import Activity
from botframework.connector.auth import (
    BotFrameworkAuthenticationFactory,
    MicrosoftAppCredentials,
    PasswordServiceClientCredentialFactory,
)
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from adapters import app
from adapters.clock import WallClock
from adapters.settings import Settings, TeamsSettings, new_key
from adapters.store import roster
from adapters.store.migrate import upgrade
from adapters.store.references import Address, Place
from adapters.teams import inbound
from adapters.teams.auth import Gate, KeyRing
from adapters.teams.connector import Connector
from adapters.teams.tokens import ClientTokens, Credentials
from bot import facilitator
from tests.bench import NOON, ROUNDS, TURNS, prepared, served, told
from tests.fake_teams import APP, ISSUER, SECRET, TENANT, Client, FakeTeams
from tests.teams_stage import teams_account

if TYPE_CHECKING:
    from starlette.requests import Request

TEAMS, OURS, STOCK, BARE, WHOLE = 8920, 8921, 8922, 8923, 8924
NUDGES = 100


class Free:
    """A pace for measuring: as fast as it goes."""

    async def turn(self, lanes: object) -> None:
        """Wait for nothing."""


# The process of Teams: its connector, and somebody who presses


def be_teams() -> None:
    """Serve a Teams until the process is ended."""
    fake = FakeTeams(WallClock(), f"http://127.0.0.1:{TEAMS}")
    served_app = fake.app()
    reply = f"/emea/{TENANT}/v3/conversations/{{chat}}/activities/{{id}}"

    async def drive(request: web.Request) -> web.Response:
        await _drive(fake, await request.json())
        return web.json_response({})

    async def arrived(request: web.Request) -> web.Response:
        return web.json_response(sum(each.edits for each in fake.chat("a:ben")))

    async def took(request: web.Request) -> web.Response:
        return web.json_response({"id": "1"})

    async def asked(request: web.Request) -> web.Response:
        return web.json_response(fake.tokens)

    known = [web.get("/arrived", arrived), web.get("/asked", asked)]
    served_app.add_routes([web.post("/drive", drive), *known, web.post(reply, took)])
    web.run_app(served_app, host="127.0.0.1", port=TEAMS, print=None, access_log=None)


async def _drive(fake: FakeTeams, told: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    lasts = {
        "nbf": int((min(now, NOON) - timedelta(hours=1)).timestamp()),
        "exp": int((max(now, NOON) + timedelta(days=1)).timestamp()),
    }
    headers = {"authorization": f"Bearer {fake.token(**lasts)}"}
    ben = Client(fake, None, "ben")  # type: ignore[arg-type]
    url = f"http://127.0.0.1:{told['port']}/api/messages"
    async with aiohttp.ClientSession(headers=headers) as session:
        for count in range(TURNS):
            activity = _activity(ben, told, count)
            async with session.post(url, json=activity) as answer:
                assert answer.status in {200, 201}, await answer.text()


def _activity(ben: Client, told: dict[str, Any], count: int) -> dict[str, Any]:
    if not told["items"]:
        return {**ben.message(text="hello"), "id": f"{told['run']}-{count}"}
    data = {"pair": told["pair"], "item": told["items"][count % 2], "action": "open"}
    value = {"action": {"type": "Action.Execute", "verb": "open", "data": data}}
    activity = ben.activity("invoke", name="adaptiveCard/action", value=value, replyToId="1")
    return {**activity, "id": f"{told['run']}-{count}"}


# The three that are measured


class Stubbed(PasswordServiceClientCredentialFactory):  # type: ignore[misc]
    """The SDK's credentials, without the request for a token that it makes for every turn."""

    async def create_credentials(self, *_: object, **__: object) -> MicrosoftAppCredentials:
        found = MicrosoftAppCredentials(APP, SECRET)
        found.get_access_token = lambda *_: "bot-0"
        return found


def stock(fake: FakeTeams) -> Starlette:
    """Return an echo as the SDK's samples have it."""
    check = BotFrameworkAuthenticationFactory.create(
        to_channel_from_bot_login_url="https://login.example",
        to_channel_from_bot_oauth_scope="scope",
        to_bot_from_channel_token_issuer=ISSUER,
        oauth_url="https://token.example",
        to_bot_from_channel_open_id_metadata_url=fake.cloud.metadata,
        to_bot_from_emulator_open_id_metadata_url=fake.cloud.metadata,
        caller_id="urn:botframework:azure",
        credential_factory=Stubbed(APP, SECRET),
    )
    adapter = CloudAdapterBase(check)

    async def echo(context: TurnContext) -> None:
        await context.send_activity(f"echo {context.activity.text}")

    async def messages(request: Request) -> Response:
        activity = Activity().deserialize(await request.json())
        await adapter.process_activity(request.headers["authorization"], activity, echo)
        return Response(status_code=201)

    return Starlette(routes=[Route("/api/messages", messages, methods=["POST"])])


def bare(fake: FakeTeams, session: aiohttp.ClientSession) -> Starlette:
    """Return an echo of our own parts, without the SDK and without a store."""
    clock = WallClock()
    tokens = ClientTokens(session, fake.cloud, Credentials(APP, TENANT, SECRET), clock)
    connector = Connector(session, fake.cloud, tokens, Free())  # type: ignore[arg-type]
    gate = Gate(KeyRing(session, fake.cloud.metadata, clock), fake.cloud, APP, TENANT, clock)

    async def messages(request: Request) -> Response:
        claims = await gate.verified(request.headers["authorization"], "")
        activity = json.loads(await request.body())
        gate.admits(claims, activity)
        arrival = inbound.read(activity)
        assert arrival.address
        await connector.post(arrival.address, {"type": "message", "text": "echo"})
        return Response()

    return Starlette(routes=[Route("/api/messages", messages, methods=["POST"])])


async def ours(folder: Path, fake: FakeTeams) -> tuple[Starlette, dict[str, Any]]:
    """Return the whole app, and what to press in it."""
    url, key = f"sqlite:///{folder / 'teams.db'}", new_key()
    await asyncio.get_running_loop().run_in_executor(None, upgrade, url)
    bench = await prepared(url, key, 10)
    pair = await bench.now()
    me, account = pair.reverse_mentee, teams_account("ben")
    await bench.store.run(
        lambda c: roster.add_account(c, account, me.id, NOON + timedelta(seconds=1))
    )
    found = {item.thread: item.key for item in facilitator.inbox(pair, me, NOON)}
    await bench.store.close()
    (folder / "clock").write_text(str((NOON - datetime.now(UTC)).total_seconds()), encoding="ascii")
    told = TeamsSettings(APP, TENANT, SECRET, fake.cloud)
    built = app.build(Settings(url, key, playground=True, data=folder, teams=told))
    return built, {"pair": pair.id, "items": [found["topic"], found["meeting:1"]]}


async def measure(folder: Path, fake: FakeTeams) -> None:
    """Measure the three by turns, and print their CPU as ratios."""
    async with aiohttp.ClientSession() as session:
        built, press = await ours(folder, fake)
        apps = {OURS: built, STOCK: stock(fake), BARE: bare(fake, session)}
        running = [await served(application, port) for port, application in apps.items()]
        house = built.state.house
        house.teams.messenger._connector._pacing = Free()
        where = Address(fake.service, "a:ben", "29:ben", f"28:{APP}")
        await house.teams.messenger.met(teams_account("ben"), where, Place("en", "Europe/Berlin"))
        figures: dict[int, list[float]] = {port: [] for port in apps}
        for number in range(ROUNDS + 1):  # the first warms up
            for port, taken in figures.items():
                plan = press if port == OURS else {"pair": "", "items": []}
                before = time.process_time()
                driven = {"port": port, "run": number, **plan}
                async with session.post(f"{fake.url}/drive", json=driven) as answer:
                    assert answer.status == 200, port
                await house.intake.settled()
                if number:
                    taken.append((time.process_time() - before) / TURNS)
        async with session.get(f"{fake.url}/arrived") as answer:
            edits = await answer.json()
        assert edits > 0.9 * TURNS * (ROUNDS + 1), edits  # every press changed its card
        journal = (await house.store.work(press["pair"], lambda work: work.pair())).journal
        assert len(journal) > TURNS * (ROUNDS + 1)  # every press was a turn that wrote
        middle = {port: statistics.median(taken) for port, taken in figures.items()}
        for server, task in running:
            server.should_exit = True
            await task
    name = "Teams: CPU of a durable turn, of"
    told(f"{name} the SDK's echo without a store", middle[OURS] / middle[STOCK], 0.5)
    told(f"{name} an echo of our parts without SDK or store", middle[OURS] / middle[BARE], None)
    each = ", ".join(f"{1000 * value:.2f}" for value in middle.values())
    print(f"(ms of CPU: ours, the SDK's echo, the bare echo: {each})", flush=True)
    told("Teams: CPU of that last one", 1000 * middle[BARE], 4.0, unit="ms")


async def nudges(fake: FakeTeams) -> None:
    """Send a hundred nudges at once, and see what that asks for, and how long the loop stands."""
    async with aiohttp.ClientSession() as session:
        before = await _asked(session, fake)
        tokens = ClientTokens(session, fake.cloud, Credentials(APP, TENANT, SECRET), WallClock())
        connector = Connector(session, fake.cloud, tokens, Free())  # type: ignore[arg-type]
        stood: list[float] = []
        watching = asyncio.create_task(_watched(stood))
        chats = (Address(fake.service, f"a:{no}", "29:x", f"28:{APP}") for no in range(NUDGES))
        nudge = {"type": "message", "text": "Something is open for you in Turnabout."}
        await asyncio.gather(*(connector.post(chat, nudge) for chat in chats))
        watching.cancel()
        asked = await _asked(session, fake) - before
    told(f"Teams: requests for a token, for {NUDGES} nudges", asked, 1.0, unit="")
    told("Teams: longest the loop stood still meanwhile", 1000 * max(stood), 50.0, unit="ms")


async def _asked(session: aiohttp.ClientSession, fake: FakeTeams) -> int:
    async with session.get(f"{fake.url}/asked") as answer:
        return int(await answer.json())


async def _watched(stood: list[float]) -> None:
    """Note how long each round of the loop takes, in seconds of this process."""
    while True:
        before = time.thread_time()
        await asyncio.sleep(0)
        stood.append(time.thread_time() - before)


async def memory(folder: Path) -> None:
    """Start the web process as it is, with Teams on, and see how much memory it takes."""
    url = f"sqlite:///{folder / 'memory.db'}"
    await asyncio.get_running_loop().run_in_executor(None, upgrade, url)
    here = {"DATABASE_URL": url, "TURNABOUT_KEY": new_key(), "PORT": str(WHOLE)}
    teams = {"TEAMS_APP_ID": APP, "TEAMS_TENANT_ID": TENANT, "TEAMS_SECRET": SECRET}
    web_process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "adapters.cli", "web"),
        env={**os.environ, **here, **teams},
        stderr=asyncio.subprocess.DEVNULL,  # its log; here a line is a figure
    )
    try:
        async with aiohttp.ClientSession() as session:
            await _is_up(session, f"http://127.0.0.1:{WHOLE}/readyz")
            for _ in range(TURNS):
                address = f"http://127.0.0.1:{WHOLE}/api/messages"
                async with session.post(address, json={"type": "message"}) as answer:
                    assert answer.status == 401
        held = await asyncio.to_thread(_held, web_process.pid)
    finally:
        web_process.terminate()
        await web_process.wait()
    told("Teams: memory of a web process", held / 1024, 110.0, unit="MB")


async def of_teams(folder: Path) -> None:
    """Measure, with a Teams in a process of its own."""
    teams = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench_teams", "teams")
    fake = FakeTeams(WallClock(), f"http://127.0.0.1:{TEAMS}")
    try:
        async with aiohttp.ClientSession() as session:
            await _is_up(session, fake.cloud.metadata)
        await measure(folder, fake)
        await nudges(fake)
        await memory(folder)
    finally:
        teams.terminate()
        await teams.wait()


def _held(process: int) -> int:
    """Return how much memory a process holds, in kB."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


async def _is_up(session: aiohttp.ClientSession, url: str) -> None:
    while True:
        try:
            async with session.get(url):
                return
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        be_teams()
    else:
        with tempfile.TemporaryDirectory() as place:
            asyncio.run(of_teams(Path(place)))
