"""The parts of a difference: each by hand, and exact sums whatever the figures."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.roi.register.variance import EXACT, ORDER, Made, Variance, shift_of, split

FIGURE = st.decimals(-1000, 1000, places=6)
MADE = st.builds(Made, st.decimals(0, 100_000, places=3), FIGURE, st.decimals(0, 100, places=4))
CENT = Decimal("0.01")


def made(volume: str, change: str, price: str = "1") -> Made:
    return Made(Decimal(volume), Decimal(change), Decimal(price))


def parts(found: Variance) -> dict[str, Decimal]:
    return dict(zip(ORDER, found.parts, strict=True))


@given(
    pairs=st.lists(st.tuples(MADE, MADE, FIGURE), min_size=1, max_size=8),
    more=st.lists(MADE, max_size=4),
    quantum=st.sampled_from([CENT, Decimal(1)]),
)
def test_the_parts_add_up_exactly_and_as_written(pairs, more, quantum) -> None:
    profile, found, by_now = ([pair[place] for pair in pairs] for place in range(3))
    split_up = split([*profile, *more], found, by_now)
    written = split_up.written(quantum)
    told = {name: Decimal(str(written[name])) for name in ("promised", *ORDER, "achieved")}
    with localcontext(EXACT):
        assert split_up.promised + sum(split_up.parts) == split_up.achieved == sum(by_now)
        assert split_up.promised == sum(one.amount for one in profile)
        assert told["promised"] + sum(told[name] for name in ORDER) == told["achieved"]
        for name, part in parts(split_up).items():
            assert abs(told[name] - part) <= quantum


@given(st.lists(MADE, min_size=1, max_size=6))
def test_what_came_as_promised_has_no_parts(profile) -> None:
    assert not any(split(profile, profile).parts)
    assert split(profile, profile).shift == 0


def test_volume_alone_by_hand() -> None:
    assert parts(split([made("100", "2", "10")], [made("90", "2", "10")])) == dict(
        zip(ORDER, map(Decimal, (0, -200, 0, 0, 0)), strict=True)
    )


def test_rate_alone_by_hand() -> None:
    assert parts(split([made("100", "2", "10")], [made("100", "1.5", "10")]))["rate"] == -500


def test_price_alone_by_hand() -> None:
    assert parts(split([made("100", "2", "10")], [made("100", "2", "9")]))["price"] == -200


def test_definition_alone_by_hand() -> None:
    """By the old definition all came; by the new one a tenth less."""
    found = split([made("100", "2", "10")], [made("100", "2", "10")], [Decimal(1800)])
    assert parts(found)["definition"] == -200
    assert found.achieved == 1800


def test_timing_alone_by_hand() -> None:
    """A ramp of 100, 200, 300, 300 that begins a month late: after three months 300 of 600 came."""
    profile = [made("1", amount) for amount in ("100", "200", "300", "300")]
    found = split(profile, [made("1", amount) for amount in ("0", "100", "200")])
    assert found.shift == 1
    assert parts(found) == dict(zip(ORDER, map(Decimal, (-300, 0, 0, 0, 0)), strict=True))


def test_earliness_by_hand() -> None:
    profile = [made("1", amount) for amount in ("0", "0", "100", "200")]
    found = split(profile, [made("1", amount) for amount in ("0", "100", "200")])
    assert found.shift == -1
    assert parts(found)["timing"] == 200


def test_late_and_short_by_hand() -> None:
    """A month late (0, 100, 200 of 100, 200, 300), and then at nine tenths: -300 is timing, -30 the rate."""
    profile = [made("10", amount) for amount in ("10", "20", "30", "30")]
    found = split(profile, [made("10", "0"), made("10", "9"), made("10", "18")])
    assert parts(found) == dict(zip(ORDER, map(Decimal, (-300, 0, -30, 0, 0)), strict=True))


@pytest.mark.parametrize("came", [["80", "80", "80"], ["0", "0", "0"], ["100", "100", "100"], ["90", "110", "95"]])
def test_a_shortfall_of_a_level_promise_is_no_lateness(came) -> None:
    assert shift_of([Decimal(100)] * 4, [Decimal(one) for one in came]) == 0


def test_one_period_cannot_tell_lateness() -> None:
    assert shift_of([Decimal(0), Decimal(100)], [Decimal(100)]) == 0


def test_all_at_once_in_the_stated_order() -> None:
    """100 x 2 x 10 = 2,000 promised; 110 x 1.8 x 11 = 2,178, by the new definition 2,100. Volume 10 x 2 x 10 = 200;
    rate 110 x -0.2 x 10 = -220; price 110 x 1.8 x 1 = 198; definition -78."""
    found = split([made("100", "2", "10")], [made("110", "1.8", "11")], [Decimal(2100)])
    assert parts(found) == {
        "timing": 0, "volume": 200, "rate": Decimal(-220), "price": Decimal(198), "definition": Decimal(-78),
    }  # fmt: skip
    assert found.written(CENT)["order"] == list(ORDER)


def test_what_is_not_known_is_written_as_none() -> None:
    found = split([made("1", "2")], [made("1", "3")], not_known=[("definition", "version 1 is not held")])
    assert found.written(CENT)["definition"] is None
    assert found.written(CENT)["not_known"] == {"definition": "version 1 is not held"}


def test_what_is_known_of_some_periods_is_written_with_the_reason() -> None:
    found = split([made("1", "2")], [made("1", "3")], [Decimal(4)], not_known=[("definition", "of one month")])
    assert found.written(CENT)["definition"] == 1.0


def test_parts_that_do_not_add_up_cannot_be_built() -> None:
    none = Decimal(0)
    with pytest.raises(ValueError, match="add up"):
        Variance(
            promised=none, achieved=CENT, timing=none, volume=none, rate=none, price=none, definition=none, shift=0
        )


@pytest.mark.parametrize(
    ("profile", "found"), [([], []), ([made("1", "1")], []), ([made("1", "1")], [made("1", "1")] * 2)]
)
def test_nothing_found_or_too_much_is_refused(profile, found) -> None:
    with pytest.raises(ValueError, match="some of the promised periods"):
        split(profile, found)
    with pytest.raises(ValueError, match="one amount"):
        split([made("1", "1")], [made("1", "1")], [])
