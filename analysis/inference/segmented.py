"""What can be read off a line with a step in it? Step, turn, effect months later, and the path without them.

Each with its interval, all from one fit. How the line comes about is left to `analysis.inference.interrupted`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.ar1_fit import Ar1Fit
from analysis.inference.estimate import Estimate

Floats = NDArray[np.float64]

EFFECTS = ("level", "slope")
"""Terms that say what came with the change."""
OF_ONE_POINT = ("pulse_", "missing_")
"""How terms begin that a single point has for itself."""
METHOD = "segmented regression with AR(1) errors by REML, interval averaged over rho"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmented:
    """A series before and after a change, and where it would have gone.

    Parameters
    ----------
    name, unit : str
        What the series counts, and in what.
    terms : tuple of str
        "constant", "trend", "level", "slope", then "pulse_<position>", "missing_<position>", "control", "season_<i>",
        and those asked for by name.
    coefficients : mapping of term to float
        In `unit`; trend and slope per point.
    covariance : array of float, shape (k, k)
        Of the coefficients at the likeliest rho, in the order of `terms`.
    rho, sigma : float
        Correlation of neighbouring errors, and standard deviation of what is new in each.
    degrees : float
        Effective degrees of freedom n (1 − rho) / (1 + rho) − k, at least 1.
    design : array of float, shape (n, k)
    observed, fitted, without, residuals : array of float, shape (n,)
        The series as analysed (less its control where asked for as a difference), the line, the line without level and
        slope, and what the line leaves over. The terms of single points (incidents, missing ones) are in neither line:
        what an incident added stands in the residuals. Missing points are "not a number" in `observed` and `residuals`.
    n, n_before, n_after : int
        Points seen: missing ones and those with a pulse of their own tell nothing of the change and do not count.
    at : int
        Position of the first point after the change.
    level : float
        Coverage of intervals.
    fit : Ar1Fit
        For intervals of any combination.
    notes : tuple of str
        What a reader must know, as sentences.
    """

    name: str
    unit: str
    terms: tuple[str, ...]
    coefficients: Mapping[str, float]
    covariance: Floats
    rho: float
    sigma: float
    degrees: float
    design: Floats
    observed: Floats
    fitted: Floats
    without: Floats
    residuals: Floats
    n: int
    n_before: int
    n_after: int
    at: int
    level: float
    fit: Ar1Fit
    notes: tuple[str, ...]

    def estimate(self, term: str, *, name: str | None = None) -> Estimate:
        """One coefficient with its interval; "level" and "slope" are the effects.

        Raises
        ------
        DesignError
            If the line has no such term.
        """
        return self.combination({term: 1.0}, name=name or f"{self.name}: {term} change" if term in EFFECTS else name)

    def effect_after(self, points: int, *, name: str | None = None) -> Estimate:
        """How far is the line from where it would have gone, so many points after the first one changed?

        Raises
        ------
        DesignError
            If that is past the end of the series: a change of direction is not carried beyond what was seen.
        """
        last = len(self.observed) - 1 - self.at
        if not 0 <= points <= last:
            raise DesignError(
                f"{self.name}: {points} points after the change, but the series ends {last} points after."
            )
        weights = {term: size for term, size in (("level", 1.0), ("slope", float(points))) if term in self.terms}
        return self.combination(weights, name=name)

    def combination(self, weights: Mapping[str, float], *, name: str | None = None) -> Estimate:
        """Any weighted sum of coefficients with its interval; its counts are points after and before, not customers."""
        row = self._row(weights)
        low, high = self.fit.interval(row, self.level)
        return Estimate(
            name=name or self.name,
            value=float(row @ self.fit.coefficients[0]),
            low=float(low[0]),
            high=float(high[0]),
            level=self.level,
            se=float(np.sqrt(row @ self.covariance @ row)),
            scale="difference",
            unit=self.unit,
            n_treated=self.n_after,
            n_comparison=self.n_before,
            method=METHOD,
        )

    def p_value(self, term: str) -> float:
        """How often would chance alone move a coefficient so far from 0? Two-sided, in step with its interval.

        Raises
        ------
        DesignError
            If the line has no such term.
        """
        return float(self.fit.p_value(self._row({term: 1.0}))[0])

    def path(self) -> tuple[Floats, Floats]:
        """Interval of `without` at every point: of the line, not of single observations around it."""
        low, high = self.fit.interval(without_terms(self.design, self.terms, incidents=True, effects=True), self.level)
        return low[0], high[0]

    def _row(self, weights: Mapping[str, float]) -> Floats:
        row = np.zeros(len(self.terms))
        for term, weight in weights.items():
            if term not in self.terms:
                raise DesignError(f"{self.name}: the line has no term `{term}`. It has: {', '.join(self.terms)}.")
            row[self.terms.index(term)] = weight
        return row


def without_terms(design: Floats, terms: tuple[str, ...], *, incidents: bool = False, effects: bool = False) -> Floats:
    """The design with the terms of single points, or the effects, at nought.

    Examples
    --------
    >>> without_terms(np.ones((1, 3)), ("constant", "level", "pulse_4"), incidents=True).tolist()
    [[1.0, 1.0, 0.0]]
    """
    gone = [(incidents and term.startswith(OF_ONE_POINT)) or (effects and term in EFFECTS) for term in terms]
    return np.where(gone, 0.0, design)
