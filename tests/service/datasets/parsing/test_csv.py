import numpy as np
import pytest

from tests.service.datasets.parsing.reading import accepted, rejected

ROWS = "height,width,kind\n1.5,2,a\n2.5,3,b\n3.5,4,a\n"


def test_a_plain_file() -> None:
    found = accepted(ROWS)
    assert found.arrays["x"].tolist() == [[1.5, 2], [2.5, 3], [3.5, 4]]
    assert found.arrays["y"].tolist() == [0, 1, 0]
    assert (found.task, found.classes, found.target_names) == ("binary", ("a", "b"), ("kind",))
    assert found.feature_names == ("height", "width")
    assert found.options.header is True
    assert found.warnings == ()


def test_numbers_that_fit_a_byte_stay_bytes() -> None:
    found = accepted("a,b,label\n0,255,1\n7,8,0\n9,1,1\n")
    assert found.arrays["x"].dtype == np.uint8


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    found = accepted(ROWS.replace(",", delimiter))
    assert found.options.delimiter == delimiter
    assert found.arrays["x"].tolist() == [[1.5, 2], [2.5, 3], [3.5, 4]]


def test_ragged_rows_are_named_by_their_lines() -> None:
    found = rejected("a,b,y\n1,2,0\n1,2\n\n3,4,1,5\n5,6,1\n")
    assert [(reason.row, reason.found) for reason in found.reasons] == [(3, "2 fields"), (5, "4 fields")]
    assert found.reasons[0].expected.startswith("3 fields")
