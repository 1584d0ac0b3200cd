"""Optimizers: one class each, its state in ``__init__`` and its formula above ``step``. docs/numerics.md, "Optimizers".

Symbols: w an array of parameters, g the gradient with the smooth part of the penalty, η the learning rate of the step,
κ = λρ/n the proximal share of L1 (0 for biases and without L1), soft(z, τ) = sgn(z)·max(|z| - τ, 0).

Plain SGD with L2 is the shortest case. With g = ∂C₀/∂w + λ/n·w, momentum 0 and κ = 0:

    w ← w - ηg = (1 - ηλ/n) w - η ∂C₀/∂w

The forms and defaults are those of torch.optim; ε is always outside the root.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine import spec
from engine.textbook.penalties import soft

__all__ = ["OPTIMIZERS", "Adagrad", "Adam", "AdamW", "Optimizer", "RmsProp", "Sgd", "optimizer"]

Array = NDArray[np.float64]


class Optimizer(Protocol):
    """The update rule of one array of parameters, with what it remembers of earlier steps."""

    def step(self, w: Array, g: Array, eta: float, kappa: float) -> Array:
        """The parameters after one step."""


class Sgd:
    """Stochastic gradient descent with momentum μ.

    v ← μv + g
    z = w - ηv,                  w ← soft(z, ηκ),         v ← v + (z - w)/η

    Nesterov's form, as Sutskever et al. (2013) write it:

    v ← μv + g
    z = w - η(g + μv),           w ← soft(z, η(1 + μ)κ),  v ← v + (z - w)/(η(1 + μ))

    The last part gives the velocity what the proximal step took, so that momentum carries L1 as it carries g.
    """

    def __init__(self, settings: spec.Sgd, w: Array) -> None:
        self.settings, self.v = settings, np.zeros_like(w)

    def step(self, w: Array, g: Array, eta: float, kappa: float) -> Array:
        """The parameters after one step."""
        mu = self.settings.momentum
        self.v = mu * self.v + g
        if self.settings.nesterov:
            direction, reach = g + mu * self.v, eta * (1 + mu)
        else:
            direction, reach = self.v, eta
        z = w - eta * direction
        w = soft(z, reach * kappa)
        if reach > 0:
            self.v = self.v + (z - w) / reach
        return w


class Adagrad:
    """Adagrad (Duchi et al. 2011): steps shrink with the squared gradients seen so far.

    s ← s + g²,  D = 1/(√s + ε)
    w ← soft(w - ηDg, ηDκ)
    """

    def __init__(self, settings: spec.Adagrad, w: Array) -> None:
        self.settings, self.s = settings, np.zeros_like(w)

    def step(self, w: Array, g: Array, eta: float, kappa: float) -> Array:
        """The parameters after one step."""
        self.s = self.s + g**2
        scale = 1 / (np.sqrt(self.s) + self.settings.epsilon)
        return soft(w - eta * scale * g, eta * scale * kappa)


class RmsProp:
    """RMSProp (Tieleman & Hinton 2012), centered (Graves 2013) and with momentum μ if asked for.

    s ← ρs + (1 - ρ)g²,  m ← ρm + (1 - ρ)g
    D = 1/(√s + ε),      centered: D = 1/(√(s - m²) + ε)
    v ← μv + Dg
    z = w - ηv,  w ← soft(z, ηDκ),  v ← v + (z - w)/η

    Rounding may leave s - m² a little below 0, hence its absolute value.
    """

    def __init__(self, settings: spec.RmsProp, w: Array) -> None:
        self.settings = settings
        self.s, self.m, self.v = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)

    def step(self, w: Array, g: Array, eta: float, kappa: float) -> Array:
        """The parameters after one step."""
        rho, epsilon = self.settings.rho, self.settings.epsilon
        self.s = rho * self.s + (1 - rho) * g**2
        self.m = rho * self.m + (1 - rho) * g
        variance = np.abs(self.s - self.m**2) if self.settings.centered else self.s
        scale = 1 / (np.sqrt(variance) + epsilon)
        self.v = self.settings.momentum * self.v + scale * g
        z = w - eta * self.v
        w = soft(z, eta * scale * kappa)
        if eta > 0:
            self.v = self.v + (z - w) / eta
        return w


class Adam:
    """Adam (Kingma & Ba 2015): a moving average of g, divided by the root of one of g², both corrected for their start.

    m ← β₁m + (1 - β₁)g,   m̂ = m/(1 - β₁ᵗ)
    s ← β₂s + (1 - β₂)g²,  ŝ = s/(1 - β₂ᵗ),  D = 1/(√ŝ + ε)
    w ← soft(w - ηDm̂, ηDκ)

    t counts the steps from 1.
    """

    def __init__(self, settings: spec.Adam | spec.AdamW, w: Array) -> None:
        self.settings, self.t = settings, 0
        self.m, self.s = np.zeros_like(w), np.zeros_like(w)

    def step(self, w: Array, g: Array, eta: float, kappa: float) -> Array:
        """The parameters after one step."""
        beta1, beta2 = self.settings.beta1, self.settings.beta2
        self.t += 1
        self.m = beta1 * self.m + (1 - beta1) * g
        self.s = beta2 * self.s + (1 - beta2) * g**2
        m = self.m / (1 - beta1**self.t)
        s = self.s / (1 - beta2**self.t)
        scale = 1 / (np.sqrt(s) + self.settings.epsilon)
        return soft(w - eta * scale * m, eta * scale * kappa)


class AdamW:
    """AdamW (Loshchilov & Hutter 2019): weights decay beside the gradient, not through it.

    w ← (1 - ηd) w with d = ``weight_decay``, then Adam's step
    """

    def __init__(self, settings: spec.AdamW, w: Array) -> None:
        self.settings, self.adam = settings, Adam(settings, w)

    def step(self, w: Array, g: Array, eta: float, kappa: float) -> Array:
        """The parameters after one step."""
        w = (1 - eta * self.settings.weight_decay) * w
        return self.adam.step(w, g, eta, kappa)


OPTIMIZERS: dict[str, Any] = {
    "sgd": Sgd,
    "adagrad": Adagrad,
    "rmsprop": RmsProp,
    "adam": Adam,
    "adamw": AdamW,
}


def optimizer(settings: spec.Optimizer, w: Array, *, is_weight: bool) -> Optimizer:
    """The rule for one array, before its first step. Biases, γ and β do not decay: under AdamW Adam updates them."""
    if isinstance(settings, spec.AdamW) and not is_weight:
        return Adam(settings, w)
    found: Optimizer = OPTIMIZERS[settings.name](settings, w)
    return found
