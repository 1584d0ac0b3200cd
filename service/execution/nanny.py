"""Imported by the process that starts Dask workers (``--preload-nanny service.execution.nanny``).

A worker inherits this process's environment, and its BLAS reads it before any code of ours runs there.
"""

import os

import dask

from engine import blas

__all__: list[str] = []

# Dask has workers return every freed block to the system at once, and training, which frees and takes the same blocks
# again and again, is then slower by up to a fifth.
dask.config.set({"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None})

for _name, _value in blas.environment().items():
    os.environ.setdefault(_name, _value)
