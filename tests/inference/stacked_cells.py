"""Cells by hand, and rows of customers that cells are made of, for the tests of effects made of cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.inference.cells import Floats, groups_of
from analysis.inference.panel_effects import RatioDid, count_weights, ratio_did
from analysis.inference.stacked import Contrast, MeanGap, stacked_after, stacked_difference, stacked_ratio


def hand(**changes: Any) -> dict[str, Any]:
    """Two months, the first with two strata.

    | month | stratum | contacted: n, before, after | comparison: n, before, after | weight of a comparison row |
    | 0 | 0 | 2, 6, 9 | 4, 8, 8 | 1/2 |
    | 0 | 1 | 1, 2, 1 | 1, 4, 6 | 1 |
    | 1 | 2 | 1, 3, 5 | 2, 6, 8 | 1/2 |

    Growth in month 0: (4 + 6) / (4 + 4) = 5/4, in month 1: 4 / 3. Expected: 8 * 5/4 + 3 * 4/3 = 14; done: 15.
    """
    given = {
        "n": np.array([2, 4, 1, 1, 1, 2]),
        "before": np.array([6.0, 8.0, 2.0, 4.0, 3.0, 6.0]),
        "after": np.array([9.0, 8.0, 1.0, 6.0, 5.0, 8.0]),
        "arm": np.array([1, 0, 1, 0, 1, 0]),
        "group": np.array([0, 0, 0, 0, 1, 1]),
        "stratum": np.array([0, 0, 1, 1, 2, 2]),
    }
    return given | changes


def ratio(**columns: Any) -> Contrast:
    return stacked_ratio("orders", "orders per customer", **columns)


def after_only(*, part: Any = None, **cells: Any) -> Contrast:
    columns = {name: cells[name] for name in ("n", "after", "arm", "stratum")}
    return stacked_after("issues", "issues per customer", **columns, part=part)


def difference(*, part: Any = None, **cells: Any) -> MeanGap:
    columns = {"n": cells["n"], "values": cells["after"], "arm": cells["arm"], "stratum": cells["stratum"]}
    return stacked_difference("cost", "EUR per customer", **columns, part=part)


@dataclass(frozen=True)
class Rows:
    """Rows of customers in several months and both roles."""

    customer: np.ndarray
    month: np.ndarray
    layer: np.ndarray
    arm: np.ndarray
    before: Floats
    after: Floats

    @classmethod
    def drawn(cls, seed: int, *, n: int = 3_000, months: int = 4, effect: float = 1.0) -> Rows:
        draw = np.random.default_rng(seed)
        customer, month, layer = draw.integers(0, n // 2, n), draw.integers(0, months, n), draw.integers(0, 3, n)
        arm = (draw.random(n) < 0.15 + 0.2 * layer).astype(np.int64)
        taste = draw.gamma(3, 0.5, n)[customer] * (1 + 0.4 * layer) * np.where(arm == 1, 1.5, 1.0)
        before = draw.poisson(2 * taste).astype(float)
        after = draw.poisson(2 * taste * (1 + 0.2 * month) * np.where(arm == 1, effect, 1.0)).astype(float)
        return cls(customer, month, layer, arm, before, after)

    @property
    def stratum(self) -> np.ndarray:
        return groups_of([self.month, self.layer])

    def cells(self, *finer: np.ndarray, products: bool = False) -> dict[str, Any]:
        """Columns of cells by month, layer and arm, and by what else is given."""
        place = groups_of([self.month, self.layer, self.arm, *finer])
        first = np.unique(place, return_index=True)[1]
        found: dict[str, Any] = {
            "n": np.bincount(place),
            "before": np.bincount(place, weights=self.before),
            "after": np.bincount(place, weights=self.after),
            "arm": self.arm[first],
            "group": self.month[first],
            "stratum": self.stratum[first],
        }
        if products:
            crossed = (self.before * self.before, self.before * self.after)
            found["products"] = tuple(np.bincount(place, weights=values) for values in crossed)
        return found

    def on_rows(self) -> RatioDid:
        return ratio_did(
            name="orders",
            unit="orders per customer",
            before=self.before,
            after=self.after,
            contacted=self.arm == 1,
            month=self.month,
            weight=count_weights(self.stratum, self.arm == 1),
            customer=self.customer,
        )

    def errors(self, found: Contrast) -> tuple[float, float]:
        """Errors of the logarithm and of the difference, clustered by customer, from the weights of cells."""
        place = groups_of([self.month, self.layer, self.arm])
        told = []
        for weights in (found.log_weights, found.gap_weights):
            own = weights[place]
            moved = np.bincount(self.customer, weights=own[:, 0] * self.after + own[:, 1] * self.before + own[:, 2])
            told.append(math.sqrt(float(moved @ moved)))
        return told[0], told[1]
