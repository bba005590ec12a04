"""How does the case in money read on a page: its amounts, its inputs, its sources and its sentences?

Everything is taken from the part `roi` of `results.json`, whether a case was just made or the file kept it: each number
on a page can be found there. Which rows and marks there are is left to the tables and charts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import GAP, is_currency, plain
from analysis.reporting.naming import in_plain_words, outcome_in_words, unit_in_words
from analysis.reporting.rows import part_of
from analysis.reporting.vocabulary import OUTCOMES, STUDIES
from analysis.reporting.wording import Words

Part = Mapping[str, Any]
Z90 = 1.6448536269514722
"""Standard errors to either side of an estimate that hold 90 % of its draws."""

_STUDY = re.compile(r"study (\w+)/\w+/(\w+)/(?:ratio|difference)")
_CODE = re.compile(r"`(\w+)`")
_BOOKS = re.compile(r"\bledgers?\b", re.IGNORECASE)


def case_of(found: Any) -> Part:
    """The part `roi` of a case, of `results.json`, or itself.

    Raises
    ------
    DesignError
        If there is no case.
    """
    itself = isinstance(found, Mapping) and "npv" in found  # it holds the return on cost under `roi`, too
    roi = found if itself else part_of(found, "roi")
    if not roi:
        raise DesignError("There is no case in money.")
    if "tei" not in roi:
        raise DesignError("This case in money was made by an older version and holds its sums only. Make it again.")
    case: Part = roi
    return case


def cases_of(quantiles: Part | None) -> tuple[float | None, float | None, float | None]:
    """The low, middle and high case."""
    given = quantiles or {}
    return given.get("p5"), given.get("p50"), given.get("p95")


def whole(say: Words, amount: float, currency: str) -> str:
    """An amount in whole units, so that a column can be added up; with cents where all is small.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> whole(words(), 1606511.4, "EUR"), whole(words(), -0.2, "EUR")
    ('€1,606,511', '€0')
    """
    return say.money(amount, currency, 0)


def near(say: Words, amount: float, currency: str) -> str:
    """An amount to three digits, without cents from a hundred on: what a chart or a sentence needs.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> near(words(), 482.21, "EUR"), near(words(), -12345.6, "EUR"), near(words(), 2.714, "EUR")
    ('€482', '−€12,300', '€2.71')
    """
    return say.about(amount, currency, 0 if 100 <= abs(amount) < 999 else None)


def in_its_unit(say: Words, value: float, unit: str, *, short: bool = False) -> str:
    """A value of an input with its unit: "€4.91 per contact", "80.0 %", "4,100 contacts per year".

    Parameters
    ----------
    short : bool
        Leaves out what stands behind a percentage or a currency, and any other unit.
    """
    first, _, rest = unit_in_words(unit).partition(" ")
    if first == "share":
        return say.share(value)
    if is_currency(first):
        return say.money(value, first) + (f" {rest}" if rest and not short else "")
    return say.number(value) if short else f"{say.number(value)} {unit_in_words(unit)}"


def ends_of(quantity: Part) -> tuple[float, float] | None:
    """From where to where an input goes: lowest to highest as stated, or 90 % of an estimate; None for one value."""
    spread = quantity["spread"]
    if spread["shape"] == "fixed":
        return None
    if spread["shape"] != "normal":
        return float(spread["low"]), float(spread["high"])
    low, high = (spread["mean"] + side * Z90 * spread["sd"] for side in (-1, 1))
    floor, roof = quantity.get("low_limit"), quantity.get("high_limit")
    floor, roof = -math.inf if floor is None else floor, math.inf if roof is None else roof
    return min(max(low, floor), roof), min(max(high, floor), roof)


def range_in_words(say: Words, low: float, high: float, unit: str) -> str:
    """A range in brackets' words: "€4.91 to €10.54", "20 % to 70 %"."""
    return f"{in_its_unit(say, low, unit, short=True)}{GAP}to{GAP}{in_its_unit(say, high, unit, short=True)}"


def source_in_words(say: Words, text: str, limit: int = 300) -> str:
    """Where a number comes from, without the marks and names of code.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> source_in_words(words(), "study before_after/channel_effect/margin/difference: 8,220 first social contacts")
    'study “before and after”, margin: 8,220 first social contacts'
    >>> source_in_words(words(), "table unit_costs: ledger of 2025")
    'table unit costs: books of 2025'
    >>> print(source_in_words(words(), "40% as stated").replace("\N{NO-BREAK SPACE}", " "))
    40 % as stated
    """

    def study(found: re.Match[str]) -> str:
        label = outcome_in_words(found[2]).label
        return f"study “{study_in_words(found[1])}”, {label[:1].lower()}{label[1:]}"

    def named(found: re.Match[str]) -> str:
        label = OUTCOMES[found[1]].label if found[1] in OUTCOMES else found[1]
        return label[:1].lower() + label[1:]

    said = _BOOKS.sub("books", _STUDY.sub(study, _CODE.sub(named, plain(text, limit))))
    return in_plain_words(say.restated(said).replace("_", " "))


def study_in_words(design: str) -> str:
    """A study by its page: `before_after` is "before and after"."""
    return STUDIES.get(design) or plain(design, 60).replace("_", " ")


def restated(say: Words, text: str, limit: int = 900) -> str:
    """A sentence of the case with its amounts and shares as the locale writes them.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> restated(words(), "A net gain of about EUR 29,700 at 10 % a year.").replace(GAP, " ")
    'A net gain of about €29,700 at 10 % a year.'
    """
    return in_plain_words(_BOOKS.sub("books", say.restated(plain(text, limit))))


def named_apart(labels: Iterable[str]) -> list[tuple[str, str]]:
    """Labels as a name and what tells it from another line of that name.

    Examples
    --------
    >>> named_apart(["Margin gained", "Margin gained, time set free", "Agents"])
    [('Margin gained', ''), ('Margin gained', 'time set free'), ('Agents', '')]
    """
    given = [plain(label, 160) for label in labels]

    def apart(label: str) -> tuple[str, str]:
        for other in sorted(given, key=len, reverse=True):
            if other != label and label.startswith((f"{other}, ", f"{other}: ")):
                return other, label[len(other) + 2 :]
        return label, ""

    return [apart(label) for label in given]


def labels_of(case: Part) -> dict[str, str]:
    """The lines of a case by id, in words."""
    return {str(row["id"]): plain(row["label"], 160) for row in case["tei"]["rows"]}


def counted_rows(case: Part, side: str) -> list[Part]:
    """The counted lines of one side, in the order of the case, as its table has them."""
    return [row for row in case["tei"]["rows"] if row["side"] == side and row["counted"]]


def ranges_of(case: Part) -> dict[str, tuple[float | None, float | None, float | None]]:
    """The low, middle and high case of each line's present value, by id."""
    benefits = {str(row["id"]): cases_of(row["present_value"]) for row in case["benefits"]}
    return benefits | {str(row["line"]): cases_of(row["present_value"]) for row in case["costs"]}


def months_in_words(say: Words, months: float | None) -> str:
    """When the money spent has come back.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> [months_in_words(words(), one) for one in (9.006, 1.0, 0.0, None)]
    ['9.0 months', '1.0 months', 'at once', 'not within the years']
    """
    if months is None:
        return "not within the years"
    return "at once" if months <= 0 else f"{say.number(months, 1)} months"


def listed(texts: Sequence[str]) -> str:
    """Names in a sentence: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


def quarter_in_words(quarter: str | None) -> str:
    """A fiscal quarter as it was stated; a dash where it was not."""
    return "–" if not quarter else plain(quarter, 40)
