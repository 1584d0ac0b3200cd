"""CONTRIBUTING's steps are enough: a toy optimizer, activation and loss that follow them can be posted and trained."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

Edits = dict[str, list[tuple[str, str]]]
"""For each file, texts of it and what stands before each of them afterwards."""

SPEC_OPTIMIZER = '''
@dataclass(frozen=True, slots=True, kw_only=True)
class TanhSgd:
    """Steps no longer than the rate, along the gradient."""

    name: ClassVar[str] = "tanh_sgd"
    structural: ClassVar[tuple[str, ...]] = ()
    largest_rate: ClassVar[float] = 0.5
    calls: ClassVar[int] = 3
    calls_per_layer: ClassVar[int] = 0
    moments: ClassVar[int] = 0
    learning_rate: float = _default(0.01, _RATE)

    def __post_init__(self) -> None:
        check_fields(self)


'''
UPDATE = '''
@dataclass(frozen=True)
class TanhSgdUpdate:
    """w ← soft(w - η tanh(g), ηl1)."""

    specs: Sequence[spec.TanhSgd]
    folds = False

    @property
    def moments(self) -> Mapping[str, float]:
        return {}

    def coefficients(self, steps: Array, rates: Array) -> Mapping[str, Array]:
        return {"reach": rates, "rate": rates}

    def calls(self, block: Block) -> list[Call]:
        w, g = block.weights, block.gradient
        calls: list[Call] = [
            partial(np.tanh, g, g),
            partial(np.multiply, g, block.coefficients["rate"], g),
            partial(np.subtract, w, g, w),
        ]
        for piece in block.pieces:
            calls += piece.shrunk(w, block.scratch)
        return calls


'''
PLAIN_OPTIMIZER = '''
class TanhSgd:
    """w ← soft(w - η tanh(g), ηκ)."""

    def __init__(self, settings: spec.TanhSgd, w: Array) -> None:
        """Nothing is remembered."""

    def step(self, w: Array, g: Array, eta: float, kappa: float) -> Array:
        return soft(w - eta * np.tanh(g), eta * kappa)


'''
OPTIMIZER: Edits = {
    "engine/spec/optimizers.py": [
        ("Optimizer = Sgd", SPEC_OPTIMIZER),
        ("Sgd | Adagrad", "TanhSgd | "),
        ("Sgd, Adagrad, RmsProp, Adam, AdamW)})", "TanhSgd, "),
        ('"Sgd"]', '"TanhSgd", '),
    ],
    "engine/spec/__init__.py": [("    Sgd,\n", "    TanhSgd,\n"), ('    "Sgd",\n', '    "TanhSgd",\n')],
    "engine/optimization/optimizers.py": [
        ("OPTIMIZERS: dict", UPDATE),
        ("    spec.Sgd: ", "    spec.TanhSgd: TanhSgdUpdate,\n"),
    ],
    "engine/textbook/optimizers.py": [
        ("OPTIMIZERS: dict", PLAIN_OPTIMIZER),
        ('    "sgd": Sgd', '    "tanh_sgd": TanhSgd,\n'),
    ],
    "tests/engine/random_specs.py": [
        ('"sgd": (0.01, 0.5)', '"tanh_sgd": (0.001, 0.01), '),
        ('"sgd", "sgd", "adagrad"', '*(["tanh_sgd"] * 6), '),
        ('        "adagrad": {},\n', '        "tanh_sgd": {},\n'),
        ('name != "sgd":', 'name != "tanh_sgd" and '),
    ],
    "service/experiments/field_docs.py": [
        ('    "Sgd": {', '    "TanhSgd": {"learning_rate": _LEARNING_RATE},\n')
    ],
    "tests/engine/problems.py": [
        ('    {"name": "sgd", "learning_rate": 0.3},\n', '    {"name": "tanh_sgd"},\n')
    ],
}
SPEC_ACTIVATION = """
    "absolute": ActivationTraits(
        calls=3, arrays=3, is_smooth=False, is_rectifier=False, module="Abs()"
    ),
"""
KERNELS = """
    "absolute": lambda spec: Activation(
        lambda v: [partial(np.abs, v.z, v.a), partial(np.sign, v.z, v.z)], _by_slope, keeps_slope=True
    ),
"""
ACTIVATION: Edits = {
    "engine/spec/activations.py": [('    "sigmoid": ', SPEC_ACTIVATION)],
    "engine/network/activations.py": [('    "sigmoid": ', KERNELS)],
    "engine/textbook/activations.py": [('    "sigmoid": ', '    "absolute": Activation(np.abs, np.sign),\n')],
}
SPEC_LOSS = """
    "doubled_error": LossTraits(
        tasks=("regression",), outputs=("identity",), can_smooth=False, constants=("mean",), averaged_by=()
    ),
"""
ROW_LOSS = """
    ("doubled_error", "identity"): lambda spec: Loss(
        squared_error_gradient, squared_error, factor=lambda outputs: 2.0
    ),
"""
LOSS: Edits = {
    "engine/spec/losses.py": [('    "mean_squared_error": ', SPEC_LOSS)],
    "engine/network/losses.py": [('    ("mean_squared_error", ', ROW_LOSS)],
    "engine/textbook/losses.py": [
        (
            '    "mean_squared_error": ',
            '    "doubled_error": Loss(mean_squared_error, mean_squared_error_slope),\n',
        )
    ],
}
TOYS = {"an optimizer": OPTIMIZER, "an activation": ACTIVATION, "a loss": LOSS}
BODIES = [
    {"dataset": "iris", "optimizer": "tanh_sgd", "penalty": "l1", "lambda": 0.1},
    {"dataset": "iris", "activation": "absolute"},
    {"dataset": "diabetes", "loss": "doubled_error"},
]

POST = """
import json, sys
import numpy as np
from fastapi.testclient import TestClient
from service.app import create_app
from service.settings import Settings

folder, url, bodies = sys.argv[1:4]
app = create_app(Settings(data_dir=folder, database_url=url, access_log=False))
with TestClient(app, base_url="http://127.0.0.1") as client:
    for body in json.loads(bodies):
        for path, status in (("/v1/experiments/validate", 200), ("/v1/experiments", 201)):
            answer = client.post(path, json=body)
            assert answer.status_code == status, answer.text

from engine import Dataset, Experiment, train

x = np.random.default_rng(0).normal(size=(60, 3))
for body in json.loads(bodies):
    task, classes = ("regression", None) if body.pop("dataset") == "diabetes" else ("binary", 2)
    data = Dataset(x, x[:, 0] if classes is None else (x[:, 0] > 0).astype(int), task, classes)
    result = train(Experiment.from_document({"max_epochs": 3, "seed": 1, **body}), data)
    assert result.best is not None
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what a new variant touches."""
    folder = tmp_path / "copy"
    for name in ("engine", "migrations", "service", "tests/engine"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests/architecture").mkdir()
    for name in ("pyproject.toml", "tests/architecture/source_tree.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        timeout=120,
    )


def edit(folder: Path, edits: Edits) -> None:
    for name, insertions in edits.items():
        text = (folder / name).read_text()
        for before, inserted in insertions:
            assert before in text, f"{name} has no {before!r}"
            text = text.replace(before, inserted + before, 1)
        (folder / name).write_text(text)


def steps(what: str) -> list[str]:
    """The files that CONTRIBUTING names for a new variant, but documents."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.partition(f"## Add {what}\n")[2].partition("\n## ")[0]
    return re.findall(r"`([\w/]+\.py)`", section)


def tables_in(folder: Path) -> subprocess.CompletedProcess[str]:
    files = ("tests/engine/test_tables.py", "tests/engine/test_textbook_completeness.py")
    return run(
        folder, "-m", "pytest", "-q", "--continue-on-collection-errors", "-c", "pyproject.toml", *files
    )


def test_variants_added_by_the_steps_can_be_posted_and_trained(
    copy: Path, fresh_sqlite_url: str, tmp_path: Path
) -> None:
    for what, edits in TOYS.items():
        assert set(edits) <= set(steps(what)), f"CONTRIBUTING does not name all files for {what}"
        edit(copy, {name: found for name, found in edits.items() if "/spec/" in name})
    forgotten = tables_in(copy).stdout
    for name in ("TanhSgd", "absolute", "doubled_error"):
        assert name in forgotten
    for edits in TOYS.values():
        edit(copy, {name: found for name, found in edits.items() if "/spec/" not in name})
    tables = tables_in(copy)
    assert tables.returncode == 0, tables.stdout
    posted = run(copy, "-c", POST, str(tmp_path), fresh_sqlite_url, json.dumps(BODIES))
    assert posted.returncode == 0, posted.stderr
