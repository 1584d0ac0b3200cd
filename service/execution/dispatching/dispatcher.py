"""Dispatcher loop: turns queued rows into running tasks and takes back those of dead workers."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.execution.dispatching import repository
from service.execution.dispatching.executor import Executor, Loss, MemoryUse, OnLost, Slots
from service.execution.dispatching.leases import LeaseWatch
from service.execution.dispatching.roles import DISPATCHER, Role
from service.execution.dispatching.turns import Turns
from service.execution.outage import Outage
from service.experiments.models import ExperimentRow
from service.health.models import EngineRow
from service.health.presence import forget_engine, record_engine
from service.storage.database import Database, utc_now
from service.storage.disk_space import has_room

__all__ = ["Dispatcher", "take_over"]

POLL_SECONDS = 0.05
BEAT_SECONDS = 1.0
NO_WORKERS_BEAT_SECONDS = 0.2
"""Interval of heartbeats until the first worker has started: the next one announces that worker to readers.
"""

LEASE_SECONDS = 30.0

SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
CALM_SECONDS = 30.0
"""Seconds without a loss after which the count of losses starts over."""

log = structlog.get_logger(__name__)


def take_over(database: Database, engine_id: str) -> None:
    """Release what an earlier process of this engine left behind, which can be running no more.

    Nothing is held against the experiments: whatever ended that process ended all its workers.
    """
    with database.transaction() as session:
        forget_engine(session, engine_id)
        rows = repository.held_by_engine(session, engine_id)
        released = repository.release(session, rows, utc_now(), lost=False)
    if released:
        log.info("took over", experiments=released)


class Dispatcher:
    """Dispatches for one engine; a second one of another engine beside it does no harm.

    The executor comes from a function that takes what to call when a worker has died. No owner has more than
    ``most_running`` experiments that run. A run is handed back after ``turn_seconds`` when an owner waits that has
    used less.
    """

    def __init__(
        self,
        database: Database,
        engine_id: str,
        make_executor: Callable[[OnLost], Executor],
        *,
        most_running: int | None = None,
        turn_seconds: float | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._database = database
        self._most_running = most_running
        self._turns = Turns(turn_seconds)
        self._engine_id = engine_id
        self._started_at = utc_now()
        self._role = Role(DISPATCHER, engine_id)
        self._leases: LeaseWatch[tuple[str, int, str]] = LeaseWatch(lease_seconds)
        self._lost: queue.SimpleQueue[Loss] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._outage = Outage("the database")
        self._full = Outage("the disk of the database")
        self._holds_role = False
        self._next_beat = 0.0
        self._last_loss = 0.0
        self.restarts = 0
        """Engines that were in its place before, for /metrics."""
        self._lease_expiries = 0
        self._worker_losses = 0
        self._pause = SHORTEST_PAUSE_SECONDS
        self._executor = make_executor(self._notice_loss)

    @property
    def holds_role(self) -> bool:
        """Whether this is the engine that dispatches, of all there are."""
        return self._holds_role

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, then close the executor and leave."""
        try:
            while not stop.is_set():
                self._try_step()
                self._wake.wait(POLL_SECONDS)
                self._wake.clear()
        finally:
            self._executor.close()
        self._leave()

    def step(self, now: float) -> None:
        """Do everything that is due at the monotonic time ``now``."""
        if now >= self._next_beat:
            slots = self._beat(now)
            self._next_beat = now + (BEAT_SECONDS if slots.total else NO_WORKERS_BEAT_SECONDS)
            if self._holds_role:
                self._take_turns(now, slots)
        if self._holds_role:
            self._reap_lost(now)
            if now >= self._last_loss + self._pause:
                self._dispatch()

    def _try_step(self) -> None:
        try:
            self.step(time.monotonic())
            self._outage.over()
        except DBAPIError as error:
            self._outage.note(error.orig)
            self._wake.wait(BEAT_SECONDS)

    def _notice_loss(self, loss: Loss) -> None:
        self._lost.put(loss)
        self._wake.set()

    def _beat(self, now: float) -> Slots:
        slots, memory_bytes = self._executor.slots(), self._executor.memory_bytes()
        with self._database.transaction() as session:
            beating = EngineRow(
                id=self._engine_id,
                hostname=socket.gethostname(),
                started_at=self._started_at,
                beat_at=utc_now(),
                slots=slots.total - slots.silent,
                worker_memory_bytes=memory_bytes,
                lease_expiries=self._lease_expiries,
                worker_losses=self._worker_losses,
                restarts=self.restarts,
            )
            record_engine(session, beating)
            self._holds_role = self._role.hold(session, now)
            if self._holds_role:
                self._reap_expired(session, now)
        return slots

    def _take_turns(self, now: float, slots: Slots) -> None:
        with self._database.reading() as session:
            live = repository.live_dispatches(session, self._engine_id)
            self._turns.observe(now, live)
            if not live or min(slots.idle, slots.total - len(live)) > 0:
                return
            waiting = repository.waiting_owners(session)
        if (dispatch_id := self._turns.ask(now, waiting, live, self._most_running)) is not None:
            with self._database.transaction() as session:
                repository.ask_back(session, dispatch_id)
            log.info("asking a worker to hand back its dispatch for another owner", dispatch_id=dispatch_id)

    def _reap_expired(self, session: Session, now: float) -> None:
        rows = {(row.id, row.attempt, row.status): row for row in repository.held(session)}
        expired = self._leases.observe(now, {key: row.lease_counter for key, row in rows.items()})
        if expired:
            self._lease_expiries += len(expired)
            self._release_lost(session, [rows[key] for key in expired], utc_now())

    def _reap_lost(self, now: float) -> None:
        while not self._lost.empty():
            loss = self._lost.get()
            try:
                with self._database.transaction() as session:
                    rows = repository.held(session, ExperimentRow.dispatch_id == loss.dispatch_id)
                    self._release_lost(session, rows, utc_now(), loss.memory)
                self._worker_losses += 1
                if rows and all(row.status == "dispatched" for row in rows):
                    self._slow_down(now)
            except DBAPIError:
                self._lost.put(loss)
                raise

    def _slow_down(self, now: float) -> None:
        """Wait longer after each of a series of losses: workers that cannot even start are useless.

        The loss of a worker that had started causes no wait: its place should be taken at once.
        """
        calm = now - self._last_loss > CALM_SECONDS
        self._pause = SHORTEST_PAUSE_SECONDS if calm else min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        self._last_loss = now

    def _release_lost(
        self, session: Session, rows: list[repository.Held], now: datetime, memory: MemoryUse | None = None
    ) -> None:
        repository.release(session, rows, now, lost=True, memory=memory)
        for row in rows:
            log.warning(
                "lost a worker", experiment_id=row.id, dispatch_id=row.dispatch_id, attempt=row.attempt
            )

    def _dispatch(self) -> None:
        with self._database.reading() as session:
            if not repository.has_queued(session):
                return
        if not has_room(self._database):
            self._full.note("not enough disk space to train")
            return
        self._full.over()
        slots = self._executor.slots()

        def capacity(live: int) -> int:
            # Claimed experiments that have not started do not occupy a worker yet, but will.
            return min(slots.idle, slots.total - live)

        used = self._turns.used()
        # The long look, at a long queue and full workers, is without the lock that SQLite has for all who write.
        with self._database.reading() as session:
            if not repository.find_claims(session, self._engine_id, capacity, self._most_running, used):
                return
        with self._database.transaction() as session:
            dispatches = repository.claim(session, self._engine_id, capacity, self._most_running, used)
        for dispatch_id in dispatches:
            self._submit(dispatch_id)

    def _submit(self, dispatch_id: str) -> None:
        try:
            self._executor.submit(dispatch_id)
        except ConnectionError as error:
            log.warning("cannot reach the workers", error=str(error))
            self._notice_loss(Loss(dispatch_id))

    def _leave(self) -> None:
        try:
            with self._database.transaction() as session:
                self._role.give_up(session)
                forget_engine(session, self._engine_id)
        except DBAPIError as error:
            log.warning(
                "could not deregister on shutdown: the database is unavailable", error=str(error.orig)
            )
