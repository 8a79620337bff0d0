"""Health, metrics, the log and the status: an operator sees how it stands, and nobody's words."""

from __future__ import annotations

import ast
import io
import json
import logging
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from prometheus_client import generate_latest
from sqlalchemy import insert, text, update

from adapters import app, cli, intake, logs, metrics
from adapters.settings import new_key
from adapters.store import tables
from bot.delivery import FOREVER, Owed
from tests.playground import opened, settled_in
from tests.test_web import OWN, ROOT, browser, presses

CANARY = "canary-in-the-mine"
READER = {"authorization": "Bearer open"}


@pytest.fixture
def settings(tmp_path):
    return replace(settled_in(tmp_path), metrics_token="open")


@pytest.fixture
async def playground(settings):
    async with opened(settings) as playground:
        yield playground


@pytest.fixture
async def page(playground):
    async with browser(playground) as client:
        yield client


@pytest.fixture
def lines(monkeypatch):
    """Everything that is logged, at the lowest level, as it would go to stderr."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.Lines())
    root = logging.getLogger()
    level, before = root.level, logging.getLogger("uvicorn.access").level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in ("uvicorn", "uvicorn.access"):  # a server of another test may have set them
        for told, usual in (("propagate", True), ("disabled", False), ("filters", [])):
            monkeypatch.setattr(logging.getLogger(name), told, usual)
    logging.getLogger("uvicorn.access").setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)
    logging.getLogger("uvicorn.access").setLevel(before)


async def figures(page):
    """Return the metrics, by their names with labels."""
    answer = await page.get("/metrics", headers=READER)
    assert answer.status_code == 200
    rows = (line.rpartition(" ") for line in answer.text.splitlines() if line[:1] != "#")
    return {name: float(value) for name, _, value in rows}


# Not a word


async def test_no_typed_word_is_ever_in_the_log_or_in_the_metrics(
    playground, page, lines, monkeypatch
):
    """Words that are taken, that are refused, and that are in the message of whatever fails."""

    async def raises(*given):
        raise ValueError(f"could not send {CANARY}")

    say = {"user": "ada", "kind": "say", "text": CANARY}
    assert (await page.post(f"/act?{CANARY}", json=say)).status_code == 200
    await page.post("/act", content=CANARY)
    await page.get(f"/{CANARY}?{CANARY}")
    with monkeypatch.context() as broken:
        broken.setattr(intake, "take_turn", raises)
        assert "did not go through" in (await page.post("/act", json=say)).json()["notice"]
    monkeypatch.setattr(playground.house.web, "post", raises)
    monkeypatch.setattr(playground.house.web, "update", raises)
    await presses(page, "ada", "Yes, I would like to")
    await playground.house.intake.settled()
    elsewhere = logging.getLogger("slack_bolt.AsyncApp")
    elsewhere.warning("Unhandled request %s", {"text": CANARY})
    try:
        int(CANARY)
    except ValueError:
        elsewhere.exception("Failed: " + CANARY)
    access = logging.getLogger("uvicorn.access")
    for path, status in ((f"/sub/{CANARY}.ics?{CANARY}", 200), (f"/{CANARY}", 404)):
        asked = ("1.2.3.4:5", "GET", path, "1.1", status)
        access.info('%s - "%s %s HTTP/%s" %d', *asked)
    logging.getLogger("turnabout.x").info("said %s", CANARY, extra={"words": CANARY})

    told = lines()
    assert {"turn", "delivery"} <= {line.get("kind") for line in told}
    assert "ValueError" in {line.get("error") for line in told if line["logger"] == elsewhere.name}
    assert any(line.get("path") == "/sub" and line["status"] == 200 for line in told)
    assert CANARY not in json.dumps(told)
    assert CANARY not in (await page.get("/metrics", headers=READER)).text
    assert (await figures(page))['turnabout_errors_total{error="ValueError",where="turn"}'] >= 1


async def test_a_line_says_where_it_went_wrong(lines):
    try:
        {}[CANARY]
    except KeyError as error:
        logging.getLogger("turnabout.test").error("failed", extra=logs.of(error))  # noqa: TRY400
    (line,) = [line for line in lines() if line["logger"] == "turnabout.test"]
    assert (line["said"], line["level"], line["error"]) == ("failed", "error", "KeyError")
    assert line["place"].startswith("test_health.py:")


def test_a_line_names_our_place_and_no_librarys():
    """Libraries are installed within the project, where one may look for them in vain."""
    library = logs.ROOT / ".venv" / "lib" / "site-packages" / "driver.py"
    scope = {}
    exec(compile("def falls():\n    raise OSError", str(library), "exec"), scope)  # noqa: S102
    with pytest.raises(OSError) as told:  # noqa: PT011  # it has no words
        scope["falls"]()
    assert logs.of(told.value)["place"].startswith("test_health.py:")
    its_own = told.value.with_traceback(told.tb.tb_next)
    assert logs.of(its_own)["place"] == "driver.py:2", "where none is ours, the last there is"


def test_no_line_of_ours_has_a_gap_or_a_field_that_is_not_written():
    """What a gap would be filled with is never written: it might be what somebody typed."""
    found = list(_logged())
    assert len(found) > 20
    for place, call in found:
        match call.args:
            case [ast.Constant(str(said))]:
                assert not set("%{") & set(said), place
            case _:
                raise AssertionError(place)
        assert {keyword.arg for keyword in call.keywords} <= {"extra"}, place
        named = [each for each in ast.walk(call) if isinstance(each, ast.Dict)]
        keys = {key.value for each in named for key in each.keys if key}
        assert keys <= logs.FIELDS, place


def _logged():
    """Yield every place where something is logged, and the call."""
    levels = {"debug", "info", "warning", "error", "exception", "critical", "log"}
    for path in [*(logs.ROOT / "adapters").rglob("*.py"), *(logs.ROOT / "bot").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(ast.Attribute(ast.Name("log" | "quiet" | "logging"), name)):
                    if name in levels:
                        yield f"{path.name}:{node.lineno}", node


# In numbers


async def test_what_was_done_is_counted(playground, page):
    before = await figures(page)
    await presses(page, "ada", "Yes, I would like to")
    after = await figures(page)
    for name in (
        'turnabout_turns_total{kind="pressed",outcome="taken"}',
        'turnabout_changes_total{change="update",platform="web"}',
    ):
        assert after[name] == before.get(name, 0) + 1


async def test_what_is_due_failed_in_doubt_or_unreachable_is_told(playground, page):
    run, now = playground.house.store.run, playground.house.clock.now()
    programme, _ = await run(_first)

    def spoil(conn):
        late = {"wake_at": now - timedelta(minutes=9), "attempts": 3}
        conn.execute(update(tables.pair).values(late))
        sent = {"claim_key": "k", "claim_revision": "r", "claim_digest": "d"}
        doubt = {"claim_owed": Owed.NOTHING.value, "claim_until": now - timedelta(minutes=1)}
        conn.execute(update(tables.posted).values(**sent, **doubt))

    await run(spoil)
    told = await figures(page)
    assert told[_age(programme)] == pytest.approx(540, abs=30)
    assert (told["turnabout_stuck_pairs"], told["turnabout_in_doubt"]) == (1, 1)
    before = told.get('turnabout_due_taken_total{tries="4"}', 0)
    await playground.house.intake.sweep()
    told = await figures(page)
    assert _age(programme) not in told
    assert (told["turnabout_stuck_pairs"], told["turnabout_in_doubt"]) == (0, 0)
    assert told['turnabout_due_taken_total{tries="4"}'] == before + 1


async def test_a_worker_does_not_tell_how_it_stands_since_it_does_not_look(page):
    """Its constant 0 beside the web process's number would say that all is well."""
    standing = {"turnabout_stuck_pairs", "turnabout_in_doubt", "turnabout_unreachable_people"}
    assert standing <= (await figures(page)).keys()
    workers = generate_latest(metrics.REGISTRY).decode()
    assert "turnabout_due_taken" in workers
    assert not any(name in workers for name in (*standing, "turnabout_queue_age_seconds"))


@pytest.mark.parametrize(("gone", "told"), [(4, 0), (5, 5)])
async def test_fewer_than_five_who_cannot_be_reached_are_nobody(playground, page, gone, told):
    await playground.house.store.run(lambda conn: _give_up_on(conn, gone))
    assert (await figures(page))["turnabout_unreachable_people"] == told


def _first(conn):
    return conn.execute(text("SELECT programme, id FROM pair")).one()


def _age(programme):
    return f'turnabout_queue_age_seconds{{programme="{programme}"}}'


def _give_up_on(conn, count):
    """Let a platform give up on so many more people."""
    _, pair = _first(conn)
    organisation = conn.execute(text("SELECT id FROM organisation")).scalar_one()
    for n in range(count):
        who = {"id": f"x{n}", "organisation": organisation}
        conn.execute(insert(tables.person).values(**who, locale="en", zone="UTC", country=""))
        at = {"pair": pair, "platform": "web", "tenant": "t", "user": f"x{n}", "person": f"x{n}"}
        rest = {
            "ref": "",
            "revision": "",
            "digest": "",
            "owed": Owed.NOTHING.value,
            "hold": FOREVER,
        }
        conn.execute(insert(tables.posted).values(**at, **rest))


# Who may read them


@pytest.mark.parametrize(
    ("token", "told", "host", "status"),
    [
        ("", {}, "127.0.0.1", 404),
        ("", {"authorization": "Bearer "}, "127.0.0.1", 404),
        ("open", {}, "127.0.0.1", 404),
        ("open", {"authorization": "Bearer shut"}, "127.0.0.1", 404),
        ("open", {"authorization": "Bearer open"}, "10.1.2.3", 200),
        ("open", {"authorization": "Bearer öpen".encode()}, "10.1.2.3", 404),
    ],
)
async def test_the_metrics_open_by_the_token_and_to_nobody_without_one(
    settings, token, told, host, status
):
    async with opened(replace(settings, metrics_token=token)) as playground:
        transport = httpx.ASGITransport(playground.app, client=(host, 5))
        async with httpx.AsyncClient(transport=transport, base_url=ROOT, headers=OWN) as client:
            assert (await client.get("/metrics", headers=told)).status_code == status


# Can it serve?


async def test_it_is_ready_with_its_database_its_tables_and_its_key(playground, page):
    answer = await page.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"database": True, "migrations": True, "key": True},
    )


@pytest.mark.parametrize(
    ("spoilt", "what"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "migrations"),
        ("UPDATE organisation SET key_id = 'another', wrapped_key = x'00'", "key"),
        ("DROP TABLE alembic_version", "database"),
    ],
)
async def test_it_is_not_ready_without(playground, page, spoilt, what):
    await playground.house.store.run(lambda conn: conn.exec_driver_sql(spoilt).close())
    answer = await page.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()[what] is False
    assert (await page.get("/healthz")).status_code == 200


async def test_what_runs_still_serves_while_a_newer_one_is_rolled_out(playground, page):
    """The tables come first, then the processes: the old ones must not all be taken out at once."""
    newer = "UPDATE alembic_version SET version_num = '9999'"
    await playground.house.store.run(lambda conn: conn.exec_driver_sql(newer).close())
    assert (await page.get("/readyz")).status_code == 200


# At a glance


def test_the_status_is_told_line_by_line(settings, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", settings.database)
    monkeypatch.setenv("TURNABOUT_KEY", settings.key_text)
    assert cli.main(["status"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "pairs: 0",
        "people not reached yet: 0",
        "programmes with something due: 0",
        "oldest due: 0:00:00",
        "pairs that failed again and again: 0",
        "changes in doubt: 0",
        "people a platform gave up on: fewer than 5",
    ]


def test_a_process_of_its_own_logs_in_lines(monkeypatch):
    asked = []
    monkeypatch.setattr(logs, "to_stderr", lambda: asked.append("lines"))
    monkeypatch.setenv("TURNABOUT_KEY", new_key())
    app.build()
    assert asked == ["lines"]
