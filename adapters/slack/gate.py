"""The gate: what is taken from the internet at all, decided on the raw bytes.

Slack's signature and its age are checked before anything is parsed, and what is parsed is parsed
strictly, so that nobody can make the rest stumble. A slash command is read here as well, because
bolt takes the word `payload` anywhere in a form for one.
"""

from __future__ import annotations

import hmac
import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MOST_BYTES = 1024 * 1024
MOST_FIELDS = 100
MOST_DEPTH = 32
PAST, FUTURE = 300, 60  # seconds
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TIME = re.compile(r"[0-9]{10}", re.ASCII)
SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


class RefusedError(Exception):
    """A request that is not Slack's. It is answered with 401 and nothing else."""


def admit(headers: Mapping[str, str], raw: bytes, secret: str, now: datetime) -> dict[str, Any]:
    """Return what Slack sent, whatever its form. Raises RefusedError for anybody else."""
    if len(raw) > MOST_BYTES:
        raise RefusedError
    _check(headers, raw, secret, now)
    return _read(headers.get("content-type", "").partition(";")[0].strip().lower(), raw)


def signature(secret: str, time: str, raw: bytes) -> str:
    """Return how Slack signs these bytes at this time."""
    base = b"v0:" + time.encode("ascii") + b":" + raw
    return "v0=" + hmac.new(secret.encode(), base, sha256).hexdigest()


def _check(headers: Mapping[str, str], raw: bytes, secret: str, now: datetime) -> None:
    time = headers.get("x-slack-request-timestamp", "")
    signed = headers.get("x-slack-signature", "")
    if not secret or not TIME.fullmatch(time) or not SIGNATURE.fullmatch(signed):
        raise RefusedError
    if not hmac.compare_digest(signature(secret, time, raw), signed):
        raise RefusedError
    if not -FUTURE <= now.timestamp() - int(time) <= PAST:
        raise RefusedError


def _read(kind: str, raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
        if kind == JSON:
            return _object(text)
        if kind == FORM:
            return _form(text)
    except (ValueError, RecursionError):
        pass
    raise RefusedError


def _form(text: str) -> dict[str, Any]:
    """Return a command, or what an interaction carries as its payload."""
    pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    form = dict(pairs)
    return _object(form["payload"]) if "payload" in form and "command" not in form else form


def _object(text: str) -> dict[str, Any]:
    """Return a JSON object. Raises ValueError for anything else, and for one of two minds."""
    found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_such_number)
    if not isinstance(found, dict) or _depth(found) > MOST_DEPTH:
        raise ValueError
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_such_number(name: str) -> float:
    raise ValueError(name)


def _depth(value: object) -> int:
    """Return how deep a value is nested, looking level by level."""
    level, depth = [value], 0
    while level and depth <= MOST_DEPTH:
        depth += 1
        level = [each for found in level for each in _parts(found)]
    return depth


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
