"""Is a results file as the contract writes it? Checked as far as a comparison reads it.

The file may have been sent by anybody: what passes here can be compared, printed and shown without a crash. What it
says is left to its readers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from analysis.foundation.calendar import Period
from analysis.foundation.errors import InputError
from analysis.runner.results import LISTS

LARGEST_NUMBER = 1e300
_FIGURE_TEXTS = ("id", "period")
_FIGURE_MAYBE = ("basis", "unit", "state", "reason")
_EFFECT_TEXTS = ("design", "estimand", "treated", "comparison", "outcome", "scale")
_EFFECT_MAYBE = ("unit", "grade", "maturity", "index_from", "index_to", "reason")
_EFFECT_NUMBERS = ("value", "low", "high", "level", "se", "se_log", "n_treated", "n_comparison")


def malformed(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where results are not in form, and what is wrong there, as a clause.

    Examples
    --------
    >>> sound = {"study": "a", "provenance": {}, "rows": {}, "coverage": {}, **{key: [] for key in LISTS}}
    >>> list(malformed(sound)), list(malformed({**sound, "metrics": [{"id": "mentions"}]}))
    ([], [('metrics[0].period', 'is no text')])
    """
    tops = (("study", str, "text"), *((key, dict, "a section") for key in ("provenance", "rows", "coverage")))
    for key, kind, name in (*tops, *((key, list, "a list") for key in LISTS)):
        if not isinstance(results.get(key), kind):
            yield key, f"is not {name}"
            return
    for key in ("roi", "close", "previous"):
        if not isinstance(results.get(key), dict | None):
            yield key, "is neither a section nor null"
    if not isinstance(results.get("known_at"), str | None):
        yield "known_at", "is no text"
    if not _is_period(results.get("period")):
        yield "period", "is no period"
    provenance = results["provenance"]
    if not all(_holds_texts(provenance.get(key, {})) for key in ("inputs", "packages")):
        yield "provenance", "names its inputs otherwise than by hashes"
    for name, account in results["rows"].items():
        if not isinstance(account, dict) or not _is_number(account.get("kept")):
            yield f"rows.{name}", "is no count of rows"
    yield from _malformed_money(results.get("roi"))
    for key in LISTS:
        for number, row in enumerate(results[key]):
            if not isinstance(row, dict):
                yield f"{key}[{number}]", "is no row"
    yield from _malformed_rows(results, "metrics", _FIGURE_TEXTS, _FIGURE_MAYBE, ("value",))
    yield from _malformed_rows(results, "effects", _EFFECT_TEXTS, _EFFECT_MAYBE, _EFFECT_NUMBERS)


def _malformed_money(roi: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(roi, dict):
        return
    npv = roi.get("npv", {})
    if not isinstance(npv, dict) or not all(map(_is_number, npv.values())):
        yield "roi.npv", "holds no numbers"
    if not _is_number(roi.get("probability_npv_positive")):
        yield "roi.probability_npv_positive", "is no number"
    if not isinstance(roi.get("currency"), str | None):
        yield "roi.currency", "is no text"
    for key in ("benefits", "costs"):
        rows = roi.get(key, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            yield f"roi.{key}", "is no list of lines"


def _malformed_rows(
    results: Mapping[str, Any], key: str, texts: tuple[str, ...], maybe: tuple[str, ...], numbers: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(results[key]):
        if not isinstance(row, dict):
            continue  # told already
        for name in (*texts, *maybe):
            if not isinstance(row.get(name), str) and (name in texts or row.get(name) is not None):
                yield f"{key}[{number}].{name}", "is no text"
        for name in numbers:
            if not _is_number(row.get(name)):
                yield f"{key}[{number}].{name}", "is no number"
        if not _holds_texts(row.get("segment", {})):
            yield f"{key}[{number}].segment", "is no section of texts"
        if not isinstance(row.get("version", 0), int):
            yield f"{key}[{number}].version", "is no whole number"


def _holds_texts(given: Any) -> bool:
    return isinstance(given, dict) and all(isinstance(text, str) for text in given.values())


def _is_number(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


def _is_period(given: Any) -> bool:
    if given is None:
        return True
    try:
        Period(date.fromisoformat(given["start"]), date.fromisoformat(given["end"]), given["timezone"])
        for one in given["calendar"]["periods"] if "calendar" in given else ():
            if not all(isinstance(one[key], str) for key in ("period", "first_day", "last_day")):
                return False
    except (TypeError, KeyError, ValueError, InputError):
        return False
    return True
