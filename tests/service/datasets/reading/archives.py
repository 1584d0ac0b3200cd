"""Make archives of arrays, and see one refused."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np

from service.datasets.reading.results import Rejected
from tests.service.datasets.reading.reading import rejected

X = np.arange(12.0).reshape(6, 2)


Y = np.array([0, 1, 0, 1, 0, 1])


LITTLE = 20_000_000


def npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # objects that are no arrays are pickled, as wanted
    return file.getvalue()


def npy(array: object) -> bytes:
    file = io.BytesIO()
    np.save(file, array)  # type: ignore[arg-type]  # as above
    return file.getvalue()


def archive(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return file.getvalue()


def header(descr: str, shape: str, values: bytes = b"") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + values


def refused(content: bytes) -> Rejected:
    """The refusal, for which hardly any memory was taken."""
    tracemalloc.start()
    try:
        return rejected(content)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < LITTLE
