"""How is the effect of adoption told: as a difference, as a ratio, and as what is left of it if groups drift apart?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Ints
from analysis.inference.compare import normal_quantile, ratio_estimate
from analysis.inference.estimate import Bounds, Estimate
from analysis.studies.adoption.cells import Estimated
from analysis.studies.channel_scope import WIDEST

METHOD = "staggered adoption, additive ATT(g, t) within strata, not yet treated, universal base"
MAGNITUDES = (0.5, 1.0)
"""Largest change of the drift in a month, as multiples of its largest change before adoption."""


def difference_of(found: Estimated, unit: str, level: float) -> Estimate:
    """How much more did adopters do, each, over all months after? Its error is 0 where nothing varies."""
    (value,), spread = found.total(found.whole[None])
    se = math.sqrt(max(float(spread[0, 0]), 0.0))
    half = normal_quantile(level) * se
    return Estimate(
        name=found.outcome,
        value=float(value),
        low=float(value) - half,
        high=float(value) + half,
        level=level,
        se=se,
        scale="difference",
        unit=unit,
        n_treated=found.n_treated,
        n_comparison=found.n_comparison,
        method=METHOD,
    )


def ratio_of(found: Estimated, level: float) -> Estimate | str:
    """What adopters did after, over what was to be expected: that less the effect; or why there is no such ratio.

    Delta method on the log scale, from the same influences as the difference.
    """
    (effect, after), spread = found.total(np.stack([found.whole, found.level_after]))
    expected = float(after - effect)
    if not (after > 0 and expected > 0):
        return f"adopters did {after:.4g} and were expected to do {expected:.4g}: there is no ratio of these."
    slope = np.array([1 / expected, 1 / after - 1 / expected])
    se = math.sqrt(max(float(slope @ spread @ slope), 0.0))
    if not 0 < se <= WIDEST:
        return f"the ratio cannot be told well enough: its standard error is {se:.2g} on the log scale."
    return ratio_estimate(
        found.outcome,
        float(after) / expected,
        se,
        n_treated=found.n_treated,
        n_comparison=found.n_comparison,
        level=level,
        method=METHOD,
    )


def drift_bounds(found: Estimated, unit: str, level: float) -> tuple[tuple[Bounds, ...], str]:
    """What cannot be ruled out about all months after if the groups were drifting apart, and a note on how it was made.

    At most 8 months before the reference are used: with more, the set can be narrower than the interval that it is
    meant to question.

    Source
    ------
    Rambachan and Roth (2023), see `inference.honest_did`.
    """
    from analysis.inference.honest_did import MOST_LEADS, relative_magnitude_bounds, smoothness_bounds

    leads = found.months[found.months < found.reference]
    used: Ints = leads[-MOST_LEADS:]
    if not used.size:
        return (), ""
    note = ""
    if len(used) < len(leads):
        note = (
            f"Of {len(leads)} months before the reference the last {MOST_LEADS} bound the drift: with more, the set "
            "can be narrower than the interval that it is meant to question."
        )
    months = [int(month) for month in (*used, *found.after)]
    values, spread = found.total(np.stack([found.column(month) for month in months]))
    given: dict[str, Any] = {
        "n_pre": len(used),
        "weights": np.ones(len(found.after)),
        "periods": months,
        "reference": found.reference,
        "level": level,
        "name": found.outcome,
        "unit": unit,
    }
    try:
        sets = [smoothness_bounds(values, spread, m=0.0, **given)]
        sets += [relative_magnitude_bounds(values, spread, mbar=mbar, **given) for mbar in MAGNITUDES]
    except (DesignError, np.linalg.LinAlgError) as error:
        return (), f"No set that allows for a drift in `{found.outcome}` was made: {error}"
    return tuple(sets), note
