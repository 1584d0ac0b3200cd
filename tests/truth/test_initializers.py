"""Initial weights against the moments and the distribution that each scheme must have."""

from math import erf, sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.initializers import draw, draw_biases
from tests.truth import oracle

NAMES = {
    "nielsen_large": "large",
    "nielsen_default": "scaled",
    "glorot_uniform": "glorot_uniform",
    "glorot_normal_torch": "glorot_normal",
    "he_uniform": "he_uniform",
    "he_normal_torch": "he_normal",
    "lecun_uniform": "lecun_uniform",
}
CASES = [case for case in oracle.cases("initialisers.json") if case.values[0]["scheme"] in NAMES]


@pytest.mark.parametrize("case", CASES)
def test_weights_follow_their_law(case: dict[str, Any]) -> None:
    name = NAMES[case["scheme"]]
    shape, random = (case["n_in"], case["n_out"]), np.random.default_rng(2024)
    weights, biases = draw(name, *shape, random), draw_biases(name, None, *shape, random)
    low, high = case["accept_sample_variance"]
    assert low <= weights.var() <= high
    assert abs(weights.mean()) <= case["accept_abs_mean_below"]
    assert kolmogorov_smirnov(weights.ravel(), case) <= case["accept_ks_statistic_below"]
    if case["hard_bound"]:
        assert np.abs(weights).max() <= case["hard_bound"]
    assert weights.shape == (case["n_in"], case["n_out"])
    assert biases.any() == (name in {"large", "scaled"})


def kolmogorov_smirnov(sample: NDArray[Any], case: dict[str, Any]) -> float:
    """The largest distance between the sample's distribution and the scheme's."""
    values = np.sort(sample)
    if case["distribution"] == "uniform":
        expected = np.clip((values / case["hard_bound"] + 1) / 2, 0, 1)
    else:
        expected = np.array([(1 + erf(value / case["std"] / sqrt(2))) / 2 for value in values])
    steps = np.arange(values.size + 1) / values.size
    return float(max(np.abs(steps[1:] - expected).max(), np.abs(steps[:-1] - expected).max()))
