"""What are the low, the middle and the high case of many draws?

`Quantiles` holds the 5th, 50th and 95th percentile. Where the draws come from is left to `simulation`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The low, middle and high case: 5th, 50th and 95th percentile. None where it is never reached.

    Examples
    --------
    >>> Quantiles.of([float(one) for one in range(1, 101)])
    Quantiles(p5=5.0, p50=50.0, p95=95.0)
    >>> Quantiles.of([6.0, 8.0, float("inf")])
    Quantiles(p5=6.0, p50=8.0, p95=None)
    """

    p5: float | None
    p50: float | None
    p95: float | None

    @classmethod
    def of(cls, draws: ArrayLike) -> Quantiles:
        """By order statistics: a percentile is one of the draws, since a payback may be infinite."""
        found = np.quantile(np.asarray(draws, dtype=np.float64), [0.05, 0.5, 0.95], method="inverted_cdf")
        return cls(*(float(one) if math.isfinite(one) else None for one in found))

    def to_dict(self) -> dict[str, float | None]:
        """The three cases as plain values."""
        return {"p5": self.p5, "p50": self.p50, "p95": self.p95}
