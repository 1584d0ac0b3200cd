"""A figure beside what it should be, and the table of them all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.engine.report import processor
from scripts.readme import row

__all__ = ["MS", "Figure", "kept", "lines", "percentile"]

MS = 1000
"""Milliseconds in a second."""

Figures = dict[str, list["Figure"]]


@dataclass(frozen=True)
class Figure:
    """What was measured; ``target`` is the largest value that is good enough, the smallest where ``at_least``."""

    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    def cells(self) -> list[str]:
        """The row of a table."""
        sign = "≥" if self.at_least else "≤"
        target = "" if self.target is None else f"{sign} {spelled(self.target, self.unit)}"
        verdict = {True: "✓", False: "✗", None: ""}[self.reached]
        return [self.what, target, f"{spelled(self.value, self.unit)} {verdict}".strip(), self.note]


def spelled(value: float, unit: str) -> str:
    """Three digits that say something, thousands apart; one more of a ratio close to 1."""
    limits = ((2 if unit == "×" else 0, 3), (10, 2), (100, 1))
    digits = next((digits for limit, digits in limits if value < limit), 0)
    return f"{value:,.{digits}f} {unit}"


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of all do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def kept(path: Path, measured: Mapping[str, Sequence[Figure]]) -> Figures:
    """What earlier runs have left at ``path``, part by part, replaced by what was measured now, and written back."""
    before = json.loads(path.read_text("utf-8")) if path.exists() else {}
    found = {part: [Figure(**one) for one in figures] for part, figures in before.items()}
    found |= {part: list(figures) for part, figures in measured.items()}
    documents = {part: [asdict(one) for one in figures] for part, figures in found.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(documents, indent=1), "utf-8")
    return found


def lines(figures: Sequence[Figure]) -> list[str]:
    """The table, what was missed, and the machine."""
    table = [row(["figure", "target", "measured", "how"]), row(["---", "--:", "--:", "---"])]
    judged = [each for each in figures if each.reached is not None]
    missed = [each.what for each in judged if not each.reached]
    outcome = f"{len(judged) - len(missed)} of {len(judged)} targets reached"
    outcome += f"; not: {'; '.join(missed)}." if missed else "."
    machine = f"Measured on {os.cpu_count()} cores of {processor()}."
    return [*table, *(row(each.cells()) for each in figures), "", outcome, machine]
