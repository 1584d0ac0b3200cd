"""What was found in a file is a warning that names the option that cures it; clean files have none."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import resources

import numpy as np
import pytest

from service.datasets.reading.results import Parsed
from tests.service.datasets.reading.reading import accepted, codes, messages, rejected

ROWS = 200
RANDOM = np.random.default_rng(0)
KIND = RANDOM.integers(0, 2, ROWS)
NUMBER = RANDOM.normal(size=ROWS)
CLASSES = np.array(["case", "control"])[KIND]


def read(target: object, **columns: object) -> Parsed:
    """A file of two columns of noise, of these columns and of the target ``y``."""
    noise = np.random.default_rng(1).normal(size=(2, ROWS)).round(3)
    table = {"a": noise[0], "b": noise[1], **columns, "y": target}
    rows = zip(*(np.asarray(values).tolist() for values in table.values()), strict=True)
    return accepted("\n".join(",".join(map(str, row)) for row in [tuple(table), *rows]) + "\n")


@pytest.mark.parametrize(
    ("target", "column"),
    [
        pytest.param(CLASSES, np.where(KIND, "yes", "no"), id="other words"),
        pytest.param(CLASSES, KIND + RANDOM.normal(scale=0.1, size=ROWS), id="a noisy number of the class"),
        pytest.param(CLASSES, np.where(np.arange(ROWS) == 7, 1 - KIND, KIND), id="but for one row"),
        pytest.param(np.repeat(["p", "q", "p"], [50, 100, 50]), np.arange(1000, 1200), id="ranges of an id"),
        pytest.param(np.where(NUMBER > 0, "u", "v"), NUMBER, id="a number cut in two"),
        pytest.param(NUMBER, -3.5 * NUMBER + 7, id="negated and in another unit"),
        pytest.param(NUMBER, NUMBER + RANDOM.normal(scale=0.03, size=ROWS), id="with noise"),
        pytest.param(NUMBER, np.exp(NUMBER), id="a monotone function of it"),
    ],
)
def test_a_column_that_tells_the_target_is_named(target: object, column: object) -> None:
    found = read(target, column=column)
    assert codes(found) == ["suspected_leak"]
    assert found.warnings[0].pointer == "#/columns/2"
    assert messages(found)[0].endswith("with ignore=column.")


@pytest.mark.parametrize(
    ("code", "name", "column", "cure"),
    [
        ("row_numbers", "when", 1.7e9 + np.cumsum(RANDOM.integers(0, 90, ROWS)), "ignore=when"),
        ("row_numbers", "n", np.arange(ROWS)[::-1] * 10, "ignore=n"),
        ("row_numbers", "Unnamed: 0", np.arange(ROWS), 'ignore="Unnamed: 0"'),
        ("identifier", "Unnamed: 0", RANDOM.permutation(900)[:ROWS], 'ignore="Unnamed: 0"'),
        ("identifier", "shuffled", RANDOM.permutation(ROWS), "ignore=shuffled"),
        ("identifier", "customerID", RANDOM.permutation(9_000)[:ROWS], "ignore=customerID"),
        ("identifier", "patient", np.arange(ROWS) % 40, "group=patient"),
        ("identifier", "site_id", [f"s{row % 30}" for row in range(ROWS)], "group=site_id"),
        ("constant_column", "same", ["only"] * ROWS, "ignore=same"),
        (
            "identical_columns",
            "b_copy",
            np.random.default_rng(1).normal(size=(2, ROWS)).round(3)[1],
            "b_copy",
        ),
    ],
)
def test_a_column_that_says_nothing_is_named(code: str, name: str, column: object, cure: str) -> None:
    found = read(CLASSES, **{name: column})
    assert codes(found) == [code]
    assert found.warnings[0].pointer == "#/columns/2"
    assert cure in messages(found)[0]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("body_mass_index", RANDOM.integers(15, 40, ROWS)),
        ("income", RANDOM.permutation(90_000)[:ROWS]),
        ("num_children", RANDOM.integers(0, 6, ROWS)),
        ("close", NUMBER + RANDOM.normal(scale=0.3, size=ROWS)),
        ("period", np.sort(RANDOM.integers(0, 40, ROWS))),
        ("grade", np.where(RANDOM.random(ROWS) < 0.9, KIND, 1 - KIND)),
        ("store_id", RANDOM.integers(1, 4, ROWS)),
    ],
)
@pytest.mark.parametrize("target", [CLASSES, NUMBER])
def test_columns_that_describe_are_not_suspected(name: str, column: object, target: object) -> None:
    assert codes(read(target, **{name: column})) == []


def test_what_options_declare_is_not_questioned() -> None:
    rows = "\n".join(f"{row % 40},{row * 7 % 11},{CLASSES[row]}" for row in range(ROWS))
    assert codes(accepted(f"patient_id,a,y\n{rows}")) == ["identifier"]
    for option in ("numeric", "categorical", "group", "ignore"):
        given = "patient_id" if option == "group" else ["patient_id"]
        assert "identifier" not in codes(accepted(f"patient_id,a,y\n{rows}", **{option: given}))


@pytest.mark.parametrize(
    ("name", "numbers", "ordered"),
    [
        ("visits", RANDOM.integers(0, 16, ROWS), True),
        ("age_group", RANDOM.integers(20, 30, ROWS), True),
        ("price", RANDOM.integers(1, 8, ROWS) * 5, True),
        ("rating", RANDOM.integers(1, 9, ROWS), True),
        ("digit", RANDOM.integers(0, 10, ROWS), False),
        ("kind", RANDOM.integers(1, 8, ROWS), False),
    ],
)
def test_classes_that_may_be_amounts_are_told_with_the_way_to_regression(
    name: str, numbers: np.ndarray[tuple[int], np.dtype[np.int64]], ordered: bool
) -> None:
    rows = "\n".join(f"{first:.3f},{number}" for first, number in zip(NUMBER, numbers, strict=True))
    found = accepted(f"a,{name}\n{rows}", target=name)
    assert codes(found) == ["ordered_classes"] * ordered
    assert all("task=regression" in message for message in messages(found))
    assert codes(accepted(f"a,{name}\n{rows}", target=name, task="classification")) == []


def test_a_large_class_and_a_class_of_one_row_are_told() -> None:
    target = np.repeat(["often", "rare"], [ROWS - 4, 4])
    found = read(RANDOM.permutation(target))
    assert codes(found) == ["imbalanced_classes"]
    assert "accuracy of 0.98." in messages(found)[0]
    assert '"class_weight": "balanced"' in messages(found)[0]
    found = read(np.repeat(["p", "q", "single"], [100, 99, 1]))
    assert codes(found) == ["imbalanced_classes", "rare_classes"]
    assert '1 class has a single row ("single")' in messages(found)[1]
    assert codes(read(np.repeat(["p", "q"], [185, 15]))) == []


def test_categories_that_differ_in_capitals_or_spaces_are_told() -> None:
    towns = np.array(["New York", "new york", "Newyork", "Rome"])[RANDOM.integers(0, 4, ROWS)]
    found = read(CLASSES, town=towns)
    assert [(each.code, each.pointer) for each in found.warnings] == [("similar_labels", "#/columns/2")]
    assert '"New York" and "Newyork" and "new york"' in messages(found)[0]
    bins = np.array(["1-2", "v12", "1_2", "v 12"])[RANDOM.integers(0, 4, ROWS)]
    assert codes(read(CLASSES, bin=bins)) == []


def test_copies_are_told_with_the_share_that_a_split_would_put_into_training() -> None:
    rows = [f"{row % 3},{NUMBER[row]:.9f},{CLASSES[row]}" for row in range(ROWS)]
    found = accepted("\n".join(["a,b,y", *rows, *rows[:100]]))
    assert codes(found) == ["copied_rows"]
    assert "100 of 300 rows have exactly the same features as an earlier row." in messages(found)[0]
    assert "about 40.0% of the validation and test rows" in messages(found)[0]
    assert "split.keep_duplicates_together" in messages(found)[0]
    lines = [*(f"train,{row}" for row in rows), *(f"test,{row}" for row in rows[:9])]
    found = accepted("\n".join(["part,a,b,y", *lines]), split="part")
    assert codes(found) == ["copies_across_parts"]
    assert "9 of the 9 test rows (100.0%)" in messages(found)[0]


def test_rows_that_agree_by_chance_are_no_copies() -> None:
    rows = "\n".join(f"{row % 5},{row * 7 % 4},{CLASSES[row]}" for row in range(ROWS))
    assert codes(accepted(f"a,b,y\n{rows}")) == []


@pytest.mark.parametrize(
    "name", ["iris", "wine", "breast_cancer", "diabetes", "moons", "spirals", "friedman1"]
)
def test_nothing_is_told_of_the_data_sets_that_come_with_the_service(name: str) -> None:
    content = (resources.files("service.datasets") / "builtin" / f"{name}.npz").read_bytes()
    assert codes(accepted(content)) == []
    arrays = np.load(io.BytesIO(content))
    write: Callable[[object], str] = repr if name in {"diabetes", "friedman1"} else str
    rows = (",".join(map(repr, row)) for row in arrays["x"].astype(float).tolist())
    lines = [f"{row},{write(target)}" for row, target in zip(rows, arrays["y"].tolist(), strict=True)]
    header = ",".join(f"f{place}" for place in range(arrays["x"].shape[1]))
    assert codes(accepted("\n".join([f"{header},y", *lines]))) == []


@pytest.mark.parametrize("target", ["kind", "size"])
def test_rows_without_a_target_are_left_out_and_counted(target: str) -> None:
    rows = [f"{NUMBER[row]:.3f},{row % 7},{CLASSES[row]},{NUMBER[-row]:.3f}" for row in range(60)]
    empty = ["1,g,,", "2,h,NA,NaN"]
    whole, torn = (
        accepted(
            "\n".join(["a,b,kind,size", *lines]), target=target, missing_target="drop", categorical=["b"]
        )
        for lines in (rows, [*rows[:7], empty[0], *rows[7:], empty[1]])
    )
    assert {name: array.tolist() for name, array in torn.arrays.items() if name == "y"} == {
        "y": whole.arrays["y"].tolist()
    }
    assert torn.columns == whole.columns
    assert [(each.code, each.pointer) for each in torn.warnings] == [
        ("dropped_rows", "#/options/missing_target"),
        *[(each.code, each.pointer) for each in whole.warnings],
    ]
    assert messages(torn)[0] == "2 of 62 rows have no target and were dropped."
    lines = ["a,b,kind,size", *rows, *empty]
    assert "missing_target=drop" in rejected("\n".join(lines), target=target).advice
    late = rejected("\n".join(["a,y", "1,", *["2,3.5"] * 3, "3,inf"]), target="y", missing_target="drop")
    assert late.reasons[0].row == 6


def test_arrays_without_a_target_are_left_out_with_all_that_is_beside_them() -> None:
    y = NUMBER[:40].copy()
    y[3] = np.nan
    file = io.BytesIO()
    x = NUMBER[:80].reshape(40, 2)
    np.savez(file, x=x, y=y, groups=np.arange(40) // 2, x_test=x, y_test=y)
    found = accepted(file.getvalue(), missing_target="drop")
    assert found.arrays["y"].tolist() == found.arrays["y_test"].tolist() == np.delete(y, 3).tolist()
    assert found.arrays["groups"].tolist() == np.delete(np.arange(40) // 2, 3).tolist()
    assert messages(found)[0] == "2 of 80 rows have no target and were dropped."


def test_copies_that_chance_explains_are_no_warning() -> None:
    lines = [f"{row * 37 % 101 / 10},de,{int(row == 5)},{'yn'[row % 3 % 2]}" for row in range(110)]
    content = "\n".join(["a,c,d,y", *lines, ""])
    found = accepted(content)
    assert found.findings["duplicates"]["within_train"] == 8
    assert "copied_rows" not in codes(found)


def test_a_column_that_tells_the_target_by_its_missing_values_is_a_leak() -> None:
    lines = [f"{row * 37 % 101},{row % 9 if row % 2 else ''},{'yn'[row % 2]}" for row in range(60)]
    leaky = accepted("\n".join(["a,boat,y", *lines, ""]))
    assert leaky.findings["suspected_leaks"] == ["boat"]
    lines = [f"{row * 37 % 101},{row % 9 if row % 3 else ''},{'yn'[row % 2]}" for row in range(60)]
    assert accepted("\n".join(["a,boat,y", *lines, ""])).findings["suspected_leaks"] == []


@pytest.mark.parametrize(("last", "warns"), [("Total", True), ("Gesamt:", True), ("Bern", False)])
def test_a_last_row_of_totals_is_told(last: str, warns: bool) -> None:
    lines = [f"{['Basel', 'Zug'][row % 2]},{row * 37 % 101},{row * 31 % 97}" for row in range(40)]
    found = accepted("\n".join(["city,a,y", *lines, f"{last},2020,1900", ""]))
    assert ("total_row" in codes(found)) is warns


@pytest.mark.parametrize(
    ("code", "others", "warns"),
    [("-999", 90, True), ("-9999.0", 1, True), ("9999", 90, True), ("999", 500, False), ("-999", -5, False)],
)
def test_codes_for_missing_values_are_told(code: str, others: int, warns: bool) -> None:
    lines = [
        f"{code if row % 9 == 1 else row % 7 * others},{row * 37 % 101},{'yn'[row % 3 % 2]}"
        for row in range(60)
    ]
    content = "\n".join(["a,b,y", *lines, ""])
    found = accepted(content)
    assert ("missing_code" in codes(found)) is warns
    if warns:
        number = str(int(float(code)))
        assert any(f'"missing": ["NA", "{number}"]' in message for message in messages(found))
        assert "missing_code" not in codes(accepted(content, missing=["NA", number]))
