"""What does the observational study say of users whom nobody assigned, and what is true of them? Groups, and contacts.

Groups are customers of whom some became users by themselves, for reasons that are on record or hidden; first contacts
come from the companies of the first generator, with the rows that tables would give. Either is studied by the function
that serves tables. Beside it stand the raw gap between users and others, which is forbidden, and the roads that rest on
weights or on pairs alone. Where a hidden cause was planted, its bias is known: it is set beside what the study found,
and the study's interval divided by it is recorded as an estimator of its own, as its claims say it may be.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.sensitivity import bounding_factor, planted_bias
from analysis.runner.proving.hazards import Hazard
from analysis.runner.proving.records import DEFAULT, Asked, Records, Told, each
from analysis.runner.proving.worlds import company_of
from analysis.studies.observational.contacts import rows_of_stack
from analysis.studies.observational.covariates import category, numeric
from analysis.studies.observational.fit import fit
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.rows import ObservationalRows, Placebo
from analysis.studies.observational.study import observational_on
from analysis.studies.result import Check
from analysis.synthetic.user_groups import REGIONS, Users, user_truth, user_world, users

if TYPE_CHECKING:
    from analysis.studies.observational.result import ObservationalResult
    from analysis.studies.result import Effect, Verdict

FIRSTS = "firsts_"
"""What the names begin with of companies whose first contacts are studied; the rest names their world."""
TIMES_FIRSTS = 2
"""First contacts are few among a company's customers: their companies are so many times as large as was asked."""
GROUPS = ObservationalPlan(
    experiment="club", treated="users", comparison="others", outcomes=("orders", "spend"),
    covariates=("age", "region", "early_orders"), placebo_outcomes=("late_orders",),
)  # fmt: skip
CONTACTS = ObservationalPlan(outcomes=("orders",))
USER_GAP, WEIGHTED, MATCHED = "user_gap", "weighted", "matched"
"""Estimators beside the study; the first is forbidden."""
LESS_BIAS = "orders_ratio:less_planted_bias"
"""The study's answer divided by the planted bias, which no study knows."""
NAMES_BIAS = "claim_names_bias"
"""The check that every claim of an effect names the bias that would explain it away."""
_FACTOR = re.compile(r"\(a bias factor of ([0-9.]+)\)")


def proved_worlds(hazard: Hazard, seeds: Iterable[int], asked: Asked) -> Records:
    """The records of some companies of one hazard."""
    return each(proved_world, hazard, seeds, asked)


def proved_world(hazard: Hazard, seed: int, asked: Asked) -> dict[str, pd.DataFrame]:
    """The records of one company, as frames by name."""
    contacts = hazard.name.startswith(FIRSTS)
    plan = CONTACTS if contacts else GROUPS
    size = asked.customers * (TIMES_FIRSTS if contacts else 1)
    if asked.files:
        from analysis.runner.proving.observational_through_files import observational_through_files

        world = hazard.name.removeprefix(FIRSTS)
        result, known = observational_through_files(world, seed, size, plan)
        told = _told(hazard, seed, size, known)
        _study(told, result, asked)
        return told.frames()
    rows, known = (_contacts if contacts else _groups)(hazard, seed, size)
    told = _told(hazard, seed, size, known)
    if asked.light:
        _light(told, rows, plan)
    else:
        _study(told, observational_on(rows, plan), asked)
    if not contacts and user_world(hazard.name).hidden and not user_world(hazard.name).lasting:
        _planted(told)
    return told.frames()


def rows_of_users(found: Users) -> ObservationalRows:
    """The customers as the rows of the study: what tables would give, in the same order."""
    n = len(found.user)
    return ObservationalRows(
        treated_name="users",
        comparison_name="others",
        who="Customers of users",
        against="similar customers of others",
        when="",
        treated=found.user,
        customer=np.arange(n),
        cell=np.zeros(n, dtype=np.int64),
        after={"orders": found.orders.astype(np.float64), "spend": found.spend / 100},
        units={name: f"{name} per customer" for name in ("orders", "spend")},
        covariates=(
            numeric("age", found.age),
            category("region", np.array(REGIONS, dtype=object)[found.region]),
            numeric("early orders", found.early),
        ),
        placebos={
            "late_orders": Placebo(
                after=found.late.astype(np.float64),
                what="The study on late orders, measured before, with the column itself left out.",
                without="late orders",
            )
        },
    )


def truth_of_users(name: str) -> dict[str, float]:
    """By estimand; spend in whole units of money, as the rows have it."""
    known = dict(user_truth(name).effects)
    return known | {"spend_difference": known["spend_difference"] / 100}


def _groups(hazard: Hazard, seed: int, customers: int) -> tuple[ObservationalRows, Mapping[str, float]]:
    return rows_of_users(users(hazard.name, seed, customers)), truth_of_users(hazard.name)


def _contacts(hazard: Hazard, seed: int, customers: int) -> tuple[ObservationalRows, Mapping[str, float]]:
    """A company of the first generator; its truth is that of the index issues that went to social."""
    world = replace(hazard, name=hazard.name.removeprefix(FIRSTS), estimands=("orders_ratio", "orders_difference"))
    company = company_of(world, seed, customers)
    stack, followed = company.stack, replace(company.stack.layout, outcomes=("orders",))
    return rows_of_stack(stack.rows(), followed, CONTACTS, account=stack.account), company.truth


def _told(hazard: Hazard, seed: int, customers: int, known: Mapping[str, float]) -> Told:
    return Told(hazard, seed, customers, {name: known[name] for name in hazard.estimands if name in known})


def _study(told: Told, result: ObservationalResult, asked: Asked) -> None:
    """What the study says of all customers, the verdicts of its gates, the raw gap and the roads beside."""
    for effect in result.effects:
        estimand = f"{effect.outcome}_{effect.scale}"
        if effect.naive:
            if asked.forbidden:
                told.effect(USER_GAP, estimand, effect.estimate)
        elif not effect.segment:
            told.effect(DEFAULT, estimand, effect.estimate, effect.grade)
            if effect.scale == "ratio" and effect.estimate is not None:
                told.gates(effect.outcome, [names_bias(effect)])
            if effect.scale == "difference":
                told.gates(effect.outcome, effect.checks)
                if effect.estimate is None and f"{effect.outcome}_ratio" in told.truth:
                    told.effect(DEFAULT, f"{effect.outcome}_ratio", None)
    if asked.forbidden:
        for line in result.beside.to_dict("records"):
            if line["estimator"] in (WEIGHTED, MATCHED):
                told.effect(str(line["estimator"]), f"{line['outcome']}_difference", _as_estimate(line))


def names_bias(effect: Effect) -> Check:
    """Does a claim of a ratio name the factor at the near end of its interval, and only where it claims an effect?

    Parameters
    ----------
    effect : Effect
        With an estimate of a ratio.
    """
    assert effect.estimate is not None
    said = _FACTOR.search(effect.claim)
    named = None if said is None else said[1]
    found = effect.estimate
    needed = f"{found.low if found.value > 1 else found.high:.4g}" if found.excludes_no_effect else None
    told = needed is None or "unrecorded cause" in effect.claim
    verdict: Verdict = "passed" if named == needed and told else "failed"
    return Check(name=NAMES_BIAS, verdict=verdict, detail=f"Named: {named}; needed: {needed}.", gate=True)


def _as_estimate(line: Mapping[str, object]) -> Estimate | None:
    """A road beside, which the study tells by its numbers."""
    if line["reason"]:
        return None
    value, low, high = (float(line[name]) for name in ("value", "low", "high"))  # type: ignore[arg-type]
    return Estimate(
        name=str(line["outcome"]), value=value, low=low, high=high, level=GROUPS.level,
        se=(high - low) / 2 / _NORMAL, scale="difference", unit=str(line["unit"]), n_treated=0, n_comparison=0,
        method=str(line["estimator"]),
    )  # fmt: skip


_NORMAL = 1.959963984540054


def _light(told: Told, rows: ObservationalRows, plan: ObservationalPlan) -> None:
    """The estimates alone, by the study's own fit: no gates, no grade."""
    asked = {name: (rows.after[name], rows.before.get(name)) for name in rows.after}
    try:
        found = fit(rows, plan, asked)
    except DesignError:
        for estimand in told.truth:
            told.effect(DEFAULT, estimand, None)
        return
    for name, effect in found.effects.items():
        told.effect(DEFAULT, f"{name}_difference", effect.difference(name, unit=rows.units[name]))
        told.effect(DEFAULT, f"{name}_ratio", effect.ratio(name))


def _planted(told: Told) -> None:
    """The bias of the planted cause by the formula, beside the one found; and the interval less that bias."""
    known = user_truth(told.hazard.name)
    rows = [row for row in told.lists["effects"] if row[3:5] == (DEFAULT, "orders_ratio")]
    if not rows or math.isnan(rows[0][6]):
        return
    *where, _, truth, value, low, high, se, _, n_treated = rows[0]
    growth = user_world(told.hazard.name).hidden_growth
    share = known.share_users, known.share_others
    tie = max(share[0] / share[1], (1 - share[1]) / (1 - share[0]))
    formula = math.log(planted_bias(*share, growth))
    bound = math.log(bounding_factor(max(growth, 1 / growth), max(tie, 1 / tie)))
    told.lists["hidden"].append((told.hazard.name, told.seed, *share, growth, formula, bound, math.log(value / truth)))
    less = [number / known.bias for number in (value, low, high)]
    told.lists["effects"].append((*where, LESS_BIAS, truth, *less, se, "D", n_treated))
