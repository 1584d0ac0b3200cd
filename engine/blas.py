"""Settings of NumPy's BLAS, made before NumPy is imported; standard library only.

OpenBLAS reads its environment once, when it is loaded. One thread, because results change with the number of threads
and the engine's products are small. AVX-512 kernels where the processor has them: OpenBLAS knows AMD's newest
processors by name only and falls back to kernels that are half as fast.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["environment", "prepare"]

_CPUINFO = Path("/proc/cpuinfo")
_AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}


def environment(cpuinfo: str | None = None) -> dict[str, str]:
    """The variables to set, from the text of ``/proc/cpuinfo`` (this machine's by default)."""
    found = {"OPENBLAS_NUM_THREADS": "1"}
    if cpuinfo is None:
        cpuinfo = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    flags = next((line for line in cpuinfo.splitlines() if line.startswith("flags")), "")
    if set(flags.split()) >= _AVX512:
        found["OPENBLAS_CORETYPE"] = "SkylakeX"
    return found


def prepare() -> None:
    """Set the variables that are unset, unless NumPy is already loaded."""
    if "numpy" not in sys.modules:
        for name, value in environment().items():
            os.environ.setdefault(name, value)
