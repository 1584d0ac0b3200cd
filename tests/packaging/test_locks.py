"""The locks pin everything with hashes, name no host, and satisfy what pyproject.toml asks for."""

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.architecture.source_tree import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ASKED = {
    "bootstrap": PROJECT["dependency-groups"]["bootstrap"] + PROJECT["build-system"]["requires"],
    "runtime": PROJECT["project"]["dependencies"],
    "cluster": PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["cluster"],
    "test": PROJECT["project"]["dependencies"]
    + PROJECT["project"]["optional-dependencies"]["cluster"]
    + PROJECT["dependency-groups"]["test"],
    "parquet": PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["parquet"],
    "excel": PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["excel"],
    "browser": PROJECT["dependency-groups"]["browser"],
    "bench": PROJECT["dependency-groups"]["bench"],
    "bench-torch": PROJECT["dependency-groups"]["bench-torch"],
    "data": PROJECT["dependency-groups"]["data"],
    "defaults": PROJECT["dependency-groups"]["defaults"],
    "fuzz": PROJECT["dependency-groups"]["fuzz"],
    "clients": PROJECT["dependency-groups"]["clients"],
}


def entries(lock: str) -> list[str]:
    """Each requirement of a lock with its hashes on one line."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    return text.replace("\\\n", " ").splitlines()


def pins(lock: str) -> dict[str, str]:
    found = [Requirement(entry.partition("--hash=")[0]) for entry in entries(lock)]
    return {requirement.name: str(requirement.specifier).removeprefix("==") for requirement in found}


def test_every_lock_is_known() -> None:
    assert {path.stem for path in (ROOT / "requirements").glob("*.txt")} == set(ASKED)


@pytest.mark.parametrize("lock", ASKED)
def test_everything_is_pinned_by_hash_and_nothing_by_address(lock: str) -> None:
    form = re.compile(
        r"[a-z0-9][a-z0-9.-]*(?:\[[a-z,]+\])?==[^ ]+ (?: *;[^\\]*?)?(?: +--hash=sha256:[0-9a-f]{64})+"
    )
    assert [entry for entry in entries(lock) if not form.fullmatch(entry.strip()) or "://" in entry] == []


@pytest.mark.parametrize("lock", ASKED)
def test_the_lock_satisfies_the_project(lock: str) -> None:
    pinned = pins(lock)
    asked = [Requirement(text) for text in ASKED[lock]]
    assert [str(one) for one in asked if not one.specifier.contains(pinned.get(one.name, "0.dev0"))] == []


@pytest.mark.parametrize("lock", ["cluster", "test", "parquet", "browser", "bench", "bench-torch", "data"])
def test_no_lock_asks_for_another_version_than_the_service_runs_on(lock: str) -> None:
    running = pins("runtime")
    differing = {name for name, version in pins(lock).items() if running.get(name, version) != version}
    assert differing == set()


def test_the_lock_of_npm_pins_by_hash_and_names_no_address() -> None:
    lock = json.loads((ROOT / "tests" / "clients" / "typescript" / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    assert [name for name, each in packages.items() if not each["integrity"].startswith("sha512-")] == []
    assert [name for name, each in packages.items() if "resolved" in each] == []


def test_the_tests_cover_everything_that_runs() -> None:
    assert set(pins("runtime")) <= set(pins("test"))


def test_the_tests_in_the_browser_add_to_the_others_and_change_nothing() -> None:
    others = pins("test")
    differing = {name for name, version in pins("browser").items() if others.get(name, version) != version}
    assert differing == set()
