"""What Slack says when an installation is taken back (pure): whose it was, and when.

Slack sends `app_uninstalled`, `tokens_revoked` or both, in either order, and says whose in several
ways. Where it leaves open which of two is meant, the workspace's own installation comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

REMOVALS = ("app_uninstalled", "tokens_revoked")
SECOND = timedelta(seconds=1)  # Slack tells its moments to the second


@dataclass(frozen=True, slots=True)
class Removal:
    """The tenants of which the first that has one loses its installation, if it is older."""

    tenants: tuple[str, ...]
    at: datetime


def removal(envelope: Mapping[str, Any], now: datetime) -> Removal | None:
    """Return what an event's envelope takes back; nothing if it is about anything else."""
    event = _object(envelope.get("event"))
    if event.get("type") == "tokens_revoked" and not _object(event.get("tokens")).get("bot"):
        return None
    if event.get("type") not in REMOVALS:
        return None
    tenants = tuple(name for name in _tenants(envelope) if name and isinstance(name, str))
    return Removal(tenants, _moment(envelope.get("event_time")) or now)


def _moment(told: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(told, UTC) + SECOND if isinstance(told, int) else None
    except (OverflowError, ValueError, OSError):
        return None


def _tenants(envelope: Mapping[str, Any]) -> tuple[Any, ...]:
    authorizations = envelope.get("authorizations")
    if isinstance(authorizations, list) and authorizations:
        by = _object(authorizations[0])
        return (by.get("enterprise_id" if by.get("is_enterprise_install") else "team_id"),)
    return envelope.get("team_id"), envelope.get("enterprise_id")


def _object(value: Any) -> Mapping[str, Any]:  # noqa: ANN401
    return value if isinstance(value, dict) else {}
