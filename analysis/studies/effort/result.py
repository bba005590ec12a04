"""In what shape does the effort study say what it found, so that pages and `results.json` say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.studies.plain_rows import plain_rows
from analysis.studies.result import Effect, effects_frame

if TYPE_CHECKING:
    import pandas as pd

DESIGN = "effort"
TOTAL, INDIRECT, DIRECT, SLOPE = "total_effect", "indirect_effect", "direct_effect", "effort_slope"
TREATED, COMPARISON = "social", "other_channels"
TOGETHER = "together"


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortEvidence:
    """Whom the study speaks of.

    Parameters
    ----------
    index_from, index_to : str
        First and last month ("2025-07") of the issues that went to social.
    customers, exposed : int
        Customers compared, and those of them whose issue went to social.
    effort_days, outcome_days : int
    mediators : tuple of str
        Behavioural effort that was taken together.
    moved : tuple of str
        What the channel moves besides, and was adjusted for.
    """

    index_from: str | None
    index_to: str | None
    customers: int
    exposed: int
    effort_days: int
    outcome_days: int
    mediators: tuple[str, ...]
    moved: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The first line of the page.

        Examples
        --------
        >>> print(EffortEvidence(index_from="2025-07", index_to="2026-03", customers=8000, exposed=1700, effort_days=30,
        ...                      outcome_days=180, mediators=(), moved=()).sentence)
        8,000 customers with an issue, of 1,700 it went to social from 2025-07 to 2026-03; effort was measured for
        30 days and what they bought for the 180 days after those.
        """
        return (
            f"{self.customers:,} customers with an issue, of {self.exposed:,} it went to social from "
            f"{self.index_from} to {self.index_to}; effort was measured for {self.effort_days} days and what they "
            f"bought for the {self.outcome_days} days after those."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for `results.json`."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {
            "mediators": list(self.mediators),
            "moved": list(self.moved),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortResult:
    """Effects, the frames behind the charts, and the account of who was studied.

    Parameters
    ----------
    effects : tuple of Effect
        What the channel does to each kind of effort (`total_effect` of it). For each outcome `total_effect`,
        `indirect_effect` (through behavioural effort as a whole) and `direct_effect`, which add up; the same by
        segment, as far as segments differ. Then `effort_slope:…` and `indirect_effect:…` of each kind of effort; those
        overlap, do not add up, and are never declared. Effects count all customers, estimates those compared.
    effort : DataFrame
        `effort`, `social`, `elsewhere` (means), `value`, `low`, `high` (adjusted difference), `unit`, `customers`.
    paths : DataFrame
        `outcome`, `effort` (one kind, or "together"), `indirect`, `indirect_low`, `indirect_high`, `slope`,
        `slope_low`, `slope_high`, `rho`, `rho_limit`, `unit`, `customers`, `reason`.
    hidden : DataFrame
        `outcome`, `rho`, `indirect`, `low`, `high`: what the indirect effect would be, had unrecorded causes tied
        effort and outcome by a correlation of rho.
    response : DataFrame
        `instrument`, `asked`, `answered`, `answered_social`, `effective` (answers of equal weight), `cut`, `reason`.
    evidence : EffortEvidence
    sample : mapping of str to int
    forest, tests : DataFrame
        Segments, one line each beside all customers, and whether those of an attribute differ: see `studies.segments`.
    notes : tuple of str
    """

    effects: tuple[Effect, ...]
    effort: pd.DataFrame
    paths: pd.DataFrame
    hidden: pd.DataFrame
    response: pd.DataFrame
    evidence: EffortEvidence
    sample: Mapping[str, int]
    forest: pd.DataFrame
    tests: pd.DataFrame
    notes: tuple[str, ...]

    def of(self, outcome: str, estimand: str = TOTAL) -> tuple[Effect, ...]:
        """Effects on one outcome or kind of effort: all customers first, then by segment."""
        return tuple(effect for effect in self.effects if (effect.outcome, effect.estimand) == (outcome, estimand))

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            "effects": [effect.to_dict() for effect in self.effects],
            "coverage": {
                "effort": {
                    "evidence": self.evidence.to_dict(),
                    "effort": plain_rows(self.effort),
                    "paths": plain_rows(self.paths),
                    "response": plain_rows(self.response),
                    "forest": plain_rows(self.forest),
                    "tests": plain_rows(self.tests),
                    "sample": dict(self.sample),
                }
            },
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))
