"""Present a plan to clients as ``ExperimentPlan``."""

from __future__ import annotations

import dataclasses
from typing import Any

from engine.spec import equivalents, to_document
from service.experiments.planning.service import Plan

__all__ = ["plan_document"]


def plan_document(plan: Plan) -> dict[str, Any]:
    """One plan."""
    dataset, resolved = plan.submission.dataset, plan.submission.resolved
    return {
        "object": "experiment.plan",
        "spec": {"dataset": dataset.name, **to_document(resolved.experiment)},
        "given_lambda": to_document(resolved.given_lambda),
        "dataset": {
            "name": dataset.name,
            "version": dataset.version,
            "rows": dataclasses.asdict(resolved.rows),
            "classes": dataset.classes,
        },
        "parameters": resolved.parameters,
        "estimate": dataclasses.asdict(plan.estimate),
        "equivalents": equivalents(resolved.experiment, resolved.rows.train),
        "warnings": [found.document() for found in resolved.warnings],
    }
