"""Signed addresses: what we hand out, we know again; opaque, expiring, and nobody's name in it."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime

PART = re.compile(r"[A-Za-z0-9_-]+")
UNTIL = re.compile(r"[0-9]{1,11}")


class Signer:
    """Signs by a key of its own that follows from the master key."""

    def __init__(self, master: bytes) -> None:
        """Sign by this master key."""
        self._key = hmac.digest(master, b"turnabout signed addresses", "sha256")

    def sign(self, purpose: str, until: datetime, *parts: str) -> str:
        """Return these parts as one word that holds until then. Raises ValueError for odd parts."""
        if not all(PART.fullmatch(part) for part in parts):
            raise ValueError("only letters and digits can be signed")
        body = ".".join((*parts, str(int(until.timestamp()))))
        return f"{body}.{self._mark(purpose, body)}"

    def read(self, purpose: str, word: str, now: datetime) -> tuple[str, ...] | None:
        """Return the parts that were signed for this purpose, if it was us and it still holds."""
        body, _, mark = word.rpartition(".")
        ours = self._mark(purpose, body)
        if not hmac.compare_digest(mark.encode("utf-8", "replace"), ours.encode()):
            return None
        *parts, until = body.split(".")
        if not UNTIL.fullmatch(until) or datetime.fromtimestamp(int(until), UTC) <= now:
            return None
        return tuple(parts)

    def _mark(self, purpose: str, body: str) -> str:
        told = f"{purpose}\n{body}".encode("utf-8", "replace")
        return base64.urlsafe_b64encode(hmac.digest(self._key, told, "sha256")).decode().rstrip("=")
