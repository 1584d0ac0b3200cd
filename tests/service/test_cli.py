"""What the command says to people: one sentence, exit code 2, never a traceback."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.http.listening import listen
from service.storage.database import Database, migrate


def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRAINYARD_")}
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *command],
        env=kept | {f"TRAINYARD_{name.upper()}": value for name, value in settings.items()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def complaint(finished: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that the command ended with."""
    assert finished.returncode == 2, finished.stderr
    assert finished.stderr.startswith("trainyard: ")
    assert finished.stderr.count("\n") == 1
    return finished.stderr.removeprefix("trainyard: ").strip()


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout == f"trainyard {version('trainyard')}\n"


def test_a_port_in_use(tmp_path: Path) -> None:
    (listener,) = listen("127.0.0.1", 0)
    with listener:
        port = str(listener.getsockname()[1])
        assert f"Port {port} of 127.0.0.1 is in use." in complaint(
            run("serve", port=port, data_dir=str(tmp_path))
        )
        assert f"Port {port} of 127.0.0.1 is in use." in complaint(run("api", port=port))


@pytest.mark.parametrize("command", ["serve", "engine"])
def test_a_data_directory_that_cannot_be_written_to(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    said = complaint(run(command, port="0", data_dir=str(tmp_path / "file" / "data")))
    assert said == f"The data directory {tmp_path}/file/data is not writable: Not a directory."


@pytest.mark.parametrize("command", ["serve", "api"])
def test_a_wrong_database_url(tmp_path: Path, command: str) -> None:
    said = complaint(run(command, port="0", data_dir=str(tmp_path), database_url="mysql://u:secret@h/n"))
    assert said.startswith('TRAINYARD_DATABASE_URL: "mysql://u:***@h/n" is not a database URL')


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_that_does_not_answer(tmp_path: Path, command: str) -> None:
    said = complaint(
        run(command, port="0", data_dir=str(tmp_path), database_url="postgresql://u@127.0.0.1:9/n")
    )
    assert said.startswith("The database cannot be used: ")
    assert "Connection refused" in said
    assert said.endswith(" It is the one of TRAINYARD_DATABASE_URL.")


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trainyard.sqlite3'}"
    migrate(url)
    database = Database(url)
    with database.transaction() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    (tmp_path / "trainyard.sqlite3").chmod(0o600)
    assert "a newer version has used it" in complaint(run("serve", port="0", data_dir=str(tmp_path)))


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "http"), ("port", "70000"), ("workers", "0"), ("workers", "many"), ("scheduler", "host:1")],
)
def test_a_setting_that_makes_no_sense(name: str, value: str) -> None:
    assert complaint(run("serve", **{name: value})).startswith(f"TRAINYARD_{name.upper()}: Input should be")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"scheduler": "tls://host:1"},
            "needs TRAINYARD_SCHEDULER_CA_FILE and TRAINYARD_SCHEDULER_CERT_FILE",
        ),
        (
            {"scheduler": "tcp://host:1", "scheduler_key_file": "key.pem"},
            "TRAINYARD_SCHEDULER_KEY_FILE only applies",
        ),
        (
            {f"scheduler_{name}_file": f"/nowhere/{name}" for name in ("ca", "cert", "key")}
            | {"scheduler": "tls://host:1"},
            "The file in TRAINYARD_SCHEDULER_CA_FILE",
        ),
        ({"scheduler": "tcp://host:1"}, "use tls:// with certificates"),
    ],
)
def test_certificates_that_do_not_go_with_the_scheduler(settings: dict[str, str], said: str) -> None:
    assert said in complaint(run("engine", **settings))


def test_pruning_says_what_it_deletes(tmp_path: Path) -> None:
    settings = {"data_dir": str(tmp_path)}
    migrate(f"sqlite:///{tmp_path / 'trainyard.sqlite3'}")
    command = ("prune", "--older-than", "30d", "--status", "failed", "--status", "cancelled")
    nothing = "0 experiments with 0 epochs and 0.0 MiB of checkpoints.\n"
    assert run(*command, **settings).stdout == f"Deleted {nothing}"
    assert run(*command, "--dry-run", **settings).stdout == f"Would delete {nothing}"
    wrong = run("prune", "--older-than", "a month", **settings)
    assert complaint(wrong) == "--older-than: a month is not a duration such as 90m, 12h, 30d or 8w."


def test_pruning_where_there_is_nothing_yet(tmp_path: Path) -> None:
    said = complaint(run("prune", "--older-than", "30d", data_dir=str(tmp_path)))
    assert said.startswith("The database cannot be used: no such table")
