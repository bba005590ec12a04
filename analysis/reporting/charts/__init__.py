"""One function a chart: a result goes in, a `Figure` with its finding, its data and its alternative text comes out.

A chart that its result cannot carry raises `NothingToDraw`, which says what is missing; `shown` shows that
sentence in the chart's place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from analysis.foundation.errors import DesignError
from analysis.reporting.charts.bases import both_bases
from analysis.reporting.charts.effects import arms, effect_by_segment, naive_against_adjusted
from analysis.reporting.charts.event_study import event_study
from analysis.reporting.charts.figure import Figure, NoAlternativeText, NothingToDraw, Story
from analysis.reporting.charts.incidents import incident_days
from analysis.reporting.charts.maturing import maturing
from analysis.reporting.charts.mentions import mention_kinds, mention_platforms, mention_trend
from analysis.reporting.charts.money import npv_range, yearly_money
from analysis.reporting.charts.paths import paths
from analysis.reporting.charts.programme import complaints_around_programme
from analysis.reporting.charts.responses import response_by_month
from analysis.reporting.charts.scores import score_trends

__all__ = [
    "Figure",
    "NoAlternativeText",
    "NotShown",
    "NothingToDraw",
    "Story",
    "arms",
    "both_bases",
    "complaints_around_programme",
    "effect_by_segment",
    "event_study",
    "incident_days",
    "maturing",
    "mention_kinds",
    "mention_platforms",
    "mention_trend",
    "naive_against_adjusted",
    "npv_range",
    "paths",
    "response_by_month",
    "score_trends",
    "shown",
    "yearly_money",
]


@dataclass(frozen=True, slots=True)
class NotShown:
    """A chart that could not be drawn, and why."""

    reason: str

    def _repr_html_(self) -> str:
        return f'<p class="ts-note">Not shown. {escape(self.reason, quote=False)}</p>'

    def __str__(self) -> str:
        return f"Not shown. {self.reason}"


def shown(chart: Callable[..., Figure], *args: Any, **options: Any) -> Figure | NotShown:
    """The chart, or the sentence that says what its result lacks.

    Examples
    --------
    >>> print(shown(mention_trend, []))
    Not shown. The chart of mentions by month needs the metric `mentions`; this result does not hold it by month.
    """
    try:
        return chart(*args, **options)
    except DesignError as missing:
        return NotShown(str(missing))
