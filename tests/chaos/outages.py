"""Query the file of a service within its mounts."""

import subprocess
import sys

from tests.end_to_end.harness import Service


def queried(service: Service, query: str) -> str:
    """The first value that the service's SQLite file has in answer, read from within the service's mounts."""
    program = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])"
    file = f"{service.environment['TRAINYARD_DATA_DIR']}/trainyard.sqlite3"
    within = ("nsenter", f"--mount=/proc/{service.process.pid}/ns/mnt")
    command = [*within, sys.executable, "-c", program, file, query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def may_mount() -> bool:
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
