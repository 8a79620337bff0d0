"""The metrics: what this process did, and how it stands with everybody, as Prometheus reads them.

How it stands is read from the database when it is asked for, so only who does that tells it: a
number that nobody sets would stand at 0 and say that all is well.

A label is one of a few names of our own, or a programme's opaque id. Nothing a person typed, and
nothing that names one, is ever a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.store.due import Due
    from adapters.store.figures import Figures
    from bot.inputs import Input
    from bot.turn import Plan, Reply

REGISTRY = CollectorRegistry()
STANDING = CollectorRegistry()
MANY = 8  # tries, and more than that
SECONDS = (1, 5, 15, 30, 60, 120, 300, 900, 3600, 4 * 3600, 24 * 3600)

TURNS = Counter("turnabout_turns", "Turns taken.", ["kind", "outcome"], registry=REGISTRY)
CHANGES = Counter(
    "turnabout_changes", "Changes set out to a screen.", ["platform", "change"], registry=REGISTRY
)
ERRORS = Counter(
    "turnabout_errors", "What went wrong, and where.", ["where", "error"], registry=REGISTRY
)
TAKEN = Counter("turnabout_due_taken", "Due pairs taken, by tries.", ["tries"], registry=REGISTRY)
LATENESS = Histogram(
    "turnabout_lateness_seconds",
    "From when a pair was due until it was looked in on.",
    buckets=SECONDS,
    registry=REGISTRY,
)
QUEUE_AGE = Gauge(
    "turnabout_queue_age_seconds", "For how long a pair is due.", ["programme"], registry=STANDING
)
STUCK = Gauge("turnabout_stuck_pairs", "Pairs that failed again and again.", registry=STANDING)
IN_DOUBT = Gauge(
    "turnabout_in_doubt", "Changes nobody came back from, not looked into yet.", registry=STANDING
)
UNREACHABLE = Gauge(
    "turnabout_unreachable_people", "People a platform gave up on, 5 or more.", registry=STANDING
)


def turn(input: Input, reply: Reply | None) -> None:
    """Count a turn; without a reply it failed."""
    TURNS.labels(type(input).__name__.lower(), _outcome(reply)).inc()


def changes(planned: Plan) -> None:
    """Count what is being sent."""
    for errand in planned.errands:
        CHANGES.labels(errand.account.platform, type(errand.change).__name__.lower()).inc()


def due(taken: Due, now: datetime) -> None:
    """Count a pair that was taken, and how late that is."""
    TAKEN.labels(str(min(taken.attempts, MANY))).inc()
    LATENESS.observe((now - taken.since).total_seconds())


def shown(figures: Figures, now: datetime) -> bytes:
    """Return everything as text: what this process did, and how it stands."""
    QUEUE_AGE.clear()
    for programme, since in figures.queues.items():
        QUEUE_AGE.labels(programme).set((now - since).total_seconds())
    STUCK.set(figures.stuck)
    IN_DOUBT.set(figures.in_doubt)
    UNREACHABLE.set(figures.unreachable)
    return generate_latest(REGISTRY) + generate_latest(STANDING)


def _outcome(reply: Reply | None) -> str:
    if reply is None:
        return "failed"
    if reply.repeat:
        return "repeat"
    if reply.sheet:
        return "form"
    return "taken" if reply.taken else "refused"
