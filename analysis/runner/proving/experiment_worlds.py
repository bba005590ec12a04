"""What do the estimators of experiments say in one made-up experiment, and what is true there?

The experiment is drawn in arrays, and the functions that the study of experiments calls are run on it: customers one by
one, within strata, by clusters, by blocks of time, by an invitation that some follow, and looked at along the way. As
in the study, nothing is told where the sample ratio fails. Beside them stand what people do instead: customers counted
one by one where groups were assigned, strata forgotten, sessions counted as if each were a customer, users less others,
an interval made for one look that is looked at again and again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress

import numpy as np
import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.adjusted import adjusted_difference, adjusted_ratio
from analysis.inference.always_valid import always_valid
from analysis.inference.clustered import clustered_difference
from analysis.inference.compare import SAMPLE_RATIO_P, difference_in_means, sample_ratio
from analysis.inference.complier import Complier, complier_effect
from analysis.inference.estimate import Estimate
from analysis.inference.few_clusters import difference_of_clusters
from analysis.inference.moments import Moments
from analysis.inference.quantile_effect import quantile_effect
from analysis.inference.ratio_metric import ratio_metric_difference, ratio_metric_ratio
from analysis.inference.switchback import part_of, switchback_effect
from analysis.inference.winsor import cap_of
from analysis.runner.proving.experiment_strata import ratio_p, tell_strata
from analysis.runner.proving.experiment_sums import Ints, along, arms_of, exact_moments, groups_of, units_of
from analysis.runner.proving.hazards import Hazard
from analysis.runner.proving.records import DEFAULT, Asked, Records, Told, each
from analysis.synthetic.experiments.trial import Trial, trial

ONE_BY_ONE, SESSIONS, PEEKING, USERS, EARLY, IGNORED = (
    "one_by_one", "session_by_session", "peeking", "took_it_up", "no_washout", "ratio_ignored",
)  # fmt: skip
"""Estimators beside what stands."""
MEASURES = ("bought", "orders", "spend", "sessions")
UNITS: Mapping[str, str] = {"bought": "share", "spend": "cents", "orders": "orders", "sessions": "sessions"}
RATIO = ("orders", "sessions")
BEFORE = "_before"
QUANTILE, CAP = 0.9, 0.99
LOOKS, FIRST_LOOK, LAST_LOOK = 17, 0.10, 0.475
"""Looks along the way; customers of an arm at the first and at the last, as a share of all that will come."""
LOTS = 499
"""Ways the lot could have fallen that are tried; the study tries ten times as many."""
SEEN_AT = 0.05


def proved_worlds(hazard: Hazard, seeds: Iterable[int], asked: Asked) -> Records:
    """The records of some experiments of one hazard."""
    return each(proved_world, hazard, seeds, asked)


def proved_world(hazard: Hazard, seed: int, asked: Asked) -> dict[str, pd.DataFrame]:
    """The records of one experiment, as frames by name."""
    if asked.files:
        from analysis.runner.proving.experiment_through_files import told_through_files

        return told_through_files(hazard, seed, asked.customers).frames()
    made = trial(hazard.name, seed, asked.customers)
    told = Told(hazard, seed, asked.customers, truths_of(hazard, made.truth))
    if not asked.light and not _ratio_holds(told, made):
        for estimand in told.truth:
            told.effect(DEFAULT, estimand, None)
        if asked.forbidden and hazard.kind == "broken":
            told.effect(IGNORED, "orders_difference", _plain(made, "orders"))
        return told.frames()
    family = hazard.name.partition("_")[0]
    answers = {"trial": _trial, "clusters": _clusters, "switchback": _switchback, "invitation": _invitation,
               "looks": _looks, "strata": tell_strata}[family]  # fmt: skip
    answers(told, made, asked, "D" if asked.light else "A")
    return told.frames()


def truths_of(hazard: Hazard, planted: Mapping[str, float]) -> dict[str, float]:
    """The truth of each estimand of a hazard: how it is estimated does not change what is true.

    Examples
    --------
    >>> from analysis.runner.proving.hazards import hazard_named
    >>> found = truths_of(hazard_named("clusters_many"), {"orders_difference": 0.2})
    >>> found["orders_difference:cuped"]
    0.2
    """
    return {name: planted[name if name in planted else name.partition(":")[0]] for name in hazard.estimands}


def _plain(made: Trial, measure: str) -> Estimate:
    treated, comparison = arms_of(made, [measure])
    return difference_in_means(treated, comparison, measure, unit=_unit(measure))


def _unit(measure: str) -> str:
    return f"{UNITS[measure]} per customer"


def _ratio_holds(told: Told, made: Trial) -> bool:
    """Whether as many units are in the arms as chance should have put there; told as a gate."""
    if made.stratum is not None:
        p_value = ratio_p(made)
        _gate(told, "arms", "sample_ratio", p_value < SAMPLE_RATIO_P, p_value)
        return p_value >= SAMPLE_RATIO_P
    units = made.treated if made.unit is None else units_of(made)[1]
    counts = {"treated": int(units.sum()), "comparison": int((~units).sum())}
    found = sample_ratio(counts, {"treated": made.intended, "comparison": 1 - made.intended})
    _gate(told, "arms", "sample_ratio", found.failed, found.p_value)
    return not found.failed


def _gate(told: Told, outcome: str, gate: str, failed: bool, p_value: float, value: float = math.nan) -> None:
    verdict = "failed" if failed else "passed"
    told.lists["gates"].append((told.hazard.name, told.seed, outcome, gate, verdict, p_value, value))


def _trial(told: Told, made: Trial, asked: Asked, grade: str) -> None:
    """Customers one by one: shares, means and ratios of sums, plain and with what was known before taken out."""
    treated, comparison = arms_of(made, [*MEASURES, *(f"{name}{BEFORE}" for name in MEASURES)])
    for measure in ("bought", "orders", "spend"):
        for how, covariates in (("", []), (":cuped", [f"{measure}{BEFORE}"])):
            found = (
                adjusted_difference(treated, comparison, measure, covariates=covariates, unit=_unit(measure))
                if covariates
                else difference_in_means(treated, comparison, measure, unit=_unit(measure))
            )
            told.effect(DEFAULT, f"{measure}_difference{how}", found, grade)
            relative = adjusted_ratio(treated, comparison, measure, covariates=covariates)
            told.effect(DEFAULT, f"{measure}_ratio{how}", relative, grade)
    unit = "orders per session"
    for how, earlier in (("", None), (":cuped", (f"{RATIO[0]}{BEFORE}", f"{RATIO[1]}{BEFORE}"))):
        found = ratio_metric_difference(treated, comparison, *RATIO, covariates=earlier, unit=unit)
        told.effect(DEFAULT, f"orders_per_session_difference{how}", found, grade)
        found = ratio_metric_ratio(treated, comparison, *RATIO, covariates=earlier)
        told.effect(DEFAULT, f"orders_per_session_ratio{how}", found, grade)
    spend = made.measures["spend"]
    told.effect(DEFAULT, "spend_difference:quantile", _quantile(spend[made.treated], spend[~made.treated]), grade)
    if "spend_difference:winsorised" in told.truth:
        told.effect(DEFAULT, "spend_difference:winsorised", _capped(made), grade)
    if asked.forbidden:
        told.effect(SESSIONS, "orders_per_session_difference", _by_session(treated, comparison))


def _quantile(treated: Ints, comparison: Ints) -> Estimate | None:
    with suppress(DesignError):
        return quantile_effect(treated, comparison, QUANTILE, unit="cents")
    return None


def _capped(made: Trial) -> Estimate:
    spend = made.measures["spend"]
    cap = cap_of({"treated": spend[made.treated], "comparison": spend[~made.treated]}, CAP)
    columns = {"spend": np.minimum(spend, int(cap.value))}
    arms = exact_moments(columns, made.treated), exact_moments(columns, ~made.treated)
    return difference_in_means(*arms, "spend", unit=_unit("spend"))


def _by_session(treated: Moments, comparison: Moments) -> Estimate:
    """The share of sessions that end in an order, as if each session were somebody else's."""
    one, other = (
        Moments(("orders",), int(group.total("sessions")), (group.total("orders"),), (group.total("orders"),))
        for group in (treated, comparison)
    )
    return difference_in_means(one, other, "orders", unit="orders per session")


def _clusters(told: Told, made: Trial, asked: Asked, grade: str) -> None:
    """Whole clusters: by their own sums, however few and uneven, and by moments where they are many."""
    names = ("orders", "orders_before")
    groups, (_, held) = groups_of(made, names), units_of(made)
    arms = part_of(groups, held), part_of(groups, ~held)
    unit = _unit("orders")
    told.effect(DEFAULT, "orders_difference", difference_of_clusters(*arms, "orders", unit=unit), grade)
    if "orders_difference:cuped" in told.truth:
        found = difference_of_clusters(*arms, "orders", covariates=["orders_before"], unit=unit)
        told.effect(DEFAULT, "orders_difference:cuped", found, grade)
        totals = {name: groups.sums[:, place].astype(np.int64) for place, name in enumerate(names)}
        totals["customers"] = groups.size.astype(np.int64)
        both = exact_moments(totals, held), exact_moments(totals, ~held)
        for how, covariates in ((":moments", []), (":moments_cuped", ["orders_before"])):
            found = clustered_difference(*both, "orders", "customers", covariates=covariates, unit=unit)
            told.effect(DEFAULT, f"orders_difference{how}", found, grade)
    if asked.forbidden:
        told.effect(ONE_BY_ONE, "orders_difference", _plain(made, "orders"))


def _switchback(told: Told, made: Trial, asked: Asked, grade: str) -> None:
    """Blocks of time, their first hour cut off; beside the interval what the lot itself says."""
    assert made.early is not None
    _, held = units_of(made)
    blocks = groups_of(made, ["orders"], ~made.early)
    full = blocks.size > 0
    previous = np.concatenate([[math.nan], held[:-1].astype(float)])
    found = switchback_effect(
        part_of(blocks, full), held[full], "orders", previous=previous[full], unit=_unit("orders"), draws=LOTS
    )
    told.effect(DEFAULT, "orders_difference", found.estimate, grade)
    if not asked.light:
        by_lot, carried = found.p_randomisation, found.carry_over
        _gate(told, "orders", "by_the_lot", by_lot < SEEN_AT, by_lot)
        if carried is not None:
            _gate(told, "orders", "carry_over", carried.excludes_no_effect, math.nan, carried.value)
    if asked.forbidden:
        whole = groups_of(made, ["orders"])
        uncut = difference_of_clusters(part_of(whole, held), part_of(whole, ~held), "orders", unit=_unit("orders"))
        told.effect(EARLY, "orders_difference", uncut)
        later = {"orders": made.measures["orders"][~made.early]}
        with_it = made.treated[~made.early]
        arms = exact_moments(later, with_it), exact_moments(later, ~with_it)
        told.effect(ONE_BY_ONE, "orders_difference", difference_in_means(*arms, "orders", unit=_unit("orders")))


def _invitation(told: Told, made: Trial, asked: Asked, grade: str) -> None:
    """An invitation that some follow: per customer invited, and per customer whom it moved."""
    unit = _unit("orders")
    try:
        found = complier_effect(*arms_of(made, ["orders", "used"]), "orders", "used", unit=unit)
    except DesignError:
        for estimand in told.truth:
            told.effect(DEFAULT, estimand, None)
        return
    told.effect(DEFAULT, "orders_difference", found.intention_to_treat, grade)
    told.effect(DEFAULT, "orders_difference:moved", found.estimate, grade)
    if "orders_difference:set" in told.truth:
        told.lists["effects"].append((*told.where(DEFAULT, "orders_difference:set"), *_set_of(found, told), grade, 0))
    if asked.forbidden:
        used = made.measures["used"] == 1
        orders = {"orders": made.measures["orders"]}
        if min(used.sum(), (~used).sum()) > 1:
            arms = exact_moments(orders, used), exact_moments(orders, ~used)
            told.effect(USERS, "orders_difference:moved", difference_in_means(*arms, "orders", unit=unit))


def _set_of(found: Complier, told: Told) -> tuple[float, float, float, float]:
    """The ratio, and of the effects not rejected the piece that holds the truth, if one does; and the ratio's error."""
    first, kept = found.first_stage.value, found.anderson_rubin
    if first == 0:
        return (math.nan,) * 4
    low, high = kept.low, kept.high
    if kept.kind == "half_lines":
        low, high = (-math.inf, low) if told.truth["orders_difference:set"] <= low else (high, math.inf)
    return found.intention_to_treat.value / first, low, high, found.intention_to_treat.se / abs(first)


def _looks(told: Told, made: Trial, asked: Asked, grade: str) -> None:
    """Looked at again and again: what all intervals have in common, and the last estimate."""
    customers = len(made.treated)
    first, last = int(FIRST_LOOK * asked.customers), int(LAST_LOOK * asked.customers)
    smaller = np.minimum(np.cumsum(made.treated), np.cumsum(~made.treated))
    wanted = np.linspace(first, min(last, int(smaller[-1])), LOOKS).astype(np.int64)
    ends = np.minimum(np.searchsorted(smaller, wanted) + 1, customers)
    for measure in ("orders", "spend"):
        told_of: dict[str, list[Estimate]] = {name: [] for name in (DEFAULT, PEEKING)[: 1 + asked.forbidden]}
        refused = False
        for one, other in along(made, measure, ends):
            try:
                found = always_valid(one, other, measure, first=first, maximum=last, unit=_unit(measure))
            except DesignError:
                refused = True
                break
            told_of[DEFAULT].append(found)
            if asked.forbidden:
                told_of[PEEKING].append(difference_in_means(one, other, measure, unit=_unit(measure)))
        for estimator, found_at in told_of.items():
            where = told.where(estimator, f"{measure}_difference:anytime")
            if refused:
                told.effect(estimator, f"{measure}_difference:anytime", None)
                continue
            end = found_at[-1]
            low, high = max(found.low for found in found_at), min(found.high for found in found_at)
            earned = grade if estimator == DEFAULT else "D"
            told.lists["effects"].append((*where, end.value, low, high, end.se, earned, end.n_treated))
