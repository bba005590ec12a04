"""Are surveys sent after closing, answered by a quarter, and do the answers follow wait and severity?"""

from __future__ import annotations

import numpy as np
import pytest

from analysis.synthetic.block import Block, block_of
from analysis.synthetic.clock import DATA_END
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.surveys import INSTRUMENTS, NO_SCORE, SCALES, Surveys, contentment, surveys_of
from analysis.synthetic.world import world_named


@pytest.fixture(scope="module")
def block() -> Block:
    return block_of(world_named("demo"), seed=11, index=0, size=20_000)


@pytest.fixture(scope="module")
def surveys(block: Block) -> Surveys:
    return surveys_of(block.issues, block.stream("surveys"))


def test_surveys_follow_the_closing_of_issues_and_a_quarter_is_answered(block: Block, surveys: Surveys) -> None:
    closed = block.issues.closed[surveys.issue]
    assert (closed != UNKNOWN).all()
    assert (surveys.asked > closed).all()
    assert len(np.unique(surveys.issue)) == len(surveys)
    assert 0.2 < len(surveys) / len(block.issues) < 0.35
    answered = surveys.answered != UNKNOWN
    assert 0.23 < answered.mean() < 0.27
    assert (surveys.answered[answered] > surveys.asked[answered]).all()
    assert surveys.answered.max() < DATA_END
    assert np.array_equal(surveys.score == NO_SCORE, ~answered)


@pytest.mark.parametrize("instrument", range(len(INSTRUMENTS)))
def test_answers_keep_to_their_scale_and_reach_its_ends(surveys: Surveys, instrument: int) -> None:
    scores = surveys.score[(surveys.instrument == instrument) & (surveys.score != NO_SCORE)]
    low, high = SCALES[instrument]
    assert scores.max() == high
    assert low <= scores.min() <= low + 1


def test_waiting_and_severity_spoil_the_answers_and_effort_runs_the_other_way(block: Block, surveys: Surveys) -> None:
    about = block.issues.at(surveys.issue)
    wait = np.where(about.first_reply != UNKNOWN, about.first_reply - about.opened, 10**7)
    answered = surveys.score != NO_SCORE
    for position, name in enumerate(INSTRUMENTS):
        rows = answered & (surveys.instrument == position)
        sign = -1 if name == "ces1" else 1
        soon = wait < np.median(wait)
        better = surveys.score[rows & soon].mean() - surveys.score[rows & ~soon].mean()
        milder = surveys.score[rows & (about.severity == 1)].mean() - surveys.score[rows & (about.severity == 3)].mean()
        assert sign * better > 0, name
        assert sign * milder > 0, name


def test_contentment_by_hand(block: Block) -> None:
    """Severity 2, replied to after one hour: 0.9 - 0.40 ln 2 - 0.35; opened again before the survey: 0.6 less."""
    one = block.issues.at(np.array([0]))
    values = {name: getattr(one, name) for name in one.__slots__}
    values |= {"opened": np.array([0]), "first_reply": np.array([3_600]), "severity": np.array([2])}
    values |= {"reopened": np.array([9_000])}
    issue = type(one)(**values)
    assert contentment(issue, np.array([8_000]))[0] == pytest.approx(0.9 - 0.40 * np.log(2) - 0.35)
    assert contentment(issue, np.array([10_000]))[0] == pytest.approx(0.9 - 0.40 * np.log(2) - 0.35 - 0.6)
