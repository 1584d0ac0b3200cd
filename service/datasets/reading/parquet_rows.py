"""Read Parquet files as a table, with pyarrow (the extra ``parquet``)."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.kernels import Array
from service.datasets.reading.building import TableBuilder, read_whole
from service.datasets.reading.columns import LARGEST_EXACT, TypedNumber
from service.datasets.reading.label_texts import json_number, number_text
from service.datasets.reading.limits import MAX_BYTES, MAX_TEXTS, MAX_VALUES
from service.datasets.reading.options import DEFAULT_MISSING, Options
from service.datasets.reading.results import DatasetWarning, Reason, Refused, refuse, shown
from service.datasets.reading.roles import assign_roles, column_names, is_called
from service.datasets.reading.settling import Plans
from service.datasets.reading.table import Table

__all__ = ["read_parquet"]

_CHUNK_VALUES = 1_000_000


def read_parquet(path: Path, options: Options) -> Table:
    """The table of a Parquet file; raises Refused, also where nothing here can read it."""
    try:
        arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise refuse(
            "a Parquet file, which this installation cannot read",
            "CSV, JSON or NPZ",
            "Upload CSV instead, or install pyarrow on the server: pip install 'trainyard[parquet]'.",
        ) from None
    try:
        return read_whole(lambda plans: _read(arrow, parquet.ParquetFile(path), options, plans))
    except (arrow.ArrowException, OSError, ValueError, KeyError) as error:
        # Errors of the operating system have a number; errors of pyarrow have none.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        found = f"a damaged Parquet file ({shown(str(error))[1:-1]})"
        raise refuse(found, "a Parquet file", "Write the file again, and upload all of it.") from None


def _read(arrow: Any, file: Any, options: Options, plans: Plans) -> Table:
    described = file.metadata
    size = sum(described.row_group(place).total_byte_size for place in range(described.num_row_groups))
    values = described.num_rows * described.num_columns
    if values > MAX_VALUES or size > MAX_BYTES:
        raise refuse(
            f"{values} values, {size} bytes", f"at most {MAX_VALUES}", "Upload fewer rows or columns."
        )
    schema = file.schema_arrow
    names, warnings = column_names(schema.names, len(schema.names))
    found = replace(
        options,
        format="parquet",
        header=True,
        decimal=".",
        missing=DEFAULT_MISSING if options.missing is None else options.missing,
    )
    if index := _index(schema, names, found):
        found = replace(found, ignore=(*found.ignore, *index))
        warnings += [
            DatasetWarning(
                "index_ignored",
                "#/options/ignore",
                f"Column {shown(name)} is the index of pandas; it is ignored.",
            )
            for name in index
        ]
    roles = assign_roles(names, found)
    kinds = {place: schema.field(place).type for place in roles.read}
    _check_types(
        arrow,
        [
            (names[place], kind)
            for place, kind in kinds.items()
            if place != roles.order or not _is_date(arrow, kind)
        ],
    )
    table, start = TableBuilder(roles, found, options, plans), 1
    for batch in file.iter_batches(batch_size=max(1, _CHUNK_VALUES // len(names))):
        columns = [
            _column(arrow, batch.column(place), as_texts=table.wants_texts(place)) for place in roles.read
        ]
        table.add_columns(columns, range(start, start + batch.num_rows))
        start += batch.num_rows
    return table.finish(None, warnings)


def _index(schema: Any, names: Sequence[str], options: Options) -> list[str]:
    """The columns that pandas has written as its index, but those that the options call by name."""
    try:
        described = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        index = {each for each in described.get("index_columns", ()) if isinstance(each, str)}
    except (ValueError, AttributeError):
        return []
    return [
        name for place, name in enumerate(names) if name in index and not is_called(options, place, names)
    ]


def _check_types(arrow: Any, columns: Sequence[tuple[str, Any]]) -> None:
    """Raise Refused for columns of dates, lists, records and bytes."""
    bad = [(name, kind) for name, kind in columns if not _is_read(arrow, kind)]
    if bad:
        raise Refused(
            [
                Reason(None, name, f"values of type {kind}", "numbers, strings or booleans")
                for name, kind in bad
            ],
            'Convert dates to numbers, such as days since a date, or use their column as "order"; '
            "flatten nested values into columns; or choose other columns.",
        )


def _is_read(arrow: Any, kind: Any) -> bool:
    types = arrow.types
    if types.is_dictionary(kind):
        return _is_read(arrow, kind.value_type)
    checks = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    return _is_text(arrow, kind) or any(check(kind) for check in checks)


def _is_date(arrow: Any, kind: Any) -> bool:
    return bool(arrow.types.is_date(kind) or arrow.types.is_timestamp(kind))


def _is_text(arrow: Any, kind: Any) -> bool:
    types = arrow.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _column(arrow: Any, column: Any, *, as_texts: bool) -> Array | list[str]:
    """(n,) float64, NaN if there is nothing, or texts."""
    if arrow.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if arrow.types.is_boolean(column.type):
        column = column.cast("string")
    if _is_date(arrow, column.type):
        column = column.cast("string")
    if _is_text(arrow, column.type):
        return ["" if text is None else text for text in column.to_pylist()]
    if (as_texts or _loses_digits(arrow, column)) and (texts := _number_texts(arrow, column)) is not None:
        return texts
    numbers: Array = column.cast("float64", safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
    return numbers


def _number_texts(arrow: Any, column: Any) -> list[str] | None:
    """The one text of each number; None for more different ones than could name anything."""
    coded = column.dictionary_encode()
    numbers = coded.dictionary
    if len(numbers) > MAX_TEXTS:
        return None
    if arrow.types.is_floating(numbers.type):
        values = numbers.to_numpy(zero_copy_only=False)
        texts = ["" if np.isnan(value) else TypedNumber(number_text(value)) for value in values]
    else:
        texts = [
            TypedNumber(value if isinstance(value, int) else json_number(str(value)))
            for value in numbers.to_pylist()
        ]
    return ["" if code is None else texts[code] for code in coded.indices.to_pylist()]


def _loses_digits(arrow: Any, column: Any) -> bool:
    """Whether a column has integers that float64 may not hold; as texts their reader finds out, and tells."""
    if not arrow.types.is_integer(column.type) or not len(column):
        return False
    limits = importlib.import_module("pyarrow.compute").min_max(column).as_py()
    return any(limit is not None and abs(limit) > LARGEST_EXACT for limit in limits.values())
