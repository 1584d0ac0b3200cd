"""Groups of owners, whose limits `trainyard keys limits` sets in one place."""

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from service.command_line import WrongError
from service.keys.commands import add_keys
from tests.cases import folded
from tests.service.access.keys import bearer

Command = Callable[..., str]
"""Runs `trainyard keys …` in this process and returns what it prints."""


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], secured: TestClient) -> Command:
    settings = secured.app.state.settings  # type: ignore[attr-defined]  # the client only knows an ASGI app
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TRAINYARD_DATA_DIR", str(settings.data_dir))
    # Logs set up here would go to this test's standard error for as long as the process lives.
    monkeypatch.setattr("service.logs.configure_logs", lambda: None)
    parser = argparse.ArgumentParser()
    add_keys(parser.add_subparsers())

    def run(*words: str) -> str:
        arguments = parser.parse_args(["keys", *words])
        with capture_logs():
            arguments.run(arguments)
        return capsys.readouterr().out

    return run


def test_a_group_has_its_limits_in_one_place(secured: TestClient, keys: Command, tmp_path: Path) -> None:
    roster, made = tmp_path / "class.csv", tmp_path / "keys.csv"
    roster.write_text("owner,group,queued\nann,ml,7\nbob,,\n")
    create = ["create", "--from", str(roster), "--to", str(made), "--group", "stats"]
    with pytest.raises(
        WrongError, match=r"There is no group ml\. Create it with its limits: .* No key was created\."
    ):
        keys(*create)
    assert (made.exists(), keys("list")) == (False, "")
    for group in ("ml", "stats"):
        keys("limits", "--group", group, "queued=50", "stored_bytes=1000000")
    keys(*create)
    tokens = {each["owner"]: each["key"] for each in csv.DictReader(made.read_text().splitlines())}
    tokens["eve"] = keys("create", "--owner", "eve").strip()

    def limits() -> list[tuple[int, int]]:
        found = [secured.get("/v1/limits", headers=bearer(token)).json() for token in tokens.values()]
        return [(each["queued"]["limit"], each["stored_bytes"]["limit"]) for each in found]

    service = (1000, 10 * 2**30)
    assert limits() == [(7, 1_000_000), (50, 1_000_000), service]
    changed = keys("limits", "--group", "stats", "queued=60", "stored_bytes=", "--add", "eve")
    assert changed == "stats  2 owners  queued=60\n  bob\n  eve\n"
    assert limits() == [(7, 1_000_000), (60, service[1]), (60, service[1])]
    keys("limits", "--group", "stats", "--remove", "eve")
    # An owner is in one group, with all its keys; a key's own limits stay.
    second = keys("create", "--owner", "ann", "--group", "stats").strip()
    assert limits() == [(7, service[1]), (60, service[1]), service]
    assert secured.get("/v1/limits", headers=bearer(second)).json()["queued"]["limit"] == 60
    assert keys("limits") == "ml  0 owners  queued=50 stored_bytes=1000000\nstats  2 owners  queued=60\n"


def test_the_limit_of_a_group_is_kept_to(secured: TestClient, keys: Command) -> None:
    keys("limits", "--group", "ml", "queued=1")
    ann, bob = (bearer(keys("create", "--owner", owner, "--group", "ml").strip()) for owner in ("ann", "bob"))
    body = {"dataset": "iris"}
    answers = [
        secured.post("/v1/experiments", headers=owner, json=body).status_code for owner in (ann, ann, bob)
    ]
    # Each owner has the limit for itself.
    assert answers == [201, 429, 201]


@folded(
    ("words", "said"),
    [
        (["queued=5"], "Name the group"),
        (["--group", "a b", "queued=5"], "--group: Must be 1 to 64 letters"),
        (["--group", "ml", "queud=5"], 'Did you mean "queued"?'),
        (["--group", "ml", "queued=0"], "queued: Must be an integer from 1"),
        (["--group", "ml", "queued=many"], "queued: Must be an integer from 1"),
        (["--group", "ml", "queued"], "queued: write each limit once"),
        (["--group", "ml", "queued=1", "queued=2"], "queued=2: write each limit once"),
        (["--group", "ml"], "There is no group ml."),
        (["--group", "ml", "queued=5", "--add", "anm"], "There is no API key of owner anm."),
        (["--group", "ml", "queued=5", "--remove", "ann"], "Group ml has no owner ann."),
    ],
)
def test_a_wrong_change_of_a_group_changes_nothing(keys: Command, words: list[str], said: str) -> None:
    with pytest.raises(WrongError) as caught:
        keys("limits", *words)
    assert said in str(caught.value)
    assert keys("limits") == ""
