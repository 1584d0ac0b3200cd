"""Read safetensors bytes as a stream, with the standard library.

The format is eight bytes of little-endian header length N, N bytes of JSON that give each tensor's type, shape
and place, and the data (https://github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["DamagedCheckpoint", "Kind", "Reader", "Tensor"]

_LONGEST_HEADER = 100 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024


class DamagedCheckpoint(Exception):
    """Bytes that are not the safetensors file they should be."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A tensor's element type: its NumPy name and descriptor, its code in ``array.array``, bytes of an element."""

    name: str
    descriptor: str
    array_code: str
    item_bytes: int


_KINDS = {
    "F64": Kind("float64", "<f8", "d", 8),
    "F32": Kind("float32", "<f4", "f", 4),
    "I64": Kind("int64", "<i8", "q", 8),
    "I32": Kind("int32", "<i4", "i", 4),
    "U8": Kind("uint8", "|u1", "B", 1),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's entry in the header."""

    name: str
    kind: Kind
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Size of the data."""
        return math.prod(self.shape) * self.kind.item_bytes


class Reader:
    """Reads the header at once and the tensors one after the other, in the order of ``tensors``.

    Raises DamagedCheckpoint as soon as the bytes turn out not to be what the header promises.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        length = int.from_bytes(self.read(8), "little")
        if length > _LONGEST_HEADER:
            raise DamagedCheckpoint("The header is too long.")
        header = _parse_header(self.read(length))
        self.metadata: dict[str, str] = header.pop("__metadata__", {})
        self.tensors = _in_order(header)

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        return b"".join(self.stream(size))

    def stream(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes, a little at a time."""
        while size:
            if not self._rest:
                self._rest = memoryview(self._next_piece())
            taken = self._rest[: min(size, _PIECE_BYTES)]
            self._rest = self._rest[len(taken) :]
            size -= len(taken)
            yield bytes(taken)

    def _next_piece(self) -> bytes:
        for piece in self._pieces:
            if piece:
                return piece
        raise DamagedCheckpoint("The file ends early.")


def _parse_header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except ValueError:
        raise DamagedCheckpoint("The header is not JSON.") from None
    if not isinstance(header, dict):
        raise DamagedCheckpoint("The header is not a JSON object.")
    return header


def _in_order(header: dict[str, Any]) -> tuple[Tensor, ...]:
    """The tensors in the order of their data, which must lie without gaps."""
    try:
        return _listed(header)
    except (LookupError, TypeError, ValueError):
        raise DamagedCheckpoint("The header does not list tensors.") from None


def _listed(header: dict[str, Any]) -> tuple[Tensor, ...]:
    entries = sorted(header.items(), key=lambda entry: entry[1]["data_offsets"])
    tensors, end = [], 0
    for name, entry in entries:
        tensor = Tensor(name, _KINDS[entry["dtype"]], tuple(entry["shape"]))
        if entry["data_offsets"] != [end, end + tensor.bytes]:
            raise DamagedCheckpoint(f"The data of {name} is not where the header says.")
        end += tensor.bytes
        tensors.append(tensor)
    return tuple(tensors)
