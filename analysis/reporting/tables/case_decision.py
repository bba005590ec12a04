"""What does a director need on one screen: what a contact is worth, what to do, what each choice changes, whose it is?

The answer with the rule behind it and the few figures beside it; staffing; and the lines with their owners. How the
case comes to its money is left to the tables before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from analysis.reporting.case_words import (
    Part,
    case_of,
    cases_of,
    labels_of,
    listed,
    near,
    quarter_in_words,
    source_in_words,
    whole,
)
from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words, in_plain_words
from analysis.reporting.tables.opening import figures_html, recommendation_in_words
from analysis.reporting.tables.table import Table, numbers_whole
from analysis.reporting.wording import Words, words

ACCOUNTS = {"order_margin": "margin", "subscription_margin": "margin of subscriptions", "support_cost": "support cost"}
CHOICES = {"stop": "Stop", "keep": "Keep as it is", "-20%": "A fifth less staff", "+20%": "A fifth more staff"}


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer, the rule it follows, the figures beside it as (name, value, range), and who else claims the money."""

    answer: str
    rule: str
    figures: tuple[tuple[str, str, str], ...]
    claimed: str

    def __str__(self) -> str:
        figures = [f"{name}: {value} ({more})" for name, value, more in self.figures]
        return "\n".join([self.answer, self.rule, *figures, self.claimed])

    def _repr_html_(self) -> str:
        answer, rule, claimed = (escape(text, quote=False) for text in (self.answer, self.rule, self.claimed))
        return numbers_whole(
            f'<div class="ts-summary"><p class="ts-answer">{answer}</p><p class="ts-evidence">{rule}</p>'
            f'{figures_html(self.figures)}<p class="ts-also">{claimed}</p></div>'
        )


def decision(found: Any, *, locale: str | None = None) -> Decided:
    """What is recommended, and the figures it can be held against.

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    answer, rule = recommendation_in_words(say, case)
    others = [plain(one, 80) for one in case["decision"]["also_claimed_by"]]
    claimed = (
        f"Also claimed by other business cases: {listed(others)}." if others else "No other business case was named."
    )
    return Decided(answer, rule, tuple(_figures(say, case)), claimed)


def _figures(say: Words, case: Part) -> Iterator[tuple[str, str, str]]:
    page, currency = case["decision"], case["currency"]
    for name, key in (
        ("A social contact is worth, net", "per_contact"),
        ("An agent-hour is worth, net", "per_agent_hour"),
    ):
        low, middle, high = cases_of(page[key])
        if low is None or middle is None or high is None:
            yield name, "not known", "hours of the team are not stated"
        else:
            ends = f"low case {say.money(low, currency)}, high case {say.money(high, currency)}"
            yield name, say.money(middle, currency), ends
    for channel in page["channels"]:
        yield _channel(say, channel, currency)
    for share in page["shares"]:
        yield _share(say, share, currency)
    yield _spoken_for(say, page["spoken_for"])


def _channel(say: Words, channel: Part, currency: str) -> tuple[str, str, str]:
    name = f"One more contact costs: {plain(channel['channel'], 40)}"
    average = "not known" if channel["average"] is None else say.money(channel["average"], currency)
    if channel["marginal"] is None:
        return name, "not known", f"average of all {average}"
    return name, say.money(channel["marginal"], currency), f"average of all {average}"


def _share(say: Words, share: Part, currency: str) -> tuple[str, str, str]:
    account = ACCOUNTS.get(share["account"]) or plain(share["account"], 40).replace("_", " ")
    name = f"Of the period’s {account}"
    if share["share"] is None:
        return name, "not known", source_in_words(say, share["reason"] or "")
    case, total = (near(say, share[key], currency) for key in ("case", "total"))
    return name, say.share(share["share"]), f"{case} in a time as long, of {total}"


def _spoken_for(say: Words, spoken: Part) -> tuple[str, str, str]:
    name = "Customers the evidence speaks for"
    if spoken["share_of_customers"] is None:
        return name, "not known", source_in_words(say, spoken["reason"] or "")
    people = f"{say.number(spoken['customers'])} of {say.number(spoken['customers_in_all'])}"
    revenue = spoken["share_of_revenue"]
    more = "" if revenue is None else f", with {say.share(revenue, 0)} of the revenue"
    return name, say.share(spoken["share_of_customers"], 0), people + more


def staffing(found: Any, *, locale: str | None = None) -> Table:
    """What would change a year by stopping, keeping, or a fifth less or more staff?

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    rows = case["decision"]["choices"]
    return Table(
        caption="Each choice, against going on as now, in a year",
        cells=pd.DataFrame([_choice(say, row, case["currency"]) for row in rows]),
        frame=pd.DataFrame(
            [
                {"choice": row["choice"], "cost": row["cost"], **{name: _at(row["net"], name) for name in _ENDS}}
                for row in rows
            ]
        ).rename(columns=_ENDS),
        numbers=("Benefits", "Costs", "What is left"),
        notes=("The middle case, with the low and the high case in brackets.",),
    )


_ENDS = {"p5": "low", "p50": "middle", "p95": "high"}


def _at(quantiles: Part | None, name: str) -> float | None:
    return None if quantiles is None else quantiles[name]


def _choice(say: Words, row: Part, currency: str) -> dict[str, str]:
    return {
        "Choice": CHOICES.get(row["choice"]) or plain(row["choice"], 40),
        "Benefits": _change(say, row["benefit"], currency),
        "Costs": "not known" if row["cost"] is None else _signed(say, row["cost"], currency),
        "What is left": _change(say, row["net"], currency),
        "Evidence": "–" if row["grade"] is None else f"{row['grade']}: {grade_in_words(row['grade'])}",
        "Why": source_in_words(say, row["detail"]),
    }


def _signed(say: Words, amount: float, currency: str) -> str:
    said = near(say, amount, currency)
    return f"+{said}" if amount > 0 else said


def _change(say: Words, quantiles: Part | None, currency: str) -> str:
    low, middle, high = cases_of(quantiles)
    if low is None or middle is None or high is None:
        return "not known"
    if low == middle == high:
        return _signed(say, middle, currency)
    ends = f"({_signed(say, low, currency)} to {_signed(say, high, currency)})".replace(" ", "\xa0")
    return f"{_signed(say, middle, currency)} {ends}"


def whose_money(found: Any, *, locale: str | None = None) -> Table:
    """Who answers for each line, when does it first show, and who else claims it?

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    rows = case["decision"]["lines"]
    labels = labels_of(case)
    records = [
        {
            "Line": in_plain_words(labels.get(row["id"]) or plain(row["label"], 160)),
            "First year": whole(say, row["per_year"][0], case["currency"]),
            "Last year": whole(say, row["per_year"][-1], case["currency"]),
            "Answers for it": "nobody named" if row["owner"] is None else plain(row["owner"], 80),
            "First shows in": quarter_in_words(row["fiscal_quarter"]),
            "Also claimed by": listed([plain(one, 80) for one in row["also_claimed_by"]]) or "–",
            "Counted": "yes" if row["counted"] else "no, shown beside",
        }
        for row in rows
    ]
    return Table(
        caption="Whose money it is",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame(
            [{"line": row["id"], "first": row["per_year"][0], "last": row["per_year"][-1]} for row in rows]
        ),
        numbers=("First year", "Last year"),
        notes=("Amounts are the middle case of the year, not discounted.",),
    )
