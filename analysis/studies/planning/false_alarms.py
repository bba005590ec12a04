"""How often did each way of analysing an outcome cry wolf, and is that more often than it may?

The result of dividing the same customers by lot many times, as a table, as checks and as plain values. Dividing them is
left to `a_a`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.studies.result import Check

if TYPE_CHECKING:
    import pandas as pd

PLAIN, ADJUSTED = "plain", "adjusted"
CLUSTERED, CLUSTERED_ADJUSTED, IGNORED = "clustered", "clustered, adjusted", "clusters ignored"
FORBIDDEN = (IGNORED,)
"""Shown for what they would do, never used."""
TOLERATED = 2.5758293035489004
"""So many Monte Carlo errors a rate may lie off its level before it counts against the analysis."""
UNEVEN_P = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """How one way of analysing one outcome fared over many divisions by lot.

    Parameters
    ----------
    outcome, estimator : str
    divisions : int
        By lot; each is one test in which nothing was done. Those of which the analysis refused to say anything are
        counted in `refused`, and not here.
    refused : int
    alarms : int
        Intervals that left out zero.
    expected : float
        The rate that the level allows.
    uniformity_p : float
        Kolmogorov-Smirnov test of the p-values against the uniform distribution.
    error_ratio : float
        Standard error as the analysis reports it (root mean square) over the spread of its estimates: below 1 it claims
        too much.
    """

    outcome: str
    estimator: str
    divisions: int
    alarms: int
    expected: float
    uniformity_p: float
    error_ratio: float
    refused: int = 0

    @property
    def rate(self) -> float:
        return self.alarms / self.divisions

    @property
    def monte_carlo_error(self) -> float:
        """Of the rate, if it is what the level allows."""
        return math.sqrt(self.expected * (1 - self.expected) / self.divisions)

    @property
    def too_many(self) -> bool:
        return self.rate > self.expected + TOLERATED * self.monte_carlo_error

    @property
    def check(self) -> Check:
        """The verdict: failed where there are too many false alarms. Too few cost power and mislead nobody."""
        detail = (
            f"{self.outcome}, {self.estimator}: {self.alarms:,} false alarms in {self.divisions:,} divisions by lot, "
            f"{self.rate * 100:.1f} % where {self.expected * 100:.3g} % are allowed "
            f"(Monte Carlo error {self.monte_carlo_error * 100:.1f})."
            + (f" Of {self.refused:,} more nothing was claimed." if self.refused else "")
        )
        return Check(
            name="a_a_false_alarms",
            verdict="failed" if self.too_many else "passed",
            detail=detail,
            value=self.rate,
            p_value=self.uniformity_p,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "rate": self.rate,
            "monte_carlo_error": self.monte_carlo_error,
            "too_many": self.too_many,
            "even": self.uniformity_p >= UNEVEN_P,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AAResult:
    """False alarms by outcome and estimator.

    Parameters
    ----------
    rows : tuple of FalseAlarms
    customers : int
        That were divided.
    seed : int
    notes : tuple of str
    """

    rows: tuple[FalseAlarms, ...]
    customers: int
    seed: int
    notes: tuple[str, ...]

    def of(self, outcome: str, estimator: str = PLAIN) -> FalseAlarms:
        """One line.

        Raises
        ------
        KeyError
            If there is none.
        """
        for row in self.rows:
            if (row.outcome, row.estimator) == (outcome, estimator):
                return row
        raise KeyError(f"no false alarms of `{outcome}`, {estimator}")

    @property
    def checks(self) -> tuple[Check, ...]:
        """One an outcome and estimator, the forbidden ones left out."""
        return tuple(row.check for row in self.rows if row.estimator not in FORBIDDEN)

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {"coverage": {"a_a": [row.to_dict() for row in self.rows]}}

    def to_frame(self) -> pd.DataFrame:
        """One row an outcome and estimator."""
        import pandas as pd

        return pd.DataFrame([row.to_dict() for row in self.rows])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))
