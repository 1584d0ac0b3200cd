"""The oracle files: those beside this module, or those of the folder that TRUTH_DIR names.

A file that another folder does not have gives no cases.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

FOLDER = Path(os.environ.get("TRUTH_DIR", Path(__file__).parent)).absolute()


def document(name: str) -> dict[str, Any]:
    """The JSON document of this name; empty where the folder does not have it."""
    path = FOLDER / name
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def parameter(name: str, case: Any, identifier: str) -> Any:
    """A parameter for one test, which counts as a case of the file of this name."""
    return pytest.param(case, id=identifier, marks=pytest.mark.oracle(name))


def cases(name: str, key: str = "cases") -> list[Any]:
    """Parameters for one test per case, named by its id or else its name."""
    found = document(name).get(key, [])
    return [
        parameter(name, case, str(case.get("id", case.get("name", number))))
        for number, case in enumerate(found)
    ]


def arrays(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file; skips the test where the folder does not have it."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not in {FOLDER}")
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}
