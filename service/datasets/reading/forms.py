"""Forms of strings: numbers, dates, and numbers with signs around them."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["are_dates", "are_durations", "is_number", "number_advice", "numeric_words"]

_MONTH = (
    r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|januar|jänner|februar|märz|mrz|mai|juni|juli|okt(?:ober)?|dez(?:ember)?|janvier"
    r"|févr(?:ier)?|fév|mars|avr(?:il)?|juin|juil(?:let)?|août|septembre|octobre|novembre|déc(?:embre)?)"
)
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)[a-z]*[.,]? +)?"
_DATE = re.compile(
    rf"{_WEEKDAY}(?:"
    r"\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2}(?:[T ].*)?)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: .*)?"
    r"|\d{1,2}[-/.]\d{4}|\d{4}-?W\d{1,2}(?:-\d)?|\d{8}T\d{4,6}.*"
    r"|\d{1,2}:\d{2}(?::\d{2}.*)?(?: ?(?i:[ap]\.?m\.?|uhr))?"
    rf"|\d{{1,2}}[-. ]+{_MONTH}[-., ]+\d{{2,4}}(?: .*)?"
    rf"|{_MONTH}[-. ]+\d{{1,2}}[-, ]+\d{{2,4}}(?: .*)?"
    rf"|{_MONTH}[-., ]*\d{{2,4}}"
    ")"
)
_DURATION = re.compile(
    r"-?\d+ days?,? [+-]?\d{1,2}:\d{2}.*|-?P(?=.)(?:\d+[YMWD])*(?:T(?:\d+(?:\.\d+)?[HMS])+)?"
    r"|(?:\d+ ?(?i:d|days?|h|hrs?|hours?|std\.?|m|min|minutes?|s|sec|seconds?)\.?,? ?){2,}"
)
_RANGE = re.compile(r"\d[\d.,]* ?(?:-|–|—|\.\.+|to|bis|à) ?\d[\d.,]*")
_FRACTION = re.compile(r"\d+ ?/ ?\d+")
# With decimals alone: Grade 1 and No. 12 are names as often as numbers.
_LED = re.compile(r"([^\W\d_][^\d]{0,8}?) ?\d*[.,]\d+")
_NUMERIC = re.compile(r"\W{0,3}\d")
# A number, perhaps with groups of three digits, a sign on either side or parentheses, and a unit that is no letter.
_GROUPS = r"\d{1,3}(?:[.,'\u2019 \u00a0\u202f]\d{3})+(?:[.,]\d+)?"
_PLAIN = r"\d+(?:[.,]\d+)?|[.,]\d+"
_MARKED = re.compile(rf"[-+(]?[$€£¥]?[-+]?(?:{_GROUPS}|{_PLAIN})(?:[%$€£¥]|EUR|USD|GBP|CHF)?[-)]?")
_BLANK = re.compile(r"(?<!\d)\s|\s(?!\d)")
_LONGEST = 40
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")
_THOUSANDS = re.compile(r"[-+]?\d{1,3},\d{3}")
_MOST = 0.9
_LOOKED_AT = 1_000


def are_dates(texts: Sequence[str]) -> bool:
    """Whether these are dates or times, but for a few."""
    return _mostly(_DATE, texts)


def are_durations(texts: Sequence[str]) -> bool:
    """Whether these are lengths of time, but for a few."""
    return _mostly(_DURATION, texts)


def numeric_words(texts: Sequence[str]) -> str | None:
    """Description of strings that begin with numbers; None for others."""
    if _mostly(_RANGE, texts):
        return "ranges of numbers"
    if _mostly(_FRACTION, texts):
        return "fractions"
    if len({found[1] for found in map(_LED.fullmatch, texts[:_LOOKED_AT]) if found}) == 1 and _mostly(
        _LED, texts
    ):
        return "numbers after a word"
    begins = sum(1 for text in texts[:_LOOKED_AT] if _NUMERIC.match(text))
    return "strings that begin with numbers" if begins >= _MOST * len(texts[:_LOOKED_AT]) > 0 else None


def number_advice(texts: Sequence[str]) -> str | None:
    """Advice on how to read numbers written like these; None for other strings."""
    if _mostly(_DECIMAL_COMMA, texts) and not _mostly(_THOUSANDS, texts):
        return 'If numbers have a decimal comma, set "decimal": ",".'
    if _mostly(_MARKED, [_BLANK.sub("", text) for text in texts[:_LOOKED_AT] if len(text) <= _LONGEST]):
        return "Write these numbers in one format: one decimal separator, one unit or none, and nothing else."
    return None


def _mostly(form: re.Pattern[str], texts: Sequence[str]) -> bool:
    some = texts[:_LOOKED_AT]
    return sum(1 for text in some if form.fullmatch(text)) >= _MOST * len(some) > 0


def is_number(text: str, decimal: str) -> bool:
    """Whether the text is a number as people write them: no underscores, and infinity is one."""
    try:
        float(text.replace(",", ".") if decimal == "," else text)
    except ValueError:
        return False
    return "_" not in text
