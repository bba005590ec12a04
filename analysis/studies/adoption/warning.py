"""What would the usual regression have said, and with whom would it have compared? A warning, never a finding.

A regression on customer and month effects compares late adopters with early ones who have long adopted, and takes what
the effect does to those for a trend. Goodman-Bacon's weights say how much of it is made of such comparisons.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.staggered.cohort_sums import CohortSums
from analysis.inference.staggered.two_way import bacon, two_way_effect
from analysis.studies.adoption.panel import AdoptionPanel

COLUMNS = ("treated", "comparison", "kind", "weight", "estimate", "unit")
_NOT_TREATED = 0
_BLOCK = 2**17


def two_way_warning(panel: AdoptionPanel, outcome: str, unit: str) -> tuple[pd.DataFrame, str]:
    """The comparisons behind the two-way coefficient, and a sentence; both empty where there is none.

    Customers who are there from the first month on; whoever had adopted before counts as adopted throughout.
    """
    begin, months = panel.begin.number, panel.end.number - panel.begin.number + 1
    there = np.flatnonzero(panel.first <= begin)
    cohort = np.where(panel.adopted > panel.end.number, _NOT_TREATED, np.maximum(panel.adopted - begin, 0) + 1)
    empty = pd.DataFrame(columns=list(COLUMNS))
    if not there.size:
        return empty, ""
    sums: CohortSums | None = None
    for first in range(0, len(there), _BLOCK):
        rows = there[first : first + _BLOCK]
        part = CohortSums.of(panel.counted[outcome][rows], cohort[rows], np.arange(1, months + 1), digits=0)
        sums = part if sums is None else sums + part
    assert sums is not None
    try:
        found, whole = bacon(sums), two_way_effect(sums)
    except DesignError:
        return empty, ""
    scale = panel.scale(outcome)

    def month(key: int) -> str:
        return "never" if key == _NOT_TREATED else str(Month(begin + int(key) - 1))

    frame = pd.DataFrame(
        {
            "treated": [month(key) for key in found.treated],
            "comparison": [month(key) for key in found.comparison],
            "kind": list(found.kind),
            "weight": found.weight,
            "estimate": found.estimate * scale,
            "unit": f"{unit} and month",
        }
    )
    already = found.share("already_treated")
    value, half = float(whole.values[0]) * scale, 1.96 * float(whole.se[0]) * scale
    sentence = (
        f"A regression on customer and month effects would have said {value:+.4g} {unit} and month (95 % interval "
        f"{value - half:+.4g} to {value + half:+.4g}). {already * 100:.1f} % of its weight compares customers with "
        "others who had adopted before them, and all of it with customers whether or not they had an issue then: it is "
        "shown as a warning, and nothing here rests on it."
    )
    if panel.issues is None:
        sentence = sentence.replace(", and all of it with customers whether or not they had an issue then", "")
    return frame, sentence
