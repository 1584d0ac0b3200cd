"""Every error the engine raises, and nothing else.

    EngineError
    ├── InvalidSpec          a specification that cannot be trained, with every problem found
    ├── InvalidData          arrays that do not form a data set
    └── InvalidCheckpoint    a stored state that does not fit the experiment

An experiment that diverges is a result (``stop_reason == "non_finite"``), not an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "EngineError",
    "InvalidCheckpoint",
    "InvalidData",
    "InvalidSpec",
    "SpecProblem",
    "did_you_mean",
]


# The time to compare grows faster than the length, and no allowed word is as long.
_LONGEST_WORD = 64


@dataclass(frozen=True, slots=True)
class SpecProblem:
    """One thing wrong with a specification.

    ``path`` leads from the top of the document to the value: ``("architecture", 0, "units")``.
    ``code`` is stable and meant for programs, ``message`` says what is allowed and is meant for people.
    """

    path: tuple[str | int, ...]
    code: str
    message: str

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer fragment (RFC 6901), ``#/architecture/0/units``."""
        parts = (str(part).replace("~", "~0").replace("/", "~1") for part in self.path)
        return "#" + "".join(f"/{part}" for part in parts)

    def below(self, *prefix: str | int) -> SpecProblem:
        """The same problem seen from further up the document."""
        return SpecProblem((*prefix, *self.path), self.code, self.message)


class EngineError(Exception):
    """Base of every error the engine raises."""


class InvalidSpec(EngineError, ValueError):
    """A specification with one or more problems; all of them are in ``problems``."""

    def __init__(self, problems: Iterable[SpecProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.pointer}: {problem.message}" for problem in self.problems))


class InvalidData(EngineError, ValueError):
    """Arrays that do not form a data set; ``field`` names the offending array or parameter."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")


class InvalidCheckpoint(EngineError, ValueError):
    """A stored state or checkpoint that cannot be read or does not fit the experiment."""


class Interrupted(EngineError):
    """The driver of the training has stopped it within an epoch."""


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """A sentence naming the closest allowed word, or an empty string where none is close."""
    close = difflib.get_close_matches(word[:_LONGEST_WORD].lower(), list(allowed), n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""
