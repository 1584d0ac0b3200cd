"""Multipart forms whose files may be named by ``filename*`` (RFC 8187)."""

from __future__ import annotations

import re
from contextlib import aclosing
from urllib.parse import unquote

from fastapi import Request
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from typing_extensions import override

from service.http.problems import Refusal
from service.limits.spooling import Room

__all__ = ["LONGEST_FIELD_BYTES", "read_form"]

LONGEST_FIELD_BYTES = 64 * 1024
_MOST_FIELDS = 256
# More than one, to refuse a second file by the name of its field.
_MOST_FILES = 4
_PARAMETER = re.compile(rb';\s*([^\s=;"]+)\s*=\s*("(?:\\.|[^"\\])*"|[^;]*)')
_CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "iso-8859-1": "latin-1"}
_WAYS_OUT = {
    "Part exceeded": (
        "A field without a file name holds more than 64 KiB. Send the data as a file with a name: curl -F "
        "file=@data.csv."
    ),
    "Too many files": "The form has too many files. Upload one data set per form, in the field file.",
    "Too many fields": f"The form has more than {_MOST_FIELDS} fields. Send long lists of columns as JSON.",
}


async def read_form(request: Request, room: Room) -> FormData:
    """Read a multipart body; raises Refusal for what is none, and TooMany."""
    try:
        async with aclosing(room.counted(request.stream())) as stream:
            return await _Parser(
                request.headers,
                stream,
                max_files=_MOST_FILES,
                max_fields=_MOST_FIELDS,
                max_part_size=LONGEST_FIELD_BYTES,
            ).parse()
    except MultiPartException as error:
        ways = (way for start, way in _WAYS_OUT.items() if error.message.startswith(start))
        raise Refusal(400, next(ways, error.message)) from error


class _Parser(MultiPartParser):
    """Starlette's parser, which by itself takes a part with ``filename*`` alone for text."""

    @override
    def on_headers_finished(self) -> None:
        disposition = self._current_part.content_disposition
        if disposition is not None and (name := _extended_file_name(disposition)) is not None:
            quoted = name.replace("\\", "\\\\").replace('"', '\\"').encode()
            # Of two parameters of one name the parser takes the last.
            self._current_part.content_disposition = disposition + b'; filename="' + quoted + b'"'
        super().on_headers_finished()


def _extended_file_name(disposition: bytes) -> str | None:
    """The value of ``filename*``, such as ``UTF-8''Gr%C3%B6%C3%9Fen.csv``; None without one."""
    found = {name.lower(): value for name, value in _PARAMETER.findall(disposition)}
    if (value := found.get(b"filename*")) is None:
        return None
    text = value.strip().strip(b'"').decode("latin-1")
    charset, _, encoded = text.split("'", 2) if text.count("'") > 1 else ("", "", text)
    name = unquote(encoded, _CHARSETS.get(charset.lower(), "utf-8"), "replace")
    return "".join(each for each in name if each.isprintable())
