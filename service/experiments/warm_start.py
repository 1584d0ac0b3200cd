"""Start an experiment from another one's checkpoint: find it, and check that the networks match."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from sqlalchemy.orm import Session

from engine.errors import InvalidSpec, SpecProblem
from engine.spec import Given, NetworkShape, SpecWarning, to_document
from service.checkpoints import initial
from service.errors import Damaged
from service.experiments import repository, states
from service.experiments.identifiers import is_identifier
from service.experiments.repository import Row
from service.experiments.submission import Submission

__all__ = ["Source", "with_source"]

KINDS = ("best", "last", initial.INITIAL)
_FIELD = ("init", "checkpoint")


@dataclass(frozen=True, slots=True)
class Source:
    """The checkpoint to begin with."""

    experiment_id: str
    kind: str


def with_source(
    session: Session, owner: str, submission: Submission, *, hold: bool = True
) -> tuple[Submission, Source | None]:
    """The checkpoint that ``init`` names, and the submission with its id in full; None where weights are drawn.

    Only an owner's own experiment is a source. With ``hold`` it cannot be deleted before this transaction ends. Raises
    InvalidSpec.
    """
    init = submission.resolved.experiment.init
    if not isinstance(init, Given):
        return submission, None
    source = _source(init.checkpoint)
    find = repository.hold if hold else repository.find
    row = find(session, owner, source.experiment_id) if source else None
    if source is None or row is None:
        message = (
            "There is no such checkpoint. Use an id listed by GET "
            "/v1/experiments/{experiment_id}/checkpoints, such as "
            '"exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/best".'
        )
        _refuse("unknown_checkpoint", message)
    _check(session, submission, source, row)
    return _named(submission, source, tuple(_warnings(submission, row))), source


def _source(checkpoint: str) -> Source | None:
    experiment_id, _, kind = checkpoint.partition("/")
    source = Source(experiment_id, kind or "best")
    return source if is_identifier(experiment_id) and source.kind in KINDS else None


def _check(session: Session, submission: Submission, source: Source, row: Row) -> None:
    if row.status not in states.TERMINAL and source.kind != initial.INITIAL:
        message = (
            f"Experiment {source.experiment_id} is {row.status} and its checkpoints may still change; wait "
            "until it has ended, or cancel it."
        )
        _refuse("not_ended", message)
    try:
        modules = initial.modules(session, source.experiment_id, source.kind)
    except Damaged as error:
        _refuse("damaged", str(error))
    if modules is None:
        links = f"GET /v1/experiments/{source.experiment_id}/checkpoints lists the available ones."
        _refuse("unknown_checkpoint", f"That experiment has no checkpoint {source.kind}; {links}")
    if source.kind == "last" and row.stop_reason == "non_finite":
        message = "That experiment diverged, so its last weights are useless; use its best checkpoint."
        _refuse("incompatible", message)
    resolved = submission.resolved
    wanted = NetworkShape.of(resolved.experiment, submission.dataset.facts.features, resolved.outputs)
    found = NetworkShape.of_modules(modules)
    if found != wanted:
        raise InvalidSpec([wanted.misfit(found)])


def _refuse(code: str, message: str) -> NoReturn:
    raise InvalidSpec([SpecProblem(_FIELD, code, message)])


def _named(submission: Submission, source: Source, warnings: tuple[SpecWarning, ...]) -> Submission:
    """The submission with the checkpoint's whole id, and what is to be said of it."""
    resolved = submission.resolved
    init = Given(checkpoint=f"{source.experiment_id}/{source.kind}")
    experiment = dataclasses.replace(resolved.experiment, init=init)
    resolved = dataclasses.replace(resolved, experiment=experiment, warnings=resolved.warnings + warnings)
    return dataclasses.replace(submission, resolved=resolved)


def _warnings(submission: Submission, row: Row) -> Iterator[SpecWarning]:
    if row.dataset_version != submission.dataset.version:
        return
    split = to_document(submission.resolved.experiment.split)
    if _held_out(row.spec["split"]) != _held_out(split):
        message = (
            "The checkpoint was trained on another split of the same data, so it has seen some of this "
            "experiment's validation and test rows. Scores on them are too optimistic."
        )
        yield SpecWarning("checkpoint_of_other_split", _FIELD, message)


def _held_out(split: dict[str, Any]) -> dict[str, Any]:
    """Everything that decides which rows are held out; the data set's own splits depend on nothing."""
    if split.get("by") == "dataset":
        return {"by": "dataset"}
    if split.get("by") == "order":
        return {name: split[name] for name in ("by", "column", "validation", "test")}
    names = ("by", "validation", "test", "stratify", "keep_duplicates_together", "seed")
    # Stored splits may be older than the last name but one.
    known = {"keep_duplicates_together": False, **split}
    return {name: known[name] for name in names}
