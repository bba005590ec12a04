"""One region or product was changed and others were not: how far did it move beyond where they would have taken it?

Where the scope of a change names one value of a segment for which a figure is known by segment, the other values are
its comparison: weighted so that they ran beside it before. What touched all of them alike, the season and changes of
the whole company among it, is taken out; what touched this one alone is not. With fewer than 20 others there is a rank
and no interval, and no effect is claimed. Which others and which months are used is left to `panel`, how the weights
are found to `analysis.inference.synthetic_did`, what is said of it to `effects`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.synthetic_did import synthetic_did
from analysis.inference.synthetic_path import SyntheticDid
from analysis.inference.synthetic_placebo import DONORS_FOR_INTERVAL
from analysis.studies.change_log.entries import Bundle, Entry, one_line
from analysis.studies.change_log.fit import GATES_AT, ONE_ERROR
from analysis.studies.change_log.gates import (
    UNSEEN_ALLOWED,
    Step,
    judged_steps,
    long_enough,
    single_cause,
    written_before,
)
from analysis.studies.change_log.panel import Panel, panel_of
from analysis.studies.change_log.reach import others_within, segments_named
from analysis.studies.change_log.series import Floats, MonthlySeries
from analysis.studies.change_log.sizes import amount
from analysis.studies.change_log.window import FEWEST_AFTER, FEWEST_BEFORE
from analysis.studies.result import Check

if TYPE_CHECKING:
    from analysis.studies.change_log.study import ChangeLogPlan

UNKNOWN = "unknown"
"""The value under which rows without one are counted: no region, and no product."""
MOST_DATES, ERRORS_SEEN = 5, 3.6
"""Made-up dates tried, and how many standard errors are found four times in five at one of so many: t quantiles with 20
or more degrees of freedom at 0.05 / 5, and at 0.8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regional:
    """What was found for one metric in the part of the company that was changed, or the reason why nothing was.

    `series` is that of the part, `others` the other changes of its months and `alone` those of them that touched not
    all parts alike.
    """

    bundle: Bundle
    series: MonthlySeries
    others: tuple[Entry, ...]
    alone: tuple[Entry, ...] = ()
    estimate: Estimate | None = None
    p_value: float | None = None
    last: Month | None = None
    checks: tuple[Check, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()
    reason: str | None = None

    @property
    def interfering(self) -> tuple[Entry, ...]:
        """Other changes of this part, incidents apart, whose months are left out."""
        return tuple(entry for entry in self.alone if entry.kind != "incident")


def regional(
    metric: str,
    bundle: Bundle,
    entries: Sequence[Entry],
    series: Mapping[str, MonthlySeries],
    plan: ChangeLogPlan,
    known: Mapping[str, Collection[str]],
) -> Regional:
    """How far a metric moved in the part that was changed, beyond the parts that were not.

    Parameters
    ----------
    metric : str
    bundle : Bundle
        Changes whose scope names one segment.
    entries : sequence of Entry
        The whole change log.
    series : mapping of str to MonthlySeries
        Among them the metric by segment.
    plan : ChangeLogPlan
    known : mapping of column to values
    """
    column, value = bundle.segment[0]
    parts = {
        one.segment[column]: one
        for one in series.values()
        if one.metric == metric and set(one.segment) == {column} and one.segment[column] != UNKNOWN
    }
    own = parts[value]
    first = max(bundle.month.plus(-plan.before_months), own.observed[0])
    last = min(bundle.start.plus(plan.after_months - 1), own.observed[-1])
    within = others_within(bundle, entries, first, last, segment=own.segment, known=known)
    shell = Regional(
        bundle=bundle,
        series=own,
        others=within,
        alone=tuple(one for one in within if one.scope is None or segments_named(one.scope, known)),
    )
    try:
        panel = panel_of(parts, bundle, entries, first, last, known, value)
        found = _did(panel.table, panel, panel.start, own, plan.level)
    except DesignError as error:
        return replace(shell, reason=str(error))
    shell = replace(shell, rows=_rows(found, panel, own, bundle, column))
    if found.estimate is None:
        return replace(shell, reason=_only_a_rank(found, own, column))
    before, after = panel.start, len(panel.months) - panel.start
    estimate = replace(
        found.estimate, n_treated=after, n_comparison=before,
        method=f"synthetic difference-in-differences, {found.donors} donors, errors by placebo",
    )  # fmt: skip
    return replace(
        shell, estimate=estimate, p_value=_p_value(found), last=panel.months[-1],
        checks=_checks(found, panel, own, shell),
    )  # fmt: skip


def _only_a_rank(found: SyntheticDid, own: MonthlySeries, column: str) -> str:
    side = "higher" if found.att >= 0 else "lower"
    return (
        f"There are {found.donors} values of `{one_line(column)}` that were not changed, and an interval needs "
        f"{DONORS_FOR_INTERVAL}. Against them it stood {amount(found.att, own.unit)} {side} after the change than "
        f"before; held against each other in the same way, that is number {found.placebo_rank} of "
        f"{found.donors + 1} by size."
    )


def _checks(found: SyntheticDid, panel: Panel, own: MonthlySeries, shell: Regional) -> tuple[Check, ...]:
    usual = float(np.abs(panel.table[0, : panel.start]).mean())
    steps, why = _made_up(panel, own)
    _, placebo = judged_steps(
        control=None,
        placebo=steps,
        usual=usual or 1.0,
        found=found.att,
        unit=own.unit,
        errors_seen=ERRORS_SEEN,
        why_no_placebo=why,
    )
    shared = [one for one in shell.others if one not in shell.alone]
    cause = single_cause(shell.bundle, shell.alone)
    if shared:
        named = ", ".join(f"{one_line(one.change_id)} ({one.kind})" for one in shared)
        cause = replace(cause, detail=f"{cause.detail} Changes that touched all alike are taken out: {named}.")
    return (
        _runs_beside(found, usual),
        placebo,
        cause,
        written_before(shell.bundle),
        long_enough(before=panel.start, after=len(panel.months) - panel.start, holes=panel.holes),
    )


def _runs_beside(found: SyntheticDid, usual: float) -> Check:
    """Whether the donors' mix ran beside the changed part before."""
    one = found.only
    gap = (one.path - one.synthetic)[: one.start]
    away = float(np.sqrt(np.mean((gap - gap.mean()) ** 2)))
    share = away / usual if usual > 0 else np.inf
    what = f"Before the change the mix of {found.donors} others ran beside it to within {share * 100:.1f} % of its size"
    if share > UNSEEN_ALLOWED:
        detail = f"{what}; more than {UNSEEN_ALLOWED * 100:g} % says that they are no comparison for it."
        return Check(name="control_series", verdict="failed", detail=detail, gate=True)
    return Check(name="control_series", verdict="passed", detail=f"{what}.", gate=True)


def _made_up(panel: Panel, own: MonthlySeries) -> tuple[tuple[Step, ...], str | None]:
    """The same comparison at earlier dates, with the months before the change alone."""
    last = panel.start - FEWEST_AFTER
    dates = np.unique(np.linspace(FEWEST_BEFORE, last, MOST_DATES).astype(int)) if last >= FEWEST_BEFORE else ()
    steps = []
    for at in dates:
        found = _did(panel.table[:, : panel.start], panel, int(at), own, GATES_AT)
        one = found.estimate
        if one is None:
            return (), "There are too few others for an interval at any date."
        steps.append(
            Step(
                month=panel.months[int(at)],
                level=one.value,
                se=(one.high - one.low) / ONE_ERROR,
                low=one.low,
                high=one.high,
                p_value=_p_value(found),
            )
        )
    return tuple(steps), None


def _did(table: Floats, panel: Panel, start: int, own: MonthlySeries, level: float) -> SyntheticDid:
    return synthetic_did(table, panel.treated, start, unit=own.unit, name=one_line(own.metric), level=level)


def _p_value(found: SyntheticDid) -> float:
    """Two-sided, from the same t distribution as the interval."""
    from scipy import special

    one = found.estimate
    assert one is not None
    away = abs(one.value) / one.se if one.se > 0 else np.inf
    return float(2 * special.stdtr(found.donors - 1, -away))


def _rows(
    found: SyntheticDid, panel: Panel, own: MonthlySeries, bundle: Bundle, column: str
) -> tuple[dict[str, Any], ...]:
    """The changed part with its difference and rank, then its donors with their weights."""
    shared = {"outcome": own.metric, "change": bundle.id, "column": column, "unit": own.unit, "of": found.donors + 1}
    changed = {"value": panel.values[0], "role": "changed", "weight": 1.0, "difference": found.att}
    rows: list[dict[str, Any]] = [{**shared, **changed, "rank": found.placebo_rank}]
    for place, weight, difference in zip(found.only.donors, found.only.unit_weights, found.placebos, strict=True):
        donor = {"value": panel.values[int(place)], "role": "donor", "weight": float(weight)}
        rows.append({**shared, **donor, "difference": float(difference), "rank": _rank(found, float(difference))})
    return tuple(rows)


def _rank(found: SyntheticDid, difference: float) -> int:
    """Its place by size among all: the changed one and the others in its place."""
    sizes = np.abs(np.append(found.placebos, found.att))
    return 1 + int((sizes > abs(difference) * (1 + 1e-9)).sum())
