"""λ means in Keras, PyTorch and scikit-learn what it means here: the real tools end with the same weights."""

import re
import subprocess

import pytest

from tests.architecture.source_tree import ROOT

PYTHON = ROOT / "build/bench/bin/python"


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason="`make conventions` sets up the other tools")
def test_the_tools_end_with_the_same_weights() -> None:
    run = subprocess.run(
        [PYTHON, "-m", "benchmarks.conventions"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    rows = re.findall(r"^\| (Keras|PyTorch|scikit-learn) ", run.stdout, re.MULTILINE)
    assert {"Keras", "scikit-learn"} <= set(rows)
    assert rows.count("Keras") == 4
    assert rows.count("scikit-learn") == 6
