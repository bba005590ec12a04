"""How is a ratio's change said in a terminal, in rate and mix, and the line of reports before?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.reporting.difference.said_words import number, period_said, side_said
from analysis.reporting.formats import plain
from analysis.reporting.rows import Row

MOST_RATIOS = 24


def ratios_said(found: Mapping[str, Any]) -> Iterator[str]:
    """The splits of ratios that moved, and what could not be split."""
    rows, held = found["rows"], found["held"]
    if not all(held.values()):
        side = (
            "neither tells"
            if not any(held.values())
            else f"the {'later' if held['before'] else 'earlier'} does not tell"
        )
        yield f"Rate and mix: {side} what its ratios are made of"
        return
    yield f"Rate and mix: {number(len(rows))} splits of ratios that moved, each of a whole change"
    for row in rows[:MOST_RATIOS]:
        yield f"    {ratio_said(row)}"
    if rest := len(rows[MOST_RATIOS:]):
        yield f"    and {number(rest)} more"
    for one in found["left_out"]:
        name = f"{plain(one['metric'], 60)} by {plain(one['by'], 40)} ({plain(one['basis'], 20)})"
        yield f"  not split: {name}: {plain(one['reason'], 160)}"


def ratio_said(row: Row) -> str:
    """One ratio's change and what it is made of, as a line."""
    months = " -> ".join(_months(row[side]["months"]) for side in ("before", "after"))
    name = f"{plain(row['metric'], 60)} by {plain(row['by'], 40)} ({plain(row['basis'], 20)}), {months}"
    terms = [f"rate {_signed(row['rate'])}", f"mix {_signed(row['mix'])}"]
    terms += [
        f"{what} {_signed(row[key])}" for key, what in (("new", "new parts"), ("gone", "parts gone")) if _has(row, key)
    ]
    values = f"{number(row['before']['value'])} -> {number(row['after']['value'])} ({_signed(row['change'])})"
    return (
        f"{name}: {values} = {' '.join(terms)}"
        + ("; every part moved one way, the whole the other: the mix did it" if row["reversed"] else "")
        + ("; months once closed hold other numbers" if row["held_otherwise"] else "")
    )


def _has(row: Row, key: str) -> bool:
    """Whether there are parts that only one side has."""
    return any(part["before" if key == "new" else "after"] is None for part in row["parts"])


def _months(months: Sequence[str]) -> str:
    names = [plain(month, 20) for month in months]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _signed(value: float) -> str:
    return f"{value:+,.4g}"


def line_said(line: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The reports before the later one, each with the effect that was its answer."""
    yield f"Reports before the later one: {number(len(line))}"
    for one in line:
        effect = one["effect"]
        said = "no effect"
        if effect is not None:
            said = f"{plain(effect['outcome'], 60)} ({plain(effect['scale'], 20)}) {side_said(effect)}, grade "
            said += plain(effect["grade"] or "none", 10)
        yield f"    {plain(one['study'], 100)}: {period_said(one['period'])}: {said}"
