"""The load of one owner: experiments of several shapes, uploads, reading, deleting, changes of mind, event streams."""

import json
import random
import socket
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from typing import Any

__all__ = ["Owner"]

MOST_LIVE, MOST_ENDED, MOST_DATASETS = 6, 40, 4
TIMEOUT_SECONDS = 120.0
PAUSE_SECONDS = 0.8

SHAPES: list[dict[str, Any]] = [
    {"dataset": "digits", "architecture": [16], "batch_size": 32, "max_epochs": 150, "patience": None},
    {"dataset": "digits", "architecture": [{"units": 24, "dropout": 0.2}], "max_epochs": 200},
    {"dataset": "iris", "architecture": [8, 8], "max_epochs": 1500, "patience": None},
    {"dataset": "wine", "architecture": [16], "penalty": "l1", "lambda": 0.01, "max_epochs": 600},
    {"dataset": "diabetes", "architecture": [12], "max_epochs": 300},
    # Large enough for contents that are stored as blobs.
    {"dataset": "mnist-mini", "architecture": [200], "max_epochs": 25},
]


class Owner:
    """One owner's threads. Answers that no client should see are kept in ``surprises``."""

    def __init__(self, name: str, key: str, port: int, seed: int) -> None:
        self.name, self.key, self.port = name, key, port
        self.random = random.Random(seed)
        self.experiments: list[str] = []
        self.datasets: list[str] = []
        self.done: Counter[str] = Counter()
        self.surprises: list[str] = []
        self._stop = threading.Event()
        self._connection: HTTPConnection | None = None
        self._threads = [threading.Thread(target=run) for run in (self._act_on, self._follow, self._follow)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads and have everything paused go on."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for document in self._listed("paused") + self._listed("pausing"):
            while self.ask("POST", f"/v1/experiments/{document['id']}/resume")[0] == 409 and self._is(
                document["id"], "pausing"
            ):
                time.sleep(0.5)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        kind: str = "application/json",
        accept: str = "application/json",
    ) -> tuple[int, Any]:
        """The status and the bytes of an answer, by a connection that is kept open."""
        # Without the last one an answer could be a stream of events, which ends with its experiment.
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind, "Accept": accept}
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
            try:
                self._connection.request(method, path, body or None, headers)
                answer = self._connection.getresponse()
                content = answer.read()
            except (OSError, HTTPException) as error:
                # A connection that was idle for long may have been closed; twice in a row is news.
                self._connection = None
                if attempt == 2:
                    self._surprise(method, path, repr(error))
                continue
            if answer.status == 503:
                # What is frozen or was just killed does not answer for a while.
                self.done["503"] += 1
            elif answer.status >= 500 or answer.status in {401, 403, 429}:
                self._surprise(method, path, f"{answer.status} {content[:300]!r}")
            return answer.status, content
        return 0, b""

    def upload(self, rows: int) -> None:
        lines = "".join(f"{i % 91}.{i % 7},{i * 7 % 113},{'yes' if i % 3 else 'no'}\n" for i in range(rows))
        nonce = self.random.randrange(10**9)
        form = (
            '--edge\r\nContent-Disposition: form-data; name="file"; filename="made.csv"\r\n\r\n'
            f"a{nonce},b,label\n{lines}\r\n--edge--\r\n"
        )
        status, content = self.ask(
            "POST", "/v1/datasets", form.encode(), "multipart/form-data; boundary=edge"
        )
        if status == 201:
            self.datasets.append(json.loads(content)["id"])

    def _act_on(self) -> None:
        weights = {
            self._create: 10,
            self._warm_start: 2,
            self._cancel: 2,
            self._pause: 2,
            self._resume: 3,
            self._read: 8,
            self._download: 3,
            self._list: 4,
            self._upload: 1,
            self._forget_dataset: 1,
            self._ask_wrongly: 2,
        }
        while not self._stop.wait(self.random.uniform(0, 2 * PAUSE_SECONDS)):
            (action,) = self.random.choices(list(weights), list(weights.values()))
            action()
            self.done[action.__name__.strip("_")] += 1
            while len(self.experiments) > MOST_ENDED and not self._stop.is_set():
                self._delete(self.experiments[0])

    def _create(self, **more: Any) -> None:
        if sum(not each["finished_at"] for each in self._listed()) >= MOST_LIVE:
            return
        shape = dict(self.random.choice(SHAPES))
        if self.datasets and self.random.random() < 0.3:
            shape = {"dataset": self.random.choice(self.datasets), "architecture": [8], "max_epochs": 60}
        document = {**shape, "seed": self.random.randrange(10**6), **more}
        status, content = self.ask("POST", "/v1/experiments", json.dumps(document).encode())
        if status == 201:
            self.experiments.append(json.loads(content)["id"])
        else:
            self.done[f"create: {status}"] += 1

    def _warm_start(self) -> None:
        if ended := [each for each in self._listed("succeeded") if each["id"] in self.experiments]:
            source = self.random.choice(ended)
            shape = {name: source["spec"][name] for name in ("dataset", "architecture")}
            self._create(**shape, init={"name": "given", "checkpoint": source["id"]}, max_epochs=20)

    def _cancel(self) -> None:
        self._post("cancel")

    def _pause(self) -> None:
        self._post("pause")

    def _resume(self) -> None:
        for each in self._listed("paused"):
            self.ask("POST", f"/v1/experiments/{each['id']}/resume")

    def _read(self) -> None:
        if id_ := self._any():
            self.ask("GET", f"/v1/experiments/{id_}")
            self.ask("GET", f"/v1/experiments/{id_}/metrics")
            self.ask("GET", f"/v1/experiments/{id_}/events")

    def _download(self) -> None:
        form = self.random.choice(["safetensors", "npz", "json"])
        self.ask("GET", f"/v1/experiments/{self._any()}/checkpoints/best/content?format={form}", accept="*/*")

    def _list(self) -> None:
        self._listed()
        self.ask("GET", "/v1/datasets")
        self.ask("GET", "/v1/limits")
        self.ask("GET", "/readyz")

    def _upload(self) -> None:
        self.upload(self.random.randrange(50, 5000))

    def _forget_dataset(self) -> None:
        if len(self.datasets) > MOST_DATASETS:
            # It stays as long as an experiment needs it.
            if self.ask("DELETE", f"/v1/datasets/{self.datasets[0]}")[0] != 204:
                self.datasets.append(self.datasets[0])
            self.datasets.pop(0)

    def _ask_wrongly(self) -> None:
        self.ask("POST", "/v1/experiments", b'{"dataset": "iris", "architecture": [-1]}')
        self.ask("POST", "/v1/experiments/validate", b'{"dataset": "iris"')
        self.ask("GET", "/v1/experiments/exp_nowhere")

    def _delete(self, id_: str) -> None:
        if self.ask("DELETE", f"/v1/experiments/{id_}")[0] == 409:
            self.ask("POST", f"/v1/experiments/{id_}/cancel")
            time.sleep(PAUSE_SECONDS)
            return
        self.experiments.remove(id_)

    def _post(self, action: str) -> None:
        if live := [each for each in self._listed() if not each["finished_at"]]:
            self.ask("POST", f"/v1/experiments/{self.random.choice(live)['id']}/{action}")

    def _follow(self) -> None:
        """Read event streams, each for some seconds; some take nothing from the socket at all."""
        while not self._stop.wait(1.0):
            if id_ := self._any():
                with socket.create_connection(("127.0.0.1", self.port), TIMEOUT_SECONDS) as connection:
                    connection.sendall(
                        f"GET /v1/events?experiment={id_} HTTP/1.1\r\nHost: localhost\r\n"
                        f"Authorization: Bearer {self.key}\r\nAccept: text/event-stream\r\n\r\n".encode()
                    )
                    self._drain(connection, time.monotonic() + random.uniform(1, 20))
                    self.done["follow"] += 1

    def _drain(self, connection: socket.socket, until: float) -> None:
        is_slow = random.random() < 0.1
        connection.settimeout(0.5)
        while time.monotonic() < until and not self._stop.is_set():
            if is_slow:
                time.sleep(0.5)
                continue
            try:
                if not connection.recv(2**16):
                    return
            except TimeoutError:
                continue
            except ConnectionError as error:
                self._surprise("GET", "/v1/events", repr(error))
                return

    def _any(self) -> str:
        return self.random.choice(self.experiments) if self.experiments else ""

    def _is(self, id_: str, status: str) -> bool:
        return bool(self._get(f"/v1/experiments/{id_}")["status"] == status)

    def _listed(self, *statuses: str) -> list[Any]:
        wanted = "".join(f"&status={status}" for status in statuses)
        return list(self._get(f"/v1/experiments?limit=100{wanted}")["data"])

    def _get(self, path: str) -> Any:
        status, content = self.ask("GET", path)
        return json.loads(content) if status == 200 else {"data": [], "status": None, "finished_at": "gone"}

    def _surprise(self, method: str, path: str, what: str) -> None:
        self.surprises.append(f"{time.strftime('%H:%M:%S')} {self.name}: {method} {path}: {what}")
