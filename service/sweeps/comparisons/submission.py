"""Reading the document of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unicodedata import category

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.rules import Choice, Integer, Nullable, check_fields, rule
from service.http.json_documents import read_document
from service.sweeps.comparisons.metrics import MEASURES

__all__ = ["MOST_EXPERIMENTS", "MOST_GROUPS", "SCORES", "Asked", "AskedGroup", "read_comparison"]

MOST_GROUPS = 50
MOST_EXPERIMENTS = 1000
MOST_LABEL = 100
SCORES = ("cross_fitted", "best", "final")
_FEWEST_GROUPS = 2
_SELECTORS = ("experiments", "metadata")


@dataclass(frozen=True, slots=True)
class AskedGroup:
    """Experiments of one setting: by their ids, or by pairs of metadata that they all have."""

    label: str | None
    experiments: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Options:
    metric: str = field(default="val_loss", metadata=rule(Choice(tuple(MEASURES))))
    score: str = field(default="cross_fitted", metadata=rule(Choice(SCORES)))
    reference: int | None = field(
        default=None, metadata=rule(Nullable(Integer(minimum=0, maximum=MOST_GROUPS - 1)))
    )

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Asked:
    """A comparison that is asked for."""

    groups: tuple[AskedGroup, ...]
    metric: str
    score: str
    reference: int | None
    """Index of the group that the others are compared with; None compares them with the best."""


def read_comparison(document: Mapping[str, Any]) -> Asked:
    """Return what a document asks for; raises InvalidSpec with every problem found."""
    problems: list[SpecProblem] = []
    options = _Options()
    try:
        options = read_document(_Options, {name: document[name] for name in document if name != "groups"}, {})
    except InvalidSpec as error:
        problems += error.problems
    groups = document.get("groups")
    if not isinstance(groups, list) or not _FEWEST_GROUPS <= len(groups) <= MOST_GROUPS:
        message = f"Must be a list of {_FEWEST_GROUPS} to {MOST_GROUPS} groups."
        problems.append(SpecProblem(("groups",), "type" if "groups" in document else "missing", message))
    else:
        for index, group in enumerate(groups):
            problems += _group_problems(index, group)
        if options.reference is not None and options.reference >= len(groups):
            message = f"Must be the index of a group, 0 to {len(groups) - 1}."
            problems.append(SpecProblem(("reference",), "range", message))
    if problems:
        raise InvalidSpec(problems)
    read = tuple(
        AskedGroup(
            group.get("label"), tuple(group.get("experiments") or ()), dict(group.get("metadata") or {})
        )
        for group in groups or ()
    )
    return Asked(read, options.metric, options.score, options.reference)


def _group_problems(index: int, group: object) -> Iterator[SpecProblem]:
    where = ("groups", index)
    if not isinstance(group, Mapping):
        yield SpecProblem(where, "type", 'Must be an object such as {"experiments": ["exp_…"]}.')
        return
    for name in group:
        if name not in {*_SELECTORS, "label"}:
            message = "Unknown field. Allowed: experiments, metadata, label."
            yield SpecProblem((*where, str(name)[:80]), "unknown_field", message)
    label = group.get("label")
    if label is not None and not _is_label(label):
        message = (
            f"Must be a string of 1 to {MOST_LABEL} characters that is not blank and on one line, or null."
        )
        yield SpecProblem((*where, "label"), "type", message)
    given = [name for name in _SELECTORS if group.get(name) is not None]
    if len(given) != 1:
        yield SpecProblem(where, "choice", "Must have either experiments or metadata.")
        return
    yield from (_ids_problems if given == ["experiments"] else _pairs_problems)(where, group[given[0]])


def _is_label(value: object) -> bool:
    is_short = isinstance(value, str) and 1 <= len(value) <= MOST_LABEL
    return is_short and not str(value).isspace() and not any(category(each) == "Cc" for each in str(value))


def _ids_problems(where: tuple[str | int, ...], given: object) -> Iterator[SpecProblem]:
    place = (*where, "experiments")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_EXPERIMENTS:
        yield SpecProblem(place, "type", f"Must be a list of 1 to {MOST_EXPERIMENTS} ids of experiments.")
        return
    for position, identifier in enumerate(given):
        if not isinstance(identifier, str):
            yield SpecProblem((*place, position), "type", "Must be the id of an experiment.")
            return


def _pairs_problems(where: tuple[str | int, ...], given: object) -> Iterator[SpecProblem]:
    is_map = isinstance(given, Mapping) and given and all(isinstance(value, str) for value in given.values())
    if not is_map:
        message = "Must be an object of strings with at least one pair; experiments with all of the pairs are taken."
        yield SpecProblem((*where, "metadata"), "type", message)
