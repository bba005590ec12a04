"""What did it change for customers that their issue went to social, against the same customers going elsewhere?

The default before-and-after study. Estimand: the effect of the *index issue going to social*, later contacts as they
fall, on customers who chose social. The naive figures (their own before and after; users against non-users) are
computed beside it, because they are what everybody else reports. Gates that need more than this study's rows
(drift before the index, a placebo date, future social contact) are named as not run, which keeps the grade at C.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.compare import normal_quantile
from analysis.inference.estimate import Estimate, Scale
from analysis.inference.panel_effects import RatioDid, ratio_did
from analysis.studies.claim import claim_of, refusal
from analysis.studies.grade import grade_of
from analysis.studies.naive import naive_before_after, naive_user_gap
from analysis.studies.result import Check, Effect, effects_frame
from analysis.studies.sample import ATTRIBUTE, MEASURES, IndexRules, Stack, build_stack
from analysis.studies.soundness import unusable_attribute, unusable_margin
from analysis.studies.strata import Strata, balance, choose_strata, overlap

if TYPE_CHECKING:
    from analysis.tables.load import Tables

DESIGN, ESTIMAND = "before_after", "channel_effect"
TREATED, COMPARISON = "social", "other_channels"
FEWEST_CUSTOMERS = 50
LARGEST_SHARE = 0.05
BUYERS_PER_MONTH = 20
"""Fewer comparison rows with purchases before, in the mean month, make growth ratios that are too rough to use."""
BIAS_ALLOWED, BIAS_REFUSED = 0.2, 0.5
"""Small-sample bias in standard errors: beyond the first the check fails, beyond the second nothing is claimed."""
WIDEST = 1.0
"""Largest standard error of a log ratio of which anything is claimed."""
NOT_YET = ("issues", "support_cost", "index_issue_cost", "repurchased", "retained")
_SCALES: tuple[Scale, ...] = ("ratio", "difference")
_GATES_NOT_RUN = tuple(
    Check(name=name, verdict="not_run", detail=why, gate=True)
    for name, why in (
        ("pre_trend", "Drift between the groups before the index issue was not tested."),
        ("placebo_date", "The study was not repeated at a date at which nothing happened."),
        ("future_social", "Customers who turn to social only later were not compared before they did."),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlan:
    """What was decided before the data were looked at.

    `segments` and `strata` name columns of `customers` that are fixed: effects are shown for each of the first, and
    contacted customers are compared only with those who are alike in all of the second.
    """

    before_months: int = 6
    after_months: int = 6
    look_back_days: int = 0
    outcomes: tuple[str, ...] = ("orders", "revenue", "margin")
    segments: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    zone: str = "UTC"
    until: Month | None = None
    level: float = 0.95

    def rules(self) -> IndexRules:
        return IndexRules(
            before_months=self.before_months,
            after_months=self.after_months,
            look_back_days=self.look_back_days,
            zone=self.zone,
            until=self.until,
        )


@dataclass(frozen=True, slots=True)
class ChannelResult:
    """Effects and naive figures, the paths behind the chart, and the account of who was studied.

    `paths` has one row per outcome, group and month relative to the index month, with the mean per customer and its
    interval; comparison customers are scaled to the contacted ones' mean before, so that the growth can be compared.
    """

    effects: tuple[Effect, ...]
    paths: pd.DataFrame
    sample: Mapping[str, Any]
    notes: tuple[str, ...]
    covariance: Mapping[str, Any]

    def of(self, outcome: str, scale: Scale = "ratio") -> tuple[Effect, ...]:
        """The adjusted effects on one outcome: all customers first, then by segment."""
        return tuple(
            effect
            for effect in self.effects
            if effect.outcome == outcome and effect.scale == scale and not effect.naive
        )

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            "effects": [effect.to_dict() for effect in self.effects],
            "effect_covariance": dict(self.covariance),
        }

    def to_frame(self) -> pd.DataFrame:
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def channel_effect(tables: Tables, plan: ChannelPlan) -> ChannelResult:
    """By what factor did contacted customers buy more or less than they would have, had the issue gone elsewhere?

    Parameters
    ----------
    tables : Tables
        With `orders`, and `issues` or `touchpoints`.
    plan : ChannelPlan

    Returns
    -------
    ChannelResult
        Ratios, and differences per index contact over the after-window, in orders or money.

    Raises
    ------
    TooSoon, DesignError
        If no index month fits the data, or one of the groups is empty.

    Source
    ------
    Estimator and rules: `inference.panel_effects`, `studies.sample`, `studies.strata`.
    """
    outcomes, lacking = _outcomes(tables, plan.outcomes)
    segments, skipped = _attributes(tables, plan.segments, "Segment")
    strata, unused = _attributes(tables, plan.strata, "Stratum")
    attributes = tuple(dict.fromkeys([*segments, *strata]))
    stack = build_stack(tables, plan.rules(), outcomes=outcomes, attributes=attributes)
    study = _Study(stack, plan, attributes, strata)
    if not study.strata.weight.any():
        raise DesignError("In no month are there contacted and comparison customers who can be compared.")
    fits: dict[str, RatioDid] = {}
    effects = study.effects(outcomes, {}, np.ones(len(stack.rows), dtype=bool), fits)
    for name in segments:
        values = stack.rows[ATTRIBUTE + name].astype("string")
        for value in sorted(values.dropna().unique()):
            effects += study.effects(outcomes, {name: value}, (values == value).fillna(False).to_numpy(bool))
    if "orders" in outcomes:
        effects += [naive_before_after(stack, study.dates, plan.level), naive_user_gap(tables, study.dates, plan.level)]
    paths = pd.concat([study.paths(outcome) for outcome in outcomes], ignore_index=True)
    notes = (*lacking, *skipped, *unused, *study.notes())
    return ChannelResult(tuple(effects), paths, MappingProxyType(dict(stack.account)), notes, _covariance(fits))


def _outcomes(tables: Tables, wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    usable, notes = [], []
    for name in wanted:
        if name in NOT_YET:
            notes.append(f"`{name}` was left out: this version follows {', '.join(MEASURES)} only.")
        elif name in MEASURES:
            lack = unusable_margin(tables) if name == "margin" else None
            if lack is None:
                usable.append(name)
            else:
                notes.append(f"`{name}` was left out: {lack}")
    if not usable:
        raise DesignError(
            f"None of the outcomes asked for ({', '.join(wanted) or 'none'}) can be followed in `orders`; "
            f"this study follows {', '.join(MEASURES)}."
        )
    return usable, notes


def _attributes(tables: Tables, wanted: Sequence[str], kind: str) -> tuple[list[str], list[str]]:
    usable, notes = [], []
    for name in wanted:
        lack = unusable_attribute(tables, name)
        if lack is None:
            usable.append(name)
        else:
            notes.append(f"{kind} `{name}` was skipped: {lack}")
    return usable, notes


def _covariance(fits: Mapping[str, RatioDid]) -> dict[str, Any]:
    """Joint covariance of the log ratios over all customers, from each customer's influence on each."""
    if not fits:
        return {"ids": [], "matrix": []}
    influence = np.column_stack([fit.influence for fit in fits.values()])
    return {"ids": [f"{DESIGN}/{ESTIMAND}/{name}/ratio" for name in fits], "matrix": (influence.T @ influence).tolist()}


def _thin_months(fit: RatioDid) -> Check:
    share = abs(fit.bias_log) / float(fit.ratio.se_log or math.inf)
    return Check(
        name="enough_purchases_a_month",
        verdict="passed" if share <= BIAS_ALLOWED else "failed",
        detail=f"Months with few purchases push the ratio by about {share:.2f} of its standard error; "
        f"up to {BIAS_ALLOWED} is allowed.",
        gate=True,
    )


def _single(fit: RatioDid) -> Check:
    share = f"{fit.largest_share:.1%}".replace("%", " %")
    return Check(
        name="no_single_customer",
        verdict="failed" if fit.largest_share > LARGEST_SHARE else "passed",
        detail=f"The customer who moves the result most makes up {share} of its variance; above 5 % is too much.",
    )


class _Study:
    """One stack, with what every effect on it shares."""

    def __init__(self, stack: Stack, plan: ChannelPlan, attributes: Sequence[str], strata: Sequence[str]) -> None:
        self.stack, self.plan = stack, plan
        self.attributes = tuple(ATTRIBUTE + name for name in attributes)
        self.extra = tuple(ATTRIBUTE + name for name in strata)
        self.rows = stack.rows
        self.before = {name: stack.before(name) for name in stack.monthly}
        self.after = {name: stack.after(name) for name in stack.monthly}
        self.contacted = self.rows["contacted"].to_numpy(bool)
        self.strata = choose_strata(self.rows, self.extra)
        months = self.rows.loc[self.contacted, "month"]
        self.dates: dict[str, Any] = {
            "index_from": str(Month(int(months.min()))),
            "index_to": str(Month(int(months.max()))),
            "before_months": plan.before_months,
            "after_months": plan.after_months,
        }

    def unit(self, outcome: str) -> str:
        return "orders per customer" if outcome == "orders" else f"{self.stack.currency or 'money'} per customer"

    def notes(self) -> list[str]:
        if self.strata.coarsened == 0:
            return []
        cells = self.strata.description
        return [f"Cells were made coarser, so that nearly every contacted customer has a comparison: {cells}."]

    def effects(
        self,
        outcomes: Sequence[str],
        segment: Mapping[str, str],
        part: NDArray[np.bool_],
        fits: dict[str, RatioDid] | None = None,
    ) -> list[Effect]:
        """The effects on both scales for one part of the rows, or their refusals."""
        rows = self.rows[part]
        contacted = self.contacted[part]
        sizes: dict[str, Any] = {
            "n_treated": int(contacted.sum()),
            "n_comparison": int(rows.loc[~contacted, "customer"].nunique()),
        }
        if min(sizes.values()) < FEWEST_CUSTOMERS:
            reason = (
                f"{sizes['n_treated']:,} contacted and {sizes['n_comparison']:,} comparison customers; "
                f"each group needs {FEWEST_CUSTOMERS}."
            )
            return [self._refused(name, scale, segment, reason, sizes) for name in outcomes for scale in _SCALES]
        strata = self.strata if part.all() else choose_strata(rows, self.extra)
        if not strata.weight.any():
            reason = "in no month are there contacted and comparison customers who can be compared."
            return [self._refused(name, scale, segment, reason, sizes) for name in outcomes for scale in _SCALES]
        alike = (overlap(strata), balance(rows, strata, self.attributes))
        found: list[Effect] = []
        for outcome in outcomes:
            try:
                fit = self._fit(outcome, rows, part, strata)
            except DesignError as refused:
                found += [self._refused(outcome, scale, segment, str(refused), sizes) for scale in _SCALES]
                continue
            if fits is not None:
                fits[outcome] = fit
            checks = (*alike, _thin_months(fit), _single(fit), *_GATES_NOT_RUN)
            found += [self._effect(outcome, estimate, segment, checks) for estimate in (fit.ratio, fit.difference)]
        return found

    def _fit(self, outcome: str, rows: pd.DataFrame, part: NDArray[np.bool_], strata: Strata) -> RatioDid:
        bought = (self.before[outcome][part] > 0) & (strata.weight > 0) & ~rows["contacted"].to_numpy(bool)
        buyers = bought.sum() / rows.loc[rows["contacted"], "month"].nunique()
        if buyers < BUYERS_PER_MONTH:
            raise DesignError(
                f"a month holds {buyers:.1f} comparison customers who bought before, in the mean; with fewer than "
                f"{BUYERS_PER_MONTH} its growth is too rough to carry anything forward."
            )
        fit = ratio_did(
            name=outcome,
            unit=self.unit(outcome),
            before=self.before[outcome][part],
            after=self.after[outcome][part],
            contacted=rows["contacted"],
            month=rows["month"],
            weight=strata.weight,
            customer=rows["customer"],
            level=self.plan.level,
        )
        error = float(fit.ratio.se_log or 0.0)
        if error == 0 or error > WIDEST or abs(fit.bias_log) > BIAS_REFUSED * error:
            raise DesignError(
                f"the ratio cannot be told well enough: its standard error is {error:.2g} on the log scale and its "
                f"small-sample bias about {fit.bias_log:+.2g}. Use a longer window, fewer segments or more data."
            )
        return fit

    def _effect(
        self, outcome: str, estimate: Estimate, segment: Mapping[str, str], checks: tuple[Check, ...]
    ) -> Effect:
        grade = grade_of(checks)
        claim = claim_of(
            estimate,
            who=f"Customers whose first social contact was from {self.dates['index_from']} to {self.dates['index_to']}",
            against="similar customers whose issue of the same month went to another channel",
            when=f"in the {self.plan.after_months} months after",
            grade=grade,
            segment=segment,
        )
        names = self._names(outcome, estimate.scale, segment)
        return Effect(**names, estimate=estimate, grade=grade, checks=checks, claim=claim)

    def _refused(
        self, outcome: str, scale: Scale, segment: Mapping[str, str], reason: str, sizes: Mapping[str, Any]
    ) -> Effect:
        names = self._names(outcome, scale, segment)
        return Effect(**names, **sizes, reason=reason, grade="D", claim=refusal(reason))

    def _names(self, outcome: str, scale: Scale, segment: Mapping[str, str]) -> dict[str, Any]:
        """What an effect is called, claimed or refused."""
        return {
            "design": DESIGN,
            "estimand": ESTIMAND,
            "treated": TREATED,
            "comparison": COMPARISON,
            "outcome": outcome,
            "scale": scale,
            "segment": segment,
            **self.dates,
        }

    def paths(self, outcome: str) -> pd.DataFrame:
        """Mean per customer and month around the index month, with intervals clustered by customer."""
        monthly, weight = self.stack.monthly[outcome], self.strata.weight
        customer = self.rows["customer"].to_numpy()
        half = normal_quantile(self.plan.level)
        frames, levels = [], {}
        for group, rows in (("contacted", self.contacted), ("comparison", ~self.contacted)):
            mask = rows & (weight > 0)
            share = weight[mask] / weight[mask].sum()
            mean = share @ monthly[mask]
            spread = np.zeros_like(mean)
            for place in range(mean.size):
                influence = np.bincount(customer[mask], weights=share * (monthly[mask, place] - mean[place]))
                spread[place] = math.sqrt(float(influence @ influence))
            levels[group] = mean[: self.plan.before_months].mean()
            scale = 1.0 if group == "contacted" or levels[group] == 0 else levels["contacted"] / levels[group]
            frames.append(
                pd.DataFrame(
                    {
                        "outcome": outcome,
                        "group": group,
                        "month": np.arange(-self.plan.before_months, self.plan.after_months + 1),
                        "mean": mean * scale,
                        "low": (mean - half * spread) * scale,
                        "high": (mean + half * spread) * scale,
                        "unit": self.unit(outcome).replace("per customer", "per customer and month"),
                    }
                )
            )
        return pd.concat(frames, ignore_index=True)
