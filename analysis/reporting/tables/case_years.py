"""What does the case hold year by year, as a finance director reads it: start, years, total, present value?

Amounts are whole, so that columns can be added up. Once with every input at its most likely value, once with benefits
cut and costs raised as their ranges and their evidence ask for. The range of the outcome is left to `money`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.reporting.case_words import Part, case_of, months_in_words, whole
from analysis.reporting.formats import plain
from analysis.reporting.naming import in_plain_words
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import Words, words

BENEFITS, COSTS, LEFT, BESIDE = "Benefits", "Costs", "What is left", "Shown beside, not counted"


def case_by_year(found: Any, *, adjusted: bool = False, locale: str | None = None) -> Table:
    """The case by year: every line, its sums, and what is left.

    Parameters
    ----------
    found : RoiCase, or results.json
    adjusted : bool
        With benefits cut and costs raised for their ranges, and benefits cut for their evidence.

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    table, currency = case["tei_adjusted" if adjusted else "tei"], case["currency"]
    lines = [(_part(row), row) for row in table["rows"]]
    groups: list[tuple[str, Sequence[Part]]] = [
        (BENEFITS, [*(row for part, row in lines if part == BENEFITS), {**table["benefits"], "label": "All benefits"}]),
        (COSTS, [*(row for part, row in lines if part == COSTS), {**table["costs"], "label": "All costs"}]),
        (LEFT, [{**table["net"], "label": "Benefits less costs"}]),
        (BESIDE, [row for part, row in lines if part == BESIDE]),
    ]
    records = [_record(say, part, row, currency, adjusted) for part, rows in groups for row in rows]
    cells = pd.DataFrame(records)
    text = ("Part", "Line", "Evidence")
    return Table(
        caption=_caption(say, case, adjusted),
        cells=cells,
        frame=pd.DataFrame(
            [
                {"part": part, "id": row["id"], "total": row["total"], "present_value": row["present_value"]}
                | {_year(year): amount for year, amount in enumerate(row["by_year"])}
                for part, rows in groups
                for row in rows
            ]
        ),
        numbers=tuple(name for name in cells.columns if name not in text),
        groups="Part",
        notes=tuple(_notes(say, case, table, adjusted)),
    )


def _part(row: Part) -> str:
    if not row["counted"]:
        return BESIDE
    return BENEFITS if row["side"] == "benefit" else COSTS


def _year(year: int) -> str:
    return "Start" if year == 0 else f"Year {year}"


def _record(say: Words, part: str, row: Part, currency: str, adjusted: bool) -> dict[str, str]:
    amounts = {_year(year): whole(say, amount, currency) for year, amount in enumerate(row["by_year"])}
    record = {"Part": part, "Line": in_plain_words(plain(row["label"], 160)), **amounts}
    record["Total"] = whole(say, row["total"], currency)
    record["Present value"] = whole(say, row["present_value"], currency)
    if adjusted:
        record["Share kept"] = "–" if row["kept"] is None else say.share(row["kept"], 0)
    record["Evidence"] = row["grade"] or "–"
    return record


def _caption(say: Words, case: Part, adjusted: bool) -> str:
    years = "1 year" if case["years"] == 1 else f"{case['years']} years"
    rate = 100 * case["discount_rate"]
    at = say.share(case["discount_rate"], 0 if math.isclose(rate, round(rate)) else 1)
    made = "cut for risk and for weak evidence" if adjusted else "every input at its most likely value"
    return f"The case by year, {made} ({case['currency']}, {years}, discounted at {at} a year)"


def _notes(say: Words, case: Part, table: Part, adjusted: bool) -> Sequence[str]:
    back = "no costs to set it against" if table["roi"] is None else say.share(table["roi"], 0)
    notes = [
        f"Net present value {whole(say, table['npv'], case['currency'])}; return on cost {back}; paid back: "
        f"{months_in_words(say, table['payback_months'])}. What is spent at the start is not discounted; years are "
        "booked at their end. Cells are rounded, sums are not made of rounded cells."
    ]
    if adjusted:
        cuts = ", ".join(
            f"{grade} {say.share(cut, 0)}" for grade, cut in sorted(case["haircuts"].items()) if cut is not None
        )
        notes.append(
            "A benefit is counted at the lower of its most likely value and its mean over the range, then cut by the "
            f"grade of its evidence ({cuts}); a cost at the higher of the two. A loss is never cut. “Share kept” is "
            "what the cuts leave."
        )
    if any(not row["counted"] for row in table["rows"]):
        notes.append("Lines shown beside are part of no sum.")
    return notes
