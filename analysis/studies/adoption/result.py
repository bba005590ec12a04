"""In what shape does the study of adoption say what it found, so that pages, charts and `results.json` say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.foundation.calendar import Month
from analysis.inference.compare import normal_quantile
from analysis.inference.estimate import Bounds, Scale
from analysis.inference.staggered.aggregate import Aggregate, aggregate, critical_value
from analysis.studies.adoption.cells import Estimated
from analysis.studies.channel_result import PreTrend
from analysis.studies.result import Effect, effects_frame

if TYPE_CHECKING:
    from analysis.studies.sensitivity import Sensitivity

DYNAMIC = ("outcome", "month", "value", "low", "high", "band_low", "band_high", "part", "unit")
GROUPS = ("outcome", "cohort", "n", "value", "low", "high", "unit")
CALENDAR = ("outcome", "month", "value", "low", "high", "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionEvidence:
    """How old the evidence is, and what began.

    Parameters
    ----------
    index_from, index_to : str
        First and last month ("2025-07") of the adoptions behind the effects.
    before_months, after_months : int
    data_to : str
    roll_out : str, optional
        The experiment; first contacts without it.
    """

    index_from: str
    index_to: str
    before_months: int
    after_months: int
    data_to: str
    roll_out: str | None = None

    @property
    def who(self) -> str:
        """The customers behind the effects, as a claim begins.

        Examples
        --------
        >>> AdoptionEvidence(index_from="2025-07", index_to="2026-03", before_months=6, after_months=6,
        ...                  data_to="2026-09", roll_out="pilot").who
        'Customers invited to social care by `pilot` from 2025-07 to 2026-03'
        """
        when = f"from {self.index_from} to {self.index_to}"
        if self.roll_out is None:
            return f"Customers who first came to social {when}"
        return f"Customers invited to social care by `{self.roll_out}` {when}"

    @property
    def sentence(self) -> str:
        """The first line of the page."""
        months = "1 month" if self.after_months == 1 else f"{self.after_months} months"
        return f"{self.who}, followed for {months}."

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for `results.json`."""
        return {name: getattr(self, name) for name in self.__slots__} | {"sentence": self.sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionResult:
    """Effects of adoption, the frames behind the charts, and the account of who was studied.

    Parameters
    ----------
    effects : tuple of Effect
    dynamic : DataFrame
        One row per outcome and month relative to adoption: `value`, `low`, `high` per customer and month, a band
        (`band_low`, `band_high`) that holds for all months at once, and the `part` (lead, dip, index, after).
    groups, calendar : DataFrame
        Mean effect per customer and month after adoption: by `cohort` ("2025-07") with its `n` adopters, two or more,
        and by calendar `month`.
    bacon : DataFrame
        The comparisons that a regression with two-way fixed effects would have been made of: `treated`, `comparison`
        (a month, or "never"), `kind`, `weight`, `estimate`, `unit`. Empty where there is no such regression.
    warning : str
        What that regression would have said and why it is not used; empty with `bacon`.
    pre_trends : mapping of outcome to PreTrend
    sensitivities : tuple of Sensitivity
    evidence : AdoptionEvidence
    balance : DataFrame
        `covariate`, `value`, `contacted`, `comparison`, `difference` (standardised), `judged`.
    strata : str
    sample : mapping of str to int
    notes : tuple of str
    """

    effects: tuple[Effect, ...]
    dynamic: pd.DataFrame
    groups: pd.DataFrame
    calendar: pd.DataFrame
    bacon: pd.DataFrame
    warning: str
    pre_trends: Mapping[str, PreTrend]
    sensitivities: tuple[Sensitivity, ...]
    evidence: AdoptionEvidence
    balance: pd.DataFrame
    strata: str
    sample: Mapping[str, int]
    notes: tuple[str, ...]

    def of(self, outcome: str, scale: Scale = "difference") -> Effect:
        """The effect on one outcome."""
        return next(one for one in self.effects if one.outcome == outcome and one.scale == scale)

    @property
    def bounds(self) -> tuple[Bounds, ...]:
        """What sensitivity analyses could not rule out."""
        return tuple(bound for one in self.sensitivities for bound in one.bounds)

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            "effects": [effect.to_dict() for effect in self.effects],
            "bounds": [{"design": "adoption", **one.to_dict()} for one in self.sensitivities],
            "coverage": {"adoption": {"evidence": self.evidence.to_dict()}},
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def dynamic_frame(found: Estimated, unit: str, level: float) -> pd.DataFrame:
    """The effect in each month around adoption, with intervals and a band."""
    months = [int(month) for month in found.months]
    values, spread = found.total(np.stack([found.column(month) for month in months]))
    se = np.sqrt(np.diag(spread).clip(0))
    tested = np.array([_part(month, found.reference) in ("lead", "after") for month in months])
    wide = critical_value(spread[np.ix_(tested, tested)], level=level) if tested.any() else normal_quantile(level)
    rows = []
    for month, value, error in zip(months, values, se, strict=True):
        half, band = normal_quantile(level) * error, wide * error
        rows.append(
            (found.outcome, month, value, value - half, value + half, value - band, value + band,
             _part(month, found.reference), unit)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(DYNAMIC))


def _part(month: int, reference: int) -> str:
    if month > 0:
        return "after"
    if month == 0:
        return "index"
    return "lead" if month <= reference else "dip"


def groups_frame(found: Estimated, unit: str, level: float) -> pd.DataFrame:
    """The mean effect by month of adoption, of months with two adopters or more: one alone shows no spread."""
    told = aggregate(found.group_time(only_after=True), "group", level=level, draws=_NO_BAND)
    cohorts = [str(Month(int(key))) for key in told.keys]
    columns = {"outcome": found.outcome, "cohort": cohorts, "n": found.sizes, **_ends(told), "unit": unit}
    return pd.DataFrame(columns)[found.sizes > 1][list(GROUPS)].reset_index(drop=True)


def calendar_frame(found: Estimated, unit: str, level: float) -> pd.DataFrame:
    """The mean effect by calendar month."""
    told = aggregate(found.group_time(only_after=True), "calendar", level=level, draws=_NO_BAND)
    months = [str(Month(int(key))) for key in told.keys]
    return pd.DataFrame({"outcome": found.outcome, "month": months, **_ends(told), "unit": unit})[list(CALENDAR)]


_NO_BAND = 1
"""Draws for a band that is not shown."""


def _ends(told: Aggregate) -> dict[str, Any]:
    low, high = told.interval()
    return {"value": told.values, "low": low, "high": high}
