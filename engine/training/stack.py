"""The state of K experiments of one shape that train in lock step, one row of parameters each."""

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
    """K lanes: ``lanes`` are their numbers in the original stack, ``epochs`` what each has completed.

    ``parameters``, ``gradient``, every moment and ``best`` are (K, length) rows of ``layout``; ``running`` and
    ``best_running`` the running statistics of batch normalization; ``best_epochs`` says which epoch's weights ``best``
    holds, 0 for none.
    """

    network: Network
    layout: Layout
    rows: int
    lanes: tuple[int, ...]
    experiments: tuple[Experiment, ...]
    parameters: Array
    gradient: Array
    moments: Mapping[str, Array]
    best: Array
    running: Array
    best_running: Array
    best_epochs: list[int]
    epochs: list[int]
    streams: list[Streams]
    progress: Progress
    plateaus: list[PlateauState]

    def __len__(self) -> int:
        return len(self.lanes)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The penalized stretches of the rows."""
        return segments(self.experiments, self.rows)

    def plain(self, row: int, *, best: bool = False) -> Array:
        """The (plain length,) row of a lane's last or best parameters, batch normalization folded in."""
        return folded(self.layout, *self.lane(row, best=best))

    def lane(self, row: int, *, best: bool = False) -> tuple[Array, Array]:
        """Views of a lane's last or best parameters (length,) and running statistics."""
        parameters, running = (self.best, self.best_running) if best else (self.parameters, self.running)
        return parameters[row], running[row]

    def keep_best(self, row: int) -> None:
        """Copy a lane's parameters as its best so far."""
        self.best[row], self.best_running[row] = self.parameters[row], self.running[row]
        self.best_epochs[row] = self.epochs[row]

    def take(self, rows: Sequence[int]) -> Stack:
        """The lanes at ``rows``, in arrays of their own."""
        return Stack(
            network=self.network,
            layout=self.layout,
            rows=self.rows,
            lanes=tuple(self.lanes[row] for row in rows),
            experiments=tuple(self.experiments[row] for row in rows),
            parameters=self._copied(self.parameters, rows),
            gradient=self._copied(self.gradient, rows),
            moments={name: self._copied(moment, rows) for name, moment in self.moments.items()},
            best=self._copied(self.best, rows),
            running=self.running[list(rows)],
            best_running=self.best_running[list(rows)],
            best_epochs=[self.best_epochs[row] for row in rows],
            epochs=[self.epochs[row] for row in rows],
            streams=[self.streams[row] for row in rows],
            progress=self.progress.take(rows),
            plateaus=[self.plateaus[row] for row in rows],
        )

    def _copied(self, array: Array, rows: Sequence[int]) -> Array:
        taken = self.layout.rows(len(rows), array.dtype)
        taken[...] = array[list(rows)]
        return taken

    def flush(self, row: int) -> None:
        """Set the moments of a lane that are too small to matter to zero.

        Without gradients moments decay into subnormal numbers, with which the processor is many times slower.
        """
        for name, tiny in update_of(self.experiments).moments.items():
            if tiny:
                moment = self.moments[name][row]
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
        lanes=tuple(range(len(experiments))),
        experiments=tuple(experiments),
        parameters=layout.rows(len(experiments), dtype),
        gradient=layout.rows(len(experiments), dtype),
        moments={name: layout.rows(len(experiments), dtype) for name in update_of(experiments).moments},
        best=layout.rows(len(experiments), dtype),
        running=Running.rows(layout, len(experiments), dtype),
        best_running=Running.rows(layout, len(experiments), dtype),
        best_epochs=[0] * len(experiments),
        epochs=[0] * len(experiments),
        streams=[
            (stream(seed, Purpose.ORDER), stream(seed, Purpose.DROPOUT)) for seed in map(_seed, experiments)
        ],
        progress=Progress.start(len(experiments)),
        plateaus=[PlateauState(experiment.optimizer.learning_rate) for experiment in experiments],
    )
    for row, weights in enumerate(initial or [None] * len(experiments)):
        if weights is None:
            _initialize(stack, row, experiments[row])
        else:
            begin_from(*stack.lane(row), layout, weights)
    return stack


def _seed(experiment: Experiment) -> int:
    if experiment.seed is None:
        raise InvalidSpec([SpecProblem(("seed",), "missing", "Draw a seed before training.")])
    return experiment.seed


def _initialize(stack: Stack, row: int, experiment: Experiment) -> None:
    random = stream(_seed(experiment), Purpose.WEIGHTS)
    for layer, units in enumerate(stack.layout.normalized_units):
        if units:
            stack.layout.gamma(stack.parameters[row], layer)[...] = 1
    init = experiment.init
    if isinstance(init, Given):
        return
    last = init.layers[-1] if isinstance(init, PerLayer) else init
    for layer, own in enumerate([*(layer.init for layer in experiment.architecture), last]):
        rule, shape = own or last, stack.layout.shapes[layer]
        stack.layout.weight(stack.parameters[row], layer)[...] = draw(rule, *shape, random)
        biases = draw_biases(rule, experiment.bias_init, *shape, random)
        stack.layout.bias(stack.parameters[row], layer)[...] = biases


def check_one_shape(experiments: Sequence[Experiment]) -> None:
    """Raise InvalidSpec naming every field in which experiments that should train together differ in shape."""
    shapes = [shape(experiment) for experiment in experiments]
    differing = [field for field in shapes[0] if any(shape[field] != shapes[0][field] for shape in shapes)]
    if differing:
        message = "Experiments of one stack must agree in this field."
        raise InvalidSpec(SpecProblem((field,), "incompatible", message) for field in differing)
