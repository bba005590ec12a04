"""Which figures are looked at around a change, and which of them by themselves?

Those named, else all of no segment, a dozen at most. Where a change was limited to a part of the company, a figure of
another part was not touched, and one that is known of all parts is held against them. What becomes of each is left to
`figure` and `regions`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError, UnknownName
from analysis.metrics.catalogue import definition, definitions
from analysis.studies.change_log.entries import Bundle, one_line
from analysis.studies.change_log.reach import touches
from analysis.studies.change_log.series import MonthlySeries

if TYPE_CHECKING:
    from analysis.studies.change_log.study import ChangeLogPlan

MOST_FIGURES = 12
"""Figures looked at for one change: with more, something always moves."""


def figures_asked(series: Mapping[str, MonthlySeries], plan: ChangeLogPlan) -> tuple[list[str], list[str]]:
    """The keys of the figures asked for, and those without a value in any month."""
    if not series:
        raise DesignError("No figure was given by month, so no change can be seen in one. Count or close months first.")
    for control in plan.control.values():
        if control not in series:
            raise UnknownName.of("control series", control, series)
    missing: list[str] = []
    if plan.metrics is None:
        controls = set(plan.control.values())
        keys = [key for key in sorted(series) if not series[key].segment and key not in controls]
    else:
        keys = []
        for name in plan.metrics:
            held = [name] if name in series else sorted(key for key, one in series.items() if one.metric == name)
            if not held and not _in_catalogue(name):
                raise UnknownName.of("figure", name, {*series, *definitions()})
            missing += [] if held else [name]
            keys += [key for key in held if key not in keys]
    for figure in plan.control:
        if figure not in {*keys, *missing, *(series[key].metric for key in keys)}:
            raise UnknownName.of("figure with a control series", figure, keys)
    return keys, missing


def _in_catalogue(name: str) -> bool:
    """Whether a name is a metric, so that the data may simply lack it."""
    try:
        definition(name.partition("[")[0])
    except UnknownName:
        return False
    return True


def segments_of(series: Mapping[str, MonthlySeries]) -> dict[str, set[str]]:
    """The segments for which there are series: columns with their values."""
    found: dict[str, set[str]] = {}
    for one in series.values():
        for column, value in one.segment.items():
            found.setdefault(column, set()).add(value)
    return found


def split(
    keys: Sequence[str],
    series: Mapping[str, MonthlySeries],
    bundle: Bundle,
    known: Mapping[str, Collection[str]],
) -> tuple[list[str], list[str], list[str]]:
    """The figures studied by themselves, those of parts that were not touched, and the metrics whose other parts can
    stand beside the one changed.
    """
    changed = dict(bundle.segment)
    regional = sorted({series[key].metric for key in keys if changed and dict(series[key].segment) == changed})
    alone: list[str] = []
    untouched: list[str] = []
    for key in keys:
        one = series[key]
        if one.metric in regional and set(one.segment) == set(changed):
            continue  # the part changed, or one of those it is held against
        touched = any(touches(entry, one.segment, known) for entry in bundle.entries)
        (alone if touched else untouched).append(key)
    return alone, untouched, regional


def dozen(alone: list[str], regional: Sequence[str]) -> tuple[list[str], list[str]]:
    """The figures looked at by themselves beside those of parts, and those left out because they would be too many."""
    room = max(MOST_FIGURES - len(regional), 0)
    return alone[:room], alone[room:]


def left_out_said(keys: Sequence[str]) -> list[str]:
    """A note that names figures that were left out."""
    if not keys:
        return []
    named = ", ".join(f"`{one_line(key)}`" for key in keys)
    return [
        f"At most {MOST_FIGURES} figures are looked at for a change, or something would always move; left out: "
        f"{named}. Name the ones that matter."
    ]
