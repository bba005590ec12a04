"""What does the study say of one group of customers: all of them, or a segment?

First all contrasts are gathered (the effects on every outcome, the gates that repeat the study, the checks beside it),
then their errors are made for all groups together, then the effects are told with checks, grade and claim. Each group
has strata of its own, chosen within it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.bootstrap import Resampled
from analysis.inference.cells import Flags, Ints, Measure
from analysis.inference.estimate import Bounds, Estimate, Scale
from analysis.studies import channel_checks as checks_of
from analysis.studies.channel_gates import add_future, add_placebo, findings
from analysis.studies.channel_result import PreTrend
from analysis.studies.claim import claim_of, refusal, window_after
from analysis.studies.event_study import pre_trend, try_event_study
from analysis.studies.fits import ALONE, Fits
from analysis.studies.gates import judge
from analysis.studies.grade import grade_of, later_channel_mix, nothing_tests_issues, shares_not_randomised
from analysis.studies.result import Check, Effect
from analysis.studies.robust import robust_bounds
from analysis.studies.segments_differ import Found
from analysis.studies.sensitivity import Sensitivity, sensitivity_of, unless
from analysis.studies.stack import BOUGHT, window
from analysis.studies.strata import Strata, balance, balance_frame, choose_strata, in_words, overlap, strata_of

DESIGN, ESTIMAND = "before_after", "channel_effect"
TREATED, COMPARISON = "social", "other_channels"
FEWEST_CUSTOMERS = 50
WIDEST = 1.0
"""Largest standard error of a log ratio of which anything is claimed."""
SHARES = ("repurchased", "retained")
ON_ISSUES = ("issues", "support_cost", "index_issue_cost")
"""Outcomes on which no gate repeats the study."""
FAMILY = "effects"
_AFTER_ONLY = ("issues", "support_cost")
RATIOS = (*BOUGHT, *_AFTER_ONLY)
"""Outcomes told as a ratio, and as a difference."""
_SCALES: Mapping[str, tuple[Scale, ...]] = {
    **dict.fromkeys(RATIOS, ("ratio", "difference")),
    "index_issue_cost": ("difference",),
    **dict.fromkeys(SHARES, ("difference",)),
}


def unit_of(outcome: str, currency: str | None) -> str:
    """In what a difference in an outcome is told.

    Examples
    --------
    >>> unit_of("issues", "EUR"), unit_of("margin", "EUR"), unit_of("retained", None)
    ('issues per customer', 'EUR per customer', 'share')
    """
    if outcome in SHARES:
        return "share"
    return f"{outcome if outcome in ('orders', 'issues') else currency or 'money'} per customer"


@dataclass
class Scope:
    """One group of customers: which cells are theirs, their strata, and why an outcome could not be told.

    `prefix` stands before the keys of its contrasts; `part` and `later` mark its cells among the rows of the study and
    of the future-social gate.
    """

    study: Fits
    future: Fits
    segment: Mapping[str, str]
    part: Flags
    later: Flags
    extra: tuple[str, ...]
    dates: Mapping[str, Any]
    outcomes: tuple[str, ...]
    robust: bool = True
    reasons: dict[str, str] = field(default_factory=dict)
    refused: str | None = None
    _left_out: dict[str, tuple[float, str]] = field(default_factory=dict)
    _benchmarks: dict[str, dict[str, float]] = field(default_factory=dict)
    _bounds: dict[str, tuple[Bounds, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        layout, cells = self.study.stack.layout, self.study.cells
        self.prefix = "".join(f"{name}={value} " for name, value in self.segment.items())
        self.whole = not self.segment
        self.strata = choose_strata(cells, layout, self.extra, part=self.part)
        self.after_strata = choose_strata(cells, layout, self.extra, part=self.part, after_only=True)
        self.later_strata = choose_strata(self.future.cells, layout, self.extra, part=self.later)
        treated = cells.keys["arm"] == 1
        self.n_treated = int(cells.n[self.part & treated].sum())
        rows = int(cells.n[self.part & ~treated].sum())
        if min(self.n_treated, rows) < FEWEST_CUSTOMERS:
            self.refused = (
                f"{self.n_treated:,} contacted customers and {rows:,} rows of comparison customers; each group needs "
                f"{FEWEST_CUSTOMERS}."
            )
        elif not self.strata.weight.any():
            self.refused = "in no month are there contacted and comparison customers who can be compared."

    def unit(self, outcome: str) -> str:
        """In what a difference is told."""
        return unit_of(outcome, self.study.stack.layout.currency)

    def windows(self, outcome: str) -> tuple[Measure, Measure]:
        """The measures after and before."""
        layout = self.study.stack.layout
        if outcome in SHARES:
            return (f"{outcome}_after",), (f"{outcome}_before",)
        if outcome in ("support_cost", "index_issue_cost"):
            return (("support_cost_after",) if outcome == "support_cost" else ("index_issue_cost",)), ()
        return window(outcome, 1, layout.after), window(outcome, -layout.before, -1) if outcome in BOUGHT else ()

    def gather(self, done: Callable[[], None] = lambda: None) -> None:
        """All contrasts of this group; `done` is called after each outcome, whose own families are whole then."""
        if self.refused:
            return
        for outcome in self.outcomes:
            try:
                self._gather(outcome)
            except DesignError as error:
                self.reasons[outcome] = str(error)
            done()

    def repeat(self) -> None:
        """Ratios of the whole group without a month, a product or a covariate, which need no errors."""
        for outcome in self.outcomes if self.whole else ():
            if outcome not in RATIOS or not self.study.holds(outcome):
                continue
            after, before = self.windows(outcome)
            self._benchmarks[outcome] = self._benchmarks_of(outcome, after, before)
            if outcome in BOUGHT:
                self._left_out[outcome] = checks_of.left_out(self.study, outcome, after, before, self.strata)

    def bound(self) -> None:
        """What is left of the whole group's ratios if the groups drifted apart, which needs a few errors alone."""
        for outcome in self.outcomes if self.whole and self.robust else ():
            if outcome in BOUGHT and self._why_not(outcome) is None:
                self._bounds[outcome] = robust_bounds(self.study, outcome)

    def _gather(self, outcome: str) -> None:
        key, unit, study = self.prefix + outcome, self.unit(outcome), self.study
        family = FAMILY if self.whole else ALONE
        after, before = self.windows(outcome)
        shared: dict[str, Any] = {"name": outcome}
        if outcome in BOUGHT:
            thin = checks_of.too_thin(self.study.cells, self.strata, self.study.stack.layout.before)
            if thin is not None:
                raise DesignError(thin)
            study.growth(key, unit, after=after, before=before, strata=self.strata, family=family, gap=True, **shared)
            self._gates(outcome)
            if self.whole:
                self._besides(outcome, key, unit, after, before)
        elif outcome in _AFTER_ONLY:
            study.after(key, unit, after=after, strata=self.after_strata, family=family, gap=True, **shared)
            if self.whole and outcome == "issues":
                self._first_issues(key, unit, after)
        else:
            study.mean_gap(key, unit, after=after, before=before, strata=self.strata, **shared)

    def _gates(self, outcome: str) -> None:
        found = {
            f"{self.prefix}event {outcome}": try_event_study(
                self.study, outcome, self.strata, scope=self.prefix, only_leads=not self.whole
            ),
            f"{self.prefix}placebo {outcome}": add_placebo(self.study, outcome, self.prefix, self.part, self.extra),
            f"{self.prefix}future {outcome}": add_future(self.future, outcome, self.prefix, self.later_strata),
        }
        self.reasons |= {key: reason for key, reason in found.items() if reason is not None}

    def _besides(self, outcome: str, key: str, unit: str, after: Measure, before: Measure) -> None:
        """Checks that cap nothing, on all customers."""
        study, layout = self.study, self.study.stack.layout
        self.struck = checks_of.months_of_failure(study)
        checks_of.add_without_failures(study, key, unit, after, before, self.strata, self.struck)
        study.mean_gap(f"additive {key}", unit, after=after, before=before, strata=self.strata, name=outcome)
        if layout.attributes:
            code = layout.code(self.extra[0]) if self.extra else "a0"
            more, less = checks_of.exposed(study, code)
            alike = strata_of(study.cells, ("month", "product", "recent", "lately"))
            neighbours = Strata("", 0, (), alike, self.strata.weight, 0, 0, self.part & (more | less))
            try:
                study.growth(
                    f"spill {key}",
                    "ratio",
                    after=after,
                    before=before,
                    strata=neighbours,
                    arm=np.where(more, 1, np.where(less, 0, -1)),
                )
            except DesignError as error:
                self.reasons[f"spill {key}"] = str(error)

    def _first_issues(self, key: str, unit: str, after: Measure) -> None:
        cells = self.study.cells
        first = self.part & (cells.keys["earlier"] == 0)
        strata = choose_strata(cells, self.study.stack.layout, self.extra, part=first, after_only=True)
        try:
            self.study.after(f"first {key}", unit, after=after, strata=strata, family=FAMILY)
        except DesignError as error:
            self.reasons[f"first {key}"] = str(error)

    def effects(
        self, apart: Mapping[str, Check] = MappingProxyType({})
    ) -> tuple[list[Effect], dict[str, PreTrend], list[Sensitivity]]:
        """What was found on every outcome, with the pre-trends and sensitivities behind it.

        `apart` says by outcome whether the segments of this one's attribute can be told apart (see `segments_differ`).
        """
        told: list[Effect] = []
        trends: dict[str, PreTrend] = {}
        sensitivities: list[Sensitivity] = []
        gates: dict[str, tuple[Check, ...]] = {}
        for outcome in self.outcomes:
            if self.refused is None and outcome in BOUGHT and self.study.holds(self.prefix + outcome):
                trend = pre_trend(self.study, outcome, self.prefix)
                if trend is not None:
                    trends[outcome] = trend
                gates[outcome] = judge(findings(self.prefix, outcome, trend, self.study, self.future, self.reasons))
        for outcome in self.outcomes:
            reason = self._why_not(outcome)
            if reason is not None:
                told += [self._refused(outcome, scale, reason) for scale in _SCALES[outcome]]
                continue
            checks = self._checks(outcome, gates)
            checks = (*checks, apart[outcome]) if outcome in apart else checks
            for scale in _SCALES[outcome]:
                key = self.prefix + outcome
                estimate = self.study.ratio(key) if scale == "ratio" else self.study.difference(key)
                sensitivity = self._sensitivity(outcome, estimate)
                sensitivities += [sensitivity] if self.whole else []
                told.append(self._told(outcome, estimate, checks, sensitivity))
        return told, trends, sensitivities

    def found(self, outcome: str) -> Found | None:
        """The effect (of a ratio, its logarithm) with its error, or None where nothing is claimed."""
        if self._why_not(outcome) is not None:
            return None
        key = self.prefix + outcome
        value = math.log(self.study.contrast(key).ratio) if outcome in RATIOS else self.study.difference(key).value
        return value, self.study.se(key)

    def _why_not(self, outcome: str) -> str | None:
        return self.refused or self.reasons.get(outcome) or self._too_rough(outcome)

    def _too_rough(self, outcome: str) -> str | None:
        key = self.prefix + outcome
        if outcome in SHARES or outcome == "index_issue_cost":
            return None if self.study.se(key) > 0 else self._nothing_varies(outcome)
        error, bias = self.study.se(key), self.study.contrast(key).bias_log
        if error == 0 or error > WIDEST or abs(bias) > checks_of.BIAS_REFUSED * error:
            return (
                f"the ratio cannot be told well enough: its standard error is {error:.2g} on the log scale and its "
                f"small-sample bias about {bias:+.2g}. Use a longer window, fewer segments or more data."
            )
        return None

    def _nothing_varies(self, outcome: str) -> str:
        if outcome != "index_issue_cost":
            return "every customer has the same; there is nothing to compare."
        gap = self.study.difference(self.prefix + outcome).value
        return (
            f"issues of a channel all cost the same, so that {gap:,.2f} {self.unit(outcome)} is a difference of prices "
            "and not of customers."
        )

    def _checks(self, outcome: str, gates: Mapping[str, tuple[Check, ...]]) -> tuple[Check, ...]:
        """Gates first, then what is shown and caps nothing. Outcomes that are not bought take the gates of orders."""
        key, strata = self.prefix + outcome, self.after_strata if outcome in _AFTER_ONLY else self.strata
        alike = [overlap(strata), self._after_balance if outcome in _AFTER_ONLY else self._balance]
        own = gates.get(outcome) or tuple(on_orders(check) for check in gates.get("orders", ()))
        single = checks_of.single_customer(self.study.share(key), self._drawn_again(outcome))
        if outcome in SHARES:
            return (*own, *alike, shares_not_randomised(), single)
        if outcome in ON_ISSUES:
            mix = (later_channel_mix(),) if outcome == "support_cost" else ()
            first = outcome == "issues" and self.whole
            besides = (checks_of.first_issues(self.study, key, f"first {key}"),) if first else ()
            return (*own, *alike, nothing_tests_issues(), *mix, *besides, single)
        thin = checks_of.thin_months(self.study.contrast(key).bias_log, self.study.se(key))
        if not self.whole:
            return (*own, *alike, thin, single)
        return (
            *own,
            *alike,
            thin,
            single,
            checks_of.without_failures(self.study, key, self.struck),
            checks_of.leave_one_out(self.study, key, self._left_out[outcome]),
            checks_of.additive(self.study, key, f"additive {key}"),
            checks_of.spill_over(self.study, f"spill {key}"),
        )

    @cached_property
    def _balance(self) -> Check:
        return balance(balance_frame(self.study.cells, self.study.stack.layout, self.strata))

    @cached_property
    def _after_balance(self) -> Check:
        return balance(balance_frame(self.study.cells, self.study.stack.layout, self.after_strata))

    def _drawn_again(self, outcome: str) -> Resampled | None:
        if not self.whole or outcome not in RATIOS:
            return None
        after, before = self.windows(outcome)
        strata = self.after_strata if outcome in _AFTER_ONLY else self.strata
        return checks_of.drawn_again(self.study, self.prefix + outcome, after, before, strata)

    def _sensitivity(self, outcome: str, estimate: Estimate) -> Sensitivity:
        strata = self.after_strata if outcome in _AFTER_ONLY else self.strata
        n_strata = np.unique(strata.code[strata.weight > 0]).size
        dof = max(estimate.n_treated + estimate.n_comparison - n_strata - 1, 1)
        benchmarks = self._benchmarks.get(outcome, {}) if estimate.scale == "ratio" else {}
        bounds = self._bounds.get(outcome, ()) if estimate.scale == "ratio" else ()
        return sensitivity_of(estimate, benchmarks=benchmarks, bounds=bounds, dof=dof)

    def _benchmarks_of(self, outcome: str, after: Measure, before: Measure) -> dict[str, float]:
        """By what factor does the ratio move when one recorded covariate is left out of the strata?"""
        strata = self.after_strata if outcome in _AFTER_ONLY else self.strata
        whole = self.study.contrast(self.prefix + outcome).ratio
        moved = {}
        for column in strata.columns:
            if column == "month":
                continue
            rest = tuple(name for name in strata.columns if name != column)
            found = self._without(outcome, strata_of(self.study.cells, rest), after, before)
            if found is not None:
                name = "observed" if column == "band" else column
                moved[in_words(name, self.study.stack.layout)] = found / whole
        return moved

    def _without(self, outcome: str, code: Ints, after: Measure, before: Measure) -> float | None:
        from analysis.inference.stacked import stacked_after, stacked_ratio

        cells = self.study.cells
        shared: dict[str, Any] = {
            "n": cells.n, "after": cells.total(after), "arm": cells.keys["arm"], "stratum": code, "part": self.part,
        }  # fmt: skip
        try:
            if outcome in _AFTER_ONLY:
                return stacked_after(outcome, "", **shared).ratio
            return stacked_ratio(outcome, "", before=cells.total(before), group=cells.keys["month"], **shared).ratio
        except DesignError:
            return None

    def _told(self, outcome: str, estimate: Estimate, checks: tuple[Check, ...], sensitivity: Sensitivity) -> Effect:
        grade = grade_of(checks)
        claim = claim_of(
            estimate,
            who=f"Customers whose first social contact was from {self.dates['index_from']} to {self.dates['index_to']}",
            against="similar customers whose issue of the same month went to another channel",
            when=window_after(self.dates["after_months"]),
            grade=grade,
            segment=self.segment,
            unless=unless(sensitivity) if grade == "B" else None,
        )
        return Effect(
            **self._names(outcome, estimate.scale), estimate=estimate, grade=grade, checks=checks, claim=claim
        )

    def _refused(self, outcome: str, scale: Scale, reason: str) -> Effect:
        return Effect(
            **self._names(outcome, scale), n_treated=self.n_treated, reason=reason, grade="D", claim=refusal(reason)
        )

    def _names(self, outcome: str, scale: Scale) -> dict[str, Any]:
        """What an effect is called, claimed or refused."""
        return {
            "design": DESIGN,
            "estimand": ESTIMAND,
            "treated": TREATED,
            "comparison": COMPARISON,
            "outcome": outcome,
            "scale": scale,
            "segment": self.segment,
            **self.dates,
        }


def on_orders(check: Check) -> Check:
    """A gate that an outcome without a path of its own takes over."""
    return replace(check, detail=f"Tested on orders: {check.detail[:1].lower()}{check.detail[1:]}")
