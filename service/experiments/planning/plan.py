"""The plan of an experiment: validated as if it were posted, and not stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from engine.spec import Estimate, equivalents, estimate, to_document
from service.access.caller import NO_LIMITS, Limits
from service.experiments import service as experiments
from service.experiments.equivalents import Equivalents, GivenLambda
from service.experiments.schemas import DatasetUsed, ExperimentSpec, Warned
from service.experiments.submission import Submission
from service.http.described_by import DescribedBy

__all__ = ["EstimateRead", "ExperimentPlan", "Plan", "plan", "plan_document"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A new experiment as it would be stored, and what it would take to train it."""

    submission: Submission
    estimate: Estimate


def plan(session: Session, owner: str, document: Mapping[str, Any], *, limits: Limits = NO_LIMITS) -> Plan:
    """Check a document as posting it does; raises InvalidSpec with every problem of it."""
    submission, _ = experiments.check(session, owner, document, limits=limits, hold=False)
    found = estimate(submission.resolved, submission.dataset.facts, submission.time_limit_seconds)
    return Plan(submission, found)


def plan_document(plan: Plan) -> dict[str, Any]:
    """One plan."""
    dataset, resolved = plan.submission.dataset, plan.submission.resolved
    return {
        "object": "experiment.plan",
        "spec": {"dataset": dataset.name, **to_document(resolved.experiment)},
        "given_lambda": to_document(resolved.given_lambda),
        "dataset": {
            "name": dataset.name,
            "version": dataset.version,
            "rows": dataclasses.asdict(resolved.rows),
            "classes": dataset.classes,
        },
        "parameters": resolved.parameters,
        "estimate": dataclasses.asdict(plan.estimate),
        "equivalents": equivalents(resolved.experiment, resolved.rows.train),
        "warnings": [found.document() for found in resolved.warnings],
    }


class EstimateRead(BaseModel):
    """The estimated cost of training, from counted work and measured costs."""

    seconds_per_epoch: float = Field(description="Training alone, on one core.")
    seconds: float = Field(
        description="Up to `max_epochs` or the time limit; early stopping may end it sooner. Excludes queueing."
    )
    memory_bytes: int = Field(description="Peak memory, in addition to the data set and the worker itself.")
    within_factor: float = Field(
        description=(
            "Nine of ten runs take at most this many times more or less, on the processor used for "
            "calibration."
        )
    )


class ExperimentPlan(BaseModel):
    """The resolved specification of an experiment and its estimated cost."""

    object: Literal["experiment.plan"]
    spec: Annotated[dict[str, Any], DescribedBy(ExperimentSpec)] = Field(
        description='Every "auto" resolved, ready to be posted. A null seed is drawn at submission.'
    )
    given_lambda: GivenLambda | None = Field(
        description=(
            "λ in another tool's convention, if it was given so; null if it was given in the textbook's, as "
            "in `spec`."
        )
    )
    dataset: DatasetUsed
    parameters: int = Field(description="Number of weights and biases.")
    estimate: EstimateRead
    equivalents: Equivalents
    warnings: list[Warned] = Field(
        description="Settings that are valid but probably not intended; submission returns the same."
    )
