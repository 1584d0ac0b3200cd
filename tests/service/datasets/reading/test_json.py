import json

import pytest

from tests.service.datasets.reading.reading import accepted, rejected

ROWS = [
    {"age": 22, "sex": "male", "fare": 7.25, "alone": False, "survived": 0},
    {"age": None, "sex": "female", "fare": 71.2833, "alone": True, "survived": 1},
    {"sex": "female", "age": 26, "fare": 7.925, "alone": True, "survived": 1},
]


def test_a_list_of_objects() -> None:
    found = accepted(json.dumps(ROWS))
    assert found.target_names == ("survived",)
    assert found.classes == ("0", "1")
    assert [(column.name, column.kind, column.levels, column.missing) for column in found.columns] == [
        ("age", "number", (), True),
        ("sex", "category", ("female", "male"), False),
        ("fare", "number", (), False),
        ("alone", "boolean", ("false", "true"), False),
    ]
    assert found.arrays["x"][:, 1:].tolist() == [[1, 7.25, 0], [0, 71.2833, 1], [0, 7.925, 1]]
    assert found.options.format == "json"


def test_an_object_a_line_and_utf_16() -> None:
    lines = "\n".join(map(json.dumps, ROWS))
    assert accepted(lines).arrays["x"].tobytes() == accepted(json.dumps(ROWS, indent=1)).arrays["x"].tobytes()
    assert accepted(lines.encode("utf-16")).options.encoding == "utf-16-le"


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ('[["a", "b", "y"], [1, 2, 0], [3, 4, 1]]', ("a", "b")),
        ("[[1, 2, 0], [3, 4, 1]]", ("column_0", "column_1")),
        ("[1, 2, 0]\n[3, 4, 1]\n", ("column_0", "column_1")),
        ("[[1, 2, 0]\n,\n[3, 4, 1]]\n\n", ("column_0", "column_1")),
    ],
)
def test_lists(content: str, names: tuple[str, ...]) -> None:
    found = accepted(content)
    assert found.feature_names == names
    assert found.arrays["x"].tolist() == [[1, 2], [3, 4]]
    assert found.arrays["y"].tolist() == [0, 1]


def test_rows_over_many_blocks() -> None:
    rows = [{"a": row + 0.5, "pad": "xyz"[row % 3] * 150, "y": row % 2} for row in range(20_000)]
    found = accepted(json.dumps(rows))
    assert found.arrays["x"][:, 0].tolist() == [row["a"] for row in rows]


@pytest.mark.parametrize(
    ("content", "row", "found"),
    [
        pytest.param("[]", None, "no rows", id="empty list"),
        pytest.param("[[1, 2, 0], [3, 4]]", 2, "2 fields", id="ragged"),
        pytest.param('[{"a": 1, "y": 0}, [1, 2]]', 2, "a list", id="mixed"),
        pytest.param('[{"a": 1, "y": 0}, null]', 2, "null", id="null"),
        pytest.param("[1, 2, 3]", 1, "a single value", id="numbers"),
        pytest.param('["a", "b"]', 1, "a single value", id="texts"),
        pytest.param('[{"a": [1], "y": 0}, {"a": [2], "y": 1}]', 1, "a list", id="nested"),
        pytest.param('[{"a": 1, "y": 0}, {"a": 2, "y": 1}', 3, "not valid JSON", id="cut"),
        pytest.param('[{"a": 1, "y": 0}, {"a": 2, "y": ', 2, "not valid JSON", id="cut within"),
        pytest.param('[{"a": 1, "y": 0}, {"a": 2, "y": 1}] x', 2, "after the list", id="more"),
        pytest.param("[" * 100_000, 1, "nested too deeply", id="deep"),
        pytest.param(
            '[{"\\ud800": 1, "y": 0}, {"\\ud800": 2, "y": 1}]', 1, '"\\ud800"', id="half a character"
        ),
        pytest.param('[{"a": "\\u0000", "y": 0}, {"a": "b", "y": 1}]', None, '"\\u0000"', id="NUL"),
        pytest.param('[{"a": 1, "y": 0}, {"a": 1e999, "y": 1}]', 2, "infinity", id="infinity"),
        pytest.param(
            '[{"a": 1, "y": 0}, {"a": ' + "9" * 5000 + ', "y": 1}]', 2, "infinity", id="5000 digits"
        ),
        pytest.param("{}", None, "0 keys", id="empty object"),
    ],
)
def test_is_refused(content: str, row: int | None, found: str) -> None:
    reason = rejected(content).reasons[0]
    assert found in reason.found
    assert reason.row == row


def test_a_new_key_late_in_the_file_is_refused() -> None:
    rows = [{"a": row, "y": row % 2} for row in range(300)] + [{"a": 1, "b": 2, "y": 0}]
    reason = rejected(json.dumps(rows)).reasons[0]
    assert (reason.row, reason.found) == (301, 'key "b"')
