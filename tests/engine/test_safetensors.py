"""Checkpoints survive their bytes, and others can read them."""

import numpy as np
import pytest
from safetensors.numpy import load

from engine.errors import InvalidCheckpoint
from engine.safetensors import Checkpoint, from_safetensors, to_safetensors
from engine.textbook.activations import sigmoid
from engine.training import training
from tests.engine.problems import dataset, prepared

CHECKPOINT = Checkpoint(
    {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1e-300]), "empty": np.zeros((0, 4))},
    {"format": "test", "text": "λ", "number": 0.1},
)


def test_bytes_read_back_and_are_the_same_every_time() -> None:
    content = to_safetensors(CHECKPOINT)
    again = from_safetensors(content)
    assert again.document == CHECKPOINT.document
    for name, array in CHECKPOINT.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)
        assert again.arrays[name].dtype == array.dtype
    assert to_safetensors(again) == content


def test_the_official_library_reads_them() -> None:
    found = load(to_safetensors(CHECKPOINT))
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in CHECKPOINT.arrays.items()
    }


def test_damaged_bytes_are_refused() -> None:
    content = to_safetensors(CHECKPOINT)
    for length in range(len(content)):
        with pytest.raises(InvalidCheckpoint):
            from_safetensors(content[:length])
    for damaged in (b"\xff" * 100, content[:8] + b"[" + content[9:], b"\2\0\0\0\0\0\0\0{}"):
        with pytest.raises(InvalidCheckpoint):
            from_safetensors(damaged)


@pytest.mark.parametrize("features", [5, 300])
def test_a_model_is_named_as_a_torch_sequential_and_computes_what_was_measured(features: int) -> None:
    experiment, splits = prepared(
        dataset("binary", features=features),
        architecture=[
            {"units": 4, "activation": "sigmoid", "dropout": 0.5},
            {"units": 3, "activation": "tanh"},
        ],
        precision="float64",
    )
    report = next(training([experiment], splits)).lanes[0]
    model = report.last()
    assert model.document["modules"] == [
        f"Linear({features}, 4)",
        "Sigmoid()",
        "Dropout(0.5)",
        "Linear(4, 3)",
        "Tanh()",
        "Linear(3, 1)",
        "Sigmoid()",
    ]
    arrays = model.arrays
    hidden = sigmoid(splits.validation.x @ arrays["0.weight"].T + arrays["0.bias"])
    hidden = np.tanh(hidden @ arrays["3.weight"].T + arrays["3.bias"])
    said = (hidden @ arrays["5.weight"].T + arrays["5.bias"])[:, 0] > 0
    assert report.metrics.val_accuracy == np.mean(said == splits.validation.labels)
