"""Do intervals of interrupted series and of synthetic difference-in-differences hold the truth as often as they say?

Made-up series by the thousand, each fitted as the study of changes fits them, with the methods that most reports use
beside it: plain least squares, Newey–West errors, and the likeliest rho taken as known. Each answer is one row that
says what was true and what was found; counting them is left to others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.inference.ar1_reml import ar1_reml
from analysis.inference.interrupted import segment_terms
from analysis.inference.synthetic_did import staggered_did
from analysis.synthetic.monthly_series import PanelWorld, SeriesWorld, panel_of, series_of

Floats = NDArray[np.float64]

EFFECTS = ("level", "slope")
METHODS = ("reml_averaged", "reml_effective", "ols", "newey_west")
"""Ours; t on effective degrees of freedom at the likeliest rho; least squares; least squares with HAC errors."""


def series_records(
    seeds: Sequence[int],
    n: int,
    rho: float,
    *,
    level: float = 0.0,
    slope: float = 0.0,
    at: int | None = None,
    coverage: float = 0.95,
    methods: Sequence[str] = METHODS,
) -> pd.DataFrame:
    """What does each method say of made-up series, one a seed, and was it right?

    Parameters
    ----------
    seeds : sequence of int
    n : int
        Months of each series.
    rho : float
        True correlation of neighbouring months' errors, whose standard deviation is 1.
    level, slope : float
        True effects.
    at : int, optional
        First month after the change; the middle by default.
    coverage : float
        Level of the intervals.
    methods : sequence of str
        Of `METHODS`.

    Returns
    -------
    pandas.DataFrame
        One row per seed, effect and method: seed, n, rho, effect, method, truth, value, low, high, covered, rho_found,
        degrees (the effective ones).

    Examples
    --------
    >>> records = series_records(range(3), 24, 0.5, level=2.0)
    >>> len(records), records.query("effect == 'level'").truth.unique().tolist()
    (24, [2.0])
    """
    world = SeriesWorld(months=n, at=at, level=level, slope=slope, rho=rho)
    values = np.concatenate([series_of(world, seed).values for seed in seeds])
    design = segment_terms(n, world.change, slope=True)[1]
    fit = ar1_reml(design, values)
    k = design.shape[1]
    wanted = np.eye(k)[[2, 3]]
    ordinary = values @ np.linalg.pinv(design).T
    ends: dict[str, tuple[Floats, Floats, Floats]] = {}
    if "reml_averaged" in methods:
        low, high = fit.interval(wanted, coverage)
        ends["reml_averaged"] = (fit.coefficients[:, 2:], low, high)
    se = np.sqrt(np.diagonal(fit.covariance, axis1=1, axis2=2))[:, 2:]
    half = special.stdtrit(fit.degrees, (1 + coverage) / 2)[:, None] * se
    ends["reml_effective"] = (fit.coefficients[:, 2:], fit.coefficients[:, 2:] - half, fit.coefficients[:, 2:] + half)
    quantile = float(special.stdtrit(n - k, (1 + coverage) / 2))
    for method, spread in (("ols", _ols), ("newey_west", _newey_west)):
        half = quantile * spread(design, values - ordinary @ design.T)[:, 2:]
        ends[method] = (ordinary[:, 2:], ordinary[:, 2:] - half, ordinary[:, 2:] + half)
    rows = []
    for method in methods:
        value, low, high = ends[method]
        for place, effect in enumerate(EFFECTS):
            truth = {"level": level, "slope": slope}[effect]
            rows.append(
                pd.DataFrame(
                    {
                        "seed": np.asarray(seeds, dtype=np.int64),
                        "n": n,
                        "rho": rho,
                        "effect": effect,
                        "method": method,
                        "truth": truth,
                        "value": value[:, place],
                        "low": low[:, place],
                        "high": high[:, place],
                        "covered": (low[:, place] <= truth) & (truth <= high[:, place]),
                        "rho_found": fit.rho,
                        "degrees": fit.degrees,
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def panel_records(seeds: Sequence[int], world: PanelWorld, *, coverage: float = 0.95, draws: int = 200) -> pd.DataFrame:
    """What does synthetic difference-in-differences say of made-up panels, one a seed, and was it right?

    Returns
    -------
    pandas.DataFrame
        One row per seed: seed, donors, treated, effect (the truth), value, low, high (not a number where there is no
        interval), covered, excludes_zero, p (of the placebo rank), plain (a difference of differences of plain means).

    Examples
    --------
    >>> found = panel_records([1], PanelWorld(donors=8, effect=3.0)).iloc[0]
    >>> int(found.donors), bool(np.isnan(found.low)), round(found.p * 9)
    (8, True, 1)
    """
    rows = []
    for seed in seeds:
        made = panel_of(world, seed)
        found = staggered_did(
            made.outcomes, made.starts, unit="units", name="made up", level=coverage, seed=seed, draws=draws
        )
        interval = found.estimate
        low, high = (np.nan, np.nan) if interval is None else (interval.low, interval.high)
        changed, others = made.outcomes[made.treated].mean(axis=0), made.outcomes[~made.treated].mean(axis=0)
        gap, first = changed - others, min(world.starts)
        rows.append(
            {
                "seed": seed,
                "donors": found.donors,
                "treated": int(made.treated.sum()),
                "effect": world.effect,
                "value": found.att,
                "low": low,
                "high": high,
                "covered": low <= world.effect <= high,
                "excludes_zero": bool(interval is not None and interval.excludes_no_effect),
                "p": found.p,
                "plain": float(gap[first:].mean() - gap[:first].mean()),
            }
        )
    return pd.DataFrame(rows)


def _ols(design: Floats, residuals: Floats) -> Floats:
    n, k = design.shape
    variance = (residuals**2).sum(axis=1) / (n - k)
    spread: Floats = np.sqrt(variance[:, None] * np.diagonal(np.linalg.inv(design.T @ design)))
    return spread


def _newey_west(design: Floats, residuals: Floats) -> Floats:
    """Bartlett weights, the lag of the usual rule 4 (n / 100)^(2/9), and the small-sample factor n / (n − k)."""
    n, k = design.shape
    lags = int(4 * (n / 100) ** (2 / 9))
    scores = residuals[:, :, None] * design
    middle = np.swapaxes(scores, 1, 2) @ scores
    for lag in range(1, lags + 1):
        across = np.swapaxes(scores[:, lag:], 1, 2) @ scores[:, :-lag]
        middle = middle + (1 - lag / (lags + 1)) * (across + np.swapaxes(across, 1, 2))
    bread = np.linalg.inv(design.T @ design)
    spread: Floats = np.sqrt(np.diagonal(bread @ middle @ bread, axis1=1, axis2=2) * n / (n - k))
    return spread
