"""Read a request body as strict JSON; anything else is a 4xx problem."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from engine.errors import SpecProblem
from service.http.problems import Refusal, WrongPlace

__all__ = ["read_json"]

_MOST_MEMBERS = 1000


def read_json(body: bytes) -> Any:
    """Parse a JSON text; raises Refusal for what is no JSON (400) and for text that cannot be kept (422).

    NaN and Infinity, which Python writes, are read as numbers: no field allows them, and its refusal names it.
    """
    try:
        document = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise Refusal(400, f"The body is not valid UTF-8: byte {error.start} cannot be decoded.") from None
    except json.JSONDecodeError as error:
        raise Refusal(400, f"The body is not valid JSON: {error}.") from None
    except RecursionError:
        raise Refusal(400, "The body is nested too deeply.") from None
    except ValueError:
        raise Refusal(400, "The body contains a number with too many digits.") from None
    if b"\\u" in body:
        _refuse_unstorable_text(document)
    return document


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(members) > _MOST_MEMBERS:
        raise Refusal(400, f"An object in the body has more than {_MOST_MEMBERS:,} members.")
    content = dict(members)
    if len(content) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refusal(400, f"An object in the body has the member {json.dumps(twice[:80])} twice.")
    return content


def _refuse_unstorable_text(document: Any) -> None:
    """Lone surrogates cannot be encoded, and PostgreSQL stores no NUL; both arrive as escapes only."""
    for path, text in _texts(document):
        if "\0" in text or not _is_encodable(text):
            message = "Strings must not contain the character U+0000 or unpaired surrogates."
            pointer = SpecProblem(path, "text", message).pointer
            wrong = WrongPlace(pointer=pointer, code="text", message=message)
            raise Refusal(422, f"{pointer}: {message}", [wrong])


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _texts(document: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in a document with the path to it; an object's names come before what they hold, with its path."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            yield from ((path, name) for name in value)
            waiting += [((*path, name), item) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), item) for index, item in enumerate(value)]
