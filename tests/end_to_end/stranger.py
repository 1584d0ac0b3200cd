"""What another account tries on the processes and files of a service; run by root, it becomes nobody first.

Reads process ids and paths from standard input, and prints what it got at.
"""

import ctypes
import json
import os
import sys
from collections.abc import Iterator

NOBODY = 65534
PTRACE_SEIZE = 0x4206
SECRET_FILES = ("environ", "mem", "maps", "auxv", "io", "stack", "fd", "fdinfo", "map_files", "cwd", "root")


def reached(pids: list[int], paths: list[str]) -> Iterator[str]:
    ptrace = ctypes.CDLL(None).ptrace
    for pid in pids:
        if ptrace(PTRACE_SEIZE, pid, None, None) == 0:
            yield f"ptrace {pid}"
        try:
            os.kill(pid, 0)
            yield f"kill {pid}"
        except PermissionError:
            pass
    for path in [*paths, *(f"/proc/{pid}/{name}" for pid in pids for name in SECRET_FILES)]:
        for flags, what in ((os.O_RDONLY, "read"), (os.O_WRONLY, "write"), (os.O_DIRECTORY, "list")):
            try:
                descriptor = os.open(path, flags | os.O_NONBLOCK)
                # What /proc hides can in part be opened and not read.
                if what == "read":
                    os.read(descriptor, 1)
                elif what == "list":
                    os.listdir(descriptor)  # noqa: PTH208 - of what is open
                yield f"{what} {path}"
            except OSError:
                continue


if __name__ == "__main__":
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    json.dump(list(reached(**json.load(sys.stdin))), sys.stdout)
