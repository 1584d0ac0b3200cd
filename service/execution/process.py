"""Engine process: the workers and their dispatcher."""

from __future__ import annotations

import contextlib
import secrets
import signal
import threading
import time
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy.exc import DBAPIError

from service.execution.data_directory import read_engine_id
from service.execution.dispatching.dispatcher import Dispatcher, take_over
from service.execution.dispatching.executor import Executor, OnLost
from service.execution.dispatching.local_executor import LocalExecutor
from service.execution.memory import machine_memory_bytes
from service.execution.pulse import die_with_parent, end_with_parent, start_beating
from service.execution.security import security
from service.execution.upkeep.intake import Intake
from service.execution.upkeep.sweeper import Sweeper
from service.settings import Settings
from service.storage.database import Database, is_current

__all__ = ["run_engine"]

POLL_SECONDS = 0.1
PATIENCE_SECONDS = 5.0
"""Seconds to wait for the database schema before logging it."""

MakeExecutor = Callable[[OnLost], Executor]

log = structlog.get_logger(__name__)


def run_engine(settings: Settings, beats: int, restarts: int) -> None:
    """Dispatch until told to end by SIGTERM, as the child of a process that watches it.

    The parent has locked the data directory where workers are our own. Standard input is a pipe that closes when the
    parent dies, and ``beats`` the descriptor of a pipe to beat on. The parent has had ``restarts`` engines before this
    one. Raises SchedulerError.
    """
    # Before anything slow, such as the import of Dask.
    die_with_parent()
    start_beating(beats)
    make_executor = _executor(settings)
    stop = threading.Event()
    _stop_on_signals(stop)
    with contextlib.closing(Database(settings.resolved_database_url)) as database:
        _wait_for_tables(database, stop)
        if not stop.is_set():
            _run(settings, database, make_executor, stop, restarts)


def _executor(settings: Settings) -> MakeExecutor:
    """Workers of our own, or those of a Dask scheduler where the settings name one; raises SchedulerError."""
    if settings.scheduler is not None:
        certificates = security(settings)
        # Installed with the extra "cluster" only, and slow to import.
        from service.execution.dispatching.dask_executor import DaskExecutor  # noqa: PLC0415 - see above

        return partial(DaskExecutor, settings.scheduler, security=certificates)
    memory_bytes = settings.worker_memory_bytes or machine_memory_bytes() // settings.workers
    return partial(LocalExecutor, settings.workers, memory_bytes=memory_bytes)


def _run(
    settings: Settings,
    database: Database,
    make_executor: MakeExecutor,
    stop: threading.Event,
    restarts: int,
) -> None:
    engine_id = _identity(settings)
    # Own workers end with this process; those of a scheduler outlive it and continue training.
    owns_workers = settings.scheduler is None
    if owns_workers:
        take_over(database, engine_id)
    dispatcher = Dispatcher(
        database,
        engine_id,
        make_executor,
        most_running=settings.max_running_per_owner,
        turn_seconds=settings.turn_seconds or None,
    )
    dispatcher.restarts = restarts
    intake = Intake(
        database,
        settings.data_dir / "intake" / engine_id,
        lambda: dispatcher.holds_role,
        most_readers=settings.readers,
        memory_bytes=settings.reader_memory_bytes or machine_memory_bytes() // 2,
    )
    sweeper = Sweeper(database, lambda: dispatcher.holds_role)
    beside = [
        threading.Thread(target=intake.run, args=[stop], name="intake"),
        threading.Thread(target=sweeper.run, args=[stop], name="sweeper"),
    ]
    for thread in beside:
        thread.start()
    dispatcher.run(stop)
    for thread in beside:
        thread.join()
    if owns_workers:
        take_over(database, engine_id)


def _identity(settings: Settings) -> str:
    """The id to dispatch under: the data directory's where that is ours alone, else one never used before."""
    ours = None if settings.scheduler is not None else read_engine_id(settings.data_dir)
    return ours or f"engine_{secrets.token_hex(8)}"


def _wait_for_tables(database: Database, stop: threading.Event) -> None:
    """Return once the tables are those of this version, or when told to stop."""
    said = time.monotonic()
    while not stop.is_set():
        with contextlib.suppress(DBAPIError), database.reading() as session:
            if is_current(session):
                return
        if time.monotonic() - said > PATIENCE_SECONDS:
            said = time.monotonic()
            log.warning("waiting for the database to be available and migrated (trainyard migrate)")
        stop.wait(POLL_SECONDS)


def _stop_on_signals(stop: threading.Event) -> None:
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    # A terminal's Ctrl-C reaches parent and child alike; the parent says what is to happen.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
