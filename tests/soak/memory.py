"""Memory of every process over time, and whether it grows.

A process that replaces a killed one begins a series of its own. The first third of each is its warm-up. It is judged by
the median of each minute: Sen's slope with its interval of 95 %. Growth is noise as long as the interval reaches
down to the limit; a series whose interval lies above it fails.
"""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.end_to_end.harness import Session

__all__ = ["LIMIT_PERCENT", "Sampler", "Series", "Slope", "report", "slope", "take_sample"]

LIMIT_PERCENT = 1.0
"""Growth in ten minutes that counts as none."""

SAMPLE_SECONDS = 3.0
BLOCK_SECONDS = 60.0
FEWEST_BLOCKS = 8
"""With fewer medians the interval says nothing."""

_ROLES = {"worker.process": "worker", "reading_process": "reader", "--attached": "engine", "serve": "api"}


class Slope(NamedTuple):
    """Change in ten minutes in percent of the median, with its interval of 95 %."""

    percent: float
    low: float
    high: float

    @property
    def is_growth(self) -> bool:
        return self.low > LIMIT_PERCENT


class Sample(NamedTuple):
    """What a process has at a moment."""

    seconds: float
    own: int
    """Kilobytes of memory that no file backs."""
    resident: int
    """Kilobytes of all memory, mapped files and libraries as well."""
    descriptors: int
    threads: int


@dataclass
class Series:
    """The samples of one process."""

    role: str
    pid: int
    samples: list[Sample] = field(default_factory=list)


def slope(points: Sequence[tuple[float, float]]) -> Slope | None:
    """Sen's slope of points at seconds; None where there are too few."""
    if len(points) < FEWEST_BLOCKS:
        return None
    slopes = sorted(
        (later - earlier) / (end - begin)
        for position, (begin, earlier) in enumerate(points)
        for end, later in points[position + 1 :]
    )
    count = len(points)
    spread = 1.96 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = slopes[max(0, math.floor((len(slopes) - spread) / 2))]
    high = slopes[min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))]
    scale = 100 * 600 / (median(value for _, value in points) or 1.0)
    return Slope(median(slopes) * scale, low * scale, high * scale)


def blocks(samples: Sequence[Sample], name: str) -> list[tuple[float, float]]:
    """The median of each whole minute, at its middle."""
    found: dict[int, list[int]] = {}
    for sample in samples:
        found.setdefault(int(sample.seconds // BLOCK_SECONDS), []).append(getattr(sample, name))
    return [((block + 0.5) * BLOCK_SECONDS, median(values)) for block, values in sorted(found.items())]


class Sampler:
    """Samples all processes of a session in a thread."""

    def __init__(self, session: Session) -> None:
        self.series: dict[int, Series] = {}
        self._session = session
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            for pid, words in self._session.processes().items():
                sample = take_sample(pid, time.monotonic() - self._begun)
                role = next((role for word, role in _ROLES.items() if word in words), None)
                if sample is not None and role is not None:
                    self.series.setdefault(pid, Series(role, pid)).samples.append(sample)


def take_sample(pid: int, seconds: float) -> Sample | None:
    """The numbers of a process; None where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return None
    values = dict(line.split(":", 1) for line in lines)
    try:
        own, resident, threads = (int(values[name].split()[0]) for name in ("RssAnon", "VmRSS", "Threads"))
    except KeyError:
        # A zombie has none.
        return None
    return Sample(seconds, own, resident, descriptors, threads)


def report(series: Sequence[Series]) -> list[Series]:
    """Print what became of the memory of each process; returns those that grow."""
    growing = []
    short: dict[str, list[Series]] = {}
    print(f"{'role':8} {'pid':>7} {'minutes':>7} {'own MB':>7}  own %/10 min           all memory %/10 min")
    for each in series:
        samples = each.samples[len(each.samples) // 3 :]
        own, resident = slope(blocks(samples, "own")), slope(blocks(samples, "resident"))
        if own is None or resident is None:
            short.setdefault(each.role, []).append(each)
            continue
        minutes = (samples[-1].seconds - samples[0].seconds) / 60
        megabytes = median(sample.own for sample in samples) / 1024
        grows = own.is_growth or resident.is_growth
        print(
            f"{each.role:8} {each.pid:7} {minutes:7.1f} {megabytes:7.1f}  {_written(own)}  {_written(resident)}"
            f"{'  GROWS' if grows else ''}"
        )
        for name in ("descriptors", "threads"):
            values = [value for _, value in blocks(samples, name)]
            print(f"{'':24} {name}: {values[0]:g} at first, {values[-1]:g} at last, {max(values):g} at most")
        growing += [each] if grows else []
    for role, ones in short.items():
        most = max(sample.own for each in ones for sample in each.samples) / 1024
        print(f"{role:8} {len(ones)} more that lived too short to be judged, at most {most:.1f} MB")
    return growing


def _written(found: Slope) -> str:
    return f"{found.percent:+6.2f} [{found.low:+6.2f}, {found.high:+6.2f}]"
