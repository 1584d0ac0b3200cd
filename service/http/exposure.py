"""Exposure of a service without authentication: to this machine alone, or to its network."""

from __future__ import annotations

import ipaddress
import re

from service.settings import Settings

__all__ = ["EXPOSED", "ExposedError", "is_loopback", "names_of", "refuse_exposure", "without_port"]

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

EXPOSED = (
    "TRAINYARD_HOST is {host}, which other machines can reach, and TRAINYARD_AUTH is off: anyone on that "
    "network could read, change and delete everything. Set TRAINYARD_AUTH=on and create a key with: "
    "trainyard keys create. To allow open access anyway, set TRAINYARD_OPEN_TO_EVERYONE=true."
)

ANY_PAGE = (
    "TRAINYARD_CORS_ORIGINS is * and TRAINYARD_AUTH is off: any web page opened in a browser on this "
    "machine could read, change and delete everything. List the origins, or set TRAINYARD_AUTH=on. To "
    "allow open access anyway, set TRAINYARD_OPEN_TO_EVERYONE=true."
)

_PORT = re.compile(":[0-9]*$")


class ExposedError(Exception):
    """The service would let everybody in who can reach it; the message says what to do, for people."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def refuse_exposure(settings: Settings) -> None:
    """Raise ExposedError if the service is open to others without explicit confirmation."""
    if settings.auth == "off" and not is_loopback(settings.host) and not settings.open_to_everyone:
        raise ExposedError(EXPOSED.format(host=settings.host or "empty"))
    if settings.auth == "off" and "*" in settings.cors_origins and not settings.open_to_everyone:
        raise ExposedError(ANY_PAGE)


def names_of(settings: Settings) -> frozenset[str] | None:
    """The names under which a service that lets everybody in is asked; None where any will do.

    A web page can have its own name lead to this machine, and its scripts then speak with what listens here as if it
    were theirs (DNS rebinding). What they cannot do is to send another name than their own.
    """
    if settings.auth == "on" or not is_loopback(settings.host):
        return None
    host = settings.host.lower()
    return LOCAL_NAMES | {f"[{host}]" if ":" in host else host}


def without_port(host: str) -> str:
    """The name of a Host header."""
    return _PORT.sub("", host).lower()
