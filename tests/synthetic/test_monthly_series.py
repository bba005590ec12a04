"""Made-up series and panels: what was planted is there, and seeds decide everything."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.synthetic.monthly_series import (
    SERIES_WORLDS,
    PanelWorld,
    SeriesWorld,
    autoregressive,
    panel_of,
    series_of,
)


def test_planted_parts_by_hand():
    """The same errors with and without: the difference is the step, the bend, the spike and the other step."""
    plain, moved = (
        SeriesWorld(months=12, at=6),
        SeriesWorld(months=12, at=6, level=2.0, slope=0.5, incident=7.0, incident_at=3, other=1.0, other_at=9),
    )
    gap = series_of(moved, 1).values[0] - series_of(plain, 1).values[0]
    assert gap == pytest.approx([0, 0, 0, 7, 0, 0, 2, 2.5, 3, 4.5, 5, 5.5])


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.7])
def test_errors_have_the_variance_and_the_memory_they_say(rho):
    """20,000 series: standard errors of variance and correlation are about 0.01."""
    errors = autoregressive(rho, (20_000, 6), np.random.default_rng(3))
    assert errors.var(axis=0) == pytest.approx(np.ones(6), abs=0.04)
    assert np.corrcoef(errors[:, 4], errors[:, 5])[0, 1] == pytest.approx(rho, abs=0.03)
    assert np.corrcoef(errors[:, 0], errors[:, 2])[0, 1] == pytest.approx(rho**2, abs=0.03)


def test_the_control_shares_shocks_and_not_the_effect():
    made = series_of(SeriesWorld(months=24, level=50.0, shared=0.8), 2, series=4_000)
    assert np.corrcoef(made.values[:, 20], made.control[:, 20])[0, 1] == pytest.approx(0.8, abs=0.03)
    assert (made.values - made.control)[:, 12:].mean() == pytest.approx(50, abs=0.1)


def test_same_seed_same_bytes_other_seed_others():
    world = SERIES_WORLDS["series_effect"]
    assert series_of(world, 1).values.tobytes() == series_of(world, 1).values.tobytes()
    assert series_of(world, 1).values.tobytes() != series_of(world, 2).values.tobytes()
    panel = PanelWorld(donors=5)
    assert panel_of(panel, 1).outcomes.tobytes() == panel_of(panel, 1).outcomes.tobytes()


def test_panels_plant_their_effect_in_changed_cells_only():
    plain, moved = (PanelWorld(donors=6, treated=(2, 1), starts=(10, 14), effect=effect) for effect in (0.0, 3.0))
    gap = panel_of(moved, 4).outcomes - panel_of(plain, 4).outcomes
    expected = np.zeros((9, 24))
    expected[6:8, 10:], expected[8, 14:] = 3.0, 3.0
    np.testing.assert_allclose(gap, expected, atol=1e-12)


def test_worlds_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="`at` lies at 30, outside 24 months"):
        SeriesWorld(months=24, at=30)
    with pytest.raises(ValueError, match="correlation lies between"):
        SeriesWorld(rho=1.0)
    with pytest.raises(ValueError, match="share lies between"):
        SeriesWorld(shared=1.5)
    with pytest.raises(ValueError, match="2 cohorts of changed units, but 1 starts"):
        PanelWorld(treated=(1, 1))
    with pytest.raises(ValueError, match="do not all lie within 24 periods"):
        PanelWorld(starts=(24,))
