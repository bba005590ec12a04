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

from analysis.foundation.errors import DesignError, TouchstoneError, UnknownName
from analysis.inference.compare import SAMPLE_RATIO_P, SampleRatio, difference_in_means, equal_shares, sample_ratio
from analysis.inference.moments import Moments
from analysis.studies.claim import claim_of, refusal
from analysis.studies.experiment_rows import OutcomeRows, outcome_rows
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect, effects_frame
from analysis.studies.soundness import unusable_attribute
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
    lacks = {name: unusable_attribute(tables, name) for name in plan.segments}
    segments = [name for name, lack in lacks.items() if lack is None]
    notes = [f"Segment `{name}` was skipped: {lack}" for name, lack in lacks.items() if lack is not None]
    effects: list[Effect] = []
    arms: list[pd.DataFrame] = []
    failures: list[TouchstoneError] = []
    for experiment in _experiments(tables):
        try:
            study = _Experiment(tables, plan, experiment, segments)
            effects += study.effects()
        except (DesignError, UnknownName) as error:
            failures.append(error)
            notes.append(str(error))
            continue
        arms.append(study.arms_frame())
        notes += study.notes
    if not arms:
        raise failures[0]
    return ExperimentResult(tuple(effects), pd.concat(arms, ignore_index=True), tuple(notes))


def _experiments(tables: Tables) -> list[str]:
    found = tables.engine.query("select distinct experiment_id from assignments order by experiment_id")
    return [str(name) for name in found.column("experiment_id").to_pylist()]


class _Experiment:
    """One experiment: its arms, its sample ratio, its outcomes."""

    def __init__(self, tables: Tables, plan: ExperimentPlan, experiment: str, segments: Sequence[str]) -> None:
        self.tables, self.plan, self.experiment, self.segments = tables, plan, experiment, tuple(segments)
        self.notes: list[str] = []
        self.uneven = False
        self.counts, shares = self._arms()
        self.stated = shares is not None
        self.control = self._control()
        if len(self.counts) == 1:
            raise DesignError(
                f"Experiment `{experiment}` has one arm only, `{self.control}`: there is nothing to compare."
            )
        self.ratio: SampleRatio = sample_ratio(self.counts, shares)

    def _arms(self) -> tuple[dict[str, int], dict[str, float] | None]:
        rows = self.tables.engine.query(
            "select arm, count(distinct customer_id) as customers, min(probability) as low, max(probability) as high, "
            "count(*) - count(probability) as without, count(probability) as stated from assignments "
            "where experiment_id = ? group by arm order by arm",
            [self.experiment],
        ).to_pylist()
        counts = {str(row["arm"]): int(row["customers"]) for row in rows}
        if not any(row["stated"] for row in rows):
            return counts, None
        self.uneven = any(row["without"] or row["low"] != row["high"] or row["low"] <= 0 for row in rows)
        return counts, None if self.uneven else {str(row["arm"]): float(row["low"]) for row in rows}

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
        expected = self.ratio.expected
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
        seen = ", ".join(f"{arm} {count:,}" for arm, count in self.counts.items())
        verdict = "failed" if self.ratio.failed else "passed"
        shares = "the shares stated" if self.stated else "equal shares, since no `probability` states others"
        detail = f"Customers per arm: {seen}; p = {self.ratio.p_value:.3g} against {shares}, below 0.001 fails."
        return (Check(name="sample_ratio", verdict=verdict, detail=detail, gate=True),)  # type: ignore[arg-type]

    def _unit_refusal(self) -> str | None:
        """Why the whole experiment cannot be analysed at the customer's grain, if so."""
        row = self.tables.engine.query(
            """
            select count(case when unit <> 'customer' or block_start is not null then 1 end) as other,
                   count(*) - count(distinct customer_id) as repeated,
                   count(cluster_id) - count(distinct cluster_id) as shared_clusters
            from assignments where experiment_id = ?
            """,
            [self.experiment],
        ).to_pylist()[0]
        if row["other"] or row["repeated"] or row["shared_clusters"]:
            return (
                "customers were not assigned one by one (clusters, time blocks or repeated assignments); comparing "
                "them one by one would understate the error."
            )
        if self.uneven:
            return (
                "the chances of assignment differ between customers of one arm, or are stated for some only; the arms "
                "are not alike as they stand."
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
            found_checks = checks
            if why is None:
                self.tables.engine.keep(_ROWS, source.query, source.parameters)
                recorded = self._recorded()
                found_checks = (*checks, recorded)
                why = None if recorded.verdict != "failed" else f"outcomes are missing unevenly. {recorded.detail}"
            for segment in (None, *self.segments):
                groups = {} if why else self._moments(source, segment)
                values = sorted({key[1] for key in groups if key[1] is not None}) if segment else [None]
                for value in values:
                    where = {segment: value} if segment and value is not None else {}
                    for outcome in source.units:
                        found += self._contrasts(outcome, source, where, groups, value, found_checks, why)
            self.tables.engine.drop(_ROWS)
        return found

    def _recorded(self) -> Check:
        """Is the outcome known of as large a share of every arm? One that is lost by arm undoes the randomisation."""
        rows = self.tables.engine.query(f"select arm, count(*) as n from {_ROWS} group by arm").to_pylist()
        known = {str(row["arm"]): int(row["n"]) for row in rows}
        share = {arm: known.get(arm, 0) / count for arm, count in self.counts.items()}
        lowest, highest = min(share.values()), max(share.values())
        p_value = equal_shares(known, self.counts)
        return Check(
            name="outcome_recorded",
            verdict="failed" if p_value < SAMPLE_RATIO_P else "passed",
            detail=f"The outcome is known of {lowest * 100:.1f} to {highest * 100:.1f} % of the arms' customers; "
            f"p = {p_value:.3g} for equal shares, below 0.001 fails."
            if lowest < 1
            else "The outcome is known of all customers of every arm.",
            gate=True,
        )

    def _sources(self) -> list[OutcomeRows]:
        wanted = self.plan.outcomes
        found = outcome_rows(
            self.tables,
            self.experiment,
            segments=self.segments,
            wanted=wanted,
            window_days=self.plan.window_days,
        )
        if wanted is not None:
            found = sorted(found, key=lambda source: min(wanted.index(name) for name in source.units))
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
        estimate = None
        if reason is None and treated is not None and comparison is not None:
            estimate = difference_in_means(
                treated,
                comparison,
                source.measures[outcome],
                unit=source.units[outcome],
                level=self.plan.level,
                name=outcome,
            )
            if estimate.se == 0:
                reason = "nothing varies within the arms, so that no error can be told."
        if estimate is None or reason is not None:
            reason = reason or "an arm is empty."
            counts: dict[str, Any] = {
                "n_treated": treated.n if treated else 0 if segment else self.counts[arm],
                "n_comparison": comparison.n if comparison else 0 if segment else self.counts[self.control],
            }
            return Effect(**names, **counts, grade="D", reason=reason, claim=refusal(reason))
        grade = grade_of(checks, randomised=True)
        claim = claim_of(
            estimate, who=f"Customers assigned to {arm}", against=f"customers assigned to {self.control}",
            when="in the experiment", grade=grade, segment=segment,
        )  # fmt: skip
        return Effect(**names, estimate=estimate, grade=grade, claim=claim)
