"""Endpoint for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from service.http.exposure import is_loopback
from service.http.problems import Refusal

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_ELSEWHERE = (
    "While TRAINYARD_AUTH is off, metrics are available from this machine only, without a proxy. Turn it "
    "on and use an API key with the scope metrics."
)


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Metrics in Prometheus' text format."""
    gate = request.app.state.gate
    if not gate.is_open:
        await gate.admit(request, "metrics")
    elif not _is_local(request):
        raise Refusal(403, _ELSEWHERE)
    text = await run_in_threadpool(request.app.state.measures.text)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _is_local(request: Request) -> bool:
    """Whether the request comes from this machine. A proxy on this machine forwards for others, and says so."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For"))
    return request.client is not None and is_loopback(request.client.host) and not forwarded
