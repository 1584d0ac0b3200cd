"""Archives that lie, burst or run code: each is refused in words, before there is memory for it."""

import io
import pickle
import struct
import zipfile

import numpy as np
import pytest
from typing_extensions import override

from tests.service.datasets.reading.archives import X, Y, archive, header, npy, npz, refused
from tests.service.datasets.reading.reading import outcome, rejected


def with_x(x: bytes) -> bytes:
    return archive({"x.npy": x, "y.npy": npy(Y)})


class Malicious:
    @override
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(with_x(npy(np.array([[Malicious(), 1]], object))), "Python objects", id="object array"),
        pytest.param(with_x(pickle.dumps(Malicious())), "no npy file", id="pickle"),
        pytest.param(with_x(b"\x93NUMPY"), "no npy file", id="magic alone"),
        pytest.param(with_x(b"\x93NUMPY\x09\x00" + bytes(100)), "no npy file", id="unknown version"),
        pytest.param(with_x(b"\x93NUMPY\x01\x00\x76"), "ends within its header", id="cut in the length"),
        pytest.param(with_x(npy(X)[:40]), "ends within its header", id="cut in the header"),
        pytest.param(with_x(npy(X)[:-8]), "over", id="cut in the values"),
        pytest.param(with_x(npy(X) + b"more"), "over", id="more than it says"),
        pytest.param(
            with_x(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31)), "a header of", id="huge header"
        ),
        pytest.param(with_x(header("'<f8'", "(10**9, 10**9)")), "NumPy does not write", id="computed shape"),
        pytest.param(with_x(header("'<f8'", "(6, 1000000000000)")), "arrays of", id="lying shape"),
        pytest.param(
            with_x(header("'<f8'", "(3000000, 3)", bytes(48))), "over 1", id="shape larger than the member"
        ),
        pytest.param(with_x(header("'<f8'", "(-6, 2)")), "NumPy does not write", id="negative shape"),
        pytest.param(with_x(header("'<f8'", "(True, 2)")), "NumPy does not write", id="truth for a length"),
        pytest.param(with_x(header("'<f8'", "()", bytes(8))), "0 axes", id="no axes"),
        pytest.param(with_x(header("'<f8'", "(1, 1, 1, 1, 1)", bytes(8))), "5 axes", id="five axes"),
        pytest.param(with_x(header("'<c16'", "(6, 2)", bytes(192))), "values of type", id="complex"),
        pytest.param(with_x(header("[('a', '<f8')]", "(6,)", bytes(48))), "records", id="records"),
        pytest.param(
            with_x(header("'<f8'", "(" * 900 + ")" * 900)), "NumPy does not write", id="nested header"
        ),
        pytest.param(with_x(npy(np.array(["a"] * 6))), "texts", id="texts for numbers"),
        pytest.param(archive({"../x.npy": npy(X), "y.npy": npy(Y)}), '"../x.npy"', id="path upwards"),
        pytest.param(archive({"/etc/x.npy": npy(X), "y.npy": npy(Y)}), '"/etc/x.npy"', id="absolute path"),
        pytest.param(archive({"a/x.npy": npy(X)}), '"a/x.npy"', id="folder"),
        pytest.param(archive({"train.csv": b"a,b\n1,2\n"}), '"train.csv"', id="a CSV file in a ZIP archive"),
        pytest.param(
            archive({"x.npy": npy(X), "X_train.npy": npy(X), "y.npy": npy(Y)}), "x twice", id="twice"
        ),
        pytest.param(archive({f"a{i}.npy": b"" for i in range(80)}), "80 members", id="many members"),
        pytest.param(archive({f"a{i}.npy": b"" for i in range(2000)}), "too long", id="very many members"),
        pytest.param(archive({"x.npy": b""}, zipfile.ZIP_LZMA), "unusual compression", id="LZMA"),
        pytest.param(archive({}), "no array x", id="empty archive"),
        pytest.param(npz(y=Y), "no array x", id="no x"),
        pytest.param(npz(x=X), "no array y", id="no y"),
        pytest.param(npz(x=X, y=Y, x_test=X), "no array y_test", id="test rows without targets"),
        pytest.param(npz(x=X, y=Y[:5]), "5 rows beside 6", id="fewer targets"),
        pytest.param(npz(x=X, y=Y, x_test=X[:, :1], y_test=Y), "rows of shape", id="narrower test rows"),
        pytest.param(npz(x=X[:1], y=Y[:1]), "1 rows", id="one row"),
        pytest.param(npz(x=X[:0], y=Y[:0]), "no rows", id="no rows"),
        pytest.param(npz(x=X, y=Y * 0), "1 class", id="one class"),
        pytest.param(npz(x=X + np.inf, y=Y), "infinity", id="infinity"),
        pytest.param(npz(x=X, y=np.where(Y, np.nan, 1.0)), "nothing", id="NaN in the target"),
        pytest.param(npz(x=X, y=np.where(Y, np.inf, 1.0)), "infinity", id="infinity in the target"),
        pytest.param(npz(x=X, y=Y, weights=-Y), "negative weights", id="negative weights"),
        pytest.param(npz(x=X, y=Y, groups=Y[:4]), "shape (4,)", id="fewer groups"),
        pytest.param(npz(x=np.zeros((2, 70_000), np.uint8), y=Y[:2]), "70000 columns", id="too wide"),
        pytest.param(npz(x=X, y=Y)[:-60], "ends too early", id="cut at the end"),
        pytest.param(b"PK\x03\x04" + bytes(500), "ends too early", id="no list of contents"),
    ],
)
def test_is_refused(content: bytes, found: str) -> None:
    assert found in refused(content).reasons[0].found


@pytest.mark.parametrize("ratio", ["in one array", "under the limit of values"])
def test_a_bomb_is_not_unpacked(ratio: str) -> None:
    rows = 40_000_000_000 if ratio == "in one array" else 100_000_000
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        with target.open("x.npy", "w", force_zip64=True) as member:
            member.write(header("'|u1'", f"({rows}, 1)"))
            for _ in range(100):
                member.write(bytes(1_000_000))
        target.writestr("y.npy", npy(Y))
    found = refused(file.getvalue()).reasons[0].found
    assert ("arrays of" if ratio == "in one array" else "compressed to") in found


def test_a_changed_byte_is_noticed() -> None:
    file = io.BytesIO()
    np.savez(file, x=X, y=Y)
    content = bytearray(file.getvalue())
    place = content.index(np.float64(7).tobytes())
    content[place + 6] ^= 1
    assert "damaged" in refused(bytes(content)).reasons[0].found


def test_every_truncation_and_every_changed_byte_is_an_outcome() -> None:
    content = npz(x=X, y=Y)
    for place in range(0, len(content), 3):
        rejected(content[:place] or b" ")
        changed = bytearray(content)
        changed[place] ^= 0xFF
        outcome(bytes(changed))
