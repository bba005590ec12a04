"""What did a randomised assignment change? Each arm against the comparison arm, for every outcome and segment.

The sample ratio is tested first: where the arms do not have the sizes that the randomisation was set to give, no effect
is claimed. Everything else follows from the arms' Moments, at the customer's grain. Adjustment by earlier purchases,
clusters, early looks and tests across segments are left to later rooms of this floor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.foundation.errors import DesignError, UnknownName
from analysis.inference.compare import SampleRatio, difference_in_means, sample_ratio
from analysis.inference.moments import Moments
from analysis.studies.claim import claim_of, refusal
from analysis.studies.experiment_rows import OutcomeRows, outcome_rows
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect, effects_frame
from analysis.tables.moments_of import moments_by

if TYPE_CHECKING:
    from analysis.tables.load import Tables

DESIGN = "ab_randomised"
CONTROL_NAMES = ("control", "holdout")
FEWEST_CUSTOMERS = 50
_ROWS = "experiment_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentPlan:
    """What was decided before the data were looked at.

    `control` is the comparison arm (by default the arm called `control` or `holdout`); `outcomes` None means all that
    the tables hold; events are counted for `window_days` from the assignment.
    """

    control: str | None = None
    outcomes: tuple[str, ...] | None = None
    segments: tuple[str, ...] = ()
    window_days: int = 90
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """Effects of every experiment, and the arms with their sizes beside those that were intended."""

    effects: tuple[Effect, ...]
    arms: pd.DataFrame
    notes: tuple[str, ...]

    def of(self, outcome: str) -> tuple[Effect, ...]:
        """The effects on one outcome: all customers first, then by segment."""
        return tuple(effect for effect in self.effects if effect.outcome == outcome)

    @property
    def outcomes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(effect.outcome for effect in self.effects))

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {"effects": [effect.to_dict() for effect in self.effects]}

    def to_frame(self) -> pd.DataFrame:
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def randomised(tables: Tables, plan: ExperimentPlan) -> ExperimentResult:
    """By how much do the arms of each experiment differ from its comparison arm?

    Parameters
    ----------
    tables : Tables
        With `assignments`, and `outcomes` or `orders`.
    plan : ExperimentPlan

    Returns
    -------
    ExperimentResult
        Differences per customer, in the unit of each outcome.

    Raises
    ------
    UnknownName
        If the comparison arm named does not exist.
    DesignError
        If no comparison arm can be told, or there is no outcome to compare.

    Source
    ------
    Welch's comparison and the sample-ratio test: `inference.compare`.
    """
    segments = [name for name in plan.segments if tables.has_column("customers", name)]
    notes = [
        f"Segment `{name}` was skipped: `customers` has no column `{name}`."
        for name in plan.segments
        if name not in segments
    ]
    effects: list[Effect] = []
    arms: list[pd.DataFrame] = []
    for experiment in _experiments(tables):
        study = _Experiment(tables, plan, experiment, segments)
        effects += study.effects()
        arms.append(study.arms_frame())
        notes += study.notes
    return ExperimentResult(tuple(effects), pd.concat(arms, ignore_index=True), tuple(notes))


def _experiments(tables: Tables) -> list[str]:
    found = tables.engine.query("select distinct experiment_id from assignments order by experiment_id")
    return [str(name) for name in found.column("experiment_id").to_pylist()]


class _Experiment:
    """One experiment: its arms, its sample ratio, its outcomes."""

    def __init__(self, tables: Tables, plan: ExperimentPlan, experiment: str, segments: Sequence[str]) -> None:
        self.tables, self.plan, self.experiment, self.segments = tables, plan, experiment, tuple(segments)
        self.notes: list[str] = []
        self.counts, shares = self._arms()
        self.control = self._control()
        self.ratio: SampleRatio | None = sample_ratio(self.counts, shares) if len(self.counts) > 1 else None

    def _arms(self) -> tuple[dict[str, int], dict[str, float] | None]:
        rows = self.tables.engine.query(
            "select arm, count(distinct customer_id) as customers, min(probability) as low, max(probability) as high, "
            "count(*) - count(probability) as without from assignments where experiment_id = ? "
            "group by arm order by arm",
            [self.experiment],
        ).to_pylist()
        counts = {str(row["arm"]): int(row["customers"]) for row in rows}
        stated = all(row["without"] == 0 and row["low"] == row["high"] and row["low"] > 0 for row in rows)
        return counts, {str(row["arm"]): float(row["low"]) for row in rows} if stated else None

    def _control(self) -> str:
        if self.plan.control is not None:
            if self.plan.control not in self.counts:
                raise UnknownName.of(f"arm of experiment `{self.experiment}`", self.plan.control, self.counts)
            return self.plan.control
        named = [arm for arm in self.counts if arm.lower() in CONTROL_NAMES]
        if len(named) != 1:
            raise DesignError(
                f"Experiment `{self.experiment}` has the arms {', '.join(self.counts)}; say which one the others are "
                "compared with: `comparison: NAME` in the parameters."
            )
        return named[0]

    def arms_frame(self) -> pd.DataFrame:
        """One row an arm: customers, and the share that was intended."""
        expected = self.ratio.expected if self.ratio else {arm: float(n) for arm, n in self.counts.items()}
        total = sum(self.counts.values())
        return pd.DataFrame(
            {
                "experiment_id": self.experiment,
                "arm": list(self.counts),
                "customers": list(self.counts.values()),
                "expected_share": [expected[arm] / total for arm in self.counts],
                "comparison": [arm == self.control for arm in self.counts],
            }
        )

    def checks(self) -> tuple[Check, ...]:
        if self.ratio is None:
            return (Check(name="sample_ratio", verdict="failed", detail="There is one arm only.", gate=True),)
        seen = ", ".join(f"{arm} {count:,}" for arm, count in self.counts.items())
        verdict = "failed" if self.ratio.failed else "passed"
        detail = (
            f"Customers per arm: {seen}; p = {self.ratio.p_value:.3g} against the intended shares, below 0.001 fails."
        )
        return (Check(name="sample_ratio", verdict=verdict, detail=detail, gate=True),)  # type: ignore[arg-type]

    def _unit_refusal(self) -> str | None:
        """Why the whole experiment cannot be analysed at the customer's grain, if so."""
        row = self.tables.engine.query(
            "select count(case when coalesce(unit, 'customer') <> 'customer' then 1 end) as other, "
            "count(*) - count(distinct customer_id) as repeated from assignments where experiment_id = ?",
            [self.experiment],
        ).to_pylist()[0]
        if row["other"] or row["repeated"]:
            return (
                "customers were not assigned one by one (clusters, time blocks or repeated assignments); comparing "
                "them one by one would understate the error."
            )
        return None

    def effects(self) -> list[Effect]:
        """Every arm against the comparison arm, for every outcome, over all customers and by segment."""
        checks = self.checks()
        failed = next((check for check in checks if check.verdict == "failed"), None)
        refused = self._unit_refusal() or (f"the sample ratio failed. {failed.detail}" if failed else None)
        found: list[Effect] = []
        for source in self._sources():
            why = refused or source.reason
            if why is None:
                self.tables.engine.keep(_ROWS, source.query, source.parameters)
            for segment in (None, *self.segments):
                groups = {} if why else self._moments(source, segment)
                values = sorted({key[1] for key in groups if key[1] is not None}) if segment else [None]
                for value in values:
                    where = {segment: value} if segment and value is not None else {}
                    for outcome in source.units:
                        found += self._contrasts(outcome, source, where, groups, value, checks, why)
            self.tables.engine.drop(_ROWS)
        return found

    def _sources(self) -> list[OutcomeRows]:
        wanted = self.plan.outcomes
        found = outcome_rows(
            self.tables,
            self.experiment,
            segments=self.segments,
            wanted=wanted,
            window_days=self.plan.window_days,
        )
        names = [name for source in found for name in source.units]
        absent = [name for name in wanted or () if name not in names]
        self.notes += [f"Outcome `{name}` is not in the data of experiment `{self.experiment}`." for name in absent]
        if not names:
            raise DesignError(
                f"Experiment `{self.experiment}` has none of the outcomes asked for. It needs rows in `outcomes`, or "
                "`assigned_at` and a table of `orders`."
            )
        return found

    def _moments(self, source: OutcomeRows, segment: str | None) -> dict[tuple[str, str | None], Moments]:
        found = moments_by(
            self.tables.engine,
            f"select * from {_ROWS}",
            groups=["arm", segment] if segment else ["arm"],
            measures=list(source.measures.values()),
        )
        return {
            (str(key[0]), str(key[1]) if segment and key[1] is not None else None): part for key, part in found.items()
        }

    def _contrasts(
        self,
        outcome: str,
        source: OutcomeRows,
        segment: Mapping[str, str],
        groups: Mapping[tuple[str, str | None], Moments],
        value: str | None,
        checks: tuple[Check, ...],
        why: str | None,
    ) -> list[Effect]:
        def group(arm: str) -> Moments | None:
            return groups.get((arm, value))

        found = []
        for arm in self.counts:
            if arm == self.control:
                continue
            treated, comparison = group(arm), group(self.control)
            reason = why
            if reason is None and (
                treated is None or comparison is None or min(treated.n, comparison.n) < FEWEST_CUSTOMERS
            ):
                sizes = f"{treated.n if treated else 0:,} and {comparison.n if comparison else 0:,}"
                reason = f"the two arms hold {sizes} customers; each needs {FEWEST_CUSTOMERS}."
            found.append(self._effect(arm, outcome, source, segment, treated, comparison, checks, reason))
        return found

    def _effect(
        self,
        arm: str,
        outcome: str,
        source: OutcomeRows,
        segment: Mapping[str, str],
        treated: Moments | None,
        comparison: Moments | None,
        checks: tuple[Check, ...],
        reason: str | None,
    ) -> Effect:
        names: dict[str, Any] = {
            "design": DESIGN,
            "estimand": "experiment_effect",
            "treated": arm,
            "comparison": self.control,
            "outcome": outcome,
            "scale": "difference",
            "segment": segment,
            "checks": checks,
        }
        if reason is not None or treated is None or comparison is None:
            reason = reason or "an arm is empty."
            counts: dict[str, Any] = {
                "n_treated": treated.n if treated else 0 if segment else self.counts[arm],
                "n_comparison": comparison.n if comparison else 0 if segment else self.counts[self.control],
            }
            return Effect(**names, **counts, grade="D", reason=reason, claim=refusal(reason))
        estimate = difference_in_means(
            treated,
            comparison,
            source.measures[outcome],
            unit=source.units[outcome],
            level=self.plan.level,
            name=outcome,
        )
        grade = grade_of(checks, randomised=True)
        claim = claim_of(
            estimate, who=f"Customers assigned to {arm}", against=f"customers assigned to {self.control}",
            when="in the experiment", grade=grade, segment=segment,
        )  # fmt: skip
        return Effect(**names, estimate=estimate, grade=grade, claim=claim)
