"""Targets: infer the task from the target's values, and encode them for the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.kernels import Array
from service.datasets.reading.forms import are_dates, are_durations, number_advice
from service.datasets.reading.label_texts import LabelsFound, exact_number, look_alikes, sorted_places
from service.datasets.reading.limits import MAX_CLASSES, MOST_NUMBERED_CLASSES
from service.datasets.reading.results import MOST_REASONS, DatasetWarning, Reason, Refused, refuse, shown

__all__ = ["Columns", "Target", "truth_words", "understand"]

_FEWEST_NAMES = 10
_TRUTHS = ({"false", "true"}, {"no", "yes"}, {"f", "t"}, {"n", "y"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Target columns ``values`` (N, O): numbers, or numbers of texts in ``levels``; ``line`` tells where a row is.

    ``labels`` are the texts of a single column of numbers, None if there are too many of them.
    """

    names: tuple[str, ...]
    values: Array
    levels: Sequence[Sequence[str] | None]
    line: Callable[[int], int]
    labels: LabelsFound | None = None
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class Target:
    """``y`` as ``engine.Dataset`` wants it for ``task``; ``classes`` are names in the order of their numbers."""

    task: str
    y: Array
    classes: tuple[str, ...] | None
    warnings: tuple[DatasetWarning, ...] = ()

    @property
    def kind(self) -> str:
        """The task as options name it."""
        return "classification" if self.classes is not None else self.task


def understand(columns: Columns, task: str | None, classes: tuple[str, ...] | None = None) -> Target:
    """The target of a task, or of the one that suits its values; raises Refused, naming rows, if there is none.

    ``classes`` names the numbers from 0 if the file says what they mean.
    """
    _check_present(columns)
    several, is_asked = columns.values.shape[1] > 1, task is not None
    task = task or (_task_of_several(columns) if several else _task_of_one(columns))
    if task == "classification" and several:
        raise refuse(
            f"{len(columns.names)} target columns",
            "one",
            f'Choose one target column, or set the task to "{_task_of_several(columns)}".',
        )
    if task == "classification":
        found = _classes(columns, classes)
        return found if is_asked else replace(found, warnings=(*found.warnings, *_dated(columns, found)))
    return _labels(columns) if task == "multilabel" else _numbers(columns)


def _dated(columns: Columns, target: Target) -> Iterator[DatasetWarning]:
    """A warning about classes that are dates, times or durations, unless they were asked for."""
    names = target.classes or ()
    if are_dates(names) or are_durations(names):
        what = "dates or times" if are_dates(names) else "durations"
        message = (
            f"The target {shown(columns.names[0])} holds {what} such as {shown(names[0])}, each of which "
            "is a class of its own; to predict a date or duration, write it as a number, such as days; if "
            'they are classes, set "task": "classification".'
        )
        yield DatasetWarning("dates_as_classes", "#/task", message)


def _check_present(columns: Columns) -> None:
    bad = ~np.isfinite(columns.values)
    if not bad.any():
        return
    reasons = [
        Reason(
            columns.line(int(row)),
            columns.names[column],
            "nothing" if np.isnan(columns.values[row, column]) else "infinity",
            "a value: it is the target",
        )
        for row, column in np.argwhere(bad)[:MOST_REASONS]
    ]
    count = int(bad.any(axis=1).sum())
    drop = ", or drop them with missing_target=drop" if np.isnan(columns.values).any() else ""
    rows = f"{count} rows" if count > 1 else "row"
    drop = drop.replace("them", "it") if count == 1 else drop
    raise Refused(reasons, f"Fill in or remove the {rows} without a usable target{drop}.")


def _task_of_one(columns: Columns) -> str:
    values = columns.values[:, 0]
    if columns.levels[0] is not None:
        _check_come_again(columns.levels[0], len(values), columns.names[0])
        return "classification"
    if values.dtype.kind == "b":
        return "classification"
    if not (np.rint(values) == values).all():
        return "regression"
    count = _distinct(values) if columns.labels is None else _distinct_labels(columns)
    few = count <= MOST_NUMBERED_CLASSES and count * 2 <= len(values)
    return "classification" if few or count <= 2 else "regression"  # noqa: PLR2004 - yes and no


def _distinct(values: Array) -> int:
    return len(np.unique(values))


def _distinct_labels(columns: Columns) -> int:
    """Number of distinct numbers among the labels, to the last digit."""
    texts = columns.labels.texts if columns.labels is not None else ()
    return len({exact_number(text, columns.decimal) for text in texts})


def _check_come_again(texts: Sequence[str], rows: int, name: str) -> None:
    """Raise Refused for texts that are no classes: dates, or almost another one in every row."""
    if len(texts) <= _FEWEST_NAMES or len(texts) * 2 <= rows:
        return
    dates = are_dates(texts)
    found = (
        f"{'dates' if dates else f'{len(texts)} distinct strings in {rows} rows,'} such as {shown(texts[0])}"
    )
    classes = 'If these are classes, set the task to "classification".'
    other = "Choose another column as the target."
    advice = number_advice(texts) or (classes if len(texts) <= MAX_CLASSES else other)
    raise refuse(found, "numbers, or repeated classes", advice, column=name)


def _task_of_several(columns: Columns) -> str:
    truths = [
        truth_words(levels) is not None if levels is not None else bool(np.isin(values, (0, 1)).all())
        for values, levels in zip(columns.values.T, columns.levels, strict=True)
    ]
    return "multilabel" if all(truths) else "regression"


def _classes(columns: Columns, names: tuple[str, ...] | None) -> Target:
    found = _labels_of(columns)
    places = None if names is None else _places_of(found.texts, len(names))
    if names is None or places is None:
        order = sorted_places(found.texts, columns.decimal)
        names, places = tuple(found.texts[place] for place in order), np.argsort(order)
    numbers = places[found.codes]
    if not 2 <= len(names) <= MAX_CLASSES or len(np.unique(numbers)) < 2:  # noqa: PLR2004 - a choice needs two
        are_numbers = len(names) > 1 and all(
            exact_number(name, columns.decimal) is not None for name in names
        )
        other = ', or set the task to "regression"' if are_numbers else ""
        raise refuse(
            f"{len(names)} class{'es' * (len(names) != 1)}: {', '.join(shown(name) for name in names[:5])}",
            f"2 to {MAX_CLASSES}",
            f"Check which column is the target{other}.",
            column=columns.names[0],
        )
    dtype = np.uint8 if len(names) <= 1 << 8 else np.int32
    task = "binary" if len(names) == 2 else "multiclass"  # noqa: PLR2004 - as above
    warnings = tuple(look_alikes(names, "Classes", "#/classes", columns.decimal))
    return Target(task, numbers.astype(dtype), names, warnings)


def _labels_of(columns: Columns) -> LabelsFound:
    """The texts that name the rows' classes; raises Refused if there are too many."""
    if columns.labels is not None:
        return columns.labels
    levels = columns.levels[0]
    if levels is None:
        raise refuse(
            f"more than {MAX_CLASSES} distinct labels",
            f"2 to {MAX_CLASSES}",
            'Check which column is the target, or set the task to "regression".',
            column=columns.names[0],
        )
    return LabelsFound(columns.values[:, 0].astype(np.intp), tuple(levels))


def _places_of(texts: Sequence[str], count: int) -> Array | None:
    """(texts,) the numbers from 0 below ``count`` that the texts are; None if one is something else."""
    numbers = [exact_number(text) for text in texts]
    if all(number is not None and number in range(count) for number in numbers):
        return np.array([int(number or 0) for number in numbers])
    return None


def _labels(columns: Columns) -> Target:
    labels = np.empty(columns.values.shape, np.uint8)
    reasons = []
    for place, (values, levels) in enumerate(zip(columns.values.T, columns.levels, strict=True)):
        words = None if levels is None else truth_words(levels)
        if levels is None and np.isin(values, (0, 1)).all():
            labels[:, place] = values
        elif words is not None:
            labels[:, place] = words[values.astype(np.intp)]
        else:
            found = shown(levels[0]) if levels else f"{values[~np.isin(values, (0, 1))][0]:g}"
            reasons.append(
                Reason(None, columns.names[place], found, "0 or 1: whether the row has this label")
            )
    if reasons:
        raise Refused(reasons, 'Write each label as a column of 0 and 1, or choose another "task".')
    return Target("multilabel", labels, None)


def _numbers(columns: Columns) -> Target:
    texts = [place for place, levels in enumerate(columns.levels) if levels is not None]
    if texts:
        reasons = [
            Reason(
                None,
                columns.names[place],
                shown((columns.levels[place] or [""])[0]),
                "numbers: the task is regression",
            )
            for place in texts
        ]
        raise Refused(reasons, 'Choose a numeric target, or set the task to "classification".')
    values = columns.values.astype(np.float64)
    if (values == values[0]).all():
        raise refuse(
            f"{values[0, 0]:g} in every row",
            "a target that varies",
            "Check which column is the target.",
            column=columns.names[0],
        )
    return Target("regression", values[:, 0].copy() if values.shape[1] == 1 else values, None)


def truth_words(levels: Sequence[str]) -> Array | None:
    """(levels,) 0 or 1 for words that say no and yes, None for others."""
    words = [level.lower() for level in levels]
    for pair in _TRUTHS:
        if set(words) <= pair:
            return np.array([int(word == max(pair)) for word in words])
    return None
