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
from analysis.reporting.charts.adoption_months import adoption_months
from analysis.reporting.charts.bases import both_bases
from analysis.reporting.charts.case_lines import case_waterfall
from analysis.reporting.charts.case_moves import what_moves_it, what_to_find_out
from analysis.reporting.charts.change_figures import figures_around
from analysis.reporting.charts.contact_bands import contact_bands
from analysis.reporting.charts.effects import arms, effect_by_segment, naive_against_adjusted
from analysis.reporting.charts.effort_paths import effort_paths
from analysis.reporting.charts.event_study import event_study
from analysis.reporting.charts.figure import Figure, NoAlternativeText, NothingToDraw, Story
from analysis.reporting.charts.first_answers import first_answers
from analysis.reporting.charts.hypotheses import hypotheses, specification_curve, specification_curves
from analysis.reporting.charts.incidents import incident_days
from analysis.reporting.charts.interrupted import interrupted
from analysis.reporting.charts.likeness import love_plot, overlap
from analysis.reporting.charts.maturing import maturing
from analysis.reporting.charts.mentions import mention_kinds, mention_trend
from analysis.reporting.charts.money import npv_range, yearly_money
from analysis.reporting.charts.paths import paths
from analysis.reporting.charts.placebo_dates import placebo_dates
from analysis.reporting.charts.post_ages import bridge, posts_by_age
from analysis.reporting.charts.praise import complaints_against_positives
from analysis.reporting.charts.programme import complaints_around_programme
from analysis.reporting.charts.promised import promised_against_achieved, promises_drawn
from analysis.reporting.charts.quarters import quarters
from analysis.reporting.charts.ranked import mention_kind_shares, mention_platforms, mention_products
from analysis.reporting.charts.resolved import mentions_and_resolved
from analysis.reporting.charts.responses import response_by_month
from analysis.reporting.charts.scores import score_trends
from analysis.reporting.charts.segment_forest import segment_forest, segment_forests
from analysis.reporting.charts.service_bands import service_bands
from analysis.reporting.charts.service_hours import service_hours
from analysis.reporting.charts.sizes import smallest_effect
from analysis.reporting.charts.uplift_curve import uplift_curve, uplift_curves

__all__ = [
    "Figure",
    "NoAlternativeText",
    "NotShown",
    "NothingToDraw",
    "Story",
    "adoption_months",
    "arms",
    "both_bases",
    "bridge",
    "case_waterfall",
    "complaints_against_positives",
    "complaints_around_programme",
    "contact_bands",
    "effect_by_segment",
    "effort_paths",
    "event_study",
    "first_answers",
    "hypotheses",
    "incident_days",
    "interrupted",
    "love_plot",
    "maturing",
    "mention_kind_shares",
    "mention_kinds",
    "mention_platforms",
    "mention_products",
    "mention_trend",
    "mentions_and_resolved",
    "naive_against_adjusted",
    "npv_range",
    "overlap",
    "paths",
    "placebo_dates",
    "posts_by_age",
    "promised_against_achieved",
    "promises_drawn",
    "quarters",
    "response_by_month",
    "score_trends",
    "segment_forest",
    "segment_forests",
    "service_bands",
    "service_hours",
    "shown",
    "shown_all",
    "shown_by_change",
    "smallest_effect",
    "specification_curve",
    "specification_curves",
    "uplift_curve",
    "uplift_curves",
    "what_moves_it",
    "what_to_find_out",
    "yearly_money",
]


NOT_THERE = "This was not asked of these tables, or they cannot answer it."
MOST_BY_CHANGE = 12
"""Charts shown of all changes and figures; the others stand in the table of results."""


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
    >>> print(shown(arms, None))
    Not shown. This was not asked of these tables, or they cannot answer it.
    """
    if args and args[0] is None:
        return NotShown(NOT_THERE)
    try:
        return chart(*args, **options)
    except DesignError as missing:
        return NotShown(str(missing))


def shown_all(charts: Callable[..., tuple[Figure, ...]], found: Any, **options: Any) -> tuple[Figure | NotShown, ...]:
    """Several charts of one kind, or the sentence that says what their result lacks.

    Examples
    --------
    >>> print(*shown_all(segment_forests, None))
    Not shown. This was not asked of these tables, or they cannot answer it.
    """
    if found is None:
        return (NotShown(NOT_THERE),)
    try:
        return charts(found, **options)
    except DesignError as missing:
        return (NotShown(str(missing)),)


def shown_by_change(
    chart: Callable[..., Figure], found: Any, *, most: int = MOST_BY_CHANGE, **options: Any
) -> tuple[Figure | NotShown, ...]:
    """A chart of every figure around every change that has a line, in the order of the study, clear or not.

    Parameters
    ----------
    chart : function
        `interrupted` or `placebo_dates`.
    found : ChangeLogResult
    most : int
        Those beyond it are counted in a sentence.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> print(*shown_by_change(interrupted, SimpleNamespace(series=None)))
    Not shown. No figure could be followed around a change; the table of results has the reasons.
    """
    pairs = figures_around(found)
    if not pairs:
        return (NotShown("No figure could be followed around a change; the table of results has the reasons."),)
    drawn = tuple(shown(chart, found, *pair, **options) for pair in pairs[:most])
    rest = len(pairs) - most
    if rest <= 0:
        return drawn
    more = "1 further figure stands" if rest == 1 else f"{rest} further figures stand"
    return (*drawn, NotShown(f"{more} in the table of results."))
