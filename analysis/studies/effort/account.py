"""Whom does the effort study speak of, and what does it not tell? The account beside its figures."""

from __future__ import annotations

from analysis.foundation.calendar import Month
from analysis.studies.effort.result import EffortEvidence
from analysis.studies.effort.rows import EffortRows
from analysis.studies.effort.scope import EffortScope


def months_of(rows: EffortRows) -> tuple[str | None, str | None]:
    """First and last month of the issues that went to social."""
    months = rows.month[rows.exposed]
    return (str(Month(int(months.min()))), str(Month(int(months.max())))) if len(months) else (None, None)


def evidence_of(whole: EffortScope) -> EffortEvidence:
    """Whom the study speaks of: all that could be compared."""
    (first, last), stands = months_of(whole.rows), whole.refused is None
    return EffortEvidence(
        index_from=first,
        index_to=last,
        customers=len(whole.rows),
        exposed=int(whole.rows.exposed.sum()),
        effort_days=whole.plan.effort_days,
        outcome_days=whole.plan.outcome_days,
        mediators=whole.mediators if stands else (),
        moved=whole.moved if stands else (),
    )


def notes_of(whole: EffortScope) -> list[str]:
    """What the tables do not record, and what tells nothing of its own."""
    given = whole.given
    notes = [
        f"`{name}` is not told: the tables do not record it for these issues."
        for name in whole.plan.mediators
        if name not in given.effort
    ]
    if whole.refused is not None:
        return notes
    notes += [
        f"`{name}` is told, but nothing is split by it: it does not vary enough in both groups."
        for name in given.effort
        if name not in whole.mediators
    ]
    if not whole.moved:
        notes.append(
            "The wait for the first reply is not recorded, so what it does to both effort and purchases stays in the "
            "split."
        )
    return notes
