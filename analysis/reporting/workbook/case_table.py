"""How is one table of the case laid out and written: lines, sums, what is left, and when it has paid itself back?

The sheet of the case holds two such tables, before and after adjustment. Lines are written as the formulas given, sums
and what follows from them as formulas over the lines, each with the value that Python found. What a table means is left
to `roi_sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised, in_plain_words
from analysis.reporting.workbook.inputs_sheet import DISCOUNT_RATE
from analysis.reporting.workbook.sheet import Book, Sheet
from analysis.roi.line import KIND_WORDS, Line
from analysis.roi.quantiles import Quantiles
from analysis.roi.tei import TeiTable

LABEL, KIND, GRADE, START = range(4)
NEVER, NO_COSTS = "not within the years", "no costs"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table of the sheet, from its heading on."""

    heading: int
    lines: Mapping[str, int]
    benefits: int
    costs: int
    beside: int | None

    @classmethod
    def of(cls, lines: Sequence[Line], heading: int) -> Rows:
        """Benefits, their sum, costs, their sum, net and payback, then what is shown and not counted."""
        places: dict[str, int] = {}
        row = heading + 4
        ends = []
        for side in ("benefit", "cost"):
            for line in lines:
                if line.counted and line.side == side:
                    places[line.id], row = row, row + 1
            ends.append(row)
            row += 2
        row = ends[1] + 4
        left_out = [line for line in lines if not line.counted]
        for place, line in enumerate(left_out, start=row + 1):
            places[line.id] = place
        return cls(heading, places, ends[0], ends[1], row if left_out else None)

    @property
    def factors(self) -> int:
        return self.heading + 2

    @property
    def net(self) -> int:
        return self.costs + 1

    @property
    def standing(self) -> int:
        """Net benefits added up."""
        return self.costs + 2

    @property
    def paid(self) -> int:
        """The month of payback, in the column of its year."""
        return self.costs + 3

    @property
    def end(self) -> int:
        """The first row after the table."""
        return max([self.paid, *self.lines.values()]) + 1


@dataclass(frozen=True, slots=True)
class CaseTable:
    """Writes a table of the case, its sums and what follows from them."""

    book: Book
    sheet: Sheet
    model: Any

    @property
    def last(self) -> int:
        """The column of the last year."""
        return int(START + self.model.years)

    def write(
        self,
        rows: Rows,
        heading: str,
        values: TeiTable,
        formulas: Mapping[str, Sequence[tuple[str, bool]]],
        simulated: Mapping[str, Quantiles] | None = None,
    ) -> None:
        """One table: formulas of the lines, sums of them, the values that Python found for each."""
        sheet, last = self.sheet, self.last
        columns = last + (6 if simulated else 3)
        for column in range(columns):
            sheet.text(rows.heading, column, heading if column == LABEL else "", "section")
        years = [f"Year {year}" for year in range(1, self.model.years + 1)]
        heads = ["Line", "Kind", "Evidence", "Initial", *years, "Total", "Present value"]
        if simulated:
            heads += [f"{case} case, simulated present value" for case in ("Low", "Middle", "High")]
        sheet.heads(rows.heading + 1, heads, range(START, columns))
        self._factors(rows)
        sheet.text(rows.heading + 3, LABEL, "Benefits", "group")
        sheet.text(rows.benefits + 1, LABEL, "Costs", "group")
        if rows.beside is not None:
            sheet.text(rows.beside, LABEL, "Shown beside the case, not counted in it", "group")
        for line in self.model.lines:
            row, found = rows.lines[line.id], values.row(line.id)
            sheet.text(row, LABEL, in_plain_words(plain(line.label, 200)))
            sheet.text(row, KIND, humanised(KIND_WORDS[line.kind]))
            sheet.text(row, GRADE, line.grade or "")
            if line.note:
                sheet.note(row, LABEL, in_plain_words(plain(line.note, 1_000)))
            for year, (formula, live) in enumerate(formulas[line.id]):
                if live:
                    sheet.formula(row, START + year, formula, found.by_year[year], self.book.money())
                else:
                    sheet.number(row, START + year, found.by_year[year], self.book.money())
            self._across(row, rows, found.total, found.present_value)
            self._beside(row, simulated, line.id)
        self._sum(rows, rows.benefits, rows.heading + 4, "Total benefits", values.benefits, simulated, "benefits")
        self._sum(rows, rows.costs, rows.benefits + 2, "Total costs", values.costs, simulated, "costs")
        self._net(rows, values, simulated)

    def _factors(self, rows: Rows) -> None:
        """What an amount of each year is worth today."""
        sheet = self.sheet
        sheet.text(rows.factors, LABEL, f"1 {self.book.currency} of that year is worth today", "quiet")
        for year, factor in enumerate(self.model.discounting.tolist()):
            sheet.formula(rows.factors, START + year, f"1/(1+{DISCOUNT_RATE})^{year}", factor, "0.000")

    def _across(self, row: int, rows: Rows, total: float, present: float, style: str = "number") -> None:
        """The last two columns of a row: its sum, and its present value."""
        sheet, money = self.sheet, self.book.money()
        years = sheet.span((row, START), (row, self.last))
        factors = sheet.span((rows.factors, START), (rows.factors, self.last))
        sheet.formula(row, self.last + 1, f"SUM({years})", total, money, style)
        sheet.formula(row, self.last + 2, f"SUMPRODUCT({years},{factors})", present, money, style)

    def _beside(self, row: int, simulated: Mapping[str, Quantiles] | None, name: str, style: str = "simulated") -> None:
        if simulated is None:
            return
        found = simulated[name]
        for place, value in enumerate((found.p5, found.p50, found.p95), start=self.last + 3):
            self.sheet.number(row, place, value, self.book.money(), style)

    def _sum(self, rows: Rows, row: int, first: int, label: str, found: Any, simulated: Any, name: str) -> None:
        """A row that adds up the lines above it, from `first` on."""
        sheet = self.sheet
        self._label(row, label)
        for year, value in enumerate(found.by_year):
            column = START + year
            formula = f"SUM({sheet.span((first, column), (row - 1, column))})" if row > first else "0"
            sheet.formula(row, column, formula, value, self.book.money(), "total_number")
        self._across(row, rows, found.total, found.present_value, "total_number")
        self._beside(row, simulated, name, "total_simulated")

    def _net(self, rows: Rows, values: TeiTable, simulated: Any) -> None:
        """Net benefits, the same added up, and the month in which they have paid back what was spent."""
        sheet, money, net = self.sheet, self.book.money(), values.net
        self._label(rows.net, "Net benefits")
        sheet.text(rows.standing, LABEL, "Net benefits, added up", "quiet")
        sheet.text(rows.paid, LABEL, "Paid back in this month, counted from the start", "quiet")
        standing = np.cumsum(net.by_year).tolist()
        for year, value in enumerate(net.by_year):
            column = START + year
            here = sheet.address(rows.net, column)
            formula = f"{sheet.address(rows.benefits, column)}-{sheet.address(rows.costs, column)}"
            sheet.formula(rows.net, column, formula, value, money, "total_number")
            if year == 0:
                sheet.formula(rows.standing, column, here, standing[0], money)
                continue
            before, now = sheet.address(rows.standing, column - 1), sheet.address(rows.standing, column)
            sheet.formula(rows.standing, column, f"{before}+{here}", standing[year], money)
            crossed = f'IF(AND({before}<0,{now}>=0),12*({year - 1}-{before}/{here}),"")'
            paid = 12 * (year - 1 - standing[year - 1] / value) if standing[year - 1] < 0 <= standing[year] else ""
            sheet.formula(rows.paid, column, crossed, paid, "0.0")
        self._across(rows.net, rows, net.total, net.present_value, "total_number")
        self._beside(rows.net, simulated, "net", "total_simulated")

    def _label(self, row: int, label: str) -> None:
        for column in range(START):
            self.sheet.text(row, column, label if column == LABEL else "", "total")

    def returned(self, rows: Rows) -> str:
        """Return on cost, by the sums of a table."""
        sheet = self.sheet
        net, costs = (sheet.address(row, self.last + 2) for row in (rows.net, rows.costs))
        return f'IF({costs}>0,{net}/{costs},"{NO_COSTS}")'

    def payback(self, rows: Rows) -> str:
        """The last month in which what was spent is paid back; never, if something is owed at the end."""
        sheet = self.sheet
        owed = sheet.address(rows.standing, self.last)
        months = sheet.span((rows.paid, START + 1), (rows.paid, self.last))
        return f'IF({owed}<0,"{NEVER}",IF(COUNT({months})=0,0,MAX({months})))'
