"""What a program writes into the README stays between its marks."""

from pathlib import Path

import pytest

from scripts.readme import README, marks, write

BEGIN, END = marks("tour")


def test_writing_replaces_only_what_stands_between_the_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    write("tour", ["new"], readme)
    assert readme.read_text("utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_writing_refuses_a_document_without_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("no marks", "utf-8")
    with pytest.raises(SystemExit):
        write("tour", ["new"], readme)
    assert readme.read_text("utf-8") == "no marks"


@pytest.mark.parametrize("name", ["bench", "tour"])
def test_the_readme_has_the_marks_of_every_program(name: str) -> None:
    text = README.read_text("utf-8")
    assert [text.count(mark) for mark in marks(name)] == [1, 1]
