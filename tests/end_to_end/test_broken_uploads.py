"""Uploads that never arrive whole, or hold no data: an answer where somebody listens, and nothing stays of them."""

import io
import os
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.harness import Service, wait_for
from tests.end_to_end.raw_requests import request, sent

BOUNDARY = "cut-here"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
TABLES = ("datasets", "dataset_uploads", "dataset_arrays")
LARGE = 8_000_000
"""More than is kept in memory."""


class Remains:
    """What a service leaves on its machine: temporary files, rows of uploads, and files that it holds open."""

    def __init__(self, service: Service) -> None:
        self._service = service
        # What an earlier test has left is on its way out.
        wait_for(lambda: self.now()["dataset_uploads"] == 0, "the bytes of other uploads to go")
        self._before = self.now()

    def now(self) -> dict[str, Any]:
        data = Path(self._service.environment["TRAINYARD_DATA_DIR"])
        temporary = Path(self._service.environment["TMPDIR"])
        with closing(sqlite3.connect(f"file:{data / 'trainyard.sqlite3'}?mode=ro", uri=True)) as database:
            counts = {table: rows_of(database, table) for table in TABLES}
        intake = [str(each) for each in (data / "intake").rglob("*") if each.is_file()]
        return {
            **counts,
            "intake": intake,
            "temporary": sorted(map(str, temporary.rglob("*"))),
            "open": self._open(),
        }

    def _open(self) -> int:
        """How many files the API process has open that have no name any more."""
        names = []
        for each in Path(f"/proc/{self._service.process.pid}/fd").iterdir():
            try:
                names.append(str(each.readlink()))
            except FileNotFoundError:
                continue
        return sum("(deleted)" in name for name in names)

    def check(self, **more: int) -> None:
        """Wait until nothing is there that was not before, but for some rows."""
        expected = {
            name: self._before[name] + more.get(name, 0) if name in TABLES else self._before[name]
            for name in self._before
        }
        wait_for(lambda: self.now() == expected, f"{expected}, and there is {self.now()}")


def rows_of(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names


@pytest.fixture
def remains(service: Service) -> Remains:
    return Remains(service)


def posted(service: Service, content: bytes, content_type: str = FORM) -> tuple[int, Any]:
    """Return the answer to a form."""
    return sent(service, "POST", "/v1/datasets", content, {"Content-Type": content_type})


def ended(service: Service, made: Any) -> Any:
    """Return the data set once it is ready or rejected."""
    wait_for(lambda: service.get(made["links"]["self"])["finished_at"] is not None, "the end")
    return service.get(made["links"]["self"])


def form(content: bytes, name: str = "file.csv", *, end: bool = True) -> bytes:
    """Return the body of a form with one file."""
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    head = f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode()
    return head + content + (f"\r\n--{BOUNDARY}--\r\n".encode() if end else b"")


def announced(service: Service) -> Any:
    return service.call("POST", "/v1/datasets/announcements", {"name": "large"})


def test_a_form_whose_sender_goes_leaves_nothing(service: Service, remains: Remains) -> None:
    half = form(b"a,b\n" * (LARGE // 4), end=False)
    headers = {"Content-Type": FORM, "Content-Length": str(2 * LARGE)}
    for _ in range(3):
        request(service, "POST", "/v1/datasets", half, headers).close()
    remains.check()


def test_bytes_whose_sender_goes_leave_nothing_and_can_be_sent_again(
    service: Service, remains: Remains
) -> None:
    link = announced(service)["links"]["content"]
    request(service, "PUT", link, b"a,b\n" * (LARGE // 4), {"Content-Length": str(2 * LARGE)}).close()
    remains.check(datasets=1)
    status, found = sent(service, "PUT", link, b"a,b\n1,0\n2,1\n", {})
    assert (status, found["status"]) == (202, "validating")
    assert ended(service, found)["status"] == "ready"


@pytest.mark.parametrize("expect", [{}, {"Expect": "100-continue"}], ids=["sent", "asked"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_five_gigabytes_are_refused_before_they_come(
    service: Service, remains: Remains, method: str, expect: dict[str, str]
) -> None:
    path = "/v1/datasets" if method == "POST" else announced(service)["links"]["content"]
    headers = {"Content-Type": FORM, "Content-Length": "5000000000", **expect}
    status, problem = sent(service, method, path, b"", headers)
    assert (status, problem["title"]) == (413, "Content too large"), problem
    remains.check(datasets=int(method == "PUT"))


NAMES = [
    "../../passwd",
    "..\\\\windows.csv",
    "/x.csv",
    "a" * 3000 + ".csv",
    "tab\tname.csv",
    "a\0b.csv",
    "🌷.csv",
]


def test_the_name_of_a_file_is_only_shown(service: Service, remains: Remains) -> None:
    made = []
    for place, name in enumerate(NAMES):
        status, found = posted(service, form(f"a,b\n{place},0\n9,1\n".encode(), name))
        assert status == 201, found
        assert not set(found["name"]) & set("/\\\0\t")
        assert 1 <= len(found["name"]) <= 200
        made.append(found)
    assert [ended(service, each)["status"] for each in made] == ["ready"] * len(NAMES)
    remains.check(datasets=len(NAMES), dataset_arrays=2 * len(NAMES))


BROKEN: dict[str, Callable[[], tuple[str, bytes]]] = {
    "no boundary": lambda: ("multipart/form-data", form(b"a,b\n")),
    "another boundary": lambda: ("multipart/form-data; boundary=other", form(b"a,b\n")),
    "never ends": lambda: (FORM, form(b"a,b\n", end=False)),
    "no file": lambda: (
        FORM,
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="target"\r\n\r\ny\r\n--{BOUNDARY}--\r\n'.encode(),
    ),
    "two files": lambda: (FORM, form(b"a,b\n", end=False) + b"\r\n" + form(b"c,d\n")),
    "binary junk": lambda: (FORM, os.urandom(5000)),
    "a thousand fields": lambda: (
        FORM,
        b"".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f{place}"\r\n\r\nx\r\n'.encode()
            for place in range(1000)
        )
        + form(b"a,b\n"),
    ),
    "a long header": lambda: (FORM, form(b"a,b\n", "x" * 1_000_000)),
    "a long field": lambda: (
        FORM,
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\n{"x" * 200_000}\r\n'.encode()
        + form(b"a,b\n"),
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_form_is_refused(service: Service, remains: Remains, what: str) -> None:
    content_type, content = BROKEN[what]()
    status, problem = posted(service, content, content_type)
    assert status in {400, 413, 422}, problem
    assert problem["type"].startswith("urn:trainyard:problem:")
    remains.check()


def bomb() -> bytes:
    """Return an archive of a megabyte that says it is a gigabyte of zeros."""
    content = io.BytesIO()
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 1000), }".ljust(117) + "\n"
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as file,
    ):
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        for _ in range(1000):
            file.write(bytes(1_000_000))
    return content.getvalue()


REJECTED: dict[str, Callable[[], bytes]] = {
    "bomb": bomb,
    "junk": lambda: os.urandom(LARGE),
    "pickle": lambda: pickle.dumps([LARGE] * 1000),
}


@pytest.mark.parametrize("what", REJECTED)
def test_what_is_rejected_leaves_only_its_reasons(service: Service, remains: Remains, what: str) -> None:
    status, found = posted(service, form(REJECTED[what](), "x.npz"))
    assert status == 201, found
    rejected = ended(service, found)
    assert rejected["status"] == "rejected"
    assert rejected["rejection"]["reasons"]
    remains.check(datasets=1)
