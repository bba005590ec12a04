"""What would run, on which rows, and what would be written where? Asked before a study is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.calendar import iso
from analysis.foundation.errors import DesignError
from analysis.runner.asked_money import money_lacking
from analysis.runner.foresight import LEVEL, Foreseen, foreseen
from analysis.runner.not_acted_on import without_effect
from analysis.runner.opening import prepare_study
from analysis.runner.outputs import outputs_of
from analysis.runner.pages import page_name
from analysis.runner.publish import Place
from analysis.runner.pulls import Pull, pulls_of
from analysis.runner.results import PARAMS, skipped
from analysis.runner.run import check_notebooks
from analysis.runner.same_run import notebooks_of, run_id
from analysis.runner.steps import STEPS, Step
from analysis.runner.study import Study
from analysis.studies.sample import IndexRules, span_of_data


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do; plain values."""

    study: str
    period: Mapping[str, str] | None
    known_at: str | None
    rows: Mapping[str, Mapping[str, Any]]
    steps: tuple[str, ...]
    skipped: tuple[Mapping[str, Any], ...]
    index_months: str | None
    without_effect: tuple[str, ...]
    report: str
    folder: str
    files: tuple[str, ...]
    pulls: tuple[Pull, ...] = ()
    notes: tuple[str, ...] = ()
    sees: tuple[Foreseen, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The plan for programs."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {
            **found,
            "pulls": [pull.to_dict() for pull in self.pulls],
            "sees": [one.to_dict() for one in self.sees],
        }

    def __str__(self) -> str:
        period = (
            "none: no table has dates" if self.period is None else "{start} to {end} ({timezone})".format(**self.period)
        )
        lines = [
            f"Study {self.study}",
            f"Period: {period}",
            f"Tables known at: {self.known_at or 'not dated'}",
            "",
            "Rows",
        ]
        for name, rows in self.rows.items():
            aside = "; ".join(f"{count:,} {reason}" for reason, count in rows["set_aside"].items())
            lines.append(
                f"  {name:<16} {rows['kept']:>12,} kept of {rows['read']:,}"
                + (f" (set aside: {aside})" if aside else "")
            )
        titles = {step.name: step.title for step in STEPS}
        lines += ["", "Would run", *(f"  {name:<18} {titles.get(name, '')}" for name in self.steps)]
        if self.index_months:
            lines += ["", f"Index months of the before-and-after comparison: {self.index_months}"]
        if self.sees:
            head = f"Would see, four times in five, with {LEVEL * 100:.0f} % intervals (rough, from the time before)"
            lines += ["", head, *(f"  {one}" for one in self.sees)]
        if self.skipped:
            lines += ["", "Would be left out", *(f"  {one['step']:<16} {one['reason']}" for one in self.skipped)]
        if self.without_effect:
            lines += ["", "Set, but without effect in this version", *(f"  {one}" for one in self.without_effect)]
        if self.pulls or self.notes:
            lines += ["", "Exports to pull", *(f"  {line}" for pull in self.pulls for line in pull.lines())]
            lines += [f"  {note}" for note in self.notes]
        lines += [
            "",
            "Would be written",
            f"  {self.report} (a link to {self.folder})",
            *(f"    {one}" for one in self.files),
        ]
        return "\n".join(lines)


def plan_study(
    params: str | Path, *, data: Path | None = None, out: Path | None = None, home: Path | None = None
) -> Plan:
    """What a run of a parameters file would do. Nothing is written but the tables' cache.

    Raises
    ------
    InputError
        With every fault of parameters and tables, as the run would raise it.
    """
    with prepare_study(params, data=data, home=home, out=out) as study:
        study.check()
        place = Place.of(out or study.params.reports / study.name)
        place.check()
        steps, left_out = _as_far_as_told(study)
        notebooks = notebooks_of(study.decision)
        run = run_id(study, notebooks)
        check_notebooks(notebooks, place, run)
        pages = [page_name(step.name) for step in steps]
        parts = [f"parts/{step.name}.json" for step in steps if step.call is not None]
        pulls, notes = pulls_of(study.params, study.period)
        executed = [f"notebooks/{step.name}.ipynb" for step in steps]
        return Plan(
            study=study.name,
            period=None if study.period is None else study.period.to_dict(),
            known_at=iso(study.known_at),
            rows=study.base["rows"],
            steps=tuple(step.name for step in steps),
            skipped=left_out,
            index_months=_index_months(study) if "before_after" in notebooks else None,
            without_effect=tuple(without_effect(study.values)),
            report=str(place.link),
            folder=str(place.run_folder(run)),
            files=(
                *sorted(pages),
                *outputs_of(steps),
                "results.json",
                *parts,
                *executed,
                PARAMS,
                "status.json",
                "manifest.json",
            ),
            pulls=pulls,
            notes=notes,
            sees=foreseen(study),
        )


def _as_far_as_told(study: Study) -> tuple[tuple[Step, ...], tuple[Mapping[str, Any], ...]]:
    """The steps that would run and those left out; a case in money that lacks something is among the second."""
    steps, left_out = study.decision.run, study.decision.skipped
    reason = money_lacking(study) if any(step.name == "roi_case" for step in steps) else None
    if reason is None:
        return steps, left_out
    return tuple(step for step in steps if step.name != "roi_case"), (*left_out, skipped("roi_case", (), reason))


def _index_months(study: Study) -> str:
    index, period = study.values.index, study.period
    rules = IndexRules(
        before_months=index.before_months, after_months=index.after_months, look_back_days=index.look_back_days
    )
    months = () if period is None else period.civil.months()
    until = months[-1] if months else None
    try:
        begin, end = span_of_data(study.tables, study.values.period.timezone, until)
    except DesignError as error:
        return f"none ({error})"
    first, last = begin.plus(rules.observed_before), end.plus(-index.after_months)
    if last < first:
        return (
            f"none yet: the windows need data to the end of {first.plus(index.after_months)}, and they end with {end}"
        )
    return f"{first} to {last} (data from {begin} to {end})"
