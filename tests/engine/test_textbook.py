"""The engine against its textbook, on random experiments: the same data, the same steps, the same runs.

Every number of the engine is compared with that of ``engine.textbook`` in float64. A step begins from the engine's own
state, so that its error is its own; a run begins from the specification and goes its own way to the end.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import textbook
from engine.data import Dataset, Splits, prepare
from engine.network.batch_norm import Running
from engine.optimization.schedules import PlateauState
from engine.safetensors import Checkpoint
from engine.spec import Experiment, Given, Optimizer, PerLayer, Sgd, resolve
from engine.textbook import Parts, Run, Trainer
from engine.textbook.data import from_splits
from engine.textbook.evaluation import measure
from engine.textbook.network import Network, from_tensors
from engine.textbook.stopping import PlateauRate
from engine.training import Result, training
from engine.training.epoch import Epoch
from engine.training.export import UNFOLDED
from engine.training.stack import Stack, start
from tests.engine.random_specs import random_problem

Array = NDArray[Any]
Curve = list[dict[str, Any]]
Initial = Checkpoint | None

SPECS = 300
EXCLUDED = 0.02
DATA, STEP, RUN = 1e-12, 1e-9, 1e-7
"""Relative tolerances: of prepared data, of a step from the engine's own state, of a whole run."""
ENOUGH = 5
"""Random experiments with faults after which no more are looked at."""
SMALL = 1e-6
"""Metrics below this are compared by it."""
WARM_STARTS = 10
"""One in so many begins with given weights."""


def rounding_decides(spec: Experiment) -> bool:
    """Whether a resolved experiment is excluded, because what it trains on is rounding.

    - Batch normalization over weights that begin as 0 meets values that are equal on every row. Variance and centered
      values are then nothing but rounding, and their quotient differs between any two ways to compute it.
    - A network with hidden layers whose weights all begin as 0 keeps weights and answers of 0, but for rounding.
    """
    last = spec.init.layers[-1] if isinstance(spec.init, PerLayer) else spec.init
    zeros = [layer.init == "zeros" for layer in spec.architecture]
    normalized = any(layer.batch_norm and any(zeros[: at + 1]) for at, layer in enumerate(spec.architecture))
    return normalized or (bool(zeros) and all(zeros) and last == "zeros")


# ---- The engine's states, in the words of the textbook

MOMENTS = {"velocity": "v", "total": "s", "square": "s", "mean": "m", "first": "m", "second": "s"}
"""What the textbook calls the moments that the engine stores."""


def share(optimizer: Optimizer, moment: str) -> float:
    """1 - β of an average, which the engine stores as average/(1 - β)."""
    name = {"first": "beta1", "second": "beta2", "square": "rho", "mean": "rho"}.get(moment)
    return 1.0 if name is None else 1 - float(getattr(optimizer, name))


@dataclass(frozen=True)
class State:
    """Arrays in the order of ``Network.parameters``, and the running statistics layer by layer."""

    parameters: list[Array]
    moments: dict[str, list[Array]]
    means: list[Array]
    variances: list[Array]

    @classmethod
    def of_machine(cls, stack: Stack) -> "State":
        """A copy of what the only lane of a stack holds."""
        optimizer = stack.experiments[0].optimizer
        moments = {
            MOMENTS[stored]: [share(optimizer, stored) * array for array in by_parameter(stack, rows[0])]
            for stored, rows in stack.moments.items()
        }
        layers = [layer for layer, units in enumerate(stack.layout.normalized_units) if units]
        running = [Running.of(stack.layout, stack.running[0].copy(), layer) for layer in layers]
        means, variances = [each.mean for each in running], [each.variance for each in running]
        return cls(by_parameter(stack, stack.parameters[0]), moments, means, variances)

    @classmethod
    def of_textbook(cls, trainer: Trainer, moments: Iterable[str]) -> "State":
        norms = [layer.norm for layer in trainer.network.layers if layer.norm is not None]
        return cls(
            [parameter.value for parameter in trainer.network.parameters],
            {name: [getattr(rule, name) for rule in rules(trainer)] for name in moments},
            [norm.running_mean for norm in norms],
            [norm.running_variance for norm in norms],
        )

    def give_to(self, trainer: Trainer) -> None:
        """Let the textbook go on from here."""
        for parameter, array in zip(trainer.network.parameters, self.parameters, strict=True):
            parameter.value = array
        for name, arrays in self.moments.items():
            for rule, array in zip(rules(trainer), arrays, strict=True):
                setattr(rule, name, array)
        norms = [layer.norm for layer in trainer.network.layers if layer.norm is not None]
        for norm, mean, variance in zip(norms, self.means, self.variances, strict=True):
            norm.running_mean, norm.running_variance = mean, variance

    @property
    def finite(self) -> bool:
        return all(np.isfinite(array).all() for array in self.parameters)


def by_parameter(stack: Stack, row: Array) -> list[Array]:
    """Copies of the arrays in a row."""
    layout, found = stack.layout, []
    for layer in range(layout.layers):
        found += [layout.weight(row, layer), layout.bias(row, layer)]
        if layer < len(layout.normalized_units) and layout.normalized_units[layer]:
            found += [layout.gamma(row, layer), layout.beta(row, layer)]
    return [array.copy() for array in found]


def rules(trainer: Trainer) -> list[Any]:
    """The optimizers that have the moments: AdamW leaves them to its Adam."""
    return [getattr(rule, "adam", rule) for rule in trainer.optimizers]


# ---- Comparing


def with_effect(spec: Experiment, arrays: Sequence[Array]) -> list[Array]:
    """Arrays by parameter, without those of biases below a batch normalization where steps are divided by a root.

    Normalization takes such a bias off again. Its gradient is 0 but for rounding, and rounding divided by its own root
    is a step of any direction, which nothing but the running mean follows.
    """
    if isinstance(spec.optimizer, Sgd):
        return list(arrays)
    left, kept = iter(arrays), []
    for normalized in (*(layer.batch_norm for layer in spec.architecture), False):
        weights, biases = next(left), next(left)
        kept += [weights, next(left), next(left)] if normalized else [weights, biases]
    return kept


@dataclass
class Found:
    """The largest relative difference of each kind of number, and the first fault of each kind."""

    worst: dict[str, float] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def same(self, what: str, machine: Any, plain: Any) -> None:
        if machine != plain:
            self.faults.setdefault(what, f"{machine} instead of {plain}")

    def near(self, what: str, difference: float, limit: float) -> None:
        self.worst[what] = max(self.worst.get(what, 0.0), difference)
        if not difference <= limit:
            self.faults.setdefault(what, f"{difference:.1e} off")

    def arrays(
        self, what: str, limit: float, machine: Sequence[Array], plain: Sequence[Array], size: float = 0.0
    ) -> None:
        """Differences by the largest number of all the arrays, or by ``size`` where that is larger."""
        self.same(f"shapes of {what}", [each.shape for each in machine], [each.shape for each in plain])
        if machine:
            one, other = (np.concatenate([each.ravel() for each in arrays]) for arrays in (machine, plain))
            size = max(size, float(np.abs(one).max(initial=0)), float(np.finfo(float).tiny))
            self.near(what, float(np.abs(one - other).max(initial=0)) / size, limit)

    def numbers(self, what: str, limit: float, machine: Mapping[str, Any], plain: Mapping[str, Any]) -> None:
        """Metrics, each by its own size; R², whose size is that of the 1 it is taken from, by 1 at least."""
        for name, value in plain.items():
            one = machine[name]
            if one is None or value is None or not (isfinite(one) and isfinite(value)):
                self.same(f"{what} {name}", str(one), str(value))
            else:
                size = max(abs(one), 1.0 if name.endswith("r2") else SMALL)
                self.near(f"{what} {name}", abs(one - value) / size, limit)


def compare_data(found: Found, splits: Splits, parts: Parts) -> None:
    for name in ("train", "validation", "test"):
        machine, plain = getattr(splits, name), getattr(parts, name)
        np.testing.assert_array_equal(machine.inputs[:, -1], 1)
        found.arrays(f"{name} features", DATA, [machine.x], [plain.x])
        found.arrays(f"{name} targets", DATA, [machine.targets], [plain.targets])
        np.testing.assert_equal(machine.labels, plain.labels)
        found.same(f"{name} weights", machine.weights is None, plain.weights is None)
        if machine.weights is not None:
            found.arrays(f"{name} weights", DATA, [machine.weights], [plain.weights])


def compare_steps(found: Found, spec: Experiment, splits: Splits, curve: Curve, initial: Initial) -> None:
    """Every step of a run from the engine's own state before it, and every epoch's metrics from that after it."""
    train, parts = splits.train, from_splits(splits)
    trainer, plateau = Trainer(spec, parts.train, tensors(initial)), PlateauRate(spec)
    sizes = (train.x.shape[1], train.targets.shape[1], len(train))
    stack = start([spec], *sizes, [initial], weighted=train.weights is not None)
    epoch, states = Epoch(stack, train.inputs, train.targets, train.weights), [State.of_machine(stack)]
    found.arrays("initial weights", STEP, states[0].parameters, State.of_textbook(trainer, ()).parameters)
    for metrics in curve:
        states.clear()
        norms = epoch(lambda: states.append(State.of_machine(stack)), 1)
        states.append(State.of_machine(stack))
        norm, eta = 0.0, 0.0
        for batch, before, after in zip(trainer.batches(plateau.eta), states, states[1:], strict=False):
            if not after.finite:
                return
            before.give_to(trainer)
            norm, eta = trainer.step(batch), batch.eta
            compare_states(found, spec, after, State.of_textbook(trainer, after.moments), eta)
        found.same("steps", len(states) - 1, epoch.steps)
        found.near("gradient norm", abs(norm - norms[0]) / max(norm, SMALL), STEP)
        states[-1].give_to(trainer)
        plain = {**measure(spec, trainer.network, parts), "learning_rate": eta}
        found.numbers("metric", STEP, metrics, plain)
        plateau.see(metrics[spec.monitor])
        stack.plateaus = [PlateauState(plateau.eta)]


def compare_states(found: Found, spec: Experiment, machine: State, plain: State, eta: float) -> None:
    """After a step with rate η: a velocity takes back (z - w)/η, with the rounding of weights over η.

    A mean is compared by the deviation that it is the center of.
    """
    ours, theirs = (with_effect(spec, each.parameters) for each in (machine, plain))
    found.arrays("parameters after a step", STEP, ours, theirs)
    largest = max(float(np.abs(array).max(initial=0)) for array in machine.parameters)
    for name, arrays in machine.moments.items():
        size = 1e-5 * largest / eta if name == "v" and eta else 0.0
        ours, theirs = (with_effect(spec, each) for each in (arrays, plain.moments[name]))
        found.arrays(f"{name} after a step", STEP, ours, theirs, size)
    deviation = max((float(np.sqrt(variance.max())) for variance in machine.variances), default=0.0)
    found.arrays("running means after a step", STEP, machine.means, plain.means, deviation)
    found.arrays("running variances after a step", STEP, machine.variances, plain.variances)


def compare_run(
    found: Found, spec: Experiment, splits: Splits, machine: Result, curve: Curve, plain: Run
) -> None:
    """A whole run that the textbook decides for itself."""
    found.same("epochs", len(curve), len(plain.curve))
    found.same("stop_reason", machine.stop_reason, plain.stop_reason)
    found.same("best_epoch", machine.best_epoch, plain.best_epoch)
    found.same("argmin_epoch", machine.argmin_epoch, plain.argmin_epoch)
    for one, other in zip(curve, plain.curve, strict=False):
        if other["train_loss"] is not None and isfinite(other["train_loss"]):
            found.same("metrics", set(one), set(other))
            found.numbers("run's", RUN, one, other)
    if plain.stop_reason != "non_finite":
        compare_networks(found, "last", spec, splits, machine.last, plain.last)
    if machine.best is not None and plain.best is not None:
        compare_networks(found, "best", spec, splits, machine.best, plain.best)
        found.same("epoch of the best", machine.best.document["epoch"], plain.best_epoch)
    found.same("test", machine.test is None, plain.test is None or plain.test["loss"] is None)
    if machine.test is not None and plain.test is not None:
        found.numbers("test", RUN, machine.test, {name: plain.test[name] for name in machine.test})


def compare_networks(
    found: Found, what: str, spec: Experiment, splits: Splits, machine: Checkpoint, plain: Network
) -> None:
    """The weights themselves, and what the exported network computes, with batch normalization folded in."""
    network = from_tensors(spec, tensors(machine) or {})
    ours, theirs = (with_effect(spec, [each.value for each in one.parameters]) for one in (network, plain))
    found.arrays(f"{what} weights", RUN, ours, theirs)
    folded = {name: array for name, array in machine.arrays.items() if not name.startswith(UNFOLDED)}
    logits = [from_tensors(spec, folded).forward(splits.train.x)]
    found.arrays(f"{what} network as exported", STEP, logits, [network.forward(splits.train.x)])


def tensors(checkpoint: Initial) -> dict[str, Array] | None:
    """The tensors that training goes on from: not folded."""
    if checkpoint is None:
        return None
    unfolded = [name for name in checkpoint.arrays if name.startswith(UNFOLDED)]
    names = unfolded or list(checkpoint.arrays)
    return {name.removeprefix(UNFOLDED): checkpoint.arrays[name] for name in names}


# ---- The tests


def trained(spec: Experiment, splits: Splits, initial: Initial) -> tuple[Curve, Result]:
    reports = [each.lanes[0] for each in training([spec], splits, initial=[initial])]
    result = reports[-1].result
    assert result is not None
    return [dataclasses.asdict(each.metrics) for each in reports], result


def warm(data: Dataset, cold: Experiment) -> tuple[Experiment, Initial]:
    """The same experiment from the weights that an epoch of it ends with, where these are finite."""
    first = resolve(dataclasses.replace(cold, max_epochs=1), data.facts)
    _, result = trained(first.experiment, prepare(data, first), None)
    if result.best is None:
        return cold, None
    layers = tuple(dataclasses.replace(layer, init=None) for layer in cold.architecture)
    given = Given(checkpoint="first")
    return dataclasses.replace(cold, init=given, bias_init=None, architecture=layers), result.best


def compare(seed: int) -> Found | None:
    """How the engine differs from the textbook on a random experiment; None if it is excluded."""
    data, unresolved = random_problem(seed)
    if rounding_decides(resolve(unresolved, data.facts).experiment):
        return None
    found, initial = Found(), None
    with np.errstate(all="ignore"):
        if seed % WARM_STARTS == 0:
            unresolved, initial = warm(data, unresolved)
        resolved = resolve(unresolved, data.facts)
        spec, splits, parts = resolved.experiment, prepare(data, resolved), textbook.prepare(data, resolved)
        compare_data(found, splits, parts)
        curve, result = trained(spec, splits, initial)
        compare_steps(found, spec, splits, curve, initial)
        compare_run(found, spec, splits, result, curve, textbook.train(spec, parts, tensors(initial)))
    return found


def test_the_engine_computes_what_the_textbook_says() -> None:
    excluded, faults = 0, dict[int, dict[str, str]]()
    for seed in range(SPECS):
        found = compare(seed)
        if found is None:
            excluded += 1
        elif found.faults:
            faults[seed] = found.faults
        if len(faults) == ENOUGH:
            break
    assert not faults
    assert excluded <= EXCLUDED * SPECS
