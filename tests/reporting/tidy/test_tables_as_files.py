"""The tables of a report as files: what the results hold, with types, and nothing that runs in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.reporting.charts.figure import CHART_MIME
from analysis.reporting.tidy import INDEX, OVERVIEW, Tidy, behind_charts, table_files, tables_of_results
from analysis.reporting.tidy.files import as_csv, as_parquet
from analysis.reporting.tidy.rows import as_kind
from analysis.reporting.tidy.shapes import SHAPES, column

STAMP = {"study": "care", "run": "abc", "results": "sha256:1f"}
EFFECT = {
    "design": "before_after", "estimand": "channel_effect", "outcome": "orders", "segment": {"b": "2", "a": "1"},
    "value": 0.5, "low": 0, "high": 1.25, "n_treated": 12, "declared": True, "se": None,
    "checks": [{"name": "overlap", "verdict": "passed", "gate": True, "value": 0.25, "detail": "few"}],
}  # fmt: skip
HOSTILE = ["=1+1", "+1", "-1 of them", "@SUM(A1)", "\tx", "\rx", "\nx", '=cmd|" /C calc"!A0', "  =1"]


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def table(name: str, results: dict[str, Any]) -> Tidy:
    return next(one for one in tables_of_results(results) if one.name == name)


def test_an_effect_by_hand() -> None:
    effects = table("effects", {"effects": [EFFECT]})
    found = dict(zip([one.name for one in effects.columns], effects.rows[0], strict=True))
    assert (found["value"], found["low"], found["n_treated"], found["declared"], found["se"]) == (
        0.5,
        0.0,
        12,
        True,
        None,
    )
    assert found["segment"] == "a: 1; b: 2"
    checks = table("checks", {"effects": [EFFECT]})
    found = dict(zip([one.name for one in checks.columns], checks.rows[0], strict=True))
    assert (found["outcome"], found["name"], found["verdict"], found["value"]) == ("orders", "overlap", "passed", 0.25)


def test_every_study_has_the_same_tables() -> None:
    empty, full = tables_of_results({}), tables_of_results({"effects": [EFFECT]})
    assert [(one.name, one.columns) for one in empty] == [(one.name, one.columns) for one in full]
    assert len({one.name for one in SHAPES}) == len(SHAPES)
    for shape in SHAPES:
        names = [one.name for one in shape.columns]
        assert len(set(names)) == len(names), shape.name
        assert all(name.isidentifier() or name in ("from", "with") for name in names), "one can type them"


def test_both_forms_hold_the_same(tmp_path: Any) -> None:
    effects = table("effects", {"effects": [EFFECT, {**EFFECT, "value": -1e-7, "segment": {}, "outcome": 'a,"b"\nü'}]})
    head, *written = rows(as_csv(effects))
    held = pq.read_table(pa.BufferReader(as_parquet(effects, STAMP)))
    assert head == held.column_names
    assert len(written) == held.num_rows == 2
    for place, name in enumerate(head):
        for text, value in zip([row[place] for row in written], held.column(name).to_pylist(), strict=True):
            if isinstance(value, float):
                assert float(text) == value, name
            else:
                assert text == ("" if value is None else str(value).lower() if isinstance(value, bool) else str(value))
    assert held.schema.field("n_treated").type == pa.int64()
    assert held.schema.field("value").metadata == {b"unit": b"in the unit of the row"}
    assert held.schema.metadata[b"touchstone.run"] == b"abc"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_formula_and_numbers_stay_numbers(text: str) -> None:
    made = Tidy("t", "", (column("name"), column("value:n")), ((text, -0.5),))
    ((name, value),) = rows(as_csv(made))[1:]
    assert name == f"'{text}"
    assert value == "-0.5"
    held = pq.read_table(pa.BufferReader(as_parquet(made, STAMP)))
    assert held.column("name").to_pylist() == [text], "Parquet runs nothing, and keeps it as it is"


def test_lines_are_those_of_rfc_4180() -> None:
    made = Tidy("t", "", (column("name"),), (("a\x00b",), ("x\ny",), (None,), ("\ud800",)))
    assert as_csv(made) == 'name\r\na\N{REPLACEMENT CHARACTER}b\r\n"x\ny"\r\n""\r\n?\r\n'.encode()


def test_a_value_of_another_kind_is_refused_by_its_column() -> None:
    with pytest.raises(ValueError, match="Column `n_treated` holds a float, where a count should be"):
        table("effects", {"effects": [{**EFFECT, "n_treated": 1.5}]})
    with pytest.raises(ValueError, match="Column `value` holds a str, where a number should be") as found:
        as_kind("secret", column("value:n"))
    assert "secret" not in str(found.value)


def test_files_say_where_they_come_from() -> None:
    files = table_files(tables_of_results({"effects": [EFFECT]}), STAMP)
    assert set(files) == {
        "tables/effects.csv", "tables/effects.parquet", "tables/checks.csv", "tables/checks.parquet", INDEX, OVERVIEW
    }  # fmt: skip
    package = json.loads(files[INDEX])
    assert package["touchstone"] == STAMP
    assert [one["path"] for one in package["resources"]] == ["effects.csv", "checks.csv"]
    fields = {one["name"]: one for one in package["resources"][0]["schema"]["fields"]}
    assert fields["n_treated"] == {"name": "n_treated", "type": "integer", "unit": "customers or rows of the group"}
    told = files[OVERVIEW].decode()
    assert "run abc" in told
    assert "sha256:1f" in told
    assert "hypotheses (no rows)" in told


def test_the_same_tables_give_the_same_bytes() -> None:
    results = {"effects": [EFFECT]}
    assert table_files(tables_of_results(results), STAMP) == table_files(tables_of_results(results), STAMP)


def chart(columns: list[str], data: list[list[Any]]) -> dict[str, Any]:
    shown = {CHART_MIME: {"title": "Orders rose", "columns": columns, "rows": data}}
    return {"cell_type": "code", "outputs": [{"output_type": "display_data", "data": shown}]}


def test_the_figures_behind_charts() -> None:
    notebook = {
        "cells": [
            {"cell_type": "markdown"},
            chart([], []),
            chart(["month", "n", "n"], [["a", 1, True], ["b", None, 2]]),
        ]
    }
    (found,) = behind_charts(notebook, "metrics")
    assert (found.name, found.about) == ("chart_metrics_2", "The figures behind the chart “Orders rose”.")
    assert [(one.name, one.kind) for one in found.columns] == [("month", "text"), ("n", "number"), ("n_2", "text")]
    assert found.rows == (("a", 1.0, "True"), ("b", None, "2"))
