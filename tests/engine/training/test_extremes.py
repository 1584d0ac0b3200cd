"""Numbers at the ends of their range: signed zeros, values whose squares overflow, rates of 0, runs of a few steps."""

from math import cos, pi
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import Dataset, train
from engine.data.targets import class_weights
from engine.kernels import run
from engine.network.activations import Values, activation
from engine.network.layout import Layout
from engine.optimization.clipping import clip_calls, euclidean, max_norm_calls
from engine.optimization.schedules import rates
from engine.spec import ACTIVATIONS, Experiment, OneCycle
from tests.engine.problems import dataset

Array = NDArray[Any]

AT_ZERO: dict[str, float] = {
    "identity": 1,
    "sigmoid": 0.25,
    "tanh": 1,
    "relu": 0,
    "leaky_relu": 0.01,
    "elu": 1,
    "selu": 1.7580993408473766,
    "gelu": 0.5,
    "gelu_tanh": 0.5,
    "softplus": 0.5,
    "silu": 0.5,
}
"""f'(0)."""
BOUNDED = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
BELOW: dict[str, tuple[float, float]] = {"elu": (-1, 0), "selu": (-1.7580993408473766, 0)}
"""Where z goes to minus infinity: f and f', 0 where nothing else is said."""


def forward_and_slope(name: Any, z: Array) -> tuple[Array, Array]:
    kernels = activation(ACTIVATIONS.check(name))
    a = np.zeros_like(z) if kernels.keeps_slope else z
    values = Values(z, a, np.zeros_like(z), np.zeros_like(z), np.zeros_like(z))
    with np.errstate(all="ignore"):
        run(kernels.forward(values))
        output = a.copy()
        values.delta[...] = 1
        run(kernels.backward(values))
    return output, values.delta


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", AT_ZERO)
def test_both_zeros_have_the_slope_of_zero(name: str, dtype: Any) -> None:
    _, slope = forward_and_slope(name, np.array([0.0, -0.0, -0.0], dtype))
    np.testing.assert_allclose(slope, AT_ZERO[name], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slope", [0, 0.01])
def test_what_underflows_below_zero_is_still_below(slope: float, dtype: Any) -> None:
    tiny = np.finfo(dtype).smallest_subnormal
    _, found = forward_and_slope(
        {"name": "leaky_relu", "negative_slope": slope}, np.array([-tiny, -1], dtype)
    )
    assert found.tolist() == [dtype(slope)] * 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", AT_ZERO)
def test_far_from_zero_activations_are_their_limits(name: str, dtype: Any) -> None:
    largest = float(np.finfo(dtype).max)
    far = np.array([1e4, 1e19, 1e20, largest / 4, largest / 2], dtype)
    above, slope_above = forward_and_slope(name, far.copy())
    below, slope_below = forward_and_slope(name, -far)
    if name in BOUNDED:
        limits: tuple[Any, Any, Any, Any] = (BOUNDED[name][1], 0, BOUNDED[name][0], 0)
    else:
        steepness = {"selu": 1.0507009873554805}.get(name, 1)
        share = {"identity": 1, "leaky_relu": 0.01}.get(name, 0)
        limits = (far.astype(np.float64) * steepness, steepness, *BELOW.get(name, (-far * share, share)))
    for found, limit in zip((above, slope_above, below, slope_below), limits, strict=True):
        np.testing.assert_allclose(found, np.broadcast_to(limit, far.shape), rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-20, 1.0, 1e13, 1e20, 1e37])
def test_gradients_of_any_size_are_clipped_and_none_is_dropped(size: float, dtype: Any) -> None:
    for signs in ((1, -1, 1), (-1, -1, 1), (1, 1, 1)):
        gradient = np.array([3.0, 4.0, 0.0], dtype) * dtype(size) * np.array(signs, dtype)
        threshold = np.array(2.0, dtype)
        with np.errstate(all="ignore"):
            run(clip_calls(gradient, np.array(size, dtype), [threshold]))
        np.testing.assert_allclose(gradient, np.array([0.6, 0.8, 0]) * size * signs, rtol=1e-5)
        np.testing.assert_allclose(threshold, 2 / 5, rtol=1e-5)


def test_a_gradient_of_zeros_stays() -> None:
    gradient = np.zeros((2, 3), np.float32)
    gradient[1] = 1
    run(clip_calls(gradient, np.ones((2, 1), np.float32), []))
    np.testing.assert_allclose(gradient[0], 0)
    np.testing.assert_allclose(gradient[1], 1 / 3**0.5, rtol=1e-6)


@pytest.mark.parametrize("size", [1e-20, 1.0, 1e20, 1e37])
def test_weights_of_any_size_are_bounded_and_none_is_dropped(size: float) -> None:
    layout = Layout((3, 2))
    row = layout.vectors(1, np.dtype(np.float32))[0]
    weights = layout.weight(row, 0)
    weights[...] = np.array([[3, 0], [-4, 0], [0, 0]]) * size
    with np.errstate(all="ignore"):
        run(max_norm_calls(layout, row, np.array(size, np.float32)))
    np.testing.assert_allclose(weights, np.array([[0.6, 0], [-0.8, 0], [0, 0]]) * size, rtol=1e-5)


@pytest.mark.parametrize("size", [0.0, 1e-300, 1.0, 1e300])
def test_norms_of_any_size(size: float) -> None:
    assert euclidean(np.array([3.0, -4.0]) * size) == pytest.approx(5 * size, rel=1e-15)


@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize("scheduled", ["polynomial", "exponential"])
def test_the_gradient_has_a_norm_where_the_rate_is_gone(scheduled: str, folded: bool) -> None:
    """Full batches, and weights that no longer move: the norm of the last epochs is that of the next-to-last."""
    schedule: dict[str, Any] = {"name": "polynomial", "total_steps": 2}
    if scheduled == "exponential":
        schedule = {"name": "exponential", "gamma": 1e-30}
    norms: list[float] = []
    spec = {
        "architecture": [4],
        "batch_size": 100,
        "max_epochs": 4,
        "seed": 1,
        "schedule": schedule,
        "clip_norm": None if folded else 1e9,
    }
    train(
        Experiment.from_document(spec),
        dataset("multiclass"),
        on_epoch=lambda report: norms.append(report.metrics.gradient_norm or 0.0),
    )
    assert norms[2] == pytest.approx(norms[3], rel=1e-5)
    assert 0.01 < norms[3] < norms[0]


def torchs_cycle(step: int, steps: int) -> float:
    """The rate of OneCycleLR(max_lr=1, total_steps=steps), as its source has it."""
    first, last, start = 0.3 * steps - 1, steps - 1, 0.0
    phases = ((first, 1 / 25, 1.0), (last, 1.0, 1 / 25 / 1e4))
    for number, (end, begin, goal) in enumerate(phases):
        if step <= end or number == 1:
            return goal + (begin - goal) / 2 * (1 + cos(pi * (step - start) / (end - start)))
        start = end
    raise AssertionError


@pytest.mark.parametrize("steps", range(1, 12))
def test_a_cycle_of_a_few_steps_is_torchs(steps: int) -> None:
    found = rates(OneCycle(), 1.0, np.arange(steps, dtype=np.float64), steps)
    np.testing.assert_allclose(found, [torchs_cycle(step, steps) for step in range(steps)], rtol=1e-12)
    assert rates(OneCycle(total_steps=steps), 1.0, np.array([steps + 5.0]), 99) == pytest.approx(4e-6)


def test_balanced_weights_count_the_classes_that_train() -> None:
    weights = class_weights("balanced", np.array([0, 0, 0, 3]), 5)
    assert weights is not None
    np.testing.assert_allclose(weights, [2 / 3] * 3 + [2])


def test_balanced_weights_of_a_part_without_a_class_average_to_one() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    seen = Dataset(x, np.arange(30) % 2, "multiclass", 3)
    losses: list[float] = []
    for weight in ("balanced", None):
        spec = Experiment(seed=1, max_epochs=1, class_weight=weight, init="zeros", architecture=())
        train(spec, seen, on_epoch=lambda report: losses.append(report.metrics.train_loss))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
