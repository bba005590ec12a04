"""How does a sentence of a result, written plainly in English figures, read in a locale?

Studies write 1,234.5, 8.0 %, 29.82 EUR, 2026-09 whatever the locale, so that results are the same everywhere. Pages put
such sentences through here once: months and days as words, amounts with their sign, numbers with the locale's points.
Text between quotation marks or code marks is a name and stays. A sentence that a page made itself is written in its
locale already and must not come here: its 1.234 would be read as one and a bit.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from babel.core import get_global

from analysis.reporting.formats import GAP, MINUS, Formats

_MONTH = re.compile(r"\b\d{4}-(?:0[1-9]|1[0-2])\b(?!-)")
_DAY = re.compile(r"(?<![\w-])\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\w-])")
_NAMED = re.compile(r"(`[^`]*`|“[^”]*”)")
_SIZE = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_END = r"(?![\w]|[.,]\d)"
_FIGURE = re.compile(
    rf"(?<![\w.,])(?P<minus>[-−])?(?:(?P<first>[A-Z]{{3}}) (?P<due>{_SIZE}){_END}"
    rf"|(?P<size>{_SIZE})(?:(?P<percent>[ \xa0]?%)|[ \xa0](?P<last>[A-Z]{{3}})\b|{_END}))"
)


def with_months(say: Formats, text: str) -> str:
    """A text with its months as words: "2026-09 is not over" is "September 2026 is not over"."""
    return _MONTH.sub(lambda found: say.month(found[0]), text)


def restated(say: Formats, text: str) -> str:
    """A sentence of a result as a locale writes its figures; its words are left alone.

    Examples
    --------
    >>> said = "From 2024-04 on 1,234 customers brought 29.82 EUR more, 8.0 % of `rate_1.5` (-0.5 to 16.25)."
    >>> print(restated(Formats("de_DE"), said).replace(GAP, " "))
    From April 2024 on 1.234 customers brought 29,82 € more, 8,0 % of `rate_1.5` (−0,5 to 16,25).
    >>> print(restated(Formats("en_GB"), "About EUR 29,700 by 2026-09-01, 100% sure").replace(GAP, " "))
    About €29,700 by 1 September 2026, 100 % sure
    """

    def written(found: re.Match[str]) -> str:
        return _written(say, found)

    parts = _NAMED.split(with_months(say, _DAY.sub(lambda found: _day(say, found[0]), text)))
    return "".join(part if place % 2 else _FIGURE.sub(written, part) for place, part in enumerate(parts))


def _written(say: Formats, found: re.Match[str]) -> str:
    size = found["size"] or found["due"]
    value, digits = float(size.replace(",", "")), len(size.partition(".")[2])
    minus = MINUS if found["minus"] else ""
    if found["first"]:
        if not _is_tender(found["first"]):
            return found[0].replace(size, _number(say, size))
        # What is said to three digits stays short: "€1.23 million", "€450".
        return minus + say.money(value, found["first"], digits or (0 if 100 <= value < 1000 else None))
    if found["percent"]:
        return f"{minus}{say.number(value, digits)}{GAP}%"
    if found["last"]:
        if _is_tender(found["last"]):
            return minus + say.money(value, found["last"], digits)
        return f"{minus}{_number(say, size)} {found['last']}"
    return minus + _number(say, size)


def _number(say: Formats, size: str) -> str:
    """A number with the decimals it was given; one without points or separators may be a year and stays."""
    if size.isdigit():
        return size
    return say.number(float(size.replace(",", "")), len(size.partition(".")[2]))


def _day(say: Formats, text: str) -> str:
    try:
        return say.day(date.fromisoformat(text))
    except ValueError:  # 30 February
        return text


def _is_tender(code: str) -> bool:
    """Whether somebody pays with it today: ARM was money once, and is an arm of a test in a sentence."""
    return code in _tender()


@cache
def _tender() -> frozenset[str]:
    paid = get_global("territory_currencies")
    return frozenset(code for every in paid.values() for code, _, end, legal in every if legal and not end)
