"""What a process has imported once it is up, measured in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

PURE = "import engine.errors, engine.spec"
API = "from service.app import create_app; from service.settings import Settings; create_app(Settings())"
ENGINE = "import service.execution.process"
HEAVY = {"dask", "distributed", "numpy", "safetensors", "scipy", "sklearn"}


def modules_after(statements: str, directory: Path) -> set[str]:
    program = f"{statements}\nimport sys; print(*sys.modules)"
    environment = {"TRAINYARD_DATA_DIR": str(directory)}
    # -I: the installed packages are imported, not whatever lies in the working directory.
    run = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env=environment,
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


@pytest.mark.parametrize(
    ("statements", "forbidden"),
    [
        pytest.param(PURE, HEAVY | {"pydantic", "service", "sqlalchemy"}, id="specification"),
        pytest.param(
            "import engine", HEAVY | {"pydantic", "service", "sqlalchemy"}, id="engine's front door"
        ),
        pytest.param(API, HEAVY | {"engine.training"}, id="API process"),
        pytest.param(ENGINE, HEAVY | {"fastapi"}, id="engine process"),
    ],
)
def test_stays_light(statements: str, forbidden: set[str], tmp_path: Path) -> None:
    assert not modules_after(statements, tmp_path) & forbidden


def test_the_measurement_sees_an_import(tmp_path: Path) -> None:
    assert "numpy" in modules_after("import numpy", tmp_path)
