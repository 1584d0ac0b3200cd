"""Warnings about a data set: each names the risk and the option that fixes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from engine.data.copies import REMARKABLE_SHARE, TIMES_CHANCE
from engine.kernels import Array
from service.datasets.reading.leaks import FEWEST_ROWS
from service.datasets.reading.options import Options
from service.datasets.reading.results import DatasetWarning, Parsed, shown

__all__ = ["dataset_warnings"]

_MOST_SINGLE = 5
_IMBALANCED = 19
"""Ratio of the largest class to the smallest from which a warning is issued: 95 to 5."""
_MOST_CLASSES = 10
_SOME_CLASSES = 6
_FAR = 5
_NEGATIVE_CODES = (-99, -999, -9999, -99999)
_POSITIVE_CODES = (999, 9999, 99999, 999999)
_TOTALS = frozenset(
    ("total", "totals", "grand total", "subtotal", "sum", "mean", "average", "gesamt", "summe", "insgesamt",
     "mittelwert", "somme", "moyenne", "totale", "suma", "итого", "всего", "合計", "合计", "总计")
)  # fmt: skip
_COUNTING_WORDS = re.compile(
    "age|counts?|visits|children|years|days|hours|rooms|quantity|ratings?|score|stars|quality|rings|number|grade|"
    "points|goals|sales|views"
)


def dataset_warnings(parsed: Parsed, options: Options) -> Iterator[DatasetWarning]:
    """The warnings of what was found in a file that was read with these ``options``."""
    yield from _columns(parsed, options)
    yield from _copies(parsed)
    yield from _totals(parsed)
    yield from _missing_codes(parsed)
    if parsed.classes is not None:
        yield from _classes(parsed, options)


def _columns(parsed: Parsed, options: Options) -> Iterator[DatasetWarning]:
    """Columns to leave out; each is named once, for the worst that there is to say."""
    found, arrays = parsed.findings, parsed.options.format == "npz"
    leaks = found["suspected_leaks"]
    what = f"predicts the target {shown(parsed.target_names[0])} by itself, almost without an error"
    yield from _each(
        leaks, "suspected_leak", what, "Unless it is known before the target, leave", arrays=arrays
    )
    counting = [name for name in found["row_numbers"] if name not in leaks]
    what = "rises or falls from row to row and only encodes the position in the file"
    yield from _each(counting, "row_numbers", what, arrays=arrays)
    declared = {*leaks, *(each.column for each in options.numeric), *options.categorical}
    named = [name for name in found["identifiers"] if name not in declared]
    for name in named:
        yield _identifier(parsed, name)
    others = dict(found["identical_columns"])
    repeated = [name for name in others if name not in {*leaks, *counting, *named}]
    for name in repeated[:_MOST_SINGLE]:
        what = f"duplicates column {shown(others[name])} in every row"
        yield from _each([name], "identical_columns", what, arrays=arrays)
    if len(repeated) > _MOST_SINGLE:
        message = f"{len(repeated) - _MOST_SINGLE} more columns duplicate another column in every row."
        yield DatasetWarning("identical_columns", "#/findings/identical_columns", message)
    if not arrays:
        yield from _each(found["constant_columns"], "constant_column", "has the same value in every row")


def _each(
    names: Sequence[str], code: str, what: str, leave: str = "Leave", *, arrays: bool = False
) -> Iterator[DatasetWarning]:
    """A warning for each column, or a single one for many; of ``arrays`` no option leaves a column out."""
    if len(names) <= _MOST_SINGLE:
        for name in names:
            how = "of x" if arrays else f"with {_option('ignore', name)}"
            message = f"Column {shown(name)} {what}. {leave} it out {how}."
            yield DatasetWarning(code, "#/columns", message, column=name)
        return
    some = ", ".join(map(shown, names[:_MOST_SINGLE]))
    how = "of x" if arrays else "with ignore"
    message = f"Each of {len(names)} columns {what}: {some}, …. {leave} them out {how}."
    yield DatasetWarning(code, "#/columns", message)


def _identifier(parsed: Parsed, name: str) -> DatasetWarning:
    """A column that names rows, or what they belong to."""
    place = next(place for place, column in enumerate(parsed.columns) if column.name == name)
    values = parsed.arrays["x"][:, place]
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    counted = f"{len(np.unique(known)):,} values in {len(known):,} rows"
    if parsed.options.format == "npz":
        message = f"numbers the rows ({counted}), so nothing can be learned from it. Leave it out of x."
    elif len(np.unique(known)) * 10 >= len(known) * 9:
        message = (
            f"has a different value in almost every row ({counted}), so nothing can be learned from it. "
            f"Leave it out with {_option('ignore', name)}."
        )
    else:
        amounts = parsed.columns[place].kind == "number"
        also = f", list it in {_option('categorical', name)}" if amounts else ""
        message = (
            f"identifies groups of rows ({counted})"
            + ", but is treated as a quantity" * amounts
            + (
                f". Keep each group in one split with {_option('group', name)}{also}, or leave the column out "
                f"with {_option('ignore', name)}."
            )
        )
    return DatasetWarning("identifier", "#/columns", f"Column {shown(name)} {message}", column=name)


def _copies(parsed: Parsed) -> Iterator[DatasetWarning]:
    """Rows that are copies of others, in one part or in two."""
    found = parsed.findings["duplicates"]
    train = len(parsed.arrays["x"])
    for part in ("validation", "test"):
        seen = found.get(f"{part}_in_train", 0)
        if seen > 1 and seen >= REMARKABLE_SHARE * (rows := len(parsed.arrays[f"x_{part}"])):
            message = (
                f"{seen:,} of the {rows:,} {part} rows ({seen / rows:.1%}) have the same features as a "
                "training row, so they are easier than new rows; remove them from the file."
            )
            yield DatasetWarning("copies_across_parts", f"#/findings/duplicates/{part}_in_train", message)
    copies, share, chance = found["within_train"], found["expected_share"], found["chance_share"]
    # Of few copies by chance there may be some more.
    most = chance * train + TIMES_CHANCE * (chance * train) ** 0.5
    if copies > 1 and share >= REMARKABLE_SHARE and share > TIMES_CHANCE * chance and share * train > most:
        message = (
            f"{copies:,} of {train:,} rows have exactly the same features as an earlier row. A row-wise "
            f"split puts copies of about {share:.1%} of the validation and test rows into training, which "
            "makes them easier than new rows; keep copies in one split with "
            "split.keep_duplicates_together true."
        )
        yield DatasetWarning("copied_rows", "#/findings/duplicates/within_train", message)


def _totals(parsed: Parsed) -> Iterator[DatasetWarning]:
    """A last row that sums up the others, by the word in one of its columns that no other row has."""
    for place, column in enumerate(parsed.columns):
        if column.kind != "category":
            continue
        values = parsed.arrays["x"][:, place]
        last = column.levels[int(values[-1])]
        if last.casefold().strip(" :") in _TOTALS and np.count_nonzero(values == values[-1]) == 1:
            message = (
                f"The last row has {shown(last)} in column {shown(column.name)}, which occurs in no other "
                "row; if it is a total of the other rows, remove it from the file."
            )
            yield DatasetWarning("total_row", "#/columns", message, column=column.name)


def _missing_codes(parsed: Parsed) -> Iterator[DatasetWarning]:
    """Numbers such as -999 that come again, far from all other values of a column."""
    for place, column in enumerate(parsed.columns if parsed.image_shape is None else ()):
        values = parsed.arrays["x"][:, place]
        code = _code(values) if column.kind == "number" else None
        if code is not None:
            message = (
                f"Column {shown(column.name)} is {code} in {np.count_nonzero(values == code):,} rows, far "
                "from all other values; if that marks a missing value, list it with the file's other "
                f'markers: "missing": ["NA", "{code}"].'
            )
            yield DatasetWarning("missing_code", "#/columns", message, column=column.name)


def _code(values: Array) -> int | None:
    """A number of nines in several rows that is far from all others: negative alone, or much larger."""
    low, high = float(np.fmin.reduce(values)), float(np.fmax.reduce(values))
    if low in _NEGATIVE_CODES:
        code, is_far = low, not ((values < 0) & (values != low)).any()
    elif high in _POSITIVE_CODES:
        code, is_far = high, not ((np.abs(values) > high / _FAR) & (values != high)).any()
    else:
        return None
    rows = np.count_nonzero(values == code)
    return int(code) if is_far and 1 < rows < len(values) else None


def _classes(parsed: Parsed, options: Options) -> Iterator[DatasetWarning]:
    names = parsed.classes or ()
    counts = np.bincount(parsed.arrays["y"], minlength=len(names))
    rows = int(counts.sum())
    if _are_counts(parsed, options):
        message = (
            f"The target {shown(parsed.target_names[0])} has {len(names)} integers, {names[0]} to "
            f"{names[-1]}, taken for unordered classes; if they are counts, ages or other quantities, set "
            "task=regression to predict the number."
        )
        yield DatasetWarning("ordered_classes", "#/task", message)
    held = counts[counts > 0]
    if held.max() >= _IMBALANCED * held.min():
        yield _imbalance(parsed, counts, rows)
    single = [names[place] for place in np.flatnonzero(counts == 1)]
    if single and rows >= FEWEST_ROWS:
        some = ", ".join(map(shown, single[:_MOST_SINGLE])) + ", …" * (len(single) > _MOST_SINGLE)
        one = "1 class has" if len(single) == 1 else f"{len(single)} classes have"
        message = (
            f"{one} a single row ({some}): it can only be in the training rows, so its prediction is never "
            "evaluated. Upload more rows of it, or merge it with another class."
        )
        yield DatasetWarning("rare_classes", "#/class_counts", message)


def _imbalance(
    parsed: Parsed, counts: np.ndarray[tuple[int], np.dtype[np.intp]], rows: int
) -> DatasetWarning:
    names = parsed.classes or ()
    largest = int(counts.argmax())
    smallest = int(np.where(counts > 0, counts, rows + 1).argmin())
    fewest = "1 row" if counts[smallest] == 1 else f"{counts[smallest]:,} rows"
    message = (
        f"Class {shown(names[smallest])} has {fewest} and class {shown(names[largest])} "
        f"{counts[largest]:,} of {rows:,} rows: always predicting the larger class has an accuracy of "
        f"{counts[largest] / rows:.4g}. Use val_loss instead of the accuracy, and give the classes equal "
        'weight with "class_weight": "balanced".'
    )
    return DatasetWarning("imbalanced_classes", "#/class_counts", message)


def _are_counts(parsed: Parsed, options: Options) -> bool:
    """Whether inferred classes are likely to be quantities: many integers, or a name that suggests it."""
    names = parsed.classes or ()
    integers = all(name.removeprefix("-").isdecimal() for name in names)
    if (
        options.task is not None
        or not integers
        or len(names) < _SOME_CLASSES
        or parsed.image_shape is not None
    ):
        return False
    numbers = sorted(map(int, names))
    extent = numbers[-1] - numbers[0] + 1
    words = parsed.target_names[0].lower().replace("-", "_").replace(" ", "_").split("_")
    called = any(map(_COUNTING_WORDS.fullmatch, words))
    spread = extent >= 2 * len(numbers) or not 0 <= numbers[0] <= 1
    return len(names) > _MOST_CLASSES or called or spread


def _option(option: str, name: str) -> str:
    """An option of the upload as a form has it."""
    return f"{option}={name}" if name.replace("_", "").isalnum() else f"{option}={shown(name)}"
