"""The same network in PyTorch, in float64."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.conventions.ours import RATE, Array, Problem

__all__ = ["ended"]

ADAM_RATE = 0.01


def ended(
    problem: Problem, initial: list[tuple[Array, Array]], loss: str, optimizer: str, weight_decay: float
) -> list[Array]:
    """Where PyTorch ends with this ``weight_decay`` of the weights."""
    linears = []
    for weights, biases in initial:
        linear = nn.Linear(*weights.shape, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T))
            linear.bias.copy_(torch.from_numpy(biases))
        linears.append(linear)
    model = nn.Sequential(linears[0], nn.Tanh(), linears[1])
    groups = [
        {"params": [linear.weight for linear in linears], "weight_decay": weight_decay},
        {"params": [linear.bias for linear in linears]},
    ]
    step = torch.optim.SGD(groups, lr=RATE) if optimizer == "sgd" else torch.optim.Adam(groups, lr=ADAM_RATE)
    criterion = nn.CrossEntropyLoss() if loss == "cross_entropy" else nn.MSELoss()
    for x, y in problem.batches():
        target = torch.from_numpy(y if loss == "cross_entropy" else y[:, None])
        step.zero_grad()
        criterion(model(torch.from_numpy(x)), target).backward()
        step.step()
    return [linear.weight.detach().numpy().T for linear in linears]
