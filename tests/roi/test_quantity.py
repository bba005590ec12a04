"""An input of the case: its limits, what they do to its mean, and what it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.roi.formula import Input
from analysis.roi.spread import Fixed, Normal, Pert, Triangular
from tests.roi.small_case import MARGIN, found, stated


def test_a_share_is_cut_at_its_limits_and_its_mean_knows_it() -> None:
    """A standard normal cut below 0 has the mean 1 / sqrt(2 pi) = 0.39894."""
    cut = stated("lift", Normal(0, 1), low_limit=0)
    assert cut.mean == pytest.approx(0.3989422804)
    assert cut.drawn([0.1, 0.5, 0.9]).tolist() == pytest.approx([0, 0, 1.2815516])
    share = stated("share", Normal(0.9, 0.3), low_limit=0, high_limit=1)
    draws = share.drawn((np.arange(1_000_000) + 0.5) / 1_000_000)
    assert draws.max() == 1
    assert share.mean == pytest.approx(draws.mean(), abs=1e-6)
    assert share.risk_factor == pytest.approx(draws.mean() / 0.9, abs=1e-5)


def test_a_range_within_its_limits_is_as_it_was_stated() -> None:
    free = stated("share", Triangular(0, 0.5, 1), low_limit=0, high_limit=1)
    assert free.mean == 0.5
    assert free.risk_factor == 1


def test_it_stands_in_formulas_and_names_its_study() -> None:
    gain = found("gain", Normal(10, 2))
    assert gain.input == Input("gain")
    assert gain.design == "before_after"
    assert gain.to_dict()["effect"] == MARGIN
    assert gain.to_dict()["spread"] == {"shape": "normal", "mean": 10, "sd": 2}
    assert stated("price", 3.0).design is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "b2"}, "cannot name an input"),
        ({"label": " "}, "has no label"),
        ({"unit": ""}, "has no unit"),
        ({"source": ""}, "has no source"),
        ({"origin": "guess"}, "the origin is one of"),
        ({"grade": "F"}, "a grade is A to E"),
        ({"origin": "study"}, "its effect and its grade must be named"),
        ({"dated": "31.3.2026"}, "written as 2026-03-31, not `31.3.2026`"),
        ({"dated": "20260331"}, "written as 2026-03-31"),
        ({"low_limit": 1, "high_limit": 0}, "does not lie below"),
        ({"spread": Fixed(1.5), "high_limit": 1}, "`share` is 1.5 EUR; it must lie at 1 or below"),
        (
            {"spread": Pert(-0.1, 0.2, 0.5), "low_limit": 0, "high_limit": 1},
            "is -0.1 to 0.5 EUR; it must lie from 0 to 1",
        ),
        ({"spread": Normal(-1, 1), "low_limit": 0}, "is -1 EUR; it must lie at 0 or above"),
    ],
)
def test_what_is_refused(wrong: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        stated(**({"name": "share", "spread": Fixed(0.5)} | wrong))
