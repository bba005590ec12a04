"""What does the case in money say in one made-up company, and what is it truly worth there?

A company of the channel's first generator is lived in arrays, with margins and costs; the channel study is run on it;
its effects and their covariance go into the case by the very functions that serve tables; and the net present value
before haircuts is set down beside the true one. One study serves two cases: one knows the assumptions' true values, the
other knows their ranges, from which the true values were drawn. Beside them stand cases that are forbidden. What is
assumed, and the true worth, is left to `money_stated`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.roi.assembly import assembled
from analysis.roi.inputs import Inputs
from analysis.roi.request import RoiRequest
from analysis.roi.simulation import Model, Simulated, simulated
from analysis.roi.stated import Stated
from analysis.runner.proving.hazards import CHANCE, MONEY, VALUED, Hazard
from analysis.runner.proving.money_stated import (
    AT_MARGINAL,
    CURRENCY,
    Worth,
    assumed_of,
    known,
    ranged,
    request_of,
    true_npv,
)
from analysis.runner.proving.records import DEFAULT, Asked, Records, Told, each
from analysis.runner.proving.worlds import RULES, events_of_lean
from analysis.studies.channel import ChannelPlan, channel_on
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.stack_rows import layout_of, rows_of
from analysis.synthetic.clock import FIRST_MONTH, N_MONTHS
from analysis.synthetic.lean import LeanLife, lean_life, lean_truth
from analysis.synthetic.world import World, world_named

KNOWN, DRAWN = VALUED
NPV = "npv_"
LESS_ONE, APART, USER_GAP, AVERAGE = "factor_less_one", "drawn_apart", "user_gap", "average_cost"
"""Cases that are forbidden."""
FULL_COST = 1.6
"""The average cost of a contact or an issue, in marginal costs."""
MEASURES = ("orders", "margin", "support_cost")
LINES = frozenset({"repurchase", "issues_avoided", "channel_shift", "deflection"})
"""Benefits of each case; one that lacks any has no answer."""
REACH = 1.6448536269514722
"""Standard errors from the middle of a bell to either end of its 90 % interval."""
_PLAN = ChannelPlan(outcomes=("margin", "issues", "index_issue_cost"), zone="UTC", robust=False)

_LOTS = 90
"""Beside the seed of a company, seeds the lots by which its assumptions are drawn."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Company:
    """What the study of one company found, as `results.json` holds it, and what is true of its contacts."""

    effects: Rows
    covariance: Mapping[str, Any]
    worth: Worth


def proved_worlds(hazard: Hazard, seeds: Iterable[int], asked: Asked) -> Records:
    """The records of some companies of one hazard; through files there are none."""
    return Records.of([]) if asked.files else each(proved_world, hazard, seeds, asked)


def proved_world(hazard: Hazard, seed: int, asked: Asked) -> dict[str, pd.DataFrame]:
    """The records of one company, as frames by name."""
    company = company_of(hazard, seed, asked.customers)
    rng = np.random.default_rng([seed, _LOTS])
    assumed = assumed_of(company.worth, rng)
    at_base = {name: one.value for name, one in assumed.items()}
    at_lot = {name: one.drawn(rng) for name, one in assumed.items()}
    truth = {KNOWN: true_npv(company.worth, at_base), DRAWN: true_npv(company.worth, at_lot)}
    told = _Told(hazard, seed, asked.customers, truth)
    stated = known(assumed, at_base)
    told.case(DEFAULT, KNOWN, company, request_of(stated, seed))
    told.case(DEFAULT, DRAWN, company, request_of(ranged(assumed), seed))
    if asked.forbidden:
        for name, other, otherwise in forbidden(company, stated):
            told.case(name, KNOWN, other, request_of(otherwise, seed))
    if seed - hazard.first_seed < asked.gaps:
        gap = margin_gap(lean_life(_world(hazard), seed, asked.customers, measures=MEASURES, everywhere=True))
        other = replace(company, effects=_with_margin(company.effects, *gap))
        told.case(USER_GAP, KNOWN, other, request_of(stated, seed))
    return told.frames()


def company_of(hazard: Hazard, seed: int, customers: int) -> Company:
    """Live one company in arrays, run the channel study on it, and say what is true."""
    life = lean_life(_world(hazard), seed, customers, measures=MEASURES)
    truth = lean_truth(life)
    events = replace(
        events_of_lean(life),
        monthly={name: life.bought[name] for name in ("orders", "margin")},
        issue_cost=life.issue_cost_eur,
        currency=CURRENCY,
    )
    begin, end = FIRST_MONTH, FIRST_MONTH.plus(N_MONTHS - 1)
    rows, layout = rows_of(events, RULES, begin, end), layout_of(events, RULES, begin, end)
    found = channel_on(ArrayStack(rows, layout), _PLAN).to_parts()
    treated = int(((rows["study"] == 1) & (rows["arm"] == 1)).sum())
    worth = Worth(
        contacts=12 * treated / (layout.last.number - layout.first.number + 1),
        margin=truth["difference", "margin", "all"],
        issues=truth["difference", "issues", "all"],
        issues_cost=truth["difference", "support_cost", "all"],
        index_cost=truth["difference", "index_issue_cost", "all"],
        customers=customers,
    )
    return Company(found["effects"], found["effect_covariance"], worth)


def case_of(company: Company, request: RoiRequest) -> Simulated:
    """The case of a company: assembled and simulated as every case is.

    Raises
    ------
    DesignError
        If the study could not say what one of the lines needs.
    """
    built = assembled(request, company.effects, company.covariance, None).built
    if lacking := LINES - {line.id for line in built.lines if line.counted}:
        raise DesignError(f"The case lacks {', '.join(sorted(lacking))}.")
    model = Model(
        currency=request.currency,
        years=request.years,
        discount_rate=request.discount_rate,
        inputs=Inputs(built.quantities, built.together),
        lines=built.lines,
        haircuts=request.haircuts,
        draws=request.draws,
        seed=request.seed,
    )
    return simulated(model)


def forbidden(company: Company, stated: Mapping[str, Stated]) -> Iterable[tuple[str, Company, Mapping[str, Stated]]]:
    """Cases that nobody may make: by name, the company as it is then read, and what is then stated.

    Gains of (RR − 1) · what they bought, where post · (1 − 1/RR) is right; effects of one study drawn as if each came
    from a study of its own; average costs in the place of marginal ones.
    """
    yield LESS_ONE, replace(company, effects=_less_one(company.effects)), stated
    yield APART, replace(company, covariance={}), stated
    dearer = dict(stated) | {name: stated[name].times(FULL_COST) for name in AT_MARGINAL}
    booked = [_scaled(row, FULL_COST) if row["outcome"] == "index_issue_cost" else row for row in company.effects]
    yield AVERAGE, replace(company, effects=booked), dearer


def margin_gap(life: LeanLife) -> tuple[float, float]:
    """What users of social bring more than others in the months of a window, raw, with its standard error.

    Parameters
    ----------
    life : LeanLife
        With the margins of all customers in all months.
    """
    used = np.zeros(len(life.customers), dtype=bool)
    used[life.issue_customer[life.issue_social]] = True
    there = np.arange(N_MONTHS) >= life.customers.first_month[:, None]
    mean = (life.bought["margin"] * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    window = RULES.after_months * mean[there.any(axis=1)]
    users = used[there.any(axis=1)]
    parts = [window[users], window[~users]]
    error = math.sqrt(sum(float(part.var(ddof=1)) / len(part) for part in parts))
    return float(parts[0].mean() - parts[1].mean()), error


def _world(hazard: Hazard) -> World:
    return world_named(hazard.name.removeprefix(MONEY))


def _is_gain(row: Mapping[str, Any], outcome: str) -> bool:
    """Whether a row is the difference on that outcome which becomes money."""
    asked = (row["outcome"], row["scale"], row["estimand"]) == (outcome, "difference", "channel_effect")
    return asked and row["maturity"] == "mature" and row["value"] is not None


def _less_one(rows: Rows) -> Rows:
    """Every gain multiplied with its ratio: (RR − 1) · post / RR is what the study says, and (RR − 1) · post is not."""
    ratios = {
        row["outcome"]: float(row["value"])
        for row in rows
        if row["scale"] == "ratio" and row["estimand"] == "channel_effect" and row["maturity"] == "mature"
    }
    changed: list[Mapping[str, Any]] = []
    for row in rows:
        ratio = ratios.get(row["outcome"])
        if ratio is not None and _is_gain(row, row["outcome"]):
            changed.append({**row, "value": ratio * row["value"], "se": ratio**2 * row["se"]})
        else:
            changed.append(row)
    return changed


def _with_margin(rows: Rows, value: float, se: float) -> Rows:
    return [{**row, "value": value, "se": se} if _is_gain(row, "margin") else row for row in rows]


def _scaled(row: Mapping[str, Any], factor: float) -> Mapping[str, Any]:
    if row["value"] is None or row["se"] is None:
        return row
    return {**row, "value": factor * row["value"], "se": factor * row["se"]}


class _Told(Told):
    """Records of cases: the net present value with its 90 % interval, and the chance that it is above nothing.

    Of a chance the value is what was said, the truth 1 where the case is worth more than nothing, else 0.
    """

    def __init__(self, hazard: Hazard, seed: int, customers: int, truth: Mapping[str, float]) -> None:
        chances = {name.replace(NPV, CHANCE): float(npv > 0) for name, npv in truth.items()}
        super().__init__(hazard, seed, customers, {**truth, **chances})

    def case(self, estimator: str, estimand: str, company: Company, request: RoiRequest) -> None:
        """The case of a company, or that there is none."""
        where, chance = (self.where(estimator, name) for name in (estimand, estimand.replace(NPV, CHANCE)))
        try:
            found = case_of(company, request)
        except DesignError:
            self.lists["effects"].append((*where, *(math.nan,) * 4, "D", 0))
            return
        npv = found.npv
        low, middle, high = (math.nan if end is None else end for end in (npv.p5, npv.p50, npv.p95))
        contacts = round(company.worth.contacts)
        self.lists["effects"].append((*where, middle, low, high, (high - low) / (2 * REACH), "D", contacts))
        if estimator == DEFAULT:
            said = found.probability_npv_positive
            self.lists["effects"].append((*chance, said, *(math.nan,) * 3, "D", contacts))
