import pytest

from engine.spec import lanes_per_stack


@pytest.mark.parametrize(
    ("parameters", "batch", "lanes"),
    [(500, 32, 8), (6_570, 32, 8), (23_860, 10, 5), (79_510, 10, 1), (235_146, 128, 1), (1, 1, 8)],
)
def test_small_steps_share_and_large_ones_do_not(parameters: int, batch: int, lanes: int) -> None:
    assert lanes_per_stack(parameters, batch) == lanes


def test_double_precision_takes_twice_the_room() -> None:
    assert lanes_per_stack(12_000, 20, "float64") == lanes_per_stack(24_000, 10, "float32") == 5
