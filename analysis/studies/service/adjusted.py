"""What did customers do who were answered in time, against similar ones who were not? The comparison without luck.

Their own purchases before, carried forward by the growth of customers who waited longer: of the same month, part of the
day, product, incident of that product, recorded severity and number of recent issues, counted by customers. Where too
few waited for that, the cells grow; severity and incidents, which delay an answer and lower buying too, stay nearly to
the last. Issues are compared after the contact only, among customers with as many earlier ones. The desk decided whom
to answer first, so this earns a C at most; the raw difference beside it earns nothing. Errors are clustered by day,
since a bad day delays everybody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from analysis.inference.cells import Flags, Ints, groups_of
from analysis.inference.compare import difference_in_means
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments
from analysis.inference.panel_effects import count_weights, ratio_did
from analysis.studies.result import Check
from analysis.studies.service.plan import MONEY
from analysis.studies.service.table import MICRO, ServiceRows
from analysis.studies.strata import UNMATCHED_ALLOWED

METHOD = "contact-anchored ratio DiD within strata, clustered by day"
AFTER_METHOD = "ratio within strata after the contact, clustered by day"
_WORDS = {
    "month": "month of the contact",
    "part_of_day": "part of the day (six of four hours, from 23 o'clock)",
    "night": "night (from 23 to 7 o'clock) or day",
    "product": "product",
    "severity": "recorded severity",
    "recent": "issues since six months before (0, 1, 2 or more)",
    "earlier": "all earlier issues (0, 1, 2, 3, 4 or more)",
    "incident": "incident of the own product (which one, or none)",
    "in_incident": "whether the own product has an incident",
}
_LEVELS = (
    ("month", "part_of_day", "product", "severity", "recent", "incident"),
    ("month", "part_of_day", "severity", "recent", "incident"),
    ("month", "part_of_day", "severity", "incident"),
    ("month", "night", "severity", "in_incident"),
    ("month", "severity", "in_incident"),
    ("month", "in_incident"),
    ("month",),
)
_AFTER_LEVELS = (
    ("month", "part_of_day", "product", "severity", "earlier", "incident"),
    ("month", "part_of_day", "severity", "earlier", "incident"),
    ("month", "night", "severity", "earlier", "in_incident"),
    ("month", "severity", "earlier", "in_incident"),
    ("month", "earlier", "in_incident"),
    ("month", "earlier"),
    ("month",),
)


@dataclass(frozen=True, slots=True)
class ServiceStrata:
    """Within which cells customers count as alike: a code for each row, and who has nobody in theirs.

    `answered` are the customers answered in time, `unmatched` those of them without anybody who waited longer.
    """

    description: str
    code: Ints
    answered: int
    unmatched: int

    @property
    def unmatched_share(self) -> float:
        return self.unmatched / self.answered if self.answered else 0.0


def service_strata(rows: ServiceRows, in_time: Flags, *, after_only: bool = False) -> ServiceStrata:
    """Which are the finest cells in which at most 2 % of those answered in time have nobody to be compared with?

    Parameters
    ----------
    rows : ServiceRows
    in_time : array of bool, shape (n,)
    after_only : bool
        For an outcome that is compared after the contact only.
    """
    for columns in _AFTER_LEVELS if after_only else _LEVELS:
        code = groups_of([getattr(rows, name) for name in columns])
        weight = count_weights(code, in_time)
        unmatched = int((in_time & (weight == 0)).sum())
        words = ", ".join(_WORDS[name] for name in columns)
        chosen = ServiceStrata(words, code, int(in_time.sum()), unmatched)
        if chosen.unmatched_share <= UNMATCHED_ALLOWED:
            break
    return chosen


def overlap(strata: ServiceStrata) -> Check:
    """Has nearly every customer who was answered in time somebody to be compared with?"""
    share = f"{strata.unmatched_share * 100:.1f} %"
    return Check(
        name="overlap",
        verdict="passed" if strata.unmatched_share <= UNMATCHED_ALLOWED else "failed",
        detail=f"{strata.unmatched:,} of {strata.answered:,} customers who were answered in time ({share}) had nobody "
        f"in their cell who waited longer, and were left out; cells are made of {strata.description}.",
        gate=True,
    )


def reply_not_by_chance() -> Check:
    """The cap on every comparison of those answered in time with those who were not.

    Examples
    --------
    >>> print(reply_not_by_chance().detail)
    The desk, and the hour at which customers write, decided who was answered in time. What made a contact urgent or
    easy and was not recorded may also move what customers do later, and nothing here could show it.
    """
    detail = (
        "The desk, and the hour at which customers write, decided who was answered in time. What made a contact urgent "
        "or easy and was not recorded may also move what customers do later, and nothing here could show it."
    )
    return Check(name="reply_not_by_chance", verdict="not_run", detail=detail, gate=True)


def adjusted(
    rows: ServiceRows, in_time: Flags, outcome: str, strata: ServiceStrata, level: float
) -> tuple[Estimate, Estimate]:
    """The effect as a ratio and as a difference per customer.

    Parameters
    ----------
    rows : ServiceRows
    in_time : array of bool, shape (n,)
    outcome : str
    strata : ServiceStrata
        For issues, made with `after_only`.
    level : float

    Raises
    ------
    DesignError
        If nobody can be compared, or nothing was bought in one of the windows.
    """
    after_only = outcome == "issues"
    weight = count_weights(strata.code, in_time)
    found = ratio_did(
        name=outcome,
        unit=rows.unit(outcome),
        before=np.ones(len(rows)) if after_only else rows.values(outcome, "before"),
        after=rows.values(outcome),
        contacted=in_time,
        month=strata.code if after_only else rows.month,
        weight=weight,
        customer=np.unique(rows.day, return_inverse=True)[1],
        level=level,
    )
    used = weight > 0
    n_treated, n_comparison = int((used & in_time).sum()), int((used & ~in_time).sum())
    method = AFTER_METHOD if after_only else METHOD
    return (
        replace(found.ratio, method=method, n_treated=n_treated, n_comparison=n_comparison),
        replace(
            found.difference,
            method=method + ", on the difference scale",
            n_treated=n_treated,
            n_comparison=n_comparison,
        ),
    )


def raw(rows: ServiceRows, in_time: Flags, outcome: str, level: float) -> Estimate:
    """The raw difference of means after the contact: Welch's comparison, which knows nothing of who is compared."""
    answered, waited = (_moments(rows, outcome, part) for part in (in_time, ~in_time))
    return difference_in_means(answered, waited, outcome, unit=rows.unit(outcome), level=level)


def _moments(rows: ServiceRows, outcome: str, part: Flags) -> Moments:
    whole = [int(value) for value in rows.after[outcome][part]]
    unit = Decimal(MICRO if outcome in MONEY else 1)
    total, squares = Decimal(sum(whole)), Decimal(sum(value * value for value in whole))
    return Moments((outcome,), len(whole), (total / unit,), (squares / (unit * unit),))
