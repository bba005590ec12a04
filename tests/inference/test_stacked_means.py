"""Effects of cells without a before: ratios after the contact only, and differences of means.

Ratios of growth are tested in `test_stacked`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.cells import groups_of
from analysis.inference.panel_effects import count_weights, ratio_did
from tests.inference.stacked_cells import Rows, after_only, difference, hand

# After the contact only


def test_the_ratio_after_the_contact_by_hand() -> None:
    """See `hand`: means of others 8/4, 6/1, 8/2; expected 2 * 2 + 1 * 6 + 1 * 4 = 14, done 15."""
    found = after_only(**hand())
    assert (found.total, found.expected, found.n_treated) == (15.0, pytest.approx(14.0), 4)
    assert found.method == "issue-anchored ratio after the contact"


def test_the_ratio_after_the_contact_is_that_of_rows() -> None:
    rows = Rows.drawn(20)
    stratum = rows.stratum
    slow = ratio_did(
        name="issues",
        unit="issues per customer",
        before=np.ones(len(stratum)),
        after=rows.after,
        contacted=rows.arm == 1,
        month=stratum,
        weight=count_weights(stratum, rows.arm == 1),
        customer=rows.customer,
    )
    found = after_only(**rows.cells())
    assert found.ratio == pytest.approx(slow.ratio.value, rel=1e-12)
    assert rows.errors(found) == pytest.approx((slow.ratio.se_log, slow.difference.se), rel=1e-9)


def test_the_ratio_after_the_contact_agrees_with_plain_means() -> None:
    rows = Rows.drawn(21)
    frame = pd.DataFrame({"s": rows.stratum, "arm": rows.arm, "y": rows.after})
    mean = frame[frame["arm"] == 0].groupby("s")["y"].mean()
    contacted = frame[frame["arm"] == 1]
    expected = contacted["s"].map(mean).sum()
    found = after_only(**rows.cells())
    assert found.ratio == pytest.approx(contacted["y"].sum() / expected, rel=1e-12)
    assert found.gap == pytest.approx((contacted["y"].sum() - expected) / len(contacted), rel=1e-12)


def test_strata_in_which_nobody_does_anything_after_are_fine_and_all_of_them_are_not() -> None:
    found = after_only(**hand(after=np.array([9.0, 8.0, 0.0, 0.0, 5.0, 8.0])))
    assert found.expected == pytest.approx(8.0)
    with pytest.raises(DesignError, match="have 0 after"):
        after_only(**hand(after=np.zeros(6)))


# Differences of means


def test_the_difference_by_hand() -> None:
    """See `hand`: (15 - 14) / 4; a comparison row of stratum 0 counts -1/2 of 1/4."""
    found = difference(**hand())
    assert (found.value, found.n_treated) == (pytest.approx(0.25), 4)
    assert found.weights[1] == pytest.approx([-0.125, 0.125 * 2])
    assert found.weights[0] == pytest.approx([0.25, 0.25 * (-2 - 0.25)])


def test_the_difference_is_that_of_weighted_regression() -> None:
    """Least squares with an effect for each stratum and the same weights; in one stratum the clustered error too."""
    import statsmodels.api as sm

    rows = Rows.drawn(22)
    weight = count_weights(rows.stratum, rows.arm == 1)
    strata = pd.get_dummies(rows.stratum).to_numpy(float)
    fit = sm.WLS(rows.after, np.column_stack([rows.arm, strata]), weights=weight).fit()
    assert difference(**rows.cells()).value == pytest.approx(fit.params[0], rel=1e-9)

    flat = replace(rows, month=np.zeros_like(rows.month), layer=np.zeros_like(rows.layer))
    found = difference(**flat.cells())
    own = found.weights[groups_of([flat.month, flat.layer, flat.arm])]
    moved = np.bincount(flat.customer, weights=own[:, 0] * flat.after + own[:, 1])
    fit = sm.WLS(flat.after, np.column_stack([flat.arm, np.ones(len(flat.arm))])).fit(
        cov_type="cluster", cov_kwds={"groups": flat.customer, "use_correction": False}
    )
    assert found.value == pytest.approx(fit.params[0], rel=1e-9)
    assert math.sqrt(float(moved @ moved)) == pytest.approx(fit.bse[0], rel=1e-9)


def test_laws_of_the_difference() -> None:
    rows = Rows.drawn(23)
    cells = rows.cells()
    plain = difference(**cells).value
    raised = cells["after"] + 3.0 * cells["n"] * (cells["arm"] == 1)
    assert difference(**cells | {"after": raised}).value == pytest.approx(plain + 3, rel=1e-12)
    assert difference(**cells | {"after": cells["after"] + 3.0 * cells["n"]}).value == pytest.approx(plain, abs=1e-12)
    assert difference(**cells | {"after": -0.01 * cells["after"]}).value == pytest.approx(-0.01 * plain, rel=1e-12)
    assert difference(**rows.cells(np.arange(len(rows.arm)) % 3)).value == pytest.approx(plain, rel=1e-12)
    one = {name: values[:2] for name, values in hand().items()}
    assert difference(**one | {"arm": np.array([0, 1])}).value == pytest.approx(-difference(**one).value, rel=1e-14)
    parts = [difference(**cells, part=cells["group"] == month) for month in range(4)]
    total = sum(part.value * part.n_treated for part in parts)
    assert total / sum(part.n_treated for part in parts) == pytest.approx(plain, rel=1e-12)


def test_the_difference_has_its_interval_and_its_refusal() -> None:
    told = difference(**hand()).estimate(0.1, n_comparison=7, level=0.95)
    assert (told.low, told.high) == pytest.approx((0.25 - 0.1959964, 0.25 + 0.1959964), abs=1e-7)
    assert (told.scale, told.unit, told.n_treated, told.n_comparison) == ("difference", "EUR per customer", 4, 7)
    assert difference(**hand(after=np.zeros(6))).value == 0.0, "nought is a difference like any other"
    for changes in ({"arm": np.ones(6, dtype=int)}, {"stratum": np.arange(6)}):
        with pytest.raises(DesignError, match="`cost`: no contacted customer has anybody"):
            difference(**hand(**changes))
