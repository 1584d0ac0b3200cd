"""What is found out about a good table, and told."""

import json

import numpy as np
import pytest

from tests.service.datasets.reading.reading import accepted


def table(rows: int = 60) -> str:
    """Numbers that say nothing, and a target that nothing tells."""
    random = np.random.default_rng(1)
    noise = random.normal(size=(rows, 2)).round(3).tolist()
    kinds = random.integers(0, 2, rows).tolist()
    return "a,b,y\n" + "".join(f"{a},{b},{kind}\n" for (a, b), kind in zip(noise, kinds, strict=True))


def with_column(content: str, values: list[object]) -> str:
    lines = content.splitlines()
    return "\n".join(
        [f"new,{lines[0]}", *(f"{value},{line}" for value, line in zip(values, lines[1:], strict=True))]
    )


def targets(content: str) -> list[int]:
    return [int(line[-1]) for line in content.splitlines()[1:]]


def test_a_summary_of_each_column() -> None:
    found = accepted("n,c,b,y\n1,u,yes,0.5\n,v,no,1.5\n3,u,,2.5\n11,,yes,0.5\n", target="y")
    numbers, category, truth, target = found.summary
    assert {**numbers, "histogram": None, "name": "n"} == {
        "name": "n",
        "role": "feature",
        "kind": "number",
        "missing": 1,
        "distinct": 3,
        "min": 1,
        "mean": 5,
        "max": 11,
        "histogram": None,
    }
    assert numbers["histogram"] == {
        "edges": [float(edge) for edge in range(1, 12)],
        "counts": [1, 0, 1, *[0] * 6, 1],
    }
    assert category["counts"] == {"(missing)": 1, "u": 2, "v": 1}
    assert (truth["kind"], truth["counts"], truth["missing"]) == ("boolean", {"no": 1, "yes": 2}, 1)
    assert (target["role"], target["distinct"], target["mean"]) == ("target", 3, 1.25)
    assert found.preview[1] == {"n": None, "c": "v", "b": "no", "y": 1.5}


@pytest.mark.parametrize("numbers", [["1e308", "-1e308"], ["5e-324", "0"], ["1e308", "1e308"]])
def test_extreme_numbers_have_a_summary_that_is_json(numbers: list[str]) -> None:
    found = accepted(f"a,b,y\n{numbers[0]},1,0\n{numbers[1]},2,1\n{numbers[0]},1,0\n")
    json.dumps([found.summary, found.findings, found.preview], allow_nan=False)
    assert found.summary[0]["max"] == float(numbers[0])


def test_bytes_are_summarized_as_other_numbers_are() -> None:
    rows = [f"{row % 7 * 40},{row % 2}" for row in range(50)]
    small = accepted("a,y\n" + "\n".join(rows))
    large = accepted("a,y\n" + "\n".join([*rows, "-0.5,1"]))
    assert small.arrays["x"].dtype == np.uint8
    exact = {"distinct": 7, "min": 0, "max": 240, "missing": 0}
    assert {name: small.summary[0][name] for name in exact} == exact
    assert small.summary[0]["mean"] == pytest.approx(np.mean([row % 7 * 40 for row in range(50)]), abs=1e-12)
    assert sum(large.summary[0]["histogram"]["counts"]) == 51


def test_balance_in_every_part() -> None:
    found = accepted("a,s,y\n1,train,u\n2,train,v\n3,val,v\n4,test,u\n5,Training,v\n", split="s", target="y")
    assert found.findings["class_balance"] == {
        "train": {"u": 1, "v": 2},
        "validation": {"u": 0, "v": 1},
        "test": {"u": 1, "v": 0},
    }
    assert {name: len(array) for name, array in found.arrays.items()} == {
        **dict.fromkeys(("x", "y"), 3),
        **dict.fromkeys(("x_validation", "y_validation", "x_test", "y_test"), 1),
    }
    assert found.arrays["x"].tolist() == [[1], [2], [5]]


def test_duplicates_within_and_across_parts() -> None:
    found = accepted(
        "a,b,s,y\n0,2,train,0\n-0.0,2,train,1\n3,4,train,0\n,4,train,1\n3,4,test,1\n9,9,test,0\n,4,validation,1\n",
        split="s",
    )
    assert found.findings["duplicates"] == {
        "expected_share": 0.3,
        "chance_share": 0.0,
        "within_train": 1,
        "within_validation": 0,
        "within_test": 0,
        "validation_in_train": 1,
        "test_in_train": 1,
        "test_in_validation": 0,
    }


def test_constant_columns_and_row_numbers() -> None:
    content = table()
    found = accepted(
        with_column(with_column(content, ["7"] * 60), list(range(5, 65))).replace("new,new", "id,same")
    )
    assert found.findings["constant_columns"] == ["same"]
    assert found.findings["row_numbers"] == ["id"]


@pytest.mark.parametrize(
    ("what", "leak"),
    [
        ("the class itself", True),
        ("a category for each class", True),
        ("numbers on either side of a threshold", True),
        ("the class, one row in ten wrong", False),
        ("noise", False),
        ("a number of its own for each row", False),
    ],
)
def test_leaks(what: str, leak: bool) -> None:
    content = table()
    kinds = targets(content)
    noise = np.random.default_rng(2).permutation(60).tolist()
    values: dict[str, list[object]] = {
        "the class itself": [1 - kind for kind in kinds],
        "a category for each class": ["uv"[kind] for kind in kinds],
        "numbers on either side of a threshold": [
            place + 100 * kind for place, kind in zip(noise, kinds, strict=True)
        ],
        "the class, one row in ten wrong": [kind ^ (place % 10 == 0) for place, kind in enumerate(kinds)],
        "noise": [place % 5 for place in noise],
        "a number of its own for each row": noise,
    }
    assert accepted(with_column(content, values[what])).findings["suspected_leaks"] == ["new"] * leak


def test_a_target_in_other_units_is_a_leak_and_a_correlation_is_none() -> None:
    random = np.random.default_rng(3)
    y = random.normal(size=50)
    near = y + 0.1 * random.normal(size=50)
    rows = [f"{1.8 * value + 32:.9f},{other:.9f},{value:.9f}" for value, other in zip(y, near, strict=True)]
    assert accepted("fahrenheit,near,y\n" + "\n".join(rows)).findings["suspected_leaks"] == ["fahrenheit"]


def test_several_labels_and_several_numbers() -> None:
    labels = accepted("a,p,q\n1,0,yes\n2,1,no\n3,1,yes\n", target=["p", "q"])
    assert (labels.task, labels.classes, labels.target_names) == ("multilabel", None, ("p", "q"))
    assert labels.arrays["y"].tolist() == [[0, 1], [1, 0], [1, 1]]
    assert labels.findings["class_balance"] == {"train": {"p": 2, "q": 2}}
    numbers = accepted("a,p,q\n1,0,1.5\n2,1,2.5\n3,1,3.5\n", target=[1, 2])
    assert (numbers.task, numbers.findings["class_balance"]) == ("regression", None)
    assert numbers.arrays["y"].tolist() == [[0, 1.5], [1, 2.5], [1, 3.5]]


def test_weights_and_groups_of_the_rows_to_train_on() -> None:
    content = "a,w,g,s,y\n1,0.5,u,train,0\n2,2,v,test,1\n3,1,u,train,1\n4,3,w,,0\n".replace(",,0", ",train,0")
    found = accepted(content, weight="w", group="g", split="s")
    assert found.feature_names == ("a",)
    assert found.arrays["weights"].tolist() == [0.5, 1, 3]
    groups = found.arrays["groups"].tolist()
    assert groups[0] == groups[1] != groups[2]


def test_groups_of_the_rows_to_train_on_are_numbered_without_a_gap() -> None:
    found = accepted("a,g,s,y\n1,7,test,0\n2,9,train,1\n3,8,train,0\n4,9,train,1\n", group="g", split="s")
    assert found.arrays["groups"].tolist() == [0, 1, 0]
    assert found.groups == 2


def test_of_very_many_groups_some_share_a_number_and_each_has_one() -> None:
    rows = "".join(f"{row},{row // 2 * 1000},{row % 2}\n" for row in range(20_000))
    found = accepted("a,g,y\n" + rows, group="g")
    numbers = found.arrays["groups"]
    assert found.groups == 10_000
    assert sorted(set(numbers.tolist())) == list(range(4_096))
    assert (numbers[::2] == numbers[1::2]).all()
    assert np.bincount(numbers).max() <= 6


def test_a_group_may_have_many_names() -> None:
    rows = "".join(f"{row % 9},patient {row // 2},{row % 2}\n" for row in range(400))
    assert len(set(accepted("a,g,y\n" + rows, group="g").arrays["groups"].tolist())) == 200


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["0", "1"], "binary"),
        (["1.0", "2.0"], "binary"),
        (["true", "false"], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([str(place) for place in range(20)], "multiclass"),
        ([str(place) for place in range(21)], "regression"),
        (["0.5", "1.5"], "regression"),
    ],
)
def test_the_task_is_found(values: list[str], task: str) -> None:
    rows = "".join(f"{row % 11 + 0.5},{values[row % len(values)]}\n" for row in range(84))
    assert accepted("a,y\n" + rows).task == task


def test_a_column_that_is_called_like_a_target_is_one() -> None:
    assert accepted("Label,a\n0,1\n1,2\n0,3\n").target_names == ("Label",)
    assert accepted("Label,a\n0,1\n1,2\n0,3\n", target="a", task="regression").target_names == ("a",)


def test_classes_are_numbered_in_alphabetical_order_wherever_they_come_up() -> None:
    found = accepted("a,y\n1,c\n2,a\n3,b\n4,c\n")
    assert found.classes == ("a", "b", "c")
    assert found.arrays["y"].tolist() == [2, 0, 1, 2]


@pytest.mark.parametrize("target", ["p", 1, -2, "1", "-2"])
def test_a_target_by_name_or_number(target: str | int) -> None:
    found = accepted("a,p,b\n1,0,5\n2,1,6\n3,1,7\n", target=target)
    assert (found.target_names, found.feature_names) == (("p",), ("a", "b"))
    assert found.arrays["x"].tolist() == [[1, 5], [2, 6], [3, 7]]
