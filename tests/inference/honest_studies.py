"""Published event studies and our own, for the tests of robust sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.inference.estimate import Bounds
from analysis.inference.honest_did import relative_magnitude_bounds, smoothness_bounds

Floats = NDArray[np.float64]
REFERENCE = json.loads((Path(__file__).parents[1] / "golden/honest_did/reference.json").read_text("utf-8"))
STUDIES = REFERENCE["studies"]
OURS: dict[str, Callable[..., Bounds]] = {
    "smoothness": smoothness_bounds,
    "relative_magnitudes": relative_magnitude_bounds,
}
GAPPED = (-6, -5, -4, -3, 1, 2, 3, 4, 5, 6)
"""Months of our event study, relative to month -2; -1 and 0 are the dip and the index month."""
MEAN = np.full(6, 1 / 6)


def numbers(study: str) -> tuple[Floats, Floats, int]:
    found = STUDIES[study]
    return np.array(found["beta"]), np.array(found["covariance"]), found["n_pre"]


def weights_named(name: str, n_post: int) -> Floats:
    return np.eye(n_post)[0] if name == "first" else np.full(n_post, 1 / n_post)


def like_ours(error: float = 0.02) -> Floats:
    """Covariance of ten coefficients relative to month -2, when every month has the same error and a common part."""
    return error**2 * (np.eye(10) + 1.0)
