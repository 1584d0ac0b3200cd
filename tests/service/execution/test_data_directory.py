import subprocess
import sys
from pathlib import Path

import pytest

from service.execution.data_directory import DataDirectory, DataDirectoryError, read_engine_id

HOLD = """
import sys, pathlib
from service.execution.data_directory import DataDirectory
directory = DataDirectory(pathlib.Path(sys.argv[1]))
print(directory.engine_id, flush=True)
sys.stdin.read()
"""


def test_one_process_at_a_time_works_in_a_directory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        engine_id = holder.stdout.readline().strip()
        with pytest.raises(DataDirectoryError, match="Another Trainyard is running on the data directory"):
            DataDirectory(tmp_path)
        assert read_engine_id(tmp_path) == engine_id
        holder.kill()
        directory = DataDirectory(tmp_path, wait_seconds=30)
        assert directory.engine_id == engine_id
        directory.close()


def test_a_child_keeps_the_lock_of_a_parent_that_died(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    descriptors = [directory.descriptor]
    with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=descriptors) as child:
        directory.close()
        with pytest.raises(DataDirectoryError):
            DataDirectory(tmp_path)
        child.kill()
    DataDirectory(tmp_path, wait_seconds=30).close()


def test_the_directory_is_made_where_it_is_missing(tmp_path: Path) -> None:
    DataDirectory(tmp_path / "a" / "b").close()
    assert [file.name for file in (tmp_path / "a" / "b").iterdir()] == ["engine.lock"]


def test_every_directory_has_an_engine_of_its_own(tmp_path: Path) -> None:
    first, second = DataDirectory(tmp_path / "first"), DataDirectory(tmp_path / "second")
    assert first.engine_id != second.engine_id
    first.close()
    second.close()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirectoryError, match="file/data is not writable: Not a directory"):
        DataDirectory(tmp_path / "file" / "data")
