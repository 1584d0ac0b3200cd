"""Pages for people: a start page, and the interactive documentation (Swagger UI, shipped with the service)."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

__all__ = ["mount"]

_HERE = Path(__file__).parent
_FOLDERS = {"pages": _HERE / "pages", "swagger-ui": _HERE / "swagger-ui"}
# Whatever a page may contain, the browser fetches nothing from anywhere else.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}

_router = APIRouter(include_in_schema=False)


def mount(app: FastAPI) -> None:
    """Serve the pages and what they are made of."""
    app.include_router(_router)
    for name, folder in _FOLDERS.items():
        app.mount(f"/docs/{name}", StaticFiles(directory=folder), name=name)


@_router.get("/")
def start_page() -> HTMLResponse:
    """The start page with links to everything else."""
    return _page("index")


@_router.get("/docs")
def documentation() -> HTMLResponse:
    """Every operation, to be tried."""
    return _page("docs")


def _page(name: str) -> HTMLResponse:
    return HTMLResponse((_FOLDERS["pages"] / f"{name}.html").read_text(encoding="utf-8"), headers=_HEADERS)
