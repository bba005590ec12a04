"""Robust sets for event studies against a second package: StatsPAI 1.40.2, on the studies that moderndid answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.inference.estimate import Bounds
from analysis.inference.honest_did import relative_magnitude_bounds, smoothness_bounds

GOLDEN = Path(__file__).parents[1] / "golden/honest_did"
STUDIES = json.loads((GOLDEN / "reference.json").read_text("utf-8"))["studies"]
STATSPAI = json.loads((GOLDEN / "statspai.json").read_text("utf-8"))
OURS: dict[str, Callable[..., Bounds]] = {
    "smoothness": smoothness_bounds,
    "relative_magnitudes": relative_magnitude_bounds,
}


@pytest.mark.parametrize("study", ["benzarti_carloni", "medicaid"])
@pytest.mark.parametrize(("kind", "tolerance"), [("smoothness", 1e-5), ("relative_magnitudes", 1e-3)])
@pytest.mark.parametrize("name", ["first", "mean"])
def test_statspai_says_the_same(study: str, kind: str, tolerance: float, name: str) -> None:
    """Tolerances: its solver for the first; its grid of 4,000 values and 1,000 simulated draws for the second."""
    beta, covariance = np.array(STUDIES[study]["beta"]), np.array(STUDIES[study]["covariance"])
    n_pre = STUDIES[study]["n_pre"]
    n_post = len(beta) - n_pre
    weights = np.eye(n_post)[0] if name == "first" else np.full(n_post, 1 / n_post)
    answers = STATSPAI["studies"][study][kind][name]
    assert len(answers) == 4
    for m, (low, high) in answers.items():
        found = OURS[kind](beta, covariance, n_pre, weights, float(m))
        assert found.low == pytest.approx(low, abs=tolerance), m
        assert found.high == pytest.approx(high, abs=tolerance), m


def test_the_answers_are_of_the_version_that_is_named() -> None:
    assert (STATSPAI["package"], STATSPAI["version"]) == ("StatsPAI", "1.40.2")
