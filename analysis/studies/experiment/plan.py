"""What is decided about an experiment before anybody looks at what came of it?

The comparison arm, the outcomes and how each is measured, the one adjustment, the segments, the guardrails, and when
anybody may look. Nothing here is learned from the data, so that no choice can be made to fit them. Which rows an
experiment has is left to `arms`, what is estimated from them to `study`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from analysis.foundation.errors import DesignError, UnknownName

if TYPE_CHECKING:
    from analysis.studies.experiment.looks import Looks
    from analysis.studies.segments.questions import Covers

Template = Literal["standard", "encouragement", "switchback", "geo"]
TEMPLATES = ("standard", "encouragement", "switchback", "geo")
WORSE = ("higher", "lower")
FEWEST_CUSTOMERS = 50
"""Below so many customers in an arm nothing is claimed of it."""
OF_EVENTS = ("orders", "revenue", "margin", "repurchased", "issues", "support_cost", "csat")
"""Outcomes that are counted from events, whose names mean nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """How much worse an outcome may get before a gain elsewhere is no reason to go on.

    Parameters
    ----------
    margin : float
        Above 0, in the outcome's unit per customer: harm up to here is put up with.
    worse : {"higher", "lower"}
        Which way harm lies.

    Raises
    ------
    DesignError
        If the margin is not a number above 0, or the side is none of the two.

    Examples
    --------
    >>> Guardrail(margin=0.1, worse="lower").harm(-0.25)
    0.25
    """

    margin: float
    worse: Literal["higher", "lower"]

    def __post_init__(self) -> None:
        if not 0 < self.margin < math.inf:
            raise DesignError(f"The margin of a guardrail is a number above 0, not {self.margin}.")
        if self.worse not in WORSE:
            raise DesignError(f"Harm to a guardrail lies `higher` or `lower`, not `{self.worse}`.")

    def harm(self, difference: float) -> float:
        """A difference as harm: above 0 where things got worse."""
        return difference if self.worse == "higher" else -difference


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentPlan:
    """What was decided before the data were looked at.

    Parameters
    ----------
    control : str, optional
        The comparison arm; by default the arm called `control` or `holdout`.
    outcomes : tuple of str, optional
        By default all that were measured with the experiment, and orders, revenue, margin and repurchased. `issues`,
        `support_cost` and `csat` are followed when they are named.
    segments : tuple of str
        Columns of `customers` known before the assignment.
    window_days, pre_days : int
        Events are counted for so many days from the assignment, and, to adjust for them, for so many before; with 0
        days before, nothing is adjusted for earlier events.
    covariates : tuple of str
        Columns of `customers` known before the assignment that every outcome is adjusted for, numbers as they are and
        texts by their values. With the same events before the assignment, where an outcome is one of events, they are
        the one adjustment; no other is tried.
    ratios : mapping of str to (numerator, denominator)
        Ratios of two outcomes by name, such as "orders per session".
    winsorise : mapping of str to float
        Outcome to its cap: below 1 a quantile of all arms together, else a number in the outcome's unit.
    quantiles : mapping of str to tuple of float
        Outcome to the quantiles that are compared.
    guardrails : mapping of str to Guardrail
    template : {"standard", "encouragement", "switchback", "geo"}, optional
        By default what the unit of assignment makes of it: time blocks are a switchback, all else is standard.
    washout_hours : float
        In a switchback: what begins so soon after the start of a block is left out, of every block alike.
    chances : mapping of str to (mapping of str to float)
        Stratum to arms and the chance that each was set to have there; by default what the assignments state.
    looks : Looks, optional
        The first and the largest number of customers an arm at which somebody looks.
    explore : tuple of str
        Outcomes for which it is looked for who benefits most: an exploration, judged on customers kept apart, from
        which nothing is claimed. It reads the customers into memory.
    declared : Covers, optional
        What was written down beforehand, such as a declaration; what it does not cover is marked as explored
        afterwards.
    not_random : tuple of str
        Experiments in `assignments` whose groups nobody drew by lot, and which are therefore not read here.
    level : float

    Raises
    ------
    DesignError
        If a number is out of range.
    UnknownName
        If there is no such template.

    Examples
    --------
    >>> ExperimentPlan(guardrails={"csat": Guardrail(margin=0.1, worse="lower")}, outcomes=("orders",)).wanted
    ('orders', 'csat')
    >>> ExperimentPlan(quantiles={"spend": (0.9, 1.0)})
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: A quantile lies between 0 and 1; of `spend` 1.0 was asked for.
    """

    control: str | None = None
    outcomes: tuple[str, ...] | None = None
    segments: tuple[str, ...] = ()
    window_days: int = 90
    pre_days: int = 90
    covariates: tuple[str, ...] = ()
    ratios: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    winsorise: Mapping[str, float] = field(default_factory=dict)
    quantiles: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    guardrails: Mapping[str, Guardrail] = field(default_factory=dict)
    template: Template | None = None
    washout_hours: float = 0
    chances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    looks: Looks | None = None
    explore: tuple[str, ...] = ()
    declared: Covers | None = None
    not_random: tuple[str, ...] = ()
    level: float = 0.95

    def __post_init__(self) -> None:
        for name in ("ratios", "winsorise", "quantiles", "guardrails", "chances"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if self.template is not None and self.template not in TEMPLATES:
            raise UnknownName.of("template", self.template, TEMPLATES)
        if self.window_days < 1 or self.pre_days < 0:
            raise DesignError(
                f"Events are counted over 1 day at least, and before the assignment over 0; given were "
                f"{self.window_days} and {self.pre_days} days."
            )
        if self.washout_hours < 0:
            raise DesignError(f"A washout cannot last {self.washout_hours:g} hours.")
        for stratum, arms in self.chances.items():
            if not all(0 <= share <= 1 for share in arms.values()) or abs(sum(arms.values()) - 1) > 1e-6:
                told = ", ".join(f"`{arm}` {share:g}" for arm, share in arms.items())
                raise DesignError(f"The chances within a stratum lie from 0 to 1 and add to 1; `{stratum}` has {told}.")
        if not 0.5 <= self.level <= 0.999:
            raise DesignError(f"The level of an interval lies between 0.5 and 0.999, not at {self.level}.")
        for outcome, cap in self.winsorise.items():
            if not 0 < cap < math.inf:
                raise DesignError(
                    f"`{outcome}` can be capped at a quantile between 0 and 1 or at a number from 1 on, not at {cap}."
                )
        for outcome, quantiles in self.quantiles.items():
            for quantile in quantiles:
                if not 0 < quantile < 1:
                    raise DesignError(f"A quantile lies between 0 and 1; of `{outcome}` {quantile} was asked for.")
        parts = {part for pair in self.ratios.values() for part in pair}
        for name, (numerator, denominator) in self.ratios.items():
            if name in OF_EVENTS or name in parts:
                what = "an outcome of events" if name in OF_EVENTS else "an outcome that a ratio is made of"
                raise DesignError(f"`{name}` is {what}: a ratio needs a name of its own, such as `{name} per order`.")
            if numerator == denominator:
                raise DesignError(f"`{name}` divides `{numerator}` by itself, which is 1 for everybody.")

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """All outcomes that are needed, those asked for first; None where all there are were asked for."""
        if self.outcomes is None:
            return None
        parts = [name for pair in self.ratios.values() for name in pair]
        asked = (*self.outcomes, *self.guardrails, *parts, *self.winsorise, *self.quantiles, *self.explore)
        return tuple(dict.fromkeys(name for name in asked if name not in self.ratios))

    @property
    def named(self) -> tuple[str, ...]:
        """Outcomes that the plan names anywhere, beyond those that are followed unasked."""
        parts = [name for pair in self.ratios.values() for name in pair]
        asked = (
            *(self.outcomes or ()), *self.guardrails, *parts, *self.winsorise, *self.quantiles, *self.explore
        )  # fmt: skip
        return tuple(dict.fromkeys(name for name in asked if name not in self.ratios))

    def covers(self, outcome: str, segment: Mapping[str, str]) -> bool:
        """Whether this was asked before anybody looked, as far as anything was written down."""
        return True if self.declared is None else self.declared.covers(outcome, dict(segment))
