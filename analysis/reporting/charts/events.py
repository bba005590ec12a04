"""Which entries of the change log, and which incidents, stand beside a trend? Numbered marks, and their list below it.

A number on the trend, its words under the chart: so marks can be read on a phone. An incident that an entry explains
shares its mark. That a mark stands beside a change of the trend does not make it the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from matplotlib.axes import Axes

from analysis.foundation.calendar import Month
from analysis.reporting.charts.figure import Body
from analysis.reporting.charts.measure import width_inside, wrapped
from analysis.reporting.formats import plain
from analysis.reporting.rows import Row, part_of
from analysis.reporting.theme import INK, RULE, SCALE, SOFT, points
from analysis.reporting.wording import Words

_DIGIT = 6.5  # how wide a number's digit is, in CSS pixels
MOST = 8
LINE = 16.0
_INDENT = 22.0  # of the words behind their number


@dataclass(frozen=True, slots=True)
class Event:
    """What happened from a day on, in words."""

    day: date
    text: str


def changes_of(result: Any) -> list[Row]:
    """The change log that a result brings along: its own, or the marks on its scorecard."""
    held = getattr(result, "changes", None)
    if held is None and isinstance(result, Mapping):
        held = [mark for row in result.get("scorecard") or () for mark in row.get("marks") or ()]
    return _plain(held or ())


def incidents_of(result: Any) -> Any:
    """The incidents that a result brings along; None where it is no result in which they were looked for."""
    if isinstance(result, Mapping):
        return result.get("incidents")
    return getattr(result, "incidents", None)


def events(
    changes: Iterable[Any], incidents: Any, months: Sequence[Month], say: Words
) -> tuple[tuple[int, Event], ...]:
    """Numbered events of these months by day; an incident that an entry explains stands in that entry's place.

    Parameters
    ----------
    changes : iterable of Change or rows with `on`, `kind` and `description`
    incidents : IncidentsResult, results, rows of incidents, or None
    months : sequence of Month
    say : Words
    """
    known = {(row["on"], plain(row["description"], 200)): plain(row["kind"], 30) for row in _plain(changes)}
    found: dict[tuple[str, str], str] = {
        (on, text): f"{kind.capitalize().replace('_', ' ')}: {text}" for (on, text), kind in known.items()
    }
    for row in (part_of(incidents, "incidents") if incidents is not None else None) or ():
        entry = row["explained_by"]
        product = "" if row["product"] == "all" else f" on {plain(row['product'], 40)}"
        if entry:
            key = (entry["effective_on"], plain(entry["description"], 200))
            said = found.get(key, f"{plain(entry['kind'], 30).capitalize()}: {key[1]}")
            found[key] = f"{said} (explains an incident{product})" if "(explains" not in said else said
        else:
            number, expected = say.number(row["mentions"]), say.number(row["expected"], 0)
            found[row["from"], f"{row['product']}"] = (
                f"Unexplained incident{product}: {number} mentions, {expected} expected"
            )
    if months[0].calendar is not None:
        return ()  # labels of fiscal periods do not tell their days: the list of what happened does
    first, last = months[0].first_day, months[-1].plus(1).first_day
    inside = [Event(date.fromisoformat(on), text) for (on, _), text in sorted(found.items())]
    return tuple(enumerate((one for one in inside if first <= one.day < last), start=1))


def draw_events(axes: Axes, months: Sequence[Month], marked: Sequence[tuple[int, Event]]) -> None:
    """A level line with a number at its top for every event, at its place among the months."""
    by_month: dict[int, list[int]] = {}
    for number, event in marked[:MOST]:
        by_month.setdefault(Month.of(f"{event.day:%Y-%m}").number - months[0].number, []).append(number)
    for place in by_month:
        axes.axvline(place, color=RULE, linewidth=points(1.4), zorder=1).set_gid("event")
    first, last = axes.get_xlim()
    across = axes.get_window_extent().width / SCALE / (last - first)
    for middle, said in _side_by_side(by_month, across):
        axes.annotate(
            said, (middle, 1), xycoords=("data", "axes fraction"), xytext=(0, points(1)),
            textcoords="offset points", ha="center", va="bottom", fontsize=points(11), fontweight="bold", color=INK,
            annotation_clip=False, parse_math=False,
        ).set_gid("event number")  # fmt: skip


def _side_by_side(by_place: Mapping[int, Sequence[int]], across: float) -> list[tuple[float, str]]:
    """Where the numbers of events stand; those that would touch stand together.

    `across` is the width of a month in CSS pixels.

    Examples
    --------
    >>> _side_by_side({0: [1], 1: [2], 20: [3, 4]}, across=8.0)
    [(0.5, '1, 2'), (20.0, '3, 4')]
    """
    groups: list[tuple[list[int], list[int]]] = []
    for place in sorted(by_place):
        groups.append(([place], list(by_place[place])))
        while len(groups) > 1 and _touch(groups[-2], groups[-1], across):
            places, numbers = groups.pop()
            groups[-1] = (groups[-1][0] + places, groups[-1][1] + numbers)
    return [((places[0] + places[-1]) / 2, ", ".join(map(str, sorted(numbers)))) for places, numbers in groups]


def _touch(one: tuple[list[int], list[int]], other: tuple[list[int], list[int]], across: float) -> bool:
    apart = across * ((other[0][0] + other[0][-1]) - (one[0][0] + one[0][-1])) / 2
    letters = sum(len(", ".join(map(str, numbers))) for _, numbers in (one, other))
    return apart < _DIGIT * letters / 2 + _DIGIT


def events_height(marked: Sequence[tuple[int, Event]], narrow: bool, say: Words) -> float:
    """How much space the list of events takes."""
    return listed_height([f"{say.day(event.day)}. {event.text}" for _, event in marked], narrow)


def list_events(body: Body, top: float, marked: Sequence[tuple[int, Event]], say: Words) -> None:
    """The events below a chart, each with its number, day and words."""
    listed(body, top, [f"{say.day(event.day)}. {event.text}" for _, event in marked])


def listed_height(said: Sequence[str], narrow: bool) -> float:
    """How much space a numbered list takes."""
    if not said:
        return 0.0
    lines = sum(len(_lines(text, width_inside(narrow))) for text in said[:MOST])
    return 12 + LINE * (lines + (len(said) > MOST))


def listed(body: Body, top: float, said: Sequence[str]) -> None:
    """A numbered list; what would take too much space is counted."""
    y = top + 12 + LINE / 2
    for number, text in enumerate(said[:MOST], start=1):
        body.text(0, y, str(number), "note", INK, bold=True)
        lines = _lines(text, body.width)
        for place, line in enumerate(lines):
            body.text(_INDENT, y + LINE * place, line, "note", SOFT)
        y += LINE * len(lines)
    if len(said) > MOST:
        body.text(_INDENT, y, f"and {len(said) - MOST} later ones, not marked", "note", SOFT)


def _lines(text: str, width: float) -> list[str]:
    return wrapped(text, width - _INDENT, "note", lines=3)


def events_in_words(marked: Sequence[tuple[int, Event]], say: Words) -> str:
    """The events as sentences for those who cannot see the chart."""
    return " ".join(f"{say.day(event.day)}: {plain(event.text, 120)}." for _, event in marked[:MOST])


def happened_in(months: Iterable[str], marked: Sequence[tuple[int, Event]]) -> list[str]:
    """What happened in each month, for the data behind a chart."""
    return ["; ".join(event.text for _, event in marked if f"{event.day:%Y-%m}" == month) for month in months]


def _plain(changes: Iterable[Any]) -> list[Row]:
    rows: list[Row] = []
    for one in changes:
        row = one if isinstance(one, Mapping) else {"on": one.on, "kind": one.kind, "description": one.description}
        on = row["on"]
        rows.append({**row, "on": on if isinstance(on, str) else on.isoformat()})
    return rows
