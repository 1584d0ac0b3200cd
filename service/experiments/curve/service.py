"""Read an experiment's learning curve."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.experiments import repository as experiments
from service.experiments.curve import metrics, repository
from service.experiments.identifiers import is_identifier
from service.experiments.repository import Row
from service.experiments.service import not_found
from service.http.digests import digest

__all__ = ["curve", "curve_tag", "metric_names"]


def metric_names(session: Session, owner: str, identifier: str) -> tuple[str, ...]:
    """The metrics that an owner's experiment of this kind of task has; raises NotFound."""
    curve = _curve(session, owner, identifier)
    return metrics.metric_names(regression=metrics.is_regression(curve.task, curve.classes))


def curve_tag(session: Session, owner: str, identifier: str, form: str) -> str:
    """The tag of an experiment's curve in one of its forms, which changes with every epoch; raises NotFound."""
    found = _curve(session, owner, identifier)
    return digest(form, found.attempt, found.last_epoch, found.last_event)


def _curve(session: Session, owner: str, identifier: str) -> Row:
    found = experiments.find_curve(session, owner, identifier) if is_identifier(identifier) else None
    if found is None:
        raise not_found(identifier)
    return found


def curve(
    session: Session,
    owner: str,
    identifier: str,
    *,
    names: Sequence[str],
    from_epoch: int,
    max_points: int | None,
) -> metrics.Curve:
    """An experiment's metrics by epoch, as columns; raises NotFound and InvalidParameter.

    ``non_finite`` is among the columns only where a metric was NaN or infinite.
    """
    chosen = metrics.select_names(names, metric_names(session, owner, identifier))
    epochs = None
    if max_points is not None:
        extent = repository.extent(session, identifier, chosen, from_epoch=from_epoch)
        epochs = None if extent is None else _points(extent, max_points)
    columns = repository.read(session, identifier, chosen, from_epoch=from_epoch, epochs=epochs)
    if any(columns["non_finite"]):
        columns["non_finite"] = [named or [] for named in columns["non_finite"]]
    else:
        del columns["non_finite"]
    return columns


def _points(extent: repository.Extent, most: int) -> list[int] | None:
    """The epochs to show of a curve; None is all."""
    if extent.count <= most:
        return None
    places = metrics.spread(extent.count, (epoch - extent.first for epoch in extent.extremes), most)
    return [extent.first + place for place in places]
