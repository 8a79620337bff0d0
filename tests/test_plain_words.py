"""Plain words: each flow reads at sixty or more, as Flesch counted; role names are one syllable."""

from __future__ import annotations

import re

import pytest
from syllables import estimate

from adapters.prompts import files

EASE = 60
ROLES = re.compile(r"reverse[- ]ment(or|ee)(s|ing)?|ment(or|ee)(s|ing)?", re.IGNORECASE)
FLOWS = sorted(
    {path.split("/")[1] for path in files() if path.count("/") == 2 and path.startswith("en/")}
)
MARK = re.compile(r"^([#~^@%?*>!=+|-]+|[RSCDH])\s+(?:[\w.-]+: )?")


def sentences(flow: str) -> list[str]:
    """Return what a flow says in English, a sentence or a label each, without marks and gaps."""
    told = []
    for path, text in files().items():
        if path.startswith(f"en/{flow}/"):
            plain = re.sub(r"{%.*?%}", "\n", text)
            plain = re.sub(r"{{.*?}}", "Ben", plain)
            for line in plain.split("\n"):
                told += re.split(r"[.!?:;]+(?:\s|$)", ROLES.sub("boss", MARK.sub("", line.strip())))
    return [sentence for sentence in told if re.search("[a-z]", sentence)]


def ease(told: list[str]) -> float:
    """Return Flesch's reading ease: 100 is very easy, 30 very hard."""
    words = [word for sentence in told for word in re.findall(r"[A-Za-z’']+", sentence)]
    syllables = sum(max(1, estimate(word)) for word in words)
    return 206.835 - 1.015 * len(words) / len(told) - 84.6 * syllables / len(words)


def test_the_measure_tells_plain_from_hard() -> None:
    assert ease(["We meet each month", "The boss books the time"]) > 90
    assert ease(["Institutional facilitation necessitates organisational prioritisation"]) < 0


@pytest.mark.parametrize("flow", FLOWS)
def test_every_flow_is_written_in_plain_words(flow: str) -> None:
    assert ease(sentences(flow)) >= EASE
