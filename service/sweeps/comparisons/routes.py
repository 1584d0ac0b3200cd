"""The endpoint of comparisons."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.openapi.models import Example

from service.access.authentication import Reader
from service.http.responses import problems
from service.http.route import StrictRoute
from service.http.sessions import Reading
from service.sweeps.comparisons import service
from service.sweeps.comparisons.presentation import comparison_document
from service.sweeps.comparisons.schemas import ComparisonDocument, ComparisonRead
from service.sweeps.comparisons.submission import read_comparison

__all__ = ["router"]

router = APIRouter(prefix="/v1/comparisons", tags=["Comparisons"], route_class=StrictRoute)

_EXAMPLES: dict[str, Example] = {
    "by metadata": {
        "summary": "Two settings, told apart by the metadata of their experiments",
        "value": {
            "groups": [{"metadata": {"setting": "no penalty"}}, {"metadata": {"setting": "l2"}}],
            "metric": "val_accuracy",
            "reference": 0,
        },
    },
}


@router.post(
    "",
    operation_id="compareExperiments",
    summary="Compare groups of experiments",
    response_model=ComparisonRead,
    response_description="Scores of all replicates, differences with intervals, and the verdict.",
    responses=problems(400, 413, 415, 422),
)
def compare_experiments(
    document: Annotated[ComparisonDocument, Body(openapi_examples=_EXAMPLES)],
    caller: Reader,
    session: Reading,
) -> Any:
    """Says which setting generalizes best, or that the data cannot tell, with an interval and a sentence.

    Each group holds replicates of one setting: post the same specification with several values of `seed` and
    `split.seed`, the same ones for every setting, so that differences are paired. Nothing is stored.
    """
    return comparison_document(service.compare(session, caller.owner, read_comparison(document)))
