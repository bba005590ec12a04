"""Can these figures be rolled up into one, and how? The catalogue's rule is kept, and what breaks it says what to do.

    additive   summed, over time and over segments
    ratio      numerators and denominators summed, then divided
    stock      summed over segments; over time the last one stands
    distinct   never: whoever is in two of them would count twice
    quantile   never: it is recomputed from the cases
    model      never: it is estimated anew

What a figure means is left to the catalogue, how it is counted to the families.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from analysis.foundation.calendar import Month, Period, months_between
from analysis.foundation.errors import Fault, InputError
from analysis.metrics.catalogue import Definition, definition
from analysis.metrics.counter import whole_label
from analysis.metrics.figure import Metric

Over = Literal["time", "segment"]
_REMEDIES: Mapping[tuple[str, Over], tuple[str, str]] = {
    ("stock", "time"): (
        "it stands at an instant and does not add up over time",
        "Take the last one, or recount it at the end of the longer period.",
    ),
    ("distinct", "time"): (
        "it counts distinct ones: whoever is in two periods would be counted twice",
        "Recount it over the longer period: compute the metrics for that period.",
    ),
    ("distinct", "segment"): (
        "it counts distinct ones: whoever is in two segments would be counted twice",
        "Recount it over all segments together, from the tables.",
    ),
    ("quantile", "time"): (
        "medians and other quantiles can be neither added nor averaged",
        "Recompute it from the cases: compute the metrics for the longer period.",
    ),
    ("quantile", "segment"): (
        "medians and other quantiles can be neither added nor averaged",
        "Recompute it from the cases of all segments together.",
    ),
    ("model", "time"): (
        "an estimate of the whole is not the sum or the mean of estimates of its parts",
        "Estimate it anew over the longer period.",
    ),
    ("model", "segment"): (
        "an estimate of the whole is not the sum or the mean of estimates of its parts",
        "Estimate it anew over all segments together.",
    ),
}
_SCALES = {"points": 100.0}
"""What a quotient is multiplied by to be the value, where that is not 1."""
_ROUNDING = 1e-9  # a value is its quotient up to the last digits of a float64


class NotAdditive(InputError):
    """Figures that cannot be rolled up as asked. Each fault says why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class _Span:
    start: date
    end: date


def rolled_up(rows: Sequence[Metric], *, over: Over, period: str | None = None) -> Metric:
    """The one figure that these make together.

    Parameters
    ----------
    rows : sequence of Metric
        Figures of one metric, version, basis and unit: of one segment and several periods, or of one period and
        several segments.
    over : {"time", "segment"}
    period : str, optional
        The label of the longer period. The periods must tile it. By default first and last month; needed only
        where these are not months.

    Returns
    -------
    Metric
        Of the longer period, or of all the segments (with the columns in which all of them agree). It is provisional
        unless all were locked, and mature only if all were.

    Raises
    ------
    NotAdditive
        If the metric's rule forbids it, or the figures do not fit together: mixed, overlapping, with gaps, or without
        a value. All faults are gathered.
    UnknownName
        If there is no such metric.

    Examples
    --------
    >>> rows = [Metric(id="response_rate", version=definition("response_rate").version, basis="post", unit="share",
    ...                period=period, value=above / below, numerator=above, denominator=below)
    ...         for period, above, below in [("2026-07", 1, 2), ("2026-08", 9, 10)]]
    >>> rolled_up(rows, over="time").value, rolled_up(rows, over="time").period
    (0.8333333333333334, '2026-07/2026-08')
    """
    if not rows:
        raise NotAdditive(
            Fault(where="figures", what="there are none", remedy="Give one or more to roll up.", rule="nothing")
        )
    first = rows[0]
    entry = definition(first.id)
    faults = [*_forbidden(entry, over, len(rows)), *_mixed(rows, entry), *_missing(rows, entry)]
    spans = [_span(row.period) for row in rows]
    label = first.period
    if over == "time":
        found, label = _tiled(rows, spans, period)
        faults += found + _differing(rows, "segment", [tuple(sorted(row.segment.items())) for row in rows])
    else:
        faults += _differing(rows, "period", [row.period for row in rows]) + _overlapping_segments(rows, entry)
    if faults:
        raise NotAdditive(faults, f"`{first.id}` cannot be rolled up over {over}.")
    return _sum(rows, entry, label)


def _sum(rows: Sequence[Metric], entry: Definition, label: str) -> Metric:
    first = rows[0]
    above = _total(row.numerator for row in rows)
    below = _total(row.denominator for row in rows)
    reason = None
    value: float | None
    if entry.aggregates == "ratio":
        value = _SCALES.get(entry.unit, 1.0) * above / below if above is not None and below else None
        reason = None if value is not None else "nothing to divide by in any of the figures"
    else:
        value = _total(row.value for row in rows)
    shared = {name: text for name, text in first.segment.items() if all(row.segment.get(name) == text for row in rows)}
    return Metric(
        id=first.id,
        version=first.version,
        basis=first.basis,
        period=label,
        value=value,
        unit=first.unit,
        numerator=above,
        denominator=below,
        segment=shared,
        state="locked" if all(row.state == "locked" for row in rows) else "provisional",
        reason=reason,
        mature=all(row.mature for row in rows),
    )


def _total(values: object) -> float | None:
    """The exact sum of floats and ints by their shortest decimals; None where one is missing."""
    numbers = list(values)  # type: ignore[call-overload]
    if any(number is None for number in numbers):
        return None
    total = sum(Decimal(str(number)) for number in numbers)
    return int(total) if all(isinstance(number, int) for number in numbers) else float(total)


def _forbidden(entry: Definition, over: Over, count: int) -> list[Fault]:
    if count == 1 or (entry.aggregates, over) not in _REMEDIES:
        return []
    what, remedy = _REMEDIES[entry.aggregates, over]
    return [Fault(where=f"`{entry.id}`", what=what, remedy=remedy, rule=f"{entry.aggregates}_over_{over}")]


def _mixed(rows: Sequence[Metric], entry: Definition) -> list[Fault]:
    faults = []
    for name in ("id", "version", "basis", "unit"):
        found = sorted({str(getattr(row, name)) for row in rows})
        if len(found) > 1:
            what = f"figures of more than one {name} are mixed: {', '.join(found)}"
            faults.append(
                Fault(where=f"`{entry.id}`", what=what, remedy="Roll each up by itself.", rule=f"mixed_{name}")
            )
    if rows[0].version != entry.version:
        what = f"the figures are of version {rows[0].version}, the catalogue's rule is of version {entry.version}"
        remedy = "Recount them by the present version, or keep them apart."
        faults.append(Fault(where=f"`{entry.id}`", what=what, remedy=remedy, rule="old_version"))
    return faults


def _missing(rows: Sequence[Metric], entry: Definition) -> list[Fault]:
    where = f"`{entry.id}`"
    if entry.aggregates != "ratio":
        lacking = [row for row in rows if row.value is None]
        if not lacking:
            return []
        what = f"{len(lacking)} of {len(rows)} figures have no value (the first: {lacking[0].period})"
        remedy = "What is not known cannot be summed: leave the period or segment out, and say so."
        return [Fault(where=where, what=what, remedy=remedy, rule="missing_value")]
    lacking = [row for row in rows if row.numerator is None or row.denominator is None]
    if lacking:
        what = (
            f"{len(lacking)} of {len(rows)} figures lack a numerator or a denominator (the first: {lacking[0].period})"
        )
        remedy = "A ratio is divided last: without both, recount it for the whole."
        return [Fault(where=where, what=what, remedy=remedy, rule="missing_parts")]
    scale = _SCALES.get(entry.unit, 1.0)
    quotients = [
        (row.value, scale * (row.numerator or 0) / row.denominator)
        for row in rows
        if row.value is not None and row.denominator
    ]
    wrong = [pair for pair in quotients if not math.isclose(*pair, rel_tol=_ROUNDING, abs_tol=1e-12)]
    if wrong:
        what = f"{len(wrong)} of {len(rows)} values are not their numerator divided by their denominator"
        return [Fault(where=where, what=what, remedy="Recount it for the whole.", rule="not_a_quotient")]
    return []


def _differing(rows: Sequence[Metric], name: str, found: Sequence[object]) -> list[Fault]:
    if len(set(found)) < 2:
        return []
    what = f"the figures are of {len(set(found))} different {name}s"
    other = "segments" if name == "segment" else "time"
    remedy = f"Roll up over {other} first, or give figures of one {name}."
    return [Fault(where=f"`{rows[0].id}`", what=what, remedy=remedy, rule=f"mixed_{name}")]


def _overlapping_segments(rows: Sequence[Metric], entry: Definition) -> list[Fault]:
    where = f"`{entry.id}`"
    names = {tuple(sorted(row.segment)) for row in rows}
    segments = [tuple(sorted(row.segment.items())) for row in rows]
    if len(names) > 1:
        what = "the figures are split by different columns, so some may be parts of others"
        return [Fault(where=where, what=what, remedy="Give figures split the same way.", rule="mixed_columns")]
    if len(set(segments)) < len(segments):
        what = "a segment is given twice"
        return [Fault(where=where, what=what, remedy="Give each segment once.", rule="overlap")]
    below = {row.denominator for row in rows}
    if entry.aggregates == "ratio" and len(rows) > 1 and len(below) == 1 and any(below):
        what = "all figures have the same denominator: they are shares of one whole"
        remedy = "Add the shares, or recount the ratio over all segments together."
        return [Fault(where=where, what=what, remedy=remedy, rule="shares_of_one_whole")]
    return []


def _tiled(rows: Sequence[Metric], spans: Sequence[_Span | None], period: str | None) -> tuple[list[Fault], str]:
    """What is wrong with the periods, and the label of all of them together."""
    where = f"`{rows[0].id}`"
    unread = [row.period for row, span in zip(rows, spans, strict=True) if span is None]
    if unread:
        remedy = "Periods are 2026-09, 2026q3, 2026, 2026-02/2026-04 or a day."
        return [Fault(where=where, what=f"`{unread[0]}` is no period", remedy=remedy, rule="unread_period")], ""
    ordered = sorted((span for span in spans if span is not None), key=lambda span: span.start)
    faults = []
    for before, after in pairwise(ordered):
        if after.start < before.end:
            what = f"two of the periods overlap (from {after.start})"
            faults.append(Fault(where=where, what=what, remedy="Give each day once.", rule="overlap"))
        elif after.start > before.end:
            last = after.start - timedelta(days=1)
            what = f"there is no figure for {before.end} to {last}"
            remedy = "Give the periods between, or roll up each stretch by itself."
            faults.append(Fault(where=where, what=what, remedy=remedy, rule="gap"))
    whole = _Span(ordered[0].start, ordered[-1].end)
    label = period or _label(whole)
    asked = _span(label)
    if asked != whole:
        what = f"the figures cover {whole.start} to {whole.end - timedelta(days=1)}, which is not {label}"
        faults.append(Fault(where=where, what=what, remedy="Name the period they cover.", rule="other_period"))
    return faults, label


def _span(label: str) -> _Span | None:
    first, _, last = label.partition("/")
    start, end = _one_span(first), _one_span(last or first)
    return _Span(start.start, end.end) if start and end and start.start < end.end else None


def _one_span(label: str) -> _Span | None:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", label):
            day = date.fromisoformat(label)
            return _Span(day, day + timedelta(days=1))
        found = Period.of(label)
    except ValueError:
        return None
    return _Span(found.start, found.end)


def _label(span: _Span) -> str:
    """Months where whole months are covered, as results write them; else days."""
    last = span.end - timedelta(days=1)
    if span.start.day == 1 and span.end.day == 1:
        return whole_label(months_between(Month.of(span.start), Month.of(last)))
    return str(span.start) if last == span.start else f"{span.start}/{last}"
