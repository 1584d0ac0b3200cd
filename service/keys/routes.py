"""Endpoints of keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Body, Path, Query, Response
from fastapi.openapi.models import Example

from service.access.authentication import Administrator, KeyGate
from service.access.pepper import PepperError
from service.http.pagination import NEWEST_FIRST
from service.http.problems import Refusal
from service.http.responses import problems
from service.http.route import StrictRoute
from service.http.sessions import QuickReading, QuickTransaction, Reading
from service.keys import service
from service.keys.presentation import key_document, list_document
from service.keys.schemas import KeyDocument, KeyList, KeyRead, KeyWithToken
from service.keys.submission import read_new_key

__all__ = ["router"]

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/keys", tags=["Keys"], route_class=StrictRoute)

KeyId = Annotated[str, Path(description="The `id` from creating or listing keys; never the whole key.")]

_EXAMPLES: dict[str, Example] = {
    "course": {
        "summary": "A key for a student of a course",
        "value": {"owner": "ann", "name": "course 7", "limits": {"queued": 100}},
    },
    "look": {"summary": "A read-only key", "value": {"owner": "ann", "scopes": ["read"]}},
}


@router.post(
    "",
    operation_id="createKey",
    summary="Create an API key",
    status_code=201,
    response_model=KeyWithToken,
    response_model_exclude_unset=True,
    response_description="The key and its token, which is shown only once.",
    responses=problems(400, 413, 415, 422, 503),
)
def create_key(
    document: Annotated[KeyDocument, Body(openapi_examples=_EXAMPLES)],
    caller: Administrator,
    gate: KeyGate,
    session: QuickTransaction,
    response: Response,
) -> Any:
    """A request with the token acts for the key's owner. An owner exists as soon as it has a key.

    A key created while `TRAINYARD_AUTH` is off is invalid once it is on, until the operator confirms it.
    """
    new = read_new_key(document)
    try:
        pepper = gate.pepper()
    except PepperError as error:
        raise Refusal(503, str(error)) from error
    made = service.create(session, pepper, new, confirmed=not gate.is_open)
    log.info(
        "key created", key_id=made.row.id, owner=made.row.owner, scopes=made.row.scopes, by=caller.key_id
    )
    response.headers["Location"] = f"/v1/keys/{made.row.id}"
    response.headers["Cache-Control"] = "no-store"
    return {**key_document(made.row), "token": made.token}


@router.get(
    "",
    operation_id="listKeys",
    summary="List keys",
    response_model=KeyList,
    response_model_exclude_unset=True,
    response_description="A page of all owners' keys, newest first by default.",
    responses=problems(422),
)
def list_keys(
    _caller: Administrator,
    session: Reading,
    *,
    sort: Annotated[
        Literal["-created_at", "created_at"], Query(description="Newest or oldest first.")
    ] = NEWEST_FIRST,
    limit: Annotated[int, Query(ge=1, le=100, description="Maximum number of keys in the page.")] = 20,
    after: Annotated[str | None, Query(description="`next` of the previous page.")] = None,
) -> Any:
    """Includes revoked and expired keys. Secrets are neither stored nor shown."""
    return list_document(service.list_page(session, sort=sort, limit=limit, after=after))


@router.get(
    "/{key_id}",
    operation_id="getKey",
    summary="Get an API key",
    response_model=KeyRead,
    response_model_exclude_unset=True,
    response_description="Its owner, scopes and expiry.",
    responses=problems(404),
)
def get_key(key_id: KeyId, _caller: Administrator, session: QuickReading) -> Any:
    """Does not include its secret."""
    return key_document(service.read(session, key_id))


@router.post(
    "/{key_id}/revoke",
    operation_id="revokeKey",
    summary="Revoke an API key",
    response_model=KeyRead,
    response_model_exclude_unset=True,
    response_description="The key is revoked.",
    responses=problems(404, 422),
)
def revoke_key(key_id: KeyId, caller: Administrator, session: QuickTransaction) -> Any:
    """The key is refused from the next request on. Everything created with it stays. Repeating is harmless."""
    revoked = service.revoke(session, key_id)
    log.info("key revoked", key_id=revoked.id, owner=revoked.owner, by=caller.key_id)
    return key_document(revoked)
