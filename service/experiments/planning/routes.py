"""Endpoint that validates an experiment without queueing it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body

from service.access.authentication import Reader
from service.experiments.examples import EXAMPLES
from service.experiments.planning.plan import ExperimentPlan, plan, plan_document
from service.experiments.schemas import ExperimentDocument
from service.http.responses import problems
from service.http.route import StrictRoute
from service.http.sessions import QuickReading

__all__ = ["router"]

router = APIRouter(prefix="/v1/experiments", tags=["Experiments"], route_class=StrictRoute)


@router.post(
    "/validate",
    operation_id="validateExperiment",
    summary="Validate an experiment without queueing it",
    response_model=ExperimentPlan,
    response_model_exclude_unset=True,
    response_description="The specification is valid: the resolved experiment and its estimated cost.",
    responses=problems(400, 413, 415, 422),
)
def validate_experiment(
    document: Annotated[ExperimentDocument, Body(openapi_examples=EXAMPLES)],
    caller: Reader,
    session: QuickReading,
) -> Any:
    """Takes the same body as `POST /v1/experiments`, returns the same errors, and stores nothing.

    The estimate multiplies the counted work of an epoch by costs that were measured once, on one processor.
    """
    return plan_document(plan(session, caller.owner, document, limits=caller.limits))
