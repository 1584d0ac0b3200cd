"""What is said in the words of other tools is answered with what to write here, and that is accepted."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from engine.errors import InvalidSpec
from engine.spec import Experiment
from engine.spec.foreign import FIELDS, NEAREST, NEEDLESS, PARAMETERS, WORDS
from tests.cases import folded

GIVEN: dict[str, Any] = {
    "solver": "lbfgs",
    "hidden_layer_sizes": "64,32",
    "layers": [64, 32],
    "units": 30,
    "early_stopping": True,
    "loss_function": "mse",
    "criterion": "categorical_crossentropy",
    "kernel_initializer": "he",
    "activation_function": "swish",
    "output_activation": "linear",
    "regularizer": "ridge",
}


def message(document: dict[str, Any]) -> str:
    with pytest.raises(InvalidSpec) as caught:
        Experiment.from_document(document)
    (problem,) = caught.value.problems
    return problem.message


def advised(text: str) -> Any:
    """Return the fields that a message says to write."""
    found = re.fullmatch(r"Unknown field\. Write (.+) instead\.", text)
    assert found, text
    return json.loads(f"{{{found[1]}}}")


@folded("name", FIELDS)
def test_a_field_of_another_tool_leads_to_ours(name: str) -> None:
    for value in (GIVEN.get(name, FIELDS[name][1]), object()):
        Experiment.from_document(advised(message({name: value})))


@folded(
    ("document", "instead"),
    [
        ({"lr": 0.5}, {"optimizer": {"name": Experiment().optimizer.name, "learning_rate": 0.5}}),
        ({"lr": 0.5, "optimizer": {"name": "adam"}}, {"optimizer": {"name": "adam", "learning_rate": 0.5}}),
        ({"alpha": 0.1}, {"penalty": "l2", "lambda": 0.1, "lambda_convention": "sklearn"}),
        ({"weight_decay": 0.1}, {"penalty": "l2", "lambda": 0.1, "lambda_convention": "pytorch"}),
        ({"C": 4}, {"penalty": "l2", "lambda": 0.25}),
        ({"hidden_layer_sizes": [64, 32]}, {"architecture": [64, 32]}),
        ({"units": 30}, {"architecture": [30]}),
        ({"epochs": 7}, {"max_epochs": 7}),
        (
            {"dropout": 0.5, "architecture": [8, 4]},
            {"architecture": [{"units": 8, "dropout": 0.5}, {"units": 4, "dropout": 0.5}]},
        ),
        ({"early_stopping": True}, {"patience": 10}),
        ({"n_iter_no_change": 3}, {"patience": 3}),
        ({"test_size": 0.3}, {"split": {"test": 0.3}}),
        ({"val_split": 0.3, "split": {"seed": 4}}, {"split": {"seed": 4, "validation": 0.3}}),
        ({"random_state": 42}, {"seed": 42}),
        ({"criterion": "mse"}, {"loss": "mean_squared_error"}),
        ({"criterion": "nn.CrossEntropyLoss"}, {"loss": "cross_entropy"}),
        ({"learning_rate": "invscaling"}, {"schedule": "inverse_time"}),
        ({"scheduler": "StepLR"}, {"schedule": "step"}),
        ({"objective": "reg:squarederror"}, {"loss": "squared_error"}),
        ({"size": 5}, {"architecture": [5]}),
        ({"stratify": False}, {"split": {"stratify": False}}),
    ],
)
def test_the_value_goes_along(document: dict[str, Any], instead: dict[str, Any]) -> None:
    assert advised(message(document)) == instead


@folded("word", WORDS)
def test_a_word_of_another_tool_leads_to_ours(word: str) -> None:
    """Where it is said, in each field that has a word for it."""
    answered = []
    for field in (
        "loss",
        "activation",
        "output",
        "init",
        "penalty",
        "optimizer",
        "schedule",
        "scaling",
        "monitor",
        "precision",
    ):
        for spelled in (word, word.upper()):
            try:
                Experiment.from_document({field: spelled})
            except InvalidSpec as error:
                (problem,) = error.problems
                if found := re.search(r"write (.+) instead\.$", problem.message):
                    Experiment.from_document({field: json.loads(found[1])})
                    answered.append(field)
    assert answered


@folded(
    ("document", "hint"),
    [
        ({"architecture": "64,32"}, "Must be a list. Write [64, 32] instead."),
        ({"architecture": "64"}, "Must be a list. Write [64] instead."),
        ({"architecture": 64}, "Must be a list. Write [64] instead."),
        ({"architecture": {"units": 64}}, 'Must be a list. Write [{"units": 64}] instead.'),
        ({"optimizer": {"name": "sgd", "lr": 0.1}}, 'Unknown field. Write "learning_rate" instead.'),
        ({"architecture": [{"neurons": 3}]}, 'Unknown field. Write "units" instead.'),
        ({"split": {"test_size": 0.1}}, 'Unknown field. Write "test" instead.'),
        ({"optimizer": "sdg"}, '"sdg" is unknown. Did you mean "sgd"?'),
        ({"optimizer": "SGD"}, '"SGD" is named differently here: write "sgd" instead.'),
    ],
)
def test_other_forms(document: dict[str, Any], hint: str) -> None:
    assert message(document) == hint


@folded(
    ("field", "word", "instead"),
    [
        ("loss", "MSELoss", "mean_squared_error"),
        ("loss", "torch.nn.BCEWithLogitsLoss", "binary_cross_entropy"),
        ("loss", "SmoothL1Loss", "huber"),
        ("loss", "NLLLoss", "cross_entropy"),
        ("init", "nn.init.orthogonal_", "orthogonal"),
        ("init", "GlorotUniform", "glorot_uniform"),
        ("init", "TruncatedNormal", {"name": "normal", "std": 0.05}),
        ("optimizer", "keras.optimizers.RMSprop", "rmsprop"),
        ("activation", "nn.LeakyReLU", "leaky_relu"),
        ("schedule", "CosineAnnealingLR", "cosine"),
        ("schedule", "MultiStepLR", "multistep"),
        ("schedule", "PiecewiseConstantDecay", "multistep"),
        ("schedule", "LinearLR", {"name": "polynomial"}),
    ],
)
def test_names_of_classes_are_words(field: str, word: str, instead: Any) -> None:
    assert f"write {json.dumps(instead)} instead." in message({field: word})


@folded("word", sorted(NEAREST))
def test_what_is_only_alike_is_not_called_the_same(word: str) -> None:
    fields = {"init": "truncated_normal", "loss": "rmse root_mean_squared_error", "activation": "mish prelu"}
    field = next((each for each, words in fields.items() if word in words.split()), "optimizer")
    assert "unknown here; the nearest is" in message({field: word})


def test_softmax_is_for_the_output_layer() -> None:
    for given in ({"activation": "softmax"}, {"architecture": [{"units": 10, "activation": "softmax"}]}):
        assert (
            message(given) == '"softmax" is for the output layer, which is added automatically: see "output".'
        )


@folded("name", NEEDLESS)
def test_what_nothing_stands_for_is_not_taken_for_something_else(name: str) -> None:
    assert message({name: 1}) == f"Unknown field. {NEEDLESS[name]}"


def test_weight_decay_of_sgd_is_a_penalty() -> None:
    assert '"penalty": "l2"' in message({"optimizer": {"name": "sgd", "weight_decay": 0.1}})
    Experiment.from_document({"penalty": "l2", "lambda_convention": "pytorch", "lambda": 0.1})


def test_all_names_are_listed_once_and_only_where_nobody_knows_better() -> None:
    with pytest.raises(InvalidSpec) as caught:
        Experiment.from_document({"lr": 1, "qqq": 1, "zzz": 1, "lamda": 1})
    listed = [problem.path[0] for problem in caught.value.problems if "Allowed: " in problem.message]
    assert listed == ["qqq"]


def test_parameters_are_nobodys_fields() -> None:
    assert not set(PARAMETERS) & set(PARAMETERS.values())


@folded(
    ("document", "forms"),
    [
        ({"optimizer": 5}, ('a name, or an object such as {"name": "sgd"}', "adamw")),
        ({"activation": ["relu"]}, ("a name, or an object such as", "relu")),
        ({"architecture": ["wide"]}, ('a number of units, or an object with "units"',)),
        ({"scaling": 5}, ('an object {"divide_by": number}', "standardize")),
        ({"class_weight": 5}, ('"balanced" or an object',)),
    ],
)
def test_a_value_of_several_forms_is_told_all_of_them(
    document: dict[str, Any], forms: tuple[str, ...]
) -> None:
    assert all(form in message(document) for form in forms)
