"""What is the case worth in the table a finance director knows: start, years, total, present value?

`base_case` puts every input at its base; `risk_adjusted` cuts benefits and raises costs as their ranges and the grades
of their evidence ask for. How far the value may lie from it is left to `simulation`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.roi.line import Kind, Line, Side
from analysis.roi.payback import payback_months
from analysis.roi.simulation import Floats, Model
from analysis.studies.result import Grade

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class TeiRow:
    """One row of the table: `by_year[0]` is the start. Amounts in the case's currency; a cost is positive.

    `kept` is what adjustment left of the row's present value at base: 1 in the table that is not adjusted, None where
    that value is zero.
    """

    id: str
    label: str
    side: Side | None
    by_year: tuple[float, ...]
    present_value: float
    kind: Kind | None = None
    grade: Grade | None = None
    counted: bool = True
    kept: float | None = 1.0

    @property
    def total(self) -> float:
        """Sum over the start and the years, not discounted."""
        return math.fsum(self.by_year)

    def to_dict(self) -> dict[str, Any]:
        """The row as plain values."""
        return {
            "id": self.id,
            "label": self.label,
            "side": self.side,
            "kind": self.kind,
            "grade": self.grade,
            "counted": self.counted,
            "kept": self.kept,
            "by_year": list(self.by_year),
            "total": self.total,
            "present_value": self.present_value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TeiTable:
    """The table. `rows` are the lines; `costs`, `benefits` and `net` add up those that count.

    `roi` is (benefits - costs) / costs in present values, None without costs; `payback_months` is None where what was
    spent is not paid back within the years.
    """

    currency: str
    years: int
    discount_rate: float
    adjusted: bool
    rows: tuple[TeiRow, ...]
    costs: TeiRow
    benefits: TeiRow
    net: TeiRow
    roi: float | None
    payback_months: float | None

    @property
    def npv(self) -> float:
        """Net present value."""
        return self.net.present_value

    def row(self, line: str) -> TeiRow:
        """The row of a line, by its id."""
        return next(row for row in self.rows if row.id == line)

    def to_dict(self) -> dict[str, Any]:
        """The table as plain values, for `results.json`."""
        return {
            "adjusted": self.adjusted,
            "rows": [row.to_dict() for row in self.rows],
            "costs": self.costs.to_dict(),
            "benefits": self.benefits.to_dict(),
            "net": self.net.to_dict(),
            "npv": self.npv,
            "roi": self.roi,
            "payback_months": self.payback_months,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a line, then the sums; columns `id, label, side, counted, initial, year_1, ..., total,
        present_value`."""
        import pandas as pd

        names = ["initial", *(f"year_{year}" for year in range(1, self.years + 1))]
        return pd.DataFrame(
            [
                {"id": row.id, "label": row.label, "side": row.side, "counted": row.counted}
                | dict(zip(names, row.by_year, strict=True))
                | {"total": row.total, "present_value": row.present_value}
                for row in (*self.rows, self.costs, self.benefits, self.net)
            ]
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def base_case(model: Model) -> TeiTable:
    """What is the case worth with every input at its base?

    Parameters
    ----------
    model : Model

    Returns
    -------
    TeiTable
        In the case's currency. The start is not discounted; years are booked at their end.

    Raises
    ------
    DesignError
        If an amount is not finite, or a formula divides by zero.

    Source
    ------
    Forrester's Total Economic Impact layout. Reference: a published table, in `tests/roi/test_tei.py`.

    Examples
    --------
    >>> from analysis.roi.inputs import Inputs
    >>> lines = (
    ...     Line(id="agents", label="Agents", side="cost", kind="cost", grade=None, account="cost", by_year=(100, 10)),
    ...     Line(id="sales", label="Sales", side="benefit", kind="margin", grade="C", account="margin",
    ...          by_year=(0, 230)),
    ... )
    >>> table = base_case(Model(currency="EUR", years=1, discount_rate=0.1, inputs=Inputs(()), lines=lines))
    >>> round(table.npv, 2), round(table.roi, 4), round(table.payback_months, 2)
    (100.0, 0.9167, 5.45)
    """
    base = model.inputs.base()
    return _table(model, [(line, model.amounts(line, base)) for line in model.lines], adjusted=False)


def risk_adjusted(model: Model) -> TeiTable:
    """What is left of the case when ranges and grades are held against it?

    A benefit is counted at the lower of its base and its value at the means of its inputs, less the haircut of its
    grade; a cost at the higher of the two. Where a line is a product of its inputs, that is the product of their risk
    factors: a range of 60, 100 and 110 leaves 90 %. A benefit that is a loss keeps its whole loss. How inputs err
    together plays no part here; it does in the draws.

    Parameters
    ----------
    model : Model

    Returns
    -------
    TeiTable
        As `base_case`, with `adjusted` true.

    Source
    ------
    Forrester's TEI: risk factor = mean of the range / most likely value; benefits down, costs up.

    Examples
    --------
    >>> from analysis.roi.formula import Input
    >>> from analysis.roi.inputs import Inputs
    >>> from analysis.roi.quantity import Quantity
    >>> from analysis.roi.spread import Triangular
    >>> gain = Quantity(name="gain", label="Gain", unit="EUR per year", spread=Triangular(60, 100, 110),
    ...                 origin="stated", source="for example", grade="E")
    >>> line = Line(id="sales", label="Sales", side="benefit", kind="margin", grade="E", account="margin",
    ...             by_year=(0, Input("gain")))
    >>> table = risk_adjusted(Model(currency="EUR", years=1, discount_rate=0, inputs=Inputs((gain,)), lines=(line,),
    ...                             haircuts={"E": 0.5}))
    >>> table.npv, table.row("sales").kept
    (45.0, 0.45)
    """
    base, means = model.inputs.base(), model.inputs.means()
    rows = [
        (line, adjusted_amounts(model, line, model.amounts(line, base), model.amounts(line, means)))
        for line in model.lines
    ]
    return _table(model, rows, adjusted=True)


def adjusted_amounts(model: Model, line: Line, at_base: Floats, at_means: Floats) -> Floats:
    """A line's amounts after risk adjustment and the haircut of its grade, shape (years + 1,); harm keeps its size."""
    if line.side == "cost" or line.grade is None:
        return np.maximum(at_base, at_means)
    cautious = np.minimum(at_base, at_means)
    return np.minimum(cautious, cautious * (1 - model.haircuts[line.grade]))


def _table(model: Model, lines: Iterable[tuple[Line, Floats]], *, adjusted: bool) -> TeiTable:
    rows = [_line_row(model, line, amounts, adjusted=adjusted) for line, amounts in lines]
    costs = _sum_row(model, "costs", "Total costs", "cost", rows)
    benefits = _sum_row(model, "benefits", "Total benefits", "benefit", rows)
    flow = np.array(benefits.by_year) - np.array(costs.by_year)
    net = TeiRow(
        id="net",
        label="Net benefits",
        side=None,
        by_year=tuple(flow.tolist()),
        present_value=benefits.present_value - costs.present_value,
        kept=None,
    )
    months = float(payback_months(flow))
    return TeiTable(
        currency=model.currency,
        years=model.years,
        discount_rate=model.discount_rate,
        adjusted=adjusted,
        rows=tuple(rows),
        costs=costs,
        benefits=benefits,
        net=net,
        roi=net.present_value / costs.present_value if costs.present_value > 0 else None,
        payback_months=months if math.isfinite(months) else None,
    )


def _line_row(model: Model, line: Line, amounts: Floats, *, adjusted: bool) -> TeiRow:
    present = float(model.present_value(amounts))
    kept: float | None = 1.0
    if adjusted:
        at_base = float(model.present_value(model.amounts(line, model.inputs.base())))
        kept = present / at_base if at_base != 0 else None
    return TeiRow(
        id=line.id,
        label=line.label,
        side=line.side,
        kind=line.kind,
        grade=line.grade,
        counted=line.counted,
        by_year=tuple(amounts.tolist()),
        present_value=present,
        kept=kept,
    )


def _sum_row(model: Model, name: str, label: str, side: Side, rows: list[TeiRow]) -> TeiRow:
    counted = [row for row in rows if row.side == side and row.counted]
    amounts = np.array([math.fsum(row.by_year[year] for row in counted) for year in range(model.years + 1)])
    return TeiRow(
        id=name,
        label=label,
        side=side,
        by_year=tuple(amounts.tolist()),
        present_value=float(model.present_value(amounts)),
        kept=None,
    )
