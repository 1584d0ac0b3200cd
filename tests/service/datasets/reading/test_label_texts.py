"""Classes, categories and groups are the texts of the file: no number merges two of them, or renames one."""

import io
import json
from typing import Any

import numpy as np
import pytest

from service.datasets.reading.results import Parsed, Rejected
from tests.service.datasets.reading.reading import accepted, codes, messages, outcome, rejected

LARGE = 2**53


def table(labels: list[str], rows: int = 60) -> str:
    """A feature, and the labels in turn."""
    return "a,label\n" + "".join(f"{row / 7:.4f},{labels[row % len(labels)]}\n" for row in range(rows))


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def said(found: Parsed, *words: str) -> bool:
    return any(all(word in message for word in words) for message in messages(found))


@pytest.mark.parametrize("task", ["auto", "classification"])
@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        pytest.param([LARGE, LARGE + 1, LARGE + 6], [LARGE, LARGE + 1, LARGE + 6], id="16 digits"),
        pytest.param([10**19 + 3, 10**19 + 1, 10**19 + 2], [10**19 + 1, 10**19 + 2, 10**19 + 3], id="20 digits"),
        pytest.param(["1234", "01234", "+1234"], ["+1234", "01234", "1234"], id="zeros and signs"),
        pytest.param(["1", "1.0", "1e0", "01", "2"], ["01", "1", "1.0", "1e0", "2"], id="equal numbers"),
        pytest.param(["10", "9", "-1"], ["-1", "9", "10"], id="in numeric order"),
        pytest.param(["10", "9", "x", "y"], ["10", "9", "x", "y"], id="in the order of texts"),
        pytest.param([" b", "a\u00a0", "b\u200b", "\ufeffa"], ["a", "b"], id="blanks at the ends"),
        pytest.param(["new york", "new\u00a0york"], ["new york", "new\u00a0york"], id="a no-break space within"),
        pytest.param(["True", "true", "TRUE"], ["TRUE", "True", "true"], id="capitals"),
    ],
)  # fmt: skip
def test_classes_are_the_texts(labels: list[Any], classes: list[Any], task: str) -> None:
    texts = [str(label) for label in labels]
    found = accepted(table(texts), target="label", task=task)
    expected = [str(each) for each in classes]
    assert found.classes == tuple(expected)
    stripped = [texts[row % len(texts)].strip("\u200b\ufeff \u00a0") for row in range(60)]
    assert [expected[number] for number in found.arrays["y"].tolist()] == stripped
    assert found.preview[0]["label"] == stripped[0]


def test_classes_that_are_no_numbers_at_all() -> None:
    assert accepted(table(["1e5", "inf", "1e400"]), task="classification").classes == ("1e5", "1e400", "inf")
    found = accepted(table(["NAN", "3", "Nan"]), task="classification")
    assert found.classes == ("3", "NAN", "Nan")
    assert said(found, '"NAN" and "Nan"', "missing")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["1", "1.0", "01", "2"], ('Classes "01" and "1" and "1.0" are equal as numbers',)),
        (["caf\u00e9", "cafe\u0301", "x"], ("look the same",)),
        (["a b", "a\u00a0b", "ab", "a\u200bb"], ("look the same", "\\u00a0", '"ab" and "a\\u200b')),
    ],
)
def test_classes_that_may_be_one_are_listed(labels: list[str], words: tuple[str, ...]) -> None:
    assert said(accepted(table(labels), task="classification"), *words)


def test_what_differs_raises_no_suspicion() -> None:
    found = accepted(table(["1", "2", "3"]), target="label")
    assert (found.classes, found.warnings) == (("1", "2", "3"), ())


def test_a_regression_is_of_numbers() -> None:
    found = accepted(table(["01", "1.5", "+2", "1e0"]), target="label", task="regression")
    assert found.arrays["y"][:4].tolist() == [1, 1.5, 2, 1]
    assert accepted(table([str(row) for row in range(40)], 80)).task == "regression"
    assert accepted(table([f"{row}.5" for row in range(4)])).task == "regression"


def test_a_label_late_in_the_file_is_a_class_like_others() -> None:
    rows = [f"{row},{row % 2}" for row in range(110_000)]
    rows[105_000:] = [f"{row},{'xyz'[row % 3]}" for row in range(5_000)]
    found = [outcome("a,label\n" + "\n".join(order), target="label") for order in (rows, rows[::-1])]
    named = [_named(each) for each in found]
    assert named[0] == named[1][::-1] == [row.split(",")[1] for row in rows]


def _named(found: Parsed | Rejected) -> list[str]:
    assert isinstance(found, Parsed), found
    assert found.classes == ("0", "1", "x", "y", "z")
    return [found.classes[number] for number in found.arrays["y"]]


def test_a_word_among_numbers_is_named_wherever_it_is() -> None:
    rows = [f"{row / 7:.4f},{row % 9 / 2}" for row in range(120_000)]
    rows[110_000] = "1.5,late"
    reason = rejected("a,label\n" + "\n".join(rows), target="label").reasons[0]
    assert (reason.row, reason.found) == (110_002, '"late"')


def test_too_many_labels_are_no_classes() -> None:
    rows = "".join(f"{row / 7:.4f},{row}.0\n" for row in range(1_500))
    assert rejected("a,label\n" + rows, task="classification").reasons[0].found.startswith("1500 classes")
    found = rejected(npz(x=np.arange(1_500), y=np.arange(1_500)), task="classification")
    assert found.reasons[0].found == "more than 1000 distinct labels"


def test_the_names_of_a_summary_belong_to_numbers() -> None:
    content = "4,2,setosa,virginica\n5.1,3.5,1\n4.9,3.0,0\n6.2,3.4,1\n5.9,3.0,0\n"
    for task in ("auto", "classification"):
        found = accepted(content, task=task)
        assert (found.classes, found.arrays["y"].tolist()) == (("setosa", "virginica"), [1, 0, 1, 0])


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array([LARGE, LARGE + 1, LARGE + 6]), (f"{LARGE}", f"{LARGE + 1}", f"{LARGE + 6}")),
        (np.array([2**64 - 1, 2**64 - 2, 1], np.uint64), ("1", f"{2**64 - 2}", f"{2**64 - 1}")),
        (np.array([1.0, -0.0, 10.0]), ("0", "1", "10")),
        (np.array([0.1, 2, 1e-5], np.float32), ("0.00001", "0.1", "2")),
        (np.array([1e20, 1e21, 1e-8]), ("1e-8", "100000000000000000000", "1e+21")),
        (np.array([" b", "a", "\u00a0b"]), ("a", "b")),
    ],
)
def test_numbers_of_arrays_have_one_text(y: np.ndarray[Any, Any], classes: tuple[str, ...]) -> None:
    found = accepted(npz(x=np.arange(30.0), y=np.tile(y, 10)), task="classification")
    assert found.classes == classes
    named = np.array([classes[number] for number in found.arrays["y"][:3]]).astype(y.dtype)
    assert named.tolist() == (np.char.strip(y) if y.dtype.kind == "U" else y).tolist()


def test_parts_of_different_types_have_the_same_classes() -> None:
    parts = {
        "y": np.tile([0, 1], 5),
        "y_test": np.array([0.0, 1.0], np.float32),
        "y_val": np.array([1], np.uint64),
    }
    found = accepted(npz(x=np.arange(10.0), x_test=np.arange(2.0), x_val=np.arange(1.0), **parts))
    assert (found.classes, found.arrays["y_test"].tolist()) == (("0", "1"), [0, 1])


def test_a_text_without_characters_is_no_class() -> None:
    found = rejected(npz(x=np.arange(4.0), y=np.array(["a", "", "b", " "])))
    assert [(reason.row, reason.found) for reason in found.reasons] == [(2, "nothing"), (4, "nothing")]


@pytest.mark.parametrize(
    ("written", "text"),
    [("1.0", "1"), ("1e0", "1"), ("1.50", "1.5"), ("1e5", "100000"), ("-0.0", "0"), (f"{LARGE + 1}.0", f"{LARGE + 1}"),
     ("1E+21", "1e+21"), ("0.0000001", "0.0000001"), ("1e-8", "1e-8"), ('"1.0"', "1.0"), ('"01"', "01")],
)  # fmt: skip
def test_numbers_of_json_have_one_text(written: str, text: str) -> None:
    rows = ",".join(f'{{"a": {row}.5, "y": {[written, 7][row % 2]}}}' for row in range(20))
    found = accepted(f"[{rows}]", task="classification")
    assert found.classes is not None
    assert set(found.classes) == {text, "7"}
    assert found.arrays["x"][:, 0].tolist() == [row + 0.5 for row in range(20)]


def test_the_same_numbers_are_one_class_in_json_and_in_arrays() -> None:
    y = [0.1, 1.0, 100000.0, 1e21, 5e-324, -2.5] * 4
    rows = json.dumps([{"a": row, "y": each} for row, each in enumerate(y)])
    arrays = accepted(npz(x=np.arange(24.0), y=np.array(y)), task="classification")
    assert accepted(rows, task="classification").classes == arrays.classes


@pytest.mark.parametrize("kind", ["categorical", "group"])
def test_categories_and_groups_are_texts_as_well(kind: str) -> None:
    names = [f"{LARGE}", f"{LARGE + 1}", "0123", "123", "1e5"]
    rows = "".join(f"{row},{names[row % 5]},{row % 2}\n" for row in range(60))
    found = accepted("a,zip,y\n" + rows, target="y", **{kind: "zip"})
    if kind == "group":
        assert found.groups == 5
    else:
        assert found.columns[1].levels == tuple(sorted(names))
        assert [found.preview[row]["zip"] for row in range(5)] == names
    assert said(found, "zip", '"0123" and "123"')


def test_two_spellings_of_true_are_two_categories() -> None:
    rows = "".join(f"{row},{['True', 'TRUE'][row % 2]},{row // 2 % 2}\n" for row in range(40))
    column = accepted("a,b,y\n" + rows, target="y").columns[1]
    assert (column.kind, column.levels) == ("category", ("TRUE", "True"))


@pytest.mark.parametrize(
    ("values", "word"),
    [([f"{10**16 + row * 3}" for row in range(40)], "2^53"), ([f"{row:05}" for row in range(40)], "leading zeros")],
)  # fmt: skip
def test_numbers_that_look_like_names_are_told(values: list[str], word: str) -> None:
    rows = "".join(f"{value},{row / 7:.3f},{row % 2}\n" for row, value in enumerate(values))
    assert said(accepted("id,a,y\n" + rows, target="y"), '"id"', word, "categorical")
    assert said(accepted("id,a,y\n" + rows, target="id"), '"id"', word, "classification")
    followed = outcome("id,a,y\n" + rows, target="y", categorical=["id"])
    assert isinstance(followed, Parsed)
    assert not said(followed, word)


@pytest.mark.parametrize("value", ["1e300", "12345678901234567.5", "9007199254740992", "0.5", "0"])
def test_numbers_that_lose_nothing_raise_no_suspicion(value: str) -> None:
    rows = "".join(f"{value},{row / 7:.3f},{row % 2}\n" for row in range(40))
    assert codes(accepted("b,a,y\n" + rows, target="y")) == ["constant_column"]


def test_numbers_of_arrays_that_lose_digits_are_told() -> None:
    large = np.array([[0.0, 2**53 + row] for row in range(40)]).astype(np.int64)
    large[7, 1] += 1
    found = accepted(npz(x=large, y=np.arange(40) % 2))
    assert ("rounded_integers", "#/columns/1") in [(each.code, each.pointer) for each in found.warnings]
    numbers = accepted(npz(x=np.arange(40.0), y=large[:, 1] * 1_001), task="regression")
    assert "rounded_integers" in codes(numbers)
    exact = accepted(npz(x=np.full((40, 1), 2**64 - 2**11, np.uint64), y=np.arange(40) % 2))
    assert "rounded_integers" not in codes(exact)


def test_groups_of_arrays_are_trimmed_texts() -> None:
    groups = np.array(["a", "a ", "b", "\u00a0b"] * 5)
    assert accepted(npz(x=np.arange(20.0), y=np.arange(20) % 2, groups=groups)).groups == 2
