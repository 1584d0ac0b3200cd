"""Initial weights against the moments and the distribution that each scheme must have.

Keras truncates its normals at two standard deviations and widens them so that the variance is the law's; ours are not
truncated (docs/numerics.md), so that of those cases the mean and the variance are compared, and not the shape.
"""

from math import erf, sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.network.initializers import draw, draw_biases
from engine.spec import Initializer, Uniform
from tests.truth import oracle

NAMES: dict[str, Initializer] = {
    "nielsen_large": "large",
    "nielsen_default": "scaled",
    "glorot_uniform": "glorot_uniform",
    "glorot_normal_torch": "glorot_normal",
    "glorot_normal_keras": "glorot_normal",
    "he_uniform": "he_uniform",
    "he_normal_torch": "he_normal",
    "he_normal_keras": "he_normal",
    "lecun_uniform": "lecun_uniform",
    "lecun_normal_keras": "lecun_normal",
}


def left_out(case: dict[str, Any]) -> str:
    return "shape and bound, since our normals are not truncated" if truncated(case) else ""


def truncated(case: dict[str, Any]) -> bool:
    return bool(case["distribution"] == "truncated_normal_2sd")


@pytest.mark.parametrize("case", oracle.cases("initialisers.json", left_out=left_out))
def test_weights_and_biases_follow_their_law(case: dict[str, Any]) -> None:
    init, bias_init = initializers(case)
    shape, random = (case["n_in"], case["n_out"]), np.random.default_rng(2024)
    weights, biases = draw(init, *shape, random), draw_biases(init, bias_init, *shape, random)
    low, high = case["accept_sample_variance"]
    assert low <= weights.var() <= high
    assert abs(weights.mean()) <= case["accept_abs_mean_below"]
    if not truncated(case):
        assert kolmogorov_smirnov(weights.ravel(), case) <= case["accept_ks_statistic_below"]
        assert case["hard_bound"] is None or np.abs(weights).max() <= case["hard_bound"]
    assert weights.shape == shape
    if case["scheme"] == "torch_linear_default":
        assert 0 < np.abs(biases).max() <= case["hard_bound"]
    elif case["scheme"] in {"nielsen_large", "nielsen_default"}:
        # Five standard deviations of the variance of so many numbers from N(0, 1), and never zeros.
        assert abs(biases.var() - 1) <= 5 * sqrt(2 / biases.size)
        assert biases.all()
    else:
        assert not biases.any()


def initializers(case: dict[str, Any]) -> tuple[Initializer, Initializer | None]:
    """Ours for weights and biases: what torch does unasked is a uniform law with a limit of its own."""
    if case["scheme"] == "torch_linear_default":
        uniform = Uniform(limit=1 / sqrt(case["n_in"]))
        return uniform, uniform
    return NAMES[case["scheme"]], None


def kolmogorov_smirnov(sample: NDArray[Any], case: dict[str, Any]) -> float:
    """The largest distance between the sample's distribution and the scheme's."""
    values = np.sort(sample)
    if case["distribution"] == "uniform":
        expected = np.clip((values / case["hard_bound"] + 1) / 2, 0, 1)
    else:
        expected = np.array([(1 + erf(value / case["std"] / sqrt(2))) / 2 for value in values])
    steps = np.arange(values.size + 1) / values.size
    return float(max(np.abs(steps[1:] - expected).max(), np.abs(steps[:-1] - expected).max()))
