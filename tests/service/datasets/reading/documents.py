"""Files for hypothesis: good ones, ones with a mistake or two, and junk."""

from __future__ import annotations

import csv
import io
import json
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

__all__ = ["FILES", "OPTIONS"]

ROWS = 6
NUMBERS = st.one_of(st.integers(-3, 300).map(str), st.floats(-5, 5).map(repr), st.just("NA"))
WORDS = st.sampled_from(["a", "b", "true", "no", "", "2", "größe", 'x "y", z', "two\nlines"])
WILD = st.one_of(
    st.sampled_from(["1e999", "nan", "2,5", "1_0", "2024-01-02", "\x00"]),
    st.floats().map(repr),
    st.text(max_size=5),
)
WRITING: dict[str, Any] = {
    "delimiter": st.sampled_from(",;\t| "),
    "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
    "quoting": st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
}
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])


@st.composite
def tables(draw: Callable[..., Any]) -> list[list[str]]:
    """Rows of columns of numbers or words, now and then with a cell that is neither, or a row of another length."""
    rows = draw(st.integers(0, 12))
    kinds = draw(st.lists(st.sampled_from([NUMBERS, WORDS]), min_size=2, max_size=5))
    columns = [draw(st.lists(kind, min_size=rows, max_size=rows)) for kind in kinds]
    table = [["n", "a", "b", "c", "y"][-len(columns) :], *map(list, zip(*columns, strict=True))]
    for _ in range(draw(st.integers(0, 2)) if draw(st.booleans()) else 0):
        row = draw(st.sampled_from(table))
        row += [draw(WILD)] * draw(st.integers(0, 1))
        if row:
            row[draw(st.integers(0, len(row) - 1))] = draw(WILD)
    return table


def _csv(rows: list[list[str]], encoding: str, dialect: dict[str, Any]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, **dialect).writerows(rows)
    return file.getvalue().encode(encoding, "replace")


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("abcy"), inner, max_size=4)
    ),
    max_leaves=20,
)
FLAT = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 300), st.floats(-5, 5), st.sampled_from(["u", "v"])
)
RECORDS = st.lists(
    st.fixed_dictionaries({"a": FLAT, "y": st.sampled_from([0, 1])}, optional={"b": FLAT}), max_size=8
)
LISTS = st.lists(st.tuples(FLAT, FLAT, st.sampled_from(["u", "v"])).map(list), max_size=8)


def _json(rows: list[Any], *, lines: bool) -> bytes:
    return ("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)).encode()


def _member(header: str, version: int, values: bytes) -> bytes:
    text = header.encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + values


def headers() -> st.SearchStrategy[str]:
    """Headers of arrays, some of which fit the 48 bytes that follow."""
    descr = st.sampled_from(
        ["'<f8'", "'|u1'", "'>i4'", "'<U1'", "'|O'", "'<f2'", "'|b1'", "[('a', '<f8')]", "8"]
    )
    shape = st.sampled_from(["(6,)", "(6, 1)", "(3, 2)", "(48,)", "(6, 2, 4)", "()", "(0, 3)", "(-1,)", "6"])
    form = "{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}\n".format
    return st.one_of(st.builds(form, descr, st.booleans(), shape), st.text(max_size=30))


MEMBERS = st.dictionaries(
    st.sampled_from(["x.npy", "y.npy", "x_test.npy", "y_test.npy", "weights.npy", "groups.npy", "../x.npy"]),
    st.builds(_member, headers(), st.sampled_from([1, 2, 3]), st.binary(min_size=48, max_size=48)),
    max_size=2,
)
SHAPES = st.sampled_from([(ROWS,), (ROWS, 1), (ROWS, 3), (ROWS, 2, 4), (ROWS, 2, 2, 2)])
TYPES = st.sampled_from(["|u1", ">i4", "<f8", "<f2", "|b1", "<u8"])


@st.composite
def arrays(draw: Callable[..., Any]) -> dict[str, bytes]:
    """Features, targets and whatever else, of as many rows."""
    values = st.sampled_from([0.0, 1.0, 2.5, 3.0])
    shapes = {"x": draw(SHAPES), "y": draw(st.sampled_from([(ROWS,), (ROWS, 1), (ROWS, 2)]))}
    if draw(st.booleans()):
        shapes |= {f"{name}_test": shape for name, shape in shapes.items()}
    if draw(st.booleans()):
        shapes |= {"weights": (ROWS,), "groups": (ROWS,)}
    members = {}
    for name, shape in shapes.items():
        numbers = draw(st.lists(values, min_size=ROWS, max_size=ROWS))
        file = io.BytesIO()
        np.save(file, np.resize(np.array(numbers), shape).astype(draw(TYPES)))
        members[f"{name}.npy"] = file.getvalue()
    return members


def _npz(good: dict[str, bytes], odd: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (good | odd).items():
            archive.writestr(name, content)
    return file.getvalue()


@st.composite
def damaged(draw: Callable[..., Any], files: st.SearchStrategy[bytes]) -> bytes:
    """A file, or one with a few bytes changed, taken out, put in or repeated."""
    content = bytearray(draw(files))
    for _ in range(draw(st.integers(0, 3)) if draw(st.booleans()) else 0):
        place, size = draw(st.integers(0, len(content))), draw(st.integers(0, 8))
        content[place : place + size] = draw(
            st.one_of(st.binary(max_size=8), st.just(bytes(content[:place][-8:])))
        )
    return bytes(content)


CSV_FILES = st.builds(_csv, tables(), ENCODINGS, st.fixed_dictionaries(WRITING))
JSON_ROWS = st.one_of(RECORDS, LISTS, st.lists(JSON_VALUES, max_size=6))
JSON_FILES = st.builds(_json, JSON_ROWS, lines=st.booleans())
NPZ_FILES = st.builds(_npz, arrays(), st.one_of(st.just({}), MEMBERS))
FILES = {
    "csv": damaged(CSV_FILES),
    "json": damaged(JSON_FILES),
    "npz": damaged(NPZ_FILES),
    "junk": st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
    ),
}
COLUMNS = st.one_of(st.integers(-2, 3), st.sampled_from(["a", "y", "column_0", "nothing"]))
CHOSEN = st.fixed_dictionaries(
    {},
    optional={
        "format": st.sampled_from(["csv", "json", "npz", "parquet"]),
        "delimiter": st.sampled_from([",", ";", "tab", " "]),
        "header": st.sampled_from([True, False, "summary"]),
        "decimal": st.just("."),
        "target": st.one_of(COLUMNS, st.lists(COLUMNS, min_size=1, max_size=2, unique=True)),
        "task": st.sampled_from(["classification", "multilabel", "regression"]),
        "missing": st.just(["0", "b"]),
        "encoding": st.sampled_from(["utf-8", "utf-16", "cp1252"]),
    },
)
TASKS = st.fixed_dictionaries(
    {}, optional={"task": st.sampled_from(["classification", "multilabel", "regression"])}
)
OPTIONS: st.SearchStrategy[dict[str, Any]] = st.one_of(st.just({}), st.just({}), TASKS, CHOSEN)
