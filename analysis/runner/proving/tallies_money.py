"""When cases say that they are worth more than nothing with a chance of 80 %, are eight in ten of them?

Chances said, over all companies whose case in money was made, in bands of a tenth; each band's share of companies that
truly are worth more is held against the mean of what was said. Intervals of the worth itself are left to `tallies`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.runner.proving.hazards import CHANCE
from analysis.runner.proving.limits import bonferroni_z
from analysis.runner.proving.records import DEFAULT

BANDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ChanceCell:
    """Companies whose case said a chance within one band.

    Parameters
    ----------
    estimand : str
        "positive_known" or "positive_drawn".
    low, high : float
        Ends of the band.
    n : int
        Companies in it.
    said, found : float
        Mean chance said, and the share of the companies that are worth more than nothing.
    allowed : float
        How far the two may lie apart by chance, over all bands at once: z · √Σp(1 − p) / n, and one company.
    brier, brier_said : float
        Mean square of chance less outcome, and what it is on average if the chances are right.
    """

    estimand: str
    low: float
    high: float
    n: int
    said: float
    found: float
    allowed: float
    brier: float
    brier_said: float

    @property
    def band(self) -> str:
        """In words: "80 to 90 %"."""
        return f"{100 * self.low:.0f} to {100 * self.high:.0f} %"

    @property
    def held(self) -> bool:
        return abs(self.found - self.said) <= self.allowed


def chance_cells(records: pd.DataFrame) -> tuple[ChanceCell, ...]:
    """All bands in which there are companies, by estimand and band.

    Parameters
    ----------
    records : DataFrame
        With the columns of `RECORD`; of a chance, `value` is what was said and `truth` 1 or 0.

    Examples
    --------
    >>> from analysis.runner.proving.records import RECORD
    >>> row = ("money_none", 1, 9, DEFAULT, "positive_known", 1.0, 0.85, None, None, None, "D", 9)
    >>> (cell,) = chance_cells(pd.DataFrame([row], columns=list(RECORD)))
    >>> cell.band, cell.found, round(cell.brier, 4), round(cell.brier_said, 4)
    ('80 to 90 %', 1.0, 0.0225, 0.1275)
    """
    asked = records["estimand"].astype(str).str.startswith(CHANCE) & (records["estimator"] == DEFAULT)
    told = records[asked & records["value"].notna()]
    if told.empty:
        return ()
    band = np.minimum((told["value"].to_numpy(float) * BANDS).astype(int), BANDS - 1)
    groups = list(told.groupby([told["estimand"].astype(str).to_numpy(), band]))
    z = bonferroni_z(len(groups))
    found = [_cell(str(estimand), int(place), part, z) for (estimand, place), part in groups]
    return tuple(sorted(found, key=lambda cell: (cell.estimand != f"{CHANCE}known", cell.estimand, cell.low)))


def _cell(estimand: str, place: int, part: pd.DataFrame, z: float) -> ChanceCell:
    said, true = part["value"].to_numpy(float), part["truth"].to_numpy(float)
    n, spread = len(part), said * (1 - said)
    return ChanceCell(
        estimand=estimand,
        low=place / BANDS,
        high=(place + 1) / BANDS,
        n=n,
        said=float(said.mean()),
        found=float(true.mean()),
        allowed=min((z * math.sqrt(float(spread.sum())) + 1) / n, 1.0),
        brier=float(((said - true) ** 2).mean()),
        brier_said=float(spread.mean()),
    )
