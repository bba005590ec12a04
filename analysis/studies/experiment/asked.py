"""What does the plan ask of an outcome besides the difference of its means? Each answered by the module made for it.

Means under a cap, quantiles, intervals for early looks, the effect on those whom an invitation moved; and the plain
difference itself where clusters or time blocks were assigned. Here their answers are put into one form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.inference.estimate import Estimate
from analysis.studies.experiment.contrasts import (
    ADJUSTED,
    ANYTIME,
    COMPLIER,
    EFFECT,
    QUANTILE,
    WINSORISED,
    Contrast,
    of_capped,
    of_quantiles,
)

if TYPE_CHECKING:
    from analysis.studies.experiment.arms import Arms
    from analysis.studies.experiment.plan import ExperimentPlan
    from analysis.studies.experiment.rows import Rows


UNEVEN = (
    "chances differ between strata, and this is not made within strata; over all customers at once it would compare "
    "unlike ones."
)
"""Why what knows no strata is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A plan, and the arms that it meets."""

    plan: ExperimentPlan
    arms: Arms

    def contrast(self, arm: str, estimand: str, found: Estimate | str, *, beside: bool = False) -> Contrast:
        """An answer about one arm, with the customers of the arms where there is no estimate."""
        return Contrast(
            estimand=estimand,
            scale="difference" if isinstance(found, str) else found.scale,
            found=found,
            n_treated=self.arms.customers[arm],
            n_comparison=self.arms.customers[self.arms.control],
            beside=beside,
        )


def by_unit(
    asked: Asked, rows: Rows, outcome: str, segment: str | None
) -> dict[tuple[str, str | None], list[Contrast]]:
    """The difference of means where clusters or time blocks were assigned, with their error.

    Parameters
    ----------
    asked : Asked
    rows : Rows
    outcome : str
    segment : str or None

    Returns
    -------
    dict
        Arm and value of the segment (None for all customers) to contrasts, the plain one first.
    """
    return _by_block(asked, rows, outcome) if asked.arms.unit == "block_start" else _by_cluster(
        asked, rows, outcome, segment
    )  # fmt: skip


def _by_cluster(
    asked: Asked, rows: Rows, outcome: str, segment: str | None
) -> dict[tuple[str, str | None], list[Contrast]]:
    from analysis.studies.experiment.clusters import contrasts

    level = asked.plan.level
    plain = contrasts(rows, outcome, level=level, segment=segment)
    found = {key: [asked.contrast(key[0], EFFECT, one)] for key, one in plain.items()}
    if rows.covariates[outcome]:
        for key, one in contrasts(rows, outcome, level=level, segment=segment, adjusted=True).items():
            if isinstance(plain[key], Estimate):
                found[key].append(asked.contrast(key[0], ADJUSTED, one, beside=True))
    return found


def _by_block(asked: Asked, rows: Rows, outcome: str) -> dict[tuple[str, str | None], list[Contrast]]:
    from analysis.studies.experiment.switchback import checks_of, switchbacks

    hours = asked.plan.washout_hours
    found: dict[tuple[str, str | None], list[Contrast]] = {}
    for arm, one in switchbacks(rows, outcome, washout_hours=hours, level=asked.plan.level).items():
        if isinstance(one, str):
            found[arm, None] = [asked.contrast(arm, EFFECT, one)]
        else:
            found[arm, None] = [replace(asked.contrast(arm, EFFECT, one.estimate), checks=checks_of(one, hours))]
    return found


def extras_of(asked: Asked, rows: Rows, outcome: str) -> Mapping[str, list[Contrast]]:
    """By arm: what the plan asks for besides, over all customers.

    Parameters
    ----------
    asked : Asked
    rows : Rows
    outcome : str
    """
    plan, arms = asked.plan, asked.arms
    by_customer = arms.unit == "customer_id"
    found: dict[str, list[Contrast]] = {arm: [] for arm in arms.treated}
    if arms.uneven:
        return _without_strata(asked, outcome)
    if outcome in plan.winsorise and by_customer:
        for arm, capped in of_capped(rows, outcome, plan.winsorise[outcome], plan.level).items():
            found[arm].append(capped)
    if plan.quantiles.get(outcome) and by_customer:
        for arm, contrasts in of_quantiles(rows, outcome, plan.quantiles[outcome], plan.level).items():
            found[arm] += contrasts
    if plan.looks is not None:
        from analysis.studies.experiment.looks import always_valid_of

        for arm, one in always_valid_of(rows, outcome, plan.looks, level=plan.level).items():
            found[arm].append(asked.contrast(arm, ANYTIME, one))
    if arms.template == "encouragement":
        for arm, contrast in _of_compliers(asked, rows, outcome).items():
            found[arm].append(contrast)
    return found


def _without_strata(asked: Asked, outcome: str) -> dict[str, list[Contrast]]:
    """The refusals of what is asked for besides, where nothing may be compared but within strata."""
    plan = asked.plan
    named = [WINSORISED] * (outcome in plan.winsorise)
    named += [f"{QUANTILE}:{quantile:g}" for quantile in plan.quantiles.get(outcome, ())]
    named += [ANYTIME] * (plan.looks is not None) + [COMPLIER] * (asked.arms.template == "encouragement")
    return {arm: [asked.contrast(arm, estimand, UNEVEN) for estimand in named] for arm in asked.arms.treated}


def _of_compliers(asked: Asked, rows: Rows, outcome: str) -> dict[str, Contrast]:
    from analysis.studies.experiment.encouragement import compliers, first_stage_check

    found: dict[str, Contrast] = {}
    for arm, one in compliers(rows, outcome, level=asked.plan.level).items():
        if isinstance(one, str):
            found[arm] = asked.contrast(arm, COMPLIER, one)
            continue
        reason = f"{one.reason} Not rejected: {one.anderson_rubin}." if one.estimate is None else ""
        contrast = asked.contrast(arm, COMPLIER, reason if one.estimate is None else one.estimate)
        found[arm] = replace(contrast, checks=(first_stage_check(one),), needed=("sample_ratio",))
    return found
