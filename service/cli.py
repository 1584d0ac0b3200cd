"""The command ``trainyard``. Errors are one sentence with exit code 2, never a traceback.

Each command imports what it needs itself: most of them need little, and ``serve`` starts its child first.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version

from engine import blas
from service.command_line import WrongError, check_database_url, database_error, read_settings
from service.experiments.states import TERMINAL
from service.keys.commands import add_keys
from service.settings import Settings

__all__ = ["main"]

WRONG = 2

FULL_DISK_SECONDS = 2.0
"""Interval between attempts to open a database on a full disk."""

SETTINGS = """\
settings (environment variables):
  TRAINYARD_HOST, TRAINYARD_PORT   where the API listens (127.0.0.1, 8000)
  TRAINYARD_DATA_DIR               directory of all data (./trainyard-data)
  TRAINYARD_DATABASE_URL           postgresql://… or sqlite:///… (a file in the data directory)
  TRAINYARD_WORKERS                number of experiments in training at a time (one per core)
  TRAINYARD_SCHEDULER              tcp://… or tls://… of a Dask scheduler whose workers train (own workers)
  TRAINYARD_SCHEDULER_CA_FILE, _CERT_FILE, _KEY_FILE   for tls://: CA certificate, own certificate, its key
  TRAINYARD_SCHEDULER_INSECURE     true allows tcp://, which runs code of any process that reaches it (false)
  TRAINYARD_WORKER_MEMORY_BYTES    memory at which a worker is killed (the machine's, divided by the workers)
  TRAINYARD_AUTH                   on requires an API key for every request (off)
  TRAINYARD_OPEN_TO_EVERYONE       true allows access from other machines while TRAINYARD_AUTH is off
  TRAINYARD_MAX_…                  quotas of owners and keys: docs/operations.md (limited with TRAINYARD_AUTH=on)
  TRAINYARD_TRUSTED_PROXIES        addresses of proxies whose X-Forwarded-For is trusted (none)
"""


def main() -> int:
    """Run the command; returns its exit code."""
    # Before anything loads NumPy, and for every process that this one starts.
    blas.prepare()
    # Files that this process and its children create belong to their account alone.
    os.umask(0o077)
    arguments = _parser().parse_args()
    command: Callable[[argparse.Namespace], None] = arguments.run
    try:
        with _ended_by_sigterm():
            command(arguments)
    except WrongError as error:
        sys.stderr.write(f"trainyard: {error}\n")
        return WRONG
    except KeyboardInterrupt:
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trainyard",
        description="Trains regularized neural networks over a REST API.",
        epilog=SETTINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"trainyard {version('trainyard')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    commands.add_parser("serve", help="run the whole service: API and engine").set_defaults(run=_serve)
    commands.add_parser("api", help="run the API alone").set_defaults(run=_api)
    engine = commands.add_parser("engine", help="run the engine alone: dispatcher and workers")
    engine.add_argument("--attached", type=int, help=argparse.SUPPRESS)
    engine.add_argument("--restarts", type=int, default=0, help=argparse.SUPPRESS)
    engine.set_defaults(run=_engine)
    commands.add_parser("migrate", help="upgrade the database schema to this version").set_defaults(
        run=_migrate
    )
    commands.add_parser(
        "prepare", help="check the settings and create the secret files they name"
    ).set_defaults(run=_prepare)
    add_keys(commands)
    commands.add_parser(
        "verify", help="verify all stored checkpoints and data, and list damage"
    ).set_defaults(run=_verify)
    prune = commands.add_parser("prune", help="delete experiments that ended long ago")
    prune.add_argument(
        "--older-than", required=True, metavar="30d", help="minimum time since the end: 90m, 12h, 30d or 8w"
    )
    prune.add_argument(
        "--status",
        action="append",
        choices=sorted(TERMINAL),
        help="only experiments with these statuses; all by default",
    )
    prune.add_argument(
        "--dry-run", action="store_true", help="show what would be deleted without deleting it"
    )
    prune.set_defaults(run=_prune)
    return parser


def _serve(_arguments: argparse.Namespace) -> None:
    from service.execution.data_directory import DataDirectory, DataDirectoryError
    from service.execution.supervisor import EngineChild
    from service.http.listening import ListenError, listen

    settings = read_settings()
    _check_access(settings)
    try:
        # An engine whose parent was killed needs a moment to notice.
        directory = DataDirectory(settings.data_dir, wait_seconds=3)
        sockets = listen(settings.host, settings.port)
    except (DataDirectoryError, ListenError) as error:
        raise WrongError(error) from error
    _make_room(settings)
    # The engine takes the longest to start, so it starts first.
    with contextlib.closing(EngineChild(directory.descriptor)):
        _prepare_database(settings, directory.engine_id)
        # These take a while, in which the engine starts.
        from service.app import create_app
        from service.http.server import serve_api

        _welcome(settings, sockets[0].getsockname()[1])
        _say_unconfirmed(settings)
        serve_api(create_app(settings), settings, sockets)
        sys.stderr.write("Stopping; unfinished training continues at the next start.\n")


def _api(_arguments: argparse.Namespace) -> None:
    from service.app import create_app
    from service.http.listening import ListenError, listen
    from service.http.server import serve_api
    from service.logs import configure_logs
    from service.storage.private_files import make_private

    configure_logs()
    settings = read_settings()
    check_database_url(settings)
    make_private(settings)
    _check_access(settings)
    try:
        sockets = listen(settings.host, settings.port)
    except ListenError as error:
        raise WrongError(error) from error
    _welcome(settings, sockets[0].getsockname()[1])
    # The API starts without its database, which may take long to answer.
    threading.Thread(target=_say_unconfirmed, args=(settings,), daemon=True).start()
    serve_api(create_app(settings), settings, sockets)


def _engine(arguments: argparse.Namespace) -> None:
    from service.logs import configure_logs

    configure_logs()
    settings = read_settings()
    check_database_url(settings)
    if arguments.attached is None:
        _watch_engine(settings)
    else:
        _be_engine(settings, arguments.attached, arguments.restarts)


def _watch_engine(settings: Settings) -> None:
    """Keep an engine running as a child: whatever supervises this command may not notice one that hangs."""
    from service.execution.data_directory import DataDirectory, DataDirectoryError
    from service.execution.supervisor import EngineChild
    from service.storage.private_files import make_private

    make_private(settings)
    descriptor = None
    if settings.scheduler is None:
        try:
            # An engine whose parent was killed needs a moment to notice.
            descriptor = DataDirectory(settings.data_dir, wait_seconds=3).descriptor
        except DataDirectoryError as error:
            raise WrongError(error) from error
    with contextlib.closing(EngineChild(descriptor)) as child:
        child.wait_until_hopeless()
    # The child has said why.
    sys.exit(WRONG)


def _be_engine(settings: Settings, beats: int, restarts: int) -> None:
    from service.execution.process import run_engine
    from service.execution.security import SchedulerError

    try:
        run_engine(settings, beats, restarts)
    except SchedulerError as error:
        raise WrongError(error) from error


def _migrate(_arguments: argparse.Namespace) -> None:
    _migrate_or_say_why(read_settings())


def _prepare(_arguments: argparse.Namespace) -> None:
    from service.preparation import PreparationError, prepare, unknown_settings

    settings = read_settings()
    if unknown := unknown_settings(os.environ):
        raise WrongError(f"Unknown setting: {', '.join(unknown)}; see docs/operations.md.")
    try:
        prepare(settings)
    except PreparationError as error:
        raise WrongError(error) from error
    check_database_url(settings)


def _verify(_arguments: argparse.Namespace) -> None:
    from sqlalchemy.exc import DBAPIError

    from service.execution.upkeep.verification import verify
    from service.storage.database import Database

    settings = read_settings()
    check_database_url(settings)
    checked = lost = 0
    try:
        with contextlib.closing(Database(settings.resolved_database_url)) as database:
            for damage in verify(database):
                checked += 1
                if damage is not None:
                    lost += 1
                    sys.stdout.write(f"{damage}\n")
    except DBAPIError as error:
        raise database_error(settings, error) from error
    sys.stdout.write(f"Checked {checked:,} checkpoints, states and arrays; {lost:,} are damaged.\n")
    if lost:
        sys.exit(1)


def _prune(arguments: argparse.Namespace) -> None:
    from sqlalchemy.exc import DBAPIError

    from service.retention.service import prune, read_duration
    from service.storage.database import Database

    settings = read_settings()
    check_database_url(settings)
    statuses = arguments.status or sorted(TERMINAL)
    try:
        older_than = read_duration(arguments.older_than)
        with contextlib.closing(Database(settings.resolved_database_url)) as database:
            pruned = prune(database, older_than, statuses, dry_run=arguments.dry_run)
    except ValueError as error:
        raise WrongError(f"--older-than: {error}.") from error
    except DBAPIError as error:
        raise database_error(settings, error) from error
    sys.stdout.write(
        f"{'Would delete' if arguments.dry_run else 'Deleted'} {pruned.experiments:,} experiments with "
        f"{pruned.epochs:,} epochs and {pruned.checkpoint_bytes / 2**20:,.1f} MiB of checkpoints.\n"
    )


def _check_access(settings: Settings) -> None:
    from service.access.pepper import PepperError, read_pepper
    from service.http.exposure import ExposedError, refuse_exposure

    try:
        refuse_exposure(settings)
        if settings.auth == "on":
            read_pepper(settings)
    except (ExposedError, PepperError) as error:
        raise WrongError(error) from error


def _migrate_or_say_why(settings: Settings) -> None:
    from sqlalchemy.exc import DBAPIError

    from migrations import UnknownRevisionError
    from service.logs import configure_logs
    from service.storage.database import migrate
    from service.storage.private_files import make_private

    configure_logs()
    check_database_url(settings)
    make_private(settings)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        migrate(settings.resolved_database_url)
    except DBAPIError as error:
        raise database_error(settings, error) from error
    except UnknownRevisionError as error:
        raise WrongError(error) from error
    except OSError as error:
        raise WrongError(
            f"The data directory {settings.data_dir} is not writable: {error.strerror}."
        ) from error


def _make_room(settings: Settings) -> None:
    """Log the missing disk space, and release the reserve for deletions."""
    from service.storage.database import Database
    from service.storage.disk_space import room_of, set_aside

    check_database_url(settings)
    with (
        contextlib.closing(Database(settings.resolved_database_url)) as database,
        contextlib.suppress(OSError),
    ):
        room = room_of(database)
        set_aside(database)
        if room is not None and room.missing:
            sys.stderr.write(f"trainyard: {room.missing}\n")


def _prepare_database(settings: Settings, engine_id: str) -> None:
    """Bring the tables up to date; on a full disk, where not even that can be done, try again until there is room."""
    from sqlalchemy.exc import DBAPIError

    from service.storage.database import Database
    from service.storage.disk_space import has_room

    def prepare() -> None:
        _migrate_or_say_why(settings)
        _forget_last_engine(settings, engine_id)

    def prepare_later() -> None:
        while True:
            time.sleep(FULL_DISK_SECONDS)
            with contextlib.suppress(WrongError, DBAPIError):
                prepare()
                return

    try:
        prepare()
    except (WrongError, DBAPIError):
        with contextlib.closing(Database(settings.resolved_database_url)) as database:
            if has_room(database):
                raise
        sys.stderr.write("trainyard: The database is unusable until its disk has free space.\n")
        threading.Thread(target=prepare_later, daemon=True).start()


def _forget_last_engine(settings: Settings, engine_id: str) -> None:
    """Make /readyz wait for the new engine, despite the last heartbeat of a killed one."""
    from service.health.presence import forget_engine
    from service.storage.database import Database

    database = Database(settings.resolved_database_url)
    with contextlib.closing(database), database.transaction() as session:
        forget_engine(session, engine_id)


def _say_unconfirmed(settings: Settings) -> None:
    """Log the number of API keys that are invalid because they were created while authentication was off."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.keys.service import count_unconfirmed
    from service.storage.database import Database

    if settings.auth == "off":
        return
    database = Database(settings.resolved_database_url)
    with contextlib.suppress(SQLAlchemyError), contextlib.closing(database), database.reading() as session:
        if count := count_unconfirmed(session):
            sys.stderr.write(
                f"  {count:,} keys were created while TRAINYARD_AUTH was off and are not valid: see "
                "trainyard keys list, then run trainyard keys confirm or revoke.\n"
            )


def _welcome(settings: Settings, port: int) -> None:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104 - compares, binds nothing
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    sys.stderr.write(
        f"Trainyard {version('trainyard')} listens on {address}\n"
        f"  try it     {address}/docs\n"
        f"  data       {settings.data_dir}\n"
        f"{'  keys       trainyard keys create' + chr(10) if settings.auth == 'on' else ''}"
        f"  Ctrl-C     stops it\n"
    )


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """End this process on SIGTERM as on Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
