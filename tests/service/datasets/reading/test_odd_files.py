"""Files that were made to be read wrongly, or at great cost."""

import io
import json
import zipfile

import numpy as np
import pytest

from service.datasets.reading.building import TableBuilder
from service.datasets.reading.options import Options
from service.datasets.reading.results import Parsed, Rejected
from service.datasets.reading.roles import assign_roles
from tests.service.datasets.reading.archives import X, Y, archive, header, npy, npz, refused
from tests.service.datasets.reading.reading import accepted, outcome, rejected

TABLE = "Größe;Art;y\r\n" + "".join(f'"{row},5";"a ""b""";{row % 2}\r\n' for row in range(30))


def zip64() -> bytes:
    """Return an archive whose list of contents is said to be short, and is a long one elsewhere."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for place in range(3000):
            target.writestr(f"member{place}.npy", b"")
    content = file.getvalue()
    end = content.rindex(b"PK\x05\x06")
    size, offset = (int.from_bytes(content[end + start : end + start + 4], "little") for start in (12, 16))
    record = b"PK\x06\x06" + (44).to_bytes(8, "little") + bytes(12) + (3000).to_bytes(8, "little") * 2
    record += size.to_bytes(8, "little") + offset.to_bytes(8, "little")
    locator = b"PK\x06\x07" + bytes(4) + end.to_bytes(8, "little") + (1).to_bytes(4, "little")
    lie = bytearray(content[end:])
    lie[12:16] = (50).to_bytes(4, "little")
    return content[:end] + record + locator + bytes(lie)


def overlapping() -> bytes:
    """Return an archive of which two entries are the same bytes."""
    content = bytearray(archive({"x.npy": npy(X), "y.npy": npy(Y)}))
    directory = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", directory + 4)
    content[second + 42 : second + 46] = bytes(4)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(zip64(), "table of contents that is too long", id="zip64"),
        pytest.param(overlapping(), "damaged ZIP archive", id="overlapping members"),
        pytest.param(archive({"x.npz": npz(x=X, y=Y)}), "a member called", id="nested"),
        pytest.param(npy(X), "a single NumPy array", id="bare npy"),
        pytest.param(npy(np.array([{"a": 1}], object)), "a single NumPy array", id="bare pickled npy"),
        pytest.param(
            archive(
                {f"{name}.npy": npy(np.zeros((12_000_000, 1), np.uint8)) for name in ("x", "x_val", "x_test")}
                | {f"{name}.npy": npy(np.zeros(12_000_000, np.uint8)) for name in ("y", "y_val", "y_test")}
            ),
            "compressed to",
            id="a bomb in several arrays",
        ),
        pytest.param(
            archive(
                {
                    "x.npy": npy(X),
                    "y.npy": header("'<U1'", "(6,)", np.full(6, 0x7FFFFFFF, np.uint32).tobytes()),
                }
            ),
            "characters that do not exist",
            id="no characters",
        ),
    ],
)
def test_archives(content: bytes, found: str) -> None:
    assert found in (rejected(content) if "bomb" in found else refused(content)).reasons[0].found


def test_more_values_than_a_table_may_have() -> None:
    content = archive({"x.npy": header("'|u1'", "(250000000, 1)"), "y.npy": npy(Y)})
    assert "arrays of 250000006 values" in refused(content).reasons[0].found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_a_table_cut_anywhere_has_an_outcome(encoding: str) -> None:
    content = TABLE.encode(encoding)
    for place in range(1, len(content), 7):
        assert isinstance(outcome(content[:place]), (Parsed, Rejected))


def test_half_a_character_of_utf_16_at_the_end_is_refused() -> None:
    content = TABLE.encode("utf-16")[:-1]
    assert "not utf-16" in rejected(content).reasons[0].found


@pytest.mark.parametrize("form", ["csv", "json", "lines"])
def test_a_wide_table(form: str) -> None:
    width, rows = 3_000, [[place + row for place in range(3_000)] for row in range(4)]
    names = [f"c{place}" for place in range(width)]
    if form == "csv":
        content = "\n".join([",".join(names), *(",".join(map(str, row)) for row in rows), ""])
    else:
        objects = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
        content = "\n".join(objects) if form == "lines" else f"[{','.join(objects)}]"
    assert accepted(content).arrays["x"].shape == (4, width - 1)


def test_where_columns_stand_is_found_out_once() -> None:
    """It is asked for each column: found out anew each time, a table of 65,536 columns would take half an hour."""
    roles = assign_roles(("a", "b", "y"), Options())
    table = TableBuilder(roles, Options(), Options(), {}).finish(None, [])
    assert roles.read is roles.read
    assert table.places is table.places


@pytest.mark.parametrize(
    ("content", "row", "found"),
    [
        ('[{"a": 1, "a": 2, "y": 0}, {"a": 2, "y": 1}]', 1, 'key "a" twice'),
        ('[{"a": 1, "y": 0, "y": 1}, {"a": 2, "y": 1}]', 1, 'key "y" twice'),
        ('[{"a": 1, "y": 0},, {"a": 2, "y": 1}]', 2, "not valid JSON"),
        ('[{"a": 1, "y": 0} {"a": 2, "y": 1}]', 1, "after an item"),
        ('[,{"a": 1, "y": 0}, {"a": 2, "y": 1}]', 1, "not valid JSON"),
        ('[{"a": 1, "y": 0}, {"a": 2, "y": 1},]', 3, "not valid JSON"),
        ('{"a": 1, "y": 0},\n{"a": 2, "y": 1}', 2, "not valid JSON"),
        (
            '[{"a": "' + "x" * 10_000_000 + '", "y": 0}, {"a": 2, "y": 1}]',
            1,
            "more than 8 000 000 characters",
        ),
        ('[{"a": 1,}, {"a": 2}]' + " " * 3_000_000, 1, "not valid JSON"),
        (
            "[" + '{"a": 1, "y": 0},' * 100 + '{"a": 1,},' + '{"a": 1, "y": 0},' * 600_000 + "{}]",
            101,
            "not valid JSON",
        ),
        ("[{" + ",".join(f'"k{each}": 1' for each in range(60_000)) + ', "k7": 2}]', 1, 'key "k7" twice'),
        ('{"data": [{"a": 1, "y": 0}, {"a": 2, "y": 1}]}', None, "one object that contains lists"),
        ('{"a": {"0": 1, "1": 2}, "y": {"0": 0, "1": 1}}', None, "one object that contains lists"),
    ],
)
def test_json_that_is_none(content: str, row: int | None, found: str) -> None:
    reason = rejected(content).reasons[0]
    assert found in reason.found
    assert reason.row == row


def test_numbers_that_json_has_not_are_missing_or_infinite() -> None:
    found = accepted('[{"a": NaN, "y": 0}, {"a": 2, "y": 1}, {"a": 3, "y": 0}]')
    assert np.isnan(found.arrays["x"][0, 0])
    assert rejected('[{"a": Infinity, "y": 0}, {"a": 2, "y": 1}]').reasons[0].found == "infinity"


def test_items_may_be_cut_by_blocks_anywhere() -> None:
    rows = [{"a": row, "text": "ü" * (row % 50), "y": row % 2} for row in range(40_000)]
    found = accepted(json.dumps(rows, ensure_ascii=False), ignore=["text"])
    assert found.arrays["x"][:, 0].tolist() == list(range(40_000))
