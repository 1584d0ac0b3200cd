"""API process: HTTP in front, the database behind. It queues experiments and never trains one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from typing_extensions import override

from service.access.gate import Gate
from service.checkpoints.routes import router as checkpoints
from service.datasets.guidance import way_to_upload
from service.datasets.routes import router as datasets
from service.events.routes import router as events
from service.events.tail import Tail
from service.experiments.curve.routes import router as curves
from service.experiments.planning.routes import router as planning
from service.experiments.queue.outlook import Outlook
from service.experiments.routes import router as experiments
from service.health.readiness import EngineWatch
from service.health.routes import router as health
from service.http import database_problems, problems
from service.http.compression import Compression
from service.http.cors import CrossOrigin
from service.http.exposure import names_of
from service.http.host_check import KnownHosts
from service.http.middleware import BodyLimit, RequestContext
from service.keys.routes import router as keys
from service.keys.service import identify
from service.limits.routes import router as limits
from service.limits.spooling import Spools
from service.links.routes import router as links
from service.metrics.measures import Measures
from service.metrics.routes import router as metrics
from service.openapi.document import openapi_document
from service.settings import Settings
from service.storage.database import Database
from service.sweeps.comparisons.routes import router as comparisons
from service.web import routes as web

__all__ = ["create_app"]

PATIENCE_SECONDS = 10.0
"""Seconds to wait for the database before a request is refused."""


class Application(FastAPI):
    """FastAPI with this service's own OpenAPI document."""

    @override
    def openapi(self) -> dict[str, Any]:
        """Build the document once."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi_document(
                self.routes, self.version, wants_keys=not self.state.gate.is_open
            )
        return self.openapi_schema


def create_app(settings: Settings) -> FastAPI:
    """Build the API; it opens the database when it is first asked something. Raises PepperError."""
    database = Database(settings.resolved_database_url, patience_seconds=PATIENCE_SECONDS)
    app = Application(
        title="Trainyard",
        version=version("trainyard"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_live,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.turn = asyncio.Lock()
    app.state.gate = Gate(settings, database, identify)
    app.state.spools = Spools()
    app.state.tail = Tail(database)
    app.state.engine_watch = EngineWatch()
    app.state.outlook = Outlook(app.state.engine_watch.look, settings.max_running_per_owner)
    app.state.measures = Measures(database, app.state.tail, app.state.engine_watch.look)
    routers = (
        experiments,
        planning,
        curves,
        links,
        comparisons,
        events,
        checkpoints,
        datasets,
        keys,
        limits,
        health,
    )
    for router in routers:
        app.include_router(router)
    # To tell a misspelled path from an unknown one takes no OpenAPI document, which takes long to make.
    app.state.paths = _paths(routers)
    app.include_router(metrics)
    web.mount(app)
    problems.register(app, way_to_upload)
    database_problems.register(app)
    app.add_middleware(BodyLimit, most_upload_bytes=settings.max_upload_bytes)
    app.add_middleware(Compression)
    if settings.cors_origins:
        app.add_middleware(CrossOrigin, origins=settings.cors_origins)
    if (names := names_of(settings)) is not None:
        app.add_middleware(KnownHosts, names=names, origins=settings.cors_origins)
    app.add_middleware(RequestContext, access_log=settings.access_log, count=app.state.measures.count)
    return app


def _paths(routers: Iterable[APIRouter]) -> dict[str, list[str]]:
    """Every path and its methods."""
    paths: dict[str, list[str]] = {}
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute):
            paths.setdefault(route.path, []).extend(route.methods or ())
    return paths


@asynccontextmanager
async def _live(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine_watch.start(app.state.database)
    yield
    app.state.engine_watch.close()
    app.state.tail.close()
    await run_in_threadpool(app.state.tail.join)
    app.state.database.close()
