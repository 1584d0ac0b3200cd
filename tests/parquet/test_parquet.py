"""Parquet files by pandas and polars; `make test-parquet` installs what reads them.

The two files hold the table below, written by pandas 3.1 (``sex`` being categorical) and by polars 2.1.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.datasets.reading.options import Options
from service.datasets.reading.parse import parse
from service.datasets.reading.results import Parsed
from tests.service.datasets.reading.reading import accepted, codes, messages, rejected

FILES = Path(__file__).parent


def written(columns: dict[str, object]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


@pytest.mark.parametrize("maker", ["pandas", "polars"])
def test_a_table(maker: str) -> None:
    found = accepted((FILES / f"{maker}.parquet").read_bytes())
    assert [(column.name, column.kind, column.levels, column.missing) for column in found.columns] == [
        ("age", "number", (), True),
        ("sex", "category", ("female", "male"), False),
        ("alone", "boolean", ("false", "true"), True),
        ("visits", "number", (), False),
    ]
    assert (found.target_names, found.classes) == (("survived",), ("maybe", "no", "yes"))
    np.testing.assert_array_equal(
        found.arrays["x"][:4], [[22, 1, 1, 0], [np.nan, 0, 0, 1], [26, 0, np.nan, 2], [35, 1, 1, 3]]
    )
    assert found.arrays["y"][:4].tolist() == [1, 2, 2, 0]
    assert found.options.format == "parquet"


def test_rows_over_many_batches() -> None:
    numbers = np.random.default_rng(0).normal(size=1_100_000)
    found = accepted(written({"a": numbers, "y": np.arange(len(numbers)) % 3}))
    np.testing.assert_array_equal(found.arrays["x"][:, 0], numbers)
    assert found.task == "multiclass"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([0, 1, 2], pa.timestamp("ms")), "timestamp[ms]"),
        (pa.array([[1], [2], [3]]), "list"),
        (pa.array([b"a", b"b", b"c"]), "binary"),
    ],
)
def test_what_is_no_number_or_text_is_refused(values: object, kind: str) -> None:
    content = written({"odd": values, "a": [1, 2, 3], "y": [0, 1, 0]})
    assert kind in rejected(content).reasons[0].found
    assert accepted(content, ignore=["odd"]).feature_names == ("a",)


def test_numbers_as_categories_and_texts_as_numbers() -> None:
    content = written({"zip": [10, None, 20, 10], "size": ["1.5", "2", "3", "4"], "y": [0, 1, 0, 1]})
    found = accepted(content, categorical=["zip"])
    assert [column.levels for column in found.columns] == [("(missing)", "10", "20"), ()]
    assert found.arrays["x"][:, 1].tolist() == [1.5, 2, 3, 4]


@pytest.mark.parametrize("length", [4, 40, 400, -4])
def test_a_cut_file_is_refused(length: int) -> None:
    content = (FILES / "polars.parquet").read_bytes()[:length]
    assert "damaged" in rejected(content).reasons[0].found


@settings(max_examples=500)
@given(st.data())
def test_a_changed_byte_has_an_outcome(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray((FILES / "pandas.parquet").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("parquet") / "file"
    path.write_bytes(content)
    found = parse(path, Options())
    assert isinstance(found, Parsed) or found.reasons


def test_the_index_of_pandas_is_no_column() -> None:
    content = (FILES / "pandas-sample.parquet").read_bytes()
    found = accepted(content)
    assert "__index_level_0__" not in {column.name for column in found.columns}
    assert found.target_names == ("price",)
    assert 'Column "__index_level_0__" is the index of pandas; it is ignored.' in messages(found)
    assert accepted(content, target="__index_level_0__").target_names == ("__index_level_0__",)


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (pa.array([2**53, 2**53 + 1, 3], pa.int64()), ("3", f"{2**53}", f"{2**53 + 1}")),
        (pa.array([2**64 - 1, 2**64 - 2, 3], pa.uint64()), ("3", f"{2**64 - 2}", f"{2**64 - 1}")),
        (pa.array([1.0, 0.1, -0.0], pa.float32()), ("0", "0.1", "1")),
        (pa.array([Decimal("1.00"), Decimal("10.00"), Decimal("2.50")]), ("1", "2.5", "10")),
        (pa.array(["01", "1", " 1.0"]), ("01", "1", "1.0")),
        (pa.array(["b", "a", "b"]).dictionary_encode(), ("a", "b")),
        (pa.array([True, False, True]), ("false", "true")),
    ],
)
def test_classes_are_the_one_text_of_each_number(values: pa.Array, classes: tuple[str, ...]) -> None:
    rows = values.take(pa.array(np.arange(30) % 3))
    found = accepted(written({"a": np.arange(30.0), "y": rows}), task="classification")
    assert found.classes == classes


def test_categories_groups_and_rounded_numbers() -> None:
    ids = pa.array(2**53 + np.arange(30) % 3)
    content = written({"id": ids, "a": np.arange(30) / 7, "y": np.arange(30) % 2})
    assert accepted(content, target="y", categorical=["id"]).columns[0].levels == tuple(
        f"{2**53 + k}" for k in range(3)
    )
    assert accepted(content, target="y", group="id").groups == 3
    assert "rounded_integers" in codes(accepted(content, target="y"))
    exact = written({"id": pa.array([2**60, None] * 15), "a": np.arange(30) / 7, "y": np.arange(30) % 2})
    found = accepted(exact, target="y")
    assert ("rounded_integers" in codes(found), found.columns[0].missing) == (False, True)
