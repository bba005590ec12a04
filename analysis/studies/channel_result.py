"""In what shape does the before-and-after study say what it found, so that pages and `results.json` say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.inference.estimate import Bounds, Scale
from analysis.studies.result import Effect, effects_frame

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.sensitivity import Sensitivity


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How old the evidence is.

    Parameters
    ----------
    index_from, index_to : str
        First and last month ("2025-07") of the index issues behind the effects.
    before_months, after_months : int
    data_to : str
        Last month of the data.
    interim_from, interim_to : str, optional
        Index months followed for three months only.
    """

    index_from: str
    index_to: str
    before_months: int
    after_months: int
    data_to: str
    interim_from: str | None = None
    interim_to: str | None = None

    @property
    def sentence(self) -> str:
        """The first line of the page.

        Examples
        --------
        >>> about = Evidence(
        ...     index_from="2025-07", index_to="2026-03", before_months=6, after_months=6, data_to="2026-09")
        >>> about.sentence
        'Customers who first contacted us on social from 2025-07 to 2026-03, followed for 6 months.'
        """
        months = "1 month" if self.after_months == 1 else f"{self.after_months} months"
        when = f"from {self.index_from} to {self.index_to}"
        return f"Customers who first contacted us on social {when}, followed for {months}."

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for `results.json`."""
        return {name: getattr(self, name) for name in self.__slots__} | {"sentence": self.sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreTrend:
    """What was seen before the index issue, and what could have been.

    Parameters
    ----------
    wald, degrees, p_joint
        Joint test that the leads lie on their mean.
    drift, low, high : float
        Ratio of the late leads to the early ones, contacted against comparison, with its interval.
    se_log : float
    detectable : float
        The smallest drift, as a logarithm, that would have been seen in four cases of five (2.8 standard errors).
    """

    wald: float
    degrees: int
    p_joint: float
    drift: float
    low: float
    high: float
    se_log: float
    detectable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelResult:
    """Effects and naive figures, the frames behind the charts, and the account of who was studied.

    Parameters
    ----------
    effects : tuple of Effect
        Adjusted (all customers, then segments), interim, first-issue and naive ones.
    paths : DataFrame
        One row per outcome, group and month relative to the index month: `mean` per customer, `low`, `high`, `unit`;
        comparison customers are scaled to the contacted ones' mean before, so that the growth can be compared.
    event_study : DataFrame
        `outcome`, `month`, `ratio`, `low`, `high`, `part` (lead, dip, index, after): what contacted customers did in a
        month, divided by what was expected from the mean of their leads and the comparison's growth since.
    pre_trends : mapping of outcome to PreTrend
        Where there are leads enough.
    sensitivities : tuple of Sensitivity
    maturing : DataFrame
        `outcome`, `cohort_from`, `cohort_to`, then `interim`, `interim_low`, `interim_high` (followed 3 months),
        `mature`, `mature_low`, `mature_high` (whole window; empty while it is not over), `moved` (mature / interim).
    evidence : Evidence
    balance : DataFrame
        `covariate`, `value`, `contacted`, `comparison`, `difference` (standardised), `judged`.
    strata : str
        What the cells were made of, in words.
    sample : mapping of str to int
    notes : tuple of str
    covariance : mapping
        Joint covariance of the log ratios over all customers: `ids`, `matrix`.
    """

    effects: tuple[Effect, ...]
    paths: pd.DataFrame
    event_study: pd.DataFrame
    pre_trends: Mapping[str, PreTrend]
    sensitivities: tuple[Sensitivity, ...]
    maturing: pd.DataFrame
    evidence: Evidence
    balance: pd.DataFrame
    strata: str
    sample: Mapping[str, Any]
    notes: tuple[str, ...]
    covariance: Mapping[str, Any]

    def of(self, outcome: str, scale: Scale = "ratio") -> tuple[Effect, ...]:
        """The adjusted effects on one outcome, windows over: all customers first, then by segment."""
        return tuple(
            effect
            for effect in self.effects
            if effect.outcome == outcome and effect.scale == scale and not effect.naive and effect.maturity == "mature"
        )

    @property
    def bounds(self) -> tuple[Bounds, ...]:
        """What sensitivity analyses could not rule out."""
        return tuple(bound for one in self.sensitivities for bound in one.bounds)

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            "effects": [effect.to_dict() for effect in self.effects],
            "effect_covariance": dict(self.covariance),
            "bounds": [{"design": "before_after", **one.to_dict()} for one in self.sensitivities],
            "coverage": {"evidence": self.evidence.to_dict()},
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))
