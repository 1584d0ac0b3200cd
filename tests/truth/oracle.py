"""The oracle files: those beside this module, or those of the folder that TRUTH_DIR names.

A file that another folder does not have skips its cases.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

FOLDER = Path(os.environ.get("TRUTH_DIR", Path(__file__).parent))


def document(name: str) -> dict[str, Any]:
    """The JSON document of this name; empty where the folder does not have it."""
    path = FOLDER / name
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def cases(name: str, key: str = "cases") -> list[Any]:
    """Parameters for one test per case, named by its id."""
    found = document(name).get(key, [])
    return [pytest.param(case, id=str(case.get("id", number))) for number, case in enumerate(found)]


def arrays(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file; skips the test where the folder does not have it."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not in {FOLDER}")
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}
