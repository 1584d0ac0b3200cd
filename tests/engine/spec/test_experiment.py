"""A specification checks itself, names every wrong place and says what is allowed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.errors import InvalidSpec
from engine.spec import Adam, DatasetSplit, Divide, Experiment, Layer, Normal, Sgd, Split, to_document


def experiment(**fields: Any) -> Experiment:
    return Experiment(**fields)


def problems(**fields: object) -> dict[str, str]:
    with pytest.raises(InvalidSpec) as caught:
        Experiment.from_document(fields)
    return {problem.pointer: problem.code for problem in caught.value.problems}


def test_nested_json_forms_become_dataclasses() -> None:
    given = experiment(
        architecture=[30, {"units": 5, "activation": "tanh", "dropout": 0.5}],
        optimizer={"name": "adam", "learning_rate": 1},
        init={"name": "normal", "std": 2},
        split={"validation": 0},
        scaling={"divide_by": 256},
    )
    assert given.architecture == (Layer(units=30), Layer(units=5, activation="tanh", dropout=0.5))
    assert given.optimizer == Adam(learning_rate=1.0)
    assert given.init == Normal(std=2.0)
    assert given.split == Split(validation=0.0)
    assert given.scaling == Divide(divide_by=256.0)


def test_the_document_spells_lambda_and_reads_back() -> None:
    given = experiment(lambda_=0.1, penalty="elastic_net", architecture=[3], seed=7)
    document = to_document(given)
    assert document["lambda"] == 0.1
    assert "lambda_" not in document
    assert Experiment.from_document(document) == given


def test_a_bare_name_means_the_variant_with_its_defaults() -> None:
    assert experiment(optimizer="sgd").optimizer == Sgd()
    assert experiment(init="normal").init == Normal()


def test_aliases_are_turned_into_the_name_they_stand_for() -> None:
    assert experiment(init="xavier_uniform").init == "glorot_uniform"
    assert experiment(init="kaiming_normal").init == "he_normal"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"lambda": -1}, {"#/lambda": "range"}),
        ({"lambda": math.nan}, {"#/lambda": "range"}),
        ({"lambda": 10**400}, {"#/lambda": "range"}),
        ({"lambda": "5"}, {"#/lambda": "type"}),
        ({"lambda": True}, {"#/lambda": "type"}),
        ({"patience": -1}, {"#/patience": "range"}),
        ({"patience": 1.5}, {"#/patience": "type"}),
        ({"max_epochs": 0}, {"#/max_epochs": "range"}),
        ({"penalty": "l3"}, {"#/penalty": "choice"}),
        ({"penalty": ["l1"]}, {"#/penalty": "type"}),
        (
            {"architecture": [0, 30, 10**9]},
            {"#/architecture/0/units": "range", "#/architecture/2/units": "range"},
        ),
        ({"architecture": [{"units": 3, "dropout": 1}]}, {"#/architecture/0/dropout": "range"}),
        ({"architecture": [{}]}, {"#/architecture/0/units": "missing"}),
        ({"architecture": "30"}, {"#/architecture": "type"}),
        ({"architecture": {"units": 3}}, {"#/architecture": "type"}),
        ({"architecture": [1] * 33}, {"#/architecture": "too_many"}),
        ({"optimizer": {"learning_rate": 1}}, {"#/optimizer/name": "missing"}),
        ({"optimizer": {"name": "adam", "momentum": 0.9}}, {"#/optimizer/momentum": "unknown_field"}),
        ({"optimizer": {"name": "sgd", "nesterov": True}}, {"#/optimizer/nesterov": "incompatible"}),
        ({"optimizer": {"name": "sgd", "learning_rate": 0}}, {"#/optimizer/learning_rate": "range"}),
        ({"init": {"name": "zeros", "std": 1}}, {"#/init/std": "unknown_field"}),
        ({"split": 0.2}, {"#/split": "type"}),
        ({"split": {"by": "datset"}}, {"#/split/by": "choice"}),
        (
            {"split": {"by": "dataset", "validation": 0.2, "stratify": False, "seed": 3}},
            {"#/split/validation": "incompatible", "#/split/stratify": "incompatible"},
        ),
        ({"split": {"by": "dataset", "train_rows": 0}}, {"#/split/train_rows": "range"}),
        ({"init": "given"}, {"#/init/checkpoint": "missing"}),
        ({"init": {"name": "given", "checkpoint": "a b"}}, {"#/init/checkpoint": "range"}),
        ({"init": {"name": "given", "checkpoint": 5}}, {"#/init/checkpoint": "type"}),
        ({"architecture": [{"units": 3, "init": "given"}]}, {"#/architecture/0/init": "choice"}),
        ({"bias_init": "given"}, {"#/bias_init": "choice"}),
        ({"split": {"stratify": "yes"}}, {"#/split/stratify": "type"}),
        ({"scaling": {"divide_by": 0}}, {"#/scaling/divide_by": "range"}),
        ({"lamda": 1, "units": 2}, {"#/lamda": "unknown_field", "#/units": "unknown_field"}),
        ({"lambda": -1, "seed": -1}, {"#/lambda": "range", "#/seed": "range"}),
    ],
)
def test_every_wrong_place_is_named(fields: dict[str, object], expected: dict[str, str]) -> None:
    assert problems(**fields) == expected


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"activation": "sigmoyd"}, 'Did you mean "sigmoid"?'),
        ({"optimizer": {"name": "adm"}}, 'Did you mean "adam"?'),
        ({"pacience": 3}, 'Did you mean "patience"?'),
    ],
)
def test_a_near_miss_is_answered_with_the_nearest_name(fields: dict[str, object], hint: str) -> None:
    with pytest.raises(InvalidSpec, match=hint.replace("?", r"\?")):
        Experiment.from_document(fields)


def test_a_pointer_escapes_what_json_pointers_must() -> None:
    with pytest.raises(InvalidSpec) as caught:
        Experiment.from_document({"a/b~c": 1})
    assert caught.value.problems[0].pointer == "#/a~1b~0c"


def test_null_is_as_good_as_left_out() -> None:
    """Generated clients send null for what they were not given."""
    unset: dict[str, Any] = dict.fromkeys(to_document(Experiment()))
    assert Experiment.from_document(unset) == Experiment()
    layer = {"units": 3, **dict.fromkeys(("activation", "dropout", "batch_norm", "init", "penalty"))}
    optimizer = {"name": "adam", "learning_rate": None, "beta1": None}
    split = {"by": None, "validation": None, "stratify": None, "seed": None}
    given = Experiment.from_document({"architecture": [layer], "optimizer": optimizer, "split": split})
    assert given == experiment(architecture=[3], optimizer="adam")
    own = {"by": "dataset", "validation": None, "test": None, "seed": 3}
    assert Experiment.from_document({"split": own}).split == DatasetSplit(seed=3)


def test_null_is_no_value_where_one_has_to_be_given() -> None:
    assert problems(architecture=[{"units": None}]) == {"#/architecture/0/units": "type"}
    assert problems(optimizer={"name": None}) == {"#/optimizer/name": "type"}
    assert problems(lamda=None) == {"#/lamda": "unknown_field"}
