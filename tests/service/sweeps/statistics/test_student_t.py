"""Student's t against the figures of SciPy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.sweeps.statistics.student_t import quantile, upper_tail

PEER = json.loads(Path(__file__).with_name("peer_figures.json").read_text())


def test_tails_are_those_of_scipy() -> None:
    for t, freedom, tail in PEER["tails"]:
        assert upper_tail(t, freedom) == pytest.approx(tail, rel=1e-10), (t, freedom)
        assert upper_tail(-t, freedom) == pytest.approx(1 - tail, rel=1e-10), (t, freedom)


def test_quantiles_are_those_of_scipy() -> None:
    for tail, freedom, t in PEER["quantiles"]:
        assert quantile(tail, freedom) == pytest.approx(t, rel=1e-10), (tail, freedom)


def test_one_degree_of_freedom_is_cauchys_distribution() -> None:
    assert upper_tail(1.0, 1) == pytest.approx(0.25, rel=1e-14)
    assert upper_tail(0.0, 1) == 0.5
    assert upper_tail(float("inf"), 3) == 0
    assert quantile(0.5, 3) == 0


def test_a_tail_that_has_no_quantile_is_refused() -> None:
    for tail in (0.0, 0.6):
        with pytest.raises(ValueError, match="tail must be"):
            quantile(tail, 3)
