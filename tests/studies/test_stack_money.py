"""Money as whole numbers: whichever rows of a column are asked for, they are those of Arrow itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.stack_money import micros

AMOUNTS = [None if place % 5 == 4 else Decimal(place - 6) * Decimal("1.000001") for place in range(20)]
SOME = [slice(None), slice(3, 9), slice(0, None, 2), slice(5, 5), np.array([7, 0, 7]), np.arange(12) % 3 == 0]


@pytest.mark.parametrize("rows", SOME)
def test_amounts_of_some_rows_are_those_of_arrow(rows: Any) -> None:
    """Of a column that begins in the middle of another one, with empty amounts and some below nought."""
    column = pa.array(AMOUNTS, pa.decimal128(19, 6)).slice(4, 12)
    expected = np.array([-7 if one is None else int(one * 10**6) for one in column.to_pylist()])
    assert micros(column, "revenue", -7, rows).tolist() == expected[rows].tolist()


def test_an_amount_beyond_64_bits_is_refused_where_it_is_asked_for() -> None:
    column = pa.array([Decimal(1), Decimal(-(10**12) * 9_000_000) / 10**6], pa.decimal128(25, 6))
    large = pa.array([Decimal(1), Decimal(10**18)], pa.decimal128(25, 6))
    assert micros(column, "revenue").tolist() == [10**6, -(10**12) * 9_000_000]
    assert micros(large, "revenue", rows=slice(0, 1)).tolist() == [10**6]
    with pytest.raises(DesignError, match="An amount of `revenue` is too large"):
        micros(large, "revenue")
