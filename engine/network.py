"""The network of a stack: which layers it has."""

from __future__ import annotations

from dataclasses import dataclass

from engine.activations import ACTIVATIONS, Activation
from engine.losses import LOSSES, Loss
from engine.spec import Experiment, layer_sizes

__all__ = ["Network"]


@dataclass(frozen=True)
class Network:
    """The shape that all lanes of a stack share."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    dropout: tuple[float, ...]
    loss: str
    output: str

    @classmethod
    def of(cls, experiment: Experiment, features: int, outputs: int) -> Network:
        """The network of a resolved experiment."""
        return cls(
            sizes=layer_sizes(experiment, features, outputs),
            activations=tuple(layer.activation or "" for layer in experiment.architecture),
            dropout=tuple(layer.dropout for layer in experiment.architecture),
            loss=experiment.loss,
            output=experiment.output,
        )

    @property
    def hidden(self) -> tuple[Activation, ...]:
        """The activation of every hidden layer."""
        return tuple(ACTIVATIONS[name] for name in self.activations)

    @property
    def cost(self) -> Loss:
        """The loss together with the output activation."""
        return LOSSES[self.loss, self.output]
