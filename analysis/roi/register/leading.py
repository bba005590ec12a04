"""Does a promise show early that it will not be kept? Its leading figures against their thresholds, once due.

A leading figure is due with the last month that is over by its day. It is read from the closed months: of the latest
closed month from the due one on, so that what was late and has caught up is no breach any more. What has not been
closed is not known, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from analysis.ledger.entry import said
from analysis.metrics.catalogue import definition
from analysis.roi.register.figures_held import Books, Lack, read_figure
from analysis.roi.register.promise import Leading

Verdict = Literal["kept", "breached", "not due", "not known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadingSeen:
    """A leading figure: where it shall stand, where it stands, and in which closed month."""

    leading: Leading
    verdict: Verdict
    value: float | None
    month: str | None
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """As results write it."""
        one = self.leading
        return {
            "metric": one.metric,
            "version": one.version,
            "segment": dict(one.segment),
            "unit": definition(one.metric).unit,
            "at_least": one.at_least,
            "at_most": one.at_most,
            "by": one.by.isoformat(),
            "verdict": self.verdict,
            "value": self.value,
            "month": self.month,
            "detail": self.detail,
        }


def leading_seen(leading: Leading, books: Books) -> LeadingSeen:
    """Where a leading figure stands.

    Parameters
    ----------
    leading : Leading
    books : Books
        The closed months, as they are held at the report's date.
    """
    due = leading.month
    over = [month for month in books.closed if month >= due]
    if not over:
        told = books.known_at is not None and books.known_at.date() > leading.by
        detail = f"{due} is not closed" if told else f"due by {leading.by}"
        return LeadingSeen(
            leading=leading, verdict="not known" if told else "not due", value=None, month=None, detail=f"{detail}."
        )
    month = max(over)
    found = read_figure(leading, str(month), books)
    if isinstance(found, Lack):
        return LeadingSeen(
            leading=leading, verdict="not known", value=None, month=str(month), detail=f"{found.reason}."
        )
    value = float(found.now.value)
    least, most = leading.at_least, leading.at_most
    kept = (least is None or value >= least) and (most is None or value <= most)
    asked = f"at least {said(least)}" if least is not None else f"at most {said(most)}"
    detail = f"`{leading.metric}` was to be {asked} by {leading.by}; in {month} it is {said(value)}."
    return LeadingSeen(
        leading=leading, verdict="kept" if kept else "breached", value=value, month=str(month), detail=detail
    )
