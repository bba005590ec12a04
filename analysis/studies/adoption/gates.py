"""What stands between a study of adoption and a grade B, and what caps it whatever the checks say?

`overlap`: nearly every adopter has customers like them to be compared with. `balance`: weighted, the others are like
adopters in all that is fixed; in a roll-out also in what they bought before its first wave, which a plan that does not
look at customers leaves alike. `pre_trend`: in the months before the dip both moved alike, drift and single months.
First contacts are capped: a customer comes to social because of a problem, and what it did is in the figure. Whether
a roll-out was one at all is asked in `by_plan`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Floats, Ints
from analysis.inference.compare import normal_quantile
from analysis.inference.staggered.aggregate import wald
from analysis.studies.adoption.cells import Estimated
from analysis.studies.adoption.cohorts import Cohort, Studied
from analysis.studies.adoption.panel import AdoptionPanel
from analysis.studies.channel_result import PreTrend
from analysis.studies.gates import STANDARD_ERRORS_SEEN, Finding, combined_p, judge, two_sided_p
from analysis.studies.result import Check
from analysis.studies.strata import UNMATCHED_ALLOWED

NEEDED = ("overlap", "balance", "pre_trend", "invited_by_plan")
"""Gates without which a roll-out is not graded B."""
FEWEST_LEADS = 3
HARM = "includes the harm of the problem that led to the contact"
EARLIER_LEVEL = "orders a month before"
_WORDS = {
    "product": "product",
    "recent": "issues in the 6 months before (0, 1, 2 or more)",
    "lately": "any issue in the last 3 months",
    "band": "months observed in bands (under 12, 12 to 23, 24 and more)",
}
_BANDS = ("under 12", "12 to 23", "24 and more")


def includes_the_problem() -> Check:
    """The cap on first contacts.

    Examples
    --------
    >>> includes_the_problem().verdict
    'not_run'
    """
    detail = (
        "Customers come to social because of a problem, and nothing tells what it did to them from what the contact "
        f"did: the figure {HARM}."
    )
    return Check(name="problem_apart", verdict="not_run", detail=detail, gate=True)


def grows_with_issues() -> str:
    """Why nothing is said of how many issues follow a first contact."""
    return (
        "others are compared until they come to social themselves, and whoever raises more issues comes sooner: the "
        "comparison loses them, and adopters would seem to raise a quarter more whatever the contact did. The "
        "before-and-after study of channels follows issues."
    )


def strata_in_words(columns: tuple[str, ...]) -> str:
    """What the cells are made of.

    Examples
    --------
    >>> strata_in_words(("product", "region"))
    'month of adoption, product, region'
    """
    return ", ".join(["month of adoption", *(_WORDS.get(name, name.replace("_", " ")) for name in columns)])


def overlap(studied: Studied) -> Check:
    """Has nearly every adopter customers to be compared with?"""
    whole = studied.whole - studied.alone
    share = studied.unmatched / whole
    said = f"{share:.1%}".replace("%", " %")
    detail = (
        f"{studied.unmatched:,} of {whole:,} adopters ({said}) had too few comparison customers in their cell and were "
        f"left out; cells are made of {strata_in_words(studied.columns)}."
    )
    return Check(name="overlap", verdict="passed" if share <= UNMATCHED_ALLOWED else "failed", detail=detail, gate=True)


def balance_frame(panel: AdoptionPanel, studied: Studied, before: int) -> pd.DataFrame:
    """How alike are adopters and the others, weighted, in the month of adoption?

    Returns
    -------
    DataFrame
        `covariate`, `value`, `contacted`, `comparison` (shares, or means), the standardised `difference`, and whether
        it is `judged`. Orders before are judged in a roll-out only (before its first wave, of those who were there);
        customers with a problem were chosen by nobody.
    """
    parts = [_weighted(one) for one in studied.cohorts]
    mass = np.concatenate(parts)
    treated = np.concatenate([one.treated for one in studied.cohorts])
    groups = [np.where(treated, mass, 0.0), np.where(treated, 0.0, mass)]
    rows: list[tuple[Any, ...]] = []
    for name in studied.cohorts[0].covariates:
        values = np.concatenate([one.covariates[name] for one in studied.cohorts])
        for value in np.unique(values):
            one, other = (_mean(values == value, group) for group in groups)
            spread = math.sqrt((one * (1 - one) + other * (1 - other)) / 2)
            words = _WORDS.get(name, name.replace("_", " "))
            apart = _standardised(one - other, spread)
            rows.append((words, _label(panel, name, int(value)), one, other, apart, True))
    level = np.concatenate([_level_before(panel, studied, one, before) for one in studied.cohorts])
    seen = np.isfinite(level)
    level, groups = np.where(seen, level, 0.0), [group * seen for group in groups]
    means = [_mean(level, group) for group in groups]
    spreads = [_mean((level - mean) ** 2, group) for mean, group in zip(means, groups, strict=True)]
    apart = _standardised(means[0] - means[1], math.sqrt(sum(spreads) / 2))
    rows.append((EARLIER_LEVEL, "mean", *means, apart, panel.issues is None))
    return pd.DataFrame(rows, columns=["covariate", "value", "contacted", "comparison", "difference", "judged"])


def _weighted(cohort: Cohort) -> Floats:
    """1 for adopters; for the others as many adopters of their stratum as there are to each of them."""
    here = ~cohort.treated & (cohort.leaves > 0)
    size = int(cohort.stratum.max()) + 1
    adopters = np.bincount(cohort.stratum[cohort.treated], minlength=size)
    others = np.bincount(cohort.stratum[here], minlength=size)
    return np.where(cohort.treated, 1.0, here * (adopters / others)[cohort.stratum])


def _level_before(panel: AdoptionPanel, studied: Studied, cohort: Cohort, before: int) -> Floats:
    """Orders a month in the months before; in a roll-out before its first wave, so that they are fixed as a region is.

    Not a number for customers who joined later than that.
    """
    month = cohort.month if panel.issues is not None else studied.cohorts[0].month
    place = month - panel.begin.number
    level = panel.counted["orders"][cohort.customer, place - before : place].mean(axis=1)
    return np.where(panel.first[cohort.customer] <= month - before, level, np.nan)


def _label(panel: AdoptionPanel, name: str, value: int) -> str:
    if name == "band":
        return _BANDS[value]
    if name in panel.labels and name not in ("recent", "lately"):
        return panel.labels[name][value] if value >= 0 else "not known"
    return str(value)


def leads_of(found: Estimated) -> Ints:
    """The months before the dip, the reference among them."""
    return found.months[found.months <= found.reference]


def trend_before(found: Estimated, level: float = 0.95) -> PreTrend | None:
    """Did adopters and the others move apart before? None where there are too few months, or nothing varies.

    The drift is the mean of the later leads less that of the earlier ones, as a share of what adopters did in a month.
    """
    leads = leads_of(found)
    usual = float(found.total(found.level_before[None])[0][0])
    if len(leads) < FEWEST_LEADS or not usual > 0:
        return None
    middle = math.ceil(len(leads) / 2)
    drift = found.mean_of(leads[middle:]) - found.mean_of(leads[:middle])
    values, spread = found.total(np.stack([drift, *(found.column(int(month)) for month in leads[:-1])]))
    se = math.sqrt(spread[0, 0]) / usual
    try:
        joint = wald(values[1:], spread[1:, 1:])
    except (DesignError, ZeroDivisionError, np.linalg.LinAlgError):
        return None
    if not se > 0:
        return None
    log, half = float(values[0]) / usual, normal_quantile(level) * se
    return PreTrend(
        wald=joint.statistic,
        degrees=joint.degrees,
        p_joint=joint.p,
        drift=math.exp(log),
        low=math.exp(log - half),
        high=math.exp(log + half),
        se_log=se,
        detectable=STANDARD_ERRORS_SEEN * se,
    )


def pre_trend(found: Estimated, trend: PreTrend | None, *, by_plan: bool) -> Check:
    """The gate before adoption: drift and single months, judged as the gates of the channel study are."""
    who, when = ("Invited", "invitation") if by_plan else ("Adopting", "contact")
    what = f"What {who.lower()} customers did shortly before, against what they did earlier and what others did then."
    if trend is None:
        why = (
            f"It needs {FEWEST_LEADS} months before the dip in which something varied, and has {len(leads_of(found))}."
        )
        (check,) = judge([Finding(name="pre_trend", what=what, reason=why)])
        return check
    p_drift = two_sided_p(trend.drift, trend.se_log)
    months = combined_p(trend.p_joint, 1.0) < 0.05 or trend.p_joint < p_drift
    finding = Finding(
        name="pre_trend",
        what=what,
        ratio=trend.drift,
        se_log=trend.se_log,
        p_value=combined_p(p_drift, trend.p_joint),
        largest=_farthest(found) if months else None,
    )
    (check,) = judge([finding])
    return replace(check, detail=check.detail.replace("the contact", f"the {when}"))


def _farthest(found: Estimated) -> float:
    """The lead farthest from the mean of the leads, as a ratio."""
    leads = leads_of(found)
    values, _ = found.total(np.stack([found.column(int(month)) for month in leads] + [found.level_before]))
    apart = (values[:-1] - values[:-1].mean()) / values[-1]
    return math.exp(float(apart[np.abs(apart).argmax()]))


def _mean(values: Floats, weight: Floats) -> float:
    return float((values * weight).sum() / weight.sum())


def _standardised(gap: float, spread: float) -> float:
    if spread > 0:
        return gap / spread
    return 0.0 if abs(gap) < 1e-12 else math.copysign(math.inf, gap)
