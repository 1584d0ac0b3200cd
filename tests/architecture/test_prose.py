"""Rules of style for the documents and for the texts that users read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source_tree import ROOT, relative, source_files

MOST_WORDS = 30
LINE_LENGTH = 120

# Words of translated English that say less than a noun would.
VAGUE = re.compile(r"\b(whoever|whomever|somebody|anybody|nobody|what is not said)\b", re.IGNORECASE)

RIDDLE = re.compile(r"(What|Who|Whom|Whose|Which|Whether|When|Where|How|Why|Is|Are|Imported)\b")

_TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_RECORDS = sorted((ROOT / "docs" / "decisions").glob("*.md"))

# A sentence ends with a period, question mark or exclamation mark and a capital or a quoted word after it.
_END = re.compile(r"(?<=[.!?])[)*\"]*\s+(?=[A-Z`*\"(\[«0-9λ])")
_WORD = re.compile(r"\w[\w'’./-]*")
_NEW_BLOCK = re.compile(r"\s*([-*>]|\d+\.)\s|\s*#|\s*$|\s*\*\*[^*]+\*\*$")


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a document outside code blocks and generated parts, tables included."""
    outside = True
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.lstrip().startswith("```") or re.match(r"<!-- [\w-]+:(begin|end) -->", line):
            outside = not outside
        elif outside:
            yield number, line


def blocks(path: Path) -> Iterator[tuple[int, str]]:
    """The paragraphs, list items and table cells of a document, with the number of their first line."""
    first, lines = 0, list[str]()
    for number, line in [*prose(path), (0, "")]:
        if line.lstrip().startswith("|"):
            yield from ((number, cell) for cell in line.split("|"))
            continue
        if _NEW_BLOCK.match(line) or not lines:
            if lines:
                yield first, " ".join(lines)
            first, lines = number, []
        if line.strip():
            lines.append(re.sub(r"^\s*([-*>]|\d+\.)\s+", "", line).strip())


def sentences(text: str) -> list[str]:
    """The sentences of a block; a code span and a link's target count as one word."""
    plain = re.sub(r"`[^`]*`", "Code", re.sub(r"\]\([^)]*\)", "]", text))
    return _END.split(plain)


def long_sentences(path: Path) -> list[str]:
    """The sentences of a document that have too many words, each with its place."""
    return [
        f"{relative(path)}:{number}: {sentence}"
        for number, text in blocks(path)
        for sentence in sentences(text)
        if len(_WORD.findall(sentence)) > MOST_WORDS
    ]


def test_sentences_of_the_documents_are_short() -> None:
    assert [each for path in [*_TEXTS, *_RECORDS] for each in long_sentences(path)] == []


def test_lines_of_the_documents_are_short() -> None:
    assert [
        f"{relative(path)}:{number}"
        for path in [*_TEXTS, *_RECORDS]
        for number, line in prose(path)
        if len(line) > LINE_LENGTH and not line.lstrip().startswith("|")
    ] == []


def test_the_documents_name_who_and_what() -> None:
    assert [
        f"{relative(path)}:{number}: {line}"
        for path in [*_TEXTS, *_RECORDS]
        for number, line in prose(path)
        if VAGUE.search(line)
    ] == []


def string_literals(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of more than a word in a source file, docstrings included, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def test_texts_of_the_program_name_who_and_what() -> None:
    assert [
        f"{relative(path)}:{number}: {text}"
        for path in source_files(".py")
        if relative(path).startswith(("service/", "engine/"))
        for number, text in string_literals(path)
        if VAGUE.search(text)
    ] == []


def test_modules_are_introduced_by_a_noun_or_a_verb() -> None:
    headers = {
        relative(path): ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        for path in source_files(".py")
        if relative(path).startswith(("service/", "engine/"))
    }
    assert [f"{name}: {text}" for name, text in headers.items() if RIDDLE.match(text)] == []
