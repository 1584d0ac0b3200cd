"""What an operator finds in the log: requests, keys and quotas by name, and no secret."""

import json
import os
import socket
import subprocess
import sys
from typing import Any

import structlog
from fastapi.testclient import TestClient

from tests.service.access.keys import bearer, new_key, showing_key
from tests.service.conftest import OpenClient

WRITER = """
import logging, structlog
from service.logs import configure_logs
configure_logs()
structlog.contextvars.bind_contextvars(request_id="req_1")
structlog.get_logger().info("said", text={token!r}, number=1)
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("uvicorn.error").exception("heard of %s", {token!r})
"""


def written(client: TestClient, *requests: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        for method, path, options in requests:
            client.request(method, path, **options)
    return [dict(line) for line in lines]


def test_every_line_is_json_with_the_request_and_without_secrets() -> None:
    token = "key_01M82SEWGSSP13BVT4KSNM62YK." + "s" * 43
    command = [sys.executable, "-c", WRITER.format(token=token)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    said, heard = (json.loads(line) for line in run.stderr.splitlines())
    assert (said["event"], said["level"], said["request_id"], said["number"]) == ("said", "info", "req_1", 1)
    assert said["time"].endswith("Z")
    # What libraries write by the standard library reads the same.
    assert (heard["level"], heard["request_id"]) == ("error", "req_1")
    assert "ZeroDivisionError" in heard["exception"]
    assert "s" * 43 not in run.stderr + run.stdout
    assert heard["event"] == f"heard of {token.partition('.')[0]}.…"


def test_a_line_is_one_write() -> None:
    # Other processes write to the same pipe. The image sets this variable.
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, its:
        command = [sys.executable, "-c", WRITER.format_map({"token": "x"})]
        subprocess.run(command, env=os.environ | {"PYTHONUNBUFFERED": "1"}, stderr=its.fileno(), check=True)
        assert [ours.recv(65_536)[-2:] for _ in range(2)] == [b"}\n", b"}\n"]


def test_each_request_leaves_a_line(open_client: OpenClient, fresh_sqlite_url: str) -> None:
    client = open_client(fresh_sqlite_url, access_log=True)
    create = ("POST", "/v1/experiments", {"json": {"dataset": "iris"}, "headers": {"X-Request-ID": "mine"}})
    made, absent = written(client, create, ("GET", "/v1/experiments/exp_x?fields=id", {}))
    identifier = client.get("/v1/experiments").json()["data"][0]["id"]
    assert (made["event"], made["method"], made["path"], made["status"]) == (
        *("request", "POST", "/v1/experiments", 201),
    )
    assert (made["request_id"], made["experiment_id"], made["owner"]) == ("mine", identifier, "local")
    assert (absent["path"], absent["experiment_id"], absent["status"]) == (
        *("/v1/experiments/exp_x", "exp_x", 404),
    )
    quiet = open_client(fresh_sqlite_url, access_log=False)
    assert written(quiet, create) == []


def test_refused_made_and_revoked_keys_are_named(open_client: OpenClient, fresh_sqlite_url: str) -> None:
    secured = open_client(fresh_sqlite_url, auth="on")
    admin = showing_key(secured, "root", scopes=["admin"])
    victim = new_key(secured, "ann")
    wrong = victim.token[:-1] + ("A" if victim.token[-1] != "A" else "B")
    lines = written(
        secured,
        ("GET", "/v1/limits", {}),
        ("GET", "/v1/limits", {"headers": bearer(wrong)}),
        ("GET", "/v1/keys", {"headers": bearer(victim.token)}),
        ("POST", "/v1/keys", {"headers": admin, "json": {"owner": "bob"}}),
        ("POST", f"/v1/keys/{victim.row.id}/revoke", {"headers": admin}),
    )
    assert [(line["event"], line.get("key_id")) for line in lines[:3]] == [
        ("key refused", None),
        ("key refused", victim.row.id),
        ("key refused", victim.row.id),
    ]
    assert [(line["event"], line["owner"]) for line in lines[3:]] == [
        ("key created", "bob"),
        ("key revoked", "ann"),
    ]
    assert all(line["request_id"].startswith("req_") for line in lines)
    assert wrong.partition(".")[2] not in str(lines)


def test_a_refusal_by_a_quota_is_named(open_client: OpenClient, fresh_sqlite_url: str) -> None:
    client = open_client(fresh_sqlite_url, max_queued_per_owner=1)
    create = ("POST", "/v1/experiments", {"json": {"dataset": "iris"}})
    (line,) = written(client, create, create)
    assert (line["event"], line["owner"]) == ("quota refused", "local")
