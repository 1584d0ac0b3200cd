"""Every form of a checkpoint holds the same numbers, whatever the sizes of the pieces it is read in."""

import io
import json
import math
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib import format as npy
from safetensors.numpy import save

from service.checkpoints.content import FORMS, as_json, as_npz, npy_header
from service.checkpoints.safetensors import DamagedCheckpoint, Reader

ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "0.weight": np.linspace(-1, 1, 30 * 784, dtype=np.float32).reshape(30, 784),
    "0.bias": np.array([1e-45, -0.0, 3.4028235e38, 0.1], dtype=np.float32),
    "2.weight": np.linspace(-1, 1, 24).reshape(2, 3, 4),
    "2.bias": np.array([0.1, 1 / 3, 5e-324], dtype=np.float64),
    "step": np.array(7, dtype=np.int64),
    "counts": np.array([[1], [-2]], dtype=np.int32),
    "mask": np.array([0, 255], dtype=np.uint8),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "λ/λ": np.array([[1.5]], dtype=np.float32),
}
METADATA = {"format": "pt", "document": json.dumps({"epoch": 17, "name": "λ 🚂"})}


def saved(arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    content: bytes = save(arrays, metadata=METADATA)
    return content


# Made once: the library shuffles the metadata each time.
CONTENT = saved(ARRAYS)


def in_pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


@pytest.mark.parametrize("size", [1, 7, 1000, 10**9])
def test_npz_is_read_by_numpy(size: int) -> None:
    file = io.BytesIO(b"".join(as_npz(in_pieces(CONTENT, size))))
    with np.load(file, allow_pickle=False) as loaded:
        assert set(loaded) == {"__metadata__", *ARRAYS}
        for name, array in ARRAYS.items():
            assert loaded[name].dtype == array.dtype
            assert loaded[name].shape == array.shape
            assert loaded[name].tobytes() == array.tobytes()
        assert json.loads(loaded["__metadata__"].item()) == METADATA


def test_npz_is_a_whole_archive() -> None:
    with zipfile.ZipFile(io.BytesIO(b"".join(as_npz(iter([CONTENT]))))) as archive:
        assert archive.testzip() is None


def test_npz_of_the_same_weights_is_the_same() -> None:
    assert b"".join(as_npz(in_pieces(CONTENT, 100))) == b"".join(as_npz(in_pieces(CONTENT, 999)))


@given(
    st.lists(st.integers(0, 10**12), max_size=8).map(tuple),
    st.sampled_from(["<f4", "<f8", "<i8", "<i4", "|u1", "<U8175"]),
)
def test_the_header_is_numpys_own(shape: tuple[int, ...], descriptor: str) -> None:
    header = npy_header(descriptor, shape)
    file = io.BytesIO(header)
    assert npy.read_magic(file) == (1, 0)
    assert npy.read_array_header_1_0(file) == (shape, False, np.dtype(descriptor))
    assert file.tell() == len(header)
    assert len(header) % 64 == 0


@pytest.mark.parametrize("size", [1, 1000, 10**9])
def test_json_holds_the_same_numbers(size: int) -> None:
    document = json.loads(b"".join(as_json(in_pieces(CONTENT, size))))
    assert document["metadata"] == {"format": "pt", "document": {"epoch": 17, "name": "λ 🚂"}}
    assert document["non_finite"] == []
    assert set(document["tensors"]) == set(ARRAYS)
    for name, array in ARRAYS.items():
        tensor = document["tensors"][name]
        assert (tensor["dtype"], tuple(tensor["shape"])) == (array.dtype.name, array.shape)
        read = np.array(tensor["data"], dtype=array.dtype)
        # No list can hold how long the lists in it would be, were there any.
        assert read.shape == array.shape or not array.size
        assert read.tobytes() == array.tobytes()


@given(st.lists(st.integers(1, 4), max_size=4))
def test_json_is_nested_as_deep_as_the_shape(shape: list[int]) -> None:
    array = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    document = json.loads(b"".join(as_json(iter([saved({"a": array})]))))
    assert document["tensors"]["a"]["data"] == array.tolist()


def test_json_has_null_for_what_is_not_finite() -> None:
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "bad": np.array([1, np.nan, np.inf], dtype=np.float32),
        "good": np.array([1], dtype=np.float64),
        "worse": np.array([[-np.inf]], dtype=np.float64),
    }
    document = json.loads(b"".join(as_json(iter([saved(arrays)]))))
    assert sorted(document["non_finite"]) == ["bad", "worse"]
    assert document["tensors"]["bad"]["data"] == [1, None, None]


def test_safetensors_is_what_is_stored() -> None:
    assert b"".join(FORMS["safetensors"].convert(in_pieces(CONTENT, 100))) == CONTENT


@pytest.mark.parametrize("form", ["npz", "json"])
def test_a_large_tensor_is_passed_on_piece_by_piece(form: str) -> None:
    content = saved({"0.weight": np.zeros((2000, 2000), dtype=np.float32)})
    asked = 0

    def counted() -> Iterator[bytes]:
        nonlocal asked
        for piece in in_pieces(content, 1024 * 1024):
            asked += 1
            yield piece

    output = FORMS[form].convert(counted())
    sent = 0
    while sent < 1000:
        sent += len(next(output))
    assert asked <= 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x10\x00",
        CONTENT[:-1],
        CONTENT[:20],
        b"\xff" * 8 + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"{x",
        (63).to_bytes(8, "little")
        + b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}  '
        + b"\0" * 8,
    ],
)
def test_damaged_bytes_are_never_passed_off_as_a_checkpoint(content: bytes) -> None:
    with pytest.raises(DamagedCheckpoint):
        b"".join(as_npz(iter([content])))


def test_reads_tensors_in_the_order_of_their_data() -> None:
    reader = Reader(in_pieces(CONTENT, 64))
    for tensor in reader.tensors:
        assert reader.read(tensor.bytes) == ARRAYS[tensor.name].tobytes()
