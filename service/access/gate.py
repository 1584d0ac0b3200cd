"""Gate in front of every endpoint: authenticates the caller and checks scope and rate limit."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from fastapi import Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from service.access import tokens
from service.access.caller import LOCAL_OWNER, SCOPES, Caller, Limits, Scope
from service.access.pepper import read_pepper
from service.access.rate_limit import TokenBuckets
from service.http.addresses import client_address
from service.http.problems import Refusal
from service.settings import Settings
from service.storage.database import Database

__all__ = ["Gate", "Identify", "check_scope"]

_HEADER = "Authorization"
_REALM = 'Bearer realm="trainyard"'
_HOW = "Send it as the header Authorization: Bearer key_….…; the service's operator issues keys."

Identify = Callable[[Session, bytes, str, Limits], Caller | None]
"""Takes a session, the pepper, a token and the default limits; returns None if the token is not valid."""

log = structlog.get_logger(__name__)


class Gate:
    """Admits callers, or raises Refusal; with ``auth`` off it admits every request.

    ``identify`` finds the caller who shows a token. Raises PepperError if ``auth`` is on and there is no pepper.
    """

    def __init__(self, settings: Settings, database: Database, identify: Identify) -> None:
        self._settings = settings
        self._database = database
        self._identify = identify
        self._pace = TokenBuckets()
        self._failures = TokenBuckets()
        self._pepper: bytes | None = None
        self.limits = Limits(
            queued=settings.max_queued_per_owner,
            stored_bytes=settings.max_stored_bytes_per_owner,
            parameter_epochs=settings.max_parameter_epochs,
            time_limit_seconds=settings.max_time_limit,
            estimated_seconds=settings.max_estimated_seconds,
            memory_bytes=settings.max_memory,
            requests_per_minute=settings.max_requests_per_minute,
        )
        self._everybody = Caller(LOCAL_OWNER, frozenset(SCOPES), limits=self.limits)
        self.is_open = settings.auth == "off"
        if not self.is_open:
            self.pepper()

    def pepper(self) -> bytes:
        """The pepper that keys are hashed with; raises PepperError."""
        if self._pepper is None:
            self._pepper = read_pepper(self._settings)
        return self._pepper

    async def admit(self, request: Request, scope: Scope) -> Caller:
        """Return the sender of the request, which needs this scope; raises Refusal."""
        caller = self._everybody if self.is_open else await self._identified(request)
        if caller.experiment_id is not None and not _is_shown(request, scope, caller.experiment_id):
            raise _beyond_link(caller.experiment_id)
        check_scope(caller, scope)
        per_minute = caller.limits.requests_per_minute
        if per_minute is not None and (seconds := self._pace.take(caller.key_id or "", per_minute)):
            detail = f"This API key may send {per_minute:,} requests per minute. Try again in {seconds} s."
            raise Refusal(429, detail, headers={"Retry-After": str(seconds)})
        return caller

    def requests_left(self, caller: Caller) -> int | None:
        """Number of requests a caller may send right now; None means unlimited."""
        per_minute = caller.limits.requests_per_minute
        return None if per_minute is None else int(self._pace.left(caller.key_id or "", per_minute))

    async def _identified(self, request: Request) -> Caller:
        given = request.headers.getlist(_HEADER)
        if not given:
            raise self._failed(request, f"This service requires an API key. {_HOW}", _REALM)
        scheme, _, token = given[0].partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
            detail = f"The {_HEADER} header must be Bearer followed by an API key. {_HOW}"
            raise self._failed(request, detail, f'{_REALM}, error="invalid_request"')
        if self._database.is_sqlite:  # one row by its key: no thread is worth its while
            caller = self._find(token.strip())
        else:
            caller = await run_in_threadpool(self._find, token.strip())
        # A connection without a valid key may not be idle for long.
        if (visitor := getattr(request.state, "visitor", None)) is not None:
            visitor.has_key = caller is not None
        if caller is None:
            detail = (
                "Invalid API key: unknown, revoked or expired, or created while TRAINYARD_AUTH was off "
                "and not confirmed since (trainyard keys confirm). Ask the service's operator for a new "
                "key."
            )
            challenge = f'{_REALM}, error="invalid_token"'
            raise self._failed(request, detail, challenge, tokens.key_id_of(token.strip()))
        return caller

    def _failed(self, request: Request, detail: str, challenge: str, key_id: str | None = None) -> Refusal:
        """The refusal of a request without a valid key, of which each address and each key id may fail some.

        A valid key never comes here, however many requests of its address, or with its id, have failed.
        """
        most = self._settings.max_failed_keys_per_minute
        address = client_address(request, self._settings.trusted_proxies)
        log.warning("key refused", key_id=key_id, client=address, reason=challenge.removeprefix(_REALM)[2:])
        for name in (address, key_id):
            if most is not None and name is not None and (seconds := self._failures.take(name, most)):
                detail = (
                    f"Too many requests without a valid API key. Try again in {seconds} s, or send a valid "
                    "key."
                )
                return Refusal(429, detail, headers={"Retry-After": str(seconds)})
        return Refusal(401, detail, headers={"WWW-Authenticate": challenge})

    def _find(self, token: str) -> Caller | None:
        with self._database.reading() as session:
            return self._identify(session, self.pepper(), token, self.limits)


def check_scope(caller: Caller, scope: Scope, what: str = "this request", otherwise: str = "") -> None:
    """Raise Refusal unless the caller has the scope that ``what`` needs; ``otherwise`` names another way out."""
    if scope not in caller.scopes:
        log.warning("key refused", key_id=caller.key_id, owner=caller.owner, reason=f"no scope {scope}")
        raise _forbidden(caller, scope, what, otherwise)


def _is_shown(request: Request, scope: Scope, experiment_id: str) -> bool:
    """Whether a request reads this one experiment, or something of it."""
    return (
        scope == "read"
        and request.method == "GET"
        and request.url.path.startswith("/v1/experiments/")
        and request.path_params.get("experiment_id") == experiment_id
    )


def _beyond_link(experiment_id: str) -> Refusal:
    this = f"/v1/experiments/{experiment_id}"
    detail = f"This token reads one experiment only: GET {this}, its metrics, events and checkpoints."
    return Refusal(
        403, detail, headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="read"'}
    )


def _forbidden(caller: Caller, scope: Scope, what: str, otherwise: str) -> Refusal:
    allowed = " and ".join(sorted(caller.scopes))
    detail = (
        f"This API key has the scopes {allowed}, and {what} needs {scope}. "
        f"Use a key with the scope {scope}{otherwise}."
    )
    return Refusal(
        403, detail, headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{scope}"'}
    )
