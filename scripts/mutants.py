"""Break the engine's arithmetic in many small ways and see that the tests notice each.

    python -m scripts.mutants                  every mutant of the penalties, stopping, initializers and optimizers
    python -m scripts.mutants engine/network/losses.py --every 3
    python -m scripts.mutants --hand-made       the faults of scripts/hand_made_mutants.toml

An automatic mutant is one change of one expression: + for -, < for <=, np.maximum for np.minimum, another constant, a
negated condition, a call left out of a list of calls. Each is put into a copy of the engine and tested there, first by
the tests that its file is most likely to fail. A mutant that no test can catch because it changes no result is listed
in ``scripts/equivalent_mutants.toml`` with the reason.

A hand-made mutant is a fault that a person would make, such as the weights of the wrong epoch. It is tested only by the
test files that its entry names, since these must notice it.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from typing_extensions import override

ROOT = Path(__file__).parents[1]
STEPS, TRUTH = "tests/truth/test_train_steps.py", "tests/truth/test_"
FILES = {
    "engine/optimization/penalties.py": (STEPS,),
    "engine/training/stopping.py": (f"{TRUTH}early_stopping.py",),
    "engine/network/initializers.py": (f"{TRUTH}initializers.py",),
    "engine/optimization/optimizers.py": (STEPS,),
    "engine/optimization/blocks.py": (STEPS,),
}
"""The files that are broken unless others are named, each with the tests that are run before all."""

# Without what tests the Makefile and takes long, and without the fixtures of databases.
TESTS = ("tests/engine", "tests/truth", "--ignore=tests/truth/test_folder.py")
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "--confcutdir=tests/truth")
# A busy machine is slow; only a mutant that never ends takes so long.
SECONDS = 900

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
}
_FUNCTIONS = {
    "add": "subtract",
    "subtract": "add",
    "multiply": "divide",
    "divide": "multiply",
    "maximum": "minimum",
    "minimum": "maximum",
    "sqrt": "square",
    "square": "sqrt",
    "sign": "negative",
    "negative": "positive",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file's source with a fault; ``line`` is the text of the original line.

    ``tests`` are run one after another until one fails.
    """

    file: str
    number: int
    line: str
    change: str
    source: str
    tests: tuple[Sequence[str], ...]

    @override
    def __str__(self) -> str:
        return f"{self.file}:{self.number}  {self.change:<28} {self.line}"


def mutants(file: str) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its lines."""
    source = (ROOT / file).read_text()
    tests = tuple(each for each in (FILES.get(file), TESTS) if each)
    tree, lines = ast.parse(source), source.splitlines()
    skipped = {id(part) for node in ast.walk(tree) for part in _without_effect(node)}
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for change, replaced in (*_changes(node), *_left_out(node)):
            mutated = copy.deepcopy(tree)
            target = next(found for at, found in enumerate(ast.walk(mutated)) if at == index)
            for name, value in replaced.items():
                setattr(target, name, value)
            number = getattr(node, "lineno", 0)
            yield Mutant(file, number, lines[number - 1].strip(), change, ast.unparse(mutated), tests)


def _without_effect(node: ast.AST) -> Iterator[ast.AST]:
    """What lies in annotations and decorators, which compute nothing, and zip's ``strict``, which only checks."""
    parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    if isinstance(node, ast.keyword) and node.arg == "strict":
        parts.append(node.value)
    for part in (*parts, *getattr(node, "decorator_list", ())):
        if part is not None:
            yield from ast.walk(part)


def _changes(node: ast.AST) -> Iterator[tuple[str, dict[str, object]]]:
    """What changes, and the new attributes of the node."""
    match node:
        case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in _OPERATORS:
            other = _OPERATORS[type(op)]
            yield f"{type(op).__name__} -> {other.__name__}", {"op": other()}
        case ast.Compare(ops=[op]) if type(op) in _OPERATORS:
            other = _OPERATORS[type(op)]
            yield f"{type(op).__name__} -> {other.__name__}", {"ops": [other()]}
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield "- -> +", {"op": ast.UAdd()}
        case ast.Attribute(value=ast.Name(id="np"), attr=name) if other_name := _FUNCTIONS.get(name):
            yield f"np.{name} -> np.{other_name}", {"attr": other_name}
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", {"value": not value}
        case ast.Constant(value=int() | float() as number):
            yield f"{number} -> {number + 1}", {"value": number + 1}
        case ast.IfExp(test=test) | ast.If(test=test):
            yield "condition negated", {"test": ast.UnaryOp(ast.Not(), copy.deepcopy(test))}


def _left_out(node: ast.AST) -> Iterator[tuple[str, dict[str, object]]]:
    """The same for a list of calls: every call is left out once."""
    if isinstance(node, ast.List):
        for index, element in enumerate(node.elts):
            if isinstance(element, ast.Call):
                yield f"call {index + 1} left out", {"elts": node.elts[:index] + node.elts[index + 1 :]}


def hand_made() -> Iterator[Mutant]:
    """The mutants of the list; ends the program where the engine no longer has the text that one changes."""
    entries = tomllib.loads((ROOT / "scripts" / "hand_made_mutants.toml").read_text())["mutant"]
    stale = [each for each in entries if (ROOT / each["file"]).read_text().count(each["old"]) != 1]
    if stale:
        raise SystemExit("\n".join(f"{each['file']} should have once: {each['old']}" for each in stale))
    for entry in entries:
        source = (ROOT / entry["file"]).read_text()
        number = source[: source.index(entry["old"])].count("\n") + 1
        line = source.splitlines()[number - 1].strip()
        changed = source.replace(entry["old"], entry["new"])
        yield Mutant(entry["file"], number, line, entry["fault"], changed, (entry["tests"],))


def survives(mutant: Mutant, copies: SimpleQueue[Path]) -> bool:
    """Whether every test passes although the engine is broken."""
    folder = copies.get()
    original = (folder / mutant.file).read_text()
    try:
        (folder / mutant.file).write_text(mutant.source)
        return all(passes(folder, tests) for tests in mutant.tests)
    finally:
        (folder / mutant.file).write_text(original)
        copies.put(folder)


def passes(folder: Path, tests: Sequence[str]) -> bool:
    """Whether the tests pass in a copy; one that hangs does not."""
    command = [sys.executable, "-m", "pytest", *OPTIONS, *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(  # noqa: S603 - our own tests
            command, cwd=folder, env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return ran.returncode == 0


def _copy(folder: Path, tests: Sequence[str]) -> Path:
    """A copy of the engine and its tests, which must pass; what else they read is linked."""
    folder.mkdir()
    for path in ROOT.glob("[!.]*"):
        if path.name in {"engine", "tests"}:
            shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / path.name).symlink_to(path)
    if not passes(folder, tests):
        raise SystemExit(f"The tests fail although nothing is broken: {' '.join(tests)}")
    return folder


def _equivalents() -> set[tuple[str, str, str]]:
    entries = tomllib.loads((ROOT / "scripts" / "equivalent_mutants.toml").read_text())["mutant"]
    return {(entry["file"], entry["line"], entry["change"]) for entry in entries}


def main() -> None:
    """Report every mutant; exit with 1 if one survives that is not known to be equivalent."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", default=[*FILES])
    parser.add_argument("--hand-made", action="store_true", help="only the faults of the list made by hand")
    parser.add_argument("--every", type=int, default=1, help="take only every so manieth mutant")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    known = _equivalents()
    automatic = (mutant for file in arguments.files for mutant in mutants(file))
    chosen = [*(hand_made() if arguments.hand_made else automatic)][:: arguments.every]
    tests = sorted(
        {test for each in chosen for run in each.tests for test in run if not test.startswith("-")}
    )
    equivalent = [each for each in chosen if (each.file, each.line, each.change) in known]
    tested = [each for each in chosen if each not in equivalent]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(arguments.processes) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(arguments.processes):
            copies.put(_copy(Path(folder) / str(number), tests if arguments.hand_made else TESTS))
        survivors = []
        for mutant, survived in zip(
            tested, pool.map(lambda each: survives(each, copies), tested), strict=True
        ):
            print("SURVIVED" if survived else "caught  ", mutant, flush=True)
            survivors += [mutant] * survived
    caught = len(tested) - len(survivors)
    print(
        f"\n{len(chosen)} mutants: {caught} caught, {len(equivalent)} equivalent, {len(survivors)} survived"
    )
    raise SystemExit(1 if survivors else 0)


if __name__ == "__main__":
    main()
