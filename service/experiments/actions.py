"""Cancel, pause, resume, change and delete experiments; each change writes an event."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.access.caller import NO_LIMITS, Limits
from service.errors import Conflict, Outdated
from service.experiments import repository, service, states
from service.experiments.changes import changed
from service.experiments.history.repository import record_status
from service.experiments.identifiers import is_identifier
from service.experiments.repository import Row, Standing
from service.experiments.service import Placed
from service.experiments.tags import is_expected
from service.limits import service as quotas
from service.storage.database import utc_now

__all__ = ["cancel", "change", "delete", "pause", "resume"]

_DONE = {
    "cancel": "cancelled",
    "pause": "paused",
    "resume": "resumed",
    "delete": "deleted",
}


def cancel(session: Session, owner: str, identifier: str) -> Placed:
    """Cancel an experiment, or ask the engine to; repeating has no effect.

    Raises NotFound, and Conflict if the experiment had ended by itself before the request.
    """
    return _act(session, owner, identifier, "cancel")


def pause(session: Session, owner: str, identifier: str) -> Placed:
    """Keep an experiment from being trained, or ask the engine to stop for now; raises NotFound and Conflict."""
    return _act(session, owner, identifier, "pause")


def resume(session: Session, owner: str, identifier: str, *, limits: Limits = NO_LIMITS) -> Placed:
    """Queue a paused experiment again, by its old age; raises NotFound, Conflict and TooMany."""
    return _act(session, owner, identifier, "resume", limits)


def delete(session: Session, owner: str, identifier: str, *, expected: Collection[str] | None = None) -> None:
    """Remove an experiment and everything of it.

    Raises NotFound, Conflict where an engine works on it, and Outdated where it has none of the tags ``expected``.
    """
    standing = _lock(session, owner, identifier)
    _as_expected(session, owner, identifier, expected)
    if states.after("delete", standing.status) is None:
        raise _conflict("delete", standing)
    quotas.release(session, owner, repository.delete(session, identifier))


def change(
    session: Session,
    owner: str,
    identifier: str,
    patch: Mapping[str, Any],
    *,
    expected: Collection[str] | None = None,
) -> Placed:
    """Change name, metadata or priority, by a JSON merge patch; raises NotFound, InvalidSpec and Outdated."""
    _lock(session, owner, identifier)
    row = _as_expected(session, owner, identifier, expected)
    values = changed({"name": row.name, "metadata": row.metadata, "priority": row.priority}, patch)
    if values["metadata"] != row.metadata:
        repository.replace_metadata(session, row, values["metadata"])
    repository.update(session, identifier, {**values, "metadata": dict(values["metadata"])})
    return service.read(session, owner, identifier)


def _as_expected(session: Session, owner: str, identifier: str, tags: Collection[str] | None) -> Row:
    row = service.read(session, owner, identifier).row
    if tags is None or is_expected(row, tags):
        return row
    raise Outdated(
        "This experiment's name, metadata or priority has changed since you read it, so nothing was done. "
        "Read it again and decide."
    )


def _act(session: Session, owner: str, identifier: str, action: str, limits: Limits = NO_LIMITS) -> Placed:
    standing = _lock(session, owner, identifier)
    following = states.after(action, standing.status)
    if following is None and not _ended_after(action, standing):
        raise _conflict(action, standing)
    if following not in {None, standing.status}:
        if following == "queued":
            quotas.refuse_more_queued(session, owner, limits)
        values = _values(states.step(standing.status, following))
        repository.update(session, identifier, values)
        if following in states.TERMINAL:
            repository.drop_resume_state(session, identifier)
            quotas.settle(session, [identifier])
        record_status(session, identifier, following, values.get("stop_reason"))
    return service.read(session, owner, identifier)


def _lock(session: Session, owner: str, identifier: str) -> Standing:
    """The experiment's status, locked until the transaction ends; raises NotFound."""
    standing = repository.lock(session, owner, identifier) if is_identifier(identifier) else None
    if standing is None:
        raise service.not_found(identifier)
    return standing


def _ended_after(action: str, standing: Standing) -> bool:
    """Whether the experiment had been asked for this before it ended by itself, so that asking again is harmless."""
    asked = {"cancel": standing.cancel_requested, "pause": standing.pause_requested}
    return standing.status in states.TERMINAL and asked.get(action, False)


_VALUES: Mapping[str, Mapping[str, Any]] = {
    "cancelling": {"cancel_requested": True, "pause_requested": False},
    "cancelled": {
        "cancel_requested": True,
        "pause_requested": False,
        "dispatch_id": None,
        "stop_reason": "user",
    },
    "pausing": {"pause_requested": True},
    "paused": {"pause_requested": True, "dispatch_id": None},
    "queued": {"pause_requested": False},
}
"""For each status that an action leads to, the other columns it sets."""


def _values(following: str) -> dict[str, Any]:
    values = {"status": following, **_VALUES[following]}
    return values | {"finished_at": utc_now()} if following in states.TERMINAL else values


def _conflict(action: str, standing: Standing) -> Conflict:
    allowed = ", ".join(states.ACTIONS[action])
    possible = ", ".join(states.possible(standing.status))
    way_out = f"Possible actions: {possible}." if possible else "Nothing is possible until it has ended."
    return Conflict(
        f"This experiment is {standing.status} and cannot be {_DONE[action]}; allowed statuses: {allowed}. "
        f"{way_out}"
    )
