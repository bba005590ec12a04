"""Parts of a case put together: shared inputs once, nothing twice."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built, Claim, NotCounted, put_together
from tests.roi.small_case import benefit, stated


def test_a_shared_input_stands_once_and_all_else_is_kept_in_order() -> None:
    gain, price = stated("gain", 1.0), stated("price", 2.0)
    one = Built(quantities=(gain,), lines=(benefit("first_line", 0, 1),), notes=("Of all.",))
    left_out = NotCounted(line="third_line", label="Third", reason="Nobody stated it.")
    other = Built(
        quantities=(price, gain),
        lines=(benefit("second_line", 0, 1),),
        claims=(Claim(line="second_line"),),
        not_counted=(left_out,),
        notes=("Of all.",),
    )
    found = put_together([one, other])
    assert found.quantities == (gain, price)
    assert [line.id for line in found.lines] == ["first_line", "second_line"]
    assert (found.claims, found.not_counted, found.notes) == (other.claims, (left_out,), ("Of all.",))
    assert left_out.to_dict() == {
        "line": "third_line", "label": "Third", "reason": "Nobody stated it.", "parameter": None,
    }  # fmt: skip


def test_one_name_for_two_things_and_a_line_twice_are_refused() -> None:
    with pytest.raises(DesignError, match="different things by the input `gain`"):
        put_together([Built(quantities=(stated("gain", 1.0),)), Built(quantities=(stated("gain", 2.0),))])
    line = benefit("first_line", 0, 1)
    with pytest.raises(DesignError, match="holds the line `first_line` twice"):
        put_together([Built(lines=(line,)), Built(lines=(line,))])
