"""What an endpoint asks of whoever calls it, and finding out who that is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from service.access.caller import LOCAL, Caller

__all__ = ["Reader", "Writer"]


async def _reader(_request: Request) -> Caller:
    return LOCAL


async def _writer(_request: Request) -> Caller:
    return LOCAL


Reader = Annotated[Caller, Depends(_reader)]
"""Somebody who may look at what is theirs."""

Writer = Annotated[Caller, Depends(_writer)]
"""Somebody who may make things, and change what is theirs."""
