"""Small segments: hidden, and not to be worked out from what is shown."""

from __future__ import annotations

from analysis.studies.segments.hidden import BESIDE, SMALL
from analysis.studies.segments.settled import settled
from tests.studies.segments.planted import difference, effect


def by_region(*sizes: tuple[int, int], whole: tuple[int, int] | None = None, **changed):
    total = whole or (sum(one for one, _ in sizes), sum(other for _, other in sizes))
    parts = [effect(difference(0.1, 0.03, size), {"region": f"r{at}"}, **changed) for at, size in enumerate(sizes)]
    return [effect(difference(0.1, 0.01, total), **changed), *parts]


def test_fewer_than_ten_are_hidden_with_the_segment_from_which_they_follow() -> None:
    """r0 has 4 treated; all regions but r1 would give them away, so r1, the smaller of the others, goes too."""
    found = settled(by_region((4, 400), (300, 300), (900, 900)))
    assert [one.reason for one in found.effects] == [None, SMALL, BESIDE, None]
    assert [one.estimate is None for one in found.effects] == [False, True, True, False]
    assert [(one.n_treated, one.n_comparison) for one in found.effects[1:3]] == [(0, 0), (0, 0)]
    hidden = found.forest.iloc[1:3]
    assert hidden[["value", "raw_low", "shrunk", "weight", "p_value"]].isna().all(axis=None)
    assert "4" not in found.effects[1].claim.replace("10", "")
    assert found.notes[-1].startswith("2 effects by segment are not shown")


def test_customers_in_no_segment_count_as_one() -> None:
    """Three treated customers have no region: the whole less the regions would describe them."""
    shown = settled(by_region((400, 400), (300, 300)))
    assert [one.reason for one in shown.effects] == [None, None, None]
    found = settled(by_region((400, 400), (300, 300), whole=(703, 700)))
    assert sorted(one.reason for one in found.effects if one.reason) == [BESIDE]


def test_a_refused_segment_does_not_tell_its_size() -> None:
    told = "the two arms hold 3 and 20 customers; each needs 50."
    refused = effect(None, {"region": "r2"}, reason=told, n_treated=3, n_comparison=20)
    found = settled([*by_region((400, 400), (300, 300), whole=(703, 720)), refused])
    assert found.effects[-1].reason == SMALL
    assert (found.effects[-1].n_treated, found.effects[-1].n_comparison) == (0, 0)


def test_enough_everywhere_hides_nothing() -> None:
    found = settled(by_region((60, 70), (80, 90), whole=(160, 180)))
    assert [one.reason for one in found.effects] == [None, None, None]


def test_arms_share_their_comparison() -> None:
    """The small cell is that of arm b; arm a of that region shares its comparison customers, which are enough."""
    arm_a = by_region((200, 300), (200, 300), (250, 350), treated="a")
    arm_b = by_region((5, 300), (200, 300), (250, 350), treated="b")
    found = settled([*arm_a, *arm_b])
    assert found.effects[5].reason == SMALL
    shown = [one for one in found.effects if one.reason is None]
    assert len(shown) >= 4
    again = [one.reason for one in settled([*arm_a, *arm_b]).effects]
    assert again == [one.reason for one in found.effects]


def test_every_outcome_of_the_same_customers_hides_the_same() -> None:
    effects = [one for name in ("orders", "spend") for one in by_region((4, 400), (300, 300), (900, 900), outcome=name)]
    found = settled(effects).effects
    assert [one.reason for one in found[:4]] == [one.reason for one in found[4:]]
