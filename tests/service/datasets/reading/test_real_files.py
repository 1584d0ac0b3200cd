"""Files that R and scikit-learn have written, read without a word about them."""

from pathlib import Path

import numpy as np
import pytest

from service.datasets.reading.results import Parsed
from tests.service.datasets.reading.reading import accepted, messages

FILES = Path(__file__).parent / "files"


def read(name: str, **options: object) -> Parsed:
    return accepted((FILES / name).read_bytes(), **options)


@pytest.mark.parametrize(
    "name", ["airquality.csv", "airquality-semicolons.csv", "airquality.txt", "airquality.tsv"]
)
def test_every_way_of_r_to_write_a_table_is_the_same_table(name: str) -> None:
    found = read(name, target="Temp")
    assert found.target_names == ("Temp",)
    assert [column.name for column in found.columns] == ["Ozone", "Solar.R", "Wind", "Month", "Day"]
    assert found.arrays["x"].shape == (153, 5)
    assert int(np.isnan(found.arrays["x"][:, 0]).sum()) == 37
    assert int(np.isnan(found.arrays["x"][:, 1]).sum()) == 7
    np.testing.assert_array_equal(found.arrays["x"][0], [41, 190, 7.4, 5, 1])
    assert found.arrays["y"].mean() == pytest.approx(77.882, abs=1e-3)
    assert any("it is ignored" in message for message in messages(found)), "the numbers of the rows"


def test_names_of_rows_are_no_column() -> None:
    found = read("mtcars.csv", target="mpg")
    assert (found.task, found.arrays["x"].shape) == ("regression", (32, 10))
    assert found.options.ignore == ("column_0",)


def test_groups_of_a_real_table() -> None:
    found = read("CO2.csv", target="uptake", group="Plant")
    assert found.groups == 12
    assert np.bincount(found.arrays["groups"]).tolist() == [7] * 12
    assert [column.kind for column in found.columns] == ["category", "category", "number"]


def test_years_name_columns() -> None:
    found = read("USPersonalExpenditure.csv")
    assert found.target_names == ("1960",)
    assert [column.name for column in found.columns] == ["1940", "1945", "1950", "1955"]
    assert found.arrays["x"].shape == (5, 4)


def test_the_first_line_of_scikit_learn_names_classes() -> None:
    found = read("iris.csv")
    assert (found.task, found.classes) == ("multiclass", ("setosa", "versicolor", "virginica"))
    assert found.arrays["x"].shape == (150, 4)


def test_columns_between_spaces() -> None:
    found = read("linnerud_exercise.csv", target="Jumps")
    assert [column.name for column in found.columns] == ["Chins", "Situps"]
    assert found.arrays["x"].shape == (20, 2)


def test_a_table_that_scikit_learn_has_packed() -> None:
    found = read("diabetes_data_raw.csv.gz")
    assert (found.task, found.arrays["x"].shape) == ("regression", (442, 9))
    assert found.options.delimiter == " "
