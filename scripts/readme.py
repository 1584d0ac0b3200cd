"""Text in README.md that a program writes: it stands between two marks with the program's name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["README", "marks", "row", "write"]

README = Path(__file__).resolve().parent.parent / "README.md"


def marks(name: str) -> tuple[str, str]:
    """The comments before and after a program's text."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def write(name: str, lines: Sequence[str], readme: Path = README) -> None:
    """Put the lines between the document's two marks of that name; ends the program where there are none."""
    begin, end = marks(name)
    text = readme.read_text("utf-8")
    if text.count(begin) != 1 or text.count(end) != 1:
        sys.exit(f"{readme} needs one {begin} and one {end}.")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    readme.write_text("\n".join([before + begin, *lines, end + after]), "utf-8")


def row(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(cells)} |"
