"""The raw gap's moments: each distinct value taken once, to the same exact sums as row by row."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.inference.moments import Moments
from analysis.studies.observational.raw import _moments


@pytest.mark.parametrize("values", [[0.1, 0.1, 0.2, -3.0, 0.0], [19.99] * 7 + [0.01], list(np.arange(50) / 100)])
def test_distinct_values_give_the_exact_sums_of_all_rows(values: list[float]) -> None:
    assert _moments("spend", np.array(values)) == Moments.from_rows(("spend",), [[value] for value in values])
