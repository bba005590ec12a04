"""What tests the effort study where the true effect is zero, and what can no test see?

Before the issue nothing of it can have changed what was bought: one window earlier the groups must have moved alike,
and what was bought then must not go with the effort that the issue would take. No test sees a cause that begins with
the issue and moves both its effort and what is bought after, such as how bad the problem was; so the split earns a C at
most. How gates are judged is left to `studies.gates`.
"""

from __future__ import annotations

from analysis.inference.estimate import Estimate
from analysis.inference.mediation import Mediated
from analysis.studies.gates import Finding, judge, two_sided_p
from analysis.studies.result import Check
from analysis.studies.strata import UNMATCHED_ALLOWED

EARLIER, EFFORT_EARLIER = "placebo_date", "effort_before_it_was_needed"


def overlap_of(unmatched: int, exposed: int) -> Check:
    """Has nearly everybody whose issue went to social somebody to be compared with?

    Examples
    --------
    >>> overlap_of(3, 100).verdict, overlap_of(2, 100).verdict
    ('failed', 'passed')
    """
    share = unmatched / exposed if exposed else 0.0
    detail = (
        f"{unmatched:,} of {exposed:,} customers whose issue went to social ({share * 100:.1f} %) had nobody with an "
        "issue of that month and product on another channel, and were left out."
    )
    return Check(name="overlap", verdict="passed" if share <= UNMATCHED_ALLOWED else "failed", detail=detail, gate=True)


def nothing_sees_causes() -> Check:
    """The cap on every split by effort.

    Examples
    --------
    >>> nothing_sees_causes().verdict
    'not_run'
    """
    detail = (
        "No check can see an unrecorded cause that begins with the issue and moves both the effort it takes and what "
        "is bought after it, or a reason to choose the channel that does."
    )
    return Check(name="unrecorded_causes", verdict="not_run", detail=detail, gate=True)


def earlier_checks(earlier: Mediated | str, usual: float) -> tuple[Check, ...]:
    """The gates of one outcome, judged together.

    Parameters
    ----------
    earlier : Mediated or str
        The study one window earlier, or why there is none.
    usual : float
        What the exposed bought in the window that stands in for the one after.
    """
    told = (
        (EARLIER, "Changes in what was bought, one window earlier, by the later issue's channel."),
        (EFFORT_EARLIER, "Changes in what was bought, one window earlier, by the effort that the later issue took."),
    )
    if isinstance(earlier, str):
        return judge([Finding(name=name, what=what, reason=earlier) for name, what in told])
    found = (earlier.total, earlier.indirect)
    return judge([_finding(name, what, one, usual) for (name, what), one in zip(told, found, strict=True)])


def _finding(name: str, what: str, found: Estimate, usual: float) -> Finding:
    """A difference as a ratio to what the exposed would have bought without it."""
    base = usual - found.value
    if base <= 0 or usual <= 0 or found.se <= 0:
        return Finding(name=name, what=what, reason="Too little was bought then to tell a change.")
    ratio, se_log = usual / base, found.se / base
    return Finding(name=name, what=what, ratio=ratio, se_log=se_log, p_value=two_sided_p(ratio, se_log))
