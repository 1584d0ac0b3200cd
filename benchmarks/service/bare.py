"""The engine without the service: trains the documents that come on standard input, one a line.

    python -m benchmarks.service.bare

Answers each with the seconds that it took, and those of a processor, in a process like a worker's: its niceness, its
BLAS.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from engine import Experiment, train
from service.datasets.catalog import find
from service.datasets.loading import load
from service.execution.worker.setup import NICENESS

__all__ = ["seconds"]


def seconds(document: dict[str, Any]) -> tuple[float, float]:
    """How long the engine takes for an experiment as a client would post it: by the clock, and of a processor."""
    spec = dict(document)
    dataset = find(spec.pop("dataset"))
    assert dataset is not None, document
    begun, processor = time.perf_counter(), time.process_time()
    train(Experiment.from_document(spec), load(dataset.name, dataset.version))
    return time.perf_counter() - begun, time.process_time() - processor


def main() -> None:
    """Train until the input ends."""
    os.nice(NICENESS)
    for line in sys.stdin:
        print(*seconds(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
