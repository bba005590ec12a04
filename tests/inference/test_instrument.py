"""Two-stage least squares against other packages, by hand, over many samples with a weak instrument, and bad input."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.instrument import instrumented
from analysis.inference.within import adjusted

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "instrument" / "reference.json").read_text())
CASES = GOLDEN["cases"]
NAMED = {"name": "orders", "unit": "orders per customer"}


def arrays(case, *, covariate=True):
    held = {name: np.array(column) for name, column in CASES[case]["data"].items()}
    z = np.stack([held[name] for name in held if name.startswith("z")], axis=1)
    given = {
        "absorb": [held["hour"], held["product"]],
        "covariates": held["severity"] if covariate else None,
        "cluster": held["day"],
    }
    return (held["y"], held["d"], z), given


def close(value):
    """1e-8, relative where the number is large: both sides are closed forms, ours after sweeps to 1e-12."""
    return pytest.approx(value, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("case", CASES)
def test_estimate_and_errors_are_those_of_linearmodels(case):
    columns, given = arrays(case)
    answers = CASES[case]["answers"]
    found = instrumented(*columns, **given, **NAMED)
    assert found.effect.value == close(answers["effect"])
    assert found.effect.se == close(answers["se"])
    assert found.partial_r2 == close(answers["partial_r2"])
    assert found.n_clusters == answers["n_clusters"]
    plain = adjusted(*columns[:2], **given, **NAMED)
    assert [plain.value, plain.se] == close(answers["adjusted"])
    if "first_stage" in answers:
        slope, error = answers["first_stage"]
        assert found.first_stage == close(slope)
        assert found.f == close((slope / error) ** 2)
        assert [found.reduced_form.value, found.reduced_form.se] == close(answers["reduced_form"])
        assert found.effect.value == close(found.reduced_form.value / found.first_stage)


@pytest.mark.parametrize("case", CASES)
def test_the_set_ends_where_the_clustered_test_of_statsmodels_does(case):
    columns, given = arrays(case)
    answers = CASES[case]["answers"]
    found = instrumented(*columns, **given, **NAMED)
    ends, far = answers["anderson_rubin"]["ends"], answers["anderson_rubin"]["far_kept"]
    kept = found.anderson_rubin
    if len(ends) <= 2:
        assert kept.kind == {(0, True): "line", (2, False): "interval", (2, True): "half_lines"}[len(ends), far]
        if ends:
            assert [kept.low, kept.high] == close(ends)
    else:  # three pieces: the larger of the two gaps is told, the smaller one kept
        assert (case, kept.kind) == ("three_half_lines", "half_lines")
        assert [kept.low, kept.high] == close(ends[2:])
    k, degrees = columns[2].shape[1], found.n_clusters - 1
    from scipy import stats

    assert found.p_no_effect == close(stats.f.sf(answers["no_effect_wald"] / k, k, degrees))


@pytest.mark.parametrize("case", CASES)
def test_the_effective_f_is_that_of_pyfixest(case):
    """Tolerance 1e-6: pyfixest stops taking means out sooner."""
    columns, given = arrays(case, covariate=False)
    answers = CASES[case]["answers"]["pyfixest_without_severity"]
    found = instrumented(*columns, **given, **NAMED)
    assert found.f == pytest.approx(answers["effective_f"], rel=1e-6)
    assert found.effect.value == pytest.approx(answers["effect"], rel=1e-6)
    assert found.effect.se == pytest.approx(answers["se"], rel=1e-6)


def test_the_interval_is_the_set_or_the_whole_line():
    kinds = {}
    for case in CASES:
        columns, given = arrays(case)
        found = instrumented(*columns, **given, **NAMED)
        kinds[case] = found.anderson_rubin.kind
        if found.anderson_rubin.kind == "interval":
            assert (found.effect.low, found.effect.high) == (found.anderson_rubin.low, found.anderson_rubin.high)
        else:
            assert (found.effect.low, found.effect.high) == (-math.inf, math.inf)
            assert not found.effect.bounded
    assert set(kinds.values()) == {"interval", "half_lines", "line"}


def test_by_hand():
    """Rows (z, d, y): (0, 0, 1), (0, 0, 3), (0, 1, 8), (1, 1, 6), (1, 1, 8), (1, 0, 10).

    With the instrument d rises by 1/3 and y by 4: the effect is 12. Each row is its own cluster. Left of d are
    -1/3, -1/3, 2/3, 1/3, 1/3, -2/3, of y -3, -1, 4, -2, 0, 2; scores have z - 1/2 before them, so that sums of squares
    are 1/4 of 4/3 and of 34, and Σ(z - 1/2)² = 3/2. CR1 = 6/5 · 5/4 = 3/2: V of the first stage is
    3/2 · (1/3) / (9/4) = 2/9, F = (1/9) / (2/9) = 1/2; V of the reduced form 3/2 · (34/4) / (9/4) = 17/3.
    """
    d, y = [0, 0, 1, 1, 1, 0], [1.0, 3.0, 8.0, 6.0, 8.0, 10.0]
    found = instrumented(y, d, [0, 0, 0, 1, 1, 1], absorb=[], covariates=None, cluster=range(6), **NAMED)
    assert found.first_stage == pytest.approx(1 / 3)
    assert found.reduced_form.value == pytest.approx(4)
    assert found.effect.value == pytest.approx(12)
    assert found.f == pytest.approx(1 / 2)
    assert found.reduced_form.se == pytest.approx(math.sqrt(17 / 3))
    assert found.partial_r2 == pytest.approx(1 / 9)
    assert (found.n, found.n_clusters, found.n_treated, found.absorbed) == (6, 6, 3, 1)
    assert dict(found.dropped) == {"collinear_covariates": 0, "singleton_rows": 0}
    assert (found.effect.n_treated, found.effect.n_comparison) == (3, 3)


def weak_sample(rng, slope, n=400, days=120):
    day, hour = rng.integers(0, days, n), rng.integers(0, 6, n)
    shock, z, shared = rng.normal(size=days)[day], rng.normal(size=n) + rng.normal(size=days)[day], rng.normal(size=n)
    d = slope * z + 0.9 * shared + 0.5 * rng.normal(size=n)
    y = 1.0 * d + 0.9 * shared + 0.6 * shock + 0.4 * rng.normal(size=n)
    return (y, d, z), {"absorb": [hour], "covariates": None, "cluster": day}


@pytest.mark.parametrize("slope", [0.03, 0.5])
def test_the_set_covers_as_often_as_it_says_however_weak_the_instrument(slope):
    """500 samples, true effect 1; two standard errors of 95 % are 2 points. Of the weak one most have no bounds."""
    rng = np.random.default_rng(20)
    held = unbounded = 0
    for _ in range(500):
        columns, given = weak_sample(rng, slope)
        found = instrumented(*columns, **given, **NAMED)
        held += 1.0 in found.anderson_rubin
        unbounded += not found.anderson_rubin.bounded
    assert 0.925 <= held / 500 <= 0.975
    assert unbounded > 350 if slope < 0.1 else unbounded == 0


def test_instruments_that_contradict_one_another_leave_the_estimate_without_an_interval():
    rng = np.random.default_rng(5)
    one, other = rng.normal(size=(2, 900))
    d = one + other + 0.1 * rng.normal(size=900)
    y = 1.0 * one + 4.0 * other + 0.1 * rng.normal(size=900)
    z = np.column_stack([one, other])
    found = instrumented(y, d, z, absorb=[], covariates=None, cluster=np.arange(900) % 90, **NAMED)
    assert found.anderson_rubin.kind == "empty"
    assert not found.effect.bounded


def test_laws_rows_units_and_constants():
    columns, given = arrays("one_strong")
    y, d, z = columns
    found = instrumented(y, d, z, **given, **NAMED)
    order = np.random.default_rng(1).permutation(len(y))
    shuffled = {
        "absorb": [code[order] for code in given["absorb"]],
        "covariates": given["covariates"][order],
        "cluster": given["cluster"][order],
    }
    again = instrumented(y[order], d[order], z[order], **shuffled, **NAMED)
    assert again.effect.high == close(found.effect.high)
    cents = instrumented(100 * y + 7, d, -3 * z + 1, **given, **NAMED)
    assert (cents.effect.low, cents.effect.se) == close((100 * found.effect.low, 100 * found.effect.se))
    assert cents.f == close(found.f)
    assert cents.first_stage == close(-found.first_stage / 3)
    moved = instrumented(y + 2 * d, d, z, **given, **NAMED)
    assert (moved.anderson_rubin.low, moved.anderson_rubin.high) == close((found.effect.low + 2, found.effect.high + 2))
    swapped = instrumented(y, 1 - d, z, **given, **NAMED)
    assert (swapped.effect.low, swapped.effect.high) == close((-found.effect.high, -found.effect.low))
    wide = instrumented(y, d, z, **given, level=0.99, **NAMED)
    assert wide.effect.low < found.effect.low < found.effect.high < wide.effect.high


def test_an_effect_is_rejected_by_the_set_when_its_test_rejects():
    columns, given = arrays("one_strong")
    found = instrumented(*columns, **given, **NAMED)
    assert (found.p_no_effect < 0.05) == (0.0 not in found.anderson_rubin)
    reduced = found.reduced_form
    assert (found.p_no_effect < 0.05) == reduced.excludes_no_effect


def test_rows_and_covariates_without_anything_to_say_are_left_out_and_counted():
    (y, d, z), given = arrays("one_strong")
    found = instrumented(y, d, z, **given, **NAMED)
    hour, product = given["absorb"]
    more = {
        "absorb": [np.append(hour, 99), np.append(product, 0)],
        "covariates": np.column_stack([np.append(given["covariates"], 3.0), np.append(hour, 99), np.ones(261)]),
        "cluster": np.append(given["cluster"], 4),
    }
    again = instrumented(np.append(y, 1e6), np.append(d, 1.0), np.append(z, [[5.0]], axis=0), **more, **NAMED)
    assert dict(again.dropped) == {"collinear_covariates": 2, "singleton_rows": 1}
    assert again.n == 260
    assert (again.effect.value, again.effect.se) == close((found.effect.value, found.effect.se))


def test_given_arrays_stay_as_they_were():
    columns, given = arrays("three")
    before = [column.copy() for column in columns]
    instrumented(*columns, **given, **NAMED)
    assert all((now == then).all() for now, then in zip(columns, before, strict=True))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": 4.0}, "The outcome does not vary within the 2 sets"),
        ({"d": 1.0}, "The treatment does not vary"),
        ({"z": 0.0}, "The instrument does not vary"),
        ({"z": "hour"}, "The instrument does not vary"),
        ({"z": "severity"}, "The instrument does not vary"),
        ({"z": "twice"}, "The instruments say the same twice"),
        ({"cluster": 1}, "260 rows in 1 clusters are too few"),
        ({"cluster": "two"}, "2 clusters cannot carry 1 instruments"),
        ({"absorb": "pairs"}, "are too few"),
    ],
)
def test_data_that_cannot_answer_are_refused(change, words):
    (y, d, z), given = arrays("one_strong")
    n = len(y)
    given = dict(given)
    if "y" in change:
        y = np.full(n, change["y"])
    if "d" in change:
        d = np.full(n, change["d"])
    if "z" in change:
        choices = {
            "hour": given["absorb"][0] * 3.0,
            "severity": given["covariates"] - 2.0,
            "twice": np.column_stack([z, 2 * z]),
        }
        z = choices[change["z"]] if isinstance(change["z"], str) else np.full(n, change["z"])
    if "cluster" in change:
        given["cluster"] = np.arange(n) % 2 if change["cluster"] == "two" else np.zeros(n)
    if "absorb" in change:
        given["absorb"] = [np.arange(n) // 2, (np.arange(n) + 1) // 2 % (n // 2)]
    with pytest.raises(DesignError, match=words):
        instrumented(y, d, z, **given, **NAMED)


def test_an_instrument_that_moves_nothing_is_refused():
    z, d = [0, 1, 0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 0, 0, 1, 1]
    y = [1.0, 2.0, 3.0, 5.0, 1.0, 0.0, 2.0, 2.0]
    with pytest.raises(DesignError, match="does not move the treatment at all"):
        instrumented(y, d, z, absorb=[], covariates=None, cluster=range(8), **NAMED)


def test_what_is_not_a_number_is_told_with_its_count():
    (y, d, z), given = arrays("one_strong")
    y = y.copy()
    y[[3, 8]] = np.nan
    with pytest.raises(ValueError, match="The outcome is not a finite number in 2 of 260 rows"):
        instrumented(y, d, z, **given, **NAMED)
    with pytest.raises(ValueError, match=r"The treatment has shape \(3,\)"):
        instrumented(d, d[:3], z, **given, **NAMED)


def test_an_outcome_without_any_error_has_a_point_for_its_set():
    d = np.array([0, 1, 0, 1, 1, 1, 0, 0, 1, 0])
    z = np.array([0, 2, 0, 2, 2, 2, 0, 1, 2, 0])
    found = instrumented(2.0 * d, d, z, absorb=[], covariates=None, cluster=range(10), **NAMED)
    assert (found.effect.value, found.effect.se) == pytest.approx((2.0, 0.0), abs=1e-12)
    assert 2.0 == pytest.approx(found.effect.low) == pytest.approx(found.effect.high)
