"""How did the headline stand, report by report? The effect with its interval, and the figures as lines below it.

At most eight reports, each as it said itself. A line is broken where a figure is counted by another definition than
before; a provisional figure is hollow. Whether two reports can be told apart is not read off the intervals here: they
share customers, and `previous.effects` says it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import IntervalRow, baseline, draw_interval, nice_ticks, quiet, tick_label
from analysis.reporting.difference.line import apart, effects_in, figures_in, line_of
from analysis.reporting.formats import GAP, is_currency, plain
from analysis.reporting.naming import in_plain_words, metric_in_words, outcome_in_words
from analysis.reporting.rows import Row
from analysis.reporting.tables.cells import NONE, value_cell
from analysis.reporting.tables.quarters import last_day_in_words
from analysis.reporting.theme import COLOURS, INK, PAPER, RULE, SIZES, SOFT, points
from analysis.reporting.wording import Words, words

_LEFT, _EFFECT, _NAMES, _STRIP, _BELOW = 56.0, 208.0, 44.0, 64.0, 20.0
_RIGHT = 14.0


def quarters(results: Mapping[str, Any], *, locale: str | None = None) -> Figure:
    """The headline effect and figures of up to eight reports, the oldest first.

    Parameters
    ----------
    results : mapping
        What `results.json` holds, with `previous.line`.

    Raises
    ------
    NothingToDraw
        If there is no earlier report, or no effect and no figure that one of them shares with this one.
    """
    line = line_of(results)
    if len(line) < 2:
        raise NothingToDraw("The line of reports needs an earlier one (`previous`); this report follows none.")
    say = words(locale)
    effects, figures = effects_in(line), figures_in(line)
    effects = [row if row is not None and row["value"] is not None else None for row in effects]
    figures = {name: rows for name, rows in figures.items() if any(_value(row) is not None for row in rows)}
    head = next((row for row in reversed(effects) if row is not None), None)
    if head is None and not figures:
        raise NothingToDraw("The reports of this line share no effect and no figure that could be drawn.")
    title = _title(say, results, head, figures, _called(effects))
    whole = apart(line)
    story = Story(
        title=title,
        measure=_measure(say, head, figures),
        unit="each in its own unit and on its own scale" if figures else _effect_unit(head),
        population=f"{len(line)} reports, each as it said itself; hollow: provisional at that time",
        period=f"reports to {last_day_in_words(line[0], say)} until {last_day_in_words(line[-1], say)}",
        source="the reports before this one",
        rows=f"{len(line)} reports, "
        + ("figures of each whole period" if whole else "figures of each report's last month"),
        counts="Covers",
        method="nothing is counted anew; a line is broken where a figure got another definition",
        alt=f"Chart of {len(line)} reports, from the first to this one. {title}. {_in_words(say, line, effects)}",
    )

    def paint(body: Body) -> None:
        top = 0.0
        if head is not None:
            top = _effect_panel(body, say, effects, head, _called(effects))
        for name, rows in figures.items():
            _strip(body, top, say, metric_in_words(name), rows)
            top += _STRIP
        _reports(body, top, say, line)

    def height(_: bool) -> float:
        return (_EFFECT if head is not None else 0.0) + _STRIP * len(figures) + _NAMES

    return Figure(story, _data(line, effects, figures), paint, height)


def _measure(say: Words, head: Row | None, figures: Mapping[str, Any]) -> str:
    said = [] if head is None else [f"{outcome_in_words(head['outcome']).label} of contacted customers against similar "
                                    f"ones, with {say.level(head)}s"]  # fmt: skip
    said += ["the figures asked for first"] if figures else []
    text = ", and ".join(said)
    return text[:1].upper() + text[1:]


def _effect_unit(head: Row | None) -> str:
    return "difference in %" if head is not None and head["scale"] == "ratio" else "difference for each customer"


def _value(row: Row | None) -> float | None:
    return None if row is None or row["value"] is None else float(row["value"])


def _title(
    say: Words, results: Mapping[str, Any], head: Row | None, figures: Mapping[str, Sequence[Row | None]], called: str
) -> str:
    """Whether the headline effect moved since the last report; without one, the first figure on both sides."""
    if head is not None:
        name = outcome_in_words(head["outcome"]).label.lower()
        row = next((one for one in results["previous"]["effects"]["rows"] if _is_head(one, head)), None)
        if row is None:
            return f"The {called} {name} stands as in the last report"
        if row["distinguishable"] is None:
            return f"The {called} {name}: not comparable with the last report"
        if not row["distinguishable"]:
            return f"{called[:1].upper()}{called[1:]} {name}: not distinguishable from the last report"
        rose = row["change"] > (1.0 if row["scale"] == "ratio" else 0.0)
        return f"The {called} {name} {'rose' if rose else 'fell'} since the last report"
    name, rows = next(iter(figures.items()))
    known = [row for row in rows if row is not None and row["value"] is not None]
    said = value_cell(say, known[-1]["value"], known[-1].get("unit") or "").replace(" ", GAP)
    return f"{metric_in_words(name)}: {said} in the latest report"


def _called(effects: Sequence[Row | None]) -> str:
    """What the line shows, as far as the lowest grade of its reports allows: an effect on an outcome, or a difference.

    Examples
    --------
    >>> _called([{"grade": "B"}, None]), _called([{"grade": "B"}, {"grade": "C"}]), _called([{"grade": "D"}])
    ('effect on', 'difference in', 'raw\\xa0difference in')
    """
    lowest = max((str(row["grade"]) for row in effects if row is not None and row["grade"]), default="C")
    mark = {"D": f"raw{GAP}", "E": f"assumed{GAP}"}.get(lowest, "")
    return "effect on" if lowest in ("A", "B") else f"{mark}difference in"


def _is_head(row: Row, head: Row) -> bool:
    same = all(row.get(name) == head.get(name) for name in ("design", "estimand", "treated", "outcome", "scale"))
    return same and not row.get("segment") and row["after"].get("maturity") == head.get("maturity")


def _in_words(say: Words, line: Sequence[Mapping[str, Any]], effects: Sequence[Row | None]) -> str:
    said = (
        f"{last_day_in_words(entry, say)}: {say.effect_in_short(row)}, grade {plain(row['grade'], 10)}"
        for entry, row in zip(line, effects, strict=True)
        if row is not None
    )
    return "; ".join(said) + "." if any(row is not None for row in effects) else "The values stand in the table below."


def _place(body: Body, top: float, height: float, n: int) -> Axes:
    axes = body.axes(_LEFT, top, body.width - _LEFT - _RIGHT, height)
    axes.set_xlim(-0.5, n - 0.5)
    axes.set_xticks([])
    return axes


def _effect_panel(body: Body, say: Words, effects: Sequence[Row | None], head: Row, called: str) -> float:
    """The effect of each report with its interval, grades above; how high it is."""
    axes = _place(body, 42, _EFFECT - 42 - _BELOW, len(effects))
    quiet(axes, grid="y")
    none = 1.0 if head["scale"] == "ratio" else 0.0
    ends = [row[name] - none for row in effects if row is not None for name in ("low", "value", "high")
            if row[name] is not None]  # fmt: skip
    ticks = nice_ticks(min(0.0, *ends), max(0.0, *ends), 4)
    axes.set_ylim(ticks[0], ticks[-1])
    unit = "percent change" if head["scale"] == "ratio" else f"{_unit(head)} signed"
    axes.set_yticks(ticks, [tick_label(tick, ticks, say, unit) for tick in ticks])
    baseline(axes)
    name = f"{called[:1].upper()}{called[1:]} {outcome_in_words(head['outcome']).label.lower()}"
    body.text(0, 8, name, "label", INK, bold=True)
    short = body.narrow or len(effects) > 5
    for place, row in enumerate(effects):
        if row is None:
            axes.annotate("–", (place, 0.0), xytext=(0, points(8)), textcoords="offset points", color=SOFT, ha="center")
            continue
        low, high = (None if row[name] is None else row[name] - none for name in ("low", "high"))
        draw_interval(axes, IntervalRow("", row["value"] - none, low, high, ""), place, upright=True)
        grade = plain(row["grade"] or NONE, 4)
        said = grade if short else f"grade {grade}"
        axes.annotate(
            said, (place, 1.0), xycoords=("data", "axes fraction"), xytext=(0, points(6)), textcoords="offset points",
            ha="center", color=SOFT, fontsize=points(SIZES["note"]), annotation_clip=False, parse_math=False,
        ).set_gid("grade")  # fmt: skip
    if short:
        body.text(body.width, 8, "letters: grades", "note", SOFT, ha="right")
    return _EFFECT


def _unit(head: Row) -> str:
    unit = str(head.get("unit") or "").partition(" ")[0]
    return unit if is_currency(unit) else "share" if unit == "share" else "count"


def _strip(body: Body, top: float, say: Words, name: str, rows: Sequence[Row | None]) -> None:
    """One figure along the reports: a line broken at other definitions, first and last value written."""
    values = [_value(row) for row in rows]
    known = [place for place, value in enumerate(values) if value is not None]
    first, last = rows[known[0]], rows[known[-1]]
    assert first is not None
    assert last is not None
    ends = [value_cell(say, row["value"], row.get("unit") or "") for row in (first, last)]
    broken = any(_is_break(rows, place) for place in known)
    said = f"{ends[1]} (new rule)" if broken else f"{ends[0]} → {ends[1]}" if len(known) > 1 else ends[1]
    if not broken and body.figure.text_width(name, "note", bold=True) > _beside(body, said):
        said = ends[1]  # the name goes first; where it began is read off the line
    room = _beside(body, said)
    body.line((0, body.width), top + 2, color=RULE, linewidth=points(1))
    body.text(0, top + 14, body.figure.wrapped(name, room, "note", bold=True, lines=1)[0], "note", INK, bold=True)
    body.text(body.width, top + 14, said, "note", INK, ha="right")
    axes = _place(body, top + 28, _STRIP - 36, len(rows))
    axes.set_axis_off()
    shown = [value for value in values if value is not None]
    low, high = min(shown), max(shown)
    pad = (high - low) * 0.15 or abs(high) * 0.1 or 1.0
    axes.set_ylim(low - pad, high + pad)
    colour = COLOURS["neutral"]
    for run in _runs(rows):
        axes.plot(
            run, [values[place] or 0.0 for place in run], color=colour, linewidth=points(2), clip_on=False, gid="figure"
        )
        if run[0] != known[0] and _is_break(rows, run[0]):
            axes.axvline(run[0] - 0.5, color=SOFT, linewidth=points(1.2), linestyle=(0, (2, 2))).set_gid("break")
    for place in known:
        row = rows[place]
        open_ = row is not None and row.get("state") == "provisional"
        axes.plot(
            [place], [values[place] or 0.0], marker="o", markersize=points(7), linestyle="none", clip_on=False,
            markerfacecolor=PAPER if open_ else colour, markeredgecolor=colour, markeredgewidth=points(1.8),
            gid="value", zorder=3,
        )  # fmt: skip


def _beside(body: Body, said: str) -> float:
    return body.width - body.figure.text_width(said, "note") - 18


def _runs(rows: Sequence[Row | None]) -> list[list[int]]:
    """Stretches of reports whose figures have one definition and none missing between."""
    runs: list[list[int]] = []
    for place, row in enumerate(rows):
        if _value(row) is None:
            continue
        if runs and runs[-1][-1] == place - 1 and not _is_break(rows, place):
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _is_break(rows: Sequence[Row | None], place: int) -> bool:
    """Whether a figure has another definition than the one before it that is known."""
    row = rows[place]
    before = next((one for one in reversed(rows[:place]) if one is not None), None)
    return row is not None and before is not None and row.get("version") != before.get("version")


def _reports(body: Body, top: float, say: Words, line: Sequence[Mapping[str, Any]]) -> None:
    """The names of the reports below all panels: the last month of each, in two lines."""
    step = (body.width - _LEFT - _RIGHT) / len(line)
    every = 1 if step >= 44 else 2
    for place, entry in enumerate(line):
        if (len(line) - 1 - place) % every:
            continue
        x = _LEFT + step * (place + 0.5)
        month, _, year = last_day_in_words(entry, say, short=step * every < 78).rpartition(" ")
        for number, text in enumerate([month, year] if month else [year]):
            if text:
                body.text(x, top + 10 + 15 * number, text, "note", SOFT, ha="center")


def _data(
    line: Sequence[Mapping[str, Any]], effects: Sequence[Row | None], figures: Mapping[str, Sequence[Row | None]]
) -> pd.DataFrame:
    records = []
    for place, entry in enumerate(line):
        effect = effects[place] or {}
        record: dict[str, Any] = {
            "report": in_plain_words(plain(entry["study"], 60)),
            "to": (entry["period"] or {}).get("end"),
        }
        record |= {f"effect_{name}": effect.get(name) for name in ("value", "low", "high", "level", "grade")}
        for name, rows in figures.items():
            row = rows[place] or {}
            record |= {name: row.get("value"), f"{name}_version": row.get("version"), f"{name}_state": row.get("state")}
        records.append(record)
    return pd.DataFrame(records)
