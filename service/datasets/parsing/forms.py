"""What texts look like that should have been numbers: dates, and numbers with signs around them."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["are_dates", "number_advice"]

_MONTH = r"[A-Za-z]{3,9}"
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: .*)?"
    r"|\d{1,2}:\d{2}(?::\d{2}.*)?"
    rf"|\d{{1,2}}[-. ]+{_MONTH}[-., ]+\d{{2,4}}"
    rf"|{_MONTH}[-. ]+\d{{1,2}}[-, ]+\d{{2,4}}"
)
# A number, perhaps with groups of three digits, a sign on either side or parentheses, and a unit that is no letter.
_GROUPS = r"\d{1,3}(?:[.,'\u2019\s]\d{3})+(?:[.,]\d+)?"
_PLAIN = r"\d*[.,]?\d+"
_MARKED = re.compile(
    rf"[-+(]?\s*[$€£¥]?\s*[-+]?(?:{_GROUPS}|{_PLAIN})\s*(?:[%$€£¥]|EUR|USD|GBP|CHF)?\s*[-)]?"
)
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")
_THOUSANDS = re.compile(r"[-+]?\d{1,3},\d{3}")
_MOST = 0.9
_LOOKED_AT = 1_000


def are_dates(texts: Sequence[str]) -> bool:
    """Whether these are dates or times, but for a few."""
    return _mostly(_DATE, texts)


def number_advice(texts: Sequence[str]) -> str | None:
    """How numbers that are written like these can be read; None for texts that are none."""
    if _mostly(_DECIMAL_COMMA, texts) and not _mostly(_THOUSANDS, texts):
        return 'Where numbers have a decimal comma, "decimal" is ",".'
    if _mostly(_MARKED, texts):
        return "Write numbers without separators of thousands, currency and percent signs."
    return None


def _mostly(form: re.Pattern[str], texts: Sequence[str]) -> bool:
    some = texts[:_LOOKED_AT]
    return sum(1 for text in some if form.fullmatch(text)) >= _MOST * len(some) > 0
