"""Who asks: the owner of everything they make and of all that they see, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["LOCAL", "LOCAL_OWNER", "SCOPES", "Caller", "Scope"]

Scope = Literal["read", "write", "admin"]

SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
"""What a key may allow, none of them part of another: to look, to make and change, to make and revoke keys."""

LOCAL_OWNER = "local"
"""Whom everything belongs to that is made while nobody has to say who they are."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request. They see what belongs to ``owner``; to them there is nothing else."""

    owner: str
    scopes: frozenset[Scope]
    key_id: str | None = None


LOCAL = Caller(LOCAL_OWNER, frozenset(SCOPES))
"""Everybody, while nobody has to say who they are."""
