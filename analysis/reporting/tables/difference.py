"""What has changed since the last report, in executives' words? Sentences, and the figures side by side.

Reads what `results.json` holds under `previous`. Closed figures come first: they were said to stand. What a change of
an effect means was decided by `analysis.reporting.difference`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.reporting.difference.causes import nothing_changed, same_inputs
from analysis.reporting.formats import MINUS, plain
from analysis.reporting.naming import group_in_words, in_plain_words, metric_in_words, outcome_in_words
from analysis.reporting.rows import Row, is_naive, monthly
from analysis.reporting.tables.cells import figure_name, money_cell, period_in_words, periods_in_words, value_cell
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import Words, words

MONEY: Mapping[str, str] = {"npv.p50": "Net present value", "probability_npv_positive": "Chance of a gain"}
_CLOSED: Mapping[str, str] = {
    "restated": "Restated, because an error was corrected",
    "against_record": "Closed before and different now, though nobody recorded why",
    "adjusted": "Changed by news that came after the month was closed",
    "redefined": "Counted by a new definition",
}
_MOST, _MOST_NAMES, _MOST_ROWS = 3, 6, 24


def title_since(results: Mapping[str, Any]) -> str:
    """The heading of what has changed; nothing where there is no last report.

    Examples
    --------
    >>> title_since({"previous": {"study": "2026q3"}}), title_since({"previous": None})
    ('Since the last report (2026q3)', '')
    """
    previous = results.get("previous")
    return f"Since the last report ({in_plain_words(plain(previous['study'], 60))})" if previous else ""


def since_in_words(results: Mapping[str, Any], say: Words) -> Iterator[str]:
    """What was restated, what is new, what cannot be told apart, as sentences."""
    previous = results.get("previous")
    if not previous:
        return
    yield from map(in_plain_words, _said(results, previous, say))


def since_last_report(results: Mapping[str, Any], *, locale: str = "en_GB") -> Table | None:
    """Effects, money and closed figures that moved, as the last report had them and as this one has them.

    None where there is no last report, so that nothing is shown; a sentence where nothing of these moved.
    """
    previous = results.get("previous")
    if not previous:
        return None
    say = words(locale)
    records = [
        *_money_rows(results, previous, say), *_effect_rows(previous, say), *_closed_rows(previous, say),
    ]  # fmt: skip
    shown = records[:_MOST_ROWS]
    rest = len(records) - len(shown)
    caption = f"{title_since(results)}, side by side"
    none = "No effect, no figure in money and no closed figure that both reports hold is another."
    if previous["metrics"].get("closed_before") == 0:
        none = f"No effect and no figure in money that both reports hold is another. {_NONE_CLOSED}"
    notes = [] if records else [none]
    if rest:
        notes.append(f"{say.number(rest)} further figures: `touchstone diff` lists them all.".replace("`", ""))
    if any(row["distinguishable"] is False for row in previous["effects"]["rows"]):
        notes.append(
            "Both reports speak of many of the same customers. A change counts as more than chance only if it would "
            "however closely their findings depend on each other."
        )
    return Table(caption, pd.DataFrame(shown), pd.DataFrame(records), notes=tuple(notes), sentences=True)


def _said(results: Mapping[str, Any], previous: Mapping[str, Any], say: Words) -> Iterator[str]:
    metrics, effects = previous["metrics"], previous["effects"]
    yield from _closed_said(metrics, results, say)
    yield from _effects_said(effects, previous["why"], say)
    yield from _money_said(results, previous, say)
    yield from _new_said(metrics, effects, say)
    yield from _why_said(previous["why"], say)


_NONE_CLOSED = "No month that both reports count had been closed in the last one."


def _closed_said(metrics: Mapping[str, Any], results: Mapping[str, Any], say: Words) -> Iterator[str]:
    moved = [row for row in metrics["rows"] if row["how"] in _CLOSED]
    if not metrics["both"]:
        close = (
            " What changed in them since they were closed stands under “What is closed”."
            if results.get("close")
            else ""
        )
        if metrics["only_earlier"]["count"] and metrics["only_later"]["count"]:
            yield f"The two reports count no month in common: those of the last one are not counted again here.{close}"
        return
    for how, label in _CLOSED.items():
        rows = [row for row in moved if row["how"] == how]
        said = [_figure_said(row, say) for row in rows[:_MOST]]
        if rest := metrics["by"].get(how, 0) - len(said):
            said.append(f"{say.number(rest)} further {_figures(rest)}")
        if said:
            yield f"{label}: {'; '.join(said)}."
    if not any(metrics["by"].get(how) for how in _CLOSED):
        yield (
            _NONE_CLOSED
            if metrics.get("closed_before") == 0
            else "No closed figure that both reports hold has changed."
        )
    opened = sum(metrics["by"].get(how, 0) for how in ("closed", "estimated", "provisional"))
    if opened:
        yield f"{say.number(opened)} {_figures(opened)} of months that were open in the last report moved, as was said."


def _figure_said(row: Row, say: Words) -> str:
    name = f"{figure_name(row, with_basis=row['basis'] == 'post')}, {period_in_words(say, row['period'])}"
    before, after = (value_cell(say, row[side], row["unit"]) for side in ("before", "after"))
    share = "" if row["relative_change"] is None else f" ({_share(say, row['relative_change'])})"
    return f"{name}, from {before} to {after}{share}"


def _share(say: Words, change: float) -> str:
    size = say.share(abs(change))
    sign = "+" if change > 0 else MINUS
    return f"{sign}{size}" if re.search(r"[1-9]", size) else f"under {say.share(0.001)}"


def _shown_effects(effects: Mapping[str, Any]) -> list[Row]:
    return [row for row in effects["rows"] if not row["segment"] and not is_naive(row)]


def _effects_said(effects: Mapping[str, Any], why: Mapping[str, Any], say: Words) -> Iterator[str]:
    rows = _shown_effects(effects)
    told = [row for row in rows if row["distinguishable"]]
    same_tables = same_inputs(why)
    cause = "the tables are the same, so parameters or program moved it" if same_tables else "more than chance"
    for row in told[:_MOST]:
        before, after = (_side(row, side, say) for side in ("before", "after"))
        yield f"Effect on {_effect_name(row)}: {before} then, {after} now; {cause}."
    if rest := len(told) - len(told[:_MOST]):
        yield f"{say.number(rest)} further {'effect' if rest == 1 else 'effects'} moved: {cause}."
    alike = list(dict.fromkeys(_effect_name(row) for row in rows if row["distinguishable"] is False))
    if alike:
        yield (
            f"Cannot be told apart from the last report: the effect on {_listed(alike)}. What moved is no more than "
            f"{'parameters or program make of the same tables' if same_tables else 'chance can do'}."
        )
    for row in [row for row in rows if row["distinguishable"] is None][:_MOST]:
        name, claimed = _effect_name(row), [row[side]["value"] is not None for side in ("before", "after")]
        if claimed == [False, True]:
            yield f"Claimed now and not in the last report: the effect on {name}, {_side(row, 'after', say)}."
        elif claimed == [True, False]:
            yield f"No longer claimed: the effect on {name}, {_side(row, 'before', say)} in the last report."
        elif claimed == [True, True]:
            yield f"Cannot be compared with the last report: the effect on {name} ({plain(row['reason'], 80)})."
    for row in rows:
        if row["before"]["grade"] != row["after"]["grade"]:
            grades = [plain(row[side]["grade"], 10) for side in ("before", "after")]
            yield f"The evidence of the effect on {_effect_name(row)} was grade {grades[0]} and is grade {grades[1]}."


def _side(row: Row, side: str, say: Words) -> str:
    return say.effect_in_short({**{key: row[key] for key in ("scale", "outcome", "unit")}, **row[side]})


def _effect_name(row: Row) -> str:
    measure = outcome_in_words(row["outcome"]).measure
    return f"{measure} ({group_in_words(row['treated'])})" if row["estimand"] == "experiment_effect" else measure


def _money_said(results: Mapping[str, Any], previous: Mapping[str, Any], say: Words) -> Iterator[str]:
    made = previous["roi"]["made"]
    if made["before"] != made["after"]:
        yield (
            "The case in money is new." if made["after"] else "The last report had a case in money, this one has none."
        )
        return
    for row in _money_rows(results, previous, say):
        yield f"{row['Figure']}: {row['Last report']} then, {row['This report']} now."


def _money_rows(results: Mapping[str, Any], previous: Mapping[str, Any], say: Words) -> Iterator[dict[str, str]]:
    roi = previous["roi"]
    if not all(roi["made"].values()):
        return
    found = {row["figure"]: row for row in roi["rows"]}
    for figure, label in MONEY.items():
        if figure in found:
            sides = [
                _amount(found[figure][side], roi["currency"][side] if figure == "npv.p50" else None, say)
                for side in ("before", "after")
            ]
            yield _record(label, sides[0], sides[1], "follows from effects, costs and parameters")


def _amount(value: float | None, currency: str | None, say: Words) -> str:
    if value is None:
        return "none"
    return say.chance(value) if currency is None else money_cell(say, float(f"{value:.3g}"), currency)


def _effect_rows(previous: Mapping[str, Any], say: Words) -> Iterator[dict[str, str]]:
    same_tables = same_inputs(previous["why"])
    meant = {
        True: "parameters or program" if same_tables else "more than chance",
        False: "parameters or program" if same_tables else "cannot be told apart",
    }
    for row in _shown_effects(previous["effects"]):
        verdict = row["distinguishable"]
        means = f"cannot be compared: {plain(row['reason'], 80)}" if verdict is None else meant[verdict]
        name = outcome_in_words(row["outcome"]).label
        arm = f", {group_in_words(row['treated'])}" if row["estimand"] == "experiment_effect" else ""
        whom = str(row["unit"] or "").partition(" per ")[2]
        unit = f" per {plain(whom, 40)}" if whom and row["scale"] == "difference" else ""
        yield _record(f"Effect: {name}{unit}{arm}", _side(row, "before", say), _side(row, "after", say), means)


def _closed_rows(previous: Mapping[str, Any], say: Words) -> Iterator[dict[str, str]]:
    meant = {
        "restated": "restated: an error was corrected", "against_record": "changed without a record",
        "adjusted": "adjusted by late news", "redefined": "counted by a new definition",
    }  # fmt: skip
    for row in previous["metrics"]["rows"]:
        if row["how"] in meant:
            name = f"{figure_name(row, with_basis=row['basis'] == 'post')}, {period_in_words(say, row['period'])}"
            before, after = (value_cell(say, row[side], row["unit"]) for side in ("before", "after"))
            yield _record(name, before, after, meant[row["how"]])


def _record(name: str, before: str, after: str, means: str) -> dict[str, str]:
    return {"Figure": name, "Last report": before, "This report": after, "The change": in_plain_words(means)}


def _new_said(metrics: Mapping[str, Any], effects: Mapping[str, Any], say: Words) -> Iterator[str]:
    new, gone = metrics["only_later"], metrics["only_earlier"]
    months = [row["period"] for row in monthly([{"period": period} for period in new["new_periods"]])]
    if months:
        yield f"New: the figures of {periods_in_words(say, months)}."
    if new["new_metrics"]:
        yield f"Counted for the first time: {_names(new['new_metrics'])}."
    if gone["new_metrics"]:
        yield f"No longer counted: {_names(gone['new_metrics'])}."
    for side, label in (("only_later", "Compared for the first time"), ("only_earlier", "No longer compared")):
        rows = [row for row in effects[side].get("new_outcomes", ()) if not is_naive(row)]
        names = list(dict.fromkeys(_effect_name(row) for row in rows))
        if names:
            yield f"{label}: {_listed(names)}."


def _why_said(why: Mapping[str, Any], say: Words) -> Iterator[str]:
    """What is different of what the reports were made from; a table is named as the data name it."""
    inputs = why["inputs"]
    others = {*inputs["changed"], *inputs["only_later"], *inputs["only_earlier"]}
    changed = [
        name
        for name in (*inputs["changed"], *inputs["only_later"], *inputs["only_earlier"])
        if name not in ("ledger", "promises")
    ]
    causes = []
    if changed:
        causes.append(f"newer tables ({_listed([plain(name, 40).replace('_', ' ') for name in changed])})")
    if "ledger" in others:
        causes.append("months closed since")
    if "promises" in others:
        causes.append("promises made or forecast since")
    if why["period"]:
        causes.append("another period")
    if why["parameters"]:
        causes.append("other parameters")
    if why["code"]:
        causes.append("another version of the program")
    if why["packages"]:
        causes.append("other versions of the packages it uses")
    if why["definitions"]:
        causes.append(f"new definitions ({_names(why['definitions'])})")
    if causes:
        yield f"What this report is made from and the last was not: {', '.join(causes)}."
    elif nothing_changed(why):
        yield "Both reports are made from the same tables, by the same parameters and program."


def _names(metrics: Iterable[str]) -> str:
    return _listed(list(dict.fromkeys(metric_in_words(name) for name in metrics)), between="; ")


def _listed(names: Sequence[str], between: str = ", ") -> str:
    rest = len(names) - _MOST_NAMES
    shown = names if rest <= 1 else names[:_MOST_NAMES]
    return between.join(shown) + (f" and {rest} more" if rest > 1 else "")


def _figures(count: int) -> str:
    return "figure" if count == 1 else "figures"
