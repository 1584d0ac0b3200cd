"""`make truth` on other folders: what is there runs and is counted, what is not is left out, nothing is a failure."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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


def copy_cases(folder: Path, name: str, count: int, **changes: Any) -> None:
    """Write the first cases of an oracle file into the folder, each with the changes."""
    document = json.loads((HERE / name).read_text())
    document["cases"] = [case | changes for case in document["cases"][:count]]
    (folder / name).write_text(json.dumps(document))


def test_the_last_line_counts_the_cases_of_the_files_that_are_there(tmp_path: Path) -> None:
    copy_cases(tmp_path, "losses.json", 3)
    copy_cases(tmp_path, "train_steps.json", 2)
    run = make_truth(str(tmp_path))
    assert run.returncode == 0, run.stdout
    assert run.stdout.splitlines()[-1] == "truth: losses.json 3, train_steps.json 2 (5 passed)"


def test_a_relative_folder_is_looked_for_where_make_runs(tmp_path: Path) -> None:
    copy_cases(tmp_path, "losses.json", 1)
    run = make_truth(os.path.relpath(tmp_path, ROOT))
    assert run.stdout.splitlines()[-1] == "truth: losses.json 1 (1 passed)"


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
