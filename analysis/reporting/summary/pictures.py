"""Which charts carry the argument of a report? Raw against adjusted, the reports before, and how the money adds up.

Both are drawn from results alone. Where the results cannot carry one there is no chart, and nothing stands in its
place: the sentences beside it say why. How they are drawn is left to `analysis.reporting.charts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.foundation.errors import DesignError
from analysis.reporting.charts.case_lines import case_waterfall
from analysis.reporting.charts.effects import arms, naive_against_adjusted
from analysis.reporting.charts.figure import Figure
from analysis.reporting.charts.quarters import quarters
from analysis.reporting.rows import effect_rows
from analysis.reporting.summary.answer import headline

_BY_LOT = ("experiment_effect", "experiment_effect_anytime", "complier_effect")


def evidence_picture(results: Mapping[str, Any], *, locale: str | None = None) -> Figure | None:
    """The answer beside the raw figures it was made from, or the arms of the test; None where neither can be drawn.

    Parameters
    ----------
    results : mapping
        What `results.json` holds.
    locale : str, optional

    Examples
    --------
    >>> evidence_picture({"effects": []}) is None
    True
    """
    head = headline(results)
    if head is None or head["value"] is None:
        return None
    rows = [row for row in effect_rows(results) if row["design"] == head["design"]]
    try:
        if head["estimand"] in _BY_LOT:
            return arms(rows, locale=locale)
        return naive_against_adjusted(rows, outcome=str(head["outcome"]), locale=locale)
    except DesignError:
        return None


def line_picture(results: Mapping[str, Any], *, locale: str | None = None) -> Figure | None:
    """The headline of this report and of those before it; None where it follows none.

    Examples
    --------
    >>> line_picture({"effects": [], "previous": None}) is None
    True
    """
    try:
        return quarters(results, locale=locale)
    except DesignError:
        return None


def money_picture(results: Mapping[str, Any], *, locale: str | None = None) -> Figure | None:
    """How benefits and costs add up, each with its range; None where there is no case or nothing is counted in it."""
    if not (results.get("roi") or {}).get("benefits"):
        return None
    try:
        return case_waterfall(results, locale=locale)
    except DesignError:
        return None
