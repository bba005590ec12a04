"""What must hold before a step in a figure may be called the effect of a change? Five gates, each with its sentence.

`control_series`: something the change did not touch moves with the figure, and did not break at the same date itself.
`placebo_dates`: the same model finds no change at dates at which nothing was changed. `single_cause`: nothing else was
changed meanwhile. `written_before`: the change stood in the log when it took effect, so that no date was picked after
the figures were seen. `long_enough`: there are months enough on both sides for the intervals to hold what they promise.

A gate that tests fails where the difference is both clear (adjusted for how many dates and gates were tried) and large
enough to matter, and does not pass where it could not have seen one. What the grade makes of it is left to `grade`, how
the numbers come about to `fit`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.foundation.calendar import Month
from analysis.studies.change_log.entries import Bundle, Entry, one_line
from analysis.studies.change_log.sizes import side_said
from analysis.studies.gates import holm
from analysis.studies.result import Check, Verdict

NEEDED = ("control_series", "placebo_dates", "single_cause", "written_before", "long_enough")
"""Gates without which no finding of the change log is graded B."""
LEVEL = 0.05
"""Below this adjusted p-value a difference counts as clear."""
ALLOWED = 0.02
"""A step of this share of the figure's usual size is too small to matter, however clear it is."""
UNSEEN_ALLOWED = 0.15
"""Largest step, as a share of the figure's usual size, that may stay unseen by a gate that passes."""
ERRORS_SEEN = 4.3
"""A step of so many standard errors at one of 7 to 13 dates was found four times in five (3,600 made-up series). The
usual 2.8 holds for a single test and was found once in three, for the dates are adjusted for each other."""
FEWEST_DATES = 3
MONTHS_NEEDED, BEFORE_NEEDED, AFTER_NEEDED = 24, 12, 6
"""Months, in all and on each side, from which on the intervals were shown to hold what they promise."""
HOLES_ALLOWED = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step found at one date: its size in the figure's unit, its standard error, its interval and two-sided p."""

    month: Month
    level: float
    se: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFound:
    """What is known of a control series: its name, how clearly it moves with the figure, its own step at the date.

    `follows` is a one-sided p-value: small where it moves with the figure, large where it does not or moves against it.
    `refused` is a sentence that says why it cannot serve; then nothing else is given.
    """

    name: str
    follows: float | None = None
    own: Step | None = None
    usual: float | None = None
    refused: str | None = None


def judged_steps(
    *,
    control: ControlFound | None,
    placebo: Sequence[Step],
    usual: float,
    found: float,
    unit: str = "",
    errors_seen: float = ERRORS_SEEN,
    why_no_placebo: str | None = None,
) -> tuple[Check, Check]:
    """The two gates that are tests, judged together: the control series, and made-up dates.

    Parameters
    ----------
    control : ControlFound, optional
        None where no control series was named.
    placebo : sequence of Step
        What the model found at dates without a change.
    usual : float
        The usual size of the figure before the change, above 0, against which steps are measured.
    found : float
        The step found at the change itself. Dates that could have shown one as large can tell.
    unit : str
        Of the figure.
    errors_seen : float
        So many standard errors are probably seen at one of the dates.
    why_no_placebo : str, optional
        A sentence, where no date could be tried.

    Examples
    --------
    >>> quiet = [Step(month=Month.of("2024-05").plus(i), level=0.2, se=0.5, low=-0.8, high=1.2, p_value=0.7)
    ...          for i in range(3)]
    >>> first, second = judged_steps(control=None, placebo=quiet, usual=100, found=-4)
    >>> first.verdict, second.verdict
    ('not_run', 'passed')
    """
    dates = min(1.0, len(placebo) * min(step.p_value for step in placebo)) if placebo else None
    own = None if control is None or control.own is None else control.own.p_value
    given = [p for p in (dates, own) if p is not None]
    adjusted = dict(zip(given, holm(given), strict=True))
    return (
        _control(control, None if own is None else adjusted[own]),
        _placebo(placebo, None if dates is None else adjusted[dates], usual, found, unit, errors_seen, why_no_placebo),
    )


def _control(control: ControlFound | None, p_own: float | None) -> Check:
    if control is None:
        what = "No control series was named: whatever else moved the figure in these months is in the finding."
        return Check(name="control_series", verdict="not_run", detail=what, gate=True)
    name = f"`{one_line(control.name)}`"
    if control.refused is not None:
        return Check(name="control_series", verdict="failed", detail=f"{name}: {control.refused}", gate=True)
    if control.follows is None:
        what = f"{name} could not be followed through these months."
        return Check(name="control_series", verdict="not_run", detail=what, gate=True)
    if control.follows >= LEVEL:
        what = (
            f"{name} does not move with the figure beyond trend and season (p = {control.follows:.2g}), so it takes "
            "nothing out of the finding that has another cause."
        )
        return Check(name="control_series", verdict="failed", detail=what, gate=True, p_value=control.follows)
    what = f"{name} moves with the figure (p = {_p(control.follows)})"
    if control.own is None or p_own is None:
        return Check(
            name="control_series",
            verdict="not_run",
            detail=f"{what}, but its own path at the date is unknown.",
            gate=True,
        )
    step, large = control.own, abs(control.own.level) > ALLOWED * (control.usual or 0)
    numbers = {"value": step.level, "low": step.low, "high": step.high, "p_value": p_own}
    if p_own < LEVEL and large:
        what += (
            f", but it has a step of its own at the change (adjusted p = {_p(p_own)}): either the change touched it as "
            "well, or something else touched both."
        )
        return Check(name="control_series", verdict="failed", detail=what, gate=True, **numbers)
    what += (
        f" and has no clear step of its own at the change (adjusted p = {_p(p_own)}). That the change did not touch it "
        "is taken from whoever named it."
    )
    return Check(name="control_series", verdict="passed", detail=what, gate=True, **numbers)


def _placebo(
    placebo: Sequence[Step],
    adjusted: float | None,
    usual: float,
    found: float,
    unit: str,
    errors_seen: float,
    why_not: str | None,
) -> Check:
    if len(placebo) < FEWEST_DATES or adjusted is None:
        what = why_not or (
            f"{len(placebo) or 'No'} earlier date{'s have' if len(placebo) > 1 else ' has'} months enough on both "
            f"sides without a change; at least {FEWEST_DATES} are needed to see what this model finds where nothing "
            "happened."
        )
        return Check(name="placebo_dates", verdict="not_run", detail=what, gate=True)
    largest = max(placebo, key=lambda step: (abs(step.level / step.se) if step.se > 0 else 0.0, step.month))
    as_large = sum(abs(step.level) >= abs(found) for step in placebo)
    seen = errors_seen * sorted(step.se for step in placebo)[len(placebo) // 2]
    verdict: Verdict = "passed"
    end = f" A step of {seen / usual * 100:.1f} % of its usual size would probably have been seen."
    if adjusted < LEVEL and abs(largest.level) > ALLOWED * usual:
        verdict = "failed"
        end = " Nothing that is written down happened then, so this model finds steps that no change made."
    elif seen > max(UNSEEN_ALLOWED * usual, abs(found)):
        verdict = "not_run"
        end = (
            f" Only a step of {seen / usual * 100:.0f} % of its usual size would probably have been seen there, so "
            "these dates cannot tell."
        )
    what = (
        f"The same model at {len(placebo)} earlier dates without a change, {placebo[0].month} to {placebo[-1].month}: "
        f"the clearest step is {side_said(largest.level, unit)} in {largest.month} (p = {_p(adjusted)}, adjusted for "
        f"the dates tried); as large as the one at the change: {as_large} of {len(placebo)}.{end}"
    )
    return Check(
        name="placebo_dates", verdict=verdict, detail=what, gate=True,
        value=largest.level, low=largest.low, high=largest.high, p_value=adjusted,
    )  # fmt: skip


def single_cause(
    bundle: Bundle, others: Sequence[Entry], clear_after: int | None = None, earlier: Sequence[Entry] = ()
) -> Check:
    """Whether anything else was changed in the same months. Incidents have terms of their own, and are named apart.

    Parameters
    ----------
    bundle : Bundle
    others : sequence of Entry
        Other entries of the window that may have moved the figure.
    clear_after : int, optional
        With so many months after the change the window would hold no other one.
    earlier : sequence of Entry
        Changes before these months, because of which earlier months are not used.
    """
    interfering = [entry for entry in others if entry.kind != "incident"]
    incidents = [entry for entry in others if entry.kind == "incident"]
    own = ""
    if incidents:
        own = f" Incidents of these months have terms of their own: {_listed(incidents)}."
    if len(bundle.entries) == 1 and not interfering:
        since = f", which begin after {_listed(earlier)}" if earlier else ""
        what = f"The change log holds no other change in these months{since}.{own}"
        return Check(name="single_cause", verdict="passed", detail=what, gate=True)
    told = [*bundle.entries[1:], *interfering]
    what = f"In the same months came {_listed(told)}: what each of them did cannot be told apart.{own}"
    if clear_after is not None:
        what += f" A window of {clear_after} months after would hold no other change."
    return Check(name="single_cause", verdict="failed", detail=what, gate=True)


def written_before(bundle: Bundle) -> Check:
    """Whether every change studied stood in the log on the day it took effect.

    Examples
    --------
    >>> from datetime import date
    >>> late = Entry(change_id="CH3", kind="tool", description="", effective_on=date(2025, 3, 3),
    ...              recorded_on=date(2025, 3, 5))
    >>> print(written_before(Bundle((late,))).detail)
    Written afterwards: CH3, in force from 2025-03-03 and written down on 2025-03-05. A date that is put down later can
    have been chosen by the figures.
    """
    late = [entry for entry in bundle.entries if entry.written == "afterwards"]
    if late:
        told = "; ".join(
            f"{one_line(one.change_id)}, in force from {one.effective_on} and written down on {one.recorded_on}"
            for one in late
        )
        what = f"Written afterwards: {told}. A date that is put down later can have been chosen by the figures."
        return Check(name="written_before", verdict="failed", detail=what, gate=True)
    unknown = [entry for entry in bundle.entries if entry.written == "unknown"]
    if unknown:
        named = ", ".join(one_line(one.change_id) for one in unknown)
        what = f"It is not known when it was written down ({named}); fill in `recorded_at`."
        return Check(name="written_before", verdict="not_run", detail=what, gate=True)
    what = "It stood in the change log on the day it took effect."
    return Check(name="written_before", verdict="passed", detail=what, gate=True)


def long_enough(*, before: int, after: int, holes: int, ready: Month | None = None) -> Check:
    """Whether there are months enough, on both sides, without too many holes, and not all echoes of the one before.

    Parameters
    ----------
    before, after : int
        Months with a figure on each side.
    holes : int
        Months of the window without one, the month of the change apart.
    ready : Month, optional
        The last month that must be over for the window to be long enough.

    Examples
    --------
    >>> long_enough(before=17, after=12, holes=0).verdict
    'passed'
    >>> print(long_enough(before=17, after=3, holes=0).detail)
    17 months before and 3 after; 24 in all, with 12 before and 6 after, are needed for the interval to hold what it
    promises.
    """
    n = before + after
    short = n < MONTHS_NEEDED or before < BEFORE_NEEDED or after < AFTER_NEEDED
    what = f"{before} months before and {after} after"
    if short:
        what += (
            f"; {MONTHS_NEEDED} in all, with {BEFORE_NEEDED} before and {AFTER_NEEDED} after, are needed for the "
            "interval to hold what it promises."
        )
        what += f" Wait until {ready} is over." if ready is not None else ""
    elif holes > HOLES_ALLOWED * (n + holes):
        what += f"; {holes} of {n + holes} months have no figure, which is more than a fifth."
    else:
        what += f", {holes} without a figure." if holes else "."
        return Check(name="long_enough", verdict="passed", detail=what, gate=True)
    return Check(name="long_enough", verdict="failed", detail=what, gate=True)


def _listed(entries: Sequence[Entry]) -> str:
    named = [f"{one_line(one.change_id)} ({one.kind}, {one.effective_on})" for one in entries]
    return ", ".join(named[:-1]) + (" and " if len(named) > 1 else "") + named[-1]


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 0.001 and not math.isnan(value) else "less than 0.001"
