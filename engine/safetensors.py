"""Checkpoints: named arrays and a JSON document, and their bytes in the safetensors format.

The format (github.com/huggingface/safetensors): the header's length as 8 bytes little-endian, a JSON header that
names dtype, shape and offsets of every tensor, then the data. Ours is padded so that the data is aligned to
8 bytes, and deterministic: equal checkpoints have equal bytes. The document is one string in ``__metadata__``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from engine.errors import InvalidCheckpoint
from engine.kernels import Array

__all__ = ["Checkpoint", "from_safetensors", "to_safetensors"]

_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
    "U8": np.dtype("u1"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_MAX_HEADER = 100_000_000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """C-ordered ``arrays`` by name, and a JSON-able ``document`` with a ``format`` and a ``version``."""

    arrays: dict[str, Array]
    document: dict[str, Any]


def to_safetensors(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as the bytes of a safetensors file."""
    header: dict[str, Any] = {"__metadata__": {"document": _compact(checkpoint.document)}}
    offset = 0
    for name, array in checkpoint.arrays.items():
        dtype = _NAMES[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = _compact(header).encode()
    text += b" " * (-len(text) % 8)
    data = (array.astype(array.dtype.newbyteorder("<")).tobytes() for array in checkpoint.arrays.values())
    return b"".join([len(text).to_bytes(8, "little"), text, *data])


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def from_safetensors(content: bytes) -> Checkpoint:
    """Read the bytes back; raises InvalidCheckpoint for anything that is not a whole checkpoint."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_MAX_HEADER, len(content) - 8):
        raise InvalidCheckpoint("Not a safetensors file: it ends inside its header.")
    try:
        header = json.loads(content[8 : 8 + length])
        document = json.loads(header.pop("__metadata__")["document"])
        data = memoryview(content)[8 + length :]
        arrays = {name: _tensor(data, **entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidCheckpoint(f"Not a checkpoint: {error}") from error
    return Checkpoint(arrays, document)


def _tensor(data: memoryview, dtype: str, shape: list[int], data_offsets: list[int]) -> Array:
    start, stop = data_offsets
    if not 0 <= start <= stop <= len(data) or stop - start != prod(shape) * _DTYPES[dtype].itemsize:
        raise InvalidCheckpoint("Not a checkpoint: a tensor does not fit its place.")
    stored = np.frombuffer(data[start:stop], _DTYPES[dtype])
    return stored.astype(stored.dtype.newbyteorder("=")).reshape(shape)
