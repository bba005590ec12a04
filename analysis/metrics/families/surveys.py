"""What did customers say when they were asked, and how many answered?

Scores are counted by the month of the answer; which share answered, by the month of the question. The two effort
scales run opposite ways, and are never put together. What surveys cannot reach is left to the effort that contacts
show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter, number_of
from analysis.metrics.figure import Metric, figure, ratio

SCALES: Mapping[str, range] = {
    "csat": range(1, 6),
    "nps": range(11),
    "ces1": range(1, 6),
    "ces2": range(1, 8),
}
"""The whole points of each instrument's scale."""


@dataclass(frozen=True, slots=True)
class _Answers:
    """How often each point of an instrument's scale was given, and how many answers lie off it or hold no score."""

    points: Mapping[int, int]
    off_scale: int
    without_score: int

    @property
    def number(self) -> int:
        return sum(self.points.values())

    def among(self, low: int, high: int) -> int:
        """Answers from `low` to `high`, both included."""
        return sum(n for point, n in self.points.items() if low <= point <= high)

    @property
    def total(self) -> int:
        return sum(point * n for point, n in self.points.items())


def _answers(count: Counter, instrument: str, month: int | None) -> _Answers:
    rows = count.once(
        "surveys answered",
        lambda: count.query(
            "local_month, instrument, score, count(*) as n", "surveys", "answered_at",
            also="group by local_month, instrument, score order by local_month, instrument, score",
        ),
    )  # fmt: skip
    points = dict.fromkeys(SCALES[instrument], 0)
    off_scale = without_score = 0
    for row in rows:
        if row["instrument"] != instrument or month not in (None, row["local_month"]):
            continue
        if row["score"] is None:
            without_score += row["n"]
        elif row["score"] in points:
            points[int(row["score"])] += row["n"]
        else:
            off_scale += row["n"]
    return _Answers(points, off_scale, without_score)


def _asked(count: Counter) -> dict[tuple[int | None, str], dict[str, int]]:
    """Surveys by month of the question and instrument, with what came back by the results' date."""
    answered = number_of("answered_at is not null", "above")
    undated = number_of("answered_at is null and score is not null", "undated")
    sums = f"count(*) as below, {answered}, {undated}"
    return count.once(
        "surveys asked",
        lambda: {
            key: {name: int(n) for name, n in row.items()}
            for key, row in count.by_month(sums, "surveys", "asked_at", "instrument").items()
        },
    )


_NOBODY = {"below": 0, "above": 0, "undated": 0}


def _of_answers(
    instrument: str,
    numerator: Callable[[_Answers], int],
    *,
    times: int = 1,
    also: Callable[[_Answers], str] | None = None,
) -> Count:
    """`times x numerator / answers`, with the share that answered beside it."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        for month, period in count.periods():
            answers = _answers(count, instrument, month)
            asked = _asked(count).get((month, instrument), _NOBODY)
            notes = [
                also(answers) if also and answers.number else None,
                f"{asked['above']:,} of {asked['below']:,} asked in the period answered" if asked["below"] else None,
                f"{answers.without_score:,} answered without a score" if answers.without_score else None,
                f"{asked['undated']:,} with a score and no time of answer, not counted" if asked["undated"] else None,
            ]
            note = "; ".join(one for one in notes if one) or None
            above, below = numerator(answers), answers.number
            if answers.off_scale:
                scale = SCALES[instrument]
                off = (
                    f"{answers.off_scale:,} of {below + answers.off_scale:,} scores are no whole point of the scale "
                    f"{scale[0]} to {scale[-1]}"
                )
                yield figure(entry, period, value=None, reason=off, note=note)
            elif times == 1:
                yield ratio(entry, period, above, below, "no answer in the period", note=note)
            else:
                value, reason = (times * above / below, None) if below else (None, "no answer in the period")
                yield figure(entry, period, value=value, reason=reason, numerator=above, denominator=below, note=note)

    return rows


def _promoters_and_others(answers: _Answers) -> str:
    promoters, passives, detractors = answers.among(9, 10), answers.among(7, 8), answers.among(0, 6)
    return f"{promoters:,} promoters, {passives:,} passives, {detractors:,} detractors"


def _response_rate(count: Counter, entry: Definition) -> Iterable[Metric]:
    asked = _asked(count)
    instruments = sorted({instrument for _, instrument in asked})
    for month, period in count.periods():
        for instrument in instruments:
            n = asked.get((month, instrument), _NOBODY)
            yield ratio(
                entry, period, n["above"], n["below"], "nobody was asked in the period",
                segment={"instrument": instrument},
            )  # fmt: skip


COUNTS: Mapping[str, Count] = {
    "csat": _of_answers("csat", lambda answers: answers.among(4, 5)),
    "csat_mean": _of_answers("csat", lambda answers: answers.total),
    "nps": _of_answers(
        "nps", lambda answers: answers.among(9, 10) - answers.among(0, 6), times=100, also=_promoters_and_others
    ),
    "customer_effort_1": _of_answers("ces1", lambda answers: answers.total),
    "customer_effort_1_low": _of_answers("ces1", lambda answers: answers.among(1, 2)),
    "customer_effort_2": _of_answers("ces2", lambda answers: answers.among(5, 7)),
    "survey_response_rate": _response_rate,
}
