"""Imported by the process that starts Dask workers (``--preload-nanny service.execution.nanny``).

A worker inherits this process's environment, and its BLAS reads it before any code of ours runs there.
"""

import os

from engine import blas

__all__: list[str] = []

for _name, _value in blas.environment().items():
    os.environ.setdefault(_name, _value)
