"""The soak tells growth from noise."""

import random

import pytest

from tests.soak.memory import slope

MINUTES = range(20)


def test_the_slope_is_that_of_a_line() -> None:
    found = slope([(60.0 * minute, 1000.0 + minute) for minute in MINUTES])
    assert found == pytest.approx([100 * 10 / 1009.5] * 3)


@pytest.mark.parametrize(("percent", "grows"), [(0.0, False), (5.0, True)])
def test_noise_is_no_growth_and_growth_no_noise(percent: float, grows: bool) -> None:
    draw = random.Random(1)
    points = [(60.0 * minute, 1000 + percent * minute + draw.gauss(0, 5)) for minute in MINUTES]
    found = slope(points)
    assert found is not None
    assert found.is_growth is grows
    assert found.low < percent < found.high


def test_a_process_that_lived_for_short_is_not_judged() -> None:
    assert slope([(60.0 * minute, 1000.0) for minute in range(5)]) is None
