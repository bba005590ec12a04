"""What goes into the case, and what comes out of it, in the low, middle and high case?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.case_words import source_in_words
from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words, humanised, in_plain_words
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import Words, words


def case_lines(case: Any, *, locale: str | None = None) -> Table:
    """What goes into the case: each benefit with its evidence, each cost with its source."""
    say = words(locale)
    records = []
    for benefit in case.benefits:
        middle = benefit.per_year.p50
        counted = getattr(benefit, "counted", True)
        records.append(
            {
                "Part": "Benefits" if counted else "Shown beside, not counted",
                "Line": plain(benefit.label, 160),
                "Once": "–",
                "A year": "–" if middle is None else say.money(middle, case.currency),
                "Comes from": _comes_from(say, benefit, case.currency),
                "Evidence": f"{benefit.grade}: {grade_in_words(benefit.grade)}",
            }
        )
    records += [
        {
            "Part": "Costs",
            "Line": plain(getattr(cost, "label", None) or humanised(cost.line), 160),
            "Once": say.money(cost.initial, case.currency) if cost.initial else "–",
            "A year": say.money(cost.per_year, case.currency) if cost.per_year else "–",
            "Comes from": source_in_words(say, cost.source),
            "Evidence": _of_cost(cost),
        }
        for cost in case.costs
    ]
    if not records:
        raise DesignError("The case has neither benefits nor costs.")
    return Table(
        caption="What goes into the case, middle case",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame(
            [{"line": one.label, "kind": "benefit", "per_year": one.per_year.p50} for one in case.benefits]
            + [
                {"line": one.line, "kind": "cost", "initial": one.initial, "per_year": one.per_year}
                for one in case.costs
            ]
        ),
        numbers=("Once", "A year"),
        groups="Part",
        folded=tuple(f"{plain(one.label, 160)}: {note}" for one in case.benefits if (note := _noted(say, one))),
        folded_under="What each line takes for granted, and leaves out",
    )


def _comes_from(say: Words, benefit: Any, currency: str) -> str:
    """The gain of a contact and how many there are; of a line that multiplies no contacts, what it says of itself."""
    if benefit.gain_per_contact is None or benefit.contacts_per_year is None:
        return "its own inputs, as they stand in the table of what goes in"
    contacts = say.number(benefit.contacts_per_year, 0)
    source = in_plain_words(plain(benefit.contacts_source, 120))
    gain = say.money(benefit.gain_per_contact, currency)
    return f"{gain} a contact, {contacts} contacts a year ({source}){_made(say, benefit)}"


def _noted(say: Words, benefit: Any) -> str:
    """What a line says of itself."""
    return source_in_words(say, getattr(benefit, "note", ""), 600)


def _of_cost(cost: Any) -> str:
    """A cost is booked or stated; where its size is an effect of ours, it has a grade as well."""
    grade = getattr(cost, "grade", None)
    return "stated or booked" if grade is None else f"{grade}: {grade_in_words(grade)}"


def _made(say: Words, benefit: Any) -> str:
    """When the contacts were made whose effect this is, where the benefit says so: the volume may be a later one."""
    first, last = (getattr(benefit, name, None) for name in ("index_from", "index_to"))
    if not first or not last:
        return ""
    begun = "; their time after the contact is not over" if getattr(benefit, "maturity", "") == "interim" else ""
    return f"; the gain is that of contacts {say.months(first, last)}{begun}"


def money(case: Any, *, locale: str | None = None) -> Table:
    """What is left in each year and in all, in the low, middle and high case?"""
    say = words(locale)

    def line(part: str, name: str, low: str, middle: str, high: str) -> dict[str, str]:
        return {"Part": part, "Line": name, "Low case": low, "Middle case": middle, "High case": high}

    def amount(value: float | None) -> str:
        return "–" if value is None else say.money(value, case.currency)

    records = [
        line(
            "Benefits less costs, not discounted",
            "At the start" if int(year["year"]) == 0 else f"Year {int(year['year'])}",
            *(amount(float(year[name])) for name in ("net_low", "net", "net_high")),
        )
        for year in case.yearly.to_dict("records")
    ]
    discount = say.share(case.discount_rate, 0 if (100 * case.discount_rate).is_integer() else 1)
    whole = f"All {case.years} years, discounted at {discount} a year"
    records.append(line(whole, "Net present value", *(amount(value) for value in _cases(case.npv))))
    back = ["–" if value is None else say.share(value, 0) for value in _cases(case.roi)]
    records.append(line(whole, "Return on cost", *back))
    paid = ["not within the years" if month is None else say.number(month, 1) for month in _cases(case.payback_months)]
    records.append(line(whole, "Months to pay back", *reversed(paid)))
    inside, chance = say.share(0.9, 0), say.chance(case.probability_npv_positive)
    return Table(
        caption="The case in money",
        cells=pd.DataFrame(records),
        frame=case.yearly,
        numbers=("Low case", "Middle case", "High case"),
        groups="Part",
        notes=(
            f"{inside} of the simulated outcomes lie between the low and the high case. Chance of a gain: {chance}.",
        ),
    )


def _cases(values: Any) -> tuple[float | None, float | None, float | None]:
    return values.p5, values.p50, values.p95
