"""Interrupted series: by hand, known truth, laws, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.interrupted import interrupted
from analysis.runner.proving.series import series_records
from analysis.synthetic.monthly_series import SERIES_WORLDS, SeriesWorld, series_of


def fitted(values, at, **given):
    return interrupted(values, at=at, unit="hours", name="first reply", **given)


def one(world, seed=1):
    return series_of(world, seed).values[0]


def test_a_line_with_a_step_and_a_bend_by_hand():
    """10 + month, from month 8 on 3 higher and 0.5 a month steeper, and an alternation of ±0.001 of no weight."""
    month = np.arange(16)
    values = 10.0 + month + (month >= 8) * (3 + 0.5 * (month - 8)) + 0.001 * (-1.0) ** month
    found = fitted(values, 8)
    for term, truth in {"constant": 18.0, "trend": 1.0, "level": 3.0, "slope": 0.5}.items():
        assert found.coefficients[term] == pytest.approx(truth, abs=0.002)
    assert found.without[15] == pytest.approx(25.0, abs=0.02)
    assert found.effect_after(7).value == pytest.approx(3 + 0.5 * 7, abs=0.01)
    assert found.estimate("level").name == "first reply: level change"
    assert (found.n, found.n_before, found.n_after) == (16, 8, 8)
    level = found.estimate("level")
    assert (level.n_treated, level.n_comparison, level.scale, level.unit) == (8, 8, "difference", "hours")


def test_the_records_of_the_proof_are_this_very_fit():
    records = series_records([4], 24, 0.5, level=2.0).set_index(["effect", "method"])
    found = fitted(one(SeriesWorld(months=24, level=2.0, rho=0.5), 4), 12)
    for effect in ("level", "slope"):
        estimate = found.estimate(effect)
        row = records.loc[(effect, "reml_averaged")]
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx((row.value, row.low, row.high), abs=1e-9)


@pytest.mark.parametrize("name", ["series_none", "series_effect", "series_bend", "series_season", "series_incident"])
def test_worlds_give_their_truth_back(name):
    """60 series a world: the mean lies within 3 Monte Carlo errors of what was planted, at least 85 % are covered."""
    world = SERIES_WORLDS[name]
    made = series_of(world, 11, series=60)
    given = {"season": 12} if world.season else {"pulses": [world.incident_at]} if world.incident else {}
    found = [fitted(row, world.change, **given) for row in made.values]
    for effect, truth in made.truth.items():
        estimates = [one_of.estimate(effect) for one_of in found]
        values = np.array([estimate.value for estimate in estimates])
        assert abs(values.mean() - truth) <= 3 * values.std() / np.sqrt(60)
        assert np.mean([estimate.low <= truth <= estimate.high for estimate in estimates]) >= 0.85


def test_a_control_that_shares_shocks_narrows_the_interval():
    world = SeriesWorld(months=48, level=2.0, rho=0.5, shared=0.9)
    made = series_of(world, 3, series=25)
    widths = {"alone": [], "regressor": [], "difference": []}
    for row, beside in zip(made.values, made.control, strict=True):
        for way, seen in widths.items():
            given = {} if way == "alone" else {"control": beside, "control_as": way}
            estimate = fitted(row, 24, **given).estimate("level")
            seen.append(estimate.high - estimate.low)
    assert np.median(widths["regressor"]) < 0.7 * np.median(widths["alone"])
    assert np.median(widths["difference"]) < 0.7 * np.median(widths["alone"])


def test_a_co_intervention_shared_with_the_control_is_taken_out_by_the_difference():
    made = series_of(SeriesWorld(months=48, rho=0.3, shared=0.5), 5, series=40)
    storm = np.where(np.arange(48) >= 24, 6.0, 0.0)
    alone = [fitted(row + storm, 24).estimate("level") for row in made.values]
    less = [
        fitted(row + storm, 24, control=beside + storm, control_as="difference").estimate("level")
        for row, beside in zip(made.values, made.control, strict=True)
    ]
    assert np.mean([one.excludes_no_effect for one in alone]) > 0.95
    assert np.mean([one.excludes_no_effect for one in less]) <= 0.15
    # Noise of 40 differences with a standard error of about 0.5 each.
    assert abs(np.mean([one.value for one in less])) < 0.3


def test_a_missing_point_is_as_good_as_any_value_with_a_pulse():
    values = one(SeriesWorld(months=30, level=2.0, rho=0.4))
    gap = values.copy()
    gap[20] = np.nan
    missing, pulse = fitted(gap, 15), fitted(np.where(np.isnan(gap), 1e3, gap), 15, pulses=[20])
    assert missing.rho == pytest.approx(pulse.rho, abs=1e-8)
    assert missing.estimate("level").value == pytest.approx(pulse.estimate("level").value, abs=1e-8)
    assert missing.n_after == 14
    assert "1 of 30 points are missing" in missing.notes[-1]
    assert np.isnan(missing.residuals[20])
    assert not np.isnan(missing.fitted).any()


def test_the_path_without_the_change():
    values = one(SeriesWorld(months=36, level=4.0, slope=0.2, rho=0.3))
    found = fitted(values, 18)
    low, high = found.path()
    assert (low <= found.without).all()
    assert (found.without <= high).all()
    np.testing.assert_allclose(found.without[:18], found.fitted[:18])
    np.testing.assert_allclose(
        (found.fitted - found.without)[18:], [found.effect_after(after).value for after in range(18)], atol=1e-9
    )
    assert (high - low)[35] > (high - low)[18] > (high - low)[9]
    np.testing.assert_allclose(found.fitted + found.residuals, values)


def test_season_by_harmonics_and_by_months_agree_on_a_smooth_wave():
    values = one(SeriesWorld(months=72, level=3.0, rho=0.3, season=4.0))
    waves = fitted(values, 36, season=12).estimate("level")
    months = fitted(values, 36, season=12, season_as="months").estimate("level")
    assert abs(waves.value - months.value) < 1.5 * waves.se
    assert waves.low < 3.0 < waves.high
    assert len(fitted(values, 36, season=12).terms) == 8
    assert len(fitted(values, 36, season=12, season_as="months").terms) == 15


def test_laws_sign_unit_and_level_of_the_interval():
    values = one(SeriesWorld(months=40, level=2.0, rho=0.5))
    up, down, cents = fitted(values, 20), fitted(-values, 20), fitted(100 * values, 20)
    assert down.estimate("level").value == pytest.approx(-up.estimate("level").value, abs=1e-9)
    assert down.estimate("level").high == pytest.approx(-up.estimate("level").low, abs=1e-8)
    assert cents.estimate("slope").high == pytest.approx(100 * up.estimate("slope").high, rel=1e-8)
    narrow = replace(up, level=0.5).estimate("level")
    assert up.estimate("level").low < narrow.low <= narrow.value <= narrow.high < up.estimate("level").high


def test_a_step_alone_where_the_direction_may_not_change():
    found = fitted(one(SeriesWorld(months=30, level=2.0)), 15, slope=False)
    assert found.terms == ("constant", "trend", "level")
    assert found.effect_after(3).value == found.estimate("level").value
    with pytest.raises(DesignError, match=r"no term `slope`. It has: constant, trend, level"):
        found.estimate("slope")


def test_neighbours_too_alike_are_told():
    month = np.arange(24)
    found = fitted(50 + 5 * np.sin(month / 4) + 0.1 * np.cos(7.0 * month), 12)
    assert found.rho > 0.7
    assert found.degrees == 1
    assert found.notes[0].startswith("Neighbouring points are so alike")


def test_short_series_say_what_their_interval_is_worth():
    values = one(SeriesWorld(months=24))
    assert not fitted(values, 12).notes
    assert fitted(values, 12, pulses=[3]).notes[0].startswith("23 points were seen. With fewer than 24")


def test_refusals_say_how_many_and_what_to_do():
    values = one(SeriesWorld(months=40))
    with pytest.raises(TooSoon, match=r"6 points before and 5 after .* Fewer than 12 points"):
        fitted(values[:11], 6)
    with pytest.raises(TooSoon, match="11 points before and 2 after"):
        fitted(values[:13], 11)
    with pytest.raises(DesignError, match=r"2 points before and 20 after .* Begin it earlier"):
        fitted(values[:22], 2)
    with pytest.raises(TooSoon, match=r"23 points before .* A season needs 24 earlier points"):
        fitted(values, 23, season=12)
    with pytest.raises(TooSoon, match="23 points before"):
        fitted(values, 24, season=12, pulses=[3])
    with pytest.raises(DesignError, match="position 40 lies outside the series of 40 points"):
        fitted(values, 40)
    with pytest.raises(DesignError, match="position 44 lies outside"):
        fitted(values, 20, pulses=[44])
    with pytest.raises(DesignError, match="control series has 39 points, the series 40"):
        fitted(values, 20, control=values[1:])
    with pytest.raises(DesignError, match="1 of 40 points of the control series are missing"):
        fitted(values, 20, control=np.where(np.arange(40) == 3, np.nan, values))
    with pytest.raises(DesignError, match=r"first reply, terms constant.*constant outcome"):
        fitted(np.full(30, 4.0), 15)
    with pytest.raises(DesignError, match=r"first reply, terms .*control: One of the 5 terms"):
        fitted(values, 20, control=np.arange(40.0))
    with pytest.raises(DesignError, match="1 of 40 values are infinite"):
        fitted(np.where(np.arange(40) == 3, np.inf, values), 20)
    with pytest.raises(DesignError, match="25 points after the change, but the series ends 19 points after"):
        fitted(values, 20).effect_after(25)
