"""How do the chosen figures stand against their targets? Each with its trend and its state, the six areas kept apart.

An index is made only of weights a team gave, and never printed without its parts. How a figure is counted is left to
the metrics, what is held of a closed month to `reading`, what happened in a month to the change log.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month
from analysis.foundation.errors import Fault, InputError, UnknownName
from analysis.ledger.entry import is_month, said
from analysis.ledger.held import definition_of
from analysis.ledger.score import Change, Index, LeftOut, Part, Point, Score
from analysis.metrics.catalogue import AREAS, Definition, definition, definitions
from analysis.metrics.figure import Metric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["USUAL", "Change", "Index", "Point", "Score", "Scorecard", "scorecard"]

USUAL = (
    "mentions", "complaints_per_positive", "response_rate", "first_response_time_median", "sla_attainment",
    "time_to_resolution_median", "resolution_rate", "first_contact_resolution", "repeat_contact_7d", "csat", "nps",
    "cost_per_issue", "engagement_rate_impressions", "link_clicks", "audience_growth", "repurchase_90d",
    "repeat_purchase_rate", "average_order_value", "retention_rate", "ad_spend", "net_sentiment",
)  # fmt: skip
"""What is shown where a team chose nothing, with all metrics that have a target in the catalogue."""


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The scores by area, areas of which nothing is shown with the reason, and the index where weights were given."""

    month: Month
    scores: tuple[Score, ...]
    without: Mapping[str, str]
    index: Index | None

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`: rows of kind `metric`, `area` (without figures) and `index`."""
        rows = [score.to_dict() for score in self.scores]
        rows += [{"kind": "area", "area": area, "reason": reason} for area, reason in self.without.items()]
        if self.index is not None:
            rows.append(self.index.to_dict())
        return {"scorecard": rows}

    def to_frame(self) -> pd.DataFrame:
        """One row a score, without trends."""
        import pandas as pd

        frame = pd.DataFrame([score.to_dict() for score in self.scores])
        return frame.drop(columns=["kind", "trend", "marks", "previous", "year_ago"], errors="ignore")


def scorecard(
    rows: Sequence[Metric],
    *,
    month: Month,
    targets: Mapping[str, float] | None = None,
    weights: Mapping[str, float] | None = None,
    changes: Sequence[Change] = (),
    missing: Mapping[str, str] | None = None,
) -> Scorecard:
    """How do the chosen metrics stand in a month?

    Shown are the metrics that the team gave a target or a weight; where it gave neither, those with a target in the
    catalogue and the usual ones (`USUAL`) that were counted. A team's target stands above the catalogue's.

    Parameters
    ----------
    rows : sequence of Metric
        With the ledger's states, month by month.
    month : Month
        Which is shown. Of a metric whose window has not passed, the latest month is shown for which it has.
    targets, weights : mapping of metric to float, optional
        Targets in the metric's unit. Weights of 0 or more are shares of each other: 3 and 1 count as 0.75 and 0.25.
    changes : sequence of Change
        The change log; entries of a trend's months are marked on it.
    missing : mapping of metric to str, optional
        What the tables lack, by metric.

    Returns
    -------
    Scorecard
        Scores in the order of the areas and the catalogue.

    Raises
    ------
    UnknownName
        If a target or weight is for no metric, with the nearest.
    InputError
        If a target or weight is no finite number, a weight is negative, or a weighted metric has no target or no better
        direction. All faults at once.

    Examples
    --------
    >>> name = "complaints_per_positive"
    >>> row = Metric(id=name, version=1, basis="action", period="2026-09", value=1.25, unit="ratio")
    >>> card = scorecard([row], month=Month.of("2026-09"), weights={name: 1})
    >>> [(score.metric, score.target, score.met) for score in card.scores]
    [('complaints_per_positive', 1.0, False)]
    >>> print(card.index)
    Index 0.8 of 1 = 1 × 0.8 (Complaints for each positive mention).
    """
    targets, weights, missing = targets or {}, weights or {}, missing or {}
    _check(targets, weights)
    by_name: dict[tuple[str, str], dict[str, Metric]] = {}
    segmented: set[str] = set()
    for row in rows:
        if is_month(row.period) and not row.segment:
            known = by_name.setdefault((row.id, row.basis), {})
            if row.period not in known or known[row.period].version < row.version:
                known[row.period] = row
        elif row.segment:
            segmented.add(row.id)
    chosen = _chosen(targets, weights, {name for name, _ in by_name})
    scores = [
        _score(entry, basis, by_name.get((entry.id, basis), {}), month, targets, weights, changes, missing, segmented)
        for entry in sorted((definition(name) for name in chosen), key=_place)
        for basis in entry.bases
    ]
    scores = [score for score in scores if score.trend or score.target is not None or score.weight is not None]
    counted = {score.area for score in scores if score.trend}
    without: dict[str, str] = {area: _lack(area, missing) for area in AREAS if area not in counted}
    return Scorecard(month, tuple(scores), without, _index(scores) if any(weights.values()) else None)


def _chosen(targets: Mapping[str, float], weights: Mapping[str, float], counted: set[str]) -> Iterable[str]:
    if targets or weights:
        return {**targets, **weights}
    aimed = {name for name, entry in definitions().items() if entry.target is not None}
    stems = {_stem(name): name for name in sorted(counted)}
    return aimed | {stems[name] for name in USUAL if name in stems}


def _stem(name: str) -> str:
    """The metric's id with the catalogue's own window."""
    asked = None if name in definitions() else definition_of(name)
    if asked is None or asked.window_days is None:
        return name
    windowed = (entry for entry in definitions().values() if entry.window_days is not None)
    return next((entry.id for entry in windowed if entry.with_window(asked.window_days).id == name), name)


def _place(entry: Definition) -> tuple[int, int, str]:
    order = list(definitions())
    stem = _stem(entry.id)
    return AREAS.index(entry.area), order.index(stem) if stem in order else len(order), entry.id


def _score(
    entry: Definition,
    basis: str,
    known: Mapping[str, Metric],
    month: Month,
    targets: Mapping[str, float],
    weights: Mapping[str, float],
    changes: Sequence[Change],
    missing: Mapping[str, str],
    segmented: set[str],
) -> Score:
    """The score of a metric on one basis, from its rows by month."""
    row = known.get(str(month))
    note = None if row is None else row.note
    if row is not None and not row.mature:
        ready = [
            period for period, one in known.items() if one.mature and one.value is not None and period <= str(month)
        ]
        waits = (
            f"of {month} {entry.window_days} days have not passed" if entry.window_days else f"{month} is not complete"
        )
        if ready:
            row = known[max(ready)]
            note = f"Shown is {row.period}: {waits}."
        else:
            note = f"Not final: {waits}."
    period = str(month) if row is None else row.period
    last = month.named(period)
    first = last.plus(-last.per_year)  # a trend goes back to the same month a year ago
    trend = tuple(Point(p, known[p].value, known[p].state) for p in sorted(known) if first <= month.named(p) <= last)
    reason = row.reason if row is not None else _not_counted(entry, month, known, missing, segmented)
    scored = len(entry.bases) == 1 or basis == ("post" if entry.aggregates == "ratio" else "action")
    own = targets.get(entry.id)
    target = entry.target if own is None else own
    source = entry.target_source if own is None else "set by the team"
    return Score(
        area=entry.area,
        metric=entry.id,
        version=entry.version if row is None else row.version,
        label=entry.label,
        basis=basis,
        unit=entry.unit,
        direction=entry.direction,
        period=period,
        value=None if row is None else row.value,
        state="provisional" if row is None else row.state,
        reason=reason,
        note=note,
        target=target if scored else None,
        target_source=source if scored else None,
        weight=weights.get(entry.id) if scored else None,
        trend=trend,
        marks=tuple(
            change for change in sorted(changes) if trend and first <= Month.of(change.on, month.calendar) <= last
        ),
        calendar=month.calendar,
    )


def _not_counted(
    entry: Definition, month: Month, known: Mapping[str, Metric], missing: Mapping[str, str], segmented: set[str]
) -> str:
    if entry.id in missing:
        return f"not counted: {missing[entry.id]} is missing"
    if known:
        return f"{month} was not counted"
    if entry.id in segmented:
        return f"it has no single value: it is counted by {', '.join(entry.by)}"
    return "it was not counted"


def _lack(area: str, missing: Mapping[str, str]) -> str:
    """Why nothing is shown of an area."""
    names = [name for name, entry in definitions().items() if entry.area == area]
    if not names:
        return "no metric of this area is counted"
    lacks = sorted({missing[name] for name in missing if _stem(name) in names})
    return f"missing: {', '.join(lacks)}" if lacks else "no figure of this area was chosen"


def _index(scores: Sequence[Score]) -> Index:
    """The index of the scores that have a weight."""
    weighted = [score for score in scores if score.weight]
    counted = [score for score in weighted if score.attainment is not None]
    total = math.fsum(score.weight or 0 for score in counted)
    parts = []
    for score in counted:
        weight, attained = score.weight or 0, score.attainment or 0
        parts.append(Part(score.metric, score.label, weight, weight / total, attained, weight / total * attained))
    left_out = [
        LeftOut(one.metric, one.weight or 0, one.reason or "no value") for one in weighted if one not in counted
    ]
    return Index(tuple(parts), tuple(left_out))


def _check(targets: Mapping[str, float], weights: Mapping[str, float]) -> None:
    """Targets and weights against the catalogue, all faults at once."""
    faults: list[Fault] = []
    unknown = False
    for section, given in (("targets", targets), ("weights", weights)):
        for name, number in given.items():
            where = f"metrics.{section}: {name}"
            try:
                entry = definition(name)
            except UnknownName as error:
                unknown = True
                faults += [replace(fault, where=f"metrics.{section}") for fault in error.faults]
                continue
            if not math.isfinite(number) or (section == "weights" and number < 0):
                what, remedy = f"is {said(number) if math.isfinite(number) else 'no finite number'}", "Give a number."
                if section == "weights":
                    remedy = "Give 0 or more."
                faults.append(Fault(where=where, what=what, remedy=remedy, rule="number"))
            elif section == "weights" and entry.direction == "neither":
                what = "has a weight, though neither more nor less of it is better"
                faults.append(Fault(where=where, what=what, remedy="Take it out.", rule="no_direction"))
            elif section == "weights" and name not in targets and entry.target is None:
                what = "has a weight and no target to be measured against"
                remedy = "Give it one under `metrics.targets`."
                faults.append(Fault(where=where, what=what, remedy=remedy, rule="no_target"))
    if faults:
        raise UnknownName(faults) if unknown else InputError(faults)
