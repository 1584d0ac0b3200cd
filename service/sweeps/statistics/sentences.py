"""The one function that makes the sentence of a verdict, from numbers alone.

It never says "significant", "optimal" or "proves". It always says the unit, the number of pairs and what they vary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from service.sweeps.statistics.differences import Difference

__all__ = ["Measure", "Statement", "number", "sentence"]

_TWO = 2
_MOST_DIGITS = 12
_VARIED = {"both": "split", "splits": "split", "kfold": "fold", "seeds": "seed"}
_PAIRED = {
    "both": "paired splits",
    "splits": "paired splits",
    "kfold": "paired folds",
    "seeds": "paired seeds",
}


@dataclass(frozen=True, slots=True)
class Measure:
    """How a metric is spoken of: ``factor`` times a difference is that many ``unit``."""

    unit: str
    """Such as "points of validation accuracy", or "in validation loss"."""

    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything that a sentence depends on."""

    first: str
    """Label of the best setting."""

    second: str
    """Label of the setting it is compared with."""

    settings: int
    close: int
    """Settings that cannot be told from the best, itself included."""

    difference: Difference | None
    """Of ``first`` over ``second``; None where they share no replicate."""

    level: float
    measure: Measure
    resample: str
    """What changes from replicate to replicate: ``both``, ``splits``, ``kfold`` or ``seeds``."""

    validation_rows: int
    rows: int
    """Training and validation rows together."""

    looks: int = 1
    replicates_needed: int | None = None
    rows_needed: int | None = None


def sentence(told: Statement) -> str:
    """Say what the numbers show."""
    text = _finding(told)
    if text.startswith("no penalty"):  # names of fields and labels of users stay as they are
        text = f"N{text[1:]}"
    if told.resample == "seeds" and told.difference is not None and told.difference.freedom > 0:
        text = f"On these {told.validation_rows:,} validation rows, over new seeds only: {text}"
    return text


def _finding(told: Statement) -> str:
    found = told.difference
    if found is None:
        return f"Can't tell {told.first} from {told.second}: no replicate of both has ended."
    if found.freedom == 0:
        shown = (
            f"one pair of replicates shows a difference of {_amount(told, found.estimate)}, and no interval"
        )
        if not found.is_paired:
            shown = (
                f"their means differ by {_amount(told, found.estimate)}, but one replicate of a setting gives no "
                "interval"
            )
        return f"Can't tell {told.first} from {told.second}: {shown}. Train at least 2 replicates of each."
    if found.standard_error == 0:
        return _constant(told, found)
    low, high = found.interval(told.level) or (math.nan, math.nan)
    if told.close == 1 and low > 0:
        return _winner(told, found, low, high)
    if low > 0:
        return _barred(told, found, low, high)
    return _no_winner(told, found, low, high)


def _constant(told: Statement, found: Difference) -> str:
    if not found.is_paired:
        amount = _amount(told, found.estimate)
        shown = f"is better than {told.second} by {amount}" if found.estimate else f"equals {told.second}"
        return f"{told.first} {shown} in every replicate; without variation there is no interval."
    if found.estimate == 0:
        return f"{told.first} and {told.second} are equal in {_all_pairs(told, found)}."
    return (
        f"{told.first} is better than {told.second} by exactly {_amount(told, found.estimate)} in "
        f"{_all_pairs(told, found)}; without variation there is no interval."
    )


def _winner(told: Statement, found: Difference, low: float, high: float) -> str:
    digits = _digits(told, low, high)
    whom = (
        told.second
        if told.settings == _TWO
        else f"each of {told.settings - 1} others; the closest, {told.second},"
    )
    interval = (
        f"{_percent(told.level)} % interval {_value(told, low, digits)} to {_value(told, high, digits)}"
    )
    looks = "1 look" if told.looks == 1 else f"{told.looks} looks"
    return (
        f"{told.first} beats {whom} by {_value(told, found.estimate, digits)} {told.measure.unit} "
        f"({interval}, {_pairs(told, found)}, {looks})."
    )


def _barred(told: Statement, found: Difference, low: float, high: float) -> str:
    """Speak of a best setting that is told from the second, and stays no winner since replicates of it failed."""
    digits = _digits(told, low, high)
    return (
        f"{told.first} scores better than {told.second} by {_value(told, found.estimate, digits)} "
        f"{told.measure.unit} ({_value(told, low, digits)} to {_value(told, high, digits)}, {_pairs(told, found)}), "
        "but cannot win, since some of its replicates ended without a score."
    )


def _no_winner(told: Statement, found: Difference, low: float, high: float) -> str:
    digits = _digits(told, low, high)
    others = told.close - 2
    whom = told.second + ("" if others < 1 else f" and {others} other{'s' if others > 1 else ''}")
    text = (
        f"Can't tell {told.first} from {whom} with {_pairs(told, found)}: the difference "
        f"{'' if others < 1 else f'from {told.second} '}is {_value(told, found.estimate, digits)} {told.measure.unit} "
        f"({_value(told, low, digits)} to {_value(told, high, digits)})."
    )
    if told.replicates_needed is not None:
        kind = "pairs" if found.is_paired else "replicates of each"
        return f"{text} About {told.replicates_needed:,} {kind} would tell a difference of this size."
    if told.resample == "seeds" or found.estimate == 0:
        return text
    end = f"about {told.rows_needed:,} rows would" if told.rows_needed else "nor would 100 times as many rows"
    return f"{text} No number of replicates on these {told.rows:,} rows would; {end}."


def _pairs(told: Statement, found: Difference) -> str:
    if found.is_paired:
        kind = _PAIRED[told.resample]
        return f"{found.pairs} {kind.removesuffix('s') if found.pairs == 1 else kind}"
    return f"at least {found.pairs} unpaired {_VARIED[told.resample]}s each"


def _all_pairs(told: Statement, found: Difference) -> str:
    pairs = _pairs(told, found)
    return pairs.replace("2", "both", 1) if found.pairs == _TWO else f"all {pairs}"


def _amount(told: Statement, value: float) -> str:
    return f"{number(value * told.measure.factor)} {told.measure.unit}"


def _value(told: Statement, value: float, digits: int) -> str:
    # A rounded −0.0 would say that zero has a sign.
    if not -_MOST_DIGITS <= digits <= _MOST_DIGITS:
        return number(value * told.measure.factor)
    rounded = round(value * told.measure.factor, digits) + 0.0
    return f"{rounded:,.{max(digits, 0)}f}".replace("-", "−")


def _digits(told: Statement, low: float, high: float) -> int:
    """Decimals that show two digits of the interval's half width."""
    half = (high - low) / 2 * told.measure.factor
    return 1 - math.floor(math.log10(half))


def number(value: float) -> str:
    """Show two significant digits, with a minus sign that is one."""
    return f"{value:.2g}".replace("-", "−")


def _percent(level: float) -> str:
    """Show a level in percent, rounded up to a tenth, so that no interval claims less than it needs."""
    return f"{math.ceil(level * 1000 - 1e-9) / 10:g}"
