"""What came of one experiment? Every outcome of its customers, compared arm by arm and segment by segment.

The gates of an outcome are judged once: the sample ratio, and whether the outcome is known of as many in every arm.
Where one fails, or the window is not over, the outcome keeps one row that says so. Regions that were held out have a
study of their own; guardrails and what may be said of segments are left to `study`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments
from analysis.studies.claim import refusal
from analysis.studies.experiment.arms import arms_of
from analysis.studies.experiment.arms_sql import keep_traits
from analysis.studies.experiment.asked import UNEVEN, Asked, by_unit, extras_of
from analysis.studies.experiment.by_strata import Groups, of_means_within, of_ratio_within, strata_groups_of
from analysis.studies.experiment.claims import said_of
from analysis.studies.experiment.contrasts import (
    EFFECT,
    NAIVE,
    Contrast,
    groups_of,
    of_means,
    of_ratio_metric,
    ratio_covariates,
)
from analysis.studies.experiment.covariates import Covariates, covariates_of, unusable_segment
from analysis.studies.experiment.looks import at_one_look
from analysis.studies.experiment.outcomes import outcomes_of
from analysis.studies.experiment.plan import FEWEST_CUSTOMERS, ExperimentPlan
from analysis.studies.experiment.rare import Seen, seen_by, seen_within, without_rare, without_rare_within
from analysis.studies.experiment.recorded import recorded
from analysis.studies.experiment.result import DESIGN
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect

if TYPE_CHECKING:
    from analysis.studies.experiment.rows import Rows
    from analysis.studies.segments.uplifted import Uplift
    from analysis.tables.load import Tables


class Trial:
    """One experiment: its arms, its outcomes, and what came of them.

    `effects` stand as they were found: what guardrails and segments make of them is left to `study`.
    """

    def __init__(self, tables: Tables, plan: ExperimentPlan, experiment: str) -> None:
        self.tables, self.plan = tables, plan
        self.arms = arms_of(tables, plan, experiment)
        self.notes = list(self.arms.notes)
        by_customer = self.arms.unit == "customer_id"
        known = [name for name in (*plan.covariates, *plan.segments) if tables.has_column("customers", name)]
        keep_traits(tables.engine, known)
        covariates = covariates_of(tables, plan.covariates, by_customer=by_customer, strata=self.arms.uneven)
        segments = self._segments(by_customer)
        self.outcomes = outcomes_of(tables, plan, self.arms, covariates=covariates, segments=segments)
        self.notes += [*covariates.notes, *self.outcomes.notes]
        self.rows: Rows = self.outcomes.rows
        self.names = tuple(name for name in self.rows.measures)
        self.ratios = {
            name: parts
            for name, parts in plan.ratios.items()
            if by_customer and set(parts) <= set(self.names) and name not in self.names
        }
        self.notes += [
            f"`{name}` was left out: {_why_no_ratio(name, parts, self.names)}"
            for name, parts in plan.ratios.items()
            if name not in self.ratios
        ]
        if not by_customer:
            self.notes += [
                f"`{name}` was neither capped nor compared by quantiles: that is for customers assigned one by one."
                for name in dict.fromkeys((*plan.winsorise, *plan.quantiles))
            ]
        self.asked = Asked(plan=plan, arms=self.arms)
        self._moments: dict[tuple[str, ...], dict[str | None, dict[str, dict[tuple[str, str | None], Moments]]]] = {}
        self._strata: dict[tuple[str, ...], dict[str | None, dict[str, Groups]]] = {}
        self._seen_within: dict[str | None, dict[str, dict[tuple[str, str | None], Any]]] = {}
        self._seen: dict[str | None, dict[str, dict[tuple[str, str | None], tuple[Seen, ...]]]] = {}
        self.checks = {name: self._checks(name) for name in (*self.names, *self.ratios)}
        self.effects = tuple(self._effects())
        if self.arms.template == "switchback" and plan.washout_hours:
            from analysis.studies.experiment.switchback import told_cut_off

            told = [name for name in self.names if self._withheld(name) is None]
            self.notes += told_cut_off(self.rows, self.outcomes.known, told, plan.washout_hours)
        self.uplift = tuple(self._explored(covariates))
        self.outcomes.drop()

    def _explored(self, covariates: Covariates) -> Iterator[Uplift]:
        """Who benefits most, by the outcomes for which the plan asks it; the notes say why one was left out."""
        if not self.plan.explore:
            return
        from analysis.studies.segments.explore import explore_rows

        labels = {column: f"{name} before" for name, column in self.rows.before.items()}
        for name in self.plan.explore:
            if name not in self.names:
                continue  # said already: it is not in the data
            columns = self.rows.covariates[name]
            terms = columns[len(columns) - len(covariates.terms) :]
            named = labels | {column: term.name for column, term in zip(terms, covariates.terms, strict=True)}
            lack = self._withheld(name) or (UNEVEN if self.arms.uneven else None)
            for arm in self.arms.treated:
                try:
                    if lack is not None:
                        raise DesignError(lack)
                    yield explore_rows(self.rows, name, treated=arm, labels=named, level=self.plan.level)
                except DesignError as error:
                    self.notes.append(f"Who benefits most from `{arm}` by `{name}` was not looked for: {error}")

    def _withheld(self, name: str) -> str | None:
        """Why nothing is said of an outcome: it is refused, or a gate of it failed."""
        reason = self._refused(name)
        failed = next((check for check in self.checks[name] if check.verdict == "failed"), None)
        if reason is None and failed is not None:
            reason = f"outcomes are missing unevenly. {failed.detail}"
        return reason

    def _segments(self, by_customer: bool) -> list[str]:
        usable = []
        for name in self.plan.segments:
            lack = unusable_segment(
                self.tables, name, fewest=FEWEST_CUSTOMERS, by_customer=by_customer, strata=self.arms.uneven
            )
            if self.arms.template == "switchback" and lack is None:
                lack = "a switchback is compared by whole blocks of time, not by customers' attributes."
            if lack is None:
                usable.append(name)
            else:
                self.notes.append(f"Segment `{name}` was skipped: {lack}")
        return usable

    def _checks(self, name: str) -> tuple[Check, ...]:
        """The gates of one outcome: the sample ratio, and whether the outcome is known alike in every arm."""
        parts = self.ratios.get(name, (name,))
        if self._refused(name) is not None:
            return (self.arms.check(),)
        return self.arms.check(), recorded(self.outcomes, self.arms, parts)

    def _refused(self, name: str) -> str | None:
        """Why nothing may be claimed of an outcome, whatever its rows say."""
        if self.arms.refusal is not None:
            return self.arms.refusal
        refused = self.outcomes.refused
        return next((refused[part] for part in self.ratios.get(name, (name,)) if part in refused), None)

    def _effects(self) -> Iterator[Effect]:
        for segment in (None, *self.rows.segments):
            names = (*self.names, *self.ratios)
            contrasts = {name: self._contrasts(name, segment) for name in names}
            values = sorted({value for found in contrasts.values() for _, value in found if value is not None})
            for value in values if segment else [None]:
                where = {segment: value} if segment and value is not None else {}
                for name in names:
                    for arm in self.arms.treated:
                        told = contrasts[name].get((arm, value), [])
                        for contrast in told if self.plan.looks is None else at_one_look(told):
                            yield from self._effect(contrast, arm, name, where)

    def _contrasts(self, name: str, segment: str | None) -> dict[tuple[str, str | None], list[Contrast]]:
        """By arm and value of a segment: the contrasts of one outcome."""
        reason = self._withheld(name)
        if reason is not None:
            if segment is not None:
                return {}
            counts = self.arms.customers
            return {
                (arm, None): [
                    Contrast(
                        estimand=EFFECT, scale="difference", found=reason, n_treated=counts[arm],
                        n_comparison=counts[self.arms.control],
                    )
                ]
                for arm in self.arms.treated
            }  # fmt: skip
        parts = self.ratios.get(name)
        rows = self.rows
        if self.arms.unit != "customer_id":
            found = self._common(by_unit(self.asked, rows, name, segment), name, segment)
            if segment is None:
                self._add_extras(found, rows, name)
            return found
        told = self._within(name, segment) if self.arms.within else self._one_by_one(name, segment)
        found = self._common(told, name, segment)
        if segment is None and not parts:
            self._add_extras(found, rows, name)
        return found

    def _one_by_one(self, name: str, segment: str | None) -> dict[tuple[str, str | None], list[Contrast]]:
        rows, parts, level = self.rows, self.ratios.get(name), self.plan.level
        groups = self._groups(name, segment)
        values = {value for _, value in groups} if segment else {None}
        return {
            (arm, value): list(
                of_ratio_metric(groups, rows, name, parts, arm, value, level)
                if parts
                else of_means(groups, rows, name, arm, value, level)
            )
            for arm in self.arms.treated
            for value in values
        }

    def _within(self, name: str, segment: str | None) -> dict[tuple[str, str | None], list[Contrast]]:
        """The same where chance decided within strata."""
        rows, parts, level, uneven = self.rows, self.ratios.get(name), self.plan.level, self.arms.uneven
        together, source, columns = self._together(name)
        if together not in self._strata:
            self._strata[together] = strata_groups_of(rows, rows.segments, columns, source)
        groups = self._strata[together][segment][name]
        values = {value for _, value in groups} if segment else {None}
        return {
            (arm, value): list(
                of_ratio_within(groups, rows, name, parts, arm, value, level, uneven=uneven)
                if parts
                else of_means_within(groups, rows, name, arm, value, level, uneven=uneven)
            )
            for arm in self.arms.treated
            for value in values
        }

    def _common(
        self, found: dict[tuple[str, str | None], list[Contrast]], name: str, segment: str | None
    ) -> dict[tuple[str, str | None], list[Contrast]]:
        """What was found, but for arms in which the outcome is too rare; customers are counted once a segment."""
        parts: dict[str, tuple[str, ...]] = {**{one: (one,) for one in self.names}, **self.ratios}
        control, of_ratio = self.arms.control, name in self.ratios
        if self.arms.uneven:
            if segment not in self._seen_within:
                self._seen_within[segment] = seen_within(self.rows, parts, segment)
            strata = self._seen_within[segment][name]
            return without_rare_within(found, strata, parts[name], control=control, of_ratio=of_ratio)
        if segment not in self._seen:
            self._seen[segment] = seen_by(self.rows, parts, segment)
        seen = self._seen[segment][name]
        return without_rare(found, seen, parts[name], control=control, of_ratio=of_ratio)

    def _add_extras(self, found: dict[tuple[str, str | None], list[Contrast]], rows: Rows, name: str) -> None:
        """What the plan asks for besides, where the plain difference could be told."""
        for arm, more in extras_of(self.asked, rows, name).items():
            if any(isinstance(one.found, Estimate) for one in found.get((arm, None), [])):
                found[arm, None] += more

    def _groups(self, name: str, segment: str | None) -> dict[tuple[str, str | None], Moments]:
        """Moments of what an outcome needs. All that everybody's outcome is known of come from one scan."""
        together, source, columns = self._together(name)
        if together not in self._moments:
            self._moments[together] = groups_of(self.rows, self.rows.segments, columns, source)
        return self._moments[together][segment][name]

    def _together(self, name: str) -> tuple[tuple[str, ...], str, dict[str, list[str]]]:
        """The outcomes that are counted in one scan with this one, the query of their rows, and their columns."""
        whole = [one for one in (*self.names, *self.ratios) if self._known_of_all(one)]
        together = tuple(whole) if name in whole else (name,)
        source = self.outcomes.rows_of(*self.ratios.get(name, (name,)))
        return together, source, {one: self._columns(one) for one in together}

    def _known_of_all(self, name: str) -> bool:
        return all(self.outcomes.known[part] == self.outcomes.n for part in self.ratios.get(name, (name,)))

    def _columns(self, name: str) -> list[str]:
        """The columns of the rows that an outcome is compared by."""
        parts = self.ratios.get(name)
        if parts is None:
            return [self.rows.measures[name], *self.rows.covariates[name]]
        return [*(self.rows.measures[part] for part in parts), *(ratio_covariates(self.rows, parts) or ())]

    def _effect(self, contrast: Contrast, arm: str, name: str, segment: Mapping[str, str]) -> Iterator[Effect]:
        checks = (*self.checks[name], *contrast.checks)
        declared = self.plan.covers(name, segment)
        if not isinstance(contrast.found, Estimate):
            if not contrast.beside:
                yield Effect(
                    design=DESIGN, estimand=contrast.estimand, treated=arm, comparison=self.arms.control, outcome=name,
                    scale=contrast.scale, segment=segment, checks=checks, declared=declared,
                    n_treated=contrast.n_treated, n_comparison=contrast.n_comparison, grade="D", reason=contrast.found,
                    claim=refusal(contrast.found),
                )  # fmt: skip
            return
        raw = contrast.estimand == NAIVE
        grade = "D" if raw else grade_of(checks, randomised=contrast.needed is None, needed=contrast.needed)
        claim = said_of(
            contrast, contrast.found, arm=arm, control=self.arms.control, grade=grade, segment=segment,
            of_customers=name not in self.ratios,
        )  # fmt: skip
        yield Effect(
            design=DESIGN, estimand=contrast.estimand, treated=arm, comparison=self.arms.control, outcome=name,
            scale=contrast.scale, segment=segment, checks=checks, declared=declared, estimate=contrast.found,
            grade=grade, claim=claim,
        )  # fmt: skip


def _why_no_ratio(name: str, parts: tuple[str, str], names: Sequence[str]) -> str:
    if name in names:
        return "an outcome of that name was measured. Give the ratio another name."
    absent = [f"`{part}`" for part in parts if part not in names]
    if absent:
        return f"{' and '.join(absent)} is not in the data."
    return "customers were not assigned one by one, and a ratio of two outcomes is compared only where they were."
