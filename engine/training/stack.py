"""The state of K experiments of one shape that train in lock step, one vector of parameters each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import InvalidSpec, SpecProblem
from engine.kernels import Array
from engine.network.batch_norm import Running, folded
from engine.network.initializers import draw, draw_biases
from engine.network.layout import Layout
from engine.network.shape import Network
from engine.optimization.optimizers import update_of
from engine.optimization.penalties import Segment, segments
from engine.optimization.schedules import PlateauState
from engine.safetensors import Checkpoint
from engine.spec import Experiment, Given, PerLayer, shape
from engine.streams import Purpose, stream
from engine.training.stopping import Progress
from engine.training.warm_start import begin_from

__all__ = ["Stack", "check_one_shape", "start"]

Streams = tuple[np.random.Generator, np.random.Generator]
"""Random streams a lane draws from during training: order of rows, dropout."""


@dataclass(slots=True)
class Stack:
    """K lanes; parameters, gradient, every moment and the best weights are (K, length) vectors of ``layout``."""

    network: Network
    layout: Layout
    rows: int
    """Training rows, by which λ is divided."""
    numbers: tuple[int, ...]
    """The lanes' numbers in the original stack."""
    experiments: tuple[Experiment, ...]
    parameters: Array
    gradient: Array
    moments: Mapping[str, Array]
    """The optimizer's arrays, by name."""
    best: Array
    """The best parameters so far."""
    running: Array
    """Running statistics of batch normalization."""
    best_running: Array
    best_epochs: list[int]
    """The epoch of each lane's best parameters; 0 for none."""
    epochs: list[int]
    """What each lane has completed."""
    streams: list[Streams]
    progress: Progress
    plateaus: list[PlateauState]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The penalized stretches of the vectors."""
        return segments(self.experiments, self.rows)

    def plain(self, lane: int, *, best: bool = False) -> Array:
        """The (plain length,) vector of a lane's last or best parameters, batch normalization folded in."""
        return folded(self.layout, *self.vectors(lane, best=best))

    def vectors(self, lane: int, *, best: bool = False) -> tuple[Array, Array]:
        """Views of a lane's last or best parameters (length,) and running statistics."""
        parameters, running = (self.best, self.best_running) if best else (self.parameters, self.running)
        return parameters[lane], running[lane]

    def keep_best(self, lane: int) -> None:
        """Copy a lane's parameters as its best so far."""
        self.best[lane], self.best_running[lane] = self.parameters[lane], self.running[lane]
        self.best_epochs[lane] = self.epochs[lane]

    def take(self, lanes: Sequence[int]) -> Stack:
        """Some of the lanes, in arrays of their own."""
        return Stack(
            network=self.network,
            layout=self.layout,
            rows=self.rows,
            numbers=tuple(self.numbers[lane] for lane in lanes),
            experiments=tuple(self.experiments[lane] for lane in lanes),
            parameters=self._copied(self.parameters, lanes),
            gradient=self._copied(self.gradient, lanes),
            moments={name: self._copied(moment, lanes) for name, moment in self.moments.items()},
            best=self._copied(self.best, lanes),
            running=self.running[list(lanes)],
            best_running=self.best_running[list(lanes)],
            best_epochs=[self.best_epochs[lane] for lane in lanes],
            epochs=[self.epochs[lane] for lane in lanes],
            streams=[self.streams[lane] for lane in lanes],
            progress=self.progress.take(lanes),
            plateaus=[self.plateaus[lane] for lane in lanes],
        )

    def _copied(self, array: Array, lanes: Sequence[int]) -> Array:
        taken = self.layout.vectors(len(lanes), array.dtype)
        taken[...] = array[list(lanes)]
        return taken

    def flush(self, lane: int) -> None:
        """Set the moments of a lane that are too small to matter to zero.

        Without gradients moments decay into subnormal numbers, with which the processor is many times slower.
        """
        for name, tiny in update_of(self.experiments).moments.items():
            if tiny:
                moment = self.moments[name][lane]
                moment += moment.dtype.type(tiny)
                moment -= moment.dtype.type(tiny)


def start(
    experiments: Sequence[Experiment],
    features: int,
    outputs: int,
    rows: int,
    initial: Sequence[Checkpoint | None] | None = None,
    *,
    weighted: bool = False,
) -> Stack:
    """The stack of resolved experiments before their first epoch; raises InvalidSpec if they differ in shape.

    ``weighted`` rows have weights of their own in the loss.
    ``initial`` are the weights of those lanes whose ``init`` is ``given``; a lane without them begins with zeros.
    """
    check_one_shape(experiments)
    first = experiments[0]
    network = Network.of(first, features, outputs, weighted=weighted)
    layout = Layout(network.sizes, tuple(layer.batch_norm for layer in first.architecture))
    dtype = np.dtype(first.precision)
    stack = Stack(
        network=network,
        layout=layout,
        rows=rows,
        numbers=tuple(range(len(experiments))),
        experiments=tuple(experiments),
        parameters=layout.vectors(len(experiments), dtype),
        gradient=layout.vectors(len(experiments), dtype),
        moments={name: layout.vectors(len(experiments), dtype) for name in update_of(experiments).moments},
        best=layout.vectors(len(experiments), dtype),
        running=Running.vectors(layout, len(experiments), dtype),
        best_running=Running.vectors(layout, len(experiments), dtype),
        best_epochs=[0] * len(experiments),
        epochs=[0] * len(experiments),
        streams=[
            (stream(seed, Purpose.ORDER), stream(seed, Purpose.DROPOUT)) for seed in map(_seed, experiments)
        ],
        progress=Progress.start(len(experiments)),
        plateaus=[PlateauState(experiment.optimizer.learning_rate) for experiment in experiments],
    )
    for lane, weights in enumerate(initial or [None] * len(experiments)):
        if weights is None:
            _initialize(stack, lane, experiments[lane])
        else:
            begin_from(*stack.vectors(lane), layout, weights)
    return stack


def _seed(experiment: Experiment) -> int:
    if experiment.seed is None:
        raise InvalidSpec([SpecProblem(("seed",), "missing", "Draw a seed before training.")])
    return experiment.seed


def _initialize(stack: Stack, lane: int, experiment: Experiment) -> None:
    random = stream(_seed(experiment), Purpose.WEIGHTS)
    for layer, units in enumerate(stack.layout.normalized_units):
        if units:
            stack.layout.gamma(stack.parameters[lane], layer)[...] = 1
    init = experiment.init
    if isinstance(init, Given):
        return
    last = init.layers[-1] if isinstance(init, PerLayer) else init
    for layer, own in enumerate([*(layer.init for layer in experiment.architecture), last]):
        law, (fan_in, fan_out) = own or last, stack.layout.shapes[layer]
        stack.layout.weight(stack.parameters[lane], layer)[...] = draw(law, fan_in, fan_out, random)
        biases = draw_biases(law, experiment.bias_init, fan_in, fan_out, random)
        stack.layout.bias(stack.parameters[lane], layer)[...] = biases


def check_one_shape(experiments: Sequence[Experiment]) -> None:
    """Raise InvalidSpec naming every field in which experiments that should train together differ in shape."""
    shapes = [shape(experiment) for experiment in experiments]
    differing = [field for field in shapes[0] if any(each[field] != shapes[0][field] for each in shapes)]
    if differing:
        message = "Experiments of one stack must agree in this field."
        raise InvalidSpec(SpecProblem((field,), "incompatible", message) for field in differing)
