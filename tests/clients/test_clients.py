"""Clients that are generated from the OpenAPI document compile, and tell the README's story to a live service."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.fresh_service import FreshService, fresh_service
from scripts.openapi import FILE
from tests.architecture.source_tree import ROOT

HERE = Path(__file__).parent
BUILD = ROOT / "build" / "clients"
TYPESCRIPT, PYTHON = BUILD / "typescript", BUILD / "python"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with fresh_service(workers=2) as service:
        yield address_of(service)


def address_of(service: FreshService) -> str:
    return f"http://{service.host}:{service.port}"


def run(*command: object, within: Path, **environment: str) -> str:
    """What a command says; the test fails with it where the command does."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=within,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_typescript(address: str) -> None:
    for name in ("story.ts", "tsconfig.json"):
        shutil.copy(HERE / "typescript" / name, TYPESCRIPT)
    programs = TYPESCRIPT / "node_modules" / ".bin"
    run(programs / "openapi-typescript", FILE, "-o", "trainyard.d.ts", within=TYPESCRIPT)
    run(programs / "tsc", "--project", ".", within=TYPESCRIPT)
    assert run("node", "out/story.js", address, within=TYPESCRIPT) == "told\n"


def test_python(address: str, tmp_path: Path) -> None:
    generator = PYTHON / "bin" / "openapi-python-client"
    options = ["--path", FILE, "--output-path", tmp_path / "trainyard", "--meta", "none", "--fail-on-warning"]
    # It formats what it has made with the ruff beside it.
    path = f"{PYTHON / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run(generator, "generate", *options, within=tmp_path, PATH=path)
    shutil.copy(HERE / "python" / "story.py", tmp_path)
    checker = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--follow-imports=silent"]
    run(*checker, f"--python-executable={PYTHON / 'bin' / 'python'}", "story.py", within=tmp_path)
    assert run(PYTHON / "bin" / "python", "story.py", address, within=tmp_path) == "told\n"
