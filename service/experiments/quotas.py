"""What a new experiment may not exceed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine.errors import InvalidSpec, SpecProblem
from engine.spec import Resolved
from service.access.caller import Limits
from service.errors import TooMany
from service.experiments.queue import repository as queue
from service.quotas.service import refuse_more_stored

__all__ = ["refuse_too_large", "refuse_too_many"]

_RETRY_SECONDS = 5


def refuse_too_large(resolved: Resolved, limits: Limits) -> None:
    """Raise InvalidSpec where one experiment alone is more than its owner may have trained."""
    most, epochs = limits.parameter_epochs, resolved.experiment.max_epochs
    if most is not None and resolved.parameters * epochs > most:
        message = (
            f"{resolved.parameters:,} parameters times {epochs:,} epochs are more than the {most:,} you may ask for; "
            f"at most {most // resolved.parameters:,} epochs of this network are, or take a smaller one."
        )
        raise InvalidSpec([SpecProblem(("max_epochs",), "limit", message)])


def refuse_too_many(session: Session, owner: str, limits: Limits, stored_bytes: int | None) -> None:
    """Raise TooMany where the owner has as much waiting, or stored, as they may."""
    refuse_more_stored(limits, stored_bytes)
    if limits.queued is not None and queue.count_queued(session, owner, limits.queued) >= limits.queued:
        raise TooMany(
            f"You have {limits.queued} experiments waiting, as many as this service allows. "
            "Wait until some of them have begun, or cancel some.",
            _RETRY_SECONDS,
        )
