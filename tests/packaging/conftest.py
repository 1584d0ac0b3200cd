"""docker-compose.yml as Compose itself reads it."""

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_tree import ROOT

SCRIPTS = Path(sysconfig.get_path("scripts"))


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The services, read in a directory that has no .env and without a word of complaint."""
    directory = tmp_path_factory.mktemp("compose")
    for name in ("docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / name, directory)
    run = subprocess.run(
        [SCRIPTS / "docker-compose", "config", "--format", "json"],
        cwd=directory,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return dict(json.loads(run.stdout)["services"])
