"""The endpoint of learning curves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from service.access.authentication import Reader
from service.experiments.curve import metrics, service
from service.experiments.schemas import CurveRead
from service.http.etags import Known
from service.http.negotiation import preferred
from service.http.problems import Refusal
from service.http.responses import NOT_MODIFIED, problems
from service.http.route import StrictRoute
from service.http.sessions import ExperimentId, Reading

__all__ = ["router"]

router = APIRouter(prefix="/v1/experiments", tags=["Experiments"], route_class=StrictRoute)

_JSON, _CSV = _FORMS = ("application/json", "text/csv")
_BY_NAME = {"json": _JSON, "csv": _CSV}


@router.get(
    "/{experiment_id}/metrics",
    operation_id="getExperimentMetrics",
    summary="Get the learning curve",
    response_model=CurveRead,
    response_description="Metrics per epoch: columns in JSON, one row per epoch in CSV.",
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        **NOT_MODIFIED,
        **problems(404, 406, 422),
    },
)
def get_experiment_metrics(  # noqa: PLR0913 - one argument per query parameter
    experiment_id: ExperimentId,
    response: Response,
    caller: Reader,
    session: Reading,
    known: Known,
    *,
    from_epoch: Annotated[int, Query(ge=0, le=1_000_000, description="Omit earlier epochs.")] = 0,
    max_points: Annotated[
        int | None,
        Query(
            ge=2,
            le=1_000_000,
            description="Maximum number of points; the curve is thinned and keeps its extremes.",
        ),
    ] = None,
    names: Annotated[
        list[str], Query(description="Metrics, separated by commas or repeated; all by default.")
    ] = [],
    format_: Annotated[
        Literal["json", "csv"] | None, Query(alias="format", description="Overrides the header `Accept`.")
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Any:
    """Includes every epoch unless `max_points` is given.

    Request CSV with `?format=csv` or the header `Accept: text/csv`.
    """
    form = _BY_NAME[format_] if format_ is not None else preferred(accept, _FORMS)
    if form is None:
        raise Refusal(406, f"Metrics are available as {' or '.join(_FORMS)}.")
    wanted: dict[str, Any] = {"names": names, "from_epoch": from_epoch, "max_points": max_points}

    def answer() -> StreamingResponse:
        curve = service.curve(session, caller.owner, experiment_id, **wanted)
        # A long curve is sent as it is: to check it against the schema once more takes longer than to read it.
        pieces = metrics.as_json(curve) if form == _JSON else metrics.as_csv(curve)
        return StreamingResponse(pieces, media_type=form, headers=dict(response.headers))

    response.headers["Vary"] = "Accept"
    if form == _CSV:
        response.headers["Content-Disposition"] = f'attachment; filename="{experiment_id}.csv"'
    return known.unless_known(service.curve_tag(session, caller.owner, experiment_id, form), answer)
