"""Clients for Java and Go, generated from the OpenAPI document, compile and tell the README's story.

They are compiled against what Debian and the generator itself bring: no index of Java's or Go's is asked.
"""

import shutil
from pathlib import Path

import pytest

from scripts.fresh_service import fresh_service
from tests.clients.test_clients import HERE, PYTHON, address_of, generated, run

DEBIAN_JARS = ("geronimo-annotation-1.3-spec", "jsr305", "httpmime")
VALIDATOR = Path("/usr/share/gocode/src/gopkg.in/validator.v2")
GO_OPTIONS = "packageName=trainyard,enumClassPrefix=true,useOneOfDiscriminatorLookup=true"
GO_MODULE = """\
module story

go 1.18

require example.org/trainyard v0.0.0
require gopkg.in/validator.v2 v2.0.0

replace example.org/trainyard => ../client
replace gopkg.in/validator.v2 => ../validator.v2
"""


def needs(program: str, package: str) -> None:
    if shutil.which(program) is None:
        pytest.fail(f"There is no {program} here. On Debian: sudo apt-get install {package}", pytrace=False)


def test_java(tmp_path: Path) -> None:
    needs(
        "javac", "default-jdk-headless libgeronimo-annotation-1.3-spec-java libjsr305-java libhttpmime-java"
    )
    client = generated(
        "java", tmp_path / "client", "--library=native", "--additional-properties=openApiNullable=false"
    )
    # The generator's own archive has Jackson and Apache's HTTP in it.
    own = next(PYTHON.glob("lib/python3*/site-packages/openapi_generator_cli/openapi-generator.jar"))
    classes = tmp_path / "classes"
    path = ":".join([str(own), *(f"/usr/share/java/{name}.jar" for name in DEBIAN_JARS), str(classes)])
    sources = (client / "src" / "main").rglob("*.java")
    story = HERE / "java" / "Story.java"
    run("javac", "-proc:none", "-nowarn", "-d", classes, "-cp", path, *sources, story, within=tmp_path)
    with fresh_service(workers=1) as service:
        assert run("java", "-cp", path, "Story", address_of(service), within=tmp_path) == "told\n"


def test_go(tmp_path: Path) -> None:
    needs("go", "golang-go golang-gopkg-validator.v2-dev")
    client = generated("go", tmp_path / "client", f"--additional-properties={GO_OPTIONS}")
    run("go", "mod", "edit", "-module", "example.org/trainyard", within=client)
    validator = tmp_path / "validator.v2"
    shutil.copytree(VALIDATOR, validator, ignore=shutil.ignore_patterns("*_test.go"))
    (validator / "go.mod").write_text("module gopkg.in/validator.v2\n")
    story = tmp_path / "story"
    story.mkdir()
    shutil.copy(HERE / "go" / "story.go", story)
    (story / "go.mod").write_text(GO_MODULE)
    run("go", "build", "-o", "story", ".", within=story, GOFLAGS="-mod=mod", GOPROXY="off")
    with fresh_service(workers=1) as service:
        assert run("./story", address_of(service), within=story) == "told\n"
