"""Activations, their derivatives and the softmax against values of 50-digit arithmetic."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.kernels import run
from engine.network.activations import Values, activation
from engine.network.losses import cross_entropy, softmax
from engine.spec import ACTIVATIONS
from tests.truth import oracle

DOCUMENT = oracle.document("activations.json")
NAMES = {"linear": "identity"}
CASES = [oracle.parameter("activations.json", name, name) for name in sorted(DOCUMENT.get("activations", {}))]
PARAMETERS = {
    "leaky_relu": {"negative_slope": DOCUMENT.get("leaky_relu_slope")},
    "elu": {"alpha": DOCUMENT.get("elu_alpha")},
}


def forward_and_slope(name: str, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    spec = {"name": name, **PARAMETERS[name]} if name in PARAMETERS else NAMES.get(name, name)
    kernels = activation(ACTIVATIONS.check(spec))
    z = x.copy()
    a = np.zeros_like(z) if kernels.keeps_slope else z
    values = Values(z, a, np.zeros_like(z), np.zeros_like(z), np.zeros_like(z))
    with np.errstate(all="ignore"):
        run(kernels.forward(values))
        output = a.copy()
        values.delta[...] = 1
        run(kernels.backward(values))
    return output, values.delta


@pytest.mark.parametrize("name", CASES)
def test_an_activation_and_its_derivative(name: str) -> None:
    a, slope = forward_and_slope(name, np.array(DOCUMENT["x"]))
    truth = DOCUMENT["activations"][name]
    np.testing.assert_allclose(a, truth["f"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(slope, truth["df"], rtol=1e-9, atol=2e-16)


@pytest.mark.parametrize("row", oracle.cases("activations.json", "softmax"))
def test_softmax_and_its_logarithm(row: dict[str, Any]) -> None:
    """The logarithm is what cross-entropy costs where one class is certain."""
    z = np.array(row["z"])[:, None]
    run(softmax(z, np.zeros(1), np.zeros_like(z)))
    np.testing.assert_allclose(z[:, 0], row["softmax"], rtol=1e-12, atol=1e-300)

    certain = np.eye(len(z))
    logits = np.repeat(np.array(row["z"])[:, None], len(z), axis=1)
    losses, narrow, wide = np.zeros(len(z)), np.zeros(len(z)), np.zeros_like(logits)
    run(cross_entropy(logits, certain, losses, narrow, wide))
    np.testing.assert_allclose(-losses, row["log_softmax"], rtol=1e-12, atol=1e-15)
