"""Shares of a number of rows, rounded half up."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["rows_of_share"]


def rows_of_share(share: float, rows: int) -> int:
    """``share`` times ``rows``, rounded half up.

    The share is the decimal number that was written, not the nearest binary one: 0.145 of 100 rows is 14.5, thus 15.
    """
    return int(Fraction(repr(float(share))) * rows + Fraction(1, 2))
