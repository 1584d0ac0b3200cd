"""The command `trainyard keys`, beside a service that runs on the same database."""

import argparse
import csv
import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.access.pepper import FILE_NAME
from service.access.tokens import key_id_of
from service.cli import _say_unconfirmed
from service.command_line import WrongError
from service.keys.commands import add_keys
from service.settings import Settings
from tests.cases import folded
from tests.service.access.keys import bearer
from tests.service.conftest import OpenClient

ANYWHERE = "0.0.0.0"  # noqa: S104 - refused before anything is bound


def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *command],
        env={f"TRAINYARD_{name.upper()}": value for name, value in settings.items()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def keys(client: TestClient, *words: str) -> subprocess.CompletedProcess[str]:
    settings = client.app.state.settings  # type: ignore[attr-defined]  # the client only knows an ASGI app
    return run("keys", *words, database_url=settings.database_url, data_dir=str(settings.data_dir))


def logged(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str, str]]:
    """The lines of the log: what happened to which key of whom."""
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return [(line["event"], line["key_id"], line["owner"]) for line in lines]


def test_creates_lists_and_revokes(secured: TestClient) -> None:
    made = keys(secured, "create", "--owner", "ann", "--name", "her laptop", "--expires-in", "90d")
    token = made.stdout.removesuffix("\n")
    assert (made.returncode, token in made.stderr) == (0, False)
    assert secured.get("/v1/limits", headers=bearer(token)).json()["owner"] == "ann"
    (line,) = keys(secured, "list").stdout.splitlines()
    pattern = rf"{key_id_of(token)}  ann  read\+write  until 20\d\d-\d\d-\d\d \d\d:\d\d UTC  her laptop"
    assert re.fullmatch(pattern, line)
    # Whoever has nothing but the key pastes that.
    revoked = keys(secured, "revoke", token)
    assert re.search(r"  revoked 20\d\d-", revoked.stdout)
    assert token.partition(".")[2] not in revoked.stdout
    assert secured.get("/v1/limits", headers=bearer(token)).status_code == 401
    assert logged(made) == [("key created", key_id_of(token), "ann")]
    assert logged(revoked) == [("key revoked", key_id_of(token), "ann")]


def test_without_words_it_is_the_key_to_what_there_was_before(secured_sqlite: TestClient) -> None:
    token = keys(secured_sqlite, "create").stdout.strip()
    limits = secured_sqlite.get("/v1/limits", headers=bearer(token)).json()
    assert (limits["owner"], limits["scopes"]) == ("local", ["read", "write"])


def test_confirms_keys_made_without_keys(fresh_sqlite_url: str, open_client: OpenClient) -> None:
    unsecured = open_client(fresh_sqlite_url)
    first, second, third = (
        unsecured.post("/v1/keys", json={"owner": "ann"}).json()["token"] for _ in range(3)
    )
    assert keys(unsecured, "list").stdout.count("  not confirmed\n") == 3
    confirmed = keys(unsecured, "confirm", first, first.partition(".")[0])
    assert confirmed.stdout == f"{key_id_of(first)}  ann  read+write  never expires\n"
    assert logged(confirmed) == [("key confirmed", key_id_of(first), "ann")]
    rest = keys(unsecured, "confirm", "--all").stdout
    assert {line.split()[0] for line in rest.splitlines()} == {key_id_of(second), key_id_of(third)}
    assert "not confirmed" not in keys(unsecured, "list").stdout


def test_says_at_start_how_many_keys_are_not_confirmed(
    fresh_sqlite_url: str, open_client: OpenClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=fresh_sqlite_url, auth="on")
    _say_unconfirmed(settings)
    assert capsys.readouterr().err == ""
    open_client(fresh_sqlite_url).post("/v1/keys", json={"owner": "ann"})
    _say_unconfirmed(settings)
    assert "1 keys were created while TRAINYARD_AUTH was off" in capsys.readouterr().err


@folded(
    ("words", "said"),
    [
        (["create", "--owner", "a b"], "--owner: Must be 1 to 64 letters"),
        (["create", "--expires-in", "soon"], "--expires-in: soon is not a duration"),
        (["create", "--expires-in", "99999w"], "--expires-in: Must be an integer from 1"),
        (["confirm", "key_unknown"], "There is no key key_unknown."),
        (["revoke", "key_unknown"], "There is no key key_unknown."),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    secured_sqlite: TestClient, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    settings = secured_sqlite.app.state.settings  # type: ignore[attr-defined]  # see above
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TRAINYARD_DATA_DIR", str(settings.data_dir))
    with pytest.raises(WrongError, match=re.escape(said)):
        run_here(*words)


def run_here(*words: str) -> None:
    """Run `trainyard keys …` in this process, which takes no time to start."""
    parser = argparse.ArgumentParser()
    add_keys(parser.add_subparsers())
    arguments = parser.parse_args(["keys", *words])
    arguments.run(arguments)


def test_a_wrong_command_ends_with_2_and_one_line(secured_sqlite: TestClient) -> None:
    refused = keys(secured_sqlite, "revoke", "key_unknown")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "trainyard: There is no key key_unknown.\n"


CLASS = """\
owner,name,queued,stored_bytes
ann,Ann of course 7,5,1000000
bob,"Bob, the other one",,
"""


def test_a_class_gets_its_keys_in_a_file_of_its_own(secured_sqlite: TestClient, tmp_path: Path) -> None:
    roster, made = tmp_path / "class.csv", tmp_path / "keys.csv"
    roster.write_text(CLASS)
    done = keys(secured_sqlite, "create", "--from", str(roster), "--to", str(made), "--expires-in", "90d")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    ann, bob = csv.DictReader(made.read_text().splitlines())
    assert (ann["owner"], bob["name"]) == ("ann", "Bob, the other one")
    found = [secured_sqlite.get("/v1/limits", headers=bearer(each["key"])).json() for each in (ann, bob)]
    assert [(each["owner"], each["queued"]["limit"]) for each in found] == [("ann", 5), ("bob", 1000)]
    assert ann["id"] == key_id_of(ann["key"])
    assert logged(done) == [("key created", ann["id"], "ann"), ("key created", bob["id"], "bob")]
    listed = keys(secured_sqlite, "list").stdout
    assert listed.count(" until 20") == 2
    # The file that there is stays, and nobody gets a second key.
    again = keys(secured_sqlite, "create", "--from", str(roster), "--to", str(made))
    assert (again.returncode, "cannot be created" in again.stderr) == (2, True)
    assert keys(secured_sqlite, "list").stdout == listed


def test_a_class_with_a_wrong_line_gets_no_key(secured_sqlite: TestClient, tmp_path: Path) -> None:
    roster, made = tmp_path / "class.csv", tmp_path / "keys.csv"
    roster.write_text("owner\nann\na b\n")
    refused = keys(secured_sqlite, "create", "--from", str(roster), "--to", str(made))
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert "line 3: owner: Must be 1 to 64 letters" in refused.stderr
    assert not made.exists()
    assert keys(secured_sqlite, "list").stdout == ""


def test_tables_that_are_not_there(tmp_path: Path) -> None:
    assert "Run: trainyard migrate." in run("keys", "list", data_dir=str(tmp_path)).stderr


@pytest.mark.parametrize("command", ["serve", "api"])
def test_nobody_is_let_in_from_other_machines_by_mistake(tmp_path: Path, command: str) -> None:
    refused = run(command, host=ANYWHERE, port="0", data_dir=str(tmp_path))
    assert refused.returncode == 2
    assert "TRAINYARD_OPEN_TO_EVERYONE=true" in refused.stderr
    assert "trainyard keys create" in refused.stderr


def test_the_pepper_is_ours_alone(secured_sqlite: TestClient, tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.glob("tmp*")) == []
    file.chmod(0o640)
    assert f"chmod 600 {file}" in keys(secured_sqlite, "create").stderr
    file.chmod(0o600)
    file.write_text("short")
    assert "is damaged" in keys(secured_sqlite, "create").stderr
