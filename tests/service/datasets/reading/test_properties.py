"""Whatever a file holds, there is an outcome that can be stored and sent; what was written comes back."""

import csv
import io
import json
import math
import os
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.datasets.reading.results import Parsed
from tests.service.datasets.reading.documents import FILES, OPTIONS
from tests.service.datasets.reading.reading import accepted, outcome

SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.one_of(st.none(), FINITE, st.integers(-(2**53), 2**53).map(float))
WORDS = st.sampled_from(["blue", "red, dark", 'say "hello"', "größe", "two\nlines"])


def check(content: bytes, options: dict[str, object]) -> None:
    """Read the file; what comes of it can be stored in a database, sent as JSON, trained on and asked for again."""
    found = outcome(content, **options)
    if not isinstance(found, Parsed):
        assert 1 <= len(found.reasons) <= 20
        sent: list[object] = [found.advice, [reason.document for reason in found.reasons]]
    else:
        again = outcome(content, **found.options.document())
        assert isinstance(again, Parsed), again
        assert again.options == found.options
        assert found.dataset.facts.features == len(found.feature_names)
        sent = [
            found.summary,
            found.findings,
            found.preview,
            [warning.document for warning in found.warnings],
            found.classes,
            found.target_names,
        ]
        sent += [found.options.document(), [column.document for column in found.columns]]
    text = json.dumps(sent, allow_nan=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    json.dumps(sent, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize("kind", FILES)
def test_every_file_has_an_outcome(kind: str) -> None:
    @settings(max_examples=60)
    @given(FILES[kind], OPTIONS)
    def every(content: bytes, options: dict[str, object]) -> None:
        check(content, options)

    every()


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_fuzz(kind: str) -> None:
    @settings(max_examples=500, database=None)
    @given(FILES[kind], OPTIONS)
    def every(content: bytes, options: dict[str, object]) -> None:
        check(content, options)

    end, rounds = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        every()
        rounds += 1
    print(f"{kind}: {rounds * 500} files")  # noqa: T201 - who asks for the fuzzing wants to know


@settings(max_examples=60)
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS, WORDS), min_size=3, max_size=30).filter(
        lambda rows: len({row[2] for row in rows}) > 1 and any(row[0] is not None for row in rows)
    ),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
def test_what_was_written_comes_back(
    rows: list[tuple[float | None, float | None, str]],
    delimiter: str,
    ends: str,
    encoding: str,
    decimal_comma: bool,
) -> None:
    comma = decimal_comma and delimiter != ","
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=ends)
    writer.writerow(["one", "two", "kind"])
    for first, second, word in rows:
        numbers = ["" if value is None else repr(value) for value in (first, second)]
        writer.writerow([*(each.replace(".", ",") if comma else each for each in numbers), word])
    found = accepted(
        file.getvalue().encode(encoding),
        delimiter=delimiter,
        header=True,
        decimal="," if comma else ".",
        target="kind",
        numeric=["one", "two"],
    )
    classes = sorted({word for *_, word in rows})
    assert found.classes == tuple(classes)
    assert found.arrays["y"].tolist() == [classes.index(word) for *_, word in rows]
    for place, column in enumerate(found.columns):
        written = [row[0 if column.name == "one" else 1] for row in rows]
        read = found.arrays["x"][:, place].astype(np.float64).tolist()
        assert [None if math.isnan(value) else value for value in read] == written
