"""Whom do the customers who answered a survey stand for? Weights by the chance to have answered.

Few are asked and fewer answer, and those who had a hard time answer more, or less, than others. Each answer counts as
many times as there are customers like its giver for whom no answer is known: alike in what was known when the issue was
opened, in the channel, and in the effort that could be seen. Reasons to answer that nobody recorded stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Flags, Floats

HIGHEST_WEIGHT = 0.99
"""Weights above this quantile are cut to it, so that no single answer speaks for a crowd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Weights of a survey's answers, and whom they rest on.

    Parameters
    ----------
    weights : array of float, shape (n,)
        One over the chance to have answered, cut; 0 without an answer. Their mean over the answers is 1.
    answered : int
    effective : float
        How many answers of equal weight would be as sure (Kish).
    cut : int
        Answers whose weight was cut.
    """

    weights: Floats = field(repr=False)
    answered: int
    effective: float
    cut: int


def response_of(answered: Flags, columns: Mapping[str, Floats]) -> Response:
    """How much does each answer count, so that together they speak for all rows?

    Parameters
    ----------
    answered : array of bool, shape (n,)
        Some at least.
    columns : mapping of name to array of float, shape (n,)
        What is known of everybody, answered or not.

    Raises
    ------
    DesignError
        If nobody answered.

    Assumes
    -------
    That among customers alike in all columns, answering says nothing about what the answer would have been.

    Source
    ------
    Little and Rubin (2019), Statistical Analysis with Missing Data, chapter 3. A logistic regression by scikit-learn,
    with next to no penalty.

    Examples
    --------
    Half of those with a hard issue answered, a quarter of the others.

    >>> hard = np.repeat([1.0, 0.0], 400)
    >>> answered = np.arange(800) % np.where(hard == 1, 2, 4) == 0
    >>> found = response_of(answered, {"hard": hard})
    >>> round(float(np.average(hard, weights=found.weights)), 3), round(float(hard[answered].mean()), 3)
    (0.5, 0.667)
    """
    from sklearn.linear_model import LogisticRegression

    if not answered.any():
        raise DesignError(f"None of {len(answered):,} customers answered, so that no answer can speak for them.")
    if answered.all():
        return Response(weights=np.ones(len(answered)), answered=len(answered), effective=float(len(answered)), cut=0)
    known = np.column_stack(list(columns.values()))
    spread = known.std(axis=0)
    known = (known - known.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    model = LogisticRegression(C=1e4, max_iter=1_000).fit(known, answered)
    chance = model.predict_proba(known)[:, 1]
    raw = 1 / chance[answered]
    highest = np.quantile(raw, HIGHEST_WEIGHT, method="higher")
    kept = np.minimum(raw, highest)
    weights = np.zeros(len(answered))
    weights[answered] = kept / kept.mean()
    return Response(
        weights=weights,
        answered=int(answered.sum()),
        effective=float(kept.sum() ** 2 / (kept**2).sum()),
        cut=int((raw > highest).sum()),
    )
