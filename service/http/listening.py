"""Sockets of the API, opened first to report a port in use at once."""

from __future__ import annotations

import errno
import os
import socket

__all__ = ["ListenError", "listen"]

BACKLOG = 2048


class ListenError(Exception):
    """The address cannot be listened on; the message says why, for people."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of the host, all on one port; connections wait in them.

    Port 0 takes a free one. Raises ListenError.
    """
    try:
        addresses = dict.fromkeys(
            (family, address)
            for family, _, _, _, address in socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        )
        sockets: list[socket.socket] = []
        for family, address in addresses:
            chosen = sockets[0].getsockname()[1] if sockets else port
            sockets.append(_listen(family, (address[0], chosen, *address[2:])))
    except OSError as error:
        raise ListenError(_reason(error, host, port)) from error
    return sockets


def _listen(family: int, address: tuple[object, ...]) -> socket.socket:
    # Naming the protocol matters: asyncio sends small answers without delay only on sockets that say TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _reason(error: OSError, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror):
        return f"TRAINYARD_HOST: {host} is not an address of this machine."
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use. Set TRAINYARD_PORT to another port (0 picks a free one)."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"TRAINYARD_HOST: {host} is not an address of this machine."
    if error.errno == errno.EACCES:
        return f"This user may not use port {port}. Set TRAINYARD_PORT to a port above 1023."
    return f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}."
