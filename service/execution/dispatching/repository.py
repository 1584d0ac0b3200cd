"""Queries and writes of the dispatcher."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.revision import ENGINE_REVISION
from service.execution.dispatching.cohorts import Dispatch, plan
from service.execution.dispatching.executor import MemoryUse
from service.execution.dispatching.queue import DatabaseQueue, lanes_columns, lanes_of
from service.execution.ledger.blobs import State, replace_states
from service.execution.ledger.restart import restart_under
from service.experiments.history.repository import record_status
from service.experiments.models import ExperimentRow
from service.experiments.states import ACTIVE, TERMINAL, WITHOUT_WORKER, step
from service.limits import service as quotas

__all__ = [
    "MAX_LOSSES",
    "Held",
    "after_release",
    "ask_back",
    "board",
    "claim",
    "find_claims",
    "has_queued",
    "held",
    "held_by_engine",
    "live_dispatches",
    "release",
    "waiting_owners",
]

MAX_LOSSES = 5
"""Number of workers an experiment may lose before it counts as the cause."""

MAX_MEMORY_LOSSES = 2
"""Number of workers an experiment may lose if the last was killed for its memory.

The first may have held other experiments too. The second trained this experiment alone.
"""

_EXPERIMENTS: Any = ExperimentRow.__table__

# The partial index of what is dispatched is found by these words: without them SQLite reads all that ever ended.
_IN_HANDS = (_EXPERIMENTS.c.dispatch_id.is_not(None), _EXPERIMENTS.c.status.in_(sorted(ACTIVE)))


@dataclass(frozen=True, slots=True)
class Held:
    """An experiment in the hands of an engine, as it was when looked at."""

    id: str
    status: str
    dispatch_id: str | None
    attempt: int
    losses: int
    lease_counter: int


def has_queued(session: Session) -> bool:
    """Whether anything waits to be dispatched."""
    # Unfinished rows have their own index.
    waiting = (ExperimentRow.status == "queued", ExperimentRow.finished_at.is_(None))
    return session.execute(sa.select(ExperimentRow.id).where(*waiting).limit(1)).first() is not None


def held(session: Session, *conditions: sa.ColumnElement[bool]) -> list[Held]:
    """Every experiment that an engine holds, or those of them that fulfil the conditions."""
    columns = (
        ExperimentRow.id,
        ExperimentRow.status,
        ExperimentRow.dispatch_id,
        ExperimentRow.attempt,
        ExperimentRow.losses,
        ExperimentRow.lease_counter,
    )
    query = sa.select(*columns).where(*_IN_HANDS, *conditions)
    return [Held(*row) for row in session.execute(query)]


def held_by_engine(session: Session, engine_id: str) -> list[Held]:
    """Every experiment that this engine dispatched and that has not ended."""
    return held(session, ExperimentRow.dispatch_id.startswith(_dispatches_of(engine_id), autoescape=True))


def _dispatches_of(engine_id: str) -> str:
    return f"dispatch-{engine_id}-"


def find_claims(
    session: Session,
    engine_id: str,
    capacity: Callable[[int], int],
    most_running: int | None = None,
    used: Mapping[str, int] | None = None,
) -> list[Dispatch]:
    """Plan dispatches by the rules of ``cohorts.plan``; changes nothing.

    ``capacity`` says how many more dispatches there is room for, given how many are live. Only dispatches of this
    engine are joined: of another's it is not known whether they have a worker.
    """
    live = live_dispatches(session, engine_id)
    return plan(DatabaseQueue(session), live, max(0, capacity(len(live))), most_running, used)


def waiting_owners(session: Session) -> list[str]:
    """Everybody who has something queued."""
    return list(DatabaseQueue(session).fronts())


def ask_back(session: Session, dispatch_id: str) -> None:
    """Ask a worker to hand back a dispatch after its current epoch."""
    wanted = (ExperimentRow.dispatch_id == dispatch_id, ExperimentRow.status == "running")
    session.execute(sa.update(ExperimentRow).where(*wanted).values(hand_back_requested=True))


def live_dispatches(session: Session, engine_id: str) -> list[Dispatch]:
    """All live dispatches of all engines; those of other engines cannot be joined."""
    ours = _dispatches_of(engine_id)
    names = ("dispatch_id", "owner", "status", "losses", "cohort")
    columns = (*(_EXPERIMENTS.c[name] for name in names), *lanes_columns(_EXPERIMENTS))
    query = sa.select(*columns).where(*_IN_HANDS)
    rows = session.execute(query.order_by(_EXPERIMENTS.c.dispatch_id)).all()
    return [
        _dispatch(id_, list(members), ours)
        for id_, members in itertools.groupby(rows, key=lambda row: str(row.dispatch_id))
    ]


def _dispatch(id_: str, members: Sequence[Any], ours: str) -> Dispatch:
    running = any(row.status == "running" for row in members)
    joinable = id_.startswith(ours) and running and not any(row.losses for row in members)
    cohort = members[0].cohort if joinable else None
    return Dispatch(id_, cohort, lanes_of(members[0]), [row.owner for row in members])


def claim(
    session: Session,
    engine_id: str,
    capacity: Callable[[int], int],
    most_running: int | None = None,
    used: Mapping[str, int] | None = None,
) -> list[str]:
    """Dispatch whom ``find_claims`` finds, and return the ids of the fresh dispatches.

    Two dispatchers never claim the same experiment: PostgreSQL locks the rows, SQLite the transaction.
    """
    planned = find_claims(session, engine_id, capacity, most_running, used)
    boarded = [(dispatch, board(session, dispatch, engine_id)) for dispatch in planned]
    return [id_ for dispatch, id_ in boarded if id_ is not None and dispatch.id is None]


def board(session: Session, dispatch: Dispatch, engine_id: str) -> str | None:
    """Give the experiments that are to come on board their dispatch; returns its id.

    From here on they are of this engine's revision: what another one has trained of them begins again.

    None, and nothing done, if the dispatch has ended since it was looked at, or if none of them waits any more.
    """
    if dispatch.id is not None and not _keep_live(session, dispatch.id):
        return None
    boarding = [waiting.id for waiting in dispatch.boarding]
    wanted = (ExperimentRow.id.in_(boarding), ExperimentRow.status == "queued")
    columns = (_EXPERIMENTS.c[name] for name in ("id", "engine_revision", "last_epoch", "warnings"))
    rows = session.execute(sa.select(*columns).where(*wanted).with_for_update(skip_locked=True)).all()
    if not rows:
        return None
    for row in rows:
        if row.engine_revision != ENGINE_REVISION and row.last_epoch:
            restart_under(session, row, ENGINE_REVISION)
    dispatch_id = dispatch.id or f"{_dispatches_of(engine_id)}{uuid.uuid4().hex}"
    values = {
        "status": step("queued", "dispatched"),
        "dispatch_id": dispatch_id,
        "engine_revision": ENGINE_REVISION,
    }
    dispatched = sa.update(ExperimentRow).where(ExperimentRow.id.in_([row.id for row in rows]))
    session.execute(dispatched.values(**values))
    return dispatch_id


def _keep_live(session: Session, dispatch_id: str) -> bool:
    """See to it that a dispatch does not end before this transaction; False if it has ended.

    Its worker looks for others on board after its last experiment has ended, and no sooner can that one end.
    """
    running = (ExperimentRow.dispatch_id == dispatch_id, ExperimentRow.status == "running")
    one = sa.select(ExperimentRow.id).where(*running).limit(1)
    return session.execute(one.with_for_update(skip_locked=True)).first() is not None


def release(
    session: Session,
    rows: Iterable[Held],
    now: datetime,
    *,
    lost: bool,
    memory: MemoryUse | None = None,
) -> int:
    """Take experiments out of an engine's hands and return how many.

    A row that has moved on since it was looked at is left alone. ``lost`` holds a died worker against it; ``memory``
    is what that worker was killed for.
    """
    released, ended = 0, []
    for row in sorted(rows, key=lambda row: row.id):
        values = after_release(row, now, lost=lost, memory=memory)
        unchanged = (
            ExperimentRow.id == row.id,
            ExperimentRow.status == row.status,
            ExperimentRow.dispatch_id == row.dispatch_id,
            ExperimentRow.attempt == row.attempt,
            ExperimentRow.lease_counter == row.lease_counter,
        )
        result = session.execute(sa.update(ExperimentRow).where(*unchanged).values(**values))
        if not cast("sa.CursorResult[Any]", result).rowcount:
            continue
        released += 1
        record_status(session, row.id, values["status"], values.get("stop_reason"))
        if values["status"] in TERMINAL:
            replace_states(session, [State(row.id)])
            ended.append(row.id)
    # Last of the locks, and all rows of experiments are held by now.
    quotas.settle(session, ended)
    return released


def after_release(row: Held, now: datetime, *, lost: bool, memory: MemoryUse | None = None) -> dict[str, Any]:
    """Values to store for an experiment that its worker has released."""
    losses = row.losses + (lost and row.status != "dispatched")
    values: dict[str, Any] = {"status": WITHOUT_WORKER[row.status], "dispatch_id": None, "losses": losses}
    if row.status == "cancelling":
        return values | {"stop_reason": "user", "finished_at": now}
    if row.status != "running":
        return values
    if memory is not None and losses >= MAX_MEMORY_LOSSES:
        error = {"code": "out_of_memory", "message": _out_of_memory(memory)}
        return values | _failed(row, "error", error, now)
    if losses >= MAX_LOSSES:
        message = (
            f"The worker died {losses} times while training this experiment, for a reason the engine "
            "cannot see. If the machine ran out of memory, the kernel log names the killed process."
        )
        error = {"code": "worker_lost", "message": message}
        return values | _failed(row, "worker_lost", error, now)
    return values


def _failed(row: Held, stop_reason: str, error: dict[str, Any], now: datetime) -> dict[str, Any]:
    status = step(row.status, "failed")
    return {"status": status, "stop_reason": stop_reason, "error": error, "finished_at": now}


def _out_of_memory(memory: MemoryUse) -> str:
    return (
        f"The worker was killed for using {memory.used_bytes / 2**20:,.0f} MiB of memory, and had been "
        f"replaced before. A worker may use {memory.limit_bytes / 2**20:,.0f} MiB. Fewer units, smaller "
        "batches or fewer rows (split.train_rows) need less; the operator can raise "
        "TRAINYARD_WORKER_MEMORY_BYTES."
    )
