"""Comparing groups of experiments: scores of their replicates, differences, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.metrics import METRICS
from service.errors import NotFound
from service.experiments import service as experiments
from service.experiments.curve import service as learning_curves
from service.experiments.curve.metrics import is_regression
from service.experiments.service import Filters
from service.http.pagination import OLDEST_FIRST
from service.sweeps.comparisons.groups import (
    Group,
    Replicate,
    check_comparable,
    check_replicates,
    resample_of,
)
from service.sweeps.comparisons.labels import labels_of
from service.sweeps.comparisons.submission import MOST_EXPERIMENTS, Asked, AskedGroup
from service.sweeps.comparisons.verdict import Verdict, judge
from service.sweeps.statistics import scores

__all__ = ["Comparison", "compare"]

_MOST_EPOCHS = 1_000_000
_LARGEST_SCORE = 1e300
"""Differences and interval ends of larger scores may overflow, so such a run counts as one without a score."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Groups with their scores, and what these show."""

    asked: Asked
    groups: Sequence[Group]
    resample: str
    verdict: Verdict


def compare(session: Session, owner: str, asked: Asked) -> Comparison:
    """Compare groups of an owner's experiments; raises InvalidSpec with every problem found.

    Nothing is stored: the same request answers the same as long as no experiment in it changes.
    """
    groups = _groups(session, owner, asked)
    check_replicates(groups, ["experiments" if each.experiments else "metadata" for each in asked.groups])
    check_comparable(groups, asked.metric)
    for group, label in zip(
        groups,
        labels_of([group.setting for group in groups], [each.label for each in asked.groups]),
        strict=True,
    ):
        group.label = label
    _check_epochs(groups)
    for group in groups:
        _score(session, owner, group, asked)
    resample = resample_of(groups)
    return Comparison(asked, groups, resample, judge(groups, asked.metric, resample, asked.reference))


def _groups(session: Session, owner: str, asked: Asked) -> list[Group]:
    problems: list[SpecProblem] = []
    groups = []
    left = MOST_EXPERIMENTS
    for index, each in enumerate(asked.groups):
        try:
            group = Group(
                _by_ids(session, owner, each) if each.experiments else _by_metadata(session, owner, each)
            )
        except InvalidSpec as error:
            problems += [found.below("groups", index) for found in error.problems]
            continue
        left -= len(group.replicates)
        groups.append(group)
    if left < 0:
        message = f"A comparison takes at most {MOST_EXPERIMENTS:,} experiments; these are {MOST_EXPERIMENTS - left:,}."
        problems.append(SpecProblem(("groups",), "too_many", message))
    if problems:
        raise InvalidSpec(problems)
    return groups


def _by_ids(session: Session, owner: str, asked: AskedGroup) -> list[Replicate]:
    found = []
    for position, identifier in enumerate(asked.experiments):
        if identifier in asked.experiments[:position]:
            continue
        try:
            found.append(_replicate(experiments.read(session, owner, identifier).row))
        except NotFound as error:
            raise InvalidSpec([SpecProblem(("experiments", position), "not_found", str(error))]) from error
    return found


def _by_metadata(session: Session, owner: str, asked: AskedGroup) -> list[Replicate]:
    filters = Filters(metadata={key: (value,) for key, value in asked.metadata.items()})
    page = experiments.list_page(session, owner, filters, sort=OLDEST_FIRST, limit=MOST_EXPERIMENTS)
    if not page.items:
        raise InvalidSpec([SpecProblem(("metadata",), "not_found", "No experiment has this metadata.")])
    if page.next is not None:
        message = f"More than {MOST_EXPERIMENTS:,} experiments have this metadata."
        raise InvalidSpec([SpecProblem(("metadata",), "too_many", message)])
    return [_replicate(placed.row) for placed in page.items]


def _replicate(row: Any) -> Replicate:
    best: Mapping[str, Any] = row.best or {}
    return Replicate(
        id=row.id,
        spec=row.spec,
        status=row.status,
        task="regression" if is_regression(row.task, row.classes) else "classification",
        dataset=row.dataset,
        dataset_version=row.dataset_version,
        rows_train=row.rows_train,
        rows_validation=row.rows_validation,
        parameters=row.parameters,
        zero_fraction=best.get("zero_fraction"),
        epochs=row.last_epoch,
    )


def _check_epochs(groups: Sequence[Group]) -> None:
    if sum(each.epochs for group in groups for each in group.replicates) > _MOST_EPOCHS:
        message = f"These experiments have more than {_MOST_EPOCHS:,} epochs together. Compare fewer of them at a time."
        raise InvalidSpec([SpecProblem(("groups",), "too_many", message)])


def _score(session: Session, owner: str, group: Group, asked: Asked) -> None:
    """Read the curves of the replicates that ended well, and score each one."""
    ended = [each for each in group.replicates if each.status == "succeeded" and each.epochs]
    if not ended:
        return
    monitor = ended[0].spec["monitor"]
    names = [",".join({monitor, asked.metric})]
    try:
        curves = [
            learning_curves.curve(session, owner, each.id, names=names, from_epoch=1, max_points=None)
            for each in ended
        ]
    except NotFound as error:  # deleted since the groups were read
        raise InvalidSpec([SpecProblem(("groups",), "not_found", str(error))]) from error
    measured: list[Any] = [curve[asked.metric] for curve in curves]
    if asked.score == "final":
        found = scores.at_end(measured)
    else:
        choose = scores.cross_fitted if asked.score == "cross_fitted" else scores.at_best
        monitored: list[Any] = [curve[monitor] for curve in curves]
        found = choose(monitored, measured, maximize=METRICS[monitor].larger_is_better)
    sign = 1.0 if METRICS[asked.metric].larger_is_better else -1.0
    for each, score in zip(ended, found, strict=True):
        each.epoch = score.epoch
        if score.value is not None and abs(score.value) <= _LARGEST_SCORE:
            each.score = score.value
            group.scores[each.pair] = sign * score.value
