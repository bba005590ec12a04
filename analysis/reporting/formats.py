"""How does one locale write a number, an amount of money, a time, a date?

Babel knows; here are the few choices it leaves open (decimals, millions, the space before a percent sign). Sentences
are left to `analysis.reporting.wording`. `plain` is the door through which every text that comes from data passes
before it is shown.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.localedata import locale_identifiers
from babel.numbers import format_currency, format_decimal, list_currencies

from analysis.foundation.calendar import Month
from analysis.foundation.errors import UnknownName

GAP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
COMMON_LOCALES = ("de_DE", "en_GB", "en_US", "es_ES", "fr_FR", "it_IT", "nl_NL", "pt_BR")
COMMON_CURRENCIES = ("AUD", "CAD", "CHF", "EUR", "GBP", "JPY", "USD")


def plain(text: object, limit: int = 300) -> str:
    """A text from data as one line that can be shown: no control or direction marks, at most `limit` letters.

    Examples
    --------
    >>> plain("a\\u202eb\\n  c")
    'ab c'
    >>> plain("x" * 10, limit=5)
    'xxxx…'
    """
    shown = "".join(char for char in str(text)[: 4 * limit] if _can_be_shown(char))
    line = re.sub(r"[^\S\xa0]+", " ", shown).strip()
    cut = len(line) > limit or len(str(text)) > 4 * limit
    return line[: limit - 1].rstrip() + ELLIPSIS if cut else line


def shown_lines(text: str) -> str:
    """A text of several lines without control and direction marks."""
    return "".join(char for char in text.replace("\r\n", "\n") if char == "\n" or _can_be_shown(char))


def _can_be_shown(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"}


@dataclass(frozen=True)
class Formats:
    """Numbers and dates as one locale writes them.

    Raises
    ------
    UnknownName
        If the locale, or a currency asked for, does not exist, with the nearest that does.

    Examples
    --------
    >>> english = Formats("en_GB")
    >>> print(english.share(0.3032), "|", english.money(1234567, "EUR"), "|", english.duration(719))
    30.3\xa0% | €1.23\xa0million | 11\xa0min 59\xa0s
    >>> print(english.month("2026-08"), "|", Formats("de_DE").money(-12345.6, "EUR"))
    August 2026 | −12.346\xa0€
    """

    locale: str = "en_GB"
    _babel: Locale = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name = str(self.locale).replace("-", "_")
        try:
            found = Locale.parse(name)
        except (UnknownLocaleError, ValueError, TypeError) as error:
            raise _unknown("locale", plain(self.locale, 40), locale_identifiers(), COMMON_LOCALES) from error
        object.__setattr__(self, "_babel", found)

    @property
    def babel(self) -> Locale:
        """The locale itself, for what has no method here."""
        return self._babel

    def number(self, value: float, digits: int | None = None) -> str:
        """A number with as many decimals as asked for; by itself, three significant digits and all before the point."""
        if digits is None:
            digits = 0 if float(value).is_integer() else _decimals(abs(value), significant=3)
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return _signed(str(format_decimal(_not_minus_zero(value, digits), format=pattern, locale=self._babel)))

    def share(self, value: float, digits: int = 1) -> str:
        """0.3032 is "30.3 %"."""
        return f"{self.number(100 * value, digits)}{GAP}%"

    def chance(self, value: float) -> str:
        """A chance as whole percent, never said to be none or certain: "95 %", "over 99 %"."""
        word = f"under{GAP}" if value < 0.005 else f"over{GAP}" if value > 0.995 else ""
        return word + self.share(min(max(value, 0.01), 0.99), 0)

    def money(self, value: float, currency: str, digits: int | None = None) -> str:
        """An amount: with cents below a thousand, in millions from a million on."""
        if currency not in list_currencies():
            raise _unknown("currency", plain(currency, 20), list_currencies(), COMMON_CURRENCIES)
        size = abs(value)
        if digits is None and size >= 999_500:
            scale, word = (1e9, "billion") if size >= 999.5e6 else (1e6, "million")
            digits = _decimals(float(f"{size / scale:.3g}"), significant=3)
            text = self._currency(value / scale, currency, digits)
            return re.sub(r"(\d)(?=\D*$)", rf"\1{GAP}{word}", text)
        if digits is None:
            digits = 0 if size >= 999.995 or size == 0 else 2
        return self._currency(value, currency, digits)

    def about(self, value: float, currency: str) -> str:
        """An amount to three digits, for titles and key figures: "€40,500"."""
        return self.money(float(f"{value:.3g}"), currency)

    def _currency(self, value: float, currency: str, digits: int) -> str:
        shape = self._babel.currency_formats["standard"].pattern.split(";")[0]
        shape = re.sub(r"\.0+|\.#+", "." + "0" * digits if digits else "", shape)
        value = _not_minus_zero(value, digits)
        shown = format_currency(abs(value), currency, shape, locale=self._babel, currency_digits=False)
        return (MINUS if value < 0 else "") + str(shown).replace(" ", GAP)

    def duration(self, seconds: float) -> str:
        """A time in its two largest units: "11 min 59 s", "3 h 05 min", "2 days 4 h"."""
        whole = round(seconds)
        if whole < 60:
            return f"{self.number(seconds, 0 if float(seconds).is_integer() else 1)}{GAP}s"
        if whole < 3600:
            return f"{whole // 60}{GAP}min {whole % 60:02d}{GAP}s"
        if whole < 48 * 3600:
            return f"{whole // 3600}{GAP}h {whole % 3600 // 60:02d}{GAP}min"
        hours = round(whole / 3600)
        return f"{self.number(hours // 24)}{GAP}days {hours % 24}{GAP}h"

    def amount(self, value: float, unit: str, digits: int | None = None) -> str:
        """A number with its unit: shares as percent, seconds as a time, a currency code as money."""
        first, _, rest = unit.partition(" ")
        if unit == "share":
            return self.share(value, 1 if digits is None else digits)
        if unit == "seconds":
            return self.duration(value)
        if unit in ("ratio", "money", ""):
            return self.number(value, 2 if digits is None else digits)
        if first in list_currencies():
            return self.money(value, first, digits) + (f" {plain(rest, 60)}" if rest else "")
        return f"{self.number(value, digits)} {plain(unit, 60)}"

    def month(self, month: str, *, short: bool = False) -> str:
        """ "2026-08" is "August 2026", or "Aug 2026"; whatever is no month stays as it is."""
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            return plain(month, 40)
        return str(format_skeleton("yMMM" if short else "yMMMM", Month.of(month).first_day, locale=self._babel))

    def months(self, first: str, last: str) -> str:
        """A stretch of months, both included."""
        return self.month(first) if first == last else f"{self.month(first)} to {self.month(last)}"

    def day(self, day: date | str) -> str:
        """A day: "6 October 2026"."""
        return str(format_date(date.fromisoformat(day) if isinstance(day, str) else day, "long", self._babel))

    def instant(self, instant: str) -> str:
        """ "2026-10-06T00:00:00Z" is "6 October 2026, 00:00 UTC"."""
        moment = datetime.fromisoformat(instant)
        return f"{self.day(moment.date())}, {moment:%H:%M}{GAP}UTC"


def is_currency(code: str) -> bool:
    """Whether this is the code of a currency."""
    return code in list_currencies()


def _unknown(kind: str, name: str, known: Iterable[str], common: tuple[str, ...]) -> UnknownName:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return UnknownName.of(kind, name, near or common)


def _decimals(size: float, significant: int) -> int:
    if size == 0 or not math.isfinite(size):
        return 0
    return min(max(0, significant - 1 - math.floor(math.log10(size))), 6)


def _not_minus_zero(value: float, digits: int) -> float:
    return 0.0 if round(value, digits) == 0 else value


def _signed(text: str) -> str:
    return text.replace("-", MINUS, 1) if text.startswith("-") else text
