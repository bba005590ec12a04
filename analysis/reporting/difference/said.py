"""How is a difference said in a terminal? Plain lines, what a reader must know first, deterministic.

Names come out of files that anybody may have written, so each passes through `plain`. Pages have words of their own
in `analysis.reporting.tables.difference`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from analysis.reporting.difference.causes import same_inputs
from analysis.reporting.difference.said_ratios import line_said, ratios_said
from analysis.reporting.difference.said_why import moved_by, why_said
from analysis.reporting.difference.said_words import listed, number, period_said, side_said
from analysis.reporting.formats import plain
from analysis.reporting.rows import Row

if TYPE_CHECKING:
    from analysis.reporting.difference.whole import Difference

MOST_FIGURES, MOST_EFFECTS, MOST_MONEY = 20, 20, 12
HOW_SAID: Mapping[str, str] = {
    "restated": "restated: an error in closed figures was corrected",
    "against_record": "closed before, and different without a restatement or an adjustment",
    "adjusted": "adjusted by late news of closed months",
    "redefined": "counted by another definition",
    "closed": "provisional before, closed at another value",
    "estimated": "estimated",
    "provisional": "provisional before and now",
}


def said(found: Difference) -> Iterator[str]:
    """The lines of a difference."""
    yield f"Earlier: {_which(found.earlier)}"
    yield f"Later:   {_which(found.later)}"
    if found.nothing:
        yield ""
        yield "Nothing changed: both say the same in everything."
        return
    if found.doubts:
        yield from ("", "Before you compare", *(f"  {one}" for one in found.doubts))
    yield from ("", *_figures(found.metrics))
    yield from ("", *_effects(found.effects, found.why))
    yield from ("", *ratios_said(found.ratios))
    yield from ("", *_money(found.roi))
    yield from ("", "Why figures can have moved", *(f"  {line}" for line in why_said(found.why)))
    yield from ("", *line_said(found.line))
    if found.other:
        yield from ("", "Also different", *(f"  {plain(key, 60)}: {_rest(one)}" for key, one in found.other.items()))


def _which(one: Mapping[str, Any]) -> str:
    period = period_said(one["period"])
    sign = "" if one["results"] is None else f", {plain(one['results'], 19)}"
    return f"{plain(one['study'], 100)}: {period}, known at {plain(one['known_at'] or 'no date', 40)}{sign}"


def _figures(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"Figures: {number(found['both'])} in both, {number(found['moved'])} of them moved"
    last = None
    redefined: set[str] = set()
    for row in found["rows"][:MOST_FIGURES]:
        if row["how"] != last:
            last = row["how"]
            yield f"  {HOW_SAID[last]} ({number(found['by'][last])})"
        if last == "redefined":
            if row["metric"] not in redefined:
                redefined.add(row["metric"])
                yield f"    {plain(row['metric'], 80)}: version {row['version_before']} -> {row['version']}"
            continue
        yield f"    {figure_said(row)}{moved_by(row)}"
    rest = found["moved"] - len(found["rows"][:MOST_FIGURES])
    if rest:
        shown = {row["how"] for row in found["rows"][:MOST_FIGURES]}
        others = [f"{number(count)} {HOW_SAID[how]}" for how, count in found["by"].items() if how not in shown]
        yield f"    and {number(rest)} more" + (f"; in all {'; '.join(others)}" if others else "")
    if found["closed_since"]:
        yield f"  closed since: {number(found['closed_since'])}"
    if found["said_otherwise"]:
        fields = ", ".join(f"{plain(name, 40)} {number(count)}" for name, count in found["fields"].items())
        yield f"  same value, said otherwise: {number(found['said_otherwise'])} ({fields})"
    for side, label in (("only_earlier", "earlier"), ("only_later", "later")):
        alone = found[side]
        if alone["count"]:
            yield f"  only in the {label}: {number(alone['count'])}{_of_what(alone)}"


def _of_what(alone: Mapping[str, Any]) -> str:
    parts = [
        f"{what} {listed(alone[key])}"
        for key, what in (
            ("new_periods", "of periods the other lacks:"),
            ("new_metrics", "of metrics the other lacks:"),
        )
        if alone[key]
    ]
    return f"; {'; '.join(parts)}" if parts else ""


def figure_said(row: Row) -> str:
    """One figure that moved, as a line."""
    part = ", ".join(f"{plain(key, 40)}={plain(value, 40)}" for key, value in sorted(row["segment"].items()))
    share = "" if row["relative_change"] is None else f" ({100 * row['relative_change']:+.3g} %)"
    name = plain(row["metric"], 80) + (f" [{part}]" if part else "")
    name = f"{name}, {plain(row['period'], 40)}, by {plain(row['basis'], 20)}"
    unit = plain(row["unit"], 40)
    return f"{name}: {number(row['before'])} -> {number(row['after'])} {unit}{share}".rstrip()


def _effects(found: Mapping[str, Any], why: Mapping[str, Any]) -> Iterator[str]:
    yield f"Effects: {number(found['both'])} in both, {number(found['moved'])} of them moved"
    if found["moved"] and same_inputs(why):
        yield "  the tables are the same: these changes come from parameters or program, and chance has no part in them"
    for row in found["rows"][:MOST_EFFECTS]:
        yield f"    {effect_said(row)}{moved_by(row)}"
    if rest := found["moved"] - len(found["rows"][:MOST_EFFECTS]):
        yield (
            f"    and {number(rest)} more; of all: {number(found['distinguishable'])} more than noise, "
            f"{number(found['not_distinguishable'])} not distinguishable from none, "
            f"{number(found['not_comparable'])} that cannot be compared"
        )
    if found["said_otherwise"]:
        fields = ", ".join(f"{plain(name, 40)} {number(count)}" for name, count in found["fields"].items())
        yield f"  same effect, said otherwise: {number(found['said_otherwise'])} ({fields})"
    for side, label in (("only_earlier", "earlier"), ("only_later", "later")):
        alone = found[side]
        if alone["count"]:
            names = [effect_name(row) for row in alone["rows"]]
            rest = alone["left_out"]
            yield f"  only in the {label}: {number(alone['count'])}: {listed(names, more=rest)}"


def effect_name(row: Row) -> str:
    """What an effect is called: outcome, quantity, groups, segment."""
    part = ", ".join(f"{plain(key, 40)}={plain(value, 40)}" for key, value in sorted((row["segment"] or {}).items()))
    groups = f"{plain(row['treated'], 40)} against {plain(row['comparison'], 40)}"
    return f"{plain(row['outcome'], 60)} ({plain(row['scale'], 20)}), {plain(row['estimand'], 40)}, {groups}" + (
        f" [{part}]" if part else ""
    )


def effect_said(row: Row) -> str:
    """One effect that moved, as a line."""
    sides = " -> ".join(side_said(row[side]) for side in ("before", "after"))
    grades = [plain(row[side]["grade"] or "none", 10) for side in ("before", "after")]
    grade = "" if grades[0] == grades[1] else f"; grade {grades[0]} -> {grades[1]}"
    return f"{effect_name(row)}: {sides}{grade}; {verdict_said(row)}"


def verdict_said(row: Row) -> str:
    """Whether a change of an effect can be told from noise, as a clause."""
    if row["distinguishable"] is None:
        return f"cannot be compared: {plain(row['reason'] or 'no reason given', 120)}"
    kind = "ratio of both" if row["scale"] == "ratio" else "change"
    span = f"{kind} {number(row['change'])} ({number(row['low'])} to {number(row['high'])})"
    return f"{span}: {'more than noise' if row['distinguishable'] else 'not distinguishable from no change'}"


def _money(found: Mapping[str, Any]) -> Iterator[str]:
    made = found["made"]
    if not any(made.values()):
        yield "Case in money: made in neither"
        return
    if made["before"] != made["after"]:
        yield f"Case in money: made only in the {'earlier' if made['before'] else 'later'}"
        return
    yield f"Case in money: {number(found['moved'])} figures moved"
    for row in found["rows"][:MOST_MONEY]:
        yield f"    {plain(row['figure'], 80)}: {number(row['before'])} -> {number(row['after'])}"
    if rest := found["moved"] - len(found["rows"][:MOST_MONEY]):
        yield f"    and {number(rest)} more"


def _rest(one: Mapping[str, Any]) -> str:
    if "first" not in one:
        return f"{number(one['only_earlier'])} rows only in the earlier, {number(one['only_later'])} only in the later"
    paths = one["first"][:4]
    return f"{number(one['count'])} {_entries(one['count'])} ({listed(paths, more=one['count'] - len(paths))})"


def _entries(count: int) -> str:
    return "entry" if count == 1 else "entries"
