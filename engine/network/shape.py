"""Shape of a stack's network."""

from __future__ import annotations

from dataclasses import dataclass

from engine.network.activations import Activation, activation
from engine.network.losses import Loss, loss_of
from engine.spec import ActivationSpec, Experiment, LossSpec, layer_sizes

__all__ = ["Network"]


@dataclass(frozen=True)
class Network:
    """The shape that all lanes of a stack share; ``weighted`` rows have a weight of their own in the loss."""

    sizes: tuple[int, ...]
    activations: tuple[ActivationSpec, ...]
    dropout: tuple[float, ...]
    loss: LossSpec
    output: str
    input_dropout: float = 0.0
    weighted: bool = False

    @classmethod
    def of(cls, experiment: Experiment, features: int, outputs: int, *, weighted: bool = False) -> Network:
        """The network of a resolved experiment."""
        return cls(
            sizes=layer_sizes(experiment, features, outputs),
            activations=tuple(layer.activation or "identity" for layer in experiment.architecture),
            dropout=tuple(layer.dropout for layer in experiment.architecture),
            loss=experiment.loss,
            output=experiment.output,
            input_dropout=experiment.input_dropout,
            weighted=weighted,
        )

    @property
    def hidden(self) -> tuple[Activation, ...]:
        """The activation of every hidden layer."""
        return tuple(map(activation, self.activations))

    @property
    def cost(self) -> Loss:
        """The loss together with the output activation."""
        return loss_of(self.loss, self.output)
