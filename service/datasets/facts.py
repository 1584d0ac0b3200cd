"""Facts about a data set once it has been read: JSON in its row, and input for resolving."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.spec import DatasetFacts, Divide, to_document
from engine.spec.groups import Copies, Grouping
from service.datasets.revision import OUTDATED, outdated

if TYPE_CHECKING:
    from service.datasets.reading.results import Parsed, Rejected

__all__ = ["copies_of", "engine_facts", "facts_document", "rejection_document", "scaling_of", "warnings_of"]


def facts_document(parsed: Parsed) -> dict[str, Any]:
    """The facts of what was read."""
    arrays, classes, dataset = parsed.arrays, parsed.classes, parsed.dataset
    known = dataset.facts
    counted = (
        None if classes is None else [int((arrays["y"] == place).sum()) for place in range(len(classes))]
    )
    return {
        "task": parsed.task,
        "rows": len(arrays["x"]),
        "validation_rows": len(arrays.get("x_validation", ())),
        "test_rows": len(arrays.get("x_test", ())),
        "features": len(parsed.feature_names),
        "outputs": len(parsed.target_names),
        "classes": None if classes is None else list(classes),
        "class_counts": counted,
        "scaling": to_document(parsed.scaling),
        "feature_names": list(parsed.feature_names),
        "target_names": list(parsed.target_names),
        "columns": [column.document for column in parsed.columns],
        "image_shape": None if parsed.image_shape is None else list(parsed.image_shape),
        "groups": parsed.groups,
        "group_sizes": known.group_sizes,
        "group_classes": known.group_classes,
        "order": parsed.order,
        "copies": dataclasses.asdict(dataset.copies),
        "options": parsed.options.document(),
        "summary": list(parsed.summary),
        "findings": parsed.findings,
        "preview": list(parsed.preview),
        "warnings": [warning.document for warning in parsed.warnings],
    }


def rejection_document(rejected: Rejected) -> dict[str, Any]:
    """The reasons for a file's rejection, and the advice."""
    return {"advice": rejected.advice, "reasons": [reason.document for reason in rejected.reasons]}


def engine_facts(facts: Mapping[str, Any]) -> DatasetFacts:
    """The facts that resolving a specification needs."""
    classes = facts["classes"]
    # Data sets that were read before there were groups know nothing of them.
    sizes, counted = facts.get("group_sizes"), facts.get("group_classes")
    return DatasetFacts(
        task=facts["task"],
        rows=facts["rows"],
        features=facts["features"],
        classes=None if classes is None else len(classes),
        outputs=facts["outputs"],
        scaling=scaling_of(facts["scaling"]),
        validation_rows=facts["validation_rows"],
        test_rows=facts["test_rows"],
        group_sizes=None if sizes is None else tuple(sizes),
        group_classes=None if counted is None else tuple(map(tuple, counted)),
        order_columns=_order_columns(facts),
        order_column=facts.get("order"),
        copies=copies_of(facts.get("copies")),
    )


def _order_columns(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that rows can be ordered by: the one for that, then numbers that are never missing."""
    own = facts.get("order")
    plain = [
        column["name"]
        for column in facts["columns"]
        if column["kind"] != "category" and not column["missing"]
    ]
    return tuple(dict.fromkeys([*([] if own is None else [own]), *plain]))


def copies_of(document: Mapping[str, Any] | None) -> Copies | None:
    """The groups that copies of rows make, from their JSON form; None if they were not looked for."""
    return (
        None if document is None else Copies(**{name: _grouping(found) for name, found in document.items()})
    )


def _grouping(document: Mapping[str, Any] | None) -> Grouping | None:
    if document is None:
        return None
    classes = document["classes"]
    return Grouping(tuple(document["sizes"]), None if classes is None else tuple(map(tuple, classes)))


def warnings_of(facts: Mapping[str, Any], revision: int) -> list[dict[str, Any]]:
    """The warnings of a data set that this revision of the reader has read, as JSON.

    Those that were stored as plain sentences have the code ``note``.
    """
    found = [
        {"pointer": None, "code": "note", "message": each} if isinstance(each, str) else each
        for each in facts["warnings"]
    ]
    old = outdated(revision)
    return (
        found if old is None else [*found, {"pointer": "#/reader_revision", "code": OUTDATED, "message": old}]
    )


def scaling_of(document: str | Mapping[str, float]) -> Any:
    """A scaling from its JSON form."""
    return document if isinstance(document, str) else Divide(divide_by=document["divide_by"])
