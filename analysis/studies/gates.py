"""Did anything show up where nothing can have happened? The gates between a comparison and a grade B.

A gate repeats the study where the true effect is zero: before the contact, at a made-up date, among customers who
turn to social only later. What is compared, and how, is left to the study: it hands in a `Finding` for each gate, a
ratio that would be 1 if all were well. Here they are judged together, so that three gates do not fail a sound study
more often than one would: a gate fails where the difference is both clear (Holm-adjusted p-value) and large enough to
matter, and it does not pass where it could not have seen a difference that matters. What the grade makes of it is left
to `grade`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from analysis.inference.compare import ratio_estimate
from analysis.studies.result import Check, Verdict

GATES = ("pre_trend", "placebo_date", "future_social")
LEVEL = 0.05
"""Below this Holm-adjusted p-value a difference counts as clear."""
RATIO_ALLOWED = 0.02
"""A gate's ratio may lie this far from 1, however clear the difference is."""
STANDARD_ERRORS_SEEN = 2.8
"""A difference of so many standard errors is found four times in five by a single test at the 5 % level."""
UNSEEN_ALLOWED = 0.15
"""Largest difference, as a logarithm, that may stay unseen in a gate that passes."""

_FAILED: Mapping[str, str] = MappingProxyType(
    {
        "pre_trend": "The groups were drifting apart before the contact, and would have drifted on without it.",
        "placebo_date": "Nothing happened at that date, so the comparison finds differences that no contact made.",
        "future_social": "These customers had not yet turned to social, so whatever leads customers there also moves "
        "this outcome.",
    }
)
_OF: Mapping[str, str] = MappingProxyType({"pre_trend": ", single months included,"})
_SWINGS = (
    "The groups did not move alike from month to month before the contact, so they need not have done so after it."
)
_FAILED_OTHERWISE = "Nothing can have happened there, so the comparison finds differences that no contact made."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a gate found, or why it could not be run.

    Parameters
    ----------
    name : str
        `pre_trend`, `placebo_date` or `future_social`; another name is judged in the same way.
    ratio : float, optional
        What came out where 1 was to be expected.
    se_log : float, optional
        Standard error of its logarithm.
    p_value : float, optional
        Of the gate, before it is judged together with the others: `two_sided_p`, or `combined_p` where a second test
        belongs to the gate.
    largest : float, optional
        Where a gate also looks month by month and that part may be what is clear: the ratio of the month that lies
        farthest from the mean of them. The gate then fails if either ratio is too large.
    what : str
        What was compared with what, as a sentence.
    reason : str, optional
        Why the gate could not be run, as a sentence. Given if and only if there are no numbers.

    Raises
    ------
    ValueError
        If there are numbers and a reason, or neither, or a number is impossible.

    Examples
    --------
    >>> Finding(name="placebo_date", what="Orders six months earlier.", reason="The data begin too late.").ratio
    """

    name: str
    what: str
    ratio: float | None = None
    se_log: float | None = None
    p_value: float | None = None
    largest: float | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        numbers = [number for number in (self.ratio, self.se_log, self.p_value) if number is not None]
        if len(numbers) != (0 if self.reason else 3):
            raise ValueError(f"{self.name}: a finding has a ratio, its error and its p-value, or else a reason.")
        if self.largest is not None and not (numbers and 0 < self.largest < math.inf):
            raise ValueError(f"{self.name}: the ratio of the farthest month is finite, above 0 and beside a finding.")
        if not all(map(math.isfinite, numbers)):
            raise ValueError(f"{self.name}: a finding must be finite; give the reason why the gate could not be run.")
        if numbers and not (numbers[0] > 0 and numbers[1] > 0 and 0 <= numbers[2] <= 1):
            raise ValueError(f"{self.name}: a ratio and its error lie above 0, a p-value between 0 and 1.")

    @property
    def rough(self) -> bool:
        """Whether a difference of 15 % could have stayed unseen."""
        return self.se_log is not None and STANDARD_ERRORS_SEEN * self.se_log > UNSEEN_ALLOWED


def judge(findings: Sequence[Finding], level: float = LEVEL) -> tuple[Check, ...]:
    """Which gates passed, which failed, and which could not have told?

    Holm's adjustment runs over the gates of this call that have a finding: give those of one outcome together, once. A
    gate too rough to pass can still fail: what it did see is not unseen.

    Parameters
    ----------
    findings : sequence of Finding
        Names occur once.
    level : float
        Share of sound studies in which at least one gate may be called clear by chance.

    Returns
    -------
    tuple of Check
        Gates, in the order given. `value`, `low`, `high` are the ratio and its 95 % interval; `p_value` is the adjusted
        one. All are absent where nothing was found.

    Raises
    ------
    ValueError
        If a name occurs twice.

    Source
    ------
    Holm (1979), Scandinavian Journal of Statistics 6. Thresholds, size and power: docs/grades.md.

    Examples
    --------
    >>> drift = Finding(name="pre_trend", ratio=1.01, se_log=0.03, p_value=0.74, what="Orders shortly before.")
    >>> later = Finding(name="future_social", ratio=0.88, se_log=0.03, p_value=2e-5, what="Orders of those to come.")
    >>> for check in judge([drift, later]):
    ...     print(check.name, check.verdict, check.detail, sep=" | ")
    pre_trend | passed | Orders shortly before. It came out 1.0 % higher (95 % interval: 4.8 % lower to 7.1 % higher;
    adjusted p, single months included, = 0.74). Chance alone can do that. A difference of about 8 % would probably have
    been seen.
    future_social | failed | Orders of those to come. It came out 12.0 % lower (95 % interval: 17.0 % lower to 6.7 %
    lower; adjusted p < 0.001). Chance alone hardly does that, and up to 2 % is allowed. These customers had not yet
    turned to social, so whatever leads customers there also moves this outcome.
    """
    names = [finding.name for finding in findings]
    if len(set(names)) < len(names):
        raise ValueError(f"Each gate is judged once; given were {', '.join(names)}.")
    given = {finding.name: finding.p_value for finding in findings if finding.p_value is not None}
    adjusted = dict(zip(given, holm(list(given.values())), strict=True))
    return tuple(_judged(finding, adjusted.get(finding.name), level) for finding in findings)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values such that whichever of them lies below a level, at most that share of sound families has one there.

    Source
    ------
    Holm (1979). Reference: `statsmodels.stats.multitest.multipletests(method="holm")`.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return tuple(adjusted)


def two_sided_p(ratio: float, se_log: float) -> float:
    """How often would chance alone move a ratio at least so far from 1? Wald test of the logarithm.

    Examples
    --------
    >>> from math import exp
    >>> round(two_sided_p(exp(1.959964 * 0.03), 0.03), 6)
    0.05
    """
    return math.erfc(abs(math.log(ratio)) / se_log / math.sqrt(2))


def combined_p(p_drift: float, p_joint: float) -> float:
    """One p-value for two tests of one gate: twice the smaller one (Bonferroni), at most 1.

    The path before the contact is tested for a drift (one number, powerful) and month by month (a joint Wald test,
    which sees any shape). Whichever is clearer counts; the factor 2 pays for having looked twice, however the two
    depend on each other.

    Raises
    ------
    ValueError
        If one of them is not between 0 and 1.

    Examples
    --------
    >>> combined_p(0.01, 0.2), combined_p(0.7, 0.6)
    (0.02, 1.0)
    """
    if not (0 <= p_drift <= 1 and 0 <= p_joint <= 1):
        raise ValueError(f"p-values lie between 0 and 1; given were {p_drift} and {p_joint}.")
    return min(1.0, 2 * min(p_drift, p_joint))


def _judged(finding: Finding, p_value: float | None, level: float) -> Check:
    if finding.ratio is None or finding.se_log is None or p_value is None:
        return Check(name=finding.name, verdict="not_run", detail=f"{finding.what} {finding.reason}", gate=True)
    found = ratio_estimate(finding.name, finding.ratio, finding.se_log, n_treated=0, n_comparison=0, method="gate")
    clear, drifts = p_value < level, _large(finding.ratio)
    swings = finding.largest is not None and _large(finding.largest)
    seen = _percent(STANDARD_ERRORS_SEEN * finding.se_log)
    allowed = f"up to {RATIO_ALLOWED * 100:g} % is allowed"
    verdict: Verdict = "passed"
    if clear and (drifts or swings):
        verdict = "failed"
        why = _FAILED.get(finding.name, _FAILED_OTHERWISE) if drifts else _SWINGS
        means = f"Chance alone hardly does that, and {allowed}. {why}"
    elif finding.rough:
        verdict = "not_run"
        means = (
            f"That is too rough: it could only have seen a difference of {seen}; {UNSEEN_ALLOWED * 100:g} % is the "
            "most that may stay unseen."
        )
    else:
        means = f"That is clear but small: {allowed}." if clear else "Chance alone can do that."
        means += f" A difference of about {seen} would probably have been seen."
    came_out = (
        f"{_side(found.value)} (95 % interval: {_side(found.low)} to {_side(found.high)}; "
        f"adjusted p{_OF.get(finding.name, '')} {_p(p_value)})"
    )
    months = f"The month farthest from their mean lies {_side(finding.largest)}. " if finding.largest else ""
    return Check(
        name=finding.name,
        verdict=verdict,
        detail=f"{finding.what} It came out {came_out}. {months}{means}",
        gate=True,
        value=found.value,
        low=found.low,
        high=found.high,
        p_value=p_value,
    )


def _large(ratio: float) -> bool:
    """Whether a ratio lies farther from 1 than is allowed."""
    return abs(ratio - 1) > RATIO_ALLOWED


def _side(ratio: float) -> str:
    """How far a ratio lies from 1, and on which side."""
    if math.isinf(ratio):
        return "without limit"
    return f"{abs(ratio - 1) * 100:.1f} % {'higher' if ratio >= 1 else 'lower'}"


def _percent(seen: float) -> str:
    """A logarithm as a percentage, with as many digits as tell it from the limit."""
    if seen > 1:
        return "more than 100 %"
    digits = 0 if seen >= 0.01 else 1
    while seen > UNSEEN_ALLOWED and round(seen * 100, digits) <= UNSEEN_ALLOWED * 100 and digits < 6:
        digits += 1
    return f"{seen * 100:.{digits}f} %"


def _p(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.2g}"
