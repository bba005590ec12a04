"""What came of one experiment? Every outcome of its customers, compared arm by arm and segment by segment.

The gates of an outcome are judged once: the sample ratio, and whether the outcome is known of as many in every arm.
Where one fails, or the window is not over, the outcome keeps one row that says so. Regions that were held out have a
study of their own; guardrails and what may be said of segments are left to `study`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.inference.compare import SAMPLE_RATIO_P, equal_shares
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments
from analysis.studies.claim import refusal
from analysis.studies.experiment.arms import arms_of
from analysis.studies.experiment.arms_sql import keep_traits
from analysis.studies.experiment.asked import Asked, by_unit, extras_of
from analysis.studies.experiment.claims import said_of
from analysis.studies.experiment.contrasts import (
    EFFECT,
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
from analysis.studies.experiment.rare import Seen, seen_by, without_rare
from analysis.studies.experiment.result import DESIGN
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect, Verdict

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
        covariates = covariates_of(tables, plan.covariates, by_customer=by_customer)
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
        self._seen: dict[str | None, dict[str, dict[tuple[str, str | None], tuple[Seen, ...]]]] = {}
        self.checks = {name: self._checks(name) for name in (*self.names, *self.ratios)}
        self.effects = tuple(self._effects())
        self.notes += self._cut_off()
        self.uplift = tuple(self._explored(covariates))
        self.outcomes.drop()

    def _cut_off(self) -> list[str]:
        """How many rows the washout of a switchback leaves out."""
        hours = self.plan.washout_hours
        if self.arms.template != "switchback" or not hours:
            return []
        from analysis.studies.experiment.switchback import cut_off, hours_in_words

        lost: dict[tuple[int, int], list[str]] = {}
        for name in self.names:
            if self._withheld(name) is None:
                with suppress(DesignError):  # the effect's own row gives the reason
                    counts = cut_off(self.rows, name, hours), self.outcomes.known[name]
                    lost.setdefault(counts, []).append(f"`{name}`")
        return [
            f"Experiment `{self.arms.experiment}`, {', '.join(names)}: {cut:,} of {known:,} rows of customers lie in "
            f"the first {hours_in_words(hours)} of a time block and are cut off."
            for (cut, known), names in lost.items()
        ]

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
            lack = self._withheld(name)
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
            lack = unusable_segment(self.tables, name, fewest=FEWEST_CUSTOMERS, by_customer=by_customer)
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
        return self.arms.check(), self._recorded(parts)

    def _refused(self, name: str) -> str | None:
        """Why nothing may be claimed of an outcome, whatever its rows say."""
        if self.arms.refusal is not None:
            return self.arms.refusal
        refused = self.outcomes.refused
        return next((refused[part] for part in self.ratios.get(name, (name,)) if part in refused), None)

    def _recorded(self, parts: Sequence[str]) -> Check:
        """Is the outcome known of as large a share of every arm? One that is lost by arm undoes the randomisation."""
        if all(self.outcomes.known[part] == self.outcomes.n for part in parts):
            detail = "The outcome is known of all customers of every arm."
            return Check(name="outcome_recorded", verdict="passed", detail=detail, gate=True)
        whole, known = self.outcomes.by_arm(), self.outcomes.by_arm(*parts)
        share = {arm: known.get(arm, 0) / count for arm, count in whole.items()}
        lowest, highest = min(share.values()) * 100, max(share.values()) * 100
        told = f"The outcome is known of {lowest:.1f} to {highest:.1f} % of the arms' customers"
        if self.arms.unit != "customer_id":
            detail = f"{told}; whether chance did that cannot be told, since customers were not assigned one by one."
            return Check(name="outcome_recorded", verdict="not_run", detail=detail, gate=True)
        p_value = equal_shares(known, whole)
        verdict: Verdict = "failed" if p_value < SAMPLE_RATIO_P else "passed"
        detail = f"{told}; p = {p_value:.3g} for equal shares, below 0.001 fails."
        return Check(name="outcome_recorded", verdict=verdict, detail=detail, gate=True, p_value=p_value)

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
        groups = self._groups(name, segment)
        values = {value for _, value in groups} if segment else {None}
        told = {
            (arm, value): list(
                of_ratio_metric(groups, rows, name, parts, arm, value, self.plan.level)
                if parts
                else of_means(groups, rows, name, arm, value, self.plan.level)
            )
            for arm in self.arms.treated
            for value in values
        }
        found = self._common(told, name, segment)
        if segment is None and not parts:
            self._add_extras(found, rows, name)
        return found

    def _common(
        self, found: dict[tuple[str, str | None], list[Contrast]], name: str, segment: str | None
    ) -> dict[tuple[str, str | None], list[Contrast]]:
        """What was found, but for arms in which the outcome is too rare; customers are counted once a segment."""
        parts: dict[str, tuple[str, ...]] = {**{one: (one,) for one in self.names}, **self.ratios}
        if segment not in self._seen:
            self._seen[segment] = seen_by(self.rows, parts, segment)
        seen = self._seen[segment][name]
        return without_rare(found, seen, parts[name], control=self.arms.control, of_ratio=name in self.ratios)

    def _add_extras(self, found: dict[tuple[str, str | None], list[Contrast]], rows: Rows, name: str) -> None:
        """What the plan asks for besides, where the plain difference could be told."""
        for arm, more in extras_of(self.asked, rows, name).items():
            if any(isinstance(one.found, Estimate) for one in found.get((arm, None), [])):
                found[arm, None] += more

    def _groups(self, name: str, segment: str | None) -> dict[tuple[str, str | None], Moments]:
        """Moments of what an outcome needs. All that everybody's outcome is known of come from one scan."""
        whole = [one for one in (*self.names, *self.ratios) if self._known_of_all(one)]
        together = tuple(whole) if name in whole else (name,)
        if together not in self._moments:
            source = self.outcomes.rows_of(*self.ratios.get(name, (name,)))
            columns = {one: self._columns(one) for one in together}
            self._moments[together] = groups_of(self.rows, self.rows.segments, columns, source)
        return self._moments[together][segment][name]

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
        grade = grade_of(checks, randomised=contrast.needed is None, needed=contrast.needed)
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
