"""The index of the decision records lists each of them once, with its title, status and date."""

import re

from tests.architecture.source_tree import ROOT

FOLDER = ROOT / "docs" / "decisions"


def test_the_index_is_complete_and_numbers_are_unique() -> None:
    rows = []
    for path in sorted(FOLDER.glob("[0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        number, title = text.partition("\n")[0].removeprefix("# ").split(" ", 1)
        assert path.name.startswith(f"{number}-")
        status = (
            "amended" if re.search(r"^\*\*(Later|Amended|Since)\.\*\*", text, re.MULTILINE) else "as decided"
        )
        rows.append(f"| [{number}]({path.name}) | {title} | {status}")
    assert len({row[:7] for row in rows}) == len(rows)
    index = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    listed = [line.rsplit(" | ", 1) for line in index if line.startswith("| [")]
    assert [row for row, _ in listed] == rows
    assert [date for _, date in listed if not re.fullmatch(r"20\d\d-[01]\d-[0-3]\d \|", date)] == []
