"""Bake the built-in data sets into ``service/datasets/builtin``: one npz file each, and one manifest.

    python -m scripts.bake_datasets --mnist mnist.npz
    python -m scripts.bake_datasets --sets moons spirals      # only these; the others stay as they are

Run it from the repository's root; `make bake-datasets` prepares everything it needs: NumPy and, for the sets that it
ships, scikit-learn (requirements/data.txt). Nothing is downloaded. The arrays, and so every version in the manifest,
are the same wherever this runs; a file's SHA-256 also depends on zlib's release.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import importlib
import io
import json
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data import Dataset
from service.datasets.versions import dataset_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

CARDS = Path(__file__).with_name("dataset_cards.toml")
BUILTIN = Path(__file__).resolve().parent.parent / "service" / "datasets" / "builtin"
MNIST_ROWS, MNIST_TEST_ROWS = 1_000, 2_000


@dataclass(frozen=True)
class Baked:
    """The arrays of one set: ``x`` (rows, features), ``y`` (rows,), perhaps ``x_test``, ``y_test``."""

    task: str
    arrays: Mapping[str, NDArray[Any]]
    feature_names: tuple[str, ...] = ()


def shipped(loader: str, task: str, dtype: str = "<f8", **options: bool) -> Baked:
    """A set that scikit-learn ships; class indices become bytes, regression targets stay numbers."""
    bunch = getattr(importlib.import_module("sklearn.datasets"), loader)(**options)
    arrays = {
        "x": exactly(bunch.data, dtype),
        "y": exactly(bunch.target, "<f8" if task == "regression" else "u1"),
    }
    return Baked(task, arrays, tuple(map(str, bunch.feature_names)))


def mnist_mini(path: Path) -> Baked:
    """The first images of MNIST, row by row as they stand in its files, one byte a pixel."""
    with np.load(path, allow_pickle=False) as mnist:
        arrays = {
            "x": mnist["x_train"][:MNIST_ROWS].reshape(MNIST_ROWS, -1),
            "y": mnist["y_train"][:MNIST_ROWS],
            "x_test": mnist["x_test"][:MNIST_TEST_ROWS].reshape(MNIST_TEST_ROWS, -1),
            "y_test": mnist["y_test"][:MNIST_TEST_ROWS],
        }
    pixels = tuple(f"pixel_{row}_{column}" for row in range(28) for column in range(28))
    return Baked("multiclass", arrays, pixels)


def moons(rows: int = 500, noise: float = 0.3) -> Baked:
    """Two half circles of radius 1, the lower one shifted by (1, 0.5); normal noise on both coordinates."""
    rng = np.random.default_rng(2)
    label = np.arange(rows) % 2
    angle = rng.uniform(0, np.pi, rows)
    x = np.column_stack([np.cos(angle), np.sin(angle)])
    x = np.where(label[:, None] == 0, x, [1.0, 0.5] - x) + rng.normal(0, noise, (rows, 2))
    return Baked("binary", {"x": decimals(x), "y": exactly(label, "u1")})


def spirals(rows: int = 600, arms: int = 3, noise: float = 0.15) -> Baked:
    """Arms of radius 0.1 to 1 that turn by 4 radians; normal noise on both coordinates."""
    rng = np.random.default_rng(3)
    label = np.arange(rows) % arms
    radius = rng.uniform(0.1, 1, rows)
    angle = 4 * radius + 2 * np.pi / arms * label
    x = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, noise, (rows, 2))
    return Baked("multiclass", {"x": decimals(x), "y": exactly(label, "u1")})


def friedman1(rows: int = 500, noise: float = 1.0) -> Baked:
    """``10 sin(π x1 x2) + 20 (x3 - ½)² + 10 x4 + 5 x5 + N(0, noise²)`` of ten uniform inputs (Friedman 1991)."""
    rng = np.random.default_rng(1)
    x = decimals(rng.uniform(0, 1, (rows, 10)))
    smooth = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return Baked("regression", {"x": x, "y": decimals(smooth + rng.normal(0, noise, rows))})


def decimals(values: NDArray[Any]) -> NDArray[Any]:
    """Values to four decimals, so that the last bit of one machine's sine does not change a version."""
    return np.round(values, 4).astype("<f8")


def exactly(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    """The values in a smaller type that holds every one of them; ValueError where it does not."""
    converted = values.astype(dtype)
    if not np.array_equal(converted, values):
        message = f"{dtype} cannot hold these values"
        raise ValueError(message)
    return converted


def recipes(mnist: Path | None) -> dict[str, Callable[[], Baked]]:
    """How each set is made; MNIST only where its file is given."""
    made: dict[str, Callable[[], Baked]] = {
        "digits": functools.partial(shipped, "load_digits", "multiclass", "u1"),
        "iris": functools.partial(shipped, "load_iris", "multiclass"),
        "wine": functools.partial(shipped, "load_wine", "multiclass"),
        "breast_cancer": functools.partial(shipped, "load_breast_cancer", "binary"),
        "diabetes": functools.partial(shipped, "load_diabetes", "regression", scaled=False),
        "moons": moons,
        "spirals": spirals,
        "friedman1": friedman1,
    }
    return made if mnist is None else made | {"mnist-mini": functools.partial(mnist_mini, mnist)}


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A compressed npz whose bytes depend on the arrays alone: no clock, no umask, no operating system."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(entry, buffer.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return stream.getvalue()


def describe(name: str, card: dict[str, Any], baked: Baked, content: bytes) -> dict[str, Any]:
    """The manifest's entry: what the card says, and what the arrays show."""
    x, y, classes = baked.arrays["x"], baked.arrays["y"], card.get("classes")
    arrays: dict[str, Any] = dict(baked.arrays)
    copies = Dataset(**arrays, task=baked.task, classes=classes and len(classes)).copies
    about = {"task": baked.task, "target_name": card["target_name"], "scaling": card["scaling"]}
    return {
        "name": name,
        "title": card["title"],
        "description": card["description"],
        **about,
        "rows": len(x),
        "validation_rows": 0,
        "test_rows": len(baked.arrays.get("x_test", ())),
        "features": x.shape[1],
        "feature_names": list(baked.feature_names or card["feature_names"]),
        "classes": classes,
        "class_counts": classes and np.bincount(y, minlength=len(classes)).tolist(),
        "copies": dataclasses.asdict(copies),
        "source": card["source"],
        "license": card["license"],
        "citation": card["citation"],
        "sha256": hashlib.sha256(content).hexdigest(),
        "version": dataset_version(baked.arrays, **about),
    }


def bake(folder: Path, wanted: Iterable[str], mnist: Path | None = None) -> None:
    """Write the npz files of the wanted sets into the folder and renew their entries in its manifest."""
    cards, made, entries = tomllib.loads(CARDS.read_text("utf-8")), recipes(mnist), read_manifest(folder)
    for name in wanted:
        baked = made[name]()
        content = pack(baked.arrays)
        (folder / f"{name}.npz").write_bytes(content)
        entries[name] = describe(name, cards[name], baked, content)
    write_manifest(folder, [entries[name] for name in cards if name in entries])


def read_manifest(folder: Path) -> dict[str, Any]:
    """The entries of the folder's manifest by name; none where there is no manifest yet."""
    path = folder / "manifest.json"
    entries = json.loads(path.read_text("utf-8"))["datasets"] if path.exists() else []
    return {entry["name"]: entry for entry in entries}


def write_manifest(folder: Path, entries: list[dict[str, Any]]) -> None:
    """One line a field: short enough to read, and a change shows in a diff."""
    blocks = []
    for entry in entries:
        fields = (
            f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()
        )
        blocks.append("{\n" + ",\n".join(fields) + "\n}")
    (folder / "manifest.json").write_text('{"datasets": [\n' + ",\n".join(blocks) + "\n]}\n", "utf-8")


def main() -> None:
    """Read the command line and bake."""
    parser = argparse.ArgumentParser(description="Bake the built-in data sets.")
    parser.add_argument("--mnist", type=Path, help="npz with x_train, y_train, x_test, y_test (bytes)")
    parser.add_argument("--output", type=Path, default=BUILTIN, help="folder to write into")
    parser.add_argument("--sets", nargs="+", help="only these sets")
    options = parser.parse_args()
    wanted = options.sets or list(tomllib.loads(CARDS.read_text("utf-8")))
    missing = set(wanted) - set(recipes(options.mnist))
    if missing:
        hint = " (it needs --mnist)" if "mnist-mini" in missing else ""
        parser.error(f"cannot bake {', '.join(sorted(missing))}{hint}")
    options.output.mkdir(parents=True, exist_ok=True)
    bake(options.output, wanted, options.mnist)


if __name__ == "__main__":
    main()
