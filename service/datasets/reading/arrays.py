"""Interpret the arrays of an NPZ file: images as rows, labels as classes, NaN as missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.kernels import Array
from engine.spec import Divide, Scaling
from service.datasets.reading.archive import read_arrays
from service.datasets.reading.columns import LARGEST_EXACT
from service.datasets.reading.features import feature_names
from service.datasets.reading.groups import numbered
from service.datasets.reading.label_texts import LabelsFound, number_text, trimmed
from service.datasets.reading.limits import MAX_CLASSES, MAX_COLUMNS, MAX_TEXTS
from service.datasets.reading.option_rules import is_plain
from service.datasets.reading.options import Options
from service.datasets.reading.results import (
    MOST_REASONS,
    ColumnFound,
    DatasetWarning,
    Parsed,
    Reason,
    Refused,
    refuse,
)
from service.datasets.reading.tables import check_training_part, dropped_rows
from service.datasets.reading.targets import Columns, Target, understand

__all__ = ["read_npz"]

_SUFFIXES = ("", "_validation", "_test")
_PICTURE_AXES = 3
_MOST_LOOKED_AT = 1_000
# As Keras' examples do: bytes become numbers from 0 to 1.
_BYTES = Divide(divide_by=255)
_ONE_HOT = DatasetWarning(
    "one_hot_target", "#/target_names", "y is one-hot: each row's class is the position of its 1."
)


def read_npz(path: Path, options: Options) -> Parsed:
    """Interpret the archive's arrays; raises Refused."""
    arrays, warnings = read_arrays(path)
    shape = arrays["x"].shape[1:]
    for suffix in _SUFFIXES:
        if f"x{suffix}" in arrays:
            arrays[f"x{suffix}"] = _rows(arrays[f"x{suffix}"], f"x{suffix}", shape)
            _check_lengths(arrays, suffix)
    if options.missing_target == "drop":
        warnings += _drop_missing(arrays)
    if len(arrays["x"]) <= 1:
        raise refuse(f"{len(arrays['x'])} rows", "at least two", "Save more rows.", column="x")
    given = arrays["y"]
    target, one_hot = _target(arrays, options)
    arrays |= _split(target.y, arrays)
    check_training_part(arrays["y"], target.classes)
    _check_row_arrays(arrays)
    groups = None
    if "groups" in arrays:
        arrays["groups"], groups = numbered(arrays["groups"])
    picture = len(shape) + 1 >= _PICTURE_AXES
    scaling: Scaling = options.scaling or (
        _BYTES if picture and arrays["x"].dtype == np.uint8 else "standardize"
    )
    columns = _columns(arrays)
    return Parsed(
        arrays=arrays,
        task=target.task,
        classes=target.classes,
        columns=columns,
        feature_names=feature_names(columns),
        target_names=_target_names(target),
        image_shape=tuple(shape) if picture else None,
        scaling=scaling,
        options=replace(options, format="npz", task=target.kind, scaling=scaling),
        groups=groups,
        order="order" if "order" in arrays else None,
        warnings=(
            *warnings,
            *target.warnings,
            *_rounded(arrays["x"], "x"),
            *(_rounded(given, "y") if target.task == "regression" else ()),
            *([_ONE_HOT] if one_hot else []),
        ),
    )


def _rounded(values: Array, name: str) -> Iterator[DatasetWarning]:
    """A warning about integers that lose digits as float64."""
    if values.dtype.kind not in "iu":
        return
    for place in np.argwhere((values >= LARGEST_EXACT) | (values <= -LARGEST_EXACT))[
        :_MOST_LOOKED_AT
    ].tolist():
        value = int(values[tuple(place)])
        if value != int(float(value)):
            column = f"{name}[{place[-1]}]" if len(place) > 1 else name
            message = (
                f"Array {column} holds integers above 2^53, such as {value}, which lose their last digits."
            )
            yield DatasetWarning("rounded_integers", "#/columns", message, column=column)
            return


def _drop_missing(arrays: dict[str, Array]) -> list[DatasetWarning]:
    """Leave out the rows without a target, and warn of how many there are."""
    dropped = rows = 0
    for suffix in _SUFFIXES:
        y = arrays.get(f"y{suffix}")
        if y is None or y.dtype.kind != "f":
            continue
        kept = np.all(~np.isnan(y.reshape(len(y), -1)), axis=1)
        dropped, rows = dropped + int(np.count_nonzero(~kept)), rows + len(y)
        beside = ("weights", "groups", "order") if not suffix else ()
        for name in (f"x{suffix}", f"y{suffix}", *beside):
            if name in arrays and len(arrays[name]) == len(kept):
                arrays[name] = arrays[name][kept]
        if suffix and not kept.any():
            del arrays[f"x{suffix}"], arrays[f"y{suffix}"]
    return [dropped_rows(dropped, rows)] if dropped else []


def _rows(x: Array, name: str, shape: tuple[int, ...]) -> Array:
    """(N, C) of x (N,), (N, C), (N, height, width) or with channels; raises Refused."""
    if x.dtype.kind == "U":
        raise refuse("texts", "numbers", "Upload tables with strings as CSV.", column=name)
    if x.shape[1:] != shape:
        raise refuse(
            f"rows of shape {x.shape[1:]}",
            f"{shape}, as in x",
            "Give all splits the same columns.",
            column=name,
        )
    width = int(np.prod(shape))
    if not 1 <= width <= MAX_COLUMNS:
        raise refuse(f"{width} columns", f"1 to {MAX_COLUMNS}", "Save rows with fewer numbers.", column=name)
    if not len(x):
        raise refuse("no rows", "at least one", "Omit splits without rows.", column=name)
    rows = x.reshape(len(x), width)
    if rows.dtype.kind == "f" and np.isinf(rows).any():
        places = np.argwhere(np.isinf(rows))[:MOST_REASONS]
        raise Refused(
            [
                Reason(int(row) + 1, f"{name}[{column}]", "infinity", "a finite number")
                for row, column in places
            ],
            "Replace infinite numbers, and save missing numbers as NaN.",
        )
    return rows.view(np.uint8) if rows.dtype.kind == "b" else rows


def _check_lengths(arrays: dict[str, Array], suffix: str) -> None:
    x, y = arrays[f"x{suffix}"], arrays[f"y{suffix}"]
    if len(x) != len(y):
        found = f"{len(y)} rows beside {len(x)} in x{suffix}"
        raise refuse(found, "as many rows as x has", "Save a target for each row.", column=f"y{suffix}")
    if y.ndim > 2 or y.shape[1:] != arrays["y"].shape[1:] or 0 in y.shape:  # noqa: PLR2004 - rows and outputs
        raise refuse(
            f"shape {y.shape}",
            "a row of targets for each row of x",
            "Save y as (N,) or (N, O).",
            column=f"y{suffix}",
        )
    if (y.dtype.kind == "U") != (arrays["y"].dtype.kind == "U"):
        raise refuse(
            "strings and numbers",
            "one type in every split",
            "Use the same class names in every split.",
            column=f"y{suffix}",
        )


def _target(arrays: dict[str, Array], options: Options) -> tuple[Target, bool]:
    """The targets of all parts, one after another, and whether they were one-hot."""
    parts = [arrays[f"y{suffix}"] for suffix in _SUFFIXES if f"y{suffix}" in arrays]
    parts = [part.reshape(len(part), -1) for part in parts]
    values = np.concatenate(parts)
    one_hot = options.task in {None, "classification"} and _is_one_hot(values)
    if one_hot:
        values = values.argmax(axis=1)[:, None]
        return understand(_described(values, None, [values]), "classification"), True
    if values.dtype.kind != "U":
        return understand(_described(values, None, parts), options.task), False
    _check_characters(values)
    found = _labels(parts) if values.shape[1] == 1 else None
    if found is None or not all(map(is_plain, found.texts)):
        raise refuse("texts", "one class name per row", "Save y as (N,) names or numbers.", column="y")
    nothing = [code for code, text in enumerate(found.texts) if not text]
    codes = np.where(np.isin(found.codes, nothing), np.nan, found.codes)
    return understand(_described(codes[:, None], list(found.texts), parts), options.task), False


def _check_characters(values: Array, name: str = "y") -> None:
    """Raise Refused for numbers that are said to be characters and are none."""
    codes = np.ascontiguousarray(values).view(np.uint32)
    if (codes > sys.maxunicode).any():
        raise refuse("characters that do not exist", "texts", "Save the names again.", column=name)


def _is_one_hot(values: Array) -> bool:
    several = values.shape[1] > 1 and values.dtype.kind in "biuf"
    return several and bool(np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all())


def _described(values: Array, levels: list[str] | None, parts: list[Array]) -> Columns:
    count = values.shape[1]
    names = ("y",) if count == 1 else tuple(f"y[{place}]" for place in range(count))
    labels = _labels(parts) if count == 1 else None
    return Columns(names, values, [levels] * count, lambda row: row + 1, labels)


def _labels(parts: list[Array]) -> LabelsFound | None:
    """The texts of the values (n, 1) of all parts, one for each number; None for too many different ones."""
    codes: dict[str, int] = {}
    numbered = []
    for part in parts:
        found, places = np.unique(part, return_inverse=True)
        if len(found) > (MAX_TEXTS if found.dtype.kind == "U" else MAX_CLASSES):
            return None
        texts = map(trimmed, found.tolist()) if found.dtype.kind == "U" else map(number_text, found)
        numbers = np.array([codes.setdefault(text, len(codes)) for text in texts])
        numbered.append(numbers[places.reshape(-1)])
    return LabelsFound(np.concatenate(numbered), tuple(codes))


def _split(y: Array, arrays: dict[str, Any]) -> dict[str, Array]:
    parts, start = {}, 0
    for suffix in _SUFFIXES:
        if f"y{suffix}" in arrays:
            count = len(arrays[f"y{suffix}"])
            parts[f"y{suffix}"] = y[start : start + count]
            start += count
    return parts


def _check_row_arrays(arrays: dict[str, Array]) -> None:
    rows = len(arrays["x"])
    for name in ("weights", "groups", "order"):
        array = arrays.get(name)
        if array is None:
            continue
        if array.dtype.kind == "U":
            _check_characters(array, name)
            stripped: Array = np.char.strip(array)
            arrays[name] = array = stripped
        good = array.shape == (rows,) and (array.dtype.kind in "biuf" or name == "groups")
        if not good or (array.dtype.kind == "f" and not np.isfinite(array).all()):
            raise refuse(
                f"shape {array.shape}", f"({rows},) finite numbers", f"Save one {name} per row.", column=name
            )
        if name == "groups":
            continue
        arrays[name] = array.astype(np.float64)
        if name == "order":
            continue
        if (array < 0).any() or not array.any():
            raise refuse(
                "negative weights, or only 0", "weights above 0", "Correct the weights.", column=name
            )


def _columns(arrays: dict[str, Array]) -> tuple[ColumnFound, ...]:
    parts = [arrays[f"x{suffix}"] for suffix in _SUFFIXES if f"x{suffix}" in arrays]
    gone = np.zeros(parts[0].shape[1], bool)
    for part in parts:
        if part.dtype.kind == "f":
            gone |= np.isnan(part).any(axis=0)
    return tuple(ColumnFound(f"x[{place}]", missing=bool(each)) for place, each in enumerate(gone))


def _target_names(target: Target) -> tuple[str, ...]:
    return ("y",) if target.y.ndim == 1 else tuple(f"y[{place}]" for place in range(target.y.shape[1]))
