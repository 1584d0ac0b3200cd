"""Read answers from a socket."""

import json
import re
import socket
from typing import Any


def read_all(connection: socket.socket) -> bytes:
    """Everything until the service ends the connection."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def problem_in(answer: bytes, status: int) -> Any:
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line.startswith(f"HTTP/1.1 {status} ")
    given = dict(header.split(": ", 1) for header in headers)
    assert given["content-type"] == "application/problem+json"
    assert given["connection"] == "close"
    assert given["x-content-type-options"] == "nosniff"
    assert int(given["content-length"]) == len(body)
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["request_id"] == given["x-request-id"]
    return problem


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]
