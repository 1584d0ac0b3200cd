"""Tables as spreadsheets, pandas and people write them: read, or refused with words that lead on."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from service.datasets.reading.results import Rejected
from tests.service.datasets.reading.reading import accepted, messages, rejected

FILES = Path(__file__).parent / "files"
NUMBERS = [(1.5 * row, row % 5, 100.25 * row) for row in range(1, 41)]


def table(*lines: str) -> str:
    return "\n".join([*lines, ""])


def german(*, tail: str = "") -> list[str]:
    """Return rows with semicolons and decimal commas."""
    return [f"{first};{second};{third}{tail}".replace(".", ",") for first, second, third in NUMBERS]


def why(found: Rejected) -> tuple[str, str]:
    return found.reasons[0].found, found.advice


def test_separators_at_the_end_of_each_line_are_no_target() -> None:
    found = accepted(table("area;rooms;price;;;", *german(tail=";;;")))
    assert found.target_names == ("price",)
    assert [message for message in messages(found) if "empty and ignored" in message] == [
        f'Column "column_{place}" is empty and ignored.' for place in (3, 4, 5)
    ]


def test_rows_of_separators_alone_are_no_rows() -> None:
    found = accepted(table("area;rooms;price", *german(), ";;", " ; ;", ";;"))
    assert len(found.arrays["x"]) == 40


def test_excels_own_line_about_the_separator_is_taken_at_its_word() -> None:
    found = accepted(table("sep=;", "area;rooms;price", *german()))
    assert (found.options.delimiter, found.target_names) == (";", ("price",))
    wrong = rejected(table("sep=;", "area;rooms;price", *german(), "1;x;2"))
    assert wrong.reasons[0].row == 43


@pytest.mark.parametrize("title", ["Flats 2024;;", "Flats 2024", "# made by hand", "Flats 2024;;\n;;"])
def test_a_title_is_asked_to_go(title: str) -> None:
    found, advice = why(rejected(table(title, "area;rooms;price", *german())))
    assert "above rows of 3 fields" in found
    assert advice.startswith("Remove the lines above the header")


def test_a_quote_after_a_space_is_one() -> None:
    rows = [f'{first}, {second}, "Köln, DE", {third}' for first, second, third in NUMBERS]
    found = accepted(table("area, rooms, city, price", *rows), target="price")
    assert found.options.delimiter == ","
    assert [column.name for column in found.columns] == ["area", "rooms", "city"]


def test_decimal_commas_between_commas_are_quoted() -> None:
    quoted = [[str(number).replace(".", ",") for number in row] for row in NUMBERS]
    found = accepted(table("a,b,c", *('"{}",{},"{}"'.format(*row) for row in quoted)))
    assert (found.options.delimiter, found.options.decimal) == (",", ",")
    np.testing.assert_array_equal(found.arrays["x"][:, 0], [first for first, _, _ in NUMBERS])


@pytest.mark.parametrize(
    "form", ["2024-05-{:02}", "{}.5.2024", "May {} 2024", "Nov-{}-2020", "{}-Nov-2020", "12:{:02}"]
)
def test_dates_are_no_classes(form: str) -> None:
    rows = [f"{third},{form.format(1 + row % 28)}" for row, (_, _, third) in enumerate(NUMBERS)]
    found, _ = why(rejected(table("a,day", *rows)))
    assert found.startswith("dates such as")


@pytest.mark.parametrize(
    "texts", ["08:00 09:00 10:30", "Model-1-20 Model-2-20 Class-3-10", "1.0.20 1.1.20 2.0.10"]
)
def test_what_looks_like_dates_and_comes_again_may_be_named_categories(texts: str) -> None:
    rows = [f"{texts.split()[row % 3]},{row % 7},{row % 2}" for row in range(60)]
    found = accepted(table("a,b,y", *rows), categorical=["a"])
    assert len(found.columns[0].levels) == 3
    assert len(accepted(table("a,b,y", *rows), target="a", ignore=["y"]).classes or ()) == 3


@pytest.mark.parametrize("text", ["1" * 190 + "x", "-" + " " * 190 + "x", " " * 60 + "1" + " " * 60 + "x"])
def test_long_texts_are_no_numbers_with_signs(text: str) -> None:
    rows = [f'"{row}{text}",{row},{row % 2}' for row in range(1000)]
    assert "ignore" in rejected(table("a,b,y", *rows), target="y").advice


def test_texts_that_hardly_come_again_are_no_classes_unless_it_is_said() -> None:
    twice = table("a,comment", *(f"{row % 7},words {row // 2} of a person" for row in range(60)))
    assert len(accepted(twice).classes or ()) == 30
    once = table("a,comment", *(f"{row % 7},words {row} of a person" for row in range(60)))
    found, advice = why(rejected(once))
    assert found == '60 distinct strings in 60 rows, such as "words 0 of a person"'
    assert 'the task to "classification"' in advice
    assert len(accepted(once, task="classification").classes or ()) == 60


def test_a_target_that_was_guessed_is_said_to_be() -> None:
    content = table("a,b,c", "1,2,3.5", "2,3,", "3,4,1.5")
    assert (
        'because it is the last column; if the target is another column, set "target".'
        in rejected(content).advice
    )
    assert "taken for the target" not in rejected(content, target="c").advice
    assert any(
        "because it is the last column" in message
        for message in messages(accepted(table("a,b", "1,2.5", "3,4.5")))
    )


def test_classes_that_differ_in_capitals_are_told() -> None:
    found = accepted(table("a,y", *(f"{row},{('Yes', 'yes', 'No')[row % 3]}" for row in range(30))))
    assert [message for message in messages(found) if "case" in message] == [
        ('Classes "Yes" and "yes" differ only in case or spaces and are kept apart; spell them the same.')
    ]


def test_a_packed_table_is_unpacked() -> None:
    packed = gzip.compress(table("area;rooms;price", *german()).encode())
    assert accepted(packed).target_names == ("price",)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (gzip.compress(b"a,b\n1,2\n" * 1000)[:-9], "a damaged gzip file"),
        (b"\x1f\x8b" + bytes(100), "a damaged gzip file"),
        (gzip.compress(bytes(60_000_000)), "that unpack to"),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n")), "a gzip file"),
    ],
    ids=["truncated", "junk", "bomb", "twice"],
)
def test_a_packed_file_that_is_no_table_is_refused(content: bytes, found: str) -> None:
    assert found in why(rejected(content))[0]


def test_the_same_file_is_the_same_arrays_in_every_process() -> None:
    program = (
        "import sys, hashlib; from pathlib import Path; from service.datasets.reading.parse import parse;"
        "from service.datasets.reading.options import Options;"
        "found = parse(Path(sys.argv[1]), Options(group='Plant', target='uptake'));"
        "print(hashlib.sha256(b''.join(found.arrays[name].tobytes() for name in sorted(found.arrays))).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program, FILES / "CO2.csv"],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(hashes) == 1
