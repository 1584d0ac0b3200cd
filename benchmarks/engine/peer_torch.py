"""PyTorch as a contender: the idiomatic loop, with its default and with its fused optimizer."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from benchmarks.engine.workloads import Workload

__all__ = ["Torch", "TorchFused"]

torch.set_num_threads(1)


class Torch:
    """Modules, autograd and an optimizer, one model per lane."""

    fused = False

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        data = {name: torch.from_numpy(array) for name, array in workload.data.items()}
        self.parts = [(data[f"x{name}"], self._targets(data[f"y{name}"])) for name in ("", "_test")]
        self.lanes = [self._lane(lambda_, seed) for lambda_, seed in workload.lanes]

    def _targets(self, labels: torch.Tensor) -> torch.Tensor:
        exclusive = self.workload.loss == "cross_entropy"
        return labels if exclusive else functional.one_hot(labels, 10).float()

    def _lane(self, lambda_: float, seed: int) -> tuple[nn.Sequential, torch.optim.Optimizer]:
        layers: list[nn.Module] = []
        for weights, biases in self.workload.initial(seed):
            linear = nn.Linear(*weights.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weights.T))
                linear.bias.copy_(torch.from_numpy(biases))
            layers += [linear, nn.Sigmoid() if self.workload.activation == "sigmoid" else nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        return model, self._optimizer(model, lambda_)

    def _optimizer(self, model: nn.Sequential, lambda_: float) -> torch.optim.Optimizer:
        workload = self.workload
        decay = lambda_ / len(workload.data["x"])
        linears = [layer for layer in model if isinstance(layer, nn.Linear)]
        groups = [
            {"params": [layer.weight for layer in linears], "weight_decay": decay},
            {"params": [layer.bias for layer in linears]},
        ]
        fused = True if self.fused else None
        if workload.optimizer == "adam":
            return torch.optim.Adam(groups, lr=workload.learning_rate, fused=fused)
        momentum = 0.9 if workload.optimizer == "momentum" else 0.0
        return torch.optim.SGD(groups, lr=workload.learning_rate, momentum=momentum, fused=fused)

    def _loss(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if self.workload.loss == "cross_entropy":
            return functional.cross_entropy(logits, targets)
        total = functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
        return total / len(logits)

    def run(self) -> None:
        """One timed unit."""
        for _ in range(self.workload.unit_epochs):
            for model, optimizer in self.lanes:
                self._epoch(model, optimizer)
                if self.workload.evaluated:
                    self._evaluate(model)

    def _epoch(self, model: nn.Sequential, optimizer: torch.optim.Optimizer) -> None:
        x, y = self.parts[0]
        for rows in torch.randperm(len(x)).split(self.workload.batch):
            optimizer.zero_grad(set_to_none=True)
            self._loss(model(x[rows]), y[rows]).backward()
            optimizer.step()

    def _evaluate(self, model: nn.Sequential) -> None:
        for x, y in self.parts:
            with torch.inference_mode():
                logits = model(x)
                self._loss(logits, y).item()
                labels = y if y.ndim == 1 else y.argmax(1)
                (logits.argmax(1) == labels).float().mean().item()


class TorchFused(Torch):
    """With the optimizer as one kernel."""

    fused = True
