"""A child beats from before the first import of the module that it is started for."""

import os
import subprocess
import sys
from pathlib import Path

from service.execution.pulse import BEAT

SLOW = """
import sys
sys.stdin.read()
print(__name__, *sys.argv[1:])
"""


def test_a_module_that_is_slow_to_import_beats_already(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    beats, beating = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-m", "service.execution.pulse", str(beating), "slow", "one", "two"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[beating],
    )
    os.close(beating)
    # Its first import does not end before its standard input does.
    assert os.read(beats, 2) == BEAT + b"\n"
    said, _ = child.communicate("")
    os.close(beats)
    assert (child.returncode, said) == (0, "__main__ one two\n")
