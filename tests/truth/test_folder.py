"""`make truth` on other folders: what is there runs and is counted, what is not is left out, nothing is a failure."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.truth import oracle

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def make_truth(folder: str) -> subprocess.CompletedProcess[str]:
    """Run the target from the root with this interpreter, its set-up taken as done."""
    return subprocess.run(
        [
            "make",
            "--no-print-directory",
            "--old-file=.venv/stamps/test",
            f"BIN={Path(sys.executable).parent}",
            "truth",
            "PYTEST_ARGS=",
            f"TRUTH_DIR={folder}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def copy_cases(folder: Path, name: str, count: int, key: str = "cases", **changes: Any) -> None:
    """Write the first cases of an oracle file into the folder, each with the changes."""
    document = json.loads((HERE / name).read_text())
    document = {key: [case | changes for case in document[key][:count]]}
    (folder / name).write_text(json.dumps(document))


def test_the_last_lines_count_the_cases_and_say_what_is_not_compared(tmp_path: Path) -> None:
    """On a relative folder, which is looked for where make runs."""
    copy_cases(tmp_path, "losses.json", 3)
    copy_cases(tmp_path, "train_steps.json", 2)
    copy_cases(tmp_path, "convex_solutions.json", 1)
    folder = os.path.relpath(tmp_path, ROOT)
    run = make_truth(folder)
    assert run.returncode == 0, run.stdout
    assert run.stdout.splitlines()[-2:] == [
        f"not compared: convex_solutions.json 1: convex_data.npz is not in {ROOT / folder}",
        "truth: losses.json 3, train_steps.json 2 (7 passed, 1 skipped)",
    ]


def test_a_case_that_fails_counts_as_run_and_fails_the_target(tmp_path: Path) -> None:
    copy_cases(tmp_path, "losses.json", 2, loss=-1.0)
    run = make_truth(str(tmp_path))
    assert run.returncode != 0
    assert run.stdout.splitlines()[-1] == "truth: losses.json 2 (2 failed)"


@pytest.mark.parametrize(
    ("name", "reason"), [("", "holds no oracle file with cases"), ("absent", "is not a folder")]
)
def test_a_folder_without_cases_fails_and_says_why(tmp_path: Path, name: str, reason: str) -> None:
    folder = tmp_path / name
    run = make_truth(str(folder))
    assert run.returncode != 0
    assert f"TRUTH_DIR: {folder} {reason}" in run.stderr


def test_cases_without_their_arrays_are_skipped_and_no_success(tmp_path: Path) -> None:
    copy_cases(tmp_path, "convex_solutions.json", 1)
    run = make_truth(str(tmp_path))
    assert run.returncode != 0
    assert run.stdout.splitlines()[-1] == "truth: no case ran (1 skipped)"


def test_every_case_of_every_file_is_a_test() -> None:
    """Compared or skipped with a reason, but never left out: the lists of objects in the files are the cases."""
    expected = {(path.name, called) for path in HERE.glob("*.json") for called in case_names(path)}
    found = {parameter for path in HERE.glob("test_*.py") for parameter in parameters(path.stem)}
    assert expected - found == set()


def case_names(path: Path) -> Iterator[str]:
    """The identifiers of a file's cases; `make published` compares the published figures."""
    if path.name == "published.json":
        return
    for key, value in json.loads(path.read_text()).items():
        if isinstance(value, list) and isinstance(value[0], dict):
            yield from (oracle.identifier(key, number, case) for number, case in enumerate(value))
        elif isinstance(value, dict) and path.stem in {"activations", "replay_curves_published_runs"}:
            yield from value if key == "activations" else [key]


def parameters(module: str) -> Iterator[tuple[str, str]]:
    """File and identifier of every case that a module's tests are parametrized with."""
    for function in vars(importlib.import_module(f"tests.truth.{module}")).values():
        marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
        for parameter in (each for mark in marks for each in mark.args[1]):
            if marks := [mark for mark in getattr(parameter, "marks", ()) if mark.name == "oracle"]:
                yield marks[0].args[:2]
