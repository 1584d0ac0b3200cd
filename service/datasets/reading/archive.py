"""NPZ files: the archive's headers are checked before arrays are unpacked."""

from __future__ import annotations

import errno
import re
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from engine.kernels import Array
from service.datasets.reading.limits import MAX_BYTES, MAX_VALUES, READ_AT_ONCE, is_bomb
from service.datasets.reading.npy import Head, read_head
from service.datasets.reading.results import DatasetWarning, Reason, Refused, refuse, shown

__all__ = ["read_arrays"]

_NAMES = {
    **dict.fromkeys(("x", "x_train", "train_images", "data", "images"), "x"),
    **dict.fromkeys(("y", "y_train", "train_labels", "target", "labels"), "y"),
    **dict.fromkeys(("x_validation", "x_val", "x_valid", "val_images"), "x_validation"),
    **dict.fromkeys(("y_validation", "y_val", "y_valid", "val_labels"), "y_validation"),
    **dict.fromkeys(("x_test", "test_images"), "x_test"),
    **dict.fromkeys(("y_test", "test_labels"), "y_test"),
    **dict.fromkeys(("weights", "weight", "sample_weight"), "weights"),
    **dict.fromkeys(("groups", "group"), "groups"),
    "order": "order",
}
_MEMBER = re.compile(r"([A-Za-z0-9_]{1,64})\.npy")
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MOST_MEMBERS = 64
_LARGEST_DIRECTORY = 1 << 16
_END_OF_DIRECTORY = b"PK\x05\x06"
_END_SIZE = 22
_LOCATOR = b"PK\x06\x07"
_LOCATOR_SIZE = 20
_LONGEST_COMMENT = 1 << 16
_FAILURES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
_TRUNCATED = "Save the file again with numpy.savez or numpy.savez_compressed, and upload all of it."


def read_arrays(path: Path) -> tuple[dict[str, Array], list[DatasetWarning]]:
    """Arrays by the names ``x``, ``y``, ``x_validation`` …, and warnings about others; raises Refused."""
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members, warnings = _members(archive)
            heads = {name: _head(archive, member) for name, member in members.items()}
            _check_sizes(members, heads)
            return {name: _read(archive, members[name], head) for name, head in heads.items()}, warnings
    except (*_FAILURES, OSError) as error:
        # A member offset before the start of the file is an invalid argument to the operating system.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise refuse(
            f"a damaged ZIP archive ({shown(str(error))[1:-1]})", "an NPZ file", _TRUNCATED
        ) from None


def _check_directory(path: Path) -> None:
    """Raise Refused for a list of contents that would fill the memory by itself."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT))
        tail = file.read()
    start = tail.rfind(_END_OF_DIRECTORY)
    if start < 0 or len(tail) - start < _END_SIZE:
        raise refuse("a ZIP archive that ends too early", "an NPZ file", _TRUNCATED)
    (length,) = struct.unpack_from("<I", tail, start + 12)
    # Files beyond four gigabytes have a second list of contents, of which the first says nothing.
    if length > _LARGEST_DIRECTORY or _LOCATOR in tail[max(0, start - _LOCATOR_SIZE) : start]:
        raise refuse("a table of contents that is too long", f"at most {_MOST_MEMBERS} arrays", _TRUNCATED)


def _members(archive: zipfile.ZipFile) -> tuple[dict[str, zipfile.ZipInfo], list[DatasetWarning]]:
    """The members that hold known arrays, by their names here."""
    found: dict[str, zipfile.ZipInfo] = {}
    unknown: list[str] = []
    for member in archive.infolist()[: _MOST_MEMBERS + 1]:
        match = _MEMBER.fullmatch(member.filename)
        if match is None:
            raise refuse(
                f"a member called {shown(member.filename)}",
                "arrays at the top of the archive, such as x.npy",
                "Upload the output of numpy.savez. Upload a CSV file as it is, not in a ZIP archive.",
            )
        if member.compress_type not in _PACKINGS:
            raise refuse("an unusual compression", "deflate, or none", _TRUNCATED, column=match[1])
        name = _NAMES.get(match[1].lower())
        if name in found:
            raise refuse(f"{name} twice", "each array once", "Save each array under one name.", column=name)
        if name is None:
            unknown.append(match[1])
        else:
            found[name] = member
    if len(archive.infolist()) > _MOST_MEMBERS:
        raise refuse(f"{len(archive.infolist())} members", f"at most {_MOST_MEMBERS}", "Save x and y alone.")
    _check_names(found, unknown)
    return found, [
        DatasetWarning("unknown_array", None, f"Array {shown(name)} is not used and was not read.")
        for name in unknown
    ]


def _check_names(found: dict[str, zipfile.ZipInfo], unknown: list[str]) -> None:
    pairs = [("x", "y"), ("x_validation", "y_validation"), ("x_test", "y_test")]
    absent = [name for name in ("x", "y") if name not in found]
    absent += [
        name
        for pair in pairs[1:]
        for name in pair
        if name not in found and any(other in found for other in pair)
    ]
    if absent:
        there = ", ".join([*found, *unknown]) or "nothing"
        raise Refused(
            [
                Reason(None, name, f"no array {name} among {there}", "x and y, or x_train and y_train")
                for name in absent
            ],
            "Save with numpy.savez(file, x=x, y=y), and x_validation, y_validation, x_test, y_test if you have them.",
        )


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Head:
    with archive.open(member) as file:
        return read_head(file, _name(member))


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _check_sizes(members: dict[str, zipfile.ZipInfo], heads: dict[str, Head]) -> None:
    """Raise Refused for arrays that are too large, too well packed, or not of the size that they say."""
    values, total = (sum(getattr(head, name) for head in heads.values()) for name in ("count", "size"))
    if values > MAX_VALUES or total > MAX_BYTES:
        raise refuse(
            f"arrays of {values} values and {total} bytes",
            f"at most {MAX_VALUES} and {MAX_BYTES}",
            "Upload fewer rows.",
        )
    for name, member in members.items():
        head = heads[name]
        if member.file_size != head.size:
            found = f"a header for {head.size} bytes over {member.file_size}"
            raise refuse(found, "an array as long as its header says", _TRUNCATED, column=_name(member))
    packed = sum(member.compress_size for member in members.values())
    if is_bomb(total, packed):
        raise refuse(
            f"{total} bytes compressed to {packed}", "data", "Upload an uncompressed archive: numpy.savez."
        )


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, head: Head) -> Array:
    """The array, of the machine's byte order and in rows; every byte of it comes from the archive."""
    values = np.empty(head.count, head.dtype)
    into = values.view(np.uint8)
    with archive.open(member) as file:
        file.read(head.offset)
        place = 0
        while place < len(into):
            block = file.read(min(READ_AT_ONCE, len(into) - place))
            if not block:
                raise EOFError(f"{_name(member)} is too short")
            into[place : place + len(block)] = np.frombuffer(block, np.uint8)
            place += len(block)
    shaped = values.reshape(head.shape[::-1]).T if head.fortran_order else values.reshape(head.shape)
    return np.ascontiguousarray(shaped, head.dtype.newbyteorder("="))
