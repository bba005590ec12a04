"""Who is asked after an issue of a made-up company, who answers, and what do they say?

A share of the closed issues brings one survey, of one of four instruments; a quarter of those asked answer. What they
say falls with the wait for the first reply, with severity, where nobody replied at all, and where the issue had to be
opened again. Whether they answer depends on nothing, so that the answers speak for all who were asked. The two effort
scales run against each other: much effort is a high `ces1` (1 to 5) and a low `ces2` (1 to 7).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.clock import DATA_END
from analysis.synthetic.company import Floats, Ints
from analysis.synthetic.contacts import UNKNOWN, Issues

INSTRUMENTS = ("csat", "nps", "ces1", "ces2")
SCALES = ((1, 5), (0, 10), (1, 5), (1, 7))
"""Lowest and highest answer of each instrument."""
NO_SCORE = -1

_INSTRUMENT_SHARE = (0.40, 0.25, 0.15, 0.20)
_ASKED = 0.30
_ASKED_WITHIN_S = 86_400
_ANSWERED = 0.25
_ANSWER_MEDIAN_S, _ANSWER_SPREAD = 18_000.0, 1.3
_START, _WAIT, _SEVERITY, _REOPENED, _UNANSWERED = 0.9, 0.40, 0.35, 0.6, 1.3
_CENTRE, _SLOPE = (3.6, 7.0, 2.6, 4.7), (1.0, 2.7, -0.8, 1.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveys:
    """One entry for each survey sent: the issue (position in the block's issues), instrument, times, and the score.

    `answered` is `UNKNOWN` and `score` is `NO_SCORE` where nobody answered before the end of the data.
    """

    issue: Ints
    instrument: Ints
    asked: Ints
    answered: Ints
    score: Ints

    def __len__(self) -> int:
        return len(self.issue)


def surveys_of(issues: Issues, rng: np.random.Generator) -> Surveys:
    """The surveys of a block, in the order they were sent."""
    n = len(issues)
    asked = issues.closed + 1_800 + (rng.random(n) * _ASKED_WITHIN_S).astype(np.int64)
    chosen = np.flatnonzero((rng.random(n) < _ASKED) & (issues.closed != UNKNOWN) & (asked < DATA_END))
    chosen = chosen[np.argsort(asked[chosen], kind="stable")]
    about, asked = issues.at(chosen), asked[chosen]
    n = len(chosen)
    instrument = rng.choice(len(INSTRUMENTS), size=n, p=_INSTRUMENT_SHARE)
    wait = 60 + (_ANSWER_MEDIAN_S * np.exp(_ANSWER_SPREAD * rng.standard_normal(n))).astype(np.int64)
    answers = (rng.random(n) < _ANSWERED) & (asked + wait < DATA_END)
    score = scores(instrument, contentment(about, asked) + rng.standard_normal(n))
    return Surveys(
        issue=chosen,
        instrument=instrument,
        asked=asked,
        answered=np.where(answers, asked + wait, UNKNOWN),
        score=np.where(answers, score, NO_SCORE),
    )


def contentment(issues: Issues, asked: Ints) -> Floats:
    """How content the average customer is with each issue when asked, in standard deviations between customers.

    Parameters
    ----------
    issues : Issues
        n of them.
    asked : array of int, shape (n,)
        When the survey was sent: an issue opened again later could not yet spoil the answer.

    Returns
    -------
    array of float, shape (n,)
    """
    replied = issues.first_reply != UNKNOWN
    hours = np.where(replied, issues.first_reply - issues.opened, 0) / 3_600
    again = (issues.reopened != UNKNOWN) & (issues.reopened < asked)
    spoilt = np.where(replied, _WAIT * np.log1p(hours), _UNANSWERED)
    return np.asarray(_START - spoilt - _SEVERITY * (issues.severity - 1) - _REOPENED * again)


def scores(instrument: Ints, content: Floats) -> Ints:
    """The answer on the instrument's own scale.

    Examples
    --------
    >>> scores(np.array([0, 1, 2, 3]), np.zeros(4)).tolist()
    [4, 7, 3, 5]
    >>> scores(np.array([2, 3]), np.array([-9.0, -9.0])).tolist()  # much effort: high on ces1, low on ces2
    [5, 1]
    """
    low, high = np.asarray(SCALES).T[:, instrument]
    told = np.asarray(_CENTRE)[instrument] + np.asarray(_SLOPE)[instrument] * content
    return np.clip(np.rint(told), low, high).astype(np.int64)
