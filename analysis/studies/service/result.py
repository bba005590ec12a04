"""In what shape does the service study say what it found, so that pages and `results.json` say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.inference.estimate import Scale
from analysis.studies.result import Effect, effects_frame

if TYPE_CHECKING:
    import pandas as pd

DESIGN, ESTIMAND, NAIVE = "service_effect", "service_effect", "naive_user_gap"
TREATED, COMPARISON = "answered_in_time", "not_answered_in_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEvidence:
    """Whom the study speaks of.

    Parameters
    ----------
    index_from, index_to : str
        First and last month ("2025-07") of the contacts that were answered in time.
    before_months, after_months : int
    target_seconds : int
    within : str
        The target in words.
    customers : int
        Customers compared.
    in_time : float
        Share of them answered in time.
    """

    index_from: str
    index_to: str
    before_months: int
    after_months: int
    target_seconds: int
    within: str
    customers: int
    in_time: float

    @property
    def sentence(self) -> str:
        """The first line of the page.

        Examples
        --------
        >>> print(ServiceEvidence(index_from="2025-07", index_to="2026-03", before_months=6, after_months=6,
        ...                       target_seconds=3600, within="1 hour", customers=8000, in_time=0.62).sentence)
        8,000 customers who first wrote on social from 2025-07 to 2026-03, followed for 6 months; 62 % were answered
        within 1 hour.
        """
        months = "1 month" if self.after_months == 1 else f"{self.after_months} months"
        return (
            f"{self.customers:,} customers who first wrote on social from {self.index_from} to {self.index_to}, "
            f"followed for {months}; {self.in_time * 100:.0f} % were answered within {self.within}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for `results.json`."""
        return {name: getattr(self, name) for name in self.__slots__} | {"sentence": self.sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceResult:
    """Effects and raw figures, the frames behind the charts, and the account of who was studied.

    Parameters
    ----------
    effects : tuple of Effect
        For each outcome what stands (by the queue where it is strong, else adjusted), by segment, then the raw ones.
    bands, hours : DataFrame
        As `bands` describes them: the first thing to show.
    instrument : DataFrame
        `outcome`, `f`, `first_stage` (change of the share answered in time for each contact more in the queue),
        `partial_r2`, `n`, `days`, `value` (two-stage least squares), `ar_kind`, `ar_low`, `ar_high`, `placebo`,
        `placebo_low`, `placebo_high` (shares of the mean before), `placebo_p` (adjusted), `unit`, `reason`.
    beside : DataFrame
        `outcome`, `estimator` (queue, adjusted, raw), `scale`, `value`, `low`, `high`, `bounded`, `unit`, `grade`,
        `stands`, `reason`: every estimate of one outcome beside the others.
    balance : DataFrame
        `covariate`, `difference`, `low`, `high` (standard deviations that an answer in time would have "changed"),
        `p_value` (adjusted with the other gates of the first outcome, as its checks say it).
    evidence : ServiceEvidence
    strata : str
        What the cells of the adjusted comparison were made of.
    sample : mapping of str to int
    notes : tuple of str
    """

    effects: tuple[Effect, ...]
    bands: pd.DataFrame
    hours: pd.DataFrame
    instrument: pd.DataFrame
    beside: pd.DataFrame
    balance: pd.DataFrame
    evidence: ServiceEvidence
    strata: str
    sample: Mapping[str, int]
    notes: tuple[str, ...]

    def of(self, outcome: str, scale: Scale = "difference") -> tuple[Effect, ...]:
        """What stands for one outcome: all customers first, then by segment."""
        return tuple(
            effect
            for effect in self.effects
            if effect.outcome == outcome and effect.scale == scale and not effect.naive
        )

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            "effects": [effect.to_dict() for effect in self.effects],
            "coverage": {
                "service": {
                    "evidence": self.evidence.to_dict(),
                    "beside": _records(self.beside),
                    "instrument": _records(self.instrument),
                    "sample": dict(self.sample),
                }
            },
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame as plain values; what is no number or has no end is None."""
    records = []
    for row in frame.to_dict("records"):
        plain = {}
        for name, value in row.items():
            held = value.item() if hasattr(value, "item") else value
            missing = isinstance(held, float) and not -float("inf") < held < float("inf")
            plain[str(name)] = None if missing else held
        records.append(plain)
    return records
