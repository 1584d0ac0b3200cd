"""The form of a warning about a specification."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import SpecProblem

__all__ = ["Path", "SpecWarning"]

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class SpecWarning:
    """Something that is allowed and probably not meant."""

    code: str
    path: Path
    message: str

    def document(self) -> dict[str, str]:
        """Return the warning as JSON, with a JSON Pointer to the field."""
        pointer = SpecProblem(self.path, self.code, self.message).pointer
        return {"pointer": pointer, "code": self.code, "message": self.message}
