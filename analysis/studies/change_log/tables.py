"""How do the findings of the change log stand in tables? One row a month, an entry, a date or a region, for charts.

Text from the change log stands here as it was written; whoever prints it makes it safe for the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.studies.change_log.entries import Bundle, Entry
from analysis.studies.change_log.result import ENTRY_COLUMNS, PLACEBO_COLUMNS, SERIES_COLUMNS, SYNTHETIC_COLUMNS
from analysis.studies.change_log.series import series_key

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.change_log.figure import Analysed
    from analysis.studies.change_log.regions import Regional

WRITTEN = {"before": "no", "afterwards": "yes", "unknown": "unknown"}


def series_frame(figures: Iterable[Analysed]) -> pd.DataFrame:
    """What was seen, the line, and the line without the change, month by month."""
    rows: list[dict[str, Any]] = []
    for one in figures:
        window, line = one.window, one.line
        if window is None or line is None:
            continue
        states = dict(zip(one.series.months, one.series.states, strict=True))
        for place, month in enumerate(window.months):
            observed = float(window.values[place])
            rows.append(
                {
                    "outcome": one.series.metric,
                    "segment": series_key("", one.series.segment),
                    "change": one.bundle.id,
                    "month": str(month),
                    "observed": observed,
                    "fitted": float(line.fitted[place]),
                    **{
                        name: float(path[place]) if place >= window.ends else np.nan
                        for name, path in (
                            ("without", line.without),
                            ("without_low", line.without_low),
                            ("without_high", line.without_high),
                        )
                    },
                    "part": window.part(place),
                    "state": states.get(month, ""),
                    "unit": one.series.unit,
                }
            )
    return _frame(rows, SERIES_COLUMNS)


def entries_frame(
    entries: Sequence[Entry], bundles: Sequence[Bundle], found: Iterable[Analysed | Regional]
) -> pd.DataFrame:
    """Every entry studied or named beside one that was, oldest first."""
    beside: dict[str, dict[str, None]] = {}
    for one in found:
        beside.setdefault(one.bundle.id, {}).update({entry.change_id: None for entry in one.others})
    studied = {entry.change_id: bundle for bundle in bundles for entry in bundle.entries}
    named = {name for others in beside.values() for name in others}
    rows = []
    for entry in entries:
        bundle = studied.get(entry.change_id)
        if bundle is None and entry.change_id not in named:
            continue
        mine = {} if bundle is None else {one.change_id: None for one in bundle.entries if one is not entry}
        others = {**mine, **beside.get(bundle.id, {})} if bundle is not None else {}
        rows.append(
            {
                "change_id": entry.change_id,
                "effective_from": entry.effective_on.isoformat(),
                "kind": entry.kind,
                "scope": entry.scope or "",
                "description": entry.description,
                "recorded_at": "" if entry.recorded_on is None else entry.recorded_on.isoformat(),
                "written_afterwards": WRITTEN[entry.written],
                "others_in_window": ", ".join(others),
                "studied_as": "" if bundle is None else bundle.id,
            }
        )
    return _frame(rows, ENTRY_COLUMNS)


def placebo_frame(figures: Iterable[Analysed]) -> pd.DataFrame:
    """The step at every made-up date, and at the change itself."""
    rows = []
    for one in figures:
        if one.line is None:
            continue
        steps = [*((step, True) for step in one.placebo), (one.line.step, False)]
        found = [(str(step.month), step.level, step.low, step.high, step.p_value, tried) for step, tried in steps]
        for month, level, low, high, p_value, made_up in found:
            rows.append(
                {
                    "outcome": one.series.metric,
                    "segment": series_key("", one.series.segment),
                    "change": one.bundle.id,
                    "month": month,
                    "level": level,
                    "low": low,
                    "high": high,
                    "p_value": p_value,
                    "made_up": made_up,
                    "unit": one.series.unit,
                }
            )
    return _frame(rows, PLACEBO_COLUMNS)


def synthetic_frame(regional: Iterable[Regional]) -> pd.DataFrame:
    """The region or product that was changed and those it was held against."""
    return _frame([row for one in regional for row in one.rows], SYNTHETIC_COLUMNS)


def _frame(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))
