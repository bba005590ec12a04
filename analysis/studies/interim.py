"""What do the newest index months say, of which only three months are over? An interim finding, marked as such.

It has the estimator and the gates of the study, on rows that the study itself cannot use yet, and is at most graded C:
what comes after the third month may change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.studies.channel_checks import too_thin
from analysis.studies.channel_result import Evidence
from analysis.studies.channel_scope import COMPARISON, DESIGN, ESTIMAND, FEWEST_CUSTOMERS, TREATED, WIDEST, unit_of
from analysis.studies.claim import claim_of
from analysis.studies.fits import Fits
from analysis.studies.gates import GATES
from analysis.studies.grade import grade_of, window_not_over
from analysis.studies.result import Effect
from analysis.studies.stack import RECENTLY, Stack, window
from analysis.studies.strata import Strata, balance, balance_frame, choose_strata, overlap


@dataclass(frozen=True, slots=True)
class Interim:
    """The newest rows, fitted: `first` and `last` are their index months."""

    fits: Fits
    strata: Strata
    outcomes: tuple[str, ...]
    first: Month
    last: Month
    after: int

    @classmethod
    def of(
        cls, stack: Stack, extra: Sequence[str], outcomes: Sequence[str], evidence: Evidence, level: float
    ) -> Interim | None:
        """The interim study, or None where there are no such rows, or too few."""
        layout = stack.layout
        if layout.after <= RECENTLY or not outcomes:
            return None
        columns = sorted(
            {
                column
                for outcome in ("orders", *outcomes)
                for column in (*window(outcome, 1, RECENTLY), *window(outcome, -layout.before, -1))
            }
        )
        cells = stack.cells(layout.columns, where="recent", measures=columns)
        arm = cells.keys["arm"]
        if min(int(cells.n[arm == side].sum()) for side in (0, 1)) < FEWEST_CUSTOMERS:
            return None
        fits = Fits(stack, cells, where="recent", level=level)
        strata = choose_strata(cells, layout, extra)
        kept = []
        if too_thin(cells, strata, layout.before) is not None:
            return None
        for outcome in outcomes:
            try:
                fits.growth(
                    f"interim {outcome}",
                    unit_of(outcome, layout.currency),
                    after=window(outcome, 1, RECENTLY),
                    before=window(outcome, -layout.before, -1),
                    strata=strata,
                    gap=True,
                    name=outcome,
                )
            except DesignError:
                continue
            kept.append(outcome)
        if not kept:
            return None
        fits.settle()
        months = cells.keys["month"][(arm == 1) & (strata.weight > 0)]
        return cls(fits, strata, tuple(kept), Month(int(months.min())), Month(int(months.max())), evidence.after_months)

    def dated(self, evidence: Evidence) -> Evidence:
        """The evidence, with the months of which there is only an interim finding."""
        return replace(evidence, interim_from=str(self.first), interim_to=str(self.last))

    def effects(self, mature: Sequence[Effect]) -> list[Effect]:
        """The interim effects, with the gates that the study of the same outcome has passed or not."""
        told = []
        layout = self.fits.stack.layout
        for outcome in self.outcomes:
            if not 0 < self.fits.se(f"interim {outcome}") <= WIDEST:
                continue
            of = next((one for one in mature if one.outcome == outcome and not one.segment and one.checks), None)
            gates = tuple(check for check in of.checks if check.name in GATES) if of is not None else ()
            alike = (overlap(self.strata), balance(balance_frame(self.fits.cells, layout, self.strata)))
            checks = (window_not_over(RECENTLY, self.after), *gates, *alike)
            grade = grade_of(checks)
            for estimate in (self.fits.ratio(f"interim {outcome}"), self.fits.difference(f"interim {outcome}")):
                names: dict[str, Any] = {
                    "design": DESIGN,
                    "estimand": ESTIMAND,
                    "treated": TREATED,
                    "comparison": COMPARISON,
                    "outcome": outcome,
                    "scale": estimate.scale,
                    "index_from": str(self.first),
                    "index_to": str(self.last),
                    "before_months": layout.before,
                    "after_months": RECENTLY,
                    "maturity": "interim",
                }
                claim = claim_of(
                    estimate,
                    who=f"Customers whose first social contact was from {self.first} to {self.last}",
                    against="similar customers whose issue of the same month went to another channel",
                    when=f"in the first {RECENTLY} months after",
                    grade=grade,
                    segment={},
                    maturity="interim",
                )
                told.append(Effect(**names, estimate=estimate, grade=grade, checks=checks, claim=claim))
        return told
