"""The advice of a refused target leads somewhere: what it names is accepted, and what cannot help is not named."""

from typing import Any

import pytest

from tests.service.datasets.reading.reading import accepted, codes, messages, rejected

WORDS = [f"word {row}" for row in range(40)]
TAGS = [f"{row % 7}.5" for row in range(40)]


def table(targets: list[str], others: list[str] | None = None) -> str:
    """A feature, and one or two columns to choose as the target."""
    rows = zip(targets, others or targets, strict=True)
    return "a,y,z\n" + "".join(f"{row * row % 11},{y},{z}\n" for row, (y, z) in enumerate(rows))


@pytest.mark.parametrize(
    ("content", "options", "advice", "followed"),
    [
        pytest.param(
            table(WORDS, TAGS), {"target": "y"}, 'the task to "classification"',
            {"target": "y", "task": "classification"}, id="another text in every row",
        ),
        pytest.param(
            table(TAGS, TAGS[::-1]), {"target": ["y", "z"], "task": "classification"}, 'the task to "regression"',
            {"target": ["y", "z"], "task": "regression"}, id="two columns of numbers",
        ),
        pytest.param(
            table(["0", "1"] * 20, ["1", "0", "0", "1"] * 10), {"target": ["y", "z"], "task": "classification"},
            'the task to "multilabel"', {"target": ["y", "z"], "task": "multilabel"}, id="two columns of 0 and 1",
        ),
        pytest.param(
            table([str(row * 3) for row in range(1_500)], ["1", "2"] * 750), {"target": "y", "task": "classification"},
            'the task to "regression"', {"target": "y", "task": "regression"}, id="1,500 numbers as classes",
        ),
        pytest.param(
            table([*TAGS[:-1], "late"], ["1", "2"] * 20), {"target": "y"}, '"task": "classification"',
            {"target": "y", "task": "classification"}, id="a word among numbers",
        ),
    ],
)  # fmt: skip
def test_what_is_advised_is_accepted(
    content: str, options: dict[str, Any], advice: str, followed: dict[str, Any]
) -> None:
    assert advice in rejected(content, **options).advice
    assert accepted(content, **followed).target_names == tuple(
        [followed["target"]] if isinstance(followed["target"], str) else followed["target"]
    )


@pytest.mark.parametrize(
    ("content", "options", "useless"),
    [
        (table([f"word {row}" for row in range(1_500)]), {"target": "y"}, "classification"),
        (table(["7"] * 30, TAGS[:30]), {"target": "y", "task": "classification"}, "regression"),
        (
            table([f"word {row}" for row in range(1_500)]),
            {"target": "y", "task": "classification"},
            "regression",
        ),
    ],
)
def test_what_cannot_help_is_not_advised(content: str, options: dict[str, Any], useless: str) -> None:
    assert useless not in rejected(content, **options).advice


@pytest.mark.parametrize("form", ["2024-01-{:02}", "{}:30", "1h {}m"])
def test_classes_that_are_dates_are_told_unless_asked_for(form: str) -> None:
    content = "a,y\n" + "".join(f"{row * 37 % 101},{form.format(1 + row % 12)}\n" for row in range(60))
    assert "dates_as_classes" in codes(accepted(content))
    assert "dates_as_classes" not in codes(accepted(content, task="classification"))


def test_what_is_said_of_a_target_of_amounts_works_for_a_target() -> None:
    content = "a,y\n" + "".join(f"{row * 37 % 101},{row}%\n" for row in range(60))
    (message,) = messages(accepted(content))
    assert '"task": "classification"' in message
    assert "categorical" not in message


@pytest.mark.parametrize("cell", ["1/5", "2024-01-31", "10-20"])
def test_numbers_of_another_kind_are_not_called_missing(cell: str) -> None:
    found = rejected("a,y\n" + f"1,{cell}\n2,5\n" * 20, task="regression")
    assert (
        found.advice == 'Correct the values. If the target holds class names, set "task": "classification".'
    )
