"""docker-compose.yml as Compose itself reads it."""

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_tree import ROOT

SCRIPTS = Path(sysconfig.get_path("scripts"))


Composed = Callable[[str], dict[str, Any]]
"""The services as Compose reads them beside a file .env of this content."""


@pytest.fixture(scope="session")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """Read the services in a directory of their own, without a word of complaint."""

    def read(env_file: str) -> dict[str, Any]:
        directory = tmp_path_factory.mktemp("compose")
        for name in ("docker-compose.yml", "Dockerfile"):
            shutil.copy(ROOT / name, directory)
        if env_file:
            (directory / ".env").write_text(env_file)
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

    return read


@pytest.fixture(scope="session")
def services(composed: Composed) -> dict[str, Any]:
    """The services without a file .env."""
    return composed("")
