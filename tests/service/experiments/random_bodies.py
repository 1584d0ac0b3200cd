"""Bodies of new experiments that were right once: changed here and there, as JSON and as bytes."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from service.experiments.examples import EXAMPLES

RICH: dict[str, Any] = {
    "dataset": "iris",
    "architecture": [20, {"units": 10, "dropout": 0.1, "penalty": {"name": "l2", "lambda": 0.5}}],
    "activation": {"name": "leaky_relu", "negative_slope": 0.1},
    "penalty": "elastic_net",
    "lambda": 0.1,
    "l1_ratio": 0.25,
    "init": {"name": "normal", "std": 0.1},
    "patience": 5,
    "min_delta": 0.001,
    "max_epochs": 10,
    "optimizer": {"name": "adam", "learning_rate": 0.01, "beta1": 0.8},
    "schedule": {"name": "multistep", "milestones": [10, 20], "gamma": 0.5},
    "clip_norm": 1.0,
    "loss": "cross_entropy",
    "scaling": {"divide_by": 2},
    "class_weight": {"0": 2.5},
    "label_smoothing": 0.1,
    "batch_size": 16,
    "split": {"validation": 0.25, "test": 0.25, "stratify": True, "seed": 3},
    "seed": 7,
    "precision": "float64",
    "name": "rich",
    "metadata": {"course": "week 3"},
    "priority": 5,
    "time_limit_seconds": 60,
}
REGRESSION = {"dataset": "diabetes", "loss": {"name": "huber", "delta": 2}, "monitor": "val_mae"}
VALID = [{"dataset": "digits"}, REGRESSION, RICH, *(example["value"] for example in EXAMPLES.values())]

ODD_NUMBERS = (
    0,
    -0.0,
    -1,
    0.5,
    1e-320,
    1e308,
    2**31,
    2**53 + 1,
    2**63,
    10**30,
    *map(float, ("nan", "inf", "-inf")),
)
ODD_TEXTS = (
    "",
    "\0",
    "\ud800",
    "λ",
    "none",
    "auto",
    "l1",
    "relu",
    "given",
    "NaN",
    "5",
    "x" * 5000,
    "../../etc/passwd",
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.sampled_from(ODD_NUMBERS)
    | st.integers()
    | st.floats()
    | st.sampled_from(ODD_TEXTS)
    | st.text(max_size=20)
)
NAMES = st.sampled_from([*RICH, "lambda_", "lamda", "by", "units", "checkpoint"]) | st.text(max_size=10)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and item of a document: what holds it, and its name or number there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield value, key
        yield from places(item)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """The bytes of a body, one in six of them damaged."""
    document: Any = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 3))):
        change(document, draw)
    text = json.dumps(document).encode()
    if draw(st.integers(0, 5)):
        return text
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.binary(max_size=4)) + text[place + draw(st.integers(0, 4)) :]


def change(document: Any, draw: st.DrawFn) -> None:
    """Change the document at one place."""
    holder, key = draw(st.sampled_from([*places(document)] or [(document, "dataset")]))
    how = draw(st.sampled_from(["replace", "remove", "add", "nest", "borrow"]))
    if how == "remove":
        holder.pop(key, None) if isinstance(holder, dict) else holder.pop(key)
    elif how == "add" and isinstance(holder, dict):
        holder[draw(NAMES)] = draw(VALUES)
    elif how == "nest" and key in holder:
        holder[key] = [holder[key]]
    elif how == "borrow" and isinstance(holder, dict):
        other = draw(st.sampled_from(VALID))
        holder[key] = copy.deepcopy(other.get(key, draw(VALUES)))
    else:
        holder[key] = draw(VALUES)
