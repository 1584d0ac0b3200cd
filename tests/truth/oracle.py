"""The oracle files: those beside this module, or those of the folder that TRUTH_DIR names.

A file that another folder does not have gives no cases. Every case of a file that is there becomes a test: one that
cannot be compared is skipped and says why, and one that can be compared in part says what is left out.
"""

import json
import os
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

FOLDER = Path(os.environ.get("TRUTH_DIR", Path(__file__).parent)).absolute()

Reason = Callable[[Any], str]
"""What of a case is not compared; empty where it is, wholly."""


def document(name: str) -> dict[str, Any]:
    """The JSON document of this name; empty where the folder does not have it."""
    path = FOLDER / name
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def parameter(name: str, case: Any, called: str, skipped: str = "", left_out: str = "") -> Any:
    """A parameter for one test, which counts as the case of the file of this name that is called so."""
    marks = [pytest.mark.oracle(name, called, left_out)]
    if skipped:
        marks.append(pytest.mark.skip(reason=skipped))
    return pytest.param(case, id=called, marks=marks)


def wholly(case: Any) -> str:
    """Nothing is left out."""
    return ""


def cases(name: str, key: str = "cases", left_out: Reason = wholly) -> list[Any]:
    """Parameters for one test per case, named by its id or else its name."""
    return [
        parameter(name, case, identifier(key, number, case), left_out=left_out(case))
        for number, case in enumerate(document(name).get(key, []))
    ]


def identifier(key: str, number: int, case: dict[str, Any]) -> str:
    """What a case is called among all of its file."""
    own = str(case.get("id", case.get("name", number)))
    return own if key == "cases" else f"{key}-{own}"


def after_non_finite(case: Any) -> str:
    """A non-finite metric ends our runs, Keras goes on."""
    seen = case["metric"][: case["expect"].get("epochs_run")]
    usable = all(metric is None or isfinite(float(metric)) for metric in seen)
    return "" if usable else "the epochs from a non-finite metric on, which ends our runs"


def arrays(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file; skips the test where the folder does not have it."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not in {FOLDER}")
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}
