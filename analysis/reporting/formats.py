"""How does one locale write a number, an amount of money, a time, a date?

Babel knows; here are the few choices it leaves open (decimals, millions, the space before a percent sign) and the one
that is ours: sentences are English, so the words of a date are those of English in the locale's country, and digits
are 0 to 9 (docs/decisions/0017-locale.md). Which locale is in force is kept here. Sentences are left to
`analysis.reporting.wording`. `plain` is the door through which every text that comes from data passes before it is
shown.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.localedata import locale_identifiers
from babel.numbers import (
    format_decimal,
    get_currency_precision,
    get_currency_symbol,
    list_currencies,
)

from analysis.foundation.calendar import Month
from analysis.foundation.errors import Fault, UnknownName

GAP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
COMMON_LOCALES = ("de_DE", "en_GB", "en_US", "es_ES", "fr_FR", "it_IT", "nl_NL", "pt_BR")
COMMON_CURRENCIES = ("AUD", "CAD", "CHF", "EUR", "GBP", "JPY", "USD")
DEFAULT_LOCALE = "en_GB"
ENGLISH = "en_001"
"""English as the world writes it: what speaks for a country whose English is not known."""

_of_the_process = [DEFAULT_LOCALE]
_within: ContextVar[str | None] = ContextVar("locale", default=None)


def locale_in_force() -> str:
    """The locale that speaks where none is named: the innermost `speaking`, else what the process was told last.

    Examples
    --------
    >>> with speaking("de_DE"):
    ...     locale_in_force()
    'de_DE'
    """
    return _within.get() or _of_the_process[0]


@contextmanager
def speaking(locale: str | None) -> Iterator[str]:
    """Within this block, in this thread, what names no locale is written in this one; None leaves what is in force.

    Examples
    --------
    >>> with speaking("sv_SE"), speaking(None) as spoken:
    ...     spoken
    'sv_SE'
    """
    token = _within.set(locale or _within.get())
    try:
        yield locale_in_force()
    finally:
        _within.reset(token)


def speak(locale: str) -> None:
    """From now on, in this process, what names no locale is written in this one: said when a study is opened.

    A notebook's cells share no context and no thread, so that only the process can remember; a block under `speaking`
    stands above it.
    """
    _of_the_process[0] = locale


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
    line = re.sub(r"[^\S\xa0\u202f]+", " ", shown).strip()
    cut = len(line) > limit or len(str(text)) > 4 * limit
    return line[: limit - 1].rstrip() + ELLIPSIS if cut else line


def shown_lines(text: str) -> str:
    """A text of several lines without control and direction marks."""
    shown = "".join(char for char in text if char == "\n" or _can_be_shown(char))
    return re.sub(r"\r+\n", "\n", shown)  # last, since what is taken out may have stood between the two


def _can_be_shown(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"}


def english_of(territory: str | None) -> Locale:
    """English as a country writes it, else as the world does.

    Examples
    --------
    >>> str(english_of("CA")), str(english_of("JP")), str(english_of(None))
    ('en_CA', 'en_001', 'en_001')
    """
    try:
        return Locale.parse(f"en_{territory}" if territory else ENGLISH)
    except (UnknownLocaleError, ValueError):
        return Locale.parse(ENGLISH)


@dataclass(frozen=True)
class Formats:
    """Numbers and dates as one locale writes them, for English sentences.

    Raises
    ------
    UnknownName
        If the locale, or a currency asked for, does not exist, with the nearest that does.

    Examples
    --------
    >>> english = Formats("en_GB")
    >>> print(english.share(0.3032), "|", english.money(1234567, "EUR"), "|", english.duration(719))
    30.3\xa0% | €1.23\xa0million | 11\xa0min 59\xa0s
    >>> german = Formats("de_DE")
    >>> print(english.day("2026-08-01"), "|", german.day("2026-08-01"), "|", german.money(-12345.6, "EUR"))
    1 August 2026 | 1 August 2026 | −12.346\xa0€
    """

    locale: str = DEFAULT_LOCALE
    _babel: Locale = field(init=False, repr=False, compare=False)
    _english: Locale = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name = str(self.locale).replace("-", "_")
        try:
            found = Locale.parse(name)
        except (UnknownLocaleError, ValueError, TypeError) as error:
            raise _unknown("locale", plain(self.locale, 40), locale_identifiers(), COMMON_LOCALES) from error
        object.__setattr__(self, "_babel", found)
        object.__setattr__(self, "_english", found if found.language == "en" else english_of(found.territory))

    @property
    def babel(self) -> Locale:
        """The locale of numbers, for what has no method here."""
        return self._babel

    @property
    def language(self) -> str:
        """What a page says it is written in, as HTML wants it: English of the locale's country.

        Examples
        --------
        >>> Formats("de_DE").language, Formats("en_GB").language, Formats("fr").language
        ('en-DE', 'en-GB', 'en')
        """
        return f"en-{self._babel.territory}" if self._babel.territory else "en"

    @property
    def as_plainly_written(self) -> bool:
        """Whether this locale's points and separators are those of results: 1,234.5."""
        return self.number(1_234_567.5, 1) == "1,234,567.5"

    def number(self, value: float, digits: int | None = None) -> str:
        """A number with as many decimals as asked for; by itself, three significant digits and all before the point."""
        if digits is None:
            digits = 0 if float(value).is_integer() else _decimals(abs(value), significant=3)
        whole = self._babel.decimal_formats[None].pattern.split(";")[0].partition(".")[0]
        pattern = whole + ("." + "0" * digits if digits else "")
        value = _not_minus_zero(value, digits)
        shown = _bare(str(format_decimal(abs(value), format=pattern, locale=self._babel, numbering_system="latn")))
        return (MINUS if value < 0 else "") + shown

    def short(self, value: float, significant: int = 3) -> str:
        """A number of that many significant digits, also before the point."""
        return self.number(float(f"{value:.{significant}g}"))

    def share(self, value: float, digits: int = 1) -> str:
        """0.3032 is "30.3 %"."""
        return f"{self.number(100 * value, digits)}{GAP}%"

    def chance(self, value: float) -> str:
        """A chance as whole percent, never said to be none or certain: "95 %", "over 99 %"."""
        word = f"under{GAP}" if value < 0.005 else f"over{GAP}" if value > 0.995 else ""
        return word + self.share(min(max(value, 0.01), 0.99), 0)

    def money(self, value: float, currency: str, digits: int | None = None) -> str:
        """An amount: below a thousand with the currency's cents, if it has any; in millions from a million on.

        Examples
        --------
        >>> yen = Formats("ja_JP")
        >>> print(yen.money(482.2, "JPY"), yen.money(12345, "JPY"), Formats("de_CH").money(482.2, "CHF"))
        ¥482 ¥12,345 CHF\xa0482.20
        """
        known_currency(currency)
        size = abs(value)
        if digits is None and size >= 999_500:
            scale, word = (1e9, "billion") if size >= 999.5e6 else (1e6, "million")
            digits = _decimals(float(f"{size / scale:.3g}"), significant=3)
            text = self._currency(value / scale, currency, digits)
            return re.sub(r"(\d)(?=\D*$)", rf"\1{GAP}{word}", text)
        if digits is None:
            digits = 0 if size >= 999.995 or size == 0 else cents_of(currency)
        return self._currency(value, currency, digits)

    def about(self, value: float, currency: str, digits: int | None = None) -> str:
        """An amount to three digits, for titles and key figures: "€40,500"."""
        return self.money(float(f"{value:.3g}"), currency, digits)

    def sign(self, currency: str) -> str:
        """The sign of a currency as the locale writes it; its code where that has letters that are not Latin ones.

        Arabic letters would turn the line around, and the type faces of charts hold no Chinese ones.

        Examples
        --------
        >>> Formats("en_GB").sign("EUR"), Formats("ar_EG").sign("EGP"), Formats("sv_SE").sign("SEK")
        ('€', 'EGP', 'kr')
        """
        if not is_currency(currency):
            return currency
        sign = unicodedata.normalize("NFKC", _bare(str(get_currency_symbol(currency, self._babel))))
        foreign = any(char.isalpha() and not unicodedata.name(char, "").startswith("LATIN") for char in sign)
        return currency if foreign else sign

    def sign_stands(self, currency: str) -> tuple[bool, str]:
        """Whether the sign of a currency stands before its amount, and what stands between the two.

        Examples
        --------
        >>> Formats("en_GB").sign_stands("EUR"), Formats("de_DE").sign_stands("EUR")
        ((True, ''), (False, '\\xa0'))
        """
        shape = _bare(self._babel.currency_formats["standard"].pattern.split(";")[0])
        before = shape.startswith("¤")
        nearest = self.sign(currency)[-1 if before else 0]
        apart = nearest.isalpha() or any(char.isspace() for char in shape)
        return before, GAP if apart else ""

    def _currency(self, value: float, currency: str, digits: int) -> str:
        sign, number = self.sign(currency), self.number(abs(value), digits)
        before, gap = self.sign_stands(currency)
        minus = MINUS if _not_minus_zero(value, digits) < 0 else ""
        return minus + (f"{sign}{gap}{number}" if before else f"{number}{gap}{sign}")

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
        return str(format_skeleton("yMMM" if short else "yMMMM", Month.of(month).first_day, locale=self._english))

    def month_name(self, day: date) -> str:
        """The month of a day without its year, for an axis: "Aug"."""
        return str(format_skeleton("MMM", day, locale=self._english))

    def months(self, first: str, last: str) -> str:
        """A stretch of months, both included."""
        return self.month(first) if first == last else f"{self.month(first)} to {self.month(last)}"

    def day(self, day: date | str) -> str:
        """A day: "6 October 2026"."""
        return str(format_date(date.fromisoformat(day) if isinstance(day, str) else day, "long", self._english))

    def instant(self, instant: str) -> str:
        """ "2026-10-06T00:00:00Z" is "6 October 2026, 00:00 UTC"."""
        moment = datetime.fromisoformat(instant)
        return f"{self.day(moment.date())}, {moment:%H:%M}{GAP}UTC"


def cents_of(currency: str) -> int:
    """Decimals of a currency.

    Examples
    --------
    >>> cents_of("EUR"), cents_of("JPY")
    (2, 0)
    """
    return int(get_currency_precision(currency))


def is_currency(code: str) -> bool:
    """Whether this is the code of a currency."""
    return code in list_currencies()


def known_currency(code: str) -> str:
    """The code of a currency, if there is one.

    Raises
    ------
    UnknownName
        With the nearest that does exist.
    """
    if code not in list_currencies():
        raise _unknown("currency", plain(code, 20), list_currencies(), COMMON_CURRENCIES)
    return code


def _unknown(kind: str, name: str, known: Iterable[str], common: tuple[str, ...]) -> UnknownName:
    """The fault with the nearest name whatever letters are large, a common one first among equals."""
    asked = name.replace("-", "_").casefold()

    def nearness(one: str) -> tuple[float, bool, str]:
        return difflib.SequenceMatcher(None, one.casefold(), asked).ratio(), one in common, one

    near = max(known, key=nearness)
    if nearness(near)[0] < 0.6:
        return UnknownName.of(kind, name, common)
    return UnknownName(
        Fault(where=kind, what=f"there is no `{name}`", remedy=f"Did you mean `{near}`?", rule="unknown_name")
    )


def _decimals(size: float, significant: int) -> int:
    if size == 0 or not math.isfinite(size):
        return 0
    return min(max(0, significant - 1 - math.floor(math.log10(size))), 6)


def _not_minus_zero(value: float, digits: int) -> float:
    return 0.0 if round(value, digits) == 0 else value


def _bare(text: str) -> str:
    """A text without direction marks, which a line of English does not need."""
    return "".join(char for char in text if unicodedata.category(char) != "Cf")
