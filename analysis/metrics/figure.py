"""What is one figure? A metric's value for a period and a segment, with the two numbers it is made of.

A figure has a value or a reason why there is none. How it is counted is left to the families, what it means to the
catalogue, what becomes of it at a month's end to the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from analysis.metrics.catalogue import Definition, definition

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure: which metric, which version, for which period and segment, and the two numbers it is made of.

    `mature` is false while the period still waits for its window (a 90-day repurchase of last month): such a figure is
    not closed. `note` is a sentence a reader should know, as that a closed figure now computes to something else.
    """

    id: str
    version: int
    basis: str
    period: str
    value: float | None
    unit: str
    numerator: float | None = None
    denominator: float | None = None
    segment: Mapping[str, str] = field(default_factory=dict)
    state: str = "provisional"
    reason: str | None = None
    mature: bool = True
    note: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError(f"{self.id}: a metric has either a value or a reason why there is none.")

    def to_dict(self) -> dict[str, Any]:
        """The row as the contract writes it, with `reason`, `mature` and `note` where they say something."""
        row: dict[str, Any] = {
            "id": self.id,
            "version": self.version,
            "basis": self.basis,
            "period": self.period,
            "segment": dict(self.segment),
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "unit": self.unit,
            "state": self.state,
        }
        if self.reason is not None:
            row["reason"] = self.reason
        if not self.mature:
            row["mature"] = False
        if self.note is not None:
            row["note"] = self.note
        return row


@dataclass(frozen=True, slots=True)
class MetricsResult:
    """All figures, and the metrics that could not be counted with what is missing for each."""

    metrics: tuple[Metric, ...]
    missing: Mapping[str, str]
    whole: str

    def of(self, metric: str, *, whole: bool = False) -> tuple[Metric, ...]:
        """The rows of one metric: of the whole period, or month by month."""
        definition(metric)
        return tuple(row for row in self.metrics if row.id == metric and (row.period == self.whole) == whole)

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {"metrics": [row.to_dict() for row in self.metrics]}

    def to_frame(self) -> pd.DataFrame:
        """One row a figure, columns as in the contract."""
        import pandas as pd

        return pd.DataFrame([row.to_dict() for row in self.metrics])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def figure(
    entry: Definition,
    period: str,
    *,
    value: Any,
    numerator: Any = None,
    denominator: Any = None,
    segment: Mapping[str, str] | None = None,
    reason: str | None = None,
    basis: str | None = None,
    mature: bool = True,
    state: str = "provisional",
    note: str | None = None,
) -> Metric:
    """A figure of a metric; `basis` is named where the metric is counted on both.

    Raises
    ------
    ValueError
        If the metric is not counted on that basis.
    """
    if (basis is None and entry.basis == "both") or (basis is not None and basis not in entry.bases):
        raise ValueError(f"{entry.id} is counted on the basis {' and '.join(entry.bases)}, not on {basis}.")
    return Metric(
        id=entry.id,
        version=entry.version,
        basis=basis or entry.basis,
        period=period,
        unit=entry.unit,
        segment=segment or {},
        value=_number(value),
        numerator=_number(numerator),
        denominator=_number(denominator),
        reason=reason,
        mature=mature,
        state=state,
        note=note,
    )


def ratio(
    entry: Definition,
    period: str,
    above: Any,
    below: Any,
    none: str,
    *,
    segment: Mapping[str, str] | None = None,
    basis: str | None = None,
    mature: bool = True,
    note: str | None = None,
) -> Metric:
    """`above / below`, divided exactly; where there is nothing below, no value and the reason `none`."""
    if not below:
        return figure(
            entry, period, numerator=above or 0, denominator=0, value=None, reason=none, segment=segment, basis=basis,
            mature=mature, note=note,
        )  # fmt: skip
    value = float(Decimal(above) / Decimal(below))
    return figure(
        entry, period, numerator=above, denominator=below, value=value, segment=segment, basis=basis, mature=mature,
        note=note,
    )  # fmt: skip


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, Decimal) else value
