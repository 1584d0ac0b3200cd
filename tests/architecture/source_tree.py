"""What the project's own files are."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Copied into the project as they were published.
VENDORED = "service/web/swagger-ui/"


def all_files() -> list[str]:
    """Return the files that are committed, or would be: whatever git does not ignore."""
    # safe.directory: a checkout may belong to another user than the one who tests it.
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted({name for name in listed if (ROOT / name).is_file()})


def source_files(suffix: str = "") -> list[Path]:
    """Return the paths of our own files with this suffix."""
    files = [ROOT / name for name in all_files() if name.endswith(suffix) and not name.startswith(VENDORED)]
    assert files, f"git lists no *{suffix} file in {ROOT}"
    return files


def relative(path: Path) -> str:
    """Return the path as a reader of the repository writes it."""
    return path.relative_to(ROOT).as_posix()
