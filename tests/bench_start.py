"""What a process on Slack takes to start, and how much room: `python -m tests.bench_start`.

From the command to the first answer of the whole app, with Slack in it, beside a process that
only loads its libraries. On a busy machine the seconds of the processor say more than the wall.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from adapters.settings import ROOT, new_key
from adapters.store.migrate import upgrade
from tests.figures import told
from tests.processes import free_port

ROUNDS = 3
PARTS = "import aiohttp, slack_bolt.async_app, sqlalchemy, starlette, uvicorn"
LONGEST = 120  # seconds


@dataclass(frozen=True)
class Start:
    """How a process started: seconds on the wall, seconds of the processor, megabytes."""

    wall: float
    core: float
    room: float


def main() -> None:
    """Print the figures: of several starts the middle one."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'start.db'}"
        upgrade(url)
        web = [_web(url) for _ in range(ROUNDS)]
    parts = [_parts() for _ in range(ROUNDS)]
    ours, bare = (sorted(each, key=lambda one: one.core)[ROUNDS // 2] for each in (web, parts))
    told("start: of the whole app to its first answer, on the wall", ours.wall, 1.5, unit="s")
    told("start: of the whole app, of the processor", ours.core, 1.5, unit="s")
    told("start: to load the libraries alone, of the processor", bare.core, None, unit="s")
    told("start: room of the whole app (RSS), MB", ours.room, 120, unit="")


def _web(url: str) -> Start:
    port, began = free_port(), time.monotonic()
    env = {**os.environ, "DATABASE_URL": url, "TURNABOUT_KEY": new_key()}
    env |= {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "PORT": str(port)}
    command = ("uvicorn", "--factory", "adapters.app:build", "--port", str(port))
    with subprocess.Popen(
        [sys.executable, "-m", *command, "--log-level", "error"],
        cwd=ROOT,
        env=env,
        stderr=subprocess.DEVNULL,  # its log; here a line is a figure
    ) as process:
        while not _answers(port):
            assert time.monotonic() - began < LONGEST, "it does not start"
            time.sleep(0.02)
        found = Start(time.monotonic() - began, _core(process.pid), _room(process.pid))
        process.terminate()
    return found


def _parts() -> Start:
    began = time.monotonic()
    waits = f"{PARTS}; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        found = Start(time.monotonic() - began, _core(process.pid), _room(process.pid))
        process.kill()
    return found


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _core(pid: int) -> float:
    """Return how many seconds of the processor a process has used."""
    rest = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(rest[11]) + int(rest[12])) / os.sysconf("SC_CLK_TCK")


def _room(pid: int) -> float:
    """Return how many megabytes a process holds."""
    rows = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main()
