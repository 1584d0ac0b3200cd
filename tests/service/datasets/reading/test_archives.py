"""NPZ files as NumPy, Keras and others ship them."""

import io
import zipfile
from typing import Any

import numpy as np
import pytest

from engine.spec import Divide
from tests.service.datasets.reading.reading import accepted, messages

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (30, 4, 5), np.uint8)
DIGITS = np.arange(30, dtype=np.uint8) % 3
X = RANDOM.normal(size=(30, 3))


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def test_pictures_as_keras_ships_them() -> None:
    content = npz(x_train=PICTURES, y_train=DIGITS, x_test=PICTURES[:7], y_test=DIGITS[:7])
    found = accepted(content)
    assert {name: (array.shape, str(array.dtype)) for name, array in found.arrays.items()} == {
        "x": ((30, 20), "uint8"),
        "y": ((30,), "uint8"),
        "x_test": ((7, 20), "uint8"),
        "y_test": ((7,), "uint8"),
    }
    assert found.arrays["x"].tobytes() == PICTURES.tobytes()
    assert found.image_shape == (4, 5)
    assert found.scaling == Divide(divide_by=255)
    assert (found.task, found.classes) == ("multiclass", ("0", "1", "2"))
    assert found.dataset.facts.test_rows == 7
    assert accepted(content, scaling={"divide_by": 256}).scaling == Divide(divide_by=256)
    assert accepted(npz(x=PICTURES[..., None] / 255, y=DIGITS)).image_shape == (4, 5, 1)


@pytest.mark.parametrize("suffix", ["validation", "val"])
def test_validation_rows(suffix: str) -> None:
    found = accepted(npz(**{"x": X, "y": X[:, 0], f"x_{suffix}": X[:5], f"y_{suffix}": X[:5, 0]}))
    assert found.task == "regression"
    np.testing.assert_array_equal(found.arrays["x_validation"], X[:5])
    np.testing.assert_array_equal(found.arrays["y_validation"], X[:5, 0])
    assert (found.scaling, found.image_shape) == ("standardize", None)


@pytest.mark.parametrize(
    "x",
    [
        X.astype(">f8"),
        np.asfortranarray(X),
        X.astype(np.float32),
        X.astype(np.float16),
        (X * 100).astype(">i4"),
        (X * 100).astype(np.uint64),
        X > 0,
    ],
)
def test_every_order_and_type_of_number(x: np.ndarray[Any, Any]) -> None:
    found = accepted(npz(x=x, y=DIGITS)).arrays["x"]
    np.testing.assert_array_equal(found, x)
    assert found.flags.c_contiguous
    assert found.dtype.isnative


def test_missing_numbers() -> None:
    x = X.copy()
    x[3, 1] = np.nan
    found = accepted(npz(x=x, y=DIGITS))
    assert [column.missing for column in found.columns] == [False, True, False]
    assert found.feature_names == ("x[0]", "x[1]", "x[1] missing", "x[2]")
    assert found.summary[1]["missing"] == 1


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        (DIGITS == 1, "binary", ("0", "1")),
        (DIGITS[:, None], "multiclass", ("0", "1", "2")),
        (DIGITS * 5.0 - 5, "multiclass", ("-5", "0", "5")),
        (np.array(["cat", "dog", "ant"])[DIGITS], "multiclass", ("ant", "cat", "dog")),
        (np.eye(3)[DIGITS], "multiclass", ("0", "1", "2")),
        (np.array([[0, 1], [1, 1], [0, 0]])[DIGITS], "multilabel", None),
        (X[:, :2], "regression", None),
        (np.arange(30), "regression", None),
    ],
)
def test_the_task_is_found(y: np.ndarray[Any, Any], task: str, classes: tuple[str, ...] | None) -> None:
    found = accepted(npz(x=X, y=y))
    assert (found.task, found.classes) == (task, classes)


def test_the_task_can_be_said() -> None:
    assert accepted(npz(x=X, y=DIGITS), task="regression").task == "regression"
    assert len(accepted(npz(x=X, y=np.arange(30)), task="classification").classes or ()) == 30
    assert accepted(npz(x=X, y=np.eye(3)[DIGITS]), task="multilabel").target_names == ("y[0]", "y[1]", "y[2]")


def test_classes_are_those_of_all_parts() -> None:
    found = accepted(npz(x=X, y=DIGITS, x_test=X[:2], y_test=np.array([2, 7], np.uint8)))
    assert found.classes == ("0", "1", "2", "7")
    assert found.arrays["y_test"].tolist() == [2, 3]


def test_weights_and_groups() -> None:
    found = accepted(npz(x=X, y=DIGITS, weights=DIGITS + 1, groups=np.array(["b", "a", "c"])[DIGITS]))
    assert found.arrays["weights"].tolist() == (DIGITS + 1.0).tolist()
    assert found.arrays["groups"].tolist() == np.array([1, 0, 2])[DIGITS].tolist()


def test_other_arrays_are_not_read() -> None:
    file = io.BytesIO(npz(x=X, y=DIGITS))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("notes.npy", b"no array at all")
    assert messages(accepted(file.getvalue())) == ['Array "notes" is not used and was not read.']
