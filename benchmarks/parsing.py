"""How long files take to be read, and the memory of the process that reads them: `make bench-parsing`."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from service.datasets.reading.options import Options
from service.datasets.reading.parse import parse
from service.datasets.reading.results import Parsed

ROWS = 200_000
COLUMNS = 50
PICTURES = (60_000, 28, 28)
BLACK = 0.8
_AT_ONCE = 10_000
_MEBIBYTE = 1 << 20


def write_csv(path: Path) -> None:
    """Ten million numbers of six digits, and two classes."""
    random = np.random.default_rng(0)
    with path.open("w") as file:
        for _ in range(ROWS // _AT_ONCE):
            rows = random.normal(size=(_AT_ONCE, COLUMNS)).tolist()
            kinds = random.integers(0, 2, _AT_ONCE).tolist()
            for row, kind in zip(rows, kinds, strict=True):
                file.write(",".join([*(f"{number:.6g}" for number in row), f"{kind}\n"]))


def write_npz(path: Path) -> None:
    """Pictures of MNIST's size, of which four pixels in five are black, as they are there."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, PICTURES, np.uint8)
    pictures[random.random(PICTURES, np.float32) < BLACK] = 0
    with path.open("wb") as file:
        np.savez_compressed(file, x_train=pictures, y_train=random.integers(0, 10, len(pictures), np.uint8))


def measure(name: str, path: Path) -> None:
    """Read the file, and print what it took; runs in a process of its own, whose memory is that of the reading."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    found = parse(path, Options())
    seconds = time.perf_counter() - start
    if not isinstance(found, Parsed):
        sys.exit(found.advice)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    size = path.stat().st_size / _MEBIBYTE
    values = found.arrays["x"].size
    print(f"{name}: {size:.0f} MiB, {values:,} values, {seconds:.1f} s, {peak / 1024:.0f} MiB of memory")


def main() -> None:
    """Write each file, have it read and delete it, each in a process of its own: a child inherits its parent's peak."""
    files: dict[str, Callable[[Path], None]] = {"CSV": write_csv, "NPZ": write_npz}
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as directory:
        for name, write in files.items():
            path = Path(directory) / name
            for process in (
                context.Process(target=write, args=(path,)),
                context.Process(target=measure, args=(name, path)),
            ):
                process.start()
                process.join()
            path.unlink()


if __name__ == "__main__":
    main()
