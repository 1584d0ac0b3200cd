"""Requests byte by byte, such as no client would send them."""

import json
import socket
import urllib.parse
from typing import Any

from tests.end_to_end.harness import Service

__all__ = ["request", "sent"]


def request(
    service: Service, method: str, path: str, content: bytes, headers: dict[str, str]
) -> socket.socket:
    """Return a connection on which these very bytes were sent; the length is that of the content unless given."""
    address = urllib.parse.urlsplit(service.address)
    headers = {"Host": address.netloc, "Content-Length": str(len(content)), **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    connection = socket.create_connection((str(address.hostname), address.port or 0))
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
    return connection


def sent(
    service: Service, method: str, path: str, content: bytes, headers: dict[str, str]
) -> tuple[int, Any]:
    """Return the answer's status and document."""
    with request(service, method, path, content, headers) as connection:
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < length_of(answer):
            piece = connection.recv(65536)
            assert piece, answer
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def length_of(answer: bytes) -> int:
    head = answer.partition(b"\r\n\r\n")[0].lower()
    return int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
