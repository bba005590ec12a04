"""When did customers who took up social care, or were invited to it, leave the path of the others, month by month?

Each month's figure is the difference per customer to similar customers who had not yet, measured from the last month
before anything began. Of first contacts the month of the contact and the one before it belong to the problem, are
shaded and tested by nobody. What the months add up to is left to the estimate.
"""

from __future__ import annotations

from typing import Any

from analysis.reporting.charts.around import AroundMonth, draw_around, relative_month
from analysis.reporting.charts.effects import sized
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.formats import is_currency
from analysis.reporting.naming import grade_in_words, method_in_words, outcome_in_words, unit_in_words
from analysis.reporting.parties import FIRST_CONTACT, said_of
from analysis.reporting.rows import Row, effect_rows, level_of
from analysis.reporting.settled import answers
from analysis.reporting.wording import Words, has_failed, words

_COLUMNS = ("outcome", "month", "value", "low", "high", "part", "unit")


def adoption_months(adoption: Any, outcome: str = "orders", *, locale: str | None = None) -> Figure:
    """The difference to similar customers who had not yet, in each month around the beginning, with intervals.

    Parameters
    ----------
    adoption : AdoptionResult
        With `dynamic` (outcome, month, value, low, high, part, unit; `band_low` and `band_high` where the interval for
        all months at once is known) and `effects`.
    outcome : str

    Raises
    ------
    NothingToDraw
        If the result follows no such outcome month by month, or its intervals have no level.
    """
    say = words(locale)
    every = getattr(adoption, "dynamic", None)
    if every is None or any(name not in every.columns for name in _COLUMNS):
        raise NothingToDraw("The chart month by month needs the difference in each month (`dynamic`); it has none.")
    frame = every[every["outcome"] == outcome].sort_values("month", kind="stable").reset_index(drop=True)
    if frame.empty:
        there = ", ".join(outcome_in_words(name).label.lower() for name in dict.fromkeys(every["outcome"])) or "nothing"
        asked = outcome_in_words(outcome).label.lower()
        raise NothingToDraw(f"There are no months of {asked} to draw; followed month by month were: {there}.")
    rows = effect_rows(adoption)
    level = level_of(rows)
    if level is None:
        raise NothingToDraw("The chart month by month needs the level of its intervals; no effect has one.")
    effect = next((row for row in answers(rows) if row["outcome"] == outcome), rows[0])
    said, label = said_of(effect), outcome_in_words(outcome).label
    first = effect["treated"] == FIRST_CONTACT
    title = _title(say, label, effect)
    months = [_around(row) for row in frame.to_dict("records")]
    harm = "; the harm of the problem that led to it is included" if first else ""
    interval = say.level({"level": level})
    story = Story(
        title=title,
        measure=f"{label} of {said.who} less those of {said.like}, each month with its {interval}",
        unit=unit_in_words(str(frame["unit"].iloc[0])),
        population=f"months around {said.from_}, measured from the last month before it began{harm}",
        period=f"{'first contacts' if first else 'invitations'} {say.months(effect['index_from'], effect['index_to'])}"
        if effect.get("index_from")
        else f"months {relative_month(months[0].month)} to {relative_month(months[-1].month)}",
        source=said.source if outcome != "issues" else said.source.replace("orders", "issues"),
        rows=f"{say.number(effect['n_treated'])} against {say.number(effect['n_comparison'])} customers",
        method=f"{method_in_words('adoption_effect')}; grade {effect['grade']}, {grade_in_words(effect['grade'])}",
        alt=f"Chart of monthly intervals around {said.from_}. {title}. {_in_words(months)} {say.finding(effect)}",
    )
    event = "contact" if first else "invited"
    thin = " Thin: for all months at once." if any(one.wide for one in months) else ""
    hollow = " Hollow: not tested." if any(one.part in ("dip", "index", "reference") for one in months) else ""
    note = f"Months before and after {said.from_}. Lines: {interval}s.{thin}{hollow}"
    unit = str(frame["unit"].iloc[0]).partition(" ")[0]

    def paint(body: Body) -> None:
        draw_around(body, months, say, f"{unit if is_currency(unit) else 'count'} signed", event, note)

    return Figure(story, frame, paint, lambda narrow: 300 if narrow else 340)


def _around(row: Row) -> AroundMonth:
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    reference = row["part"] == "lead" and low == value == high == 0
    wide = (float(row["band_low"]), float(row["band_high"])) if row.get("band_low") is not None else None
    part = "reference" if reference else str(row["part"])
    return AroundMonth(month=int(row["month"]), value=value, low=low, high=high, part=part, wide=wide)


def _title(say: Words, label: str, effect: Row) -> str:
    if has_failed(effect, "pre_trend"):
        return f"{label}: the groups drifted apart before {said_of(effect).from_}"
    if effect["value"] is None:
        return f"{label}, month by month: no effect is claimed"
    return f"After {said_of(effect).from_}, {label.lower()}: {sized(say, effect)}"


def _in_words(months: list[AroundMonth]) -> str:
    """How many months before and after lie clearly off nothing, up and down."""
    said = []
    for part, when in (("lead", "before it began"), ("after", "after it")):
        mine = [one for one in months if one.part == part]
        if mine:
            up, down = sum(one.low > 0 for one in mine), sum(one.high < 0 for one in mine)
            said.append(f"Of {len(mine)} months {when}, {up} lie clearly above nothing and {down} clearly below.")
    return " ".join(said)
