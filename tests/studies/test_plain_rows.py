"""Rows of `results.json`: what JSON cannot say is null, everything else is as the table has it."""

from __future__ import annotations

import json
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.studies.plain_rows import plain_rows, plain_value


@pytest.mark.parametrize(
    "missing",
    [
        None,
        pd.NA,
        pd.NaT,
        float("nan"),
        np.float64("nan"),
        float("inf"),
        -np.inf,
        np.float32("inf"),
        np.datetime64("NaT"),
    ],
)
def test_what_is_missing_or_without_end_is_none(missing: object) -> None:
    assert plain_value(missing) is None


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(2**53 + 1), 2**53 + 1),
        (np.float64(0.1), 0.1),
        (np.bool_(False), False),
        (np.str_("b"), "b"),
        (0.0, 0.0),
        ("", ""),
        (date(2026, 9, 30), "2026-09-30"),
        (datetime(2026, 9, 30, 8, 5), "2026-09-30T08:05:00"),
        (pd.Timestamp("2026-09-30T08:05Z"), "2026-09-30T08:05:00+00:00"),
        (np.datetime64("2026-09-30", "ns"), "2026-09-30T00:00:00"),
    ],
)
def test_one_cell(value: object, plain: object) -> None:
    found = plain_value(value)
    assert found == plain
    assert type(found) is type(plain)


def test_a_table_of_every_kind_by_hand() -> None:
    table = pd.DataFrame(
        {
            "arm": pd.array(["a", None], dtype="string"),
            "customers": pd.array([3, None], dtype="Int64"),
            "told": pd.array([True, None], dtype="boolean"),
            "high": [1.5, np.inf],
            "day": pd.to_datetime(["2026-09-30", None]),
            7: [1, 2],
        },
        index=[9, 4],
    )
    before = table.copy(deep=True)
    assert plain_rows(table) == [
        {"arm": "a", "customers": 3, "told": True, "high": 1.5, "day": "2026-09-30T00:00:00", "7": 1},
        {"arm": None, "customers": None, "told": None, "high": None, "day": None, "7": 2},
    ]
    pd.testing.assert_frame_equal(table, before)


def test_a_table_without_rows_has_none() -> None:
    assert plain_rows(pd.DataFrame(columns=["arm"])) == []


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(10**15), 10**15), st.text(), st.booleans())))
def test_whatever_a_column_holds_strict_json_takes_it(values: list[object]) -> None:
    rows = plain_rows(pd.DataFrame({"value": pd.Series(values, dtype=object)}))
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert len(rows) == len(values)
