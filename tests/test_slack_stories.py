"""The stories, told on Slack: through HTTP, and with the transcripts they have on paper (A20)."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

from tests import test_journey, test_stories, test_term
from tests.slack_stage import on_slack
from tests.stage import TRANSCRIPTS, compare

if TYPE_CHECKING:
    from types import FunctionType

pytest_plugins = ("tests.databases",)


def stories() -> list[pytest.param]:
    """Return every story that is compared with a transcript."""
    found = []
    for module in (test_journey, test_stories, test_term):
        for name, story in inspect.getmembers(module, inspect.isfunction):
            marks = [m for m in getattr(story, "pytestmark", ()) if m.name == "transcript"]
            if marks and story.__module__ == module.__name__:
                path = f"{marks[0].args[0]}/{name.removeprefix('test_')}.txt"
                found.append(pytest.param(story, path, id=name.removeprefix("test_")))
    return found


@pytest.mark.parametrize(("story", "path"), stories())
async def test_a_story_on_slack_reads_as_it_does_on_paper(story: FunctionType, path: str, files):
    async with on_slack(files.new(path.replace("/", "-"), like="migrated")) as stage:
        await story(stage)
        compare(TRANSCRIPTS / path, stage.transcript())
