"""The log: one JSON object a line, of a few named fields and nothing else.

Our own lines say what happened in words fixed in the code. Of anybody else's only the logger, the
place and the kind of error are kept, for a library may put anything into its sentences, what
somebody typed included.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.settings import ROOT

OURS = "turnabout"
ACCESS = "uvicorn.access"
NOWHERE = 404
FIELDS = frozenset(
    {"error", "place", "pair", "programme", "platform", "tenant", "kind", "attempts"}
)


class Lines(logging.Formatter):
    """Writes a record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: only what is on the list."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "logger": record.name}
        if record.name.partition(".")[0] == OURS:
            told = {name: record.__dict__[name] for name in FIELDS & record.__dict__.keys()}
            return json.dumps({**line, "said": record.msg, **told})
        if record.name == ACCESS:
            return json.dumps({**line, **_request(record.args)})
        place = {"place": f"{Path(record.pathname).name}:{record.lineno}"}
        error = record.exc_info[1] if record.exc_info else None
        return json.dumps({**line, **place, **(of(error) if error else {})})


def of(error: BaseException) -> dict[str, Any]:
    """Return what may be said of an error: its kind and its place, never its message."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(Path(frame.filename))] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return {"error": type(error).__name__, "place": place}


def _is_ours(path: Path) -> bool:
    """Tell whether a file is of this project, and of no library that is installed within it."""
    return path.is_relative_to(ROOT) and "site-packages" not in path.relative_to(ROOT).parts


def to_stderr() -> None:
    """Let everything this process logs go to stderr in lines, and nowhere else."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", ACCESS, "apscheduler"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def _request(args: object) -> dict[str, Any]:
    """Return what may be said of a request: where it led, by the first part of its path alone."""
    match args:
        case (_, str(method), str(path), _, int(status)):
            first = path.partition("?")[0].strip("/").partition("/")[0] if status != NOWHERE else ""
            return {"method": method, "path": f"/{first}", "status": status}
    return {}
