"""The example of every answer in the OpenAPI document, recorded from a service that is started for it.

python -m scripts.answers    # renews service/openapi/answers.json; `make openapi` then renews docs/openapi.json
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from pathlib import Path
from typing import Any

from scripts.fresh_service import FreshService, fresh_service

__all__ = ["FILE", "main"]

FILE = Path(__file__).resolve().parents[1] / "service" / "openapi" / "answers.json"

_JSON = "application/json"
_SPEC = {"dataset": "iris", "architecture": [3], "max_epochs": 3, "seed": 1, "name": "a first try"}
_FORM = "x-x-x"
_TABLE = "width,height,label\n" + "".join(
    f"{row % 7},{row * 3 % 11},{'yes' if row % 2 else 'no'}\n" for row in range(20)
)
_POLL_SECONDS = 0.05


class _Recorder:
    """Sends requests, and keeps what is answered by operation, status and media type."""

    def __init__(self, service: FreshService) -> None:
        self._service = service
        self.answers: dict[str, dict[str, dict[str, Any]]] = {}

    def ask(self, operation: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer's content; RuntimeError where it is a failure."""
        if body is not None and not isinstance(body, str):
            body, headers = json.dumps(body), {"Content-Type": _JSON, **headers}
        connection = http.client.HTTPConnection(self._service.host, self._service.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Accept": _JSON, **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
        media_type = (answer.getheader("Content-Type") or "").partition(";")[0]
        content = json.loads(text) if media_type.endswith("json") else text
        if answer.status >= http.client.BAD_REQUEST:
            message = f"{operation}: {content}"
            raise RuntimeError(message)
        if media_type:
            self.answers.setdefault(operation, {}).setdefault(str(answer.status), {})[media_type] = content
        return content


def _experiments(recorder: _Recorder, service: FreshService) -> None:
    made = recorder.ask("createExperiment", "POST", "/v1/experiments", _SPEC)
    service.wait_for([made["id"]])
    this = f"/v1/experiments/{made['id']}"
    recorder.ask("validateExperiment", "POST", "/v1/experiments/validate", _SPEC)
    recorder.ask("updateExperiment", "PATCH", this, {"metadata": {"course": "week 3"}})
    recorder.ask("getExperiment", "GET", this)
    recorder.ask("getExperiment", "GET", f"{this}?fields=status,progress")
    recorder.ask("listExperiments", "GET", "/v1/experiments?limit=1")
    recorder.ask("listExperiments", "GET", "/v1/experiments?limit=1&fields=id,status")
    recorder.ask("getExperimentMetrics", "GET", f"{this}/metrics")
    recorder.ask("getExperimentMetrics", "GET", f"{this}/metrics?format=csv&names=val_loss")
    recorder.ask("getExperimentEvents", "GET", f"{this}/events?limit=3")
    recorder.ask("getEvents", "GET", f"/v1/events?limit=2&experiment={made['id']}")
    link = recorder.ask("createLink", "POST", f"{this}/links", {"name": "my teacher"})
    recorder.ask("listLinks", "GET", f"{this}/links")
    link["token"] = f"{link['id']}.the-secret-is-shown-once"
    recorder.ask("listCheckpoints", "GET", f"{this}/checkpoints")
    recorder.ask("getCheckpoint", "GET", f"{this}/checkpoints/best")
    recorder.ask("getCheckpointContent", "GET", f"{this}/checkpoints/best/content?format=json")
    _comparison(recorder, service)
    long = service.post("/v1/experiments", {"dataset": "mnist-mini", "max_epochs": 100_000, "seed": 2})
    waiting = service.post("/v1/experiments", _SPEC | {"priority": -1})
    for action in ("pause", "resume", "cancel"):
        recorder.ask(f"{action}Experiment", "POST", f"/v1/experiments/{waiting['id']}/{action}")
    service.post(f"/v1/experiments/{long['id']}/cancel", {})


def _comparison(recorder: _Recorder, service: FreshService) -> None:
    made = [
        service.post(
            "/v1/experiments",
            {**_SPEC, **setting, "max_epochs": 60, "seed": seed, "split": {"seed": seed}, "metadata": labels},
        )
        for setting, labels in (
            ({"name": "plain"}, {"setting": "no penalty"}),
            ({"penalty": "l2", "lambda": 90}, {"setting": "l2"}),
        )
        for seed in range(6)
    ]
    service.wait_for([each["id"] for each in made])
    groups = [{"metadata": {"setting": setting}} for setting in ("no penalty", "l2")]
    body = {"groups": groups, "metric": "val_accuracy", "reference": 0}
    recorder.ask("compareExperiments", "POST", "/v1/comparisons", body)


def _datasets(recorder: _Recorder) -> None:
    fields = {"target": "label", "name": "my table"}
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}' for name, text in fields.items()]
    parts.append(f'Content-Disposition: form-data; name="file"; filename="table.csv"\r\n\r\n{_TABLE}')
    form = "".join(f"--{_FORM}\r\n{part}\r\n" for part in parts) + f"--{_FORM}--\r\n"
    typed = {"Content-Type": f"multipart/form-data; boundary={_FORM}"}
    made = recorder.ask("createDataset", "POST", "/v1/datasets", form, **typed)
    this = made["links"]["self"]
    while recorder.ask("getDataset", "GET", this)["status"] == "validating":
        time.sleep(_POLL_SECONDS)
    recorder.ask("createDataset", "POST", "/v1/datasets", form, **typed)
    recorder.ask("getDatasetPreview", "GET", f"{this}/preview")
    recorder.ask("updateDataset", "PATCH", this, {"shared": False})
    recorder.ask("listDatasets", "GET", "/v1/datasets?limit=1")
    announced = recorder.ask(
        "announceDataset", "POST", "/v1/datasets/announcements", {"name": "large", "target": "label"}
    )
    recorder.ask("putDatasetContent", "PUT", announced["links"]["content"], _TABLE + "1,1,yes\n")


def _others(recorder: _Recorder) -> None:
    key = recorder.ask("createKey", "POST", "/v1/keys", {"owner": "ann", "name": "laptop"})
    recorder.ask("listKeys", "GET", "/v1/keys?limit=1")
    recorder.ask("getKey", "GET", f"/v1/keys/{key['id']}")
    recorder.ask("revokeKey", "POST", f"/v1/keys/{key['id']}/revoke")
    # Nobody needs a secret, not even one of a service that is gone.
    key["token"] = f"{key['id']}.the-secret-is-shown-once"
    for operation, path in (
        ("getLimits", "/v1/limits"),
        ("getLiveness", "/livez"),
        ("getReadiness", "/readyz"),
        ("getVersion", "/v1/version"),
    ):
        recorder.ask(operation, "GET", path)


def main() -> None:
    """Record all answers."""
    with fresh_service(workers=1) as service:
        recorder = _Recorder(service)
        _experiments(recorder, service)
        _datasets(recorder)
        _others(recorder)
    FILE.write_text(f"{json.dumps(recorder.answers, indent=1, ensure_ascii=False)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
