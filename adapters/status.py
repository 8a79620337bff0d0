"""The status: what an operator asks at a glance, line by line. `turnabout status` prints it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.house import clock_of
from adapters.store import figures
from adapters.store.sql import SqlStore

if TYPE_CHECKING:
    from adapters.settings import Settings
    from adapters.store.figures import Figures


async def read(settings: Settings) -> list[str]:
    """Return the status, a line each."""
    store = await SqlStore.open(settings.database, settings.master_key())
    now = clock_of(settings).now()
    try:
        found, (pairs, unknown) = await store.run(
            lambda conn: (figures.read(conn, now), figures.everybody(conn))
        )
    finally:
        await store.close()
    told = [
        f"pairs: {pairs}",
        f"people not reached yet: {unknown}",
        f"programmes with something due: {len(found.queues)}",
        f"oldest due: {timedelta(seconds=round(found.age(now)))}",
    ]
    return told + _care(found)


def _care(found: Figures) -> list[str]:
    """Return what may need somebody's care."""
    unreachable = found.unreachable or f"fewer than {figures.FEW}"
    return [
        f"pairs that failed again and again: {found.stuck}",
        f"changes in doubt: {found.in_doubt}",
        f"people a platform gave up on: {unreachable}",
    ]
