"""ATT(g, t) within strata: by hand, the answer of rows with a column a stratum, laws, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.aggregate import aggregate
from analysis.inference.staggered.cohort_sums import CohortSums
from analysis.inference.staggered.group_time import Base, Control, GroupTime, group_time
from analysis.inference.staggered.rows import group_time_rows
from analysis.inference.staggered.strata import group_time_strata

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def made_panel(seed: int, n: int = 400) -> tuple[Floats, Ints, Ints]:
    """Four strata whose growth and cohorts differ; effect 2 from the start of treatment on."""
    rng = np.random.default_rng(seed)
    stratum = rng.integers(0, 4, size=n)
    cohort = np.where(rng.uniform(size=n) < 0.3 + 0.12 * stratum, rng.choice([3, 4], size=n), 0)
    periods = np.arange(1, 6)
    outcomes = rng.normal(size=(n, 5)) + stratum[:, None] * periods
    return np.round(outcomes + 2.0 * ((cohort[:, None] > 0) & (periods >= cohort[:, None])), 6), cohort, stratum


def by_stratum(outcomes: Floats, cohort: Ints, stratum: Ints) -> dict[str, CohortSums]:
    return {
        f"stratum {s}": CohortSums.of(outcomes[stratum == s], cohort[stratum == s]) for s in np.unique(stratum).tolist()
    }


def close(one: GroupTime, other: GroupTime, tolerance: float = 1e-11) -> None:
    assert one.group.tolist() == other.group.tolist()
    assert one.period.tolist() == other.period.tolist()
    assert (one.n, one.sizes.tolist(), dict(one.set_aside)) == (other.n, other.sizes.tolist(), dict(other.set_aside))
    for field in ("att", "covariance", "with_shares"):
        np.testing.assert_allclose(getattr(one, field), getattr(other, field), rtol=tolerance, atol=tolerance)


def test_by_hand() -> None:
    """Three treated in `a` grow by 4, 5, 6 where controls grow by 1 and 3; one in `b` by 9 where they grow by 5.

    Effects 3 and 4, so (3 * 3 + 4) / 4 = 3.25. Influences over n: treated in a (4 - 2 - 3.25) / 4 = -1.25/4, -0.25/4,
    0.75/4; in b (9 - 5 - 3.25) / 4 = 0.75/4; controls in a -(3/4)/2 * (-1), * (+1) = 0.375, -0.375; in b 0. Squares:
    (1.5625 + 0.0625 + 0.5625 + 0.5625) / 16 + 2 * 0.140625 = 0.171875 + 0.28125 = 0.453125.
    """
    a = CohortSums.of([[0, 4], [0, 5], [0, 6], [0, 1], [0, 3]], cohort=[2, 2, 2, 0, 0])
    b = CohortSums.of([[0, 9], [0, 5], [0, 5]], cohort=[2, 0, 0])
    found = group_time_strata({"a": a, "b": b})
    assert found.att.tolist() == [3.25]
    assert found.covariance.tolist() == [[0.453125]]
    assert (found.n, found.sizes.tolist()) == (8, [4])


@pytest.mark.parametrize("method", ["dr", "reg", "ipw"])
@pytest.mark.parametrize(
    ("control", "base", "anticipation"),
    [("never", "varying", 0), ("never", "universal", 1), ("not_yet", "varying", 0), ("not_yet", "universal", 0)],
)
def test_rows_with_a_column_a_stratum_say_the_same(
    method: str, control: Control, base: Base, anticipation: int
) -> None:
    outcomes, cohort, stratum = made_panel(3)
    cohort[:4], cohort[4:7] = 1, 8
    asked = {"control": control, "base": base, "anticipation": anticipation}
    columns = (stratum[:, None] == [1, 2, 3]).astype(float)
    rows = group_time_rows(outcomes, cohort, covariates=columns, method=method, **asked)  # type: ignore[arg-type]
    close(group_time_strata(by_stratum(outcomes, cohort, stratum), **asked), rows)  # type: ignore[arg-type]


@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.parametrize("everybody", [False, True])
def test_one_stratum_is_the_answer_without_covariates(control: Control, everybody: bool) -> None:
    outcomes, cohort, _ = made_panel(5)
    if everybody:
        cohort, control = np.where(cohort == 0, 5, cohort), "not_yet"
    sums = CohortSums.of(outcomes, cohort)
    close(group_time_strata({"all": sums}, control=control), group_time(sums, control=control))


def test_the_planted_effect_comes_back_and_the_raw_comparison_misses_it() -> None:
    outcomes, cohort, stratum = made_panel(7, n=40_000)
    strata = by_stratum(outcomes, cohort, stratum)
    within = aggregate(group_time_strata(strata), "simple")
    raw = aggregate(group_time(CohortSums.of(outcomes, cohort), control="never"), "simple")
    assert abs(within.overall - 2.0) < 3 * within.overall_se
    assert abs(raw.overall - 2.0) > 10 * raw.overall_se


def test_order_and_cutting_of_strata_do_not_matter() -> None:
    outcomes, cohort, stratum = made_panel(9)
    strata = by_stratum(outcomes, cohort, stratum)
    found = group_time_strata(strata, control="not_yet")
    close(found, group_time_strata(dict(reversed(strata.items())), control="not_yet"), 1e-13)
    halves = [by_stratum(outcomes[i::2], cohort[i::2], stratum[i::2]) for i in (0, 1)]
    close(found, group_time_strata({s: halves[0][s] + halves[1][s] for s in strata}, control="not_yet"), 0)


def test_treated_units_without_controls_in_their_stratum_are_counted() -> None:
    outcomes, cohort, stratum = made_panel(11)
    kept = (stratum != 2) | (cohort != 0)
    lost = int(((stratum == 2) & (cohort == 3)).sum())
    units = int((cohort == 3).sum())
    with pytest.raises(
        DesignError, match=rf"cohort 3: {lost} of its {units} units are in 1 of 4 strata without controls .*`stratum 2`"
    ):
        group_time_strata(by_stratum(outcomes[kept], cohort[kept], stratum[kept]))


def test_nonsense_is_refused() -> None:
    sums = CohortSums.of([[0, 4], [0, 5], [0, 1], [0, 3]], cohort=[2, 2, 0, 0])
    with pytest.raises(ValueError, match="no strata"):
        group_time_strata({})
    with pytest.raises(ValueError, match="the same periods"):
        group_time_strata({"a": sums, "b": CohortSums.of([[0, 4], [0, 5]], cohort=[2, 0], periods=[2, 3])})
    late = CohortSums.of([[0, 4, 1], [0, 5, 1]], cohort=[3, 0], first=[2, 1])
    with pytest.raises(DesignError, match="1 units are observed from later than period 1 on"):
        group_time_strata({"a": late})
