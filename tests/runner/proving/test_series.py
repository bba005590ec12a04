"""Records of made-up series and panels: the usual methods as statsmodels has them, counts, and determinism."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.inference.interrupted import segment_terms
from analysis.runner.proving.series import METHODS, panel_records, series_records
from analysis.synthetic.monthly_series import PanelWorld, SeriesWorld, series_of


def test_least_squares_and_newey_west_are_those_of_statsmodels():
    """To 1e-9: closed forms on both sides. Lag 2 at 24 months: 4 · 0.24^(2/9) = 2.9."""
    import statsmodels.api as sm

    records = series_records([7], 24, 0.5, level=1.0).set_index(["effect", "method"])
    values = series_of(SeriesWorld(months=24, level=1.0, rho=0.5), 7).values[0]
    model = sm.OLS(values, segment_terms(24, 12, slope=True)[1])
    robust = {"cov_type": "HAC", "cov_kwds": {"maxlags": 2, "use_correction": True}, "use_t": True}
    for method, fit in (("ols", model.fit()), ("newey_west", model.fit(**robust))):
        for place, effect in ((2, "level"), (3, "slope")):
            row = records.loc[(effect, method)]
            assert row.value == pytest.approx(fit.params[place], abs=1e-9)
            assert (row.low, row.high) == pytest.approx(tuple(fit.conf_int()[place]), abs=1e-9)


def test_one_row_per_seed_effect_and_method():
    records = series_records([3, 9, 12], 36, 0.3, level=2.0, slope=0.1, at=30)
    assert len(records) == 3 * 2 * len(METHODS)
    assert not records.isna().any().any()
    assert (records["covered"] == ((records["low"] <= records["truth"]) & (records["truth"] <= records["high"]))).all()
    alone = series_records([9], 36, 0.3, level=2.0, slope=0.1, at=30, methods=["reml_averaged"])
    both = alone.merge(records, on=["seed", "effect", "method"], suffixes=("", "_together"))
    np.testing.assert_allclose(both["low"], both["low_together"], rtol=1e-9)


def test_same_seeds_same_records():
    pd.testing.assert_frame_equal(series_records(range(3), 24, 0.5), series_records(range(3), 24, 0.5))
    world = PanelWorld(donors=20, treated=(2,), effect=1.0)
    pd.testing.assert_frame_equal(panel_records([1], world, draws=20), panel_records([1], world, draws=20))


def test_panels_of_few_donors_have_no_interval_to_cover_anything():
    found = panel_records(range(2), PanelWorld(donors=10, effect=2.0))
    assert found["low"].isna().all()
    assert not found["covered"].any()
    assert found["p"].between(1 / 11, 1).all()
