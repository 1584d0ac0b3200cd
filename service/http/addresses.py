"""Client address of a request, also behind trusted proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from fastapi import Request

from service.http.connections import network_of
from service.settings import Network

__all__ = ["client_address", "is_trusted"]

_HEADER = "X-Forwarded-For"


def client_address(request: Request, trusted: Collection[Network]) -> str:
    """The address of the client, or its /64 network where that is IPv6, of which one client has all addresses.

    ``X-Forwarded-For`` counts only as far as trusted proxies have written it: from its end, up to the first address
    that is none of theirs.
    """
    address = "" if request.client is None else request.client.host
    forwarded = [each.strip() for value in request.headers.getlist(_HEADER) for each in value.split(",")]
    while forwarded and is_trusted(address, trusted) and _parsed(forwarded[-1]) is not None:
        address = forwarded.pop()
    return network_of(str(_parsed(address) or address))


def is_trusted(address: str, trusted: Collection[Network]) -> bool:
    """Whether this is the address of a trusted proxy."""
    found = _parsed(address)
    return found is not None and any(found in network for network in trusted)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
