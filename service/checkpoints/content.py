"""Stream a checkpoint in each download format, made from its stored safetensors bytes.

Only a piece at a time is in memory, and only the standard library is needed.
"""

from __future__ import annotations

import array
import io
import json
import math
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from typing_extensions import override

from service.checkpoints.safetensors import Kind, Reader, Tensor

__all__ = ["FORMS", "Form", "as_json", "as_npz", "npy_header"]

_EARLIEST_DATE = (1980, 1, 1, 0, 0, 0)
_NPY_ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class Form:
    """A download format of checkpoints."""

    media_type: str
    convert: Callable[[Iterator[bytes]], Iterator[bytes]]


def npy_header(descriptor: str, shape: tuple[int, ...]) -> bytes:
    """Header of NumPy's npy format, version 1.0 (numpy.lib.format), padded to 64 bytes."""
    magic = b"\x93NUMPY\x01\x00"
    text = f"{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape!r}, }}"
    unpadded = len(magic) + 2 + len(text) + 1
    text += " " * (-unpadded % _NPY_ALIGNMENT) + "\n"
    return magic + len(text).to_bytes(2, "little") + text.encode("ascii")


def as_npz(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """For ``numpy.load``: one array per tensor, and the metadata as JSON in the text ``__metadata__``."""
    reader = Reader(pieces)
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        metadata = json.dumps(reader.metadata)
        archive.writestr(
            _entry("__metadata__"), npy_header(f"<U{len(metadata)}", ()) + metadata.encode("utf-32-le")
        )
        for tensor in reader.tensors:
            with archive.open(_entry(tensor.name), "w") as file:
                file.write(npy_header(tensor.kind.descriptor, tensor.shape))
                for piece in reader.stream(tensor.bytes):
                    file.write(piece)
                    yield sink.take()
    yield sink.take()


def _entry(name: str) -> zipfile.ZipInfo:
    """The same date in every file, so that the same weights give the same bytes."""
    return zipfile.ZipInfo(f"{name}.npy", _EARLIEST_DATE)


class _Sink(io.RawIOBase):
    """A file that is only written to; what was written can be taken away."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, content: bytes, /) -> int:  # type: ignore[override]  # bytes is all zipfile writes
        self._written.append(bytes(content))
        return len(content)

    def take(self) -> bytes:
        """The bytes written since the last call."""
        content = b"".join(self._written)
        self._written.clear()
        return content


def as_json(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Metadata and tensors as nested lists; numbers that are not finite are null, their tensors in ``non_finite``."""
    reader = Reader(pieces)
    metadata = {name: _document(text) for name, text in reader.metadata.items()}
    yield f'{{"metadata": {json.dumps(metadata)}, "tensors": {{'.encode()
    non_finite = []
    for index, tensor in enumerate(reader.tensors):
        yield f"{', ' if index else ''}{json.dumps(tensor.name)}: ".encode()
        yield f'{{"dtype": "{tensor.kind.name}", "shape": {list(tensor.shape)}, "data": '.encode()
        for text in _nested(tensor, reader):
            if "null" in text and tensor.name not in non_finite:
                non_finite.append(tensor.name)
            yield text.encode()
        yield b"}"
    yield f'}}, "non_finite": {json.dumps(non_finite)}}}\n'.encode()


def _document(text: str) -> Any:
    """Metadata are texts; those that hold an object are shown as one."""
    return json.loads(text) if text.startswith("{") else text


def _nested(tensor: Tensor, reader: Reader) -> Iterator[str]:
    """A tensor's data as nested JSON lists, one innermost list at a time."""
    if not tensor.bytes:
        yield "[]"
        return
    *outer, length = tensor.shape or (1,)
    depth = len(tensor.shape)
    for row in range(math.prod(outer)):
        begins = _edges(row, outer)
        ends = _edges(row + 1, outer)
        values = ",".join(_numbers(reader.read(length * tensor.kind.item_bytes), tensor.kind))
        opening = "[" * (depth if not row else begins + 1)
        closing = "]" * (ends + 1 if depth else 0)
        yield f"{',' if row else ''}{opening}{values}{closing}"


def _edges(row: int, outer: list[int]) -> int:
    """Number of outer lists that begin (or, seen from the previous row, end) at this row."""
    edges, size = 0, 1
    for length in reversed(outer):
        size *= length
        edges += row % size == 0
    return edges


def _numbers(content: bytes, kind: Kind) -> Iterator[str]:
    values = array.array(kind.array_code, content)
    if sys.byteorder == "big":
        values.byteswap()
    if kind.name == "float32":
        return map(_float32, values)
    if kind.name == "float64":
        return (repr(value) if math.isfinite(value) else "null" for value in values)
    return map(str, values)


def _float32(value: float) -> str:
    """Nine digits are enough to read the same float32 again; "-0" would be read as an integer, which has no sign."""
    if not math.isfinite(value):
        return "null"
    return f"{value:.9g}" if value else repr(value)


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "safetensors": Form("application/octet-stream", lambda pieces: pieces),
        "npz": Form("application/zip", as_npz),
        "json": Form("application/json", as_json),
    }
)
