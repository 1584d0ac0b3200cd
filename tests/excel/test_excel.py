"""Workbooks of Excel; `make test-excel` installs what reads them."""

import io
import zipfile

import numpy as np
import pytest

from tests.service.datasets.reading.reading import accepted, codes, rejected

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
Cell = str | float | bool | None


def cell(value: Cell, *, date: bool) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c s="{int(date)}"><v>{value!r}</v></c>'


def workbook(sheets: dict[str, list[list[Cell]]], dates: tuple[int, ...] = ()) -> bytes:
    """A workbook as small as Excel opens it; ``dates`` are columns of days."""
    file = io.BytesIO()
    numbered = list(enumerate(sheets, start=1))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{SHEET}.worksheet+xml"/>'
            for number, _ in numbered
        )
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/'
            'vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{SHEET}.sheet.main+xml"/>{parts}</Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in numbered)
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n, _ in numbered
        )
        links += f'<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/>'
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        )
        archive.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/>'
            "</cellXfs></styleSheet>",
        )
        for number, name in numbered:
            rows = "".join(
                f"<row>{''.join(cell(each, date=place in dates) for place, each in enumerate(row))}</row>"
                for row in sheets[name]
            )
            archive.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
            )
    return file.getvalue()


NAMES: list[Cell] = ["age", "rent", "new", "city", "kind"]
ROWS: list[list[Cell]] = [
    [
        30 + row % 9,
        None if row == 3 else 1.234 + row,
        row % 3 == 0,
        ("Köln", "Bonn")[row % 2],
        "ab"[row % 5 % 2],
    ]
    for row in range(40)
]


def test_typed_cells() -> None:
    found = accepted(workbook({"Empty": [], "Flats": [NAMES, *ROWS]}))
    assert [(column.name, column.kind, column.missing) for column in found.columns] == [
        ("age", "number", False),
        ("rent", "number", True),
        ("new", "boolean", False),
        ("city", "category", False),
    ]
    np.testing.assert_array_equal(found.arrays["x"][3], [33, np.nan, 1, 0])
    assert found.arrays["x"][4, 1] == 5.234
    assert (found.classes, found.options.format, found.options.sheet) == (("a", "b"), "excel", "Flats")
    assert "ambiguous_thousands" not in codes(found)


def test_one_of_several_sheets() -> None:
    values: list[list[Cell]] = [[row, "uv"[row % 2]] for row in range(9)]
    other: list[list[Cell]] = [["a", "y"], *values]
    content = workbook({"Flats": [NAMES, *ROWS], "Other": other})
    assert "guessed_sheet" in codes(accepted(content))
    for sheet in ("Other", 1, -1):
        found = accepted(content, sheet=sheet)
        assert found.target_names == ("y",)
        assert "guessed_sheet" not in codes(found)
    refused = rejected(content, sheet="Flat")
    assert refused.reasons[0].expected == 'one of "Flats", "Other". Did you mean "Flats"?'


def test_days_are_dates_and_rows_have_their_numbers() -> None:
    rows: list[list[Cell]] = [[45000 + row, row % 7, "ab"[row % 2]] for row in range(20)]
    content = workbook({"S": [["day", "n", "y"], *rows]}, dates=(0,))
    assert rejected(content).reasons[0].found == 'dates such as "2023-03-15"'
    numbered: list[list[Cell]] = [[1.5, row, "ab"[row % 2]] for row in range(20)]
    bad = workbook({"S": [["m", "n", "y"], [None, None, None], *numbered, [2, "x", "a"]]})
    assert [(reason.row, reason.column) for reason in rejected(bad).reasons] == [(23, "n")]


@pytest.mark.parametrize("cut", [400, 1500])
def test_a_damaged_workbook_is_refused(cut: int) -> None:
    content = workbook({"S": [NAMES, *ROWS]})
    assert rejected(content[:cut] + content[-300:]).reasons
