"""ATT(g, t) of adoption and its errors: by hand, by loops over rows, against the other estimators, and by laws."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from analysis.inference.staggered.aggregate import aggregate
from analysis.inference.staggered.cohort_sums import CohortSums
from analysis.inference.staggered.group_time import group_time
from analysis.inference.staggered.rows import group_time_rows
from analysis.studies.adoption.cells import Estimated, estimated
from analysis.studies.adoption.cohorts import Studied, cohorts_of
from analysis.studies.adoption.panel import AdoptionPanel
from analysis.synthetic.lean import lean_life
from analysis.synthetic.roll_out import roll_out_life
from analysis.synthetic.world import world_named
from tests.studies.adoption_companies import of_lean, of_roll_out, waves

EXACT = 1e-9
"""Sums in another order differ by rounding alone."""


@pytest.fixture(scope="module")
def contacts() -> AdoptionPanel:
    return of_lean(lean_life(world_named("effect"), 3, 3_000))


@pytest.fixture(scope="module")
def invited() -> AdoptionPanel:
    """Customers who are there from the first month on, as the estimators of balanced panels want them."""
    life = roll_out_life("rollout_growing", 2, 2_000)
    panel = of_roll_out(life)
    there = panel.first == panel.begin.number
    return replace(
        panel,
        first=panel.first[there],
        adopted=panel.adopted[there],
        counted={name: grid[there] for name, grid in panel.counted.items()},
        fixed={name: codes[there] for name, codes in panel.fixed.items()},
    )


def test_by_hand() -> None:
    """Three months before, one after, one stratum. Two customers are invited in month 3, two never are.

    From month 2 to month 4 the invited go from (1, 3) to (5, 9): changes 4 and 6, mean 5. The others go from (2, 2) to
    (3, 5): changes 1 and 3, mean 2. The effect is 3. Influences: (4 - 5)/2, (6 - 5)/2 and -(1 - 2)/2, -(3 - 2)/2; the
    sum of squares is 1. Adopters had 7 each after, so 4 were to be expected, and the ratio is 7/4.
    """
    panel = waves([[0, 1, 1, 0, 5], [2, 1, 3, 0, 9], [1, 1, 2, 0, 3], [1, 1, 2, 0, 5]], [3, 3, -1, -1])
    found = estimated(panel, cohorts_of(panel, 3, 1), "orders", before=3, after=1, reference=-1)
    (effect, level), spread = found.total(np.stack([found.whole, found.level_after]))
    assert (effect, level) == (3.0, 7.0)
    assert spread[0, 0] == pytest.approx(1.0, rel=1e-12)
    assert spread[1, 1] == pytest.approx(((5 - 7) ** 2 + (9 - 7) ** 2) / 4, rel=1e-12)
    assert found.months.tolist() == [-3, -2, -1, 0, 1]
    assert found.cells[0, 2] == 0.0, "the reference"
    assert found.cells[0, 0] == (-1 - 1) / 2 - (-1 - 1) / 2
    assert found.n == 4


def test_a_stratum_is_compared_with_itself() -> None:
    """In the second stratum everybody grows by 10, and three in four adopters are in it; adopting adds 1."""
    base = [[1, 1, 1, 1, 1]] * 3 + [[1, 1, 1, 1, 2]] + [[1, 1, 1, 1, 11]] * 2 + [[1, 1, 1, 1, 12]] * 3
    code = [0, 0, 0, 0, 1, 1, 1, 1, 1]
    adopted = [-1, -1, -1, 3, -1, -1, 3, 3, 3]
    panel = waves(base, adopted, fixed={"plan": code})
    studied = cohorts_of(panel, 3, 1, extra=("plan",))
    found = estimated(panel, studied, "orders", before=3, after=1, reference=-1)
    assert studied.columns == ("band", "plan")
    assert found.total(found.whole[None])[0][0] == pytest.approx(1.0)
    everybody = estimated(panel, cohorts_of(panel, 3, 1), "orders", before=3, after=1, reference=-1)
    assert everybody.total(everybody.whole[None])[0][0] == pytest.approx((1 + 3 * 11) / 4 - 2 * 10 / 5)


def slowly(panel: AdoptionPanel, before: int, after: int, reference: int) -> tuple[float, float, int]:
    """The whole effect and its error, customer by customer; strata as the study has them for first contacts."""
    begin, rows, grid = panel.begin.number, panel.issues, panel.counted["orders"]
    assert rows is not None
    influence: dict[int, float] = defaultdict(float)
    by_month: dict[int, list[int]] = defaultdict(list)
    for place, month in enumerate(rows.month):
        by_month[int(month)].append(place)
    parts = []
    for month in range(begin + before, panel.end.number - after + 1):
        cells: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for place in by_month[month]:
            who = rows.customer[place]
            if panel.first[who] <= month - before:
                band = int(np.digitize(month - panel.first[who], [12, 24]))
                key = (rows.product[place], rows.recent[place], rows.lately[place], band)
                cells[tuple(int(part) for part in key)].append(int(who))
        gaps: dict[int, float] = {}
        added: dict[int, float] = defaultdict(float)
        for members in cells.values():
            mine = [who for who in members if panel.adopted[who] == month]
            stay = [who for who in members if panel.adopted[who] > month + after]
            if not mine or len(stay) < 2:
                continue
            for who in mine:
                gaps[who] = 0.0
            for step in range(1, after + 1):
                there = [who for who in members if panel.adopted[who] > month + step]
                change = {
                    who: float(grid[who, month - begin + step] - grid[who, month - begin + reference])
                    for who in (*mine, *there)
                }
                mean = sum(change[who] for who in there) / len(there)
                for who in mine:
                    gaps[who] += change[who] - mean
                for who in there:
                    added[who] -= len(mine) / len(there) * (change[who] - mean)
        if gaps:
            parts.append((gaps, added))
    n = sum(len(gaps) for gaps, _ in parts)
    whole = sum(sum(gaps.values()) for gaps, _ in parts) / n
    for gaps, added in parts:
        for who, gap in gaps.items():
            influence[who] += (gap - whole) / n
        for who, moved in added.items():
            influence[who] += moved / n
    return whole, float(np.sqrt(sum(value**2 for value in influence.values()))), n


def test_by_loops_over_customers(contacts) -> None:
    """The same effect and error where each customer's influence is added up by itself, cohorts' shares included."""
    found = estimated(contacts, finest(contacts), "orders", before=6, after=3, reference=-2)
    value, error, n = slowly(contacts, 6, 3, -2)
    effect, spread = found.total(found.whole[None])
    assert found.n_treated == n > 300
    assert effect[0] == pytest.approx(value, rel=EXACT)
    assert np.sqrt(spread[0, 0]) == pytest.approx(error, rel=EXACT)


def finest(panel: AdoptionPanel) -> Studied:
    """The finest strata, whoever is lost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.studies.adoption.cohorts.UNMATCHED_ALLOWED", 1.0)
        return cohorts_of(panel, 6, 3)


def test_without_strata_it_is_the_estimator_of_cohort_sums(invited) -> None:
    """Every ATT(g, t), covariance and covariance with the shares, and so every average, as from cohort sums."""
    bare = replace(invited, fixed={})
    studied = cohorts_of(bare, 6, 6)
    assert studied.columns == ("band",), "all were there from the first month, but months go by"
    found = estimated(bare, in_one_stratum(bare), "orders", before=6, after=6, reference=-1).group_time()
    begin = bare.begin.number
    cohort = np.where(bare.adopted > bare.end.number, 0, bare.adopted - begin + 1)
    sums = group_time(CohortSums.of(bare.counted["orders"], cohort), control="not_yet", base="universal")
    event = sums.period - sums.group
    kept = (event >= -6) & (event <= 6)
    assert np.array_equal(sums.group[kept] - 1 + begin, found.group)
    np.testing.assert_allclose(found.att, sums.att[kept], atol=EXACT)
    np.testing.assert_allclose(found.covariance, sums.covariance[np.ix_(kept, kept)], atol=1e-12)
    np.testing.assert_allclose(found.with_shares, sums.with_shares[kept], atol=1e-12)


def in_one_stratum(panel: AdoptionPanel) -> Studied:
    """Everybody of a month compared with everybody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.studies.adoption.cohorts._levels", lambda *_: [()])
        return cohorts_of(panel, 6, 6)


def test_within_strata_it_is_the_doubly_robust_estimator(invited) -> None:
    """Strata as indicators: outcome regression, weighting and both together are one, and this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.studies.adoption.cohorts._levels", lambda *_: [("product",)])
        studied = cohorts_of(invited, 6, 6)
    found = estimated(invited, studied, "orders", before=6, after=6, reference=-1).group_time()
    begin = invited.begin.number
    cohort = np.where(invited.adopted > invited.end.number, 0, invited.adopted - begin + 1)
    marks = (invited.fixed["product"][:, None] == [1, 2]).astype(float)
    rows = group_time_rows(
        invited.counted["orders"], cohort, covariates=marks, method="dr", control="not_yet", base="universal"
    )
    event = rows.period - rows.group
    kept = (event >= -6) & (event <= 6)
    np.testing.assert_allclose(found.att, rows.att[kept], atol=1e-7)
    np.testing.assert_allclose(np.diag(found.covariance), np.diag(rows.covariance)[kept], rtol=1e-5)


@pytest.mark.parametrize("kind", ["contacts", "invited"])
def test_its_averages_are_those_of_the_standard_forms(kind, request) -> None:
    """Month by month, and their sum, with the error of the estimated shares."""
    panel, reference = request.getfixturevalue(kind), -2 if kind == "contacts" else -1
    found = estimated(panel, cohorts_of(panel, 6, 6), "orders", before=6, after=6, reference=reference)
    standard = aggregate(found.group_time(), "dynamic")
    values, spread = found.total(np.stack([found.column(int(month)) for month in found.months]))
    np.testing.assert_allclose(values, standard.values, atol=EXACT)
    np.testing.assert_allclose(spread, standard.covariance, atol=1e-12)
    whole, error = found.total(found.whole[None])
    later = aggregate(found.group_time(only_after=True), "dynamic")
    assert whole[0] == pytest.approx(6 * later.overall, rel=EXACT)
    assert np.sqrt(error[0, 0]) == pytest.approx(6 * later.overall_se, rel=EXACT)
    simple = aggregate(found.group_time(only_after=True), "simple")
    assert 6 * simple.overall == pytest.approx(whole[0], rel=EXACT), "all cohorts have all months"


class TestLaws:
    def test_the_unit_scales_and_a_common_amount_drops_out(self, invited) -> None:
        first = whole_of(invited)
        scaled = whole_of(replace(invited, counted={"orders": 3 * invited.counted["orders"]}))
        moved = whole_of(replace(invited, counted={"orders": invited.counted["orders"] + 7}))
        assert scaled == pytest.approx((3 * first[0], 3 * first[1]), rel=EXACT)
        assert moved == pytest.approx(first, rel=EXACT)
        cents = whole_of(replace(invited, digits={"orders": 2}))
        assert cents == pytest.approx((first[0] / 100, first[1] / 100), rel=EXACT)

    def test_the_order_of_customers_does_not_matter(self, invited) -> None:
        order = np.random.default_rng(0).permutation(len(invited))
        mixed = replace(
            invited,
            first=invited.first[order],
            adopted=invited.adopted[order],
            counted={"orders": invited.counted["orders"][order]},
            fixed={name: codes[order] for name, codes in invited.fixed.items()},
        )
        assert whole_of(mixed) == pytest.approx(whole_of(invited), rel=EXACT)

    def test_customers_twice_are_no_more_evidence_than_they_are(self, invited) -> None:
        twice = replace(
            invited,
            first=np.tile(invited.first, 2),
            adopted=np.tile(invited.adopted, 2),
            counted={"orders": np.tile(invited.counted["orders"], (2, 1))},
            fixed={name: np.tile(codes, 2) for name, codes in invited.fixed.items()},
        )
        value, error = whole_of(invited)
        assert whole_of(twice) == pytest.approx((value, error / np.sqrt(2)), rel=EXACT)

    def test_what_is_given_is_left_as_it_was(self, contacts) -> None:
        grid = contacts.counted["orders"].copy()
        whole_of(contacts, reference=-2)
        assert np.array_equal(grid, contacts.counted["orders"])


def whole_of(panel: AdoptionPanel, reference: int = -1) -> tuple[float, float]:
    found = estimated(panel, cohorts_of(panel, 6, 6), "orders", before=6, after=6, reference=reference)
    value, spread = found.total(found.whole[None])
    return float(value[0]), float(np.sqrt(spread[0, 0]))


def test_one_customer_s_share_of_the_variance(contacts) -> None:
    """A customer who buys a thousand times in one month carries the result, and it is said."""
    found = estimated(contacts, cohorts_of(contacts, 6, 6), "orders", before=6, after=6, reference=-2)
    assert 0 < found.largest < 0.2
    studied = cohorts_of(contacts, 6, 6)
    who = studied.cohorts[5].customer[studied.cohorts[5].treated][0]
    grid = contacts.counted["orders"].copy()
    grid[who, studied.cohorts[5].month - contacts.begin.number + 1] = 1_000
    loud: Estimated = estimated(
        replace(contacts, counted={"orders": grid}), studied, "orders", before=6, after=6, reference=-2
    )
    assert loud.largest > 0.9
