"""What is installed is what is in the repository: the packages with all their data, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.architecture.source_tree import ROOT, all_files

PACKAGES = ("engine/", "migrations/", "service/")


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        tmp_path,
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    (wheel,) = tmp_path.glob("*.whl")
    installed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert installed == {name for name in all_files() if name.startswith(PACKAGES)}
