"""Read the document of a new experiment: a resolved specification, or every problem of it.

Pure: knows the specification and the data sets' facts, no database and no HTTP.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from engine.errors import InvalidSpec, SpecProblem
from engine.spec import Estimate, Experiment, Resolved, SpecWarning, estimate, resolve
from engine.spec.records import unknown_fields
from engine.spec.rules import json_name
from service.datasets import service as datasets
from service.datasets.service import Trainable
from service.experiments.labels import (
    DEFAULT_PRIORITY,
    check_metadata,
    check_priority,
    check_time_limit,
)
from service.names import check_name

__all__ = ["FIELDS", "Submission", "read_submission"]

LONG_SECONDS = 3600.0
"""Estimated seconds above which a long run gets a warning."""

_OWN_FIELDS = ("dataset", "name", "metadata", "priority", "time_limit_seconds")
_SPEC_FIELDS = tuple(json_name(field) for field in dataclasses.fields(Experiment))
FIELDS = (_OWN_FIELDS[0], *_SPEC_FIELDS, *_OWN_FIELDS[1:])
"""Every field of the document of a new experiment."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A new experiment, ready to be stored."""

    dataset: Trainable
    resolved: Resolved
    name: str | None
    metadata: Mapping[str, str]
    priority: int
    time_limit_seconds: float | None


def read_submission(
    document: Mapping[str, Any], find: Callable[[str], Trainable] = datasets.describe
) -> Submission:
    """Check a document and resolve its specification; raises InvalidSpec with every problem found.

    ``find`` is who knows the data sets; it raises UnknownDatasetError and UnreadyDatasetError.
    """
    unknown = [name for name in document if name not in FIELDS]
    problems = list(unknown_fields(Experiment, document, unknown, FIELDS))
    dataset = _collect(problems, lambda: _dataset(document, find))
    name = _collect(problems, lambda: check_name(document.get("name")))
    metadata = _collect(problems, lambda: check_metadata(_given(document, "metadata", {})))
    priority = _collect(problems, lambda: check_priority(_given(document, "priority", DEFAULT_PRIORITY)))
    time_limit = _collect(problems, lambda: check_time_limit(document.get("time_limit_seconds")))
    given = {field: document[field] for field in _SPEC_FIELDS if field in document}
    experiment = _collect(problems, lambda: Experiment.from_document(given))
    resolved = None
    if dataset is not None and experiment is not None:
        resolved = _collect(problems, lambda: resolve(experiment, dataset.facts))
    if problems or dataset is None or resolved is None:
        raise InvalidSpec(problems)
    found = (
        *_unsolved(dataset.warnings, resolved),
        *_ill_timed(time_limit, estimate(resolved, dataset.facts, time_limit)),
        *_mistaken_classes(resolved, dataset),
    )
    resolved = dataclasses.replace(resolved, warnings=resolved.warnings + found)
    return Submission(dataset, resolved, name, metadata, priority, time_limit)


def _unsolved(warnings: Sequence[SpecWarning], resolved: Resolved) -> Iterator[SpecWarning]:
    """The warnings of a data set but for that of copies where the split keeps them together."""
    keeps = getattr(resolved.experiment.split, "keep_duplicates_together", False)
    return (warning for warning in warnings if not (keeps and warning.code == "copied_rows"))


def _ill_timed(limit: float | None, expected: Estimate) -> Iterator[SpecWarning]:
    """A warning of a time limit that may be over before the first epoch is, or of a run that takes hours."""
    seconds = expected.seconds_per_epoch
    if limit is not None and limit < seconds:
        message = (
            f"One epoch takes an estimated {seconds:.3g} s, longer than the time limit, and a run without "
            "a complete epoch fails. Raise the limit, or shorten epochs with larger batches, fewer units "
            "or fewer rows (split.train_rows)."
        )
        yield SpecWarning("time_limit_too_short", ("time_limit_seconds",), message)
    if expected.seconds > LONG_SECONDS:
        message = (
            f"Training takes an estimated {expected.seconds / 3600:,.3g} hours, {seconds:.3g} s per epoch. "
            "Fewer epochs or time_limit_seconds end it sooner; larger batches, fewer units or fewer rows "
            "shorten epochs."
        )
        yield SpecWarning("long_run", ("max_epochs",), message)


def _mistaken_classes(resolved: Resolved, dataset: Trainable) -> Iterator[SpecWarning]:
    """A warning of weights by class number where that number is the name of another class."""
    classes, weights = dataset.classes, resolved.experiment.class_weight
    if classes is None or not isinstance(weights, dict):
        return
    if mistaken := [number for number in weights if number in classes and classes[int(number)] != number]:
        number = mistaken[0]
        message = (
            f'class_weight numbers classes from 0 in the order of the data set: "{number}" is the class '
            f'called "{classes[int(number)]}", and the class called "{number}" is '
            f'"{list(classes).index(number)}".'
        )
        yield SpecWarning("class_weight_by_number", ("class_weight", number), message)


def _given(document: Mapping[str, Any], name: str, default: Any) -> Any:
    """The member of this name; null is as good as none."""
    value = document.get(name)
    return default if value is None else value


def _collect(problems: list[SpecProblem], read: Callable[[], Any]) -> Any:
    """Return the result of ``read``; if it raises, add the problems to the list and return None."""
    try:
        return read()
    except InvalidSpec as error:
        problems += error.problems
        return None


def _refuse(code: str, message: str, *path: str) -> NoReturn:
    raise InvalidSpec([SpecProblem(path, code, message)])


def _dataset(document: Mapping[str, Any], find: Callable[[str], Trainable]) -> Trainable:
    if "dataset" not in document:
        _refuse(
            "missing",
            "This field is required: the identifier of a data set, see GET /v1/datasets.",
            "dataset",
        )
    name = document["dataset"]
    if not isinstance(name, str):
        _refuse("type", "Must be the identifier of a data set, see GET /v1/datasets.", "dataset")
    try:
        return find(name)
    except datasets.UnknownDatasetError as error:
        _refuse("unknown_dataset", str(error), "dataset")
    except datasets.UnreadyDatasetError as error:
        _refuse("not_ready", str(error), "dataset")
