"""The title of a chart claims no more than the grade of what it draws: an effect from B on, raw figures called raw.

Every chart that draws an effect with a grade is drawn with each grade planted.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import replace

import pytest

from analysis.reporting import charts
from analysis.reporting.difference.effects import effects_compared
from analysis.reporting.difference.line import entry_of
from analysis.reporting.rows import effect_rows, is_naive
from analysis.studies.result import GRADE_WORDS
from tests.reporting import planted_designs, planted_tests
from tests.reporting.test_channel_page import study

CAUSE = re.compile(
    r"\b(effects?|caus\w+|because|due to|thanks to|by way of|led to|leads? to|driv\w+|impact\w*|made|makes|brought|"
    r"brings?|improv\w+|works?|helps?|earn\w*|sav(?:es?|ed))\b",
    re.IGNORECASE,
)
"""Words that make a difference an effect of something."""
MARKS = {"D": "raw", "E": "assumed"}


def graded(result, grade):
    """The result with that grade on every effect that is told and no raw figure."""
    changed = copy(result)
    effects = tuple(
        one if one.estimand.startswith("naive_") or one.estimate is None else replace(one, grade=grade)
        for one in result.effects
    )
    if hasattr(result, "__dataclass_fields__"):
        return replace(result, effects=effects)
    changed.effects = effects
    return changed


def rows_of(result, grade):
    return [row if is_naive(row) else {**row, "grade": grade} for row in effect_rows(result)]


def quarters(made, grade):
    now = {**made.results()}
    now["effects"] = rows_of(now, grade)
    earlier = {**now, "study": "2026q2", "period": {**now["period"], "start": "2026-04-01", "end": "2026-07-01"}}
    previous = {"line": [entry_of(earlier)], "effects": effects_compared(earlier["effects"], now["effects"])}
    return charts.quarters({**now, "previous": previous})


def forest(made, grade):
    found = planted_tests.experiment()
    frames = {name: frame.copy() for name, frame in found.frames.items()}
    frames["forest"]["grade"] = grade
    return charts.segment_forest(replace(found, frames=frames), "spend")


DRAWN = {
    "adoption_months": lambda made, grade: charts.adoption_months(graded(planted_designs.adoption(), grade)),
    "arms": lambda made, grade: charts.arms(rows_of(made.experiment(), grade)),
    "effect_by_segment": lambda made, grade: charts.effect_by_segment(rows_of(made.channel(), grade), "orders"),
    "effort_paths": lambda made, grade: charts.effort_paths(graded(planted_tests.effort(), grade)),
    "event_study": lambda made, grade: charts.event_study(graded(study(made), grade)),
    "interrupted": lambda made, grade: charts.interrupted(
        graded(planted_designs.change_log(), grade), "CH2", "response_rate"
    ),
    "naive_against_adjusted": lambda made, grade: charts.naive_against_adjusted(rows_of(made.channel(), grade)),
    "paths": lambda made, grade: charts.paths(graded(made.channel(), grade)),
    "quarters": quarters,
    "segment_forest": forest,
}
LETTERS = {"quarters"}
"""Charts that write the letter of each grade beside its effect; the others say the grade in words in their foot."""


@pytest.mark.parametrize("grade", ["A", "B", "C", "D", "E"])
@pytest.mark.parametrize("name", DRAWN)
def test_a_title_claims_no_more_than_its_grade(made, name, grade):
    figure = DRAWN[name](made, grade)
    title = figure.story.title.replace("\xa0", " ")
    if grade not in ("A", "B"):
        assert not CAUSE.search(title), f"grade {grade}: {title}"
    if grade in MARKS:
        assert MARKS[grade] in title.lower(), f"grade {grade}: {title}"
    else:
        assert not re.search(r"\(raw\)|assumed", title)
    assert not re.search(r"\bno effect\b(?! is claimed)|\bproves?\b|\bproven\b", title, re.IGNORECASE)
    if name in LETTERS:
        letters = [text.get_text() for axes in figure.axes for text in axes.texts if text.get_gid() == "grade"]
        assert {letter.removeprefix("grade ") for letter in letters} == {grade}
    else:
        assert f"{grade}, {GRADE_WORDS[grade]}" in figure.story.foot


def test_quarters_show_an_effect_from_grade_b_on(made):
    titles = {grade: quarters(made, grade).story.title for grade in "ABC"}
    assert [("effect" in title.lower()) for title in titles.values()] == [True, True, False]
    assert "difference in orders" in titles["C"]


def test_words_of_cause_are_found():
    for title in ("The effect on orders rose", "Orders: 8 % more by way of the effort", "Social made 8 % more orders"):
        assert CAUSE.search(title)
    assert not CAUSE.search("Orders run above those of similar customers afterwards")
