"""The textbook has every variant of the specification, and the random experiments that prove it vary every field."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from engine import spec
from engine.spec.records import Variant
from engine.spec.rules import Choice
from engine.textbook.activations import ACTIVATIONS
from engine.textbook.initializers import BIAS_INITIALIZERS, INITIALIZERS
from engine.textbook.losses import LOSSES, OUTPUTS
from engine.textbook.optimizers import OPTIMIZERS
from engine.textbook.penalties import L1_UPDATES, PENALTIES
from engine.textbook.schedules import SCHEDULES
from tests.architecture.source_tree import ROOT
from tests.engine.random_specs import random_problem
from tests.engine.test_textbook import SPECS

TABLES: dict[str, tuple[Mapping[str, Any], Choice | Variant]] = {
    "activations": (ACTIVATIONS, spec.ACTIVATIONS),
    "bias initializers": (BIAS_INITIALIZERS, spec.BIAS_INITIALIZERS),
    "initializers": (INITIALIZERS, spec.LAYER_INITIALIZERS),
    "layer penalties": (PENALTIES, spec.LAYER_PENALTIES),
    "losses": (LOSSES, spec.LOSSES),
    "optimizers": (OPTIMIZERS, spec.OPTIMIZERS),
    "outputs": (OUTPUTS, spec.OUTPUTS),
    "penalties": (PENALTIES, spec.PENALTIES),
    "schedules": (SCHEDULES, spec.SCHEDULES),
    "updates of L1": (L1_UPDATES, spec.L1_UPDATES),
}
"""What the textbook has, and what the specification has. ``given`` and ``per_layer`` weights are in its network."""

NOT_DRAWN = {
    # Names of splits; splits by groups and by a named column are bookkeeping that the textbook leaves to the engine.
    *("Split.by", "OrderSplit.by", "DatasetSplit.by", "OrderSplit.column", "Split.keep_duplicates_together"),
    # Decided before a run: λ is converted, and the textbook computes in float64 alone.
    *("Experiment.lambda_convention", "Experiment.precision"),
}


def names(choices: Choice | Variant) -> set[str]:
    """The names that are left once "auto" is decided."""
    if isinstance(choices, Choice):
        return {*choices.allowed} - {"auto"}
    return ({*choices.plain.allowed} | {*choices.parametric}) - {"auto"}


def records(value: Any) -> Iterator[Any]:
    """The records in a specification, each after the one that it is a part of."""
    if dataclasses.is_dataclass(value):
        yield value
        for item in dataclasses.fields(value):
            yield from records(getattr(value, item.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from records(item)


@pytest.mark.parametrize("table", TABLES)
def test_the_textbook_has_every_variant(table: str) -> None:
    has, specified = TABLES[table]
    assert names(specified) - set(has) == set(), f"the textbook's table of {table} lacks these"
    assert set(has) - names(specified) == set(), "these are not in the specification"


def test_the_random_experiments_vary_every_field() -> None:
    drawn: dict[str, set[str]] = {}
    for seed in range(SPECS):
        for record in records(random_problem(seed)[1]):
            for item in dataclasses.fields(record):
                value = getattr(record, item.name)
                found = drawn.setdefault(f"{type(record).__name__}.{item.name}", set())
                found.add(repr(spec.variant_name(value) if hasattr(value, "name") else value))
    kinds = [spec.Experiment, spec.Layer, spec.Split, spec.OrderSplit, spec.DatasetSplit]
    for _, choices in TABLES.values():
        kinds += choices.parametric.values() if isinstance(choices, Variant) else []
    fields = {f"{kind.__name__}.{item.name}" for kind in kinds for item in dataclasses.fields(kind)}
    assert {name for name in fields - NOT_DRAWN if len(drawn.get(name, ())) < 2} == set()
    choices_of_fields: dict[str, Choice | Variant] = {
        "activation": spec.ACTIVATIONS,
        "bias_init": spec.BIAS_INITIALIZERS,
        "l1_update": spec.L1_UPDATES,
        "loss": spec.LOSSES,
        "optimizer": spec.OPTIMIZERS,
        "output": spec.OUTPUTS,
        "penalty": spec.PENALTIES,
        "schedule": spec.SCHEDULES,
    }
    for name, choices in choices_of_fields.items():
        missing = {each for each in names(choices) if repr(each) not in drawn[f"Experiment.{name}"]}
        assert missing == set(), f"these are never drawn for {name}"
    missing = {each for each in names(spec.LAYER_INITIALIZERS) if repr(each) not in drawn["Layer.init"]}
    assert missing == set(), "these are never drawn for the weights of a layer"


def test_fast_files_lead_to_their_plain_versions() -> None:
    plain = {path.name: 0 for path in (ROOT / "engine" / "textbook").glob("[a-z]*.py")}
    for room in ("data", "network", "optimization", "training"):
        for path in (ROOT / "engine" / room).glob("*.py"):
            for name in re.findall(r"engine/textbook/(\w+\.py)", path.read_text()):
                plain[name] += 1
    assert all(plain.values()), f"no file of the engine names these: {plain}"
