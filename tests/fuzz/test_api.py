"""Schemathesis against a live service: every answer is one that the OpenAPI document announces, and none is a 5xx.

All its checks and all its phases: the examples, the bounds of every value, random requests, and sequences of requests
that the document's links lead to. FUZZ_EXAMPLES says how many requests an operation gets in the random ones.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT
from tests.end_to_end.harness import Service

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "200")
SCHEMATHESIS = ROOT / "build" / "fuzz" / "bin" / "st"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


def test_every_answer_is_as_described(fresh_database_url: str, tmp_path: Path) -> None:
    service = Service(tmp_path / "data", workers=1, TRAINYARD_DATABASE_URL=fresh_database_url)
    ask(service, tmp_path)
    service.stop()
    assert "Traceback" not in service.log


def ask(service: Service, folder: Path, *options: str) -> None:
    """Run all of Schemathesis and fail with its report where it finds anything."""
    command = [
        str(SCHEMATHESIS),
        f"--config-file={CONFIGURATION}",
        "run",
        f"{service.address}/openapi.json",
        "--checks=all",
        f"--max-examples={EXAMPLES}",
        "--continue-on-failure",
        "--no-color",
        *options,
    ]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail(found.stdout[-20_000:] + found.stderr[-2000:], pytrace=False)
