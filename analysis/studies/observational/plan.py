"""What is decided about an observational comparison before the data are looked at?

Whom the treated are compared with, over which windows, and what is known of customers beforehand that they shall be
alike in. Two kinds of treatment: customers' first contact on social, or a group of `assignments` that was not assigned
at random. Who they are is found by `contacts` and `groups`; what is estimated is left to `study`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.propensity import HIGHEST_SCORE
from analysis.studies.sample import IndexRules

if TYPE_CHECKING:
    from analysis.studies.planning.declaration import Declaration

Against = Literal["other_channels", "no_contact"]
OUTCOMES = ("orders", "revenue", "margin", "issues")
"""What can be followed after a first contact."""
MANY_ROWS, FEW_ROWS_DEALINGS = 20_000, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationalPlan:
    """What was decided before the data were looked at.

    Parameters
    ----------
    experiment : str, optional
        `experiment_id` of groups in `assignments` that were *not* made at random. Without it the treatment is a
        customer's first contact on social.
    treated, comparison : str, optional
        Names of the two groups, where `experiment` is given; with two groups only, one of them called `control` or
        `holdout`, they need not be named.
    against : {"other_channels", "no_contact"}
        Of a first contact: compared with customers whose issue of the same month went to another channel, or with
        customers who had no issue in it. The second includes the harm of the problem and is graded C at most.
    outcomes : tuple of str, optional
        All there are by default: names in `outcomes` for groups; orders, revenue, margin and issues for contacts.
    covariates : tuple of str
        Columns of `customers`, fixed or known before the treatment began, in which customers shall be alike.
    placebo_outcomes : tuple of str
        Columns of `customers` measured before the treatment began. The study is repeated on each of them with that
        column left out of the covariates; the treatment cannot have changed it.
    segments : tuple of str
        Fixed columns of `customers`; for contacts `product` and `spend_band` as well.
    before_months, after_months, look_back_days, zone, until
        Of contacts, as in the study of channels.
    folds, seed : int
        Of cross-fitting: folds in each dealing, and the seed they are dealt from.
    dealings : int, optional
        Dealings of folds averaged over; by default 5, and 1 from 20,000 rows on, where the luck of one hardly counts.
    highest_score : float
        Customers more likely to be treated than this have hardly anybody like them and are trimmed.
    declared : Declaration, optional
        What was written down beforehand; what it does not cover is marked as explored afterwards.
    level : float

    Examples
    --------
    >>> ObservationalPlan(experiment="club", covariates=("age",)).folds
    5
    >>> ObservationalPlan(covariates=("age", "age"))
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: Each covariate is named once; given were age, age.
    """

    experiment: str | None = None
    treated: str | None = None
    comparison: str | None = None
    against: Against = "other_channels"
    outcomes: tuple[str, ...] | None = None
    covariates: tuple[str, ...] = ()
    placebo_outcomes: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    before_months: int = 6
    after_months: int = 6
    look_back_days: int = 0
    zone: str = "UTC"
    until: Month | None = None
    folds: int = 5
    dealings: int | None = None
    seed: int = 0
    highest_score: float = HIGHEST_SCORE
    declared: Declaration | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        if len(set(self.covariates)) < len(self.covariates):
            raise DesignError(f"Each covariate is named once; given were {', '.join(self.covariates)}.")
        if not (1 <= self.before_months <= 36 and 1 <= self.after_months <= 36 and self.look_back_days >= 0):
            raise DesignError(
                f"Windows are 1 to 36 months long, and a look-back is no less than nought; given were "
                f"{self.before_months} before, {self.after_months} after and {self.look_back_days} days."
            )
        if not (2 <= self.folds <= 50 and 1 <= (self.dealings or 1) <= 100):
            raise DesignError(
                f"Cross-fitting takes 2 to 50 folds and 1 to 100 dealings, not {self.folds} and {self.dealings}."
            )
        if not 0.5 <= self.highest_score < 1:
            raise DesignError(f"The score above which nobody is kept lies from 0.5 to 1, not at {self.highest_score}.")
        if not 0.5 <= self.level <= 0.999:
            raise DesignError(f"The level of an interval lies between 0.5 and 0.999, not at {self.level}.")
        if self.against not in ("other_channels", "no_contact"):
            raise DesignError(f"Contacts are compared with `other_channels` or `no_contact`, not `{self.against}`.")
        if self.experiment is None and (self.treated or self.comparison):
            raise DesignError("Groups have names where `experiment` says which groups: set it, or leave them out.")

    def dealings_of(self, n_rows: int) -> int:
        """How many dealings of folds so many rows are worth.

        Examples
        --------
        >>> ObservationalPlan().dealings_of(5_000), ObservationalPlan().dealings_of(500_000)
        (5, 1)
        """
        return self.dealings or (1 if n_rows >= MANY_ROWS else FEW_ROWS_DEALINGS)

    def rules(self) -> IndexRules:
        """When an issue can be an index issue."""
        return IndexRules(
            before_months=self.before_months,
            after_months=self.after_months,
            look_back_days=self.look_back_days,
            zone=self.zone,
            until=self.until,
        )
