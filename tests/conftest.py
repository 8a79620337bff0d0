"""What tests share: the stage, and the hypothesis profiles."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.stage import TRANSCRIPTS, Stage, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile(
    "here",
    deadline=None,
    max_examples=int(os.environ.get("EXAMPLES", "20")),
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("here")


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Two actors and a clock. A test marked `transcript` is compared with its golden file."""
    stage = Stage()
    yield stage
    mark = request.node.get_closest_marker("transcript")
    if mark and not getattr(request.node, "failed", False):
        name = re.sub(r"^test_", "", request.node.name)
        compare(TRANSCRIPTS / mark.args[0] / f"{name}.txt", stage.transcript())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: each of two workers goes through a half, then helps the other."""
    last = [item for item in items if not item.get_closest_marker("long")]
    first, half = [item for item in items if item.get_closest_marker("long")], len(last) // 2
    items[:] = [*first[::2], *last[:half], *first[1::2], *last[half:]]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remember that a test failed, so that its transcript is not compared as well."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call" and report.failed:
        item.failed = True  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Say how many tests ran on which database, and what was skipped, and why."""
    passed = terminalreporter.stats.get("passed", [])
    for database in ("sqlite", "postgres"):
        count = sum(f"[{database}" in report.nodeid for report in passed)
        terminalreporter.write_line(f"on {database}: {count} tests passed")
    browser = sum("test_browser" in report.nodeid for report in passed)
    terminalreporter.write_line(f"in a browser: {browser} tests passed")
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"skipped: {report.nodeid}: {report.longrepr[-1]}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under `.ci/run` a skipped test is a failure: what was not run was not shown to work."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("NOTHING_SKIPPED") and skipped and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
