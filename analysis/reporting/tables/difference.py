"""What has changed since the last report, in executives' words? Sentences, and the figures side by side.

Reads what `results.json` holds under `previous`. What a director must know comes first: closed figures that were
corrected, and another answer or grade. What a change means was decided by `analysis.reporting.difference`, the split of
ratios is said by `mix`, the line of reports by `quarters`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.reporting.difference.causes import same_inputs
from analysis.reporting.difference.line import entry_of
from analysis.reporting.formats import MINUS, plain
from analysis.reporting.naming import group_in_words, in_plain_words, outcome_in_words
from analysis.reporting.rows import Row, is_naive
from analysis.reporting.tables.cells import figure_name, money_cell, period_in_words, value_cell
from analysis.reporting.tables.difference_why import effect_name, listed, metrics_listed, moved_by, new_said, why_said
from analysis.reporting.tables.mix import mix_and_rate, mix_in_words
from analysis.reporting.tables.quarters import quarters
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import Words, words

MONEY: Mapping[str, str] = {"npv.p50": "Net present value", "probability_npv_positive": "Chance of a gain"}
_CLOSED: Mapping[str, str] = {
    "restated": "Restated, because an error was corrected",
    "against_record": "Closed before and different now, though nobody recorded why",
    "adjusted": "Changed by news that came after the month was closed",
    "redefined": "Counted by a new definition",
}
_MOST, _MOST_ROWS = 3, 24


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


def since_last_report(results: Mapping[str, Any], *, locale: str | None = None) -> Table | None:
    """Effects, money and closed figures that moved, as the last report had them and as this one has them.

    None where there is no last report, so that nothing is shown; a sentence where nothing of these moved.
    """
    previous = results.get("previous")
    if not previous:
        return None
    say = words(locale)
    records = [
        *_closed_rows(previous, say, _FIRST), *_effect_rows(previous, say), *_money_rows(results, previous, say),
        *_closed_rows(previous, say, [how for how in _CLOSED if how not in _FIRST]),
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
    if any(row["distinguishable"] is not None for row in previous["effects"]["rows"]):
        notes.append(
            "Both reports speak of many of the same customers, so chance moves their findings less than it moves each. "
            "How much less is taken from the months both look at, on the safe side; where that is not known, a change "
            "counts as more than chance only if it would however closely the findings depend on each other."
        )
    return Table(caption, pd.DataFrame(shown), pd.DataFrame(records), notes=tuple(notes), sentences=True)


def since_in_tables(results: Mapping[str, Any], *, locale: str | None = None) -> tuple[tuple[str, Table], ...]:
    """The tables beside the sentences, each with its heading: ratios in rate and mix, the line of reports."""
    found = (
        ("Why ratios moved: their parts, or the mix of them", mix_and_rate(results, locale=locale)),
        ("The line of reports", quarters(results, locale=locale)),
    )
    return tuple((title, table) for title, table in found if table is not None)


def _said(results: Mapping[str, Any], previous: Mapping[str, Any], say: Words) -> Iterator[str]:
    metrics, effects = previous["metrics"], previous["effects"]
    yield from _kinds_said(metrics, say, _FIRST)
    yield from _changed_said(effects, previous["why"], say)
    yield from _closed_said(metrics, results, say)
    yield from _alike_said(results, effects, previous["why"], say)
    yield from mix_in_words(previous.get("ratios") or {}, say)
    yield from _money_said(results, previous, say)
    yield from new_said(metrics, effects, say)
    yield from why_said(previous["why"], say)


_FIRST = ("restated", "against_record")
_NONE_CLOSED = "No month that both reports count had been closed in the last one."


def _kinds_said(metrics: Mapping[str, Any], say: Words, kinds: Iterable[str]) -> Iterator[str]:
    """Closed figures that moved in one of these ways; of a new definition, each figure once."""
    for how in kinds:
        rows = [row for row in metrics["rows"] if row["how"] == how]
        if how == "redefined" and rows:
            yield f"{_CLOSED[how]}: {metrics_listed(list(dict.fromkeys(row['metric'] for row in rows)))}."
            continue
        said = [_figure_said(row, say) for row in rows[:_MOST]]
        if rest := metrics["by"].get(how, 0) - len(said):
            said.append(f"{say.number(rest)} further {_figures(rest)}")
        if said:
            yield f"{_CLOSED[how]}: {'; '.join(said)}."


def _closed_said(metrics: Mapping[str, Any], results: Mapping[str, Any], say: Words) -> Iterator[str]:
    if not metrics["both"]:
        close = (
            " What changed in them since they were closed stands under “What is closed”."
            if results.get("close")
            else ""
        )
        if metrics["only_earlier"]["count"] and metrics["only_later"]["count"]:
            yield f"The two reports count no month in common: those of the last one are not counted again here.{close}"
        return
    yield from _kinds_said(metrics, say, [how for how in _CLOSED if how not in _FIRST])
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


def _changed_said(effects: Mapping[str, Any], why: Mapping[str, Any], say: Words) -> Iterator[str]:
    """Another answer: effects that moved by more than chance, are claimed anew or no more, or have another grade."""
    rows = _shown_effects(effects)
    told = [row for row in rows if row["distinguishable"]]
    cause = "the tables are the same, so parameters or program moved it" if same_inputs(why) else "more than chance"
    for row in told[:_MOST]:
        before, after = (_side(row, side, say) for side in ("before", "after"))
        yield f"Effect on {effect_name(row)}: {before} then, {after} now; {cause}."
    if rest := len(told) - len(told[:_MOST]):
        yield f"{say.number(rest)} further {'effect' if rest == 1 else 'effects'} moved: {cause}."
    for row in [row for row in rows if row["distinguishable"] is None][:_MOST]:
        name, claimed = effect_name(row), [row[side]["value"] is not None for side in ("before", "after")]
        if claimed == [False, True]:
            yield f"Claimed now and not in the last report: the effect on {name}, {_side(row, 'after', say)}."
        elif claimed == [True, False]:
            yield f"No longer claimed: the effect on {name}, {_side(row, 'before', say)} in the last report."
        elif claimed == [True, True]:
            yield f"Cannot be compared with the last report: the effect on {name} ({plain(row['reason'], 80)})."
    graded: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        if row["before"]["grade"] != row["after"]["grade"]:
            grades = tuple(plain(row[side]["grade"], 10) for side in ("before", "after"))
            graded.setdefault(grades, []).append(effect_name(row))
    for (before, after), names in graded.items():
        which = listed(list(dict.fromkeys(names)))
        yield f"The evidence of the effect on {which} was grade {before} and is grade {after}."


def _alike_said(
    results: Mapping[str, Any], effects: Mapping[str, Any], why: Mapping[str, Any], say: Words
) -> Iterator[str]:
    """Effects that cannot be told from what they were, as plainly as a rise; the report's answer with both values."""
    rows = [row for row in _shown_effects(effects) if row["distinguishable"] is False]
    if not rows:
        return
    cause = "parameters or program make of the same tables" if same_inputs(why) else "chance can do"
    answer = entry_of(results)["effect"] or {}
    head = next((row for row in rows if all(row.get(name) == answer.get(name) for name in _HEAD)), None)
    if head is not None:
        before, after = (_side(head, side, say) for side in ("before", "after"))
        yield (
            f"The answer, the effect on {effect_name(head)}, was {before} and is {after}: the two cannot be told "
            f"apart, and what moved is no more than {cause}."
        )
    others = [name for name in dict.fromkeys(map(effect_name, rows)) if head is None or name != effect_name(head)]
    if others and head is not None:
        yield f"Nor can the effect on {listed(others)} be told apart from the last report's."
    elif others:
        yield (
            f"Cannot be told apart from the last report: the effect on {listed(others)}. What moved is no more than "
            f"{cause}."
        )


_HEAD = ("design", "estimand", "treated", "comparison", "outcome", "scale")


def _side(row: Row, side: str, say: Words) -> str:
    return say.effect_in_short({**{key: row[key] for key in ("scale", "outcome", "unit")}, **row[side]})


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
            yield _record(label, sides[0], sides[1], "follows from effects, costs and parameters", "")


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
        early = ", time not over" if row["after"].get("maturity") == "interim" else ""
        sides = [_side(row, side, say) for side in ("before", "after")]
        yield _record(f"Effect: {name}{unit}{arm}{early}", sides[0], sides[1], means, moved_by(row))


def _closed_rows(previous: Mapping[str, Any], say: Words, kinds: Iterable[str]) -> Iterator[dict[str, str]]:
    meant = {
        "restated": "restated: an error was corrected", "against_record": "changed without a record",
        "adjusted": "adjusted by late news", "redefined": "counted by a new definition",
    }  # fmt: skip
    wanted, redefined = set(kinds), set()
    for row in previous["metrics"]["rows"]:
        if row["how"] in wanted and row["metric"] not in redefined:
            redefined |= {row["metric"]} if row["how"] == "redefined" else set()  # one row stands for all its months
            name = f"{figure_name(row, with_basis=row['basis'] == 'post')}, {period_in_words(say, row['period'])}"
            before, after = (value_cell(say, row[side], row["unit"]) for side in ("before", "after"))
            yield _record(name, before, after, meant[row["how"]], moved_by(row))


def _record(name: str, before: str, after: str, means: str, by: str) -> dict[str, str]:
    sides = {"Figure": name, "Last report": before, "This report": after}
    return {**sides, "The change": in_plain_words(means), "Can come of": in_plain_words(by)}


def _figures(count: int) -> str:
    return "figure" if count == 1 else "figures"
