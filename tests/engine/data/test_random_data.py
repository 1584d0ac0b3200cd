"""Splits, flipped labels, scaling and weights of random specifications, recomputed from the documentation."""

import dataclasses
from typing import Any

import numpy as np

from engine.data import Dataset, prepare
from engine.spec import Experiment, resolve
from tests.engine.random_specs import TASKS, Dice, data_set, document
from tests.engine.reference_data import prepared_parts

SPECS = 150


def with_own_parts(dice: Dice, data: Dataset) -> Dataset:
    """The same with test rows of its own, and sometimes validation rows; one column is constant, and not in them."""
    x = data.x.copy()
    x[:, -1] = 0.1
    rows = slice(0, dice.whole(1, 9))
    own: dict[str, Any] = {"x_test": data.x[rows] + 1, "y_test": data.y[rows]}
    if dice.often(0.5):
        own |= {"x_validation": data.x[rows] - 1, "y_validation": data.y[rows]}
    return dataclasses.replace(data, x=x, **own)


def split(dice: Dice, data: Dataset) -> dict[str, Any]:
    own: dict[str, Any] = {"seed": dice.whole(0, 999)}
    if dice.often(0.5):
        own["train_rows"] = dice.whole(3, 9)
    if data.x_test is not None and dice.often(0.5):
        return {"by": "dataset", **own}
    fractions = {
        "validation": dice.one(0.0, 0.1, 0.145, 0.25, dice.between(0, 0.4)),
        "test": dice.one(0.0, 0.1, 0.205, dice.between(0, 0.3)),
    }
    if data.order is not None:
        return {"by": "order", **fractions, **own}
    stratify = (True, False, "auto") if data.has_classes else (False, "auto")
    return {
        "by": "fractions",
        **fractions,
        "stratify": dice.one(*stratify),
        **own,
    }


def test_random_data_are_prepared_as_documented() -> None:
    for seed in range(SPECS):
        dice = Dice(seed)
        task = dice.one(*TASKS)
        data = data_set(dice, task)
        if dice.often(0.4):
            data = with_own_parts(dice, data)
        if dice.often(0.3):
            data = dataclasses.replace(data, order=dice.random.integers(0, 9, len(data.y)))
        fields = {**document(dice, task), "split": split(dice, data), "monitor": "auto"}
        resolved = resolve(Experiment.from_document(fields), data.facts)
        found, plain = prepare(data, resolved), prepared_parts(data, resolved)
        for name, part in plain.items():
            ours, told = getattr(found, name), f"{name} rows of seed {seed}: {resolved.experiment}"
            np.testing.assert_allclose(ours.x, part.x, rtol=1e-12, atol=1e-12, err_msg=told)
            np.testing.assert_allclose(ours.targets, part.targets, rtol=1e-12, atol=1e-12, err_msg=told)
            np.testing.assert_array_equal(ours.inputs[:, -1], 1)
            np.testing.assert_equal(ours.labels, part.labels, told)
            np.testing.assert_equal(ours.weights is None, part.weights is None, told)
            if part.weights is not None:
                np.testing.assert_allclose(ours.weights, part.weights, rtol=1e-12, err_msg=told)
