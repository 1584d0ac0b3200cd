"""Settings of the oracles, in the words of this project."""

from typing import Any


def schedule(given: dict[str, Any]) -> dict[str, Any]:
    """The oracle's schedule in our words."""
    names = {"T_max": "period", "eta_min": "min_learning_rate", "total_iters": "total_steps"}
    found = {names.get(name, name): value for name, value in given.items()}
    return {**found, "name": "constant"} if given["name"] == "linear_warmup" else found
