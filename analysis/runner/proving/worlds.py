"""What do the channel study, raw figures and forbidden estimators say in one made-up company, and what is true there?

A company is lived in arrays, its events are made into the rows of a study, the study is run on them by the very
function that serves tables, and everything it says is set down as records beside the truth. The other designs have
rooms of their own; which companies and in which processes is left to `running`, what records mean to `tallies`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.panel_effects import count_weights
from analysis.inference.sensitivity import bounding_factor, planted_bias
from analysis.runner.proving.forbidden import FORBIDDEN, STRATUM, default_on_rows, total, user_gap
from analysis.runner.proving.hazards import Hazard
from analysis.runner.proving.light import light_estimates
from analysis.runner.proving.records import DEFAULT, Asked, Records, Told, each
from analysis.runner.proving.second_roads import bootstrap_logs, poisson_effect
from analysis.studies.channel import ChannelPlan, channel_on
from analysis.studies.sample import IndexRules
from analysis.studies.stack import Layout
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.stack_rows import NEVER, Events, layout_of, rows_of
from analysis.studies.strata import choose_strata
from analysis.synthetic.block import NO_INSTANT, blocks_of
from analysis.synthetic.clock import FIRST_MONTH, N_MONTHS
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.lean import LeanLife, lean_life, lean_truth
from analysis.synthetic.subscription_firm.arrays import FirmLife, firm_life
from analysis.synthetic.subscription_firm.firm import PRODUCTS as FIRM_PRODUCTS
from analysis.synthetic.world import PRODUCTS, REGIONS, SOCIAL, world_named

if TYPE_CHECKING:
    from analysis.studies.channel_result import ChannelResult

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Truths = Mapping[str, float]

RULES = IndexRules()
BEFORE_AFTER, USER_GAP = "before_after", "user_gap"
"""Names of the raw figures."""
FRAGILE = "fragile"
"""The planted cause: a customer whom issues harm more."""


@dataclass(frozen=True, slots=True)
class Company:
    """The rows of one company's study, and what is true of it; who has the planted cause, by row of the study."""

    stack: ArrayStack
    truth: Truths
    fragile: Flags | None


def proved_worlds(hazard: Hazard, seeds: Iterable[int], asked: Asked) -> Records:
    """The records of some companies of one hazard."""
    return each(proved_world, hazard, seeds, asked)


def proved_world(hazard: Hazard, seed: int, asked: Asked) -> dict[str, pd.DataFrame]:
    """The records of one company, as frames by name."""
    if asked.files:
        from analysis.runner.proving.through_files import result_through_files

        result, truth = result_through_files(hazard, seed, asked.customers, plan_of(hazard))
        told = Told(hazard, seed, asked.customers, truth)
        _study(told, result)
        return told.frames()
    company = company_of(hazard, seed, asked.customers)
    told = Told(hazard, seed, asked.customers, company.truth)
    if asked.light:
        for estimand, estimate in light_estimates(company.stack, hazard.estimands).items():
            told.effect(DEFAULT, estimand, estimate)
    else:
        _study(told, channel_on(company.stack, plan_of(hazard)))
    nth = seed - hazard.first_seed
    if not (asked.forbidden or nth < asked.roads or company.fragile is not None or nth < asked.gaps):
        return told.frames()
    rows = study_rows(company.stack)
    if asked.forbidden:
        _forbidden(told, rows, company.stack.layout)
    if nth < asked.gaps and not hazard.firm:
        told.effect(USER_GAP, "orders_ratio", _gap_of_whole_company(hazard, seed, asked.customers))
    if company.fragile is not None:
        _planted(told, rows, company.fragile, company.stack.layout)
    if nth < asked.roads:
        _roads(told, rows, company.stack.layout)
    return told.frames()


def plan_of(hazard: Hazard) -> ChannelPlan:
    """The study of a company of that hazard: the default one, by and within regions where effects differ by region."""
    regional = any("region=" in name for name in hazard.estimands)
    return ChannelPlan(
        outcomes=("orders", "issues", *(("retained",) if hazard.firm else ())),
        segments=("region",) if regional else (),
        strata=("region",) if regional else (),
        zone="UTC",
        robust=False,
    )


def company_of(hazard: Hazard, seed: int, customers: int) -> Company:
    """Live one company of a hazard in arrays, and make the rows of its study."""
    if hazard.firm:
        firm = firm_life(hazard.name, seed, customers)
        truth = {f"{outcome}_{scale}": value for (outcome, scale), value in firm.truth.items()}
        return _company(hazard, events_of_firm(firm), Month(firm.begin), Month(firm.end), truth)
    life = lean_life(world_named(hazard.name), seed, customers)
    regional = any("region=" in name for name in hazard.estimands)
    truth = {
        f"{outcome}_{scale}" + ("" if where == "all" else f":region={where}"): value
        for (scale, outcome, where), value in lean_truth(life).items()
    }
    events = events_of_lean(life, region=regional, fragile=hazard.hidden)
    return _company(hazard, events, FIRST_MONTH, FIRST_MONTH.plus(N_MONTHS - 1), truth)


def events_of_lean(life: LeanLife, *, region: bool = False, fragile: bool = False) -> Events:
    """A life of the first generator as the events of a study, with what is asked for as attributes."""
    people, months = life.customers, FIRST_MONTH.number
    attributes, labels = {}, {"product": tuple(sorted(PRODUCTS))}
    if region:
        attributes["region"], labels["region"] = _in_order(REGIONS)[people.region], tuple(sorted(REGIONS))
    if fragile:
        attributes[FRAGILE], labels[FRAGILE] = people.fragile.astype(np.int64), ("no", "yes")
    return Events(
        origin=FIRST_MONTH,
        first_month=months + people.first_month,
        monthly={"orders": life.bought["orders"]},
        issue_customer=life.issue_customer,
        issue_month=months + life.issue_month,
        issue_time=life.issue_opened,
        issue_social=life.issue_social,
        issue_product=_in_order(PRODUCTS)[people.product[life.issue_customer]],
        contact_time=np.where(life.first_contact == NO_INSTANT, NEVER, life.first_contact),
        attributes=attributes,
        labels=labels,
    )


def events_of_firm(life: FirmLife) -> Events:
    """A life of the second generator as the events of a study."""
    first_contact = np.full(len(life), NEVER)
    on_social = life.issue_social
    np.minimum.at(first_contact, life.issue_customer[on_social], life.issue_opened[on_social])
    return Events(
        origin=Month(life.begin),
        first_month=life.first_month,
        monthly={"orders": life.orders.astype(float)},
        issue_customer=life.issue_customer,
        issue_month=life.issue_month,
        issue_time=life.issue_opened,
        issue_social=life.issue_social,
        issue_product=life.issue_product,
        contact_time=first_contact,
        running=life.running,
        labels={"product": FIRM_PRODUCTS},
    )


def study_rows(stack: ArrayStack) -> pd.DataFrame:
    """The rows whose windows are over, with the code of the stratum that the default study puts each in."""
    rows = stack.rows()
    rows = rows[rows["study"] == 1].reset_index(drop=True)
    cells = stack.cells(stack.layout.columns)
    strata = choose_strata(cells, stack.layout, stack.layout.attributes)
    keys = pd.MultiIndex.from_arrays([cells.keys[name] for name in cells.keys])
    place = keys.get_indexer(pd.MultiIndex.from_arrays([rows[name] for name in cells.keys]))
    return rows.assign(**{STRATUM: strata.code[place]})


def _company(hazard: Hazard, events: Events, begin: Month, end: Month, truth: Mapping[str, float]) -> Company:
    rows, layout = rows_of(events, RULES, begin, end), layout_of(events, RULES, begin, end)
    fragile = None
    if FRAGILE in layout.attributes:  # what nobody recorded is no attribute of a study
        column = layout.code(FRAGILE)
        fragile = rows.loc[rows["study"] == 1, column].to_numpy() == 1
        rows = rows.drop(columns=column)
        seen = {name: codes for name, codes in events.attributes.items() if name != FRAGILE}
        layout = layout_of(replace(events, attributes=seen), RULES, begin, end)
    asked = {name: truth[name] for name in hazard.estimands if name in truth}
    return Company(ArrayStack(rows, layout), MappingProxyType(asked), fragile)


def _in_order(names: Sequence[str]) -> Ints:
    """The place of each name among the sorted ones."""
    return np.argsort(np.argsort(names))


def _study(told: Told, result: ChannelResult) -> None:
    """What the study says: its effects, all customers and regions, and the verdicts of its gates."""
    for effect in result.effects:
        if effect.naive:
            estimator = USER_GAP if effect.estimand == "naive_user_gap" else BEFORE_AFTER
            told.effect(estimator, f"{effect.outcome}_{effect.scale}", effect.estimate, effect.grade)
        elif effect.estimand == "channel_effect" and effect.maturity == "mature":
            where = "".join(f":{column}={value}" for column, value in effect.segment.items())
            told.effect(DEFAULT, f"{effect.outcome}_{effect.scale}{where}", effect.estimate, effect.grade)
            if effect.scale == "ratio" and not where:
                told.gates(effect.outcome, effect.checks)


def _forbidden(told: Told, rows: pd.DataFrame, layout: Layout) -> None:
    for name, (estimand, estimator) in FORBIDDEN.items():
        told.effect(name, estimand, _tried(lambda estimator=estimator: estimator(rows, layout)))  # type: ignore[misc]


def _tried(estimator: Callable[[], Estimate]) -> Estimate | None:
    try:
        return estimator()
    except DesignError:
        return None


def _gap_of_whole_company(hazard: Hazard, seed: int, customers: int) -> Estimate:
    """The raw gap needs everybody's orders of all months: the company is made once more, whole."""
    parts = list(blocks_of(world_named(hazard.name), seed=seed, customers=customers))
    orders, user = [], []
    for block in parts:
        kept = block.orders.cancelled == UNKNOWN
        orders.append(np.bincount(block.orders.customer[kept], minlength=len(block.customers)).astype(float))
        used = np.zeros(len(block.customers), dtype=bool)
        used[block.issues.customer[block.issues.channel == SOCIAL]] = True
        user.append(used)
    return user_gap(np.concatenate(orders), np.concatenate(user))


def _planted(told: Told, rows: pd.DataFrame, fragile: Flags, layout: Layout) -> None:
    """The bias that the planted cause must make by the formula, from what no study sees: who has it.

    Shares are of orders before, comparison customers weighted as in the study; growth is that of the comparison
    customers with the cause over that of those without.
    """
    arm = rows["arm"].to_numpy() == 1
    weight = count_weights(rows[STRATUM].to_numpy(), arm)
    before = weight * total(rows, "orders", -layout.before, -1)
    after = weight * total(rows, "orders", 1, layout.after)
    share = [float(before[side & fragile].sum() / before[side].sum()) for side in (arm, ~arm)]
    growths = [after[~arm & has].sum() / before[~arm & has].sum() for has in (fragile, ~fragile)]
    growth = float(growths[0] / growths[1])
    tie = max(share[0] / share[1], (1 - share[1]) / (1 - share[0]))
    bound = bounding_factor(max(growth, 1 / growth), max(tie, 1 / tie))
    found = default_on_rows(rows, layout)
    truth = told.truth["orders_ratio"]
    numbers = (math.log(planted_bias(share[0], share[1], growth)), math.log(bound), math.log(found.value / truth))
    told.lists["hidden"].append((told.hazard.name, told.seed, *share, growth, *numbers))


def _roads(told: Told, rows: pd.DataFrame, layout: Layout) -> None:
    default, poisson = default_on_rows(rows, layout), poisson_effect(rows, layout)
    drawn = bootstrap_logs(rows, layout)
    numbers = (
        math.log(default.value),
        default.se_log,
        math.log(poisson.value),
        poisson.se_log,
        float(drawn.std(ddof=1)),
    )
    told.lists["roads"].append((told.hazard.name, told.seed, *numbers))
