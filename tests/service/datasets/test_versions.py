"""An experiment remembers its data by a version; whatever changes the training must change it."""

from typing import Any

import numpy as np
import pytest

from service.datasets.versions import ScalingDocument, dataset_version

X = np.arange(6, dtype=np.uint8).reshape(3, 2)
Y = np.array([0, 1, 1], dtype=np.uint8)


def version(
    x: np.ndarray = X,
    y: np.ndarray = Y,
    *,
    task: str = "binary",
    target_name: str = "label",
    scaling: ScalingDocument = "standardize",
    **more: np.ndarray,
) -> str:
    """The version of a tiny set, unless told otherwise."""
    return dataset_version({"x": x, "y": y, **more}, task=task, target_name=target_name, scaling=scaling)


@pytest.mark.parametrize(
    "other",
    [
        version(X + 1),
        version(X.reshape(2, 3)),
        version(X.astype(np.int8)),
        version(y=Y[::-1]),
        version(task="multiclass"),
        version(target_name="other"),
        version(scaling="none"),
        version(scaling={"divide_by": 256}),
        version(x_test=X, y_test=Y),
    ],
)
def test_a_change_of_contents_changes_the_version(other: str) -> None:
    assert other != version()


def test_the_order_and_the_memory_layout_of_arrays_do_not_matter() -> None:
    about: dict[str, Any] = {"task": "binary", "target_name": "label", "scaling": "standardize"}
    assert dataset_version({"y": Y, "x": np.asfortranarray(X)}, **about) == version()


def test_the_version_does_not_depend_on_the_process() -> None:
    assert version() == "1bd98ca3e86c8cab6b4443773c2ba9c6dd808be75b921bc5a1408276d6cd68b7"
