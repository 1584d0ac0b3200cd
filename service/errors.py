"""Errors of the service, independent of HTTP.

    ServiceError
    ├── Damaged             stored bytes differ from what was stored
    ├── Conflict            the resource's state does not allow the request
    ├── InvalidParameter    an invalid query parameter or header
    ├── NoRoom              the database's disk is full, or almost
    ├── NotFound            no such resource
    ├── Outdated            the resource has changed since the client read it
    └── TooMany             the owner's limit is reached

A specification that cannot be trained is ``engine.errors.InvalidSpec``: it carries one problem per invalid place.
"""

from __future__ import annotations

__all__ = [
    "Conflict",
    "Damaged",
    "InvalidParameter",
    "NoRoom",
    "NotFound",
    "Outdated",
    "ServiceError",
    "TooMany",
]


class ServiceError(Exception):
    """Base of everything the service refuses; the message is written for the person who asked."""


class NotFound(ServiceError):
    """No such resource."""


class NoRoom(ServiceError):
    """The disk of the database is full, or so full that this is better not stored."""


class Damaged(ServiceError):
    """Stored bytes are not those that were stored: ``what`` they are, and ``way_out``, what to do about it."""

    def __init__(self, what: str, way_out: str) -> None:
        self.what = what
        super().__init__(f"{what} is damaged: its bytes differ from those that were stored. {way_out}")


class Conflict(ServiceError):
    """The thing asked for does not fit the state the resource is in."""


class Outdated(ServiceError):
    """The resource has changed since the version that the client's change refers to."""


class TooMany(ServiceError):
    """More than one owner may have at a time; trying again is worth it after ``retry_after_seconds``."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class InvalidParameter(ServiceError):
    """A query parameter or header, named ``parameter``, that cannot be understood; ``code`` is meant for programs."""

    def __init__(self, parameter: str, code: str, message: str) -> None:
        self.parameter = parameter
        self.code = code
        super().__init__(message)
