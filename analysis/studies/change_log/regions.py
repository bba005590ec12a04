"""One region or product was changed and others were not: how far did it move beyond where they would have taken it?

Where the scope of a change names one value of a segment for which a figure is known by segment, the other values are
its comparison: weighted so that they ran beside it before. What touched all of them alike, the season and changes of
the whole company among it, is taken out; what touched this one alone is not. With fewer than 20 others there is a rank
and no interval, and no effect is claimed. How the weights are found is left to `analysis.inference.synthetic_did`,
changes of the whole company to `figure`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.synthetic_did import DONORS_FOR_INTERVAL, SyntheticDid, synthetic_did
from analysis.studies.change_log.claim import amount, changes_said, claim_of_step
from analysis.studies.change_log.entries import (
    Bundle,
    Entry,
    months_of_incident,
    one_line,
    others_within,
    segments_named,
    touches,
)
from analysis.studies.change_log.figure import DESIGN, refused
from analysis.studies.change_log.fit import ONE_ERROR
from analysis.studies.change_log.gates import (
    AFTER_NEEDED,
    HOLES_ALLOWED,
    NEEDED,
    UNSEEN_ALLOWED,
    Step,
    judged_steps,
    long_enough,
    single_cause,
    written_before,
)
from analysis.studies.change_log.series import Floats, MonthlySeries
from analysis.studies.change_log.window import FEWEST_AFTER, FEWEST_BEFORE
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect

if TYPE_CHECKING:
    from analysis.studies.change_log.study import ChangeLogPlan

UNKNOWN = "unknown"
"""The value under which rows without one are counted: no region, and no product."""
NOT_CHANGED = "not_changed"
MOST_DATES = 5
ESTIMAND = "level_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regional:
    """What was found for one metric in the part of the company that was changed."""

    bundle: Bundle
    others: tuple[Entry, ...]
    effect: Effect
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """The figure by part and month, the changed part first."""

    values: tuple[str, ...]
    months: tuple[Month, ...]
    table: Floats
    start: int
    holes: int

    @property
    def treated(self) -> NDArray[np.bool_]:
        return np.array([place == 0 for place in range(len(self.values))])


def regional_effects(
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
    alone = tuple(one for one in within if one.scope is None or segments_named(one.scope, known))
    try:
        panel = _panel(parts, bundle, entries, first, last, known, value)
        found = synthetic_did(
            panel.table, panel.treated, panel.start, unit=own.unit, name=one_line(metric), level=plan.level
        )
    except DesignError as error:
        return Regional(
            bundle=bundle, others=within, effect=refused(metric, own.segment, bundle, ESTIMAND, str(error), plan)
        )
    rows = _rows(found, panel, own, bundle, column)
    if found.estimate is None:
        reason = _only_a_rank(found, own, column)
        return Regional(
            bundle=bundle, others=within, effect=refused(metric, own.segment, bundle, ESTIMAND, reason, plan), rows=rows
        )
    checks = _checks(found, panel, own, bundle, alone, within, plan)
    grade = grade_of(checks, needed=NEEDED)
    before, after = panel.start, len(panel.months) - panel.start
    estimate = replace(
        found.estimate, n_treated=after, n_comparison=before,
        method=f"synthetic difference-in-differences, {found.donors} donors, errors by placebo",
    )  # fmt: skip
    interfering = tuple(one for one in alone if one.kind != "incident")
    claim = claim_of_step(
        estimate, label=own.label, segment=own.segment, estimand=ESTIMAND, month=bundle.start,
        changes=changes_said(bundle, interfering), together=len(bundle.entries) > 1 or bool(interfering),
        beside=f"that of the other values of {one_line(column)}", grade=grade, looked_at=1,
        clear=estimate.excludes_no_effect, afterwards=bundle.written_afterwards,
        until=panel.months[-1],
    )  # fmt: skip
    effect = Effect(
        design=DESIGN, estimand=ESTIMAND, treated=bundle.id, comparison=NOT_CHANGED, outcome=metric,
        segment=dict(own.segment), scale="difference", estimate=estimate, index_from=str(bundle.start),
        index_to=str(panel.months[-1]), before_months=before, after_months=after, declared=plan.declared, grade=grade,
        checks=checks, claim=claim, maturity="mature" if after >= AFTER_NEEDED else "interim",
    )  # fmt: skip
    return Regional(bundle=bundle, others=within, effect=effect, rows=rows)


def _panel(
    parts: Mapping[str, MonthlySeries],
    bundle: Bundle,
    entries: Sequence[Entry],
    first: Month,
    last: Month,
    known: Mapping[str, Collection[str]],
    value: str,
) -> _Panel:
    """The parts that were not changed in these months beside the one that was; months all of them have."""
    column = bundle.segment[0][0]
    if last < bundle.start:
        ready = bundle.start.plus(FEWEST_AFTER - 1)
        raise TooSoon(
            f"It took effect in {bundle.month} and no whole month after it is known: wait until {ready} is over."
        )
    months = [first.plus(step) for step in range(last.number - first.number + 1)]
    changed = {
        part
        for part in parts
        for one in entries
        if part != value
        and one.kind != "incident"
        and segments_named(one.scope, known)
        and touches(one, {column: part}, known)
        and not one.month < first
        and not last < one.month
    }
    kept = [value, *(part for part in sorted(parts) if part != value and part not in changed)]
    table = np.array([parts[part].over(first, last) for part in kept])
    full = np.isnan(table).mean(axis=1) <= HOLES_ALLOWED
    full[0] = True
    kept, table = [part for part, keep in zip(kept, full, strict=True) if keep], table[full]
    gone = {
        month
        for one in entries
        if one.kind == "incident" and any(touches(one, {column: part}, known) for part in kept)
        for month in months_of_incident(one)
        if segments_named(one.scope, known)
    }
    if bundle.start != bundle.month:
        gone.add(bundle.month)
    usable = np.array([month not in gone for month in months]) & ~np.isnan(table).any(axis=0)
    held = tuple(month for month, use in zip(months, usable, strict=True) if use)
    start = sum(month < bundle.start for month in held)
    if start < FEWEST_BEFORE:
        raise DesignError(
            f"{start} months before the change are known of all {len(kept)} values of `{one_line(column)}`; at least "
            f"{FEWEST_BEFORE} are needed. Earlier months would have to be counted."
        )
    if len(held) - start < FEWEST_AFTER:
        ready = last.plus(FEWEST_AFTER - (len(held) - start))
        raise TooSoon(
            f"{len(held) - start} months after the change are known of all {len(kept)} values of `{one_line(column)}`; "
            f"at least {FEWEST_AFTER} are needed: wait until {ready} is over."
        )
    holes = len(months) - len(held) - (bundle.start != bundle.month)
    return _Panel(values=tuple(kept), months=held, table=table[:, usable], start=start, holes=holes)


def _only_a_rank(found: SyntheticDid, own: MonthlySeries, column: str) -> str:
    side = "higher" if found.att >= 0 else "lower"
    return (
        f"There are {found.donors} values of `{one_line(column)}` that were not changed, and an interval needs "
        f"{DONORS_FOR_INTERVAL}. Against them it stood {amount(found.att, own.unit)} {side} after the change than "
        f"before; held against each other in the same way, that is number {found.placebo_rank} of "
        f"{found.donors + 1} by size."
    )


def _checks(
    found: SyntheticDid,
    panel: _Panel,
    own: MonthlySeries,
    bundle: Bundle,
    alone: Sequence[Entry],
    within: Sequence[Entry],
    plan: ChangeLogPlan,
) -> tuple[Check, ...]:
    usual = float(np.abs(panel.table[0, : panel.start]).mean())
    steps, why = _made_up(panel, own, plan)
    _, placebo = judged_steps(control=None, placebo=steps, usual=usual or 1.0, found=found.att, why_no_placebo=why)
    shared = [one for one in within if one not in alone]
    cause = single_cause(bundle, alone)
    if shared:
        named = ", ".join(f"{one_line(one.change_id)} ({one.kind})" for one in shared)
        cause = replace(cause, detail=f"{cause.detail} Changes that touched all alike are taken out: {named}.")
    return (
        _runs_beside(found, usual),
        placebo,
        cause,
        written_before(bundle),
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


def _made_up(panel: _Panel, own: MonthlySeries, plan: ChangeLogPlan) -> tuple[tuple[Step, ...], str | None]:
    """The same comparison at earlier dates, with the months before the change alone."""
    last = panel.start - FEWEST_AFTER
    dates = np.unique(np.linspace(FEWEST_BEFORE, last, MOST_DATES).astype(int)) if last >= FEWEST_BEFORE else ()
    steps = []
    for at in dates:
        found = synthetic_did(
            panel.table[:, : panel.start],
            panel.treated,
            int(at),
            unit=own.unit,
            name=one_line(own.metric),
            level=plan.level,
        )
        if found.estimate is None:
            return (), "There are too few others for an interval at any date."
        steps.append(_step(found, panel.months[int(at)]))
    return tuple(steps), None


def _step(found: SyntheticDid, month: Month) -> Step:
    from scipy import special

    one = found.estimate
    assert one is not None
    away = abs(one.value) / one.se if one.se > 0 else np.inf
    p_value = float(2 * special.stdtr(found.donors - 1, -away))
    return Step(
        month=month, level=one.value, se=(one.high - one.low) / ONE_ERROR, low=one.low, high=one.high, p_value=p_value
    )


def _rows(
    found: SyntheticDid, panel: _Panel, own: MonthlySeries, bundle: Bundle, column: str
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
