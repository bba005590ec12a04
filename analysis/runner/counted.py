"""What does the step that counts find? The figures with the state of their months, and what is read off them.

Figures, scorecard, incidents, complaints before and after the programme, stories, estimated kinds: each is counted on
its own floor; here they are asked for with what the parameters say, and put together for the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month, local_day, months_between
from analysis.ledger.reading import with_states
from analysis.ledger.score import Change
from analysis.ledger.scorecard import Scorecard, scorecard
from analysis.metrics.areas import AreaCoverage, areas_covered
from analysis.metrics.compute import care_metrics
from analysis.metrics.figure import Metric, MetricsResult
from analysis.metrics.first_answers import FirstAnswers, first_answers
from analysis.metrics.incident_facts import change_log
from analysis.metrics.incidents import IncidentsResult, incidents
from analysis.metrics.made_of import Parts, as_plain, made_of
from analysis.metrics.matching import match_coverage
from analysis.metrics.matching_result import MatchCoverage
from analysis.metrics.praise import Praise, praise
from analysis.metrics.programme import ProgrammeResult, before_after_programme
from analysis.runner.closing import rules_of
from analysis.studies.stories import StoriesPlan, StoriesResult, success_stories

if TYPE_CHECKING:
    import pandas as pd

    from analysis.foundation.schedule import Schedule
    from analysis.metrics.kinds_result import KindsResult
    from analysis.runner.study import Study


@dataclass(frozen=True, kw_only=True)
class Counted:
    """All that was counted.

    Parameters
    ----------
    figures : MetricsResult
        Closed months as they are held, the others as they were just counted.
    scorecard : Scorecard
    incidents : IncidentsResult
    programme : ProgrammeResult
    stories : StoriesResult
    kinds : KindsResult, optional
        Where the parameters ask for mentions without a kind to be classified.
    areas : mapping of str to AreaCoverage
    matching : MatchCoverage
        Of how many social contacts the customer is known.
    first_answers : FirstAnswers
        Which share is still without an answer after each time.
    praise : Praise
        Complaints for each positive mention, by product and by platform.
    changes : tuple of Change
        The change log, to be marked on trends.
    schedule : Schedule, optional
        By which figures in opening hours were counted.
    parts : tuple of Parts
        Both numbers of ratios by channel, product and platform, as counted now: what a later report tells mix and
        rate apart by.
    """

    figures: MetricsResult
    scorecard: Scorecard
    incidents: IncidentsResult
    programme: ProgrammeResult
    stories: StoriesResult
    kinds: KindsResult | None
    areas: Mapping[str, AreaCoverage]
    matching: MatchCoverage
    first_answers: FirstAnswers
    praise: Praise
    changes: tuple[Change, ...]
    schedule: Schedule | None = None
    parts: tuple[Parts, ...] = ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The rows of all figures."""
        return self.figures.metrics

    @property
    def missing(self) -> Mapping[str, str]:
        """Figures that could not be counted, with what is missing for each."""
        return self.figures.missing

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the incidents."""
        return self.incidents.notes if self.incidents.reason is None else (self.incidents.reason,)

    def of(self, metric: str, *, whole: bool = False) -> tuple[Metric, ...]:
        """The rows of one metric: of the whole period, or month by month."""
        return self.figures.of(metric, whole=whole)

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        about: dict[str, Any] = {"areas": {area: covered.to_dict() for area, covered in self.areas.items()}}
        about |= self.matching.to_parts()["coverage"] | self.first_answers.to_parts()["coverage"]
        if self.schedule is not None:
            about["schedule"] = self.schedule.to_dict()
        if self.parts:
            about["made_of"] = as_plain(self.parts)
        parts: dict[str, Any] = {
            "metrics": [
                row for found in (self.figures, self.programme, self.praise) for row in found.to_parts()["metrics"]
            ],
            **self.scorecard.to_parts(),
            **self.incidents.to_parts(),
            **self.stories.to_parts(),
            "coverage": about,
        }
        if self.kinds is not None:
            found = self.kinds.to_parts()
            parts["metrics"] += found["metrics"]
            about |= found["coverage"]
        return parts

    def to_frame(self) -> pd.DataFrame:
        """One row a figure, columns as in the contract."""
        return self.figures.to_frame()

    def _repr_html_(self) -> str:
        return self.figures._repr_html_()


def counted(study: Study, months: tuple[Month, ...]) -> Counted:
    """Everything that is counted for a study's months.

    Raises
    ------
    InputError
        If a paraphrase, a target or a weight cannot be used, or the closed months do not hold.
    """
    values, tables, zone = study.values, study.tables, study.values.period.timezone
    fresh = care_metrics(tables, months=months, zone=zone, rules=rules_of(values))
    figures = replace(fresh, metrics=with_states(fresh, study.ledger, study.known_at))
    changes = tuple(
        Change(local_day(entry["effective_from"], zone), entry["kind"], entry["description"])
        for entry in change_log(tables)
    )
    stories = StoriesPlan(
        months=months, zone=zone, paraphrases=values.stories.paraphrases, how_many=values.stories.how_many
    )
    return Counted(
        figures=figures,
        scorecard=scorecard(
            figures.metrics,
            month=months[-1],
            targets=values.metrics.targets,
            weights=values.metrics.weights,
            changes=changes,
            missing=figures.missing,
        ),
        incidents=incidents(tables, months=months, zone=zone),
        programme=before_after_programme(tables, months=civil_months(months), zone=zone),
        stories=success_stories(tables, stories),
        kinds=_kinds(study, months) if values.metrics.classify_kinds else None,
        areas=areas_covered(figures),
        matching=match_coverage(tables, months, zone, values.matching.claim_from),
        first_answers=first_answers(tables, months=months, zone=zone, rules=rules_of(values)),
        praise=praise(tables, months=months, zone=zone),
        changes=changes,
        schedule=values.opening_hours,
        parts=made_of(tables, fresh.metrics, months=months, zone=zone, rules=rules_of(values)),
    )


def civil_months(months: Sequence[Month]) -> tuple[Month, ...]:
    """Months of the civil calendar from the first day of some months to the last that is over with them.

    Comparisons before and after are made by civil months, whatever calendar the figures are counted by.

    Examples
    --------
    >>> [str(month) for month in civil_months([Month.of("2026-07"), Month.of("2026-08")])]
    ['2026-07', '2026-08']
    """
    last = Month.of(months[-1].plus(1).first_day).plus(-1)
    return months_between(min(Month.of(months[0].first_day), last), last)


def _kinds(study: Study, months: tuple[Month, ...]) -> KindsResult:
    from analysis.metrics.kinds import classified_kinds  # here: only those who ask for it wait for the classifier

    return classified_kinds(study.tables, months=months, zone=study.values.period.timezone, seed=study.values.seed)
