"""Check the header of an npy file before anything of its size is allocated.

The format is that of ``numpy.lib.format``: a magic number, a version, the length of the header, and the header as a
Python literal: ``{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4)}``.
"""

from __future__ import annotations

import ast
import re
import struct
import warnings
from dataclasses import dataclass
from math import prod
from typing import IO, Any

import numpy as np

from service.datasets.reading.results import Refused, refuse, shown

__all__ = ["Head", "read_head"]

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 4096
_MOST_AXES = 4
_LARGEST = 2**53
_NUMBER = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248])")
_TEXT = re.compile(r"[<>|=]?U(?:[1-9]\d?|1\d\d|200)")
_LENGTH_OF_VERSION = {1: "<H", 2: "<I", 3: "<I"}


@dataclass(frozen=True, slots=True)
class Head:
    """Type and shape of an array, and at which byte of the file its values begin."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool
    offset: int

    @property
    def count(self) -> int:
        """Number of values."""
        return prod(self.shape)

    @property
    def size(self) -> int:
        """Size of the whole file in bytes."""
        return self.offset + self.count * self.dtype.itemsize


def read_head(file: IO[bytes], name: str) -> Head:
    """The head of the array called ``name``; raises Refused for all that is not an array of numbers or short texts."""
    start = file.read(8)
    length_format = _LENGTH_OF_VERSION.get(start[6]) if len(start) == 8 and start[:6] == _MAGIC else None  # noqa: PLR2004 - the magic number and two bytes of version
    if length_format is None:
        raise _wrong(name, "no npy file inside")
    packed = file.read(struct.calcsize(length_format))
    if len(packed) < struct.calcsize(length_format):
        raise _wrong(name, "a file that ends within its header")
    (length,) = struct.unpack(length_format, packed)
    if length > _LONGEST_HEADER:
        raise _wrong(name, f"a header of {length} bytes")
    header = file.read(length)
    if len(header) < length:
        raise _wrong(name, "a file that ends within its header")
    return _understood(_literal(header, name), name, len(start) + len(packed) + length)


def _literal(header: bytes, name: str) -> dict[Any, Any]:
    try:
        with warnings.catch_warnings():
            # A literal with odd escapes is bad input, nothing for the log.
            warnings.simplefilter("ignore")
            found = ast.literal_eval(header.decode("utf-8", "replace").strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        found = None
    if not isinstance(found, dict) or set(found) != {"descr", "fortran_order", "shape"}:
        raise _wrong(name, "a header that NumPy does not write")
    return found


def _understood(header: dict[Any, Any], name: str, offset: int) -> Head:
    descr, shape, order = header["descr"], header["shape"], header["fortran_order"]
    if not isinstance(descr, str):
        raise _wrong(name, "records of several fields")
    if "O" in descr:
        raise _wrong(name, "Python objects (a pickle)")
    if not (_NUMBER.fullmatch(descr) or _TEXT.fullmatch(descr)):
        raise _wrong(name, f"values of type {shown(descr)}")
    lengths_fit = isinstance(shape, tuple) and all(
        type(length) is int and 0 <= length < _LARGEST for length in shape
    )
    if not lengths_fit or not isinstance(order, bool):
        raise _wrong(name, "a header that NumPy does not write")
    if not 1 <= len(shape) <= _MOST_AXES:
        raise _wrong(name, f"{len(shape)} axes")
    return Head(np.dtype(descr), shape, order, offset)


def _wrong(name: str, found: str) -> Refused:
    return refuse(
        found,
        "an array of numbers, saved by numpy.savez",
        "Save arrays of numbers with numpy.savez(file, x=x, y=y); split objects or records into one array "
        "per column.",
        column=name,
    )
