"""Numbers as people and spreadsheets write them: units, currencies, thousands separators, decimal commas.

``take_apart`` splits a text into its digits and its unit. ``NumberForm.value`` reads it once a column's form is known.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from service.datasets.reading.forms import is_number

__all__ = [
    "FORMS",
    "Amount",
    "FormReader",
    "NumberForm",
    "is_known_unit",
    "is_same_unit",
    "shape_of",
    "take_apart",
]

_LONGEST = 60
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2007\u2009\u2002\u2003\u3000\t"), " ")
_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u2018\u00b4`\u02bc"), "'")
_MINUS = dict.fromkeys(map(ord, "\u2212\u2013\u2010\u2011\ufe63\uff0d"), "-")
_WIDE = dict(zip(map(ord, "\uff05\uff04\uffe5\uffe1\uff0c\uff0e"), "%$¥£,.", strict=True))
_PLAIN_SIGNS = _WIDE | _SPACES | _APOSTROPHES | _MINUS | {0xFF0B: "+"}

_SIGNS_OF_MONEY = "$€£¥₹₽₩₺₪₫₴₦₱฿₡₲₵₸₼₾¢"
_CODES = (
    "AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KES|KRW|MXN|MYR|NGN|NOK|"
    "NZD|PEN|PHP|PKR|PLN|RMB|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
_BEFORE = rf"(?:[A-Z]{{1,3}})?[{_SIGNS_OF_MONEY}]|{_CODES}|(?i:eur|usd|gbp|chf)|Rs\.?|SFr\.?|Fr\.?|[kK]r\.?|RM|Rp\.?"
# A unit is at most a few words, without digits: km/h, m², % p.a.
_AFTER = rf"(?:[%‰‱°{_SIGNS_OF_MONEY}µμ]|[^\W\d_])(?:[^\W\d_]|[%‰°²³/·.\- {_SIGNS_OF_MONEY}]){{0,24}}"
_DIGITS = r"(?:\d[\d.,' ]*\d|\d|[.,]\d+)"
_AMOUNT = re.compile(
    rf"(?P<open>\()? ?(?P<sign>[-+])? ?(?P<before>{_BEFORE})? ?(?P<inner>[-+])? ?"
    rf"(?P<core>{_DIGITS}[.,]?(?:[eE][-+]?\d+)?)(?P<whole>(?<=[.,])-{{1,2}}|(?<=[.,])—)?"
    rf"(?P<gap> ?)(?P<after>{_AFTER})?(?P<last>-)? ?(?P<close>\))?",
)
_GROUPED = {
    "": r"\d+",
    ",": r"(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})*,\d{3}|\d+)",
    ".": r"(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)",
    "'": r"(?:[1-9]\d{0,2}(?:'\d{3})+|\d+)",
    " ": r"(?:[1-9]\d{0,2}(?: \d{3})+|\d+)",
}
# Units that stand right behind a number; other letters there (4WD, 3rd, 12a) are as likely parts of a name.
_UNITS = frozenset(
    re.findall(
        r"\S+",
        "kg g mg µg μg t lb lbs oz km m cm mm µm μm nm mi ft in yd l L ml mL cl dl hl gal h hr hrs min s sec ms µs ns "
        "d w wk mo y yr yrs k K M Mio Mrd mn bn B GB MB KB kB TB GiB MiB KiB W kW MW GW kWh MWh Wh V mV A mA mAh Hz "
        "kHz MHz GHz Pa hPa kPa MPa bar mbar psi N J kJ MJ kcal cal hp PS cc ccm ha px pt pp bps ppm ppb mol mmol bpm "
        "円 元 원 zł Kč rpm dB F C x kmh mph kph sqm sqft sqkm mln tsd Tsd TEUR",
    )
)
_LONG_WORD = 4
_SIGN_OUTSIDE = re.compile(rf"^([{_SIGNS_OF_MONEY}]) ?\(")
_NOTHING = "0.,' "
_ALIKE = str.maketrans("12345678", "99999999")
_CORE = re.compile(rf"{_DIGITS}[.,]?(?:[eE][-+]?\d+)?")
_MOST_SHAPES = 10_000

FORMS = ((".", ""), (",", ""), (".", ","), (",", "."), (".", "'"), (",", "'"), (".", " "), (",", " "))
"""Decimal and thousands separators, the simpler ones first."""

_FITTING = {
    (decimal, thousands): re.compile(
        rf"(?:{_GROUPED[thousands]}(?:\{decimal}\d*)?|\{decimal}\d+)(?:[eE][-+]?\d+)?|inf|infinity",
        re.IGNORECASE,
    )
    for decimal, thousands in FORMS
}


@dataclass(frozen=True, slots=True)
class NumberForm:
    """The number format of a column: ``thousands`` and ``unit`` are empty if there are none."""

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    def value(self, text: str, *, unit_may_lack: bool = False) -> float | None:
        """The number that a text is in this form; None if it is not one."""
        amount = take_apart(text)
        if amount is None or not _FITTING[self.decimal, self.thousands].fullmatch(amount.digits):
            return None
        lacks = unit_may_lack and not amount.unit
        # Zero is the same in every multiple of a unit: €0 among €2M.
        lacks |= amount.is_nothing and (not amount.unit or amount.unit in self.unit.split())
        if not (lacks or is_same_unit(amount.unit, self.unit)):
            return None
        digits = amount.digits.replace(self.thousands, "") if self.thousands else amount.digits
        number = float(digits.replace(",", ".") if self.decimal == "," else digits)
        return -number if amount.is_negative else number


class FormReader:
    """Reads many texts in one form: what was found out about one holds for all that differ in their digits alone."""

    def __init__(self, form: NumberForm, *, unit_may_lack: bool = False) -> None:
        self._form = form
        self._unit_may_lack = unit_may_lack
        self._known: dict[str, tuple[int, int, float] | None] = {}

    def value(self, text: str) -> float | None:
        """The number that a text is in this form; None if it is not one."""
        shape = shape_of(text)
        if shape not in self._known:
            if len(self._known) >= _MOST_SHAPES:
                return self._form.value(text, unit_may_lack=self._unit_may_lack)
            self._known[shape] = self._place(shape)
        place = self._known[shape]
        if place is None:
            return self._form.value(text, unit_may_lack=self._unit_may_lack)
        start, end, sign = place
        return sign * self._number(text[start:end])

    def _place(self, shape: str) -> tuple[int, int, float] | None:
        """Position of the digits in strings of a shape, and the sign before them; None if it needs a closer look."""
        number = self._form.value(shape, unit_may_lack=self._unit_may_lack)
        found = _CORE.search(shape.translate(_PLAIN_SIGNS))
        if not number or found is None:
            return None
        try:
            fits = self._number(shape[found.start() : found.end()]) == abs(number)
        except ValueError:
            return None
        return (found.start(), found.end(), 1.0 if number > 0 else -1.0) if fits else None

    def _number(self, digits: str) -> float:
        if self._form.thousands:
            digits = digits.translate(_PLAIN_SIGNS).replace(self._form.thousands, "")
        return float(digits.replace(",", ".") if self._form.decimal == "," else digits)


def shape_of(text: str) -> str:
    """The text with all digits alike but for zeros: what is no number for one is none for any of a shape."""
    return text.translate(_ALIKE)


@dataclass(frozen=True, slots=True)
class Amount:
    """A text taken apart: ``digits`` with their separators, the unit, and what stands around them.

    ``is_doubtful`` says that the unit may be part of a name, as in 4WD.
    """

    digits: str
    unit: str = ""
    is_negative: bool = False
    in_parentheses: bool = False
    is_doubtful: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether the number is 0, which is the same in every unit."""
        return not self.digits.strip(_NOTHING)

    @property
    def forms(self) -> frozenset[tuple[str, str]]:
        """The ``FORMS`` that match the digits."""
        return frozenset(form for form, pattern in _FITTING.items() if pattern.fullmatch(self.digits))


@functools.lru_cache(maxsize=1 << 16)
def take_apart(text: str) -> Amount | None:
    """The parts of a number with or without a unit, None for any other text."""
    plain = " ".join(text.translate(_PLAIN_SIGNS).split())
    found = _AMOUNT.fullmatch(_SIGN_OUTSIDE.sub(r"(\1", plain)) if len(plain) <= _LONGEST else None
    if found is None:
        # Infinity, and numbers of many digits.
        return Amount(plain.lstrip("+-"), is_negative=plain[0] == "-") if is_number(plain, ".") else None
    signs = [sign for sign in (found["sign"], found["inner"], found["last"]) if sign]
    before, after = found["before"] or "", (found["after"] or "").strip()
    if bool(found["open"]) != bool(found["close"]) or len(signs) + bool(found["open"]) > 1:
        return None
    if found["last"] and after:
        return None
    return Amount(
        digits=found["core"],
        unit=f"{before} {after}".strip(),
        is_negative=bool(found["open"]) or "-" in signs,
        in_parentheses=bool(found["open"]),
        is_doubtful=not (found["gap"] or is_known_unit(after)),
    )


def is_known_unit(unit: str) -> bool:
    """Whether the text is a unit or a currency rather than words that follow a number."""
    return (
        unit in _UNITS
        or not unit[:1].isalpha()
        or any(map(unit.__contains__, "/²³%"))
        or re.fullmatch(_BEFORE, unit) is not None
    )


def is_same_unit(one: str, other: str) -> bool:
    """Whether two units are one, as "year" and "years" are."""
    return one == other or (min(len(one), len(other)) >= _LONG_WORD and one.rstrip("s") == other.rstrip("s"))
