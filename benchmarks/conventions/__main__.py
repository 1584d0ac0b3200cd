"""Train a network here and in another tool with the same λ, and say how far apart the weights end.

    make conventions

Both begin with the same weights and take the same batches in the same order, in float64. A network's row gives the
greatest difference of any weight after 80 steps, and the same had the number been twice as large, which shows that the
difference would be seen. A linear model's row gives the greatest step that the engine takes from its solution, on all
rows. Ends with 1 if any of it is not as it should be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.conventions.ours import RATE, ROWS, Array, Problem, Trained

__all__ = ["main"]

SEEN = 1e-3
TOLERANCE = {"Keras": 1e-6, "PyTorch": 1e-12, "scikit-learn": 1e-12}
"""Keras is off by 1e-9 after a single step already: it does not keep to float64 throughout."""
SOLVED = 1e-6
"""How close scikit-learn's solvers come to their own solutions."""

Ended = Callable[[float], list[Array]]


@dataclass(frozen=True)
class Row:
    """A tool's number, what λ it is, and how far apart the weights end; ``doubled`` with twice the number."""

    tool: str
    number: float
    lambda_: float
    difference: float
    doubled: float | None = None
    linear: bool = False

    @property
    def is_right(self) -> bool:
        """Whether the tool ends where the engine does, and would not with another number."""
        seen = self.doubled is None or self.doubled > SEEN
        tolerance = SOLVED if self.linear else TOLERANCE[self.tool.partition(" ")[0]]
        return self.difference < tolerance and seen


def distance(here: list[Array], there: list[Array]) -> float:
    """The greatest difference of any weight."""
    return max(float(abs(mine - other).max()) for mine, other in zip(here, there, strict=True))


def compared(tool: str, number: float, ours: Trained, back: float, ended: Ended) -> Row:
    """One row; ``back`` is what ``equivalents`` calls the λ that the number became."""
    if abs(back - number) > 1e-12 * number:
        message = f"{tool}: {number} became {back} on its way in and out."
        raise SystemExit(message)
    there, twice = ended(number), ended(2 * number)
    return Row(tool, number, ours.lambda_, distance(ours.weights, there), distance(ours.weights, twice))


def of_keras() -> Iterator[Row]:
    """`l2`, `l1`, both, and the mean squared error."""
    from benchmarks.conventions import in_keras  # noqa: PLC0415 - a tool that is not there stays out

    classes, numbers = Problem("multiclass"), Problem("regression")
    start, number = classes.initial([8], 3), 0.003
    for kind in ("l2", "l1"):
        ours = classes.trained(start, penalty=kind, lambda_convention="keras", **{"lambda": number})
        ended = partial(in_keras.ended_with, kind, classes, start, "cross_entropy")
        yield compared(f"Keras `{kind}`", number, ours, ours.there["keras"][kind], ended)
    ours = classes.trained(start, penalty="elastic_net", l1_ratio=0.3, **{"lambda": 1.0})
    found = ours.there["keras"]
    there = in_keras.ended(classes, start, "cross_entropy", found["l1"], found["l2"])
    yield Row("Keras `l1_l2`, its `l1`", found["l1"], ours.lambda_, distance(ours.weights, there))
    begin = numbers.initial([8], 1)
    fields: dict[str, Any] = {"loss": "mean_squared_error", "penalty": "l2", "lambda": number}
    ours = numbers.trained(begin, lambda_convention="keras", **fields)
    ended = partial(in_keras.ended_with, "l2", numbers, begin, "mse")
    yield compared("Keras `l2` with `mse`", number, ours, ours.there["keras"]["l2"], ended)


def of_torch() -> Iterator[Row]:
    """`weight_decay` of SGD and Adam, and with the mean squared error."""
    from benchmarks.conventions import in_torch  # noqa: PLC0415 - a tool that is not there stays out

    number = 0.01
    for optimizer, loss in (
        ("sgd", "cross_entropy"),
        ("adam", "cross_entropy"),
        ("sgd", "mean_squared_error"),
    ):
        problem = Problem("multiclass" if loss == "cross_entropy" else "regression")
        start = problem.initial([8], 3 if loss == "cross_entropy" else 1)
        rate = RATE if optimizer == "sgd" else in_torch.ADAM_RATE
        fields: dict[str, Any] = {
            "loss": loss,
            "optimizer": {"name": optimizer, "learning_rate": rate},
            "penalty": "l2",
            "lambda": number,
        }
        ours = problem.trained(start, lambda_convention="pytorch", **fields)
        name = f"PyTorch `weight_decay` of {optimizer}, {loss}"
        ended = partial(in_torch.ended, problem, start, loss, optimizer)
        yield compared(name, number, ours, ours.there["pytorch"]["weight_decay"], ended)


def of_sklearn() -> Iterator[Row]:
    """`alpha` of the MLPs, and the linear models at their solutions."""
    from benchmarks.conventions import in_sklearn  # noqa: PLC0415 - a tool that is not there stays out

    number = 0.5
    for task, outputs in (("multiclass", 3), ("regression", 1)):
        problem = Problem(task)
        start = problem.initial([8], outputs)
        ours = problem.trained(start, penalty="l2", lambda_convention="sklearn", **{"lambda": number})
        ended = partial(in_sklearn.ended, problem, start)
        yield compared(
            f"scikit-learn MLP `alpha`, {task}", number, ours, ours.there["sklearn"]["mlp_alpha"], ended
        )
    linear = (
        ("LogisticRegression", "logistic_regression_C", Problem("multiclass"), "l2"),
        ("LogisticRegression", "logistic_regression_C", Problem("binary", 2), "l2"),
        ("Ridge", "ridge_alpha", Problem("regression"), "l2"),
        ("Lasso", "lasso_alpha", Problem("regression"), "l1"),
    )
    for name, key, problem, penalty in linear:
        fields: dict[str, Any] = {"penalty": penalty, "lambda": 20.0, "l1_update": "proximal"}
        outputs = 1 if problem.data.classes in {None, 2} else 3
        number = problem.trained(problem.initial([], outputs), **fields).there["sklearn"][key]
        solution = in_sklearn.solved(problem, name, number)
        one_step = {"batch_size": ROWS, "max_epochs": 1, "optimizer": {"name": "sgd", "learning_rate": 1}}
        ours = problem.trained(solution, **fields, **one_step)
        step = distance(ours.weights, [weights for weights, _ in solution])
        yield Row(f"scikit-learn {name}, {problem.data.task}", number, ours.lambda_, step, linear=True)


def main() -> int:
    """Print the table; a tool that is not there is left out, and said to be."""
    rows: list[Row] = []
    for tool in (of_keras, of_torch, of_sklearn):
        try:
            rows += tool()
        except ModuleNotFoundError as missing:
            print(f"Left out: {missing.name} is not there.", file=sys.stderr)
    print(f"n = {ROWS}\n\n| there | number | λ | apart | with twice the number |\n|---|---|---|---|---|")
    for row in rows:
        doubled = "" if row.doubled is None else f"{row.doubled:.1e}"
        print(f"| {row.tool} | {row.number:.6g} | {row.lambda_:.6g} | {row.difference:.0e} | {doubled} |")
    return 0 if rows and all(row.is_right for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
