"""What the tests of this folder have in common: they take long, and they leave nothing running."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.cluster import ClusterService
from tests.end_to_end.harness import Service, Session

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    for item in ours:
        item.add_marker(pytest.mark.chaos)
        if is_of_cluster(item):
            item.add_marker(pytest.mark.cluster)
    # The longest begin first and in processes of their own: each process is handed two tests to begin with.
    longest = [item for item in ours if item.path.name == "test_soak.py"]
    others = [item for item in items if item not in longest]
    begin = [item for pair in zip(longest, others, strict=False) for item in pair]
    items[:] = begin + [item for item in longest + others if item not in begin]


def is_of_cluster(item: pytest.Item) -> bool:
    """Whether a test starts Dask."""
    parameters = (
        item.callspec.params.values()
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else ()
    )
    return "cluster" in getattr(item, "fixturenames", ()) or "cluster" in parameters


@dataclass(frozen=True)
class Deployment:
    """A way to run the service on an empty database; to start it again is to go on."""

    url: str
    start: Callable[[], Service | ClusterService]

    @classmethod
    def of(cls, kind: str, url: str, directory: Path, **settings: str) -> "Deployment":
        """A service on one machine, or a cluster."""
        if kind == "cluster":
            return cls(url, lambda: ClusterService(url, directory, settings=settings))
        return cls(url, lambda: Service(directory, settings=settings | {"TRAINYARD_DATABASE_URL": url}))


@pytest.fixture(params=["sqlite", "postgresql", "cluster"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> Deployment:
    if request.param == "sqlite":
        return Deployment.of("embedded", f"sqlite:///{tmp_path / 'trainyard.sqlite3'}", tmp_path)
    return Deployment.of(request.param, request.getfixturevalue("postgresql_url"), tmp_path)


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Kill what a test leaves running, whether it passes or fails, and show what that said."""
    before = list(Session.living)
    yield
    for session in [session for session in Session.living if session not in before]:
        session.kill()
        sys.stderr.write(f"== {session.process.args!r}\n{session.log}\n")
