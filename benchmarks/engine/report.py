"""What was measured as a table: every ratio beside the one it should reach."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from benchmarks.engine.contenders import PEERS
from scripts.readme import row

__all__ = ["NOISE", "TARGETS", "Measured", "kept", "lines", "machine", "processor"]

NOISE = 0.1
"""Repeated runs of one ratio differ by so much; a target counts as reached within it."""

TARGETS: dict[str, dict[str, float]] = {
    "W1": {"products": 2.4, "jax": 0.75, "torch": 0.13, "sklearn": 0.18},
    "W2": {"products": 1.5, "jax": 0.95, "torch": 0.42, "sklearn": 0.32},
    "W3": {"products": 3.7, "jax": 1.0, "torch": 0.11, "torch fused": 0.15, "sklearn": 0.15},
    "W4": {"products": 1.5, "jax": 1.15, "torch": 0.65, "torch fused": 0.85, "sklearn": 0.52},
    "W5": {"products": 1.1, "jax": 1.05, "torch": 1.05, "sklearn": 0.70},
    "W6a": {"alone": 0.65, "jax vmap": 0.82, "torch": 0.10, "sklearn": 0.11},
    "W6b": {"alone": 0.75, "jax vmap": 0.56, "torch": 0.09, "sklearn": 0.11},
}
"""By workload and peer: the largest ratio of the engine's time to the peer's that is good enough."""

PACKAGES = {"NumPy": "numpy", "JAX": "jax", "PyTorch": "torch", "scikit-learn": "scikit-learn"}
CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Measured:
    """One workload: milliseconds of an epoch of the engine, and the engine's time by that of each peer."""

    epoch_ms: float
    ratios: Mapping[str, float]

    @classmethod
    def of(cls, seconds: Mapping[str, Sequence[float]], epochs: int) -> Measured:
        """From the seconds of every round: a ratio is the median of the ratios within one round."""
        ours = seconds["engine"]
        ratios = {
            name: median(a / b for a, b in zip(ours, theirs, strict=True))
            for name, theirs in seconds.items()
            if name != "engine"
        }
        return cls(1000 * median(ours) / epochs, ratios)


def kept(path: Path, measured: Mapping[str, Measured]) -> dict[str, Measured]:
    """What earlier runs have left at ``path``, replaced by what was measured now, and written back."""
    before = json.loads(path.read_text("utf-8")) if path.exists() else {}
    found = {name: Measured(**one) for name, one in before.items()} | dict(measured)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({name: asdict(one) for name, one in found.items()}, indent=1), "utf-8")
    return dict(sorted(found.items()))


def reached(ratio: float, target: float) -> bool:
    """Whether the target is reached, within the noise."""
    return ratio <= target * (1 + NOISE)


def cell(workload: str, peer: str, measured: Measured) -> str:
    """The ratio and its target; empty where the peer did not run."""
    if peer not in measured.ratios:
        return ""
    ratio, target = measured.ratios[peer], TARGETS[workload].get(peer)
    if target is None:
        return f"{ratio:.2f}"
    return f"{ratio:.2f} ({target:.2f}) {'✓' if reached(ratio, target) else '✗'}"


def lines(measured: Mapping[str, Measured]) -> list[str]:
    """The table, a sentence that counts what was reached, and the machine it was measured on."""
    table = [row(["", "engine, ms/epoch", *PEERS]), row(["---", *["--:"] * (len(PEERS) + 1)])]
    for name, one in measured.items():
        table.append(row([name, f"{one.epoch_ms:.1f}", *(cell(name, peer, one) for peer in PEERS)]))
    judged = {
        f"{name} {peer}": reached(one.ratios[peer], target)
        for name, one in measured.items()
        for peer, target in TARGETS[name].items()
        if peer in one.ratios
    }
    missed = [name for name, good in judged.items() if not good]
    outcome = f"{len(judged) - len(missed)} of {len(judged)} targets reached"
    return [*table, "", f"{outcome}; not: {', '.join(missed)}." if missed else f"{outcome}."]


def machine() -> str:
    """Processor and versions."""
    names = [f"Python {platform.python_version()}"]
    for name, package in PACKAGES.items():
        try:
            names.append(f"{name} {version(package)}")
        except PackageNotFoundError:
            print(f"{name} is not installed; its columns stay empty.", file=sys.stderr)
    return f"Measured on one core of {processor()}, one BLAS thread, float32: {', '.join(names)}."


def processor() -> str:
    """The processor's name with family and model, which say more than a cloud's name."""
    if not CPUINFO.exists():
        return platform.processor() or platform.machine()
    found = dict(line.split(":", 1) for line in CPUINFO.read_text("utf-8").splitlines() if ":" in line)
    facts = {name.strip(): value.strip() for name, value in found.items()}
    name = facts.get("model name", platform.machine())
    return f"{name} (family {facts.get('cpu family', '?')}, model {facts.get('model', '?')})"
