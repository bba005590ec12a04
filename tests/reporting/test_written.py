"""Tables whose cells are written straight to their place look as great-tables makes them."""

from __future__ import annotations

import pandas as pd
import pytest
from great_tables import GT, _tbl_data
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.reporting.tables.written import Written

TEXT = st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["<b>", "&amp;", "−5 %", "", "NA", "nan", "\u200f1"]))


def html(frame: pd.DataFrame, **given: object) -> str:
    table = GT(frame, auto_align=False, id="one", **given).tab_stubhead(label="what")
    return str(table.cols_align("left").cols_align("right", ["b"]).as_raw_html())


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(TEXT, TEXT, TEXT, st.sampled_from("gh")), min_size=1, max_size=9))
def test_a_table_is_the_same_to_the_letter(rows: list[tuple[str | None, ...]]) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b", "c", "of"], dtype=object)
    assert html(Written(frame), rowname_col="a") == html(frame, rowname_col="a")
    gathered = {"rowname_col": "a", "groupname_col": "of"}
    assert html(Written(frame), **gathered) == html(frame, **gathered)


def test_the_frame_itself_is_not_written_to() -> None:
    frame = pd.DataFrame({"a": ["<b>", "c"], "b": ["1", "2"]})
    before = frame.copy()
    html(Written(frame), rowname_col="a")
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("asked", ["_set_cell", "create_empty_frame"])
def test_great_tables_asks_this_class_how_it_is_written(asked: str) -> None:
    """Where this fails with a new version, tables are right and slow: see whether there is another way to tell it."""
    assert getattr(_tbl_data, asked).dispatch(Written).__module__ == Written.__module__
