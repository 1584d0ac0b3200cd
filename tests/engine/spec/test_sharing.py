import pytest

from engine.spec import lanes_per_stack


@pytest.mark.parametrize(
    ("parameters", "batch", "lanes"),
    [
        (500, 32, 16),
        (6_570, 32, 16),
        (23_860, 10, 16),
        (100_000, 2, 5),
        (79_510, 10, 1),
        (235_146, 128, 1),
        (1, 1, 16),
    ],
)
def test_small_steps_share_and_large_ones_do_not(parameters: int, batch: int, lanes: int) -> None:
    assert lanes_per_stack(parameters, batch) == lanes


def test_double_precision_takes_twice_the_room() -> None:
    assert lanes_per_stack(50_000, 4, "float64") == lanes_per_stack(100_000, 2, "float32") == 5
