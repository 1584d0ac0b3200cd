"""The formulas of docs/numerics.md for activations, losses, initial weights and learning rates, in plain float64 NumPy.

Shapes: B rows, O outputs, I and J units below and above a layer's weights. Nothing here is fast.
"""

from collections.abc import Callable
from math import cos, erf, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec import LossSpec, Schedule, variant_name

Array = NDArray[Any]

# ---- Activations: f(z), and its derivative f'(z), of z (B, J).


def sigmoid(z: Array) -> Array:
    """1/(1 + e^-z), written so that no exponential overflows."""
    power = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + power), power / (1 + power))


def normal_distribution(z: Array) -> Array:
    """Φ(z) = (1 + erf(z/√2))/2."""
    return np.array([(1 + erf(value / sqrt(2))) / 2 for value in z.ravel()]).reshape(z.shape)


def normal_density(z: Array) -> Array:
    """φ(z) = e^(-z²/2)/√(2π)."""
    return np.asarray(np.exp(-(z**2) / 2) / sqrt(2 * pi))


def exponential_unit(z: Array, alpha: float, scale: float = 1.0) -> Array:
    """scale·z above 0, scale·α(e^z - 1) below."""
    return np.asarray(scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))))


def exponential_unit_slope(z: Array, alpha: float, scale: float = 1.0) -> Array:
    """Scale above 0, scale·αe^z below."""
    return np.asarray(scale * np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0))))


def gelu_tanh_inner(z: Array) -> Array:
    """√(2/π)(z + 0.044715z³)."""
    return sqrt(2 / pi) * (z + 0.044715 * z**3)


def gelu_tanh_slope(z: Array) -> Array:
    """(1 + tanh u)/2 + z(1 - tanh² u)u'/2, u' = √(2/π)(1 + 3·0.044715z²)."""
    t = np.tanh(gelu_tanh_inner(z))
    return np.asarray((1 + t) / 2 + z * (1 - t**2) * sqrt(2 / pi) * (1 + 3 * 0.044715 * z**2) / 2)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805

ACTIVATIONS: dict[str, Callable[[Any, Array], Array]] = {
    "identity": lambda spec, z: z.copy(),
    "sigmoid": lambda spec, z: sigmoid(z),
    "tanh": lambda spec, z: np.tanh(z),
    "relu": lambda spec, z: np.where(z > 0, z, 0),
    "leaky_relu": lambda spec, z: np.where(z > 0, z, spec.negative_slope * z),
    "elu": lambda spec, z: exponential_unit(z, spec.alpha),
    "selu": lambda spec, z: exponential_unit(z, SELU_ALPHA, SELU_SCALE),
    "gelu": lambda spec, z: z * normal_distribution(z),
    "gelu_tanh": lambda spec, z: z * (1 + np.tanh(gelu_tanh_inner(z))) / 2,
    "softplus": lambda spec, z: np.logaddexp(0, z),
    "silu": lambda spec, z: z * sigmoid(z),
}
SLOPES: dict[str, Callable[[Any, Array], Array]] = {
    "identity": lambda spec, z: np.ones_like(z),
    "sigmoid": lambda spec, z: sigmoid(z) * sigmoid(-z),
    "tanh": lambda spec, z: 1 - np.tanh(z) ** 2,
    "relu": lambda spec, z: np.where(z > 0, 1.0, 0.0),
    "leaky_relu": lambda spec, z: np.where(z > 0, 1.0, spec.negative_slope),
    "elu": lambda spec, z: exponential_unit_slope(z, spec.alpha),
    "selu": lambda spec, z: exponential_unit_slope(z, SELU_ALPHA, SELU_SCALE),
    "gelu": lambda spec, z: normal_distribution(z) + z * normal_density(z),
    "gelu_tanh": lambda spec, z: gelu_tanh_slope(z),
    "softplus": lambda spec, z: sigmoid(z),
    "silu": lambda spec, z: sigmoid(z) + z * sigmoid(z) * sigmoid(-z),
}


def activate(spec: Any, z: Array) -> Array:
    """f(z) (B, J)."""
    return ACTIVATIONS[variant_name(spec)](spec, z)


def derivative(spec: Any, z: Array) -> Array:
    """f'(z) (B, J)."""
    return SLOPES[variant_name(spec)](spec, z)


# ---- Losses: ℓ of every row (B,) and dℓ/dz (B, O), from logits z (B, O) and targets y (B, O).


def softmax(z: Array) -> Array:
    """e^z / Σe^z."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


OUTPUTS: dict[str, Callable[[Array], Array]] = {
    "identity": np.copy,
    "sigmoid": sigmoid,
    "softmax": softmax,
}


def averaged(loss: LossSpec) -> bool:
    """Whether the terms of a row are averaged over the outputs, not summed."""
    return loss == "mean_squared_error" or getattr(loss, "reduction", "sum") == "mean"


def cross_entropy(z: Array, y: Array) -> Array:
    """-y log softmax(z) = y(log Σe^z - z)."""
    shifted = z - z.max(axis=1, keepdims=True)
    return np.asarray(y * (np.log(np.exp(shifted).sum(axis=1, keepdims=True)) - shifted))


def binary_cross_entropy(z: Array, y: Array) -> Array:
    """-y log a - (1 - y) log(1 - a) with a = sigmoid(z), for which -log a = log(1 + e^-z)."""
    return np.asarray(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))


def huber(r: Array, delta: float) -> Array:
    """r²/2 up to δ, δ(|r| - δ/2) beyond."""
    return np.where(np.abs(r) <= delta, r**2 / 2, delta * (np.abs(r) - delta / 2))


# From the loss's specification, logits z, outputs a and targets y.
LOSSES: dict[str, Callable[[Any, Array, Array, Array], Array]] = {
    "cross_entropy": lambda spec, z, a, y: cross_entropy(z, y),
    "binary_cross_entropy": lambda spec, z, a, y: binary_cross_entropy(z, y),
    "squared_error": lambda spec, z, a, y: (a - y) ** 2 / 2,
    "mean_squared_error": lambda spec, z, a, y: (a - y) ** 2,
    "absolute_error": lambda spec, z, a, y: np.abs(a - y),
    "huber": lambda spec, z, a, y: huber(a - y, spec.delta),
}
# dℓ/da; for the cross-entropies, which are only used with their own output, dℓ/dz.
LOSS_SLOPES: dict[str, Callable[[Any, Array, Array], Array]] = {
    "cross_entropy": lambda spec, a, y: a - y,
    "binary_cross_entropy": lambda spec, a, y: a - y,
    "squared_error": lambda spec, a, y: a - y,
    "mean_squared_error": lambda spec, a, y: 2 * (a - y),
    "absolute_error": lambda spec, a, y: np.sign(a - y),
    "huber": lambda spec, a, y: np.clip(a - y, -spec.delta, spec.delta),
}


def row_losses(loss: LossSpec, output: str, z: Array, y: Array) -> Array:
    """ℓ of every row (B,)."""
    terms = LOSSES[variant_name(loss)](loss, z, OUTPUTS[output](z), y)
    return np.asarray(terms.mean(axis=1) if averaged(loss) else terms.sum(axis=1))


def loss_gradient(loss: LossSpec, output: str, z: Array, y: Array) -> Array:
    """dℓ/dz (B, O)."""
    a = OUTPUTS[output](z)
    slope = LOSS_SLOPES[variant_name(loss)](loss, a, y)
    if output == "sigmoid" and variant_name(loss) != "binary_cross_entropy":
        slope = slope * a * (1 - a)
    return np.asarray(slope / z.shape[1] if averaged(loss) else slope)


# ---- Initial weights (I, J) and biases (J,).

VARIANCES: dict[str, Callable[[int, int], float]] = {
    "zeros": lambda fan_in, fan_out: 0.0,
    "large": lambda fan_in, fan_out: 1.0,
    "scaled": lambda fan_in, fan_out: 1 / fan_in,
    "lecun": lambda fan_in, fan_out: 1 / fan_in,
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he": lambda fan_in, fan_out: 2 / fan_in,
}


def initial_weights(init: Any, fan_in: int, fan_out: int, random: np.random.Generator) -> Array:
    """Weights (I, J): zero mean and the variance of their law, normal or uniform on ±√3σ; or orthogonal."""
    name, shape = variant_name(init), (fan_in, fan_out)
    if name == "orthogonal":
        return orthogonal(init.gain, fan_in, fan_out, random)
    if name == "normal":
        return np.asarray(init.std * random.standard_normal(shape))
    if name == "uniform":
        return random.uniform(-init.limit, init.limit, shape)
    sigma = sqrt(VARIANCES[name.split("_")[0]](fan_in, fan_out))
    if name.endswith("_uniform"):
        return random.uniform(-sqrt(3) * sigma, sqrt(3) * sigma, shape)
    return sigma * random.standard_normal(shape)


def orthogonal(gain: float, fan_in: int, fan_out: int, random: np.random.Generator) -> Array:
    """Gain times Q of a normal matrix with at least as many rows as columns, R's diagonal made positive."""
    q, r = np.linalg.qr(random.standard_normal((max(fan_in, fan_out), min(fan_in, fan_out))))
    for column in range(q.shape[1]):
        if r[column, column] < 0:
            q[:, column] = -q[:, column]
    return np.asarray(gain * (q if fan_in >= fan_out else q.T))


def initial_biases(init: Any, bias_init: Any, fan_out: int, random: np.random.Generator) -> Array:
    """Biases (J,): as ``bias_init`` says, else N(0, 1) for ``large`` and ``scaled`` and 0 for the others.

    Numbers are drawn in either case, so that the weights of later layers do not depend on the biases' law.
    """
    name = "zeros" if bias_init is None else variant_name(bias_init)
    if name == "uniform":
        return random.uniform(-bias_init.limit, bias_init.limit, fan_out)
    drawn = random.standard_normal(fan_out)
    if name == "normal":
        return np.asarray(bias_init.std * drawn)
    return drawn if bias_init is None and variant_name(init) in {"large", "scaled"} else np.zeros(fan_out)


# ---- Learning rates: of step t, counted from 0, for a base rate η.


def learning_rate(schedule: Schedule, base: float, t: int, steps: int) -> float:
    """The rate of step t of a run of so many steps: η(t + 1)/w during the warm-up, then the schedule's own.

    The plateau's base is the rate it has reached.
    """
    warmup = schedule.warmup_steps
    if t < warmup:
        return base * (t + 1) / warmup
    return RATES[schedule.name](schedule, base, t - warmup, max(steps - warmup, 1))


def one_cycle(base: float, t: int, steps: int) -> float:
    """Half a cosine from η/25 up to η, which step 0.3T - 1 has, and half a one down to η/250,000 at step T - 1."""
    peak, last = 0.3 * steps - 1, steps - 1
    low, lowest = base / 25, base / 25 / 10_000
    if t <= peak:
        return low + (base - low) * (1 - cos(pi * t / peak)) / 2
    share = min(1.0, (t - peak) / (last - peak))
    return lowest + (base - lowest) * (1 + cos(pi * share)) / 2


def warmup_cosine(spec: Any, base: float, t: int, left: int) -> float:
    """η(1 + cos πt/(T - w))/2 of the steps after the warm-up; ``left`` of them if T is not given."""
    length = max(spec.total_steps - spec.warmup_steps, 1) if spec.total_steps else left
    return base * (1 + cos(pi * t / length)) / 2


# From the schedule's specification, η, the step after the warm-up, and how many steps a run has after the warm-up.
RATES: dict[str, Callable[[Any, float, int, int], float]] = {
    "constant": lambda spec, base, t, left: base,
    "plateau": lambda spec, base, t, left: base,
    "step": lambda spec, base, t, left: base * spec.gamma ** (t // spec.step_size),
    "multistep": lambda spec, base, t, left: base * spec.gamma ** sum(t >= at for at in spec.milestones),
    "exponential": lambda spec, base, t, left: base * spec.gamma**t,
    "inverse_time": lambda spec, base, t, left: base / (1 + spec.decay * t),
    "polynomial": lambda spec, base, t, left: (
        base * (1 - min(t, spec.total_steps or left) / (spec.total_steps or left)) ** spec.power
    ),
    "cosine": lambda spec, base, t, left: (
        spec.min_learning_rate
        + (base - spec.min_learning_rate) * (1 + cos(pi * t / (spec.period or left))) / 2
    ),
    "one_cycle": lambda spec, base, t, left: one_cycle(base, t, spec.total_steps or left),
    "warmup_cosine": warmup_cosine,
}
