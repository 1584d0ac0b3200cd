"""The OpenAPI document is valid; clients generated from it compile, and tell the README's story to a live service."""

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
PROGRAMS = TYPESCRIPT / "node_modules" / ".bin"
GENERATOR = PYTHON / "bin" / "openapi-generator-cli"
ON_NODE = ("story.ts", "hey.ts", "orval.ts", "tsconfig.json", "tsconfig.generated.json", ".spectral.yaml")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with fresh_service(workers=2) as service:
        yield address_of(service)


@pytest.fixture(scope="module")
def on_node() -> Path:
    """Return the folder with the programs of npm, and the stories and the document beside them."""
    for name in ON_NODE:
        shutil.copy(HERE / "typescript" / name, TYPESCRIPT)
    shutil.copy(FILE, TYPESCRIPT)
    return TYPESCRIPT


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


def generated(language: str, folder: Path, *options: str) -> Path:
    """Have openapi-generator make a client in a folder."""
    run(GENERATOR, "generate", "-i", FILE, "-g", language, "-o", folder, *options, within=folder.parent)
    return folder


def test_the_validators_find_no_error(on_node: Path) -> None:
    run(PROGRAMS / "spectral", "lint", "openapi.json", "--fail-severity=warn", within=on_node)
    run(PROGRAMS / "redocly", "lint", "openapi.json", within=on_node, REDOCLY_TELEMETRY="off")
    assert "No validation issues" in run(GENERATOR, "validate", "-i", FILE, "--recommend", within=PYTHON)


def test_openapi_typescript(on_node: Path, address: str) -> None:
    run(PROGRAMS / "openapi-typescript", FILE, "-o", "trainyard.d.ts", within=on_node)
    run(PROGRAMS / "tsc", "--project", ".", within=on_node)
    assert run("node", "out/story.js", address, within=on_node) == "told\n"


def test_hey_api_and_orval(on_node: Path, address: str) -> None:
    run(PROGRAMS / "openapi-ts", "-i", "openapi.json", "-o", "hey", within=on_node)
    orval = ("--output", "orval/trainyard.ts", "--client", "fetch", "--mode", "split")
    run(PROGRAMS / "orval", "--input", "openapi.json", *orval, within=on_node)
    run(PROGRAMS / "tsc", "--project", "tsconfig.generated.json", within=on_node)
    # They import without extensions, as bundlers and CommonJS do.
    (on_node / "generated" / "package.json").write_text('{"type": "commonjs"}\n')
    for story in ("hey", "orval"):
        assert run("node", f"generated/{story}.js", address, within=on_node) == "told\n", story


def test_openapi_python_client(address: str, tmp_path: Path) -> None:
    generator = PYTHON / "bin" / "openapi-python-client"
    options = ["--path", FILE, "--output-path", tmp_path / "trainyard", "--meta", "none", "--fail-on-warning"]
    # It formats what it has made with the ruff beside it.
    path = f"{PYTHON / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run(generator, "generate", *options, within=tmp_path, PATH=path)
    shutil.copy(HERE / "python" / "story.py", tmp_path)
    checker = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--follow-imports=silent"]
    run(*checker, f"--python-executable={PYTHON / 'bin' / 'python'}", "story.py", within=tmp_path)
    assert run(PYTHON / "bin" / "python", "story.py", address, within=tmp_path) == "told\n"


def test_openapi_generator_for_python(address: str, tmp_path: Path) -> None:
    generated("python", tmp_path / "client", "--additional-properties=packageName=trainyard")
    story = HERE / "python" / "generator.py"
    told = run(
        PYTHON / "bin" / "python", story, address, within=tmp_path, PYTHONPATH=str(tmp_path / "client")
    )
    assert told == "told\n"


def test_datamodel_code_generator(address: str, tmp_path: Path) -> None:
    options = (
        "--input-file-type=openapi",
        "--output-model-type=pydantic_v2.BaseModel",
        "--formatters=builtin",
    )
    generator = PYTHON / "bin" / "datamodel-codegen"
    run(generator, f"--input={FILE}", "--output=trainyard_models.py", *options, within=tmp_path)
    story = HERE / "python" / "models.py"
    told = run(PYTHON / "bin" / "python", story, address, within=tmp_path, PYTHONPATH=str(tmp_path))
    assert told == "told\n"
