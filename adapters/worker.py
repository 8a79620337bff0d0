"""The clock process: an APScheduler job looks in on every pair whose moment has come.

There is no job per reminder and no job store: the next moment is derived from the journal, and the
scheduler only ticks. Any number of workers share the work: a pair is taken by one at a time.
Letters have a job of their own: a mail server that hangs holds up nobody's cards.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import start_http_server

from adapters import metrics
from adapters.house import open_house
from adapters.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from adapters.intake import Intake
    from adapters.settings import Settings

log = logging.getLogger("turnabout.worker")
GRACE = 20.0  # seconds that what has begun may take when the process is told to stop
TIDYING = 6 * 3600.0  # seconds between one tidying up of what was handled long ago and the next
NOTING = 5.0  # seconds to note what was cut short
SWEEPS = 4  # at once: while one waits for a slow platform, the next goes on with everybody else


@asynccontextmanager
async def ticking(intake: Intake, seconds: float) -> AsyncIterator[None]:
    """Look in on due pairs every so many seconds, and into letters, until the block ends.

    What has begun by then is finished: what is cut short on its way is in doubt.
    """
    begun: set[asyncio.Task[Any]] = set()
    stop = asyncio.Event()

    async def whole(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.create_task(job())
        begun.add(task)
        task.add_done_callback(begun.discard)
        await asyncio.shield(task)

    scheduler = AsyncIOScheduler(timezone="UTC")
    for job, at_once, gap in (
        (partial(look_in, intake, stop), SWEEPS, seconds),
        (intake.mail, 1, seconds),
        (intake.forget_deliveries, 1, TIDYING),
    ):
        scheduler.add_job(
            whole,
            "interval",
            [job],
            seconds=gap,
            coalesce=True,
            max_instances=at_once,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),  # the first as all others: one that fails ends nothing
        )
    scheduler.start()
    try:
        yield
    finally:
        stop.set()
        scheduler.pause()
        late = (await asyncio.wait(begun, timeout=GRACE))[1] if begun else set()
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=NOTING)  # each notes what it has not begun
        scheduler.shutdown(wait=False)


async def look_in(intake: Intake, stop: asyncio.Event | None = None) -> None:
    """Look in on all pairs that are due, share by share, until told to stop."""
    while not (stop and stop.is_set()) and await intake.sweep():
        pass


async def work(settings: Settings) -> None:
    """Tick until told to stop. Raises SettingsError where it cannot begin."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(told, stop.set)
    if settings.metrics_port:
        _tell_metrics(settings.metrics_port)
    async with open_house(settings) as house, ticking(house.intake, settings.tick):
        log.info("at work")
        await stop.wait()


def _tell_metrics(port: int) -> None:
    """Serve what this process did, on this machine only."""
    try:
        start_http_server(port, "127.0.0.1", metrics.REGISTRY)
    except OSError:
        raise SettingsError(
            f"Metrics cannot be served on port {port}: it is taken, or not open to you. Give each "
            "worker a TURNABOUT_METRICS_PORT of its own, or none."
        ) from None
