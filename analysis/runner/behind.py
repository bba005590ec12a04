"""Which rows stand behind a step's charts and tables, so that every number on a page leads back to the results?

Effects, figures and checks are recorded by the studies themselves. What charts are drawn from beside them (paths by
month, likeness of the groups, days and hours) is recorded here, under `behind`: for each step the named frames of its
result, with their columns and rows. Only frames that a page shows are named, and all of them are counts and means over
groups: nothing here is a row of a person. How a part is written is left to `results`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any

FRAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "metrics": ("incidents.daily",),
        "before_after": ("paths", "event_study", "maturing", "balance", "pre_trends", "sample"),
        "service_effect": ("bands", "hours", "balance"),
        "adoption": ("dynamic", "groups", "calendar", "bacon", "warning", "balance", "pre_trends", "sample"),
        "change_log": ("series", "placebo", "synthetic", "sample"),
        "ab_segments": ("dose.sample",),
        "effort": ("hidden",),
        "design_sheet": ("sheet.sizes", "sheet.durations"),
        "loyalty_hypotheses": ("curves",),
        "roi_case": ("yearly", "histogram", "totals", "ledger.by_month"),
    }
)
"""By step, the frames and small mappings of its result that its page shows and that no other key of the results holds;
a point leads to a part of the result."""


def behind(step: str, result: Any) -> dict[str, Any]:
    """The rows behind a step's page, under the names they have in its result.

    Parameters
    ----------
    step : str
    result
        What the step found; not changed.

    Returns
    -------
    dict
        Name to `{"columns": [...], "rows": [[...], ...]}` for a frame, to plain values for anything else. Empty for a
        step that keeps nothing beside its part. What a result does not hold is left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from types import SimpleNamespace
    >>> found = SimpleNamespace(hidden=pd.DataFrame({"rho": [0.0, 0.1], "indirect": [2.5, float("nan")]}))
    >>> behind("effort", found)
    {'hidden': {'columns': ['rho', 'indirect'], 'rows': [[0.0, 2.5], [0.1, None]]}}
    >>> behind("month_close", found)
    {}
    """
    told = {name: _held(result, name) for name in FRAMES.get(step, ())}
    return {name.rpartition(".")[2]: _plain(found) for name, found in told.items() if found is not None}


def _held(result: Any, name: str) -> Any:
    if name in _MADE:
        return _MADE[name](result)
    for part in name.split("."):
        result = getattr(result, part, None)
    return result


def _curves(family: Any) -> dict[str, Any]:
    """By hypothesis, what each choice of the analysis would have said; none where none was tried."""
    return {one.hypothesis.name: one.curve.frame for one in family.judged if one.curve is not None}


def _histogram(case: Any) -> Any:
    from analysis.roi.histogram import histogram

    return histogram(case.draws)


def _totals(case: Any) -> dict[str, Any]:
    """Low, middle and high case of all benefits and of all costs, in today's money."""
    from analysis.roi.quantiles import Quantiles

    sums = {"benefits": case.simulated.benefits, "costs": case.simulated.costs}
    return {name: Quantiles.of(case.model.present_value(amounts)).to_dict() for name, amounts in sums.items()}


_MADE: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"curves": _curves, "histogram": _histogram, "totals": _totals}
)
"""What is gathered from a result, and no field of it."""


def _plain(found: Any) -> Any:
    import pandas as pd

    from analysis.studies.plain_rows import plain_value

    if isinstance(found, pd.DataFrame):
        rows = found.itertuples(index=False, name=None)
        return {
            "columns": [str(name) for name in found.columns],
            "rows": [[_plain(cell) for cell in row] for row in rows],
        }
    if is_dataclass(found) and not isinstance(found, type):
        return {one.name: _plain(getattr(found, one.name)) for one in fields(found)}
    if isinstance(found, Mapping):
        return {str(name): _plain(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(one) for one in found]
    value = plain_value(found)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
