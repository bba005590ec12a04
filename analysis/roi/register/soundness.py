"""Does a promise make sense, and is it still what was approved? Every fault at once, each with the key it is at.

The form of the file has been checked when it was read. Here it is asked whether its parts fit each other and the
catalogue: a baseline that ends before launch, periods in order, ranges that hold their value, amounts that are what
they are made of, figures that exist, forecasts that were made in time, and a seal that holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from analysis.foundation.calendar import Month
from analysis.foundation.errors import UnknownName
from analysis.metrics.catalogue import definition
from analysis.roi.register.promise import Amount, Figure, Leading, Promise, PromisedAmount, months_of

KeyPath = tuple[str | int, ...]
CHANGED = "seal"
"""The rule that an edited promise breaks."""
TO = 1e-6
"""How near to its parts, relative to its size, an amount must be written."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing that does not fit: the key, what was found as a clause, the remedy as a sentence, and the rule."""

    at: KeyPath
    what: str
    remedy: str
    rule: str


def misfits(promise: Promise) -> tuple[Misfit, ...]:
    """Everything that does not fit in a promise; nothing where all does."""
    return tuple(
        found for asked in (_measured, _baseline, _profile, _leading, _approval, _forecasts) for found in asked(promise)
    )


def _measured(promise: Promise) -> Iterator[Misfit]:
    measure = promise.measure
    if (measure.metric is None) == (measure.effect is None):
        remedy = "Give `metric`, an id of the catalogue, or `effect`, as design/estimand/outcome/scale."
        yield Misfit(("measure",), "names not one metric or one effect", remedy, "measure")
    if measure.figure is not None:
        yield from _figure(measure.figure, ("measure",))
    for name in ("volume", "price"):
        figure = getattr(promise, name)
        if figure is not None:
            yield from _figure(figure, (name,))
            if all(getattr(row, name) is None for row in promise.promised):
                what, remedy = "is told by a figure and promised of no period", f"Give `{name}` with the periods."
                yield Misfit((name,), what, remedy, "not_promised")


def _figure(figure: Figure, at: KeyPath) -> Iterator[Misfit]:
    try:
        entry = definition(figure.metric)
    except UnknownName as error:
        yield Misfit((*at, "metric"), f"there is no metric `{figure.metric}`", error.faults[0].remedy, "unknown_name")
        return
    bases = " or ".join(entry.bases)
    if figure.version > entry.version:
        what = f"is {figure.version}, and the latest version of `{entry.id}` is {entry.version}"
        yield Misfit((*at, "version"), what, "Name the version that is promised by.", "version")
    if figure.basis is None and entry.basis == "both":
        what = f"is missing: `{entry.id}` is counted on two"
        yield Misfit((*at, "basis"), what, f"Write {bases}.", "basis")
    elif figure.basis is not None and figure.basis not in entry.bases:
        yield Misfit((*at, "basis"), f"is none of `{entry.id}`", f"Write {bases}, or leave it out.", "basis")
    if unknown := sorted(set(figure.segment) - set(entry.by)):
        columns = ", ".join(f"`{one}`" for one in entry.by) or "nothing"
        what, remedy = f"`{entry.id}` is not broken down by `{unknown[0]}`", f"It is broken down by {columns}."
        yield Misfit((*at, "segment"), what, remedy, "segment")
    elif missing := sorted(set(entry.by) - set(figure.segment)):
        what = f"`{entry.id}` is broken down by `{missing[0]}`, and no part of it is named"
        yield Misfit((*at, "segment"), what, f"Write `segment: {{{missing[0]}: ...}}`.", "segment")


def _baseline(promise: Promise) -> Iterator[Misfit]:
    baseline, launch = promise.baseline, promise.launch
    try:
        first, last = Month.of(baseline.first), Month.of(baseline.to)
    except ValueError:
        yield Misfit(("baseline",), "its window is not of months", "Write months, as in 2026-01.", "month")
        return
    if last < first:
        yield Misfit(("baseline", "to"), "lies before `from`", "Give the window from its first month on.", "window")
    if last.last_day >= launch:
        what = f"the window ends with {last}, and the launch is on {launch}"
        remedy = "A baseline is of the time before the launch: end it with an earlier month."
        yield Misfit(("baseline", "to"), what, remedy, "baseline_after_launch")
    if baseline.known_at > launch:
        what = f"the baseline was known on {baseline.known_at} only, after the launch on {launch}"
        remedy = "Take a window that was known before the launch; what is chosen afterwards is no baseline."
        yield Misfit(("baseline", "known_at"), what, remedy, "baseline_after_launch")
    elif baseline.known_at < last.last_day:
        what = f"lies before the end of the window, {last}"
        yield Misfit(("baseline", "known_at"), what, "Give the day as of which the window was known.", "known_at")


def _profile(promise: Promise) -> Iterator[Misfit]:
    spans = []
    for place, row in enumerate(promise.promised):
        at: KeyPath = ("promised", place)
        months = _months(row.period)
        if not months:
            yield Misfit((*at, "period"), "is no period", 'Write 2026-09, 2026q3 or "2026".', "period")
            continue
        spans.append((place, months))
        if months[-1].last_day < promise.launch:
            what = f"{row.period} is over before the launch on {promise.launch}"
            yield Misfit((*at, "period"), what, "Promise periods from the launch on.", "before_launch")
        yield from _amount(row, at)
        yield from _parts(promise, row, at)
    for (_, earlier), (place, later) in pairwise(spans):
        if later[0] != earlier[-1].plus(1):
            what = f"does not follow on {promise.promised[place - 1].period}"
            yield Misfit(("promised", place, "period"), what, "Give periods in order, without gaps.", "order")
        elif len(later) != len(earlier):
            what = f"is not as long as {promise.promised[place - 1].period}"
            yield Misfit(("promised", place, "period"), what, "Give periods of one length.", "length")
    lengths = {name: sum(getattr(row, name) is not None for row in promise.promised) for name in ("volume", "price")}
    for name, count in lengths.items():
        if count not in (0, len(promise.promised)):
            what = f"`{name}` is given with {count} of {len(promise.promised)} periods"
            yield Misfit(("promised",), what, "Give it with all periods, or with none.", "parts")


def _amount(row: Amount, at: KeyPath) -> Iterator[Misfit]:
    if not row.low <= row.value <= row.high:
        what = f"the range from {row.low:g} to {row.high:g} does not hold {row.value:g}"
        yield Misfit((*at, "value"), what, "Give `low`, `value` and `high` in their order.", "range")


def _parts(promise: Promise, row: PromisedAmount, at: KeyPath) -> Iterator[Misfit]:
    volume, price = (1.0 if one is None else one for one in (row.volume, row.price))
    if row.rate is None:
        if not volume * price and row.value:
            what = "is promised of nothing: the volume or the price is zero"
            yield Misfit((*at, "value"), what, "Give a volume and a price above zero.", "parts")
        return
    made = volume * promise.sign * (row.rate - promise.baseline.value) * price
    if abs(made - row.value) > float(promise.quantum) + TO * abs(row.value):
        what = f"is {row.value:,.6g}, and volume x change against the baseline x price is {made:,.6g}"
        yield Misfit((*at, "value"), what, "Mend one of them: an amount is what it is made of.", "parts")


def _leading(promise: Promise) -> Iterator[Misfit]:
    for place, one in enumerate(promise.leading):
        at: KeyPath = ("leading", place)
        yield from _figure(one, at)
        if (one.at_least is None) == (one.at_most is None):
            yield Misfit(at, "has no one threshold", "Give `at_least` or `at_most`.", "threshold")
        if _same(one, promise):
            what = "is what the promise itself is measured by"
            yield Misfit((*at, "metric"), what, "Name a figure that tells earlier.", "not_leading")


def _same(one: Leading, promise: Promise) -> bool:
    figure = promise.measure.figure
    return figure is not None and (one.metric, one.segment) == (figure.metric, figure.segment)


def _approval(promise: Promise) -> Iterator[Misfit]:
    given = {name: getattr(promise, name) is not None for name in ("approved_at", "approved_by", "seal")}
    if len(set(given.values())) > 1:
        missing = next(name for name, there in given.items() if not there)
        what, remedy = "is missing from the approval", "Approve with `touchstone promise`, which writes all three."
        yield Misfit((missing,), what, remedy, "approval")
    elif promise.seal is not None and promise.seal != promise.sealed():
        what = "does not fit what is promised: the promise was changed after its approval"
        remedy = "Take the approved version back from git: a promise is not edited; add a forecast."
        yield Misfit((CHANGED,), what, remedy, CHANGED)


def _forecasts(promise: Promise) -> Iterator[Misfit]:
    known = {row.period for row in promise.promised}
    if promise.forecasts and promise.approved_at is None:
        what, remedy = "are given of a draft", "Change the draft, or approve it first."
        yield Misfit(("forecasts",), what, remedy, "draft")
    for place, forecast in enumerate(promise.forecasts):
        at: KeyPath = ("forecasts", place)
        earlier = promise.approved_at if place == 0 else promise.forecasts[place - 1].dated
        if earlier is not None and forecast.dated < earlier:
            what = f"lies before {earlier}, the day of what stands before it"
            remedy = "Forecasts are added at the end; none is put between or taken back."
            yield Misfit((*at, "dated"), what, remedy, "order")
        for number, row in enumerate(forecast.periods):
            below: KeyPath = (*at, "periods", number)
            yield from _amount(row, below)
            months = _months(row.period)
            if row.period not in known:
                what, remedy = "is not among the promised periods", "Forecast the periods that were promised."
                yield Misfit((*below, "period"), what, remedy, "period")
            elif months and months[-1].last_day < forecast.dated:
                what = f"{row.period} was over on {forecast.dated}"
                yield Misfit((*below, "period"), what, "Forecast periods that are not over.", "hindsight")


def _months(period: str) -> tuple[Month, ...]:
    try:
        return months_of(period)
    except ValueError:
        return ()
