"""What is told of one dose or one mix of one outcome, beside its reference?

The raw figure, the one among customers alike before, what tests the second where it must be nothing, and the grade.
Which doses and mixes there are is left to `study`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from analysis.foundation.calendar import Month
from analysis.inference.cells import Flags, Ints
from analysis.inference.estimate import Estimate
from analysis.studies.claim import LIMITS, claim_of, refusal, window_after
from analysis.studies.dose.alike import Association, association
from analysis.studies.dose.plan import DosePlan
from analysis.studies.dose.result import ADJUSTED, DESIGN, NAIVE
from analysis.studies.dose.rows import DoseRows
from analysis.studies.gates import Finding, judge, two_sided_p
from analysis.studies.result import Check, Effect, Grade, Verdict
from analysis.studies.strata import UNMATCHED_ALLOWED

DOSE, MIX = "contacts", "mix"
TO_COME = "contacts_to_come"
FEWEST = 50
"""Customers of a dose or mix below which nothing is told of it."""
_FAILED = "The comparison did not pass its checks and says nothing about cause."


class Band:
    """One dose or mix of one outcome, beside its reference."""

    def __init__(
        self,
        rows: DoseRows,
        plan: DosePlan,
        outcome: str,
        by: str,
        name: str,
        reference: str,
        places: tuple[int, int],
        now: tuple[Ints, Ints],
        later: tuple[Ints, Ints],
    ) -> None:
        self.rows, self.plan, self.outcome = rows, plan, outcome
        self.by, self.name, self.reference = by, name, reference
        self.kind, self.other = (now[0] == place for place in places)
        self.to_come = [(later[0] == place) & rows.later_known for place in places]
        self.strata, self.later_strata = now[1], later[1]
        self.unit = "share of customers" if outcome == "repurchased" else f"{outcome} per customer"
        self.customers, self.others = (len(np.unique(rows.customer[part])) for part in (self.kind, self.other))

    @cached_property
    def raw(self) -> Association | str:
        """The association without strata, or why there is none."""
        return self._within(np.zeros(len(self.rows), dtype=np.int64))

    @cached_property
    def alike(self) -> Association | str:
        """The association among customers alike before, or why there is none."""
        return self._within(self.strata)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """What is known of the association among customers alike."""
        if isinstance(self.alike, str):
            return ()
        share = self.alike.unmatched / self.alike.rows
        detail = (
            f"{self.alike.unmatched:,} of {self.alike.rows:,} rows ({share * 100:.1f} %) had no customer alike before "
            "and were left out."
        )
        verdict: Verdict = "passed" if share <= UNMATCHED_ALLOWED else "failed"
        why = "Customers contact us for reasons, which nothing here takes out; what they buy may follow from those."
        return (
            Check(name="overlap", verdict=verdict, detail=detail, gate=True),
            *judge([self._of_contacts_to_come()]),
            Check(name="reasons_for_contact", verdict="not_run", detail=why, gate=True),
        )

    @property
    def grade(self) -> Grade:
        """C where the gates that can be passed were passed, else D."""
        verdicts = {check.name: check.verdict for check in self.checks}
        return "C" if verdicts.get("overlap") == verdicts.get(TO_COME) == "passed" else "D"

    def _within(self, stratum: Ints) -> Association | str:
        outcome = self.rows.after[self.outcome][self.kind | self.other]
        if len(outcome) and np.ptp(outcome) == 0:
            return (
                f"Nothing varies: every customer has {outcome[0]:g} of `{self.outcome}`, so that no error can be told."
            )
        if min(self.customers, self.others) < FEWEST:
            return (
                f"{self.customers:,} customers had {_said(self.by, self.name)} and {self.others:,} "
                f"{_said(self.by, self.reference)}; {FEWEST} of each are the fewest."
            )
        found = self._association(self.kind, self.other, stratum)
        return found or f"Nobody with {_said(self.by, self.name)} has a customer alike with the other."

    def _association(self, kind: Flags, other: Flags, stratum: Ints) -> Association | None:
        return association(
            self.rows.after[self.outcome],
            kind,
            other,
            stratum,
            self.rows.customer,
            name=self.outcome,
            unit=self.unit,
            level=self.plan.level,
        )

    def _of_contacts_to_come(self) -> Finding:
        """The same by contacts of the window after the outcome's, which can have changed nothing in it."""
        what = f"Customers with {_said(self.by, self.name)} after the outcome window, against those with "
        what += f"{_said(self.by, self.reference)} then."
        kind, other = self.to_come
        found = self._association(kind, other, self.later_strata)
        if found is None or found.ratio is None or not found.ratio.se_log:
            return Finding(name=TO_COME, what=what, reason="The data do not reach so far, or there are too few.")
        ratio, se_log = found.ratio.value, found.ratio.se_log
        return Finding(name=TO_COME, what=what, ratio=ratio, se_log=se_log, p_value=two_sided_p(ratio, se_log))

    def effects(self) -> list[Effect]:
        """The raw figure, then that among customers alike; nothing of the reference."""
        if self.name == self.reference:
            return []
        adjusted = self._told(ADJUSTED, self.alike, self.grade, self.checks)
        return [*self._told(NAIVE, self.raw, "D", ()), *adjusted]

    def _told(self, estimand: str, found: Association | str, grade: Grade, checks: tuple[Check, ...]) -> list[Effect]:
        if isinstance(found, str):
            return [self._effect(estimand, None, found, "D", ())]
        ratio = found.ratio if self.outcome != "repurchased" else None
        estimates = [found.difference, *([ratio] if ratio else [])]
        return [self._effect(estimand, estimate, None, grade, checks) for estimate in estimates]

    def _effect(
        self, estimand: str, estimate: Estimate | None, reason: str | None, grade: Grade, checks: tuple[Check, ...]
    ) -> Effect:
        months = window_after(self.plan.dose_months).removeprefix("in the ").removesuffix(" after")
        claim = refusal(str(reason))
        if estimate is not None:
            alike = "alike before " if estimand == ADJUSTED else ""
            claim = claim_of(
                estimate,
                who=f"Customers with {_said(self.by, self.name)} in {months}",
                against=f"customers {alike}with {_said(self.by, self.reference)}",
                when=window_after(self.plan.outcome_months),
                grade=grade,
                segment={},
            )
            if grade == "D" and estimand == ADJUSTED:
                claim = claim.replace(LIMITS["D"], _FAILED)
        dates = self.rows.date[self.kind]
        return Effect(
            design=DESIGN,
            estimand=estimand,
            treated=f"{self.by}: {self.name}",
            comparison=f"{self.by}: {self.reference}",
            outcome=self.outcome,
            scale="difference" if estimate is None else estimate.scale,
            estimate=estimate,
            reason=reason,
            n_treated=self.customers,
            n_comparison=self.others,
            grade=grade,
            checks=checks,
            claim=claim,
            index_from=str(Month(int(dates.min()))) if len(dates) else None,
            index_to=str(Month(int(dates.max()))) if len(dates) else None,
            before_months=self.plan.dose_months,
            after_months=self.plan.outcome_months,
        )

    def line(self) -> dict[str, Any]:
        """The band as a line of the frame."""
        enough = self.customers >= FEWEST
        numbers = ("raw", "raw_low", "raw_high", "alike", "alike_low", "alike_high", "unmatched")
        line: dict[str, Any] = {
            "by": self.by,
            "band": self.name,
            "outcome": self.outcome,
            "customers": self.customers,
            "rows": int(self.kind.sum()),
            "mean": float(self.rows.after[self.outcome][self.kind].mean()) if enough else float("nan"),
            **dict.fromkeys(numbers, float("nan")),
            "unit": self.unit,
            "grade": "D",
            "reason": "",
        }
        if self.name == self.reference:
            return line
        for label, one in (("raw", self.raw), ("alike", self.alike)):
            if isinstance(one, str):
                line["reason"] = one
            else:
                told = one.difference
                line |= {label: told.value, f"{label}_low": told.low, f"{label}_high": told.high}
        if not isinstance(self.alike, str):
            line |= {"unmatched": self.alike.unmatched / self.alike.rows, "grade": self.grade}
        return line


def _said(by: str, name: str) -> str:
    """A dose or mix as a sentence names it.

    Examples
    --------
    >>> _said("contacts", "none"), _said("contacts", "1"), _said("contacts", "5 or more"), _said("mix", "social only")
    ('no contact', '1 contact', '5 or more contacts', 'contacts on social only')
    """
    if by == MIX:
        return f"contacts on {name}"
    return {"none": "no contact", "1": "1 contact"}.get(name, f"{name} contacts")
