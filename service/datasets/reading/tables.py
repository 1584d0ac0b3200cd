"""Interpret a table: features, target, and the rows of each split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from engine.kernels import Array
from service.datasets.reading.features import Features, feature_names, find_features
from service.datasets.reading.groups import check_whole, numbered
from service.datasets.reading.label_texts import look_alikes
from service.datasets.reading.moments import moments
from service.datasets.reading.results import (
    MOST_REASONS,
    DatasetWarning,
    Parsed,
    Reason,
    Refused,
    refuse,
    shown,
)
from service.datasets.reading.roles import BY_PLACE
from service.datasets.reading.table import Table
from service.datasets.reading.targets import Columns, Target, understand

__all__ = ["check_training_part", "dropped_rows", "interpret"]

_PARTS = {
    **dict.fromkeys(("train", "training", "fit"), ""),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "_validation"),
    **dict.fromkeys(("test", "testing"), "_test"),
}


def interpret(table: Table) -> Parsed:
    """Interpret the table; raises Refused."""
    table, warnings = _with_targets(table)
    roles, options = table.roles, table.options
    if len(table.values) <= 1:
        raise refuse(
            "one row" if len(table.values) else "no rows",
            "at least two",
            "Upload more rows: training and validation both need some.",
        )
    columns = _target_columns(table)
    target = _target(table, columns)
    features = find_features(table)
    arrays = _parted(table, features, target) | _row_columns(table)
    arrays = _of_training_rows(arrays, table)
    check_training_part(arrays["y"], target.classes)
    groups = None
    if "groups" in arrays:
        arrays["groups"], groups = numbered(arrays["groups"])
    resolved = replace(
        options,
        target=columns.names if len(columns.names) > 1 else columns.names[0],
        task=target.kind,
        scaling=options.scaling or "standardize",
        ignore=tuple(dict.fromkeys((*options.ignore, *features.unused))),
        categorical=tuple(column.name for column in features.columns if column.kind == "category"),
    )
    warnings += [
        DatasetWarning("empty_column", "#/options/ignore", f"Column {shown(name)} is empty and ignored.")
        for name in features.unused
    ]
    warnings += features.doubts
    if roles.guess == BY_PLACE:
        message = f"Column {shown(columns.names[0])} was taken for the target {BY_PLACE}."
        warnings.append(DatasetWarning("guessed_target", "#/options/target", message))
    warnings += [*_odd_numbers(table, target), *_alike(table, features)]
    return Parsed(
        arrays=arrays,
        task=target.task,
        classes=target.classes,
        columns=features.columns,
        feature_names=feature_names(features.columns),
        target_names=columns.names,
        image_shape=None,
        scaling=resolved.scaling or "standardize",
        options=resolved,
        groups=groups,
        order=None if roles.order is None else roles.names[roles.order],
        warnings=(*table.warnings, *warnings, *target.warnings),
    )


def _with_targets(table: Table) -> tuple[Table, list[DatasetWarning]]:
    """The table without rows that have no target, where that is asked for, and a warning that counts them."""
    if table.options.missing_target != "drop" or not len(table.values):
        return table, []
    missing = np.any(np.isnan(_target_columns(table).values.astype(np.float64)), axis=1)
    if not missing.any():
        return table, []
    return table.kept(~missing), [dropped_rows(int(missing.sum()), len(missing))]


def _target_columns(table: Table) -> Columns:
    roles, found = table.roles, table.labels
    chosen = [table.places[place] for place in roles.targets]
    values, levels = table.values[:, chosen], [table.levels[index] for index in chosen]
    if found is not None:
        codes = np.where(found.codes < 0, np.nan, found.codes)
        numbers = table.label_numbers
        values = (codes if numbers is None else numbers)[:, None]
        levels = [list(found.texts) if numbers is None else None]
    names = tuple(roles.names[place] for place in roles.targets)
    return Columns(names, values, levels, table.lines.of, found, table.options.decimal or ".")


def _odd_numbers(table: Table, target: Target) -> Iterator[DatasetWarning]:
    """Warnings about columns of numbers that may be names."""
    roles = table.roles
    for place in (*roles.features, *(roles.targets if target.task == "regression" else ())):
        odd = table.odd_numbers.get(place)
        if odd is None or table.column(place)[1] is not None:
            continue
        cure = (
            'set "task": "classification"' if place in roles.targets else 'list the column in "categorical"'
        )
        name = roles.names[place]
        if odd.rounded is not None:
            message = (
                f"Column {shown(name)} holds integers above 2^53, such as {shown(odd.rounded)[1:-1]}, "
                f"which lose their last digits; if they are names, {cure}."
            )
            yield DatasetWarning("rounded_integers", "#/columns", message, column=name)
        if odd.padded is not None:
            message = (
                f"Column {shown(name)} holds numbers with leading zeros, such as "
                f"{shown(odd.padded)[1:-1]}, which are dropped; if they are names, {cure}."
            )
            yield DatasetWarning("leading_zeros", "#/columns", message, column=name)


def _alike(table: Table, features: Features) -> Iterator[DatasetWarning]:
    """Warnings about categories and groups that may be meant as one."""
    decimal = table.options.decimal or "."
    for column in features.columns:
        if column.kind == "category":
            what = f"In column {shown(column.name)} categories"
            for warning in look_alikes(column.levels, what, "#/columns", decimal):
                yield replace(warning, column=column.name)
    if (place := table.roles.group) is not None:
        groups = table.column(place)[1] or []
        what = f"In column {shown(table.roles.names[place])} groups"
        yield from look_alikes(groups, what, "#/options/group", decimal)


def _target(table: Table, columns: Columns) -> Target:
    roles = table.roles
    last_is_target = roles.targets == (len(roles.names) - 1,)
    try:
        return understand(columns, table.options.task, table.classes if last_is_target else None)
    except Refused as refused:
        if roles.guess is None:
            raise
        name = shown(columns.names[0])
        advice = (
            f'{name} was taken for the target {roles.guess}; if the target is another column, set "target".'
        )
        raise refused.advising(advice) from None


def dropped_rows(dropped: int, rows: int) -> DatasetWarning:
    """The warning that counts rows without a target."""
    message = f"{dropped:,} of {rows:,} rows have no target and were dropped."
    return DatasetWarning("dropped_rows", "#/options/missing_target", message)


def check_training_part(y: Array, classes: tuple[str, ...] | None) -> None:
    """Raise Refused unless the rows to train on hold at least two classes."""
    if classes is not None and len(y) and (y == y[0]).all():
        raise refuse(
            f"only class {shown(classes[int(y[0])])} among the training rows",
            "at least two classes",
            "Add other rows of the file to the training rows.",
        )


def _parted(table: Table, features: Features, target: Target) -> dict[str, Array]:
    """``x`` and ``y`` of the rows to train on and, where a column says so, of those to validate and test on."""
    if table.roles.split is None:
        return {"x": features.x, "y": target.y}
    parts = _parts_of_rows(table)
    arrays: dict[str, Array] = {}
    for suffix in ("", "_validation", "_test"):
        rows = parts == suffix
        if rows.any():
            arrays |= {f"x{suffix}": features.x[rows], f"y{suffix}": target.y[rows]}
    if "x" not in arrays:
        raise refuse("no training rows", "some", 'Set "train" in the split column of the training rows.')
    return arrays


def _parts_of_rows(table: Table) -> Array:
    """(N,) suffix of the part that a row belongs to; raises Refused for other words."""
    place = table.roles.split
    values, levels = table.column(place if place is not None else 0)
    suffixes = [_PARTS.get(level.lower()) for level in levels or []]
    good = np.array([suffix is not None for suffix in suffixes] + [False])
    numbers = np.where(np.isnan(values), len(suffixes), values).astype(np.intp)
    if rows := np.flatnonzero(~good[numbers])[:MOST_REASONS].tolist():
        words = [*(levels or []), ""]
        name = table.roles.names[place or 0]
        raise Refused(
            [
                Reason(
                    table.lines.of(row), name, shown(words[numbers[row]]), '"train", "validation" or "test"'
                )
                for row in rows
            ],
            "Every row of the split column must hold one of these words.",
        )
    return np.array([suffix or "" for suffix in suffixes])[numbers]


def _row_columns(table: Table) -> dict[str, Array]:
    """``weights``, ``groups`` and ``order`` (N,) of all rows, where there are such columns."""
    found: dict[str, Array] = {}
    if table.roles.weight is not None:
        found["weights"] = _weights(table, table.roles.weight)
    if table.roles.group is not None:
        groups = table.column(table.roles.group)[0]
        _check_each(table, table.roles.group, np.isnan(groups), "a group")
        found["groups"] = groups
    if table.roles.order is not None:
        found["order"] = moments(table, table.roles.order)
    return found


def _weights(table: Table, place: int) -> Array:
    weights = table.column(place)[0].astype(np.float64)
    _check_each(table, place, ~(np.isfinite(weights) & (weights >= 0)), "a finite weight of at least 0")
    if not weights.any():
        raise refuse("Omit the weight.", "weights", "Leave the weight out.", column=table.roles.names[place])
    return weights


def _check_each(table: Table, place: int, bad: Array, expected: str) -> None:
    name, rows = table.roles.names[place], np.flatnonzero(bad)[:MOST_REASONS]
    if len(rows):
        values = table.column(place)[0]
        raise Refused(
            [
                Reason(
                    table.lines.of(int(row)),
                    name,
                    "nothing" if np.isnan(values[row]) else f"{values[row]:g}",
                    expected,
                )
                for row in rows
            ],
            f"Give every row {expected}, or do not use the column.",
        )


def _of_training_rows(arrays: dict[str, Array], table: Table) -> dict[str, Array]:
    """The same with weights, groups and order of the rows to train on alone."""
    if table.roles.split is None:
        return arrays
    parts = _parts_of_rows(table)
    if table.roles.group is not None:
        check_whole(table, table.roles.group, parts)
    rows = parts == ""
    return {
        name: array[rows] if name in {"weights", "groups", "order"} else array
        for name, array in arrays.items()
    }
