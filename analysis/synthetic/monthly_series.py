"""Which monthly figures moved because something was changed, when the truth is known? Series and panels made up.

`series_of` makes single series by the thousand: a line, a step and a change of direction of known size, errors that
remember the month before, a season, an incident, a second change nobody asked about, and a control series that shares
some of the shocks. `panel_of` makes units that share factors, some of them changed. No company stands behind either;
what an analysis makes of them is left to others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NEVER = -1
_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesWorld:
    """How monthly series come about. Sizes are in standard deviations of a month's error.

    Parameters
    ----------
    months : int
    at : int, optional
        Position of the first month after the change; the middle by default.
    level, slope : float
        The true effects: a step, and a change of direction per month.
    rho : float
        Correlation of neighbouring months' errors.
    base, trend : float
        Where the series stands in the first month, and where it is heading.
    season : float
        Height of the yearly wave.
    shared : float
        Share of the errors' variance that the control series has too.
    incident : float
        Size of a single month's spike, `incident_at` its position.
    other, other_at : float and int
        A second step, by something else, and its first month.

    Raises
    ------
    ValueError
        If a position lies outside the months, or a share or correlation outside its range.
    """

    months: int = 48
    at: int | None = None
    level: float = 0.0
    slope: float = 0.0
    rho: float = 0.0
    base: float = 100.0
    trend: float = 0.1
    season: float = 0.0
    shared: float = 0.0
    incident: float = 0.0
    incident_at: int = 3
    other: float = 0.0
    other_at: int = 0

    def __post_init__(self) -> None:
        for label, position in (("at", self.change), ("incident_at", self.incident_at), ("other_at", self.other_at)):
            if not 0 <= position < self.months:
                raise ValueError(f"`{label}` lies at {position}, outside {self.months} months.")
        if not -1 < self.rho < 1:
            raise ValueError(f"A correlation lies between -1 and 1, not {self.rho}.")
        if not 0 <= self.shared <= 1:
            raise ValueError(f"A share lies between 0 and 1, not {self.shared}.")

    @property
    def change(self) -> int:
        """Position of the first month after the change."""
        return self.months // 2 if self.at is None else self.at


SERIES_WORLDS = {
    "series_none": SeriesWorld(),
    "series_effect": SeriesWorld(level=3.0, rho=0.3, shared=0.5),
    "series_bend": SeriesWorld(level=1.0, slope=0.2, rho=0.3),
    "series_season": SeriesWorld(level=3.0, rho=0.3, season=2.0),
    "series_incident": SeriesWorld(incident=8.0, incident_at=20, rho=0.3),
    "series_other": SeriesWorld(other=3.0, other_at=25, rho=0.3, shared=0.5),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSeries:
    """Series of one world: `values` and `control`, shape (n_series, months), and the effects that are true of all."""

    world: SeriesWorld
    values: Floats
    control: Floats

    @property
    def truth(self) -> dict[str, float]:
        """The planted effects."""
        return {"level": self.world.level, "slope": self.world.slope}


def series_of(world: SeriesWorld, seed: int, series: int = 1) -> MadeSeries:
    """Many series of one world, independent of each other.

    Parameters
    ----------
    world : SeriesWorld
    seed : int
    series : int

    Returns
    -------
    MadeSeries
        The control has the line's trend, the season and the shared part of the errors, none of the effects.

    Examples
    --------
    >>> made = series_of(SeriesWorld(months=24, level=5.0), seed=1, series=2)
    >>> made.values.shape, made.truth
    ((2, 24), {'level': 5.0, 'slope': 0.0})
    """
    rng = np.random.default_rng([seed, 5_081])
    month = np.arange(world.months)
    since = month - world.change
    wave = world.season * np.cos(2 * np.pi * month / _MONTHS_A_YEAR)
    line = world.base + world.trend * month + wave
    both, own, others = (autoregressive(world.rho, (series, world.months), rng) for _ in range(3))
    moved = np.where(since >= 0, world.level + world.slope * since, 0.0)
    moved = moved + world.incident * (month == world.incident_at)
    moved = moved + np.where(month >= world.other_at, world.other, 0.0)
    together, apart = np.sqrt(world.shared) * both, np.sqrt(1 - world.shared)
    return MadeSeries(
        world=world, values=line + moved + together + apart * own, control=line + together + apart * others
    )


def autoregressive(rho: float, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Errors of variance 1 with correlation rho ** distance along the second axis, from the first point on.

    Examples
    --------
    >>> errors = autoregressive(0.7, (20_000, 3), np.random.default_rng(1))
    >>> np.corrcoef(errors.T).round(1).tolist()
    [[1.0, 0.7, 0.5], [0.7, 1.0, 0.7], [0.5, 0.7, 1.0]]
    """
    errors = rng.normal(size=shape)
    fresh = np.sqrt(1 - rho**2)
    for place in range(1, shape[1]):
        errors[:, place] = rho * errors[:, place - 1] + fresh * errors[:, place]
    return errors


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelWorld:
    """How units that share factors come about. Sizes are in standard deviations of a unit-month's noise.

    Parameters
    ----------
    donors, periods : int
    treated : tuple of int
        Changed units of each cohort, `starts` their first changed period.
    effect : float
        True of every changed unit and period.
    factors : int
        Shared paths, random walks with steps of `step`, each unit with its own loading.
    step : float
    tilt : float
        How much larger the changed units' loadings are on average: what makes a plain comparison wrong.
    rho : float
        Correlation of a unit's neighbouring noise.
    """

    donors: int = 30
    treated: tuple[int, ...] = (1,)
    starts: tuple[int, ...] = (18,)
    periods: int = 24
    effect: float = 0.0
    factors: int = 2
    step: float = 0.5
    tilt: float = 0.5
    rho: float = 0.0

    def __post_init__(self) -> None:
        if len(self.treated) != len(self.starts) or not self.treated:
            raise ValueError(f"{len(self.treated)} cohorts of changed units, but {len(self.starts)} starts.")
        if not all(0 < start < self.periods for start in self.starts):
            raise ValueError(f"Starts {self.starts} do not all lie within {self.periods} periods.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePanel:
    """Outcomes, shape (n_units, periods), donors first, and each unit's start (-1 for donors)."""

    world: PanelWorld
    outcomes: Floats
    starts: Ints

    @property
    def treated(self) -> Flags:
        """Which units were changed."""
        changed: Flags = self.starts != NEVER
        return changed


def panel_of(world: PanelWorld, seed: int) -> MadePanel:
    """One panel of a world.

    Examples
    --------
    >>> made = panel_of(PanelWorld(donors=20, treated=(2, 1), starts=(10, 14)), seed=1)
    >>> made.outcomes.shape, int(made.treated.sum()), sorted(set(made.starts.tolist()))
    ((23, 24), 3, [-1, 10, 14])
    """
    rng = np.random.default_rng([seed, 7_193])
    starts = np.concatenate([np.full(world.donors, NEVER), np.repeat(world.starts, world.treated)]).astype(np.int64)
    units = len(starts)
    loadings = rng.normal(size=(units, world.factors)) + world.tilt * (starts != NEVER)[:, None]
    paths = (world.step * rng.normal(size=(world.factors, world.periods))).cumsum(axis=1)
    shared = rng.normal(size=world.periods).cumsum()
    outcomes = 50 + 5 * rng.normal(size=(units, 1)) + shared + loadings @ paths
    outcomes += autoregressive(world.rho, (units, world.periods), rng)
    begun = (starts[:, None] != NEVER) & (np.arange(world.periods) >= starts[:, None])
    return MadePanel(world=world, outcomes=outcomes + world.effect * begun, starts=starts)
