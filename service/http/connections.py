"""Limits on open connections: by client address, and by the process's file descriptors."""

from __future__ import annotations

import ipaddress
import resource
import time
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog

__all__ = ["ConnectionPool", "Entry", "Visitor", "network_of", "raise_descriptor_limit"]

SPARE_DESCRIPTORS = 128
"""File descriptors reserved for the database, files and responses; a quarter of the limit if that is less."""

LOG_SECONDS = 60.0
"""Minimum seconds between two log lines of one kind."""

log = structlog.get_logger(__name__)

Entry = Literal["admitted", "address_full", "full", "cut_off"]
"""Decision on a new connection. A connection that is cut off gets no response."""


@dataclass(slots=True)
class Visitor:
    """The client at the other end of a connection."""

    is_proxy: bool = False
    """Whether the client is a trusted proxy, which stands for many clients."""

    has_key: bool = False
    """Whether the last request that needed an API key had a valid one."""


class Member(Protocol):
    """A connection in the pool."""

    network: str
    """The name the connection is counted under; empty for a trusted proxy."""

    idle_since: float | None

    def end_idle(self) -> None:
        """Close the connection, on which no request is under way."""


class ConnectionPool:
    """All connections of a server. Where there are too many, the one that has been idle longest is closed.

    A new connection is refused only if there are too many and all of them are busy.
    """

    def __init__(self, most_per_address: int, idle_seconds: float, keyless_idle_seconds: float) -> None:
        self._most_per_address = most_per_address
        self._idle_seconds = idle_seconds
        self._keyless_idle_seconds = keyless_idle_seconds
        self._networks: dict[str, dict[Member, None]] = {}
        self._idle: dict[Member, None] = {}
        """Idle connections, longest idle first."""
        self._open: set[Member] = set()
        self._ending: set[Member] = set()
        """Connections the pool has closed but not yet removed; their descriptors are about to be free."""
        self._other_descriptors = 0
        """Estimate of the descriptors in use for other purposes."""
        self._logged: dict[str, float] = {}
        self._unlogged: dict[str, int] = {}
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most_descriptors = limit if limit != resource.RLIM_INFINITY else 2**31
        self._spare = min(SPARE_DESCRIPTORS, self._most_descriptors // 4)

    def idle_seconds(self, visitor: Visitor) -> float:
        """Return how long a connection may be idle."""
        return self._idle_seconds if visitor.has_key or visitor.is_proxy else self._keyless_idle_seconds

    def enter(self, member: Member, descriptor: int) -> Entry:
        """Add a new connection, which is idle, and say whether it may stay."""
        # The kernel gives out the lowest number that is free: all below are in use, by connections or other things.
        self._other_descriptors = max(self._other_descriptors, descriptor - len(self._open))
        self._open.add(member)
        entry = self._entry(member.network)
        self._networks.setdefault(member.network, {})[member] = None
        if entry == "admitted":
            self.rest(member)
        return entry

    def leave(self, member: Member) -> None:
        """Forget a connection that has ended."""
        self._open.discard(member)
        self._ending.discard(member)
        self._forget(member)

    def _forget(self, member: Member) -> None:
        self.work(member)
        members = self._networks.get(member.network, {})
        members.pop(member, None)
        if not members:
            self._networks.pop(member.network, None)

    def rest(self, member: Member) -> None:
        """Note that a connection is idle from now on."""
        self.work(member)
        member.idle_since = time.monotonic()
        self._idle[member] = None

    def work(self, member: Member) -> None:
        """Note that a connection is not idle any more."""
        member.idle_since = None
        self._idle.pop(member, None)

    def _entry(self, network: str) -> Entry:
        members = self._networks.get(network, {})
        if network and len(members) >= self._most_per_address:
            idle = [(each.idle_since, each) for each in members if each.idle_since is not None]
            if not idle:
                self._say("refused a connection: too many from its address", address=network)
                return "address_full" if len(members) < 2 * self._most_per_address else "cut_off"
            self._end(min(idle, key=lambda pair: pair[0])[1])
            self._say("closed an idle connection: too many from its address", address=network)
        in_use = self._other_descriptors + len(self._open) - len(self._ending)
        left = self._most_descriptors - in_use
        if left <= self._spare:
            if not self._idle:
                self._say("refused a connection: few file descriptors left and no idle connection", left=left)
                return "full" if left > self._spare // 2 else "cut_off"
            self._end(next(iter(self._idle)))
            self._say("closed the longest idle connection: few file descriptors left", left=left)
        return "admitted"

    def _end(self, member: Member) -> None:
        self._forget(member)
        self._ending.add(member)
        member.end_idle()

    def _say(self, event: str, **values: object) -> None:
        """Log a warning, unless one of its kind was logged a moment ago; the next one counts those left out."""
        now = time.monotonic()
        if now - self._logged.get(event, -LOG_SECONDS) < LOG_SECONDS:
            self._unlogged[event] = self._unlogged.get(event, 0) + 1
            return
        self._logged[event] = now
        log.warning(event, **values, not_logged_before=self._unlogged.pop(event, 0))


def network_of(host: str) -> str:
    """Return what counts as one address: an IPv4 address, or an IPv6 network of 64 bits, which is one site."""
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    return str(ipaddress.IPv6Network((int(address), 64), strict=False))


def raise_descriptor_limit() -> None:
    """Allow this process, and those that it starts, as many open files as the system lets it have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        log.warning("cannot raise the limit of open files", limit=soft, reason=str(error))
        return
    log.info("raised the limit of open files", before=soft, limit=hard)
