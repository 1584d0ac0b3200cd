"""λ in other tools' terms, from the forms each of them adds to its loss."""

from __future__ import annotations

from typing import Any

import pytest

from engine.spec import DatasetFacts, Experiment, equivalents, resolve

DIGITS = DatasetFacts(task="multiclass", rows=1000, features=64, classes=10)
DIABETES = DatasetFacts(task="regression", rows=400, features=10, classes=None)
BATCH, ROWS, STRENGTH = 32, 600, 3.0


def of(facts: DatasetFacts, **fields: Any) -> dict[str, dict[str, Any]]:
    resolved = resolve(Experiment(lambda_=STRENGTH, **fields), facts)
    return equivalents(resolved.experiment, resolved.rows.train)


def test_l2_is_half_of_lambda_over_n_in_keras_and_all_of_it_in_pytorch() -> None:
    found = of(DIGITS, penalty="l2")
    assert found["keras"]["l2"] == pytest.approx(STRENGTH / (2 * ROWS), rel=1e-15)
    assert found["keras"]["l1"] == 0
    assert found["pytorch"]["weight_decay"] == pytest.approx(STRENGTH / ROWS, rel=1e-15)
    assert found["sklearn"]["mlp_alpha"] == pytest.approx(STRENGTH * BATCH / ROWS, rel=1e-15)


def test_l1_has_no_equivalent_where_a_tool_only_knows_l2() -> None:
    found = of(DIGITS, penalty="l1")
    assert found["keras"]["l1"] == pytest.approx(STRENGTH / ROWS, rel=1e-15)
    assert found["pytorch"]["weight_decay"] is None
    assert found["sklearn"]["mlp_alpha"] is None


def test_linear_models_have_their_own_names() -> None:
    assert of(DIGITS, penalty="l2", architecture=[])["sklearn"]["logistic_regression_C"] == 1 / STRENGTH
    assert of(DIABETES, penalty="l2", architecture=[])["sklearn"]["ridge_alpha"] == STRENGTH
    assert of(DIABETES, penalty="l1", architecture=[])["sklearn"]["lasso_alpha"] == STRENGTH / 240
    assert "ridge_alpha" not in of(DIABETES, penalty="l2")["sklearn"]


def test_linear_models_are_named_where_they_minimize_the_same_loss() -> None:
    linear = {"penalty": "l2", "architecture": []}
    for loss in (
        "huber",
        "absolute_error",
        "mean_squared_error",
        {"name": "squared_error", "reduction": "mean"},
    ):
        assert of(DIABETES, loss=loss, **linear)["sklearn"].keys() == {"mlp_alpha", "note"}
    for loss in ("squared_error", {"name": "binary_cross_entropy", "reduction": "mean"}):
        assert of(DIGITS, loss=loss, **linear)["sklearn"].keys() == {"mlp_alpha", "note"}
    assert (
        of(DIGITS, loss="binary_cross_entropy", **linear)["sklearn"]["logistic_regression_C"] == 1 / STRENGTH
    )


def test_the_decay_of_adamw_is_no_equivalent() -> None:
    found = of(DIGITS, penalty="l2", optimizer="adamw")
    assert found["pytorch"]["weight_decay"] is None
    assert "not a penalty" in found["pytorch"]["note"]
    assert found["keras"]["l2"] == pytest.approx(STRENGTH / (2 * ROWS), rel=1e-15)
    assert of(DIGITS, penalty="none", optimizer="adamw")["pytorch"]["weight_decay"] == 0


@pytest.mark.parametrize(
    ("facts", "loss", "tool", "words"),
    [
        (DIABETES, "squared_error", "keras", "twice"),
        (DIABETES, "squared_error", "pytorch", "twice"),
        (DIABETES, "squared_error", "sklearn", "averages"),
        (DIGITS, "binary_cross_entropy", "keras", "averages"),
        (DIGITS, "binary_cross_entropy", "pytorch", "averages"),
    ],
)
def test_a_tools_other_loss_is_told(facts: DatasetFacts, loss: str, tool: str, words: str) -> None:
    assert words in of(facts, penalty="l2", loss=loss)[tool]["note"]
    assert words not in of(DIGITS, penalty="l2")[tool]["note"]
    averaged = {"name": loss, "reduction": "mean"}
    assert "averages" not in of(facts, penalty="l2", loss=averaged)[tool]["note"]


def test_penalties_of_layers_are_mentioned() -> None:
    layers = [{"units": 3, "penalty": {"name": "l1", "lambda": 1}}]
    assert "their own penalties" in of(DIGITS, penalty="l2", architecture=layers)["keras"]["note"]


def test_without_a_penalty_there_is_no_strength() -> None:
    found = of(DIGITS, penalty="none")
    assert (found["keras"]["l1"], found["keras"]["l2"], found["pytorch"]["weight_decay"]) == (0, 0, 0)
