"""Whatever a document holds, it is either refused with its wrong places or resolved for good."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidSpec, SpecProblem
from engine.spec import Experiment, rules, to_document
from engine.spec.rules import json_name
from service.datasets.service import describe, list_datasets
from service.experiments.submission import Submission, read_submission

FIELDS = [json_name(field) for field in dataclasses.fields(Experiment)]
DATASETS = [dataset.name for dataset in list_datasets()]
WORDS = st.sampled_from(
    [
        "auto",
        "none",
        "relu",
        "l1",
        "l2",
        "sgd",
        "adam",
        "normal",
        "val_loss",
        "val_r2",
        "squared_error",
        "softmax",
        "given",
        "dataset",
        "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/best",
    ]
)
NUMBERS = st.integers() | st.integers(0, 50) | st.floats() | st.floats(0, 1)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "units", "std", "validation", "test", "divide_by", "x", "by", "checkpoint"]
            ),
            inner,
        )
    ),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(FIELDS) | st.sampled_from(["name", "metadata", "x"]), VALUES, max_size=5
)


def exists(path: tuple[str | int, ...], document: Any) -> bool:
    """Whether a path leads to a place in the document, or to one that is missing there."""
    for part in path[:-1]:
        try:
            document = document[part]
        except (LookupError, TypeError):
            return False
    return True


def outcome(document: dict[str, Any]) -> Submission | tuple[SpecProblem, ...]:
    try:
        return read_submission(document)
    except InvalidSpec as error:
        return error.problems


@given(DOCUMENTS, st.sampled_from(DATASETS))
def test_is_refused_in_words_or_resolved_for_good(fields: dict[str, Any], dataset: str) -> None:
    document = {"dataset": dataset, **fields}
    found = outcome(document)
    if isinstance(found, tuple):
        assert found
        assert all(problem.code and problem.message.endswith((".", "?")) for problem in found)
        assert all(exists(problem.path, document) for problem in found)
        return
    spec = to_document(found.resolved.experiment)
    json.dumps(spec, allow_nan=False)
    assert read_submission({"dataset": dataset, **spec}).resolved.experiment == found.resolved.experiment


@given(
    st.fixed_dictionaries(
        {
            "split": st.fixed_dictionaries(
                {"by": st.just("dataset")}, optional={"seed": NUMBERS, "train_rows": NUMBERS}
            )
        }
    )
    | st.fixed_dictionaries(
        {
            "init": st.fixed_dictionaries(
                {"name": st.just("given"), "checkpoint": st.from_regex(rules.Name.PATTERN)}
            )
        }
    ),
    DOCUMENTS,
)
def test_own_parts_and_given_weights_are_refused_in_words_or_resolved_for_good(
    chosen: dict[str, Any], fields: dict[str, Any]
) -> None:
    document = {"dataset": "mnist-mini", **fields, **chosen}
    found = outcome(document)
    if isinstance(found, tuple):
        assert all(problem.code and problem.message.endswith((".", "?")) for problem in found)
        return
    spec = to_document(found.resolved.experiment)
    assert spec.items() >= {name: value for name, value in chosen.items() if name == "init"}.items()
    assert read_submission({"dataset": "mnist-mini", **spec}).resolved.experiment == found.resolved.experiment


def test_reads_a_document_of_every_field() -> None:
    document = {"dataset": "iris", **to_document(Experiment(seed=5)), "name": "n", "metadata": {"a": "b"}}
    submission = read_submission(document)
    assert (submission.name, submission.metadata, submission.dataset.name) == ("n", {"a": "b"}, "iris")
    assert submission.resolved.experiment.seed == 5


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_dataset_can_be_named(dataset: str) -> None:
    assert read_submission({"dataset": dataset}).resolved.rows.train > 0


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"split": {"penalty": 1}}, "#/split/penalty"),
        ({"split": {"priority": 1}}, "#/split/priority"),
        ({"by": 1}, "#/by"),
        ({"split/by": 1}, "#/split~1by"),
        ({"architecture": [{"units": 3, "by": 1}]}, "#/architecture/0/by"),
    ],
)
def test_a_field_in_the_wrong_place_is_unknown(document: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        read_submission({"dataset": "iris", **document})
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        (pointer, "unknown_field")
    ]


def test_a_time_limit_shorter_than_an_epoch_is_warned_of() -> None:
    wide = {"dataset": "mnist-mini", "architecture": [2048, 2048], "batch_size": 1}
    (warning,) = read_submission({**wide, "time_limit_seconds": 0.25}).resolved.warnings
    assert (warning.code, warning.path) == ("time_limit_too_short", ("time_limit_seconds",))
    assert read_submission({**wide, "time_limit_seconds": 3600}).resolved.warnings == ()


def test_a_run_of_hours_is_warned_of() -> None:
    wide = {"dataset": "mnist-mini", "architecture": [2048, 2048], "batch_size": 1, "max_epochs": 1000}
    (warning,) = read_submission({**wide, "time_limit_seconds": 4000}).resolved.warnings
    assert (warning.code, warning.path) == ("long_run", ("max_epochs",))
    assert "1.11 hours" in warning.message


@pytest.mark.parametrize(
    ("classes", "warned"), [(("1", "2", "3"), True), (("0", "1", "2"), False), (("a", "b", "c"), False)]
)
def test_a_class_number_that_is_the_name_of_another_class_is_warned_of(
    classes: tuple[str, ...], warned: bool
) -> None:
    iris = dataclasses.replace(describe("iris"), classes=classes)
    found = read_submission({"dataset": "iris", "class_weight": {"1": 5}}, lambda _: iris).resolved.warnings
    codes = [(warning.code, warning.path) for warning in found]
    assert (("class_weight_by_number", ("class_weight", "1")) in codes) == warned


def test_many_unknown_fields_are_named_up_to_a_limit() -> None:
    unknown = {f"unknown{number}": 1 for number in range(1000)}
    document = {
        "dataset": "iris",
        "split": unknown,
        "architecture": [{"units": 3, **unknown}] * 32,
        **unknown,
    }
    with pytest.raises(InvalidSpec) as caught:
        read_submission(document)
    objects = [problem.path[:-1] for problem in caught.value.problems]
    assert objects.count(()) == 20
    assert objects.count(("split",)) == 20
    assert 50 <= sum(path[:1] == ("architecture",) for path in objects) < 70
