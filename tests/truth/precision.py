"""The precision in which an oracle compares metrics."""

from typing import Any

import numpy as np


def precision(case: dict[str, Any]) -> type[Any]:
    """Of the comparisons."""
    return np.float32 if case["float32_sensitive"] else np.float64
