"""What the composition keeps to itself: code, secrets, files, ports."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.settings import Settings
from tests.compose.conftest import OWN_SERVICES, PATIENCE_SECONDS, UP, Composition, call, docker
from tests.end_to_end.cluster import make_certificates
from tests.end_to_end.harness import Client, Refused, wait_for

PROBE = Path(__file__).with_name("probe.py")
LISTENING = "0A"
LOOPBACK = ("0000007F", "0100007F", "0B00007F")
SECRETS = ("/run/trainyard/key-pepper", "/run/trainyard/cluster.key", "/run/trainyard-database/password")
ODD = "a b@c:d/e?f#g%20h'\"\\$é\\n`$(id)"


def listening(composition: Composition, service: str) -> list[str]:
    """Addresses on which a container's processes listen for others than itself."""
    (address,) = (
        network["IPAddress"]
        for name, network in composition.container(service)["NetworkSettings"]["Networks"].items()
        if name.endswith("private")
    )
    table = composition.execute(service, "cat", "/proc/net/tcp", "/proc/net/tcp6")
    sockets = [line.split() for line in table.splitlines() if ":" in line.partition(" sl ")[0]]
    places = {
        place for number, place, _, state, *_ in sockets if number[:-1].isdigit() and state == LISTENING
    }
    outside = {int(port, 16) for host, port in (place.split(":") for place in places) if host not in LOOPBACK}
    return [f"{address}:{port}" for port in sorted(outside)]


@pytest.fixture(scope="module")
def dask(composition: Composition) -> list[str]:
    """Every address of Dask: the scheduler's, and a nanny's and a worker's for each process that trains."""

    def addresses() -> list[str]:
        return listening(composition, "scheduler") + listening(composition, "worker")

    count = 1 + 2 * workers(composition)
    wait_for(lambda: len(addresses()) >= count, "all workers to listen", PATIENCE_SECONDS)
    found = addresses()
    assert len(found) == count
    return found


def workers(composition: Composition) -> int:
    (option,) = (word for word in composition.container("worker")["Args"] if word.startswith("--nworkers="))
    return int(option.partition("=")[2])


def probe_from_container(composition: Composition, addresses: list[str], *options: str, folder: str) -> str:
    """Run the probe in a container that has joined the network."""
    network = ("--network", f"{composition.project}_private", "--interactive", "--rm")
    image = composition.container("api")["Config"]["Image"]
    command = ("run", *network, *options, image, "python", "-", folder, *addresses)
    return docker(*command, standard_input=PROBE.read_text())


def test_who_has_the_certificate_runs_code_in_dask(composition: Composition, dask: list[str]) -> None:
    volume = ("--volume", f"{composition.project}_keys:/keys:ro")
    found = probe_from_container(composition, dask, *volume, folder="/keys")
    assert found.split() == dask


def test_nobody_else_on_the_network_does(composition: Composition, dask: list[str], tmp_path: Path) -> None:
    make_certificates(tmp_path)
    tmp_path.chmod(0o755)
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    strangers = ("--volume", f"{tmp_path}:/strangers:ro")
    assert probe_from_container(composition, dask, folder="") == ""
    assert probe_from_container(composition, dask, *strangers, folder="/strangers") == ""


def test_no_user_of_the_host_does(dask: list[str], tmp_path: Path) -> None:
    make_certificates(tmp_path)
    for folder in ("", str(tmp_path)):
        command = [sys.executable, str(PROBE), folder, *dask]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def test_the_database_lets_nobody_in_without_its_password(composition: Composition) -> None:
    code = (
        "import psycopg, sys\n"
        "for password in ('', 'trainyard', 'postgres'):\n"
        "    try: psycopg.connect(host='db', user='trainyard', dbname='trainyard', password=password)\n"
        "    except psycopg.OperationalError as error: print(error)\n"
        "    else: sys.exit('let in')\n"
    )
    image = composition.container("api")["Config"]["Image"]
    network = ("--network", f"{composition.project}_private", "--rm")
    said = docker("run", *network, image, "python", "-c", code)
    assert said.count("authentication failed") + said.count("no password supplied") == 3


def test_the_host_reaches_the_api_alone_and_needs_a_key(composition: Composition, client: Client) -> None:
    for service in (*OWN_SERVICES, "db"):
        published = composition.container(service)["HostConfig"]["PortBindings"]
        ours = {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(composition.port)}]}
        assert published == (ours if service == "api" else {})
    assert client.answers("/v1/experiments")
    for path in ("/v1/experiments", "/v1/keys", "/metrics"):
        with pytest.raises(Refused) as refused:
            Client(client.address).get(path)
        assert refused.value.args[0] == 401


def test_no_secret_is_in_what_docker_shows_or_the_logs_say(composition: Composition) -> None:
    everything = docker("inspect", *composition.run("ps", "--all", "--quiet").split())
    everything += docker("history", "--no-trunc", composition.container("api")["Config"]["Image"])
    everything += composition.logs()
    for file in SECRETS:
        # A line of the key that is in no other key.
        secret = composition.execute("api", "cat", file).splitlines()[-2:][0]
        assert len(secret) > 20
        assert secret not in everything
    assert re.findall(r"(?:PASSWORD|PEPPER)=\S*", everything) == []


def test_all_containers_have_the_same_pepper(composition: Composition) -> None:
    peppers = {composition.execute(service, "cat", SECRETS[0]) for service in OWN_SERVICES}
    assert [len(pepper.strip()) >= 32 for pepper in peppers] == [True]


def test_files_are_for_the_service_alone(composition: Composition, client: Client) -> None:
    # Some that come into being when something is trained.
    client.wait_for_end(client.submit(dataset="iris", architecture=[4], max_epochs=3))
    folders = ("/var/lib/trainyard", "/run/trainyard", "/run/trainyard-database")
    for service in OWN_SERVICES:
        look = f"stat -c '%a %n' {' '.join(folders)}; find {' '.join(folders)} -type f ! -perm 600"
        assert composition.execute(service, "sh", "-c", look).split("\n")[:-1] == [
            f"700 {name}" for name in folders
        ]


def test_files_of_the_image_by_itself_are_too(composition: Composition) -> None:
    image = composition.container("api")["Config"]["Image"]
    container = docker("run", "--detach", "--rm", "--env", "TRAINYARD_WORKERS=1", image).strip()
    try:
        ask = ("python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz')")
        wait_for(lambda: call("exec", container, *ask).returncode == 0, "an answer", PATIENCE_SECONDS)
        found = docker(
            "exec", container, "sh", "-c", "stat -c '%a %F %n' /var/lib/trainyard $(find /var/lib/trainyard)"
        )
        kinds = set(re.findall(r"^(\d+) (regular|dir)", found, re.MULTILINE))
        assert kinds == {("700", "dir"), ("600", "regular")}
        assert "trainyard.sqlite3-wal" in found
    finally:
        docker("kill", container)


def test_the_scheduler_says_nothing_of_its_health_checks(composition: Composition) -> None:
    state = composition.container("scheduler")["State"]
    assert state["Health"]["Status"] == "healthy"
    assert state["Health"]["FailingStreak"] == 0
    said = composition.run("logs", "--no-color", "--no-log-prefix", "scheduler").splitlines()
    assert [line for line in said if "health" in line.lower() or "Traceback" in line] == []


def test_logs_rotate(composition: Composition) -> None:
    for service in (*OWN_SERVICES, "db"):
        log = composition.container(service)["HostConfig"]["LogConfig"]
        assert log == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "5"}}


def test_the_database_takes_a_password_of_any_characters_and_settings_reach_every_container(
    make_composition: Callable[[], Composition],
) -> None:
    composition = make_composition()
    decided = {
        name for name in Settings.model_fields if name.startswith("scheduler") or name.endswith("_file")
    }
    decided |= {"host", "port", "data_dir", "database_url"}
    composition.settings = {
        f"TRAINYARD_{name.upper()}": CHOSEN[name] for name in Settings.model_fields if name not in decided
    }
    composition.run("build")
    put = "umask 077; cat > /run/trainyard-database/password"
    composition.run("run", "--rm", "--no-deps", "-T", "prepare", "sh", "-c", put, standard_input=ODD)
    composition.up()
    for service in OWN_SERVICES:
        environment = dict(line.split("=", 1) for line in composition.container(service)["Config"]["Env"])
        assert composition.settings.items() <= environment.items()
    arguments = composition.container("worker")["Args"]
    assert {f"--nworkers={CHOSEN['workers']}", f"--memory-limit={CHOSEN['worker_memory_bytes']}"} <= set(
        arguments
    )
    client = composition.client()
    assert (
        client.wait_for_end(client.submit(dataset="iris", architecture=[4], max_epochs=3))["status"]
        == "succeeded"
    )


CHOSEN = {
    "workers": "1",
    "worker_memory_bytes": "1000000000",
    "reader_memory_bytes": "1000000001",
    "access_log": "false",
    "auth": "on",
    "open_to_everyone": "false",
    "key_pepper": "p" * 40,
    "max_upload_bytes": "1000002",
    "dataset_cache_bytes": "1000003",
    "turn_seconds": "123",
    "max_queued_per_owner": "11",
    "max_running_per_owner": "12",
    "max_stored_bytes_per_owner": "10000013",
    "max_parameter_epochs": "100000014",
    "max_requests_per_minute": "10015",
    "max_time_limit": "1016",
    "max_estimated_seconds": "1017",
    "max_memory": "1000000018",
    "max_failed_keys_per_minute": "19",
    "max_connections_per_address": "120",
    "trusted_proxies": "10.0.0.0/24",
    "cors_origins": "https://lab.example.org",
}


WRONG = {
    "TRAINYARD_WORKERS": "many",
    "TRAINYARD_MAX_QUUED_PER_OWNER": "1",
    "trainyard_workers": "1",
    "TRAINYARD_AUTH": "off",
    "TRAINYARD_DATABASE_URL": "sqlite:////var/lib/trainyard/own.sqlite3",
    "TRAINYARD_KEY_PEPPER": "short",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_fails_and_is_named(name: str, make_composition: Callable[[], Composition]) -> None:
    composition = make_composition()
    composition.settings = {name: WRONG[name]}
    failed = composition.compose(*UP)
    assert failed.returncode != 0
    assert 'service "prepare" didn\'t complete successfully' in failed.stderr
    assert name in composition.run("logs", "--no-log-prefix", "prepare")


def test_make_up_says_why(make_composition: Callable[[], Composition]) -> None:
    composition = make_composition()
    composition.settings = {"TRAINYARD_WORKERS": "many"}
    failed = composition.call("make", "up")
    assert failed.returncode != 0
    assert "== prepare has failed; it said:\ntrainyard: TRAINYARD_WORKERS: " in failed.stderr
