"""Promises over made-up worlds: false claims, false discoveries, intervals of the selected, pooled intervals."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.studies.segments.kept import Kept, kept, promised
from analysis.studies.segments.settled import settled
from tests.studies.segments.planted import difference, effect, regions

WORLDS = 60


def world(rng: np.random.Generator, null: float, size: float):
    """Three attributes of 3, 6 and 4 segments: each without an effect with chance `null`, else of ± `size` errors."""
    effects, truth = [effect(difference(0.0, 0.3))], {}
    for at, segments in enumerate((3, 6, 4)):
        for value in range(segments):
            true = 0.0 if rng.random() < null else float(rng.choice([-1, 1])) * size
            se = rng.uniform(0.5, 1.5)
            segment = {f"a{at}": f"s{value}"}
            effects.append(effect(difference(true * se + se * rng.normal(), se), segment))
            truth["orders", "mail", f"a{at}", f"s{value}"] = true * se
    return effects, truth


@pytest.mark.parametrize(("null", "size"), [(1.0, 0.0), (0.5, 3.0)])
@pytest.mark.parametrize("declared", [None, ()])
def test_promises_hold(null: float, size: float, declared) -> None:
    """60 worlds each; a proof runs a thousand. Shares at most 5 % + 2.58 Monte Carlo errors."""
    rng = np.random.default_rng([int(null * 10), int(size)])
    worlds = []
    for _ in range(WORLDS):
        effects, truth = world(rng, null, size)
        worlds.append(kept(settled(effects, declared=declared), truth))
    shares = {share.name: share for share in promised(worlds)}
    assert all(share.holds for share in shares.values()), shares
    said = sum(one.claims + one.selected for one in worlds)
    assert said <= 0.1 * WORLDS if null == 1 else said > 2 * WORLDS


def test_by_hand() -> None:
    """Truth 0 and 0.2; the claim of the first, which has no effect, is false; of the second it is true."""
    effects = regions(-0.2, 0.2)
    truth = {("orders", "mail", "region", "r0"): 0.0, ("orders", "mail", "region", "r1"): 0.2}
    named = kept(settled(effects), truth)
    assert (named.claims, named.false_claims, named.selected, named.pooled) == (2, 1, 0, 0)
    looked = kept(settled(effects, declared=()), truth)
    assert (looked.selected, looked.false_discoveries, looked.missed) == (2, 1, 1)


def test_the_other_sign_is_false_too() -> None:
    truth = {("orders", "mail", "region", "r0"): 0.2, ("orders", "mail", "region", "r1"): 0.2}
    assert kept(settled(regions(-0.2, 0.2)), truth).false_claims == 1


def test_a_segment_without_a_truth_is_an_error() -> None:
    with pytest.raises(KeyError):
        kept(settled(regions(-0.2, 0.2)), {})


def test_a_broken_promise_is_seen() -> None:
    bad = Kept(claims=3, false_claims=1, selected=0, false_discoveries=0, missed=0, pooled=6, pooled_missed=2)
    good = Kept(claims=3, false_claims=0, selected=0, false_discoveries=0, missed=0, pooled=6, pooled_missed=0)
    shares = {share.name: share for share in promised([bad] * 20 + [good] * 80)}
    assert shares["false_claims"].value == 0.2
    assert not shares["false_claims"].holds
    assert shares["false_discoveries"].holds
