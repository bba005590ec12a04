"""The shape of an address is found whatever stands around it, no figure has one, and long texts take no time."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.provenance import fingerprint_of_bytes
from analysis.runner.addresses import addresses
from analysis.runner.searching import _texts

PLANTED = {
    "jane.doe@mail.example.org": "email",
    "+44 20 7946 0958": "phone",
    "+49 (0)151-1234567": "phone",
    "07700 900123": "phone",
    "@larkspur_jane": "handle",
}
AROUND = st.text(st.sampled_from(" \n(),;:<>|“”!?"), min_size=1, max_size=3)


@settings(deadline=None, max_examples=200)
@given(planted=st.sampled_from(sorted(PLANTED)), before=AROUND, after=AROUND)
def test_an_address_is_found_whatever_stands_around_it(planted: str, before: str, after: str) -> None:
    found = [kind for kind, _ in addresses(f"said{before}{planted}{after}twice")]
    assert found == [PLANTED[planted]]


@settings(deadline=None, max_examples=300)
@given(
    number=st.floats(-1e12, 1e12),
    count=st.integers(0, 10**12),
    when=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),
    content=st.binary(max_size=20),
)
def test_no_figure_day_or_hash_has_the_shape_of_an_address(
    number: float, count: int, when: datetime, content: bytes
) -> None:
    sign = fingerprint_of_bytes(content)
    said = (
        f"{number!r} {number:+,.2f} {number:.3e} ({number:.1f} to {number:,.4f}), {number:.1%}; {count} "
        f"{count:,} +{count:,} "
        f"{when:%Y-%m-%d %H:%M:%S} {when:%d/%m/%Y %H:%M} {when.isoformat()}Z {when:%Y-%m} {sign} {sign[7:19]}"
    )
    assert list(addresses(said)) == []


def test_handles_that_may_stand_there_are_passed_over() -> None:
    assert list(addresses("by @Zoe_7 and @ada", spared={"zoe_7"})) == [("handle", "ada")]


@pytest.mark.parametrize("text", ["a", "a.", "a@a.", "+1 ", "01 23 ", "@_", "(0", "1-1-", "@", "<", "<style"])
def test_long_texts_take_no_time(text: str) -> None:
    long = text * (200_000 // len(text))
    begun = time.perf_counter()
    list(addresses(long))
    list(_texts("a.html", long.encode()))
    assert time.perf_counter() - begun < 10
