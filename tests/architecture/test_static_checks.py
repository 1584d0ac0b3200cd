"""The linter, the formatter, the type checker and the import contracts pass."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

SCRIPTS = Path(sysconfig.get_path("scripts"))


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--quiet", "--output-format=concise"),
        ("ruff", "format", "--check", "--quiet"),
        ("mypy", "--no-error-summary"),
        ("lint-imports", "--no-logo"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_passes(command: tuple[str, ...]) -> None:
    program, *arguments = command
    run = subprocess.run(
        [SCRIPTS / program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
