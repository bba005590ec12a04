"""What can be said of one group of customers: by the luck of the queue, adjusted, and raw, each beside the others?

All three are always computed. Which of the first two stands as the effect is decided by the strength of the first stage
alone, never by what came out. A group is all customers, or a segment of them. Putting groups together is left to
`service`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.absorb import Absorber, absorber
from analysis.inference.cells import Flags, Floats, Ints
from analysis.inference.estimate import Estimate
from analysis.inference.instrument import Instrumented
from analysis.studies.result import Check
from analysis.studies.service.adjusted import (
    ServiceStrata,
    adjusted,
    overlap,
    raw,
    reply_not_by_chance,
    service_strata,
)
from analysis.studies.service.clock import SECOND
from analysis.studies.service.gates import QueueFinding, first_stage, judge_queue, without_incidents
from analysis.studies.service.instrument import (
    METHOD,
    Direct,
    beyond_the_wait,
    by_queue,
    categories,
    must_have_a_queue,
)
from analysis.studies.service.plan import ServicePlan
from analysis.studies.service.table import NEVER, UNKNOWN, ServiceRows

FEWEST_IN_A_GROUP = 50
"""With fewer customers answered in time, or not, nothing is claimed."""
FEWEST_DAYS_OF_INCIDENTS = 5
"""With fewer days of other products' incidents there is nothing that the luck of the queue could hang on."""
_EARLIER_WORDS = {"earlier": "earlier issues", "observed": "months observed"}


@dataclass(frozen=True, slots=True)
class Found:
    """What one estimator says of one outcome: estimates on the scales it has, or why there is none."""

    estimates: tuple[Estimate, ...] = ()
    reason: str | None = None


class ServiceScope:
    """One group of customers with everything that is asked of it.

    Parameters
    ----------
    rows : ServiceRows
        Those whom only a bot answered are set aside here: they are not compared, but whom they are is looked at.
    plan : ServicePlan
    segment : mapping of str to str
        Empty for all customers.
    """

    def __init__(self, rows: ServiceRows, plan: ServicePlan, segment: Mapping[str, str]) -> None:
        self.everybody, self.plan, self.segment = rows, plan, segment
        self.rows = rows.where(~rows.bot)
        self.in_time: Flags = self.rows.in_time(plan.target_seconds)
        self.queued = self.rows.where(self.rows.product != UNKNOWN)
        self._instrumented: dict[tuple[str, str], Instrumented | str] = {}
        self._incidents: dict[str, QueueFinding | Check] = {}
        self._busy: dict[str, QueueFinding | str] = {}

    @cached_property
    def refused(self) -> str | None:
        """Why nothing can be claimed of these customers at all, or None."""
        answered, waited = int(self.in_time.sum()), int((~self.in_time).sum())
        n, within = len(self.rows), self.plan.within
        if not n:
            return "No customer whose first social contact can be followed is among them."
        if not waited:
            half = _seconds(int(np.quantile(self.rows.waited, 0.5, method="lower")) // SECOND)
            return (
                f"All {n:,} customers were answered within {within}, half of them within {half}, so nobody waited "
                "longer. Set a shorter target."
            )
        if not answered:
            replied, told = self.rows.waited[self.rows.waited < NEVER], ""
            if len(replied):
                half = _seconds(int(np.quantile(replied, 0.5, method="lower")) // SECOND)
                told = f"; half of those with an answer had it within {half}. Set a longer target"
            return f"None of {n:,} customers was answered within {within}{told}."
        if min(answered, waited) < FEWEST_IN_A_GROUP:
            few, what = (answered, "answered in time") if answered < waited else (waited, "not answered in time")
            return (
                f"Only {few:,} of {n:,} customers were {what}; {FEWEST_IN_A_GROUP} are the fewest of which anything is "
                "claimed."
            )
        return None

    def constant(self, outcome: str) -> str | None:
        """Why an outcome that is the same for everybody says nothing, or None."""
        values = self.rows.after[outcome]
        if values.min() < values.max():
            return None
        return f"Every one of {len(values):,} customers has the same {outcome} after the contact."

    @cached_property
    def strata(self) -> ServiceStrata:
        return service_strata(self.rows, self.in_time)

    @cached_property
    def after_strata(self) -> ServiceStrata:
        return service_strata(self.rows, self.in_time, after_only=True)

    def stratified(self, outcome: str) -> ServiceStrata:
        """The cells in which an outcome is adjusted."""
        return self.after_strata if outcome == "issues" else self.strata

    def queue(self, outcome: str, window: str = "after") -> Instrumented | str:
        """The effect on an outcome by the luck of the queue, or why there is none. Of `before`, the placebo."""
        asked = (outcome, window)
        if asked not in self._instrumented:
            values = self.queued.values(outcome, window)
            known = self._known(outcome) if window == "after" else None
            self._instrumented[asked] = self._by_queue(self.queued, values, outcome, self.rows.unit(outcome), known)
        return self._instrumented[asked]

    @cached_property
    def _absorber(self) -> Absorber:
        """What is taken out of the rows that stand in the queue: made ready once, for all that is asked of them."""
        return absorber(categories(self.queued), len(self.queued))

    def _by_queue(
        self, rows: ServiceRows, values: Floats, name: str, unit: str, known: Floats | None
    ) -> Instrumented | str:
        try:
            must_have_a_queue(self.rows)
            return by_queue(
                rows,
                self.plan.target_seconds,
                values,
                name=name,
                unit=unit,
                covariates=known,
                level=self.plan.level,
                absorb=self._absorber if rows is self.queued else None,
            )
        except DesignError as error:
            return str(error)

    @cached_property
    def strength(self) -> Check:
        """The gate of the first stage: whether the queue decides enough, whatever the outcome."""
        answered = self.queued.in_time(self.plan.target_seconds).astype(np.float64)
        found = self._by_queue(self.queued, answered, "answered in time", "share", None)
        if isinstance(found, str):
            return first_stage(None, found, self.plan.within)
        return first_stage(found, None, self.plan.within)

    @property
    def strong(self) -> bool:
        """Whether the queue stands before the adjusted comparison."""
        return self.strength.verdict == "passed"

    @cached_property
    def recorded(self) -> tuple[tuple[QueueFinding, ...], tuple[str, ...]]:
        """What the queue goes with among what was known before, and what is not recorded."""
        found, lacking = [], []
        severity = self.queued.severity != UNKNOWN
        if severity.any():
            part = self.queued if severity.all() else self.queued.where(severity)
            found += self._finding("recorded severity", part, part.severity)
        else:
            lacking.append("severity")
        for column, words in _EARLIER_WORDS.items():
            found += self._finding(words, self.queued, getattr(self.queued, column))
        if self.everybody.bot.any():
            every = self.everybody.where(self.everybody.product != UNKNOWN)
            found += self._finding("left out, as only a bot replied,", every, every.bot.astype(np.int64))
        return tuple(found), tuple(lacking)

    def _finding(self, words: str, rows: ServiceRows, column: Ints) -> list[QueueFinding]:
        values = np.asarray(column, dtype=np.float64)
        spread = float(values.std()) if len(values) else 0.0
        if spread == 0:
            return []
        found = self._by_queue(rows, values, words, words, None)
        return [] if isinstance(found, str) else [QueueFinding.of(words, found, spread)]

    def placebo(self, outcome: str) -> QueueFinding | str:
        """What the queue "changed" before the contact: orders for all that is bought, issues for issues."""
        asked = self._tested(outcome)
        mean = float(self.queued.values(asked, "before").mean()) if len(self.queued) else 0.0
        found = self.queue(asked, "before")
        if isinstance(found, str):
            return f"The estimate could not be repeated on {asked} before the contact: {found}"
        if mean <= 0:
            return f"There were no {asked} before the contact on which to repeat the estimate."
        words = f"{asked} in the {self.plan.before_months} months before"
        return QueueFinding.of(
            words.replace("1 months", "month") if self.plan.before_months == 1 else words, found, mean
        )

    def incidents(self, outcome: str) -> QueueFinding | Check:
        """What customers do more on days of other products' incidents than the wait explains: of orders, or issues."""
        asked = self._tested(outcome)
        if asked not in self._incidents:
            self._incidents[asked] = self._on_incidents(asked)
        return self._incidents[asked]

    def _on_incidents(self, asked: str) -> QueueFinding | Check:
        mean = float(self.queued.values(asked).mean()) if len(self.queued) else 0.0
        days = len(np.unique(self.queued.day[self.queued.surge]))
        if days < FEWEST_DAYS_OF_INCIDENTS:
            why = f"Other products had incidents on {days or 'no'} day{'' if days == 1 else 's'} with a contact"
            why += f" ({FEWEST_DAYS_OF_INCIDENTS} are needed)" if days else ""
            return without_incidents("not_applicable", f"{why}: the queue varied by the luck of ordinary days.")
        try:
            found = self._beyond(asked, self.queued.surge)
        except DesignError as error:
            return without_incidents("not_run", str(error))
        if mean <= 0:
            return without_incidents("not_run", f"There were no {asked} after the contact to look at.")
        words = f"{asked} after the contact on {days:,} such days"
        return QueueFinding(name=words, value=found.value / mean, se=found.se / mean, p_value=found.p_value)

    def busy(self, outcome: str) -> QueueFinding | str:
        """What customers do more with contacts of the hour after than the wait explains: of orders, or issues.

        On the scale of the effect: by how much would it be off if contacts of the hour before did as much?
        """
        asked = self._tested(outcome)
        if asked not in self._busy:
            self._busy[asked] = self._in_busy_hours(asked)
        return self._busy[asked]

    def _in_busy_hours(self, asked: str) -> QueueFinding | str:
        mean = float(self.queued.values(asked).mean()) if len(self.queued) else 0.0
        queue = self.queue(asked)
        if isinstance(queue, str):
            return f"Contacts of the hour after could not be looked at: {queue}"
        if mean <= 0:
            return f"There were no {asked} after the contact to look at."
        try:
            found = self._beyond(asked, self.queued.load_after)
        except DesignError as error:
            return str(error)
        per = mean * abs(queue.first_stage)
        return QueueFinding(
            name=f"{asked} after the contact", value=found.value / per, se=found.se / per, p_value=found.p_value
        )

    def _beyond(self, asked: str, beside: Flags | Ints) -> Direct:
        """What goes with something beside the queue beyond the wait, in an outcome."""
        return beyond_the_wait(
            self.queued,
            self.plan.target_seconds,
            self.queued.values(asked),
            self._known(asked),
            beside=beside,
            absorb=self._absorber,
        )

    def _tested(self, outcome: str) -> str:
        """On what the gates of an outcome are run: orders for all that is bought, where orders are followed."""
        return "orders" if outcome != "issues" and "orders" in self.rows.outcomes else outcome

    def _known(self, outcome: str) -> Floats:
        """What was known of an outcome before the contact, to make the estimate sharper."""
        before = self.queued.values(outcome, "before")
        return np.column_stack([before, self.queued.earlier]) if outcome == "issues" else before

    def queue_checks(self, outcome: str) -> tuple[Check, ...]:
        """The gates of the instrument."""
        found, lacking = self.recorded
        told = self.placebo(outcome), self.incidents(outcome), found, lacking, self.busy(outcome)
        return (self.strength, *judge_queue(*told))

    def adjusted_checks(self, outcome: str) -> tuple[Check, ...]:
        """The gates of the adjusted comparison, the cap among them."""
        return (self.strength, overlap(self.stratified(outcome)), reply_not_by_chance())

    def by_luck(self, outcome: str) -> Found:
        """By the luck of the queue."""
        found = self.queue(outcome)
        return Found(reason=found) if isinstance(found, str) else Found((replace(found.effect, method=METHOD),))

    def alike(self, outcome: str) -> Found:
        """Adjusted: the difference per customer, then the ratio."""
        try:
            ratio, difference = adjusted(self.rows, self.in_time, outcome, self.stratified(outcome), self.plan.level)
        except DesignError as error:
            return Found(reason=str(error))
        return Found((difference, ratio))

    def plain(self, outcome: str) -> Found:
        """Raw."""
        return Found((raw(self.rows, self.in_time, outcome, self.plan.level),))

    def standing(self, outcome: str) -> Found:
        """What stands as the effect."""
        return self.by_luck(outcome) if self.strong else self.alike(outcome)


def _seconds(seconds: int) -> str:
    """A time in words, in the largest unit of which it holds one.

    Examples
    --------
    >>> _seconds(90), _seconds(7_200), _seconds(1)
    ('90 seconds', '2 hours', '1 second')
    """
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}"
    return f"{seconds:,} second" + ("" if seconds == 1 else "s")
