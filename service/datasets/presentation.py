"""Present data sets to clients."""

from __future__ import annotations

from typing import Any

from service.datasets.catalog import BuiltinDataset
from service.datasets.facts import warnings_of
from service.datasets.repository import Row
from service.datasets.schemas import BuiltinDatasetRead, UploadedDatasetRead

__all__ = ["builtin_document", "preview_document", "uploaded_document"]

_OF_ROW = ("id", "name", "status", "shared", "bytes", "version", "created_at", "finished_at")
_OF_FACTS = set(UploadedDatasetRead.model_fields) - {
    *_OF_ROW,
    "object",
    "kind",
    "place_in_line",
    "rejection",
    "links",
    "options",
    "reader_revision",
    "warnings",
}


def builtin_document(dataset: BuiltinDataset) -> dict[str, Any]:
    """A data set that comes with the service."""
    fixed = {"id": dataset.name, "object": "dataset", "kind": "builtin", "status": "ready"}
    return {
        name: getattr(dataset, name) for name in BuiltinDatasetRead.model_fields if name not in fixed
    } | fixed


def uploaded_document(row: Row, place_in_line: int | None = None) -> dict[str, Any]:
    """An uploaded data set and its position in the reading queue."""
    facts = row.facts or {}
    this = f"/v1/datasets/{row.id}"
    links = {"self": this, "delete": this}
    if row.status == "uploading":
        links["content"] = f"{this}/content"
    if row.status == "ready":
        links["preview"] = f"{this}/preview"
    return {
        "object": "dataset",
        "kind": "uploaded",
        **{name: getattr(row, name) for name in _OF_ROW},
        "place_in_line": place_in_line,
        **{name: facts.get(name) for name in _OF_FACTS},
        "options": facts.get("options", row.options),
        "warnings": warnings_of(facts, row.reader_revision) if facts else None,
        "reader_revision": row.reader_revision if row.finished_at else None,
        "rejection": row.rejection,
        "links": links,
    }


def preview_document(row: Row) -> dict[str, Any]:
    """The first rows as they were understood."""
    return {"object": "preview", "dataset": row.id, "rows": [] if row.facts is None else row.facts["preview"]}
