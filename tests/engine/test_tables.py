"""Every table of variants is complete, and what the specification says of an entry is what the engine does."""

from dataclasses import fields
from typing import Any, get_args

import numpy as np
import pytest

from engine import spec
from engine.network.activations import ACTIVATIONS, Values, activation
from engine.network.initializers import INITIALIZERS, draw, draw_biases
from engine.network.losses import LOSSES
from engine.optimization.blocks import Block
from engine.optimization.optimizers import OPTIMIZERS, Update
from engine.optimization.schedules import SCHEDULES
from engine.spec.losses import LOSSES_OF_TASK, OUTPUTS_OF_LOSS
from engine.spec.records import Variant
from engine.training import Metrics
from tests.engine import problems


def names(table: Variant) -> set[str]:
    return {*table.plain.allowed, *table.parametric} - {"auto"}


LOSS_KERNELS = {(loss, output) for loss, outputs in OUTPUTS_OF_LOSS.items() for output in outputs}
NAMED_LOSSES = {name for losses in LOSSES_OF_TASK.values() for name in losses}
EXAMPLES = {each["name"] for each in problems.OPTIMIZERS}
DECAYS = {each["name"] for each in problems.SCHEDULES}
PENALIZED = {penalty for _, penalty, _ in problems.UPDATES}


@pytest.mark.parametrize(
    ("computed", "specified"),
    [
        pytest.param(set(ACTIVATIONS), names(spec.ACTIVATIONS), id="activations"),
        pytest.param(set(LOSSES), LOSS_KERNELS, id="losses and outputs"),
        pytest.param(NAMED_LOSSES, names(spec.LOSSES), id="losses of tasks"),
        pytest.param(set(OPTIMIZERS), set(spec.OPTIMIZERS.parametric.values()), id="optimizers"),
        pytest.param(set(get_args(spec.Optimizer)), set(spec.OPTIMIZERS.parametric.values()), id="Optimizer"),
        pytest.param(set(SCHEDULES), set(spec.SCHEDULES.parametric.values()), id="schedules"),
        pytest.param(EXAMPLES, set(spec.OPTIMIZERS.parametric), id="problems.OPTIMIZERS"),
        pytest.param(DECAYS, set(spec.SCHEDULES.parametric), id="problems.SCHEDULES"),
        pytest.param(PENALIZED, set(spec.PENALTIES.allowed), id="problems.UPDATES"),
        pytest.param(set(INITIALIZERS), {*spec.INITIALIZERS.plain.allowed} - {"auto"}, id="initializers"),
    ],
)
def test_kernels_compute_every_variant_and_nothing_else(computed: set[Any], specified: set[Any]) -> None:
    assert computed == specified


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_makes_the_calls_it_declares(name: str) -> None:
    kernel = activation(spec.ACTIVATIONS.check(name))
    values = Values(*(np.zeros((3, 2)) for _ in range(5)))
    assert spec.activation_traits(name).calls == len(kernel.forward(values)) + len(kernel.backward(values))


def update_and_block(optimizer: spec.Optimizer) -> tuple[Update, Block]:
    """One step of an optimizer on weights that no penalty touches."""
    update = OPTIMIZERS[type(optimizer)]([optimizer])
    one = np.ones((1, 1))
    return update, Block(
        weights=np.zeros(4),
        gradient=np.zeros(4),
        moments={name: np.zeros(4) for name in update.moments},
        scratch=np.zeros(4),
        pieces=[],
        coefficients=update.coefficients(one, one),
        folded=update.folds,
    )


@pytest.mark.parametrize("document", problems.OPTIMIZERS, ids=problems.label)
def test_an_optimizer_makes_the_calls_and_keeps_the_moments_it_declares(document: dict[str, Any]) -> None:
    optimizer: spec.Optimizer = spec.OPTIMIZERS.check(document)
    update, block = update_and_block(optimizer)
    assert optimizer.moments == len(update.moments)
    assert optimizer.calls == len(update.calls(block))
    assert {"rate", "reach"} <= set(block.coefficients)


def test_the_engine_measures_the_metrics_of_the_table() -> None:
    assert [field.name for field in fields(Metrics)] == list(spec.METRICS)
    assert set(spec.MONITORS) <= set(spec.METRICS)


DATA = {task: problems.dataset(task).facts for task in LOSSES_OF_TASK}
VARIANTS = [
    *(("activation", name, "multiclass") for name in names(spec.ACTIVATIONS)),
    *(("optimizer", name, "multiclass") for name in names(spec.OPTIMIZERS)),
    *(("schedule", name, "multiclass") for name in names(spec.SCHEDULES)),
    *(("penalty", name, "multiclass") for name in spec.PENALTIES.allowed),
    *(("init", name, "multiclass") for name in names(spec.LAYER_INITIALIZERS)),
    *(("bias_init", name, "multiclass") for name in names(spec.BIAS_INITIALIZERS)),
    *(("loss", name, task) for task, losses in LOSSES_OF_TASK.items() for name in losses),
]


@pytest.mark.parametrize(("field", "name", "task"), sorted(VARIANTS))
def test_every_variant_is_estimated_and_converted(field: str, name: str, task: str) -> None:
    found = spec.resolve(spec.Experiment.from_document({field: name, "lambda": 0.1}), DATA[task])
    assert spec.estimate(found, DATA[task]).seconds > 0
    assert set(spec.equivalents(found.experiment, found.rows.train)) == {"keras", "pytorch", "sklearn"}


@pytest.mark.parametrize("name", sorted(names(spec.LAYER_INITIALIZERS)))
def test_every_initializer_draws(name: str) -> None:
    law = spec.LAYER_INITIALIZERS.check(name)
    random = np.random.default_rng(0)
    assert draw(law, 3, 2, random).shape == (3, 2)
    of_biases = law if name in names(spec.BIAS_INITIALIZERS) else None
    assert draw_biases(law, of_biases, 3, 2, random).shape == (2,)
