"""The stories, told on Slack: through HTTP, and with the transcripts they have on paper (A20).

Of the half-years one is told in every run, all of them with STORIES=all.
"""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING

import pytest

from tests import test_journey, test_stories, test_term
from tests.slack_stage import on_slack
from tests.stage import TRANSCRIPTS, compare

if TYPE_CHECKING:
    from types import FunctionType

pytest_plugins = ("tests.databases",)


LONG = {
    "one_who_would_go_on_and_one_who_would_not_finish_without_a_verdict",
    "two_who_would_both_go_on_renew",
}


def stories() -> list[pytest.param]:
    """Return every story that is compared with a transcript."""
    found = []
    for module in (test_journey, test_stories, test_term):
        for name, story in inspect.getmembers(module, inspect.isfunction):
            marks = [m for m in getattr(story, "pytestmark", ()) if m.name == "transcript"]
            called = name.removeprefix("test_")
            told = called not in LONG or os.environ.get("STORIES") == "all"
            if marks and told and story.__module__ == module.__name__:
                path = f"{marks[0].args[0]}/{called}.txt"
                found.append(pytest.param(story, path, id=called))
    return found


@pytest.mark.parametrize(("story", "path"), stories())
async def test_a_story_on_slack_reads_as_it_does_on_paper(story: FunctionType, path: str, files):
    async with on_slack(files.new(path.replace("/", "-"), like="migrated")) as stage:
        await story(stage)
        compare(TRANSCRIPTS / path, stage.transcript())
