"""What Slack takes at most, and how a text is cut so that nobody's letter is cut in two.

Lengths are counted as Slack's own clients count them, in UTF-16; the total of a message's text is
nowhere documented, and was found by trying.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = 3000
HEADER = 150
BUTTON = 75
OPTION, OPTIONS = 75, 100
BOXES = 10  # radio buttons or checkboxes
ELEMENTS = 25  # of an actions block
NOTES, NOTE = 10, 300  # lines in small print
TITLE = 24  # of a modal, and the words on its two buttons
LABEL = 2000
VIEW = 100  # blocks of a window or of Home
TOTAL = 9000  # of a message's body; with all else it must stay below 13,200

JOINER = "\u200d"
FLAGS = range(0x1F1E6, 0x1F200)
TONES = range(0x1F3FB, 0x1F400)
TAGS = range(0xE0020, 0xE0080)
JAMO = range(0x1160, 0x1200)
ADDED = (TONES, TAGS, JAMO)  # to the letter before them, as an accent is


def size(text: str) -> int:
    """Return how long a text is."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, most: int) -> str:
    """Return a text that is no longer than this, with a mark where something is missing."""
    if size(text) <= most:
        return text
    return first(text, most - 1).rstrip() + "…"


def first(text: str, most: int) -> str:
    """Return as many whole letters from the beginning as fit."""
    found, length = "", 0
    for letter in letters(text):
        length += size(letter)
        if length > most:
            break
        found += letter
    return found


def halves(text: str, most: int) -> tuple[str, str]:
    """Return a text in two parts, the first as long as fits without breaking a word."""
    if size(text) <= most:
        return text, ""
    start = first(text, most)
    head, space, _ = start.rpartition(" ")
    cut = len(head) if space else len(start)
    return text[:cut].rstrip(), text[cut:].strip()


def letters(text: str) -> Iterator[str]:
    """Yield what a reader takes for one letter: with its accents, an emoji with all its parts."""
    found = ""
    for sign in text:
        if found and not _joins(found, sign):
            yield found
            found = ""
        found += sign
    if found:
        yield found


def _joins(before: str, sign: str) -> bool:
    code = ord(sign)
    if code in FLAGS:
        return len(before) == 1 and ord(before) in FLAGS
    if before[-1] == JOINER or sign == JOINER or (before[-1] == "\r" and sign == "\n"):
        return True
    return unicodedata.category(sign)[0] == "M" or any(code in those for those in ADDED)
