"""What the project's own files are."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Copied into the project as they were published.
VENDORED = "service/web/swagger-ui/"


def source_files(suffix: str = "") -> list[Path]:
    """Return the files that are committed, or would be: whatever git does not ignore."""
    # safe.directory: a checkout may belong to another user than the one who tests it.
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    own = (ROOT / name for name in sorted(set(listed)) if not name.startswith(VENDORED))
    files = [path for path in own if path.name.endswith(suffix) and path.is_file()]
    assert files, f"git lists no *{suffix} file in {ROOT}"
    return files


def relative(path: Path) -> str:
    """Return the path as a reader of the repository writes it."""
    return path.relative_to(ROOT).as_posix()
