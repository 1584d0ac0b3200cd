"""The document of a comparison: the content of ``ComparisonRead``."""

from __future__ import annotations

from typing import Any

from engine.spec.metrics import METRICS
from service.sweeps.comparisons.groups import Group
from service.sweeps.comparisons.service import Comparison
from service.sweeps.comparisons.verdict import Against
from service.sweeps.statistics.differences import paired

__all__ = ["comparison_document"]

_LEVEL = 0.95


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return one comparison."""
    asked, verdict = comparison.asked, comparison.verdict
    simplest = None
    if verdict.simplest is not None:
        simplest = {"group": verdict.simplest, "rule": verdict.simplest_rule}
    return {
        "object": "comparison",
        "metric": asked.metric,
        "score": asked.score,
        "groups": [_group(group, asked.metric, comparison.resample) for group in comparison.groups],
        "differences": [_difference(each) for each in verdict.against],
        "verdict": {
            "outcome": verdict.outcome,
            "winner": verdict.best if verdict.outcome == "winner" else None,
            "best": verdict.best,
            "indistinguishable": list(verdict.close),
            "simplest_within_one_se": simplest,
            "difference": None if verdict.closest is None else _difference(verdict.closest),
            "level": verdict.level,
            "scope": comparison.resample,
            "looks": 1,
            "attainable_difference": verdict.attainable_difference,
            "replicates_needed": verdict.replicates_needed,
            "rows_needed": verdict.rows_needed,
            "sentence": verdict.sentence,
        },
    }


def _group(group: Group, metric: str, resample: str) -> dict[str, Any]:
    sign = 1.0 if METRICS[metric].larger_is_better else -1.0
    values = [sign * score for score in group.scores.values()]
    summary = paired(values, group.overlap(resample)) if values else None
    low, high = (summary and summary.interval(_LEVEL)) or (None, None)
    return {
        "label": group.label,
        "replicates": [
            {
                "experiment": each.id,
                "seed": each.seeds[0],
                "split_seed": each.seeds[1],
                "epoch": each.epoch,
                "score": each.score,
            }
            for each in group.replicates
        ],
        "scored": len(values),
        "failed": group.failures,
        "unfinished": group.unfinished,
        "mean": None if summary is None else summary.estimate,
        "sd": None if summary is None or summary.freedom == 0 else summary.deviation,
        "low": low,
        "high": high,
        "nonzero_weights": group.candidate().nonzero_weights,
    }


def _difference(against: Against) -> dict[str, Any]:
    found = against.difference
    low, high = found.interval(_LEVEL) or (None, None)
    return {
        "first": against.first,
        "second": against.second,
        "estimate": found.estimate,
        "low": low,
        "high": high,
        "p": found.p(),
        "p_adjusted": against.p_adjusted,
        "pairs": found.pairs,
        "paired": found.is_paired,
    }
