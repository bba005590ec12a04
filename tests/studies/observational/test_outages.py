"""Months of a product in which far more issues came than usual, and the customers whose windows reach them."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.studies.observational.outages import ELSEWHERE, MOST_OUTAGES, near_outages, outages

N_PRODUCTS, N_MONTHS = 3, 24
USUAL = np.array([200.0, 120.0, 60.0])


def counted(counts):
    """Rows of so many issues of each product and month."""
    product = np.repeat(np.arange(N_PRODUCTS)[:, None], N_MONTHS, axis=1)
    month = np.repeat(np.arange(N_MONTHS)[None, :], N_PRODUCTS, axis=0)
    return np.repeat(product, counts.ravel()), np.repeat(month, counts.ravel()) + 600


def drawn(seed, *, growth=1.0, season=0.0):
    rng = np.random.default_rng(seed)
    months = np.arange(N_MONTHS)
    path = growth ** (months / 12) * (1 + season * np.sin(months / 12 * 2 * np.pi))
    return rng.poisson(USUAL[:, None] * path)


@pytest.mark.parametrize(("growth", "season"), [(1.0, 0.0), (1.5, 0.0), (1.0, 0.5)])
def test_chance_growth_and_season_are_no_outage(growth, season):
    found = [outages(*counted(drawn(seed, growth=growth, season=season)), N_PRODUCTS) for seed in range(200)]
    assert sum(map(bool, found)) <= 2


def test_every_planted_outage_is_found_and_hardly_anything_else():
    planted, others = {(1, 607), (2, 615)}, 0
    for seed in range(50):
        counts = drawn(seed)
        counts[1, 7] *= 3
        counts[2, 15] *= 4
        found = set(outages(*counted(counts), N_PRODUCTS))
        assert planted <= found
        others += len(found - planted)
    assert others <= 2


def test_the_clearest_are_kept():
    counts = drawn(0)
    counts[0, :10] *= np.arange(6, 16)
    found = outages(*counted(counts), N_PRODUCTS)
    assert len(found) == MOST_OUTAGES
    assert (0, 609) in found
    assert (0, 600) not in found


def test_a_month_is_one_of_its_own_as_far_as_a_window_reaches():
    counts = drawn(3)
    counts[1, 7] *= 3
    product, month = counted(counts)
    kinds = near_outages(product, month, ["a", "b", "c"], 6)
    near = (product == 1) & (np.abs(month - 607) <= 6)
    assert (kinds[~near] == ELSEWHERE).all()
    assert len(set(kinds[near])) == len(set(month[near])) == 13


def test_without_products_there_is_nothing_to_set_an_outage_against():
    product, month = counted(drawn(1) * 1)
    assert outages(np.full_like(product, -1), month, 3) == []
    assert outages(np.zeros_like(product), month, 1) == []
    counts = drawn(1)
    counts[0, 7] *= 5
    assert (near_outages(*counted(counts), ["", "b", "c"], 6) == ELSEWHERE).all()  # an issue of no product
