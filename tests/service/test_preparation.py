"""What `trainyard prepare` makes before the other containers start."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.preparation import unknown_settings
from service.settings import Settings

ODD = "a b@c:d/e?f#g%20h'\"\\$é\\n"


def prepare(directory: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    files = {
        "database_password_file": "database/password",
        "key_pepper_file": "keys/pepper",
        "scheduler_ca_file": "keys/ca.pem",
        "scheduler_cert_file": "keys/cluster.pem",
        "scheduler_key_file": "keys/cluster.key",
    }
    elsewhere = {"database_url": "postgresql://trainyard@db/n", "scheduler": "tls://scheduler:8786"}
    chosen = {name: str(directory / file) for name, file in files.items()} | elsewhere | settings
    return subprocess.run(
        [sys.executable, "-m", "service.cli", "prepare"],
        env={"PATH": "/usr/bin:/bin", "TRAINYARD_AUTH": "on"}
        | {f"TRAINYARD_{name.upper()}": value for name, value in chosen.items()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def test_it_makes_what_is_missing_for_its_account_alone_and_changes_nothing_later(tmp_path: Path) -> None:
    assert prepare(tmp_path).returncode == 0
    made = contents(tmp_path)
    assert list(made) == ["password", "ca.pem", "cluster.key", "cluster.pem", "pepper"]
    assert {path.stat().st_mode & 0o077 for path in tmp_path.rglob("*")} == {0}
    assert prepare(tmp_path).returncode == 0
    assert contents(tmp_path) == made


def test_an_interrupted_start_is_repeated(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / "keys" / "ca.pem").unlink()
    (tmp_path / "keys" / "cluster.pem").unlink()
    assert prepare(tmp_path).returncode == 0
    # As Dask does: the strict rules of Python 3.13, and a key that goes with its certificate.
    context = ssl.create_default_context(cafile=tmp_path / "keys" / "ca.pem")
    context.load_cert_chain(tmp_path / "keys" / "cluster.pem", tmp_path / "keys" / "cluster.key")
    verified = ["openssl", "verify", "-x509_strict", "-CAfile", "ca.pem", "cluster.pem"]
    subprocess.run(verified, cwd=tmp_path / "keys", check=True, capture_output=True)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("workers", "many", "TRAINYARD_WORKERS: Input should be a valid integer"),
        ("max_quued_per_owner", "3", "Unknown setting: TRAINYARD_MAX_QUUED_PER_OWNER"),
        ("database_url", "mysql://h/n", "TRAINYARD_DATABASE_URL: "),
        ("database_url", "sqlite:////x", "TRAINYARD_DATABASE_URL: "),
        ("key_pepper", "short", "TRAINYARD_KEY_PEPPER: "),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, setting: str, value: str, said: str) -> None:
    refused = prepare(tmp_path, **{setting: value})
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert said in refused.stderr


def test_a_setting_in_small_letters_is_refused() -> None:
    # Compose itself reads some, and there TRAINYARD_WORKERS and trainyard_workers are two variables.
    assert unknown_settings(["TRAINYARD_WORKERS", "trainyard_workers", "PATH"]) == ["trainyard_workers"]


def test_a_password_may_have_any_character(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{ODD}\n", encoding="utf-8")
    settings = Settings(
        database_url="postgresql://ann@db:5432/n?x=a@b", database_password_file=tmp_path / "password"
    )
    url = sa.make_url(settings.resolved_database_url)
    assert (url.username, url.password, url.host, url.database) == ("ann", ODD, "db", "n")
    own = "postgresql://ann:own@db/n"
    assert settings.model_copy(update={"database_url": own}).resolved_database_url == own


def test_a_password_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": "postgresql://u@h/n", "DATABASE_PASSWORD_FILE": str(tmp_path / "none")}
    refused = subprocess.run(
        [sys.executable, "-m", "service.cli", "migrate"],
        env={f"TRAINYARD_{name}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    said = f"TRAINYARD_DATABASE_PASSWORD_FILE: cannot read {tmp_path}/none: No such file or directory."
    assert (refused.returncode, refused.stderr) == (2, f"trainyard: {said}\n")
