"""The document that tells what an experiment would be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from service.experiments.equivalents import Equivalents, GivenLambda
from service.experiments.schemas import DatasetUsed, ExperimentSpec, Warned
from service.experiments.spec_schema import DescribedBy

__all__ = ["EstimateRead", "ExperimentPlan"]


class EstimateRead(BaseModel):
    """What training would take, from counted work and measured costs."""

    seconds_per_epoch: float = Field(description="Of training alone, on one core.")
    seconds: float = Field(
        description="To `max_epochs`, or to the time limit; early stopping may end it before. Waiting is not counted."
    )
    memory_bytes: int = Field(description="Beside the data set and the worker itself, at the peak.")
    within_factor: float = Field(
        description="Nine of ten runs take at most so many times more or less, on the processor that was measured."
    )


class ExperimentPlan(BaseModel):
    """What an experiment would be: the specification that it would have, and what training would take."""

    object: Literal["experiment.plan"]
    spec: Annotated[dict[str, Any], DescribedBy(ExperimentSpec)] = Field(
        description='Every "auto" resolved, to be posted as it is. A seed of null is drawn then.'
    )
    given_lambda: GivenLambda | None = Field(
        description="λ as it was given in another tool's terms; null where it was the textbook's, which `spec` has."
    )
    dataset: DatasetUsed
    parameters: int = Field(description="Weights and biases of the network.")
    estimate: EstimateRead
    equivalents: Equivalents
    warnings: list[Warned] = Field(
        description="What is allowed and probably not meant; posting says the same."
    )
