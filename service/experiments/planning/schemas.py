"""Schema of a validated experiment."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from service.experiments.equivalents import Equivalents, GivenLambda
from service.experiments.schemas import DatasetUsed, ExperimentSpec, Warned
from service.http.described_by import DescribedBy

__all__ = ["EstimateRead", "ExperimentPlan"]


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
