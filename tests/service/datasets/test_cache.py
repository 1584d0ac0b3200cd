"""Uploaded data sets as files of a machine: fetched once, kept within a limit, and never half there."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.datasets.cache import DatasetCache
from service.datasets.loading import DatasetMismatchError
from service.datasets.models import DatasetArrayRow, DatasetRow
from service.storage.database import Database
from tests.service.datasets.uploading import CSV, read_all, upload

PLENTY = 2**30


def ready(client: TestClient, database: Database, folder: Path, scaling: str = "auto") -> Any:
    """Return a data set that has been read."""
    made = upload(client, target="label", scaling=scaling).json()
    read_all(database, folder)
    return client.get(made["links"]["self"]).json()


def kept(folder: Path) -> set[str]:
    return {place.name for place in folder.iterdir()}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def three(client: TestClient, database: Database, folder: Path) -> list[Any]:
    """Return three data sets of the same size."""
    return [
        ready(client, database, folder, scaling=scaling)
        for scaling in ("none", "standardize", '{"divide_by": 2}')
    ]


def use(database: Database, folder: Path, data: Any, limit: int = PLENTY) -> Any:
    """Load a data set as a process that has just begun does."""
    return DatasetCache(database, folder, limit).load(data["id"], data["version"])


def test_the_database_is_asked_once_a_machine(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    data = ready(client, database, tmp_path)
    first = use(database, cache, data)
    with database.transaction() as session:
        session.execute(sa.delete(DatasetArrayRow))
    again = use(database, cache, data)
    assert isinstance(again.x, np.memmap)
    np.testing.assert_array_equal(first.x, again.x)
    assert kept(cache) == {data["version"]}


def test_what_was_used_longest_ago_makes_room(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    first, second, third = three(client, database, tmp_path)
    mapped = use(database, cache, first)
    size = sum(file.stat().st_size for file in (cache / first["version"]).iterdir())
    use(database, cache, second)
    for age, data in ((2000, second), (1000, first)):
        os.utime(cache / data["version"], (time.time() - age,) * 2)
    use(database, cache, third, 2 * size)
    assert kept(cache) == {first["version"], third["version"]}
    use(database, cache, second, size)
    assert kept(cache) == {second["version"]}
    assert mapped.x.shape == (60, 3)
    assert use(database, cache, first).x.tolist() == mapped.x.tolist()


def test_use_counts_and_not_only_fetching(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    first, second, third = three(client, database, tmp_path)
    for data in (first, second):
        use(database, cache, data)
        os.utime(cache / data["version"], (time.time() - 1000,) * 2)
    use(database, cache, first)
    size = sum(file.stat().st_size for file in (cache / first["version"]).iterdir())
    use(database, cache, third, 2 * size)
    assert kept(cache) == {first["version"], third["version"]}


def test_what_was_deleted_goes_when_another_comes(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    first, second, _ = three(client, database, tmp_path)
    use(database, cache, first)
    assert client.delete(first["links"]["delete"]).status_code == 204
    with pytest.raises(DatasetMismatchError, match="which was deleted"):
        use(database, cache, first)
    use(database, cache, second)
    assert kept(cache) == {second["version"]}


def test_what_a_killed_process_left_is_swept_and_what_another_writes_is_not(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    for name in ("unfinished-old", "unfinished-new", "dropped-old"):
        (cache / name).mkdir(parents=True)
        (cache / name / "x.npy").write_bytes(CSV)
    os.utime(cache / "unfinished-old", (time.time() - 7200,) * 2)
    data = ready(client, database, tmp_path)
    use(database, cache, data)
    assert kept(cache) == {data["version"], "unfinished-new"}


def test_an_empty_folder_is_no_data_set(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    data = ready(client, database, tmp_path)
    (cache / data["version"]).mkdir(parents=True)
    assert use(database, cache, data).x.shape == (60, 3)


def test_a_file_that_a_power_failure_left_short_is_fetched_anew(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    data = ready(client, database, tmp_path)
    whole = use(database, cache, data).x.tolist()
    for length in (10, 200):
        os.truncate(cache / data["version"] / "x.npy", length)
        assert use(database, cache, data).x.tolist() == whole


def test_a_data_set_without_arrays_is_no_endless_search(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    data = ready(client, database, tmp_path)
    with database.transaction() as session:
        session.execute(sa.delete(DatasetArrayRow))
    with pytest.raises(DatasetMismatchError, match="is unavailable"):
        use(database, cache, data)
    assert kept(cache) <= {data["version"]} if cache.exists() else True


def test_groups_of_before_there_were_splits_by_them_are_left_out(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    rows = "".join(f"{row},{row // 3},{row % 2}\n" for row in range(30))
    made = upload(client, b"a,g,y\n" + rows.encode(), group="g").json()
    read_all(database, tmp_path)
    with database.transaction() as session:
        facts = session.execute(sa.select(DatasetRow.facts)).scalar_one() or {}
        old = {name: value for name, value in facts.items() if name not in {"groups", "group_sizes"}}
        session.execute(sa.update(DatasetRow).values(facts=old))
    found = use(database, cache, client.get(made["links"]["self"]).json())
    assert found.groups is None
    assert (
        client.post("/v1/experiments", json={"dataset": made["id"]}).json()["spec"]["split"]["by"]
        == "fractions"
    )


def test_what_was_dropped_is_let_go(
    client: TestClient, database: Database, tmp_path: Path, cache: Path
) -> None:
    data = three(client, database, tmp_path)
    one_process = DatasetCache(database, cache, 1)
    for each in data:
        one_process.load(each["id"], each["version"])
    maps = Path("/proc/self/maps").read_text()
    assert maps.count(str(cache)) == 2, "x and y of the last"
