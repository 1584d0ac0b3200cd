"""Receive uploads over HTTP, as a form with a file or as a plain body, into a temporary file."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from typing import Any, BinaryIO, cast

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.rules import Flag
from service.datasets.disk_space import FULL
from service.datasets.known_columns import check_target
from service.datasets.multipart import read_form
from service.datasets.reading.option_rules import is_plain
from service.datasets.reading.options import Options
from service.datasets.uploads import Announced, size_of
from service.http.json_body import read_json
from service.http.problems import Refusal
from service.limits.spooling import Room
from service.names import check_name

__all__ = ["announced", "received_bytes", "received_form"]

_BUFFER_BYTES = 2**20
_OWN_FIELDS = ("name", "shared")
_LISTS = ("ignore", "missing", "categorical", "numeric")
_CHARSETS = (b"utf-8", b"utf8", b"us-ascii")
_TRUTH = {"true": True, "false": False}
_FLAGS = ("header", "shared")
_ENCODED = ("base64", "quoted-printable")


def announced(document: Mapping[str, Any], file_name: str | None = None) -> Announced:
    """Check what is said of a file; raises InvalidSpec with every problem found."""
    problems: list[SpecProblem] = []
    options = {field: value for field, value in document.items() if field not in _OWN_FIELDS}
    name, shared = None, False
    try:
        name = _name(document.get("name"))
    except InvalidSpec as error:
        problems += error.problems
    try:
        shared = document.get("shared") is not None and Flag().check(document["shared"])
    except InvalidSpec as error:
        problems += [found.below("shared") for found in error.problems]
    try:
        normal = Options.from_document(options).document()
        options = {field: normal[field] for field in options}
    except InvalidSpec as error:
        problems += error.problems
    if problems:
        raise InvalidSpec(problems)
    return Announced(name or _plain(file_name) or "unnamed", options, shared)


def _name(given: Any) -> str | None:
    name = check_name(given)
    if name is not None and not is_plain(name):
        raise InvalidSpec([SpecProblem(("name",), "text", "Must not contain the character U+0000.")])
    return name


def _plain(file_name: str | None) -> str:
    """The last part of a file's name, without what no name may hold; it is only ever shown."""
    last = (file_name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable())[:200].strip()


@contextlib.asynccontextmanager
async def received_form(request: Request, room: Room) -> AsyncIterator[tuple[Announced, BinaryIO]]:
    """The file of a form and what its other fields say of it; raises InvalidSpec, Refusal and TooMany."""
    _, parameters = parse_options_header(request.headers["content-type"])
    if parameters.get(b"charset", b"utf-8").lower() not in _CHARSETS:
        raise Refusal(415, "Send the form's text fields as UTF-8.")
    with _complete():
        form = await read_form(request, room)
    try:
        file = _file(form)
        what = announced(_document(form), (file.filename or "").replace("%22", '"'))
        await run_in_threadpool(check_target, what.options, file.file)
        yield what, file.file
    finally:
        await form.close()


def _file(form: FormData) -> UploadFile:
    """The one file of the form; raises InvalidSpec, and Refusal for one that is encoded."""
    files = form.getlist("file")
    if not files:
        elsewhere = [name for name, value in form.multi_items() if isinstance(value, UploadFile)]
        hint = f" The file is in the field {elsewhere[0][:80]!r}." if elsewhere else ""
        raise _wrong_file("missing", f"Must be the file to upload: curl -F file=@data.csv.{hint}")
    if len(files) > 1:
        raise _wrong_file("repeated", "Must be given only once: upload each file in a separate form.")
    file = files[0]
    if not isinstance(file, UploadFile):
        raise _wrong_file("type", "Must be a file with a file name, not text: curl -F file=@data.csv.")
    if file.headers.get("content-transfer-encoding", "").strip().lower() in _ENCODED:
        raise Refusal(415, "Send the file's bytes unencoded, without Content-Transfer-Encoding.")
    if not size_of(file.file):
        raise _wrong_file("empty", "The file is empty (0 bytes). Choose a file that contains rows.")
    return file


def _wrong_file(code: str, message: str) -> InvalidSpec:
    return InvalidSpec([SpecProblem(("file",), code, message)])


def _document(form: FormData) -> dict[str, Any]:
    """The fields beside the file as JSON values; lists may be given item by item."""
    given: dict[str, list[Any]] = {}
    for name, value in form.multi_items():
        if name != "file" and value != "":
            given.setdefault(name, []).append(_value(name, value))
    if repeated := sorted(name for name, values in given.items() if len(values) > 1 and name not in _LISTS):
        raise InvalidSpec(
            [SpecProblem((name[:80],), "repeated", "Must be given only once.") for name in repeated]
        )
    return {name: values[0] if len(values) == 1 else _joined(values) for name, values in given.items()}


def _joined(values: list[Any]) -> list[Any]:
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _value(name: str, text: Any) -> Any:
    """A field of a form as the JSON value it stands for."""
    if not isinstance(text, str):
        raise InvalidSpec(
            [SpecProblem((name[:80],), "type", "Must be text; send the file in the field file.")]
        )
    if text[:1] in "[{" and _is_json(text):
        return read_json(text.encode())
    if name in _LISTS and text != "auto":
        return [part.strip() for part in text.split(",")]
    return _TRUTH.get(text, text) if name in _FLAGS else text


def _is_json(text: str) -> bool:
    """Whether this is meant as JSON, and not as a column's name."""
    try:
        json.loads(text)
    except ValueError:
        return False
    except RecursionError:
        return True
    return True


@contextlib.asynccontextmanager
async def received_bytes(request: Request, room: Room) -> AsyncIterator[BinaryIO]:
    """The body as a file; raises TooMany, and Refusal, also for an empty one."""
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed below, where a failure is no matter
    try:
        with _complete():
            await _spool(request, room, file)
        if not size_of(file):
            raise Refusal(422, "The body is empty. Send the file as the body: curl -T data.csv URL.")
        yield file
    finally:
        # A write that failed on a full disk is retried at the end, where it no longer matters.
        with contextlib.suppress(OSError):
            file.close()


async def _spool(request: Request, room: Room, file: BinaryIO) -> None:
    buffer = bytearray()
    async with contextlib.aclosing(room.counted(request.stream())) as stream:
        async for piece in stream:
            buffer += piece
            if len(buffer) >= _BUFFER_BYTES:
                await run_in_threadpool(file.write, bytes(buffer))
                buffer.clear()
    await run_in_threadpool(file.write, bytes(buffer))
    await run_in_threadpool(file.flush)


@contextlib.contextmanager
def _complete() -> Any:
    """Explain why an upload did not arrive completely."""
    try:
        yield
    except ClientDisconnect as error:
        raise Refusal(
            400, "The connection closed before the whole file had arrived; nothing was stored."
        ) from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        message = (
            "There is not enough disk space to receive the file; free some space in the folder for temporary "
            "files."
        )
        raise Refusal(507, message) from error
