"""The form of a warning about a specification."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Path", "SpecWarning"]

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class SpecWarning:
    """Something that is allowed and probably not meant."""

    code: str
    path: Path
    message: str
