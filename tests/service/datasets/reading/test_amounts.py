"""Numbers with units, signs of money, separators of thousands and decimal commas: read and said, or refused by name."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from engine.errors import InvalidSpec
from service.datasets.reading.options import Options
from service.datasets.reading.results import Parsed
from tests.service.datasets.reading.reading import accepted, outcome, rejected

ROWS = 60
CODES = {
    *("read_as_numbers", "ambiguous_thousands", "mixed_column"),
    *("numbers_as_categories", "numbers_as_classes", "dates_as_numbers"),
}


def table(
    cell: Callable[[int], str], *, delimiter: str = ",", other: Callable[[int], str] | None = None
) -> str:
    """A file with the cells in ``price``, among integers, perhaps another column, and a target of two classes."""
    names = ["price", "age", *(["other"] if other else []), "y"]
    rows = [names]
    for row in range(ROWS):
        cells = [cell(row), str(18 + row % 7), *([other(row)] if other else []), "yn"[row % 2]]
        rows.append([f'"{each}"' if delimiter in each else each for each in cells])
    return "".join(delimiter.join(row) + "\n" for row in rows)


def about(found: Parsed, column: str = "price") -> list[str]:
    """What is said of how the column was read."""
    return [each.message for each in found.warnings if each.column == column and each.code in CODES]


@pytest.mark.parametrize(
    ("form", "delimiter", "read"),
    [
        ("{0}%", ",", (".", "none", "%")),
        ("{0} %", ",", (".", "none", "%")),
        ("${0}", ",", (".", "none", "$")),
        ("{0} kg", ",", (".", "none", "kg")),
        ("{0}kg", ",", (".", "none", "kg")),
        ("USD {0}", ",", (".", "none", "USD")),
        ("{0} km/h", ",", (".", "none", "km/h")),
        ("{0} doors", ",", (".", "none", "doors")),
        ("US$ {0}M", ",", (".", "none", "US$ M")),
        ("{0:,}", ",", (".", ",", "none")),
        ("${0:,}.50", ",", (".", ",", "$")),
        ("{0:,}.50", ";", (".", ",", "none")),
        ("\u00a0{0}.50 $", ",", (".", "none", "$")),
        ("€ {0}.50", ",", (".", "none", "€")),
        ("CHF {0}.\u2013", ",", (".", "none", "CHF")),
        ("\u2212{0}", ",", (".", "none", "none")),
        ("{0}-", ",", (".", "none", "none")),
        ("{0},5", ",", None),
        ("{0},5E+2", "\t", None),
        ("{0}.5", ";", None),
    ],
)
def test_what_is_written_in_one_way_is_read(
    form: str, delimiter: str, read: tuple[str, str, str] | None
) -> None:
    numbers = [101 + 1013 * row for row in range(ROWS)]
    content = table(lambda row: form.format(numbers[row]), delimiter=delimiter)
    found = accepted(content)
    expected = np.array(numbers) + (0.5 if ".5" in form or ",5" in form else 0)
    expected *= -1 if form in {"\u2212{0}", "{0}-"} else 1
    expected *= 100 if "E+2" in form else 1
    assert [column.kind for column in found.columns] == ["number", "number"]
    np.testing.assert_array_equal(found.arrays["x"][:, 0], expected)
    assert len(about(found)) == (read is not None)
    written = [] if read is None else [dict(zip(("decimal", "thousands", "unit"), read, strict=True))]
    assert found.options.document()["numeric"] == [{"column": "price", **each} for each in written]


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("1\u202f{:03}\u202f{:03},{:02}", 1e6),
        ("CHF 1'{:03}'{:03}.{:02}", 1e6),
        ("1\u2019{:03}\u2019{:03}.{:02}", 1e6),
        ("1.{:03}.{:03},{:02} €", 1e6),
        ("₹1,{:03},{:03}.{:02}", 1e6),
        ("($1,{:03},{:03}.{:02})", -1e6),
    ],
)
def test_thousands_of_every_country(form: str, value: float) -> None:
    def cell(row: int) -> str:
        return form.format(row * 7 % 1000, row * 13 % 1000, row) if row % 3 else "0"

    expected = [
        np.sign(value) * round(abs(value) + row * 7 % 1000 * 1e3 + row * 13 % 1000 + row / 100, 2)
        if row % 3
        else 0
        for row in range(ROWS)
    ]
    if value < 0:
        # One number without parentheses, or they may be anything.
        content = table(lambda row: "$5" if row == 1 else cell(row), delimiter=";")
        expected[1] = 5
    else:
        content = table(cell, delimiter=";")
    np.testing.assert_array_equal(accepted(content).arrays["x"][:, 0], expected)


def test_indian_groups() -> None:
    found = accepted(table(lambda row: f"{row + 1},{row + 10},{row + 100}"))
    assert found.arrays["x"][:2, 0].tolist() == [110100, 211101]


@pytest.mark.parametrize("delimiter", ["\t", "|", " "])
def test_a_comma_that_fits_both_signs_is_refused_unless_it_is_said(delimiter: str) -> None:
    content = table(lambda row: f"{841 - row},{569 - row}", delimiter=delimiter)
    assert rejected(content).reasons[0].column == "price"
    assert accepted(content, decimal=",").arrays["x"][0, 0] == 841.569
    assert accepted(content, decimal=".").arrays["x"][0, 0] == 841569


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_fits_both_signs_is_named(delimiter: str) -> None:
    """A point is read as Python does; each reading is said, with the option for the other."""
    content = table(lambda row: f"{841 - row}.{569 - row}", delimiter=delimiter)
    found = accepted(content)
    assert found.arrays["x"][0, 0] == 841.569
    assert len(about(found)) == 1
    option = json.loads(about(found)[0].partition('"numeric": ')[2].rstrip("."))
    assert accepted(content, numeric=option).arrays["x"][0, 0] == 841569


def test_a_column_beside_decimal_commas_has_thousands() -> None:
    found = accepted(
        table(lambda row: f"{841 - row}.{569 - row}", delimiter=";", other=lambda row: f"{row},5")
    )
    assert found.arrays["x"][0].tolist() == [841569, 18, 0.5]
    assert about(found)
    assert not about(found, "other")
    assert found.options.decimal == ","


def test_each_column_has_its_own_decimal_sign() -> None:
    found = accepted(table(lambda row: f"{row},25", delimiter=";", other=lambda row: f"{row}.5"))
    assert found.arrays["x"][1].tolist() == [1.25, 19, 1.5]
    assert len(about(found)) == 1


def test_nothing_says_which_sign_a_comma_with_a_unit_is() -> None:
    content = table(lambda row: f"{row + 1},{row + 100} kg", delimiter="\t")
    found = rejected(content)
    assert [(reason.row, reason.column) for reason in found.reasons] == [(None, "price")]
    option = json.loads(found.advice.partition('"numeric": ')[2].rstrip("."))
    assert accepted(content, numeric=option).arrays["x"][0, 0] == 1.1
    assert accepted(content, decimal=".").arrays["x"][0, 0] == 1100


@pytest.mark.parametrize("few", [3, 300])
@pytest.mark.parametrize(
    ("odd", "usual"),
    [
        ("2.5", "{},5"),
        ("0.4", "{}%"),
        ("2 lb", "{} kg"),
        ("€2", "${}"),
        ("7", "{} kg"),
        ("7k", "{}M"),
        ("1.234,5", "{}.25"),
    ],
)
def test_what_is_written_in_two_ways_is_refused_by_line_and_column(odd: str, usual: str, few: int) -> None:
    """However many values there are: few are no categories, either."""
    found = rejected(table(lambda row: odd if row in {7, 30} else usual.format(1 + row % few), delimiter=";"))
    assert [(reason.row, reason.column) for reason in found.reasons] == [(9, "price"), (32, "price")]


def test_half_of_one_unit_and_half_of_another_is_refused() -> None:
    assert rejected(table(lambda row: f"{row % 5 + 1} {('kg', 'lb')[row % 2]}")).reasons[0].column == "price"


def test_parentheses_around_all_numbers_are_no_minus_unless_it_is_said() -> None:
    content = table(lambda row: f"({row + 1})")
    assert "parentheses" in rejected(content).reasons[0].found
    assert accepted(content, numeric=["price"]).arrays["x"][:2, 0].tolist() == [-1, -2]
    half = accepted(table(lambda row: f"({row + 1})" if row % 2 else f"{row + 1}"))
    assert half.arrays["x"][:2, 0].tolist() == [1, -2]


@pytest.mark.parametrize(
    "texts",
    [
        "10-20 20-30 30-40",
        "1/2 1/4 3/4",
        "2WD 4WD",
        "1st 2nd 3rd",
        "0x1F 0xFF 0x2A",
        "12* 13 14*",
        "<18 18-25 >25",
        "5'10\" 6'1\"",
        "12[1] 13 14[2]",
        "120/80 130/85",
    ],
)
def test_what_looks_like_numbers_and_becomes_categories_is_named(texts: str) -> None:
    content = table(lambda row: texts.split()[row % len(texts.split())])
    content = content.replace("5'10\"", "5'10''").replace("6'1\"", "6'1''")
    found = accepted(content)
    assert found.columns[0].kind == "category"
    assert len(about(found)) == 1
    assert about(accepted(content, categorical=["price"])) == []


@pytest.mark.parametrize(
    "form",
    [
        "2024-{0:02}",
        "{0:02}/2024",
        "{0}. März 2024",
        "Mon, {0} Jan 2024",
        "Jan {0} 2024 10:00",
        "2024-W{0:02}",
        "{0}:30 pm",
    ],
)
def test_dates_of_other_forms_are_refused(form: str) -> None:
    found = rejected(table(lambda row: form.format(1 + row % 12), delimiter=";"))
    assert found.reasons[0].found.startswith("dates such as")


@pytest.mark.parametrize("form", ["{} days 03:04:05", "PT{}H30M", "{}h 30m", "{} h 5 min"])
def test_durations_are_refused(form: str) -> None:
    assert rejected(table(lambda row: form.format(row % 9))).reasons[0].found.startswith("durations such as")


def test_days_as_numbers_are_named() -> None:
    assert "look like dates" in about(accepted(table(lambda row: f"2024{1 + row % 12:02}15")))[0]
    assert about(accepted(table(lambda row: f"2024{1 + row % 13:02}15"))) == []


def test_a_target_of_amounts_is_predicted_as_numbers_where_there_are_many() -> None:
    many = accepted(table(lambda row: f"{row}%"), target="price", ignore=["y"])
    assert (many.task, many.arrays["y"][:3].tolist()) == ("regression", [0, 1, 2])
    few = accepted(table(lambda row: f"{row % 3}%"), target="price", ignore=["y"])
    assert few.classes == ("0%", "1%", "2%")
    for found in (many, few):
        assert len(about(found)) == 1
    said = accepted(table(lambda row: f"{row % 3}%"), target="price", ignore=["y"], task="regression")
    assert said.arrays["y"][:3].tolist() == [0, 1, 2]


def parsed(content: str) -> Parsed:
    """What a long file is read as; once is enough."""
    found = outcome(content)
    assert isinstance(found, Parsed), found
    return found


def long(*cells: tuple[int, str]) -> str:
    """Rows beyond a first chunk: numbers, and other cells in some of the rows."""
    changed = dict(cells)
    return "a;b;y\n" + "".join(
        f"{changed.get(row, f'{row % 900 + 1}.{row % 800 + 100}')};{row % 5};{row % 2}\n"
        for row in range(80_000)
    )


def test_a_later_chunk_decides_as_well() -> None:
    found = parsed(long((75_000, "1.234.567")))
    assert found.arrays["x"][[0, 75_000], 0].tolist() == [1100, 1234567]
    assert len(about(found, "a")) == 1
    sure = parsed(long((75_000, "0.5")))
    assert sure.arrays["x"][0, 0] == 1.1
    assert about(sure, "a") == []
    refused = rejected(long((75_000, "1.234.567"), (75_001, "0.5")))
    assert [reason.column for reason in refused.reasons] == ["a"]


def test_more_amounts_than_are_kept_are_read_again() -> None:
    rows = 120_000
    content = "a,y\n" + "".join(f"${row}.25,{row % 2}\n" for row in range(rows))
    np.testing.assert_array_equal(parsed(content).arrays["x"][:, 0], np.arange(rows) + 0.25)
    late = content.replace("$110000.25", "€110000.25")
    assert [(reason.row, reason.column) for reason in rejected(late).reasons] == [(110_002, "a")]


def test_numbers_of_json_have_points_and_its_texts_may_have_thousands() -> None:
    numbers = [{"a": 1.234 + row, "t": f"{row + 1}.{row + 100}", "y": row % 2} for row in range(30)]
    found = accepted(json.dumps(numbers))
    assert about(found, "a") == []
    assert len(about(found, "t")) == 1
    amounts = accepted(json.dumps([{"a": f"{row}%", "y": row % 2} for row in range(30)]))
    assert amounts.arrays["x"][:2, 0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ([{"column": "price", "decimal": ",", "thousands": ","}], "thousands"),
        ([{"decimal": ","}], "column"),
        ([{"column": "price", "unit": "5"}], "unit"),
        ([{"column": "price", "units": "kg"}], "units"),
        ([{"column": "price", "thousands": "_"}], "thousands"),
    ],
)
def test_wrong_forms_are_refused_where_they_stand(given: list[dict[str, str]], pointer: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        Options.from_document({"numeric": given})
    assert [problem.path for problem in caught.value.problems] == [("numeric", 0, pointer)]


def test_what_is_said_of_a_column_is_what_it_is_read_as() -> None:
    content = table(lambda row: f"{row + 1}.{row + 100}{' kg' if row % 2 else ''}")
    said = [{"column": "price", "decimal": "comma", "thousands": "point", "unit": "kg"}]
    with pytest.raises(InvalidSpec):
        accepted(content, numeric=said)
    said[0]["decimal"] = ","
    found = accepted(content, numeric=said)
    assert found.arrays["x"][:2, 0].tolist() == [1100, 2101]
    assert about(found) == []


@pytest.mark.parametrize(
    ("cells", "said", "options"),
    [
        (["-", "NA"], '"missing": ["NA", "-"]', {"missing": ["NA", "-"]}),
        (["5 kg", "7 kg"], '"unit": "kg"}]', {"numeric": [{"column": "price", "unit": "kg"}]}),
        (
            ["-", "5 kg"],
            '"missing": ["NA", "-"]',
            {"missing": ["-"], "numeric": [{"column": "price", "unit": "kg"}]},
        ),
    ],
)
def test_advice_about_strays_works_when_it_is_followed(
    cells: list[str], said: str, options: dict[str, object]
) -> None:
    content = table(lambda row: cells[row // 2 % 2] if row % 8 == 0 or row == 4 else f"{row}.5")
    assert said in rejected(content).advice
    assert [column.kind for column in accepted(content, **options).columns] == ["number", "number"]


def test_a_second_line_of_units_is_asked_to_go() -> None:
    lines = [f"{row / 8},{row / 3},{row % 2}" for row in range(40)]
    assert (
        "If line 2 holds units" in rejected("\n".join(["a,b,y", "[m],[kg],", *lines, ""]), target="y").advice
    )


def test_the_example_is_a_number_that_was_read_in_another_way() -> None:
    (message,) = about(accepted(table(lambda row: f"\u2212{row}" if row % 3 else str(row + 1))))
    assert '"\u22121" as -1' in message


@pytest.mark.parametrize(
    ("form", "unit"), [("{0}\uff05", "%"), ("\uffe5{0}", "¥"), ("{0}円", "円"), ("{0}zł", "zł")]
)
def test_signs_of_money_of_more_countries(form: str, unit: str) -> None:
    found = accepted(table(lambda row: form.format(row + 1)))
    assert found.arrays["x"][:, 0].tolist() == list(range(1, ROWS + 1))
    assert [each.unit for each in found.options.numeric] == [unit]


def test_nothing_is_the_same_in_every_multiple_of_a_unit() -> None:
    found = accepted(table(lambda row: f"€{row}.5M" if row % 4 else "€0"))
    assert found.arrays["x"][:2, 0].tolist() == [0, 1.5]


@pytest.mark.parametrize(("form", "warns"), [("S/ {}.50", True), ("ca. {}.5", True), ("No. {}", False)])
def test_numbers_after_a_word_are_told(form: str, warns: bool) -> None:
    assert bool(about(accepted(table(lambda row: form.format(row % 20))))) is warns
