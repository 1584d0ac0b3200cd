"""Read an experiment as at submission, and store nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.spec import Estimate, estimate
from service.access.caller import NO_LIMITS, Limits
from service.experiments import service
from service.experiments.submission import Submission

__all__ = ["Plan", "plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A new experiment as it would be stored, and what it would take to train it."""

    submission: Submission
    estimate: Estimate


def plan(session: Session, owner: str, document: Mapping[str, Any], *, limits: Limits = NO_LIMITS) -> Plan:
    """Check a document as posting it does; raises InvalidSpec with every problem of it."""
    submission, _ = service.check(session, owner, document, limits=limits, hold=False)
    found = estimate(submission.resolved, submission.dataset.facts, submission.time_limit_seconds)
    return Plan(submission, found)
