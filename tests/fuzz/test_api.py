"""Schemathesis against a live service: every answer is one that the OpenAPI document announces, and none is a 5xx.

All its checks and all its phases: the examples, the bounds of every value, random requests, and sequences of requests
that the document's links lead to. FUZZ_EXAMPLES says how many requests an operation gets in the random ones.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT
from tests.end_to_end.harness import Service

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "200")
SEED = os.environ.get("FUZZ_SEED")
SCHEMATHESIS = ROOT / "build" / "fuzz" / "bin" / "st"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


# What revokes keys revokes the one that asks, too, once it finds that in a list.
REVOKING = ("createKey", "getKey", "revokeKey")
SCOPES = ["read", "write", "admin"]


def test_every_answer_is_as_described(fresh_database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, fresh_database_url) as service:
        ask(service, tmp_path)


def test_every_answer_to_who_has_a_key_is_as_described(fresh_database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, fresh_database_url) as service:
        key = {"owner": "ann", "scopes": SCOPES}
        token = service.call("POST", "/v1/keys", key)["token"]
    with running(tmp_path, fresh_database_url, TRAINYARD_AUTH="on") as service:
        ask(service, tmp_path, "--exclude-operation-id=revokeKey", token=token)
        ask(service, tmp_path, *(f"--include-operation-id={name}" for name in REVOKING), token=token)


@contextlib.contextmanager
def running(folder: Path, database_url: str, **environment: str) -> Iterator[Service]:
    """Yield a service that must not have failed at anything in the end."""
    # Requests without a key are part of what is asked: hundreds a minute.
    limits = {"TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE": "100000"}
    service = Service(folder / "data", 1, settings=limits | environment, TRAINYARD_DATABASE_URL=database_url)
    try:
        yield service
    finally:
        service.stop()
    assert "Traceback" not in service.log


def ask(service: Service, folder: Path, *options: str, token: str | None = None) -> None:
    """Run all of Schemathesis and fail with its report where it finds anything."""
    configuration = folder / "schemathesis.toml"
    auth = "" if token is None else f'\n[auth.openapi.key]\nbearer = "{token}"\n'
    configuration.write_text(CONFIGURATION.read_text() + auth)
    command = [
        str(SCHEMATHESIS),
        f"--config-file={configuration}",
        "run",
        f"{service.address}/openapi.json",
        f"--max-examples={EXAMPLES}",
        *([f"--seed={SEED}"] if SEED else []),
        "--continue-on-failure",
        "--no-color",
        *options,
    ]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail(found.stdout[-20_000:] + found.stderr[-2000:], pytrace=False)
