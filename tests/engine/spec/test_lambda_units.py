"""λ in other tools' terms on the way in: converted, echoed as it was given, refused where it means nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidSpec
from engine.spec import (
    PENALTIES_OF_CONVENTION,
    DatasetFacts,
    Experiment,
    GivenLambda,
    Resolved,
    equivalents,
    resolve,
    to_document,
)

DIGITS = DatasetFacts(task="multiclass", rows=1000, features=64, classes=10)
ROWS, BATCH, GIVEN = 600, 32, 0.25
FACTORS = {
    ("keras", "l1"): ROWS,
    ("keras", "l2"): 2 * ROWS,
    ("pytorch", "l2"): ROWS,
    ("sklearn", "l2"): ROWS / BATCH,
    ("keras", "none"): 0,
    ("pytorch", "none"): 0,
    ("sklearn", "none"): 0,
}
REFUSED = [
    (convention, penalty)
    for convention in PENALTIES_OF_CONVENTION
    for penalty in ("none", "l1", "l2", "elastic_net")
    if convention != "textbook" and (convention, penalty) not in FACTORS
]


def resolved(**fields: Any) -> Resolved:
    return resolve(Experiment(**{"lambda_": GIVEN, **fields}), DIGITS)


@pytest.mark.parametrize(("convention", "penalty"), FACTORS)
def test_becomes_the_textbooks(convention: str, penalty: str) -> None:
    found = resolved(lambda_convention=convention, penalty=penalty)
    assert found.experiment.lambda_ == GIVEN * FACTORS[convention, penalty]
    assert found.experiment.lambda_convention == "textbook"
    assert found.given_lambda == GivenLambda(convention, GIVEN, (None,))


@pytest.mark.parametrize("penalty", ["none", "l1", "l2", "elastic_net"])
def test_the_textbooks_stays_as_it_is(penalty: str) -> None:
    found = resolved(penalty=penalty)
    assert (found.experiment.lambda_, found.given_lambda) == (GIVEN, None)


def test_a_batch_larger_than_the_rows_is_the_rows() -> None:
    found = resolved(lambda_convention="sklearn", penalty="l2", batch_size=5000)
    assert found.experiment.lambda_ == GIVEN


@pytest.mark.parametrize(("convention", "penalty"), REFUSED)
def test_a_penalty_that_the_tool_lacks_is_refused_with_a_way_out(convention: str, penalty: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        resolved(lambda_convention=convention, penalty=penalty)
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == ("#/lambda_convention", "incompatible")
    assert "textbook" in problem.message
    layers = [3, {"units": 3, "penalty": {"name": penalty, "lambda": 1}}]
    with pytest.raises(InvalidSpec) as caught:
        resolved(lambda_convention=convention, architecture=layers)
    assert [problem.pointer for problem in caught.value.problems] == ["#/architecture/1/penalty"]


def test_weight_decay_of_adamw_is_no_lambda() -> None:
    with pytest.raises(InvalidSpec, match=r"optimizer\.weight_decay"):
        resolved(lambda_convention="pytorch", penalty="l2", optimizer="adamw")
    for convention, optimizer in (("keras", "adamw"), ("pytorch", "adam")):
        fields = {"lambda_convention": convention, "optimizer": optimizer}
        assert resolved(penalty="l2", **fields).experiment.lambda_ > 0


def test_layers_with_penalties_of_their_own_are_converted_too() -> None:
    layers = [3, {"units": 3, "penalty": {"name": "l1", "lambda": 0.5}}, {"units": 3, "penalty": "none"}]
    found = resolved(lambda_convention="keras", penalty="l2", architecture=layers)
    penalties = to_document([layer.penalty for layer in found.experiment.architecture])
    assert [to_document(each) for each in penalties] == [None, {"name": "l1", "lambda": 300.0}, "none"]
    assert found.given_lambda == GivenLambda("keras", GIVEN, (None, 0.5, None))


def test_what_becomes_too_large_is_refused_with_its_place() -> None:
    layers = [{"units": 3, "penalty": {"name": "l2", "lambda": 1e10}}]
    with pytest.raises(InvalidSpec) as caught:
        resolved(lambda_=1e11, lambda_convention="keras", penalty="l2", architecture=layers)
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        ("#/lambda", "range"),
        ("#/architecture/0/penalty/lambda", "range"),
    ]
    assert "1.2e+14" in caught.value.problems[0].message


def test_without_a_penalty_a_lambda_of_any_kind_is_warned_of() -> None:
    found = resolved(lambda_convention="keras")
    assert [warning.code for warning in found.warnings] == ["lambda_without_penalty"]


@given(
    pair=st.sampled_from([pair for pair in FACTORS if pair[1] != "none"]),
    strength=st.floats(1e-12, 1e6),
    batch=st.integers(1, 10_000),
)
def test_the_way_out_leads_back_in(pair: tuple[str, str], strength: float, batch: int) -> None:
    convention, penalty = pair
    found = resolved(
        lambda_=strength, lambda_convention=convention, penalty=penalty, batch_size=batch
    ).experiment
    out = equivalents(found, ROWS)
    number = {
        "keras": out["keras"]["l1" if penalty == "l1" else "l2"],
        "pytorch": out["pytorch"]["weight_decay"],
        "sklearn": out["sklearn"]["mlp_alpha"],
    }[convention]
    assert number == pytest.approx(strength, rel=1e-14)
    assert resolve(found, DIGITS).experiment == found, "the echo means the same"
