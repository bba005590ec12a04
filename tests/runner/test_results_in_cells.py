"""Whatever an open study hands out shows itself at the end of a cell, as text, with unit, interval and grade.

Every result of a tiny company is walked, field by field: a class that is not listed fails here. About 5 seconds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import analysis
from analysis.foundation.calendar import Month
from analysis.inference.estimate import Estimate, RowsUsed
from analysis.inference.moments import Moments
from analysis.metrics.figure import Metric, MetricsResult
from analysis.reporting.charts import Figure, NotShown
from analysis.reporting.in_a_cell import DRESS, UNDER_THE_RUNNER, install, shown_in_a_cell, to_frame
from analysis.reporting.in_a_cell_names import SHOWN
from analysis.reporting.tables import claims, segment_effects, segments_tested
from analysis.runner.opening import RUN_FOLDER, open_study
from analysis.studies.hypotheses.curve import Curve
from analysis.studies.result import Effect
from analysis.synthetic.make import make_world

STUDY = """
study: tiny
data: {folder: data}
period: {start: 2026-08-01, end: 2026-10-01}
outcomes: [orders, margin, issues, support_cost, repurchased, logins_90d]
segments: [region]
designs: [before_after, service_effect, adoption, change_log, ab_randomised, ab_observational, effort, hypotheses]
hypotheses:
  - {name: sells, statement: It sells., design: before_after, outcome: orders, direction: higher, smallest_effect: 0.02}
design_sheet: {outcomes: [orders], start: 2026-05-01, divisions: 20}
metrics: {targets: {response_rate: 0.9}, weights: {response_rate: 1}}
roi:
  forecast: [400, 400, 400]
  cashable:
    channel_shift: {value: 0.3, low: 0.1, high: 0.5, source: made up, dated: 2026-09-15}
"""
STEPS = (
    "metrics", "month_close", "before_after", "service_effect", "adoption", "change_log", "ab_segments", "effort",
    "design_sheet", "loyalty_hypotheses", "roi_case",
)  # fmt: skip
DESIGNS = sorted((Path(__file__).resolve().parents[2] / "docs" / "designs").glob("*.md"))
PARTS = (Month,)
"""Classes that are values of a cell and no results."""
HOSTILE = '<img src=x onerror=alert(1)>\u202e"&'


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("tiny")
    make_world(home / "data", world="demo", seed=3, customers=1500)
    (home / "params").mkdir()
    (home / "params" / "tiny.yaml").write_text(STUDY, encoding="utf-8")
    before = Path.cwd()
    os.chdir(home)
    made = {}
    try:
        with open_study("params/tiny.yaml") as study:
            for step in STEPS:
                made[step] = getattr(study, step)()
                study.record(made[step])
    finally:
        os.chdir(before)
    return made


def within(found: Any, seen: dict[type, Any]) -> dict[type, Any]:
    """One of every class of the project that lies within a result."""
    if isinstance(found, Mapping):
        for one in found.values():
            within(one, seen)
    elif isinstance(found, tuple | list):
        for one in found:
            within(one, seen)
    elif type(found).__module__.startswith("analysis."):
        seen.setdefault(type(found), found)
        if is_dataclass(found):
            for one in fields(found):
                if not one.name.startswith("_"):
                    within(getattr(found, one.name), seen)
    return seen


class Text(HTMLParser):
    """The text of a page and the names of its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.said = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.said += data + "\n"


@pytest.fixture(scope="module")
def parts(results: dict[str, Any]) -> dict[type, Any]:
    return within(list(results.values()), {})


def test_every_class_of_a_result_is_listed(parts) -> None:
    listed = {(module, name) for module, names in SHOWN.items() for name in names}
    reached = {
        (kind.__module__, kind.__name__) for kind in parts if kind not in PARTS and not kind.__name__.startswith("_")
    }
    assert len(reached) > 80
    assert reached - listed == set(), "add them to analysis/reporting/in_a_cell_names.py"


def test_every_listed_class_exists() -> None:
    from importlib import import_module

    for module, names in SHOWN.items():
        for name in names:
            assert isinstance(getattr(import_module(module), name), type), f"{module}.{name}"


def test_every_result_becomes_a_table_and_a_frame(parts) -> None:
    for kind, one in parts.items():
        if kind in PARTS or not (is_dataclass(one) or hasattr(one, "to_frame")):
            continue
        shown = shown_in_a_cell(one)
        assert shown.notes or len(shown.cells), kind
        assert len(shown.cells) <= 120, kind
        assert not shown.cells.astype(str).apply(lambda column: column.str.contains(" object at 0x")).any(axis=None), (
            kind
        )
        frame = to_frame(one)
        assert isinstance(frame, pd.DataFrame), kind
        if kind is Curve:  # its columns are the choices, in words
            continue
        assert all(isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in frame.columns), kind


@pytest.mark.parametrize("step", ["before_after", "service_effect", "adoption", "change_log", "ab_segments", "effort"])
def test_an_effect_has_its_unit_its_interval_and_its_grade(results, step: str) -> None:
    found = results[step]
    said = Text(shown_in_a_cell(found).html).said
    assert all(head in said.replace("\xa0", " ").split("\n") for head in ("Value", "95 % interval", "Unit", "Grade"))
    frame = to_frame(found)
    assert {"value", "low", "high", "level", "unit", "grade", "claim", "n_treated"} <= set(frame.columns)
    assert len(frame) == len(found.effects)
    for one in found.effects[:6]:
        row = shown_in_a_cell(one).cells.iloc[0]
        assert row["Grade"] == one.grade
        assert row["Unit"] == (one.estimate.unit if one.estimate else "–")
        if one.estimate is None:
            assert row["Value"] == "not claimed"
            assert one.reason in " ".join(shown_in_a_cell(one).notes)


def test_the_case_in_money_has_its_range_its_currency_and_what_it_rests_on(results) -> None:
    said = Text(shown_in_a_cell(results["roi_case"]).html).said
    assert "90 % interval" in said
    assert "EUR over 3 years" in said
    assert "Evidence by grade" in said
    assert str(results["roi_case"].claim)[:60] in said


def test_numbers_are_rounded_to_three_digits_and_ends_may_be_infinite() -> None:
    one = Estimate(
        name="orders", value=1.08749, low=float("-inf"), high=1234.5, level=0.95, se=0.02, scale="difference",
        unit="orders per customer", n_treated=900, n_comparison=2500, method="by hand",
    )  # fmt: skip
    row = shown_in_a_cell(one).cells.iloc[0].to_dict()
    assert (row["Value"], row["95\xa0% interval"], row["Treated"]) == ("1.09", "(−∞ to 1,234)", "900")
    assert to_frame(one).loc[0, "value"] == 1.08749


def test_it_speaks_the_locale_it_is_asked_for() -> None:
    rows = RowsUsed(read=12_000, kept=11_990, set_aside={"cancelled": 10})
    assert "12.000" in shown_in_a_cell(rows, locale="de_DE").html
    assert "12,000" in shown_in_a_cell(rows, locale="en_GB").html


def test_moments_by_hand() -> None:
    """Orders 1, 3, 2 and revenue 10, 30, 26: means 2 and 22; variances 1 and 112."""
    frame = to_frame(Moments.from_rows(("orders", "revenue"), [[1, 10], [3, 30], [2, 26]]))
    assert frame.to_dict("records") == [
        {"measure": "orders", "n": 3, "mean": 2.0, "variance": 1.0},
        {"measure": "revenue", "n": 3, "mean": 22.0, "variance": 112.0},
    ]


def test_text_from_data_stays_text(results) -> None:
    effect = next(one for one in results["before_after"].effects if one.estimate is not None)
    hostile = replace(effect, outcome=HOSTILE, claim=HOSTILE, segment={HOSTILE: HOSTILE}, treated=HOSTILE)
    figure = Metric(id=HOSTILE, version=1, basis="action", period="all", value=1.0, unit=HOSTILE, state=HOSTILE)
    for one in (hostile, figure, MetricsResult((figure,), {HOSTILE: HOSTILE}, "all")):
        found = Text(shown_in_a_cell(one).html)
        assert "img" not in found.tags
        assert "<img src=x onerror=alert(1)>" in found.said
        assert "\u202e" not in found.said


def test_what_is_no_result_is_refused() -> None:
    for given in (3, "text", {"a": 1}):
        with pytest.raises(TypeError, match=f"this is {type(given).__name__}"):
            shown_in_a_cell(given)
        with pytest.raises(TypeError, match="becomes a frame"):
            to_frame(given)


def test_a_result_is_not_changed_and_its_frame_may_be(results) -> None:
    found = results["before_after"]
    before = found.to_frame()
    given = before.copy()
    mine = to_frame(given)
    mine["value"] = 0.0
    pd.testing.assert_frame_equal(given, before)
    assert shown_in_a_cell(found).html == shown_in_a_cell(found).html


def test_several_results_become_one_frame(results) -> None:
    found = results["before_after"]
    whole, some = found.to_frame(), to_frame(found.effects[:3])
    assert len(some) == 3
    assert set(some.columns) <= set(whole.columns)
    assert some["value"].to_list() == whole["value"].head(3).to_list()
    assert some["claim"].to_list() == whole["claim"].head(3).to_list()
    assert to_frame(()).empty


def test_a_notebook_shows_them_so_once_the_package_is_imported(results, monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython's own display, without a kernel: what is registered is used before a class's own `_repr_html_`."""
    import IPython
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    try:
        monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
        assert analysis.to_frame is to_frame
        found = results["before_after"]
        kinds = (found, found.effects[0], found.effects[0].checks[0], found.evidence)
        for one in kinds:
            bundle, _ = shell.display_formatter.format(one)
            assert bundle["text/html"] == DRESS + shown_in_a_cell(one).html
            assert bundle["text/plain"] == str(shown_in_a_cell(one))
        assert isinstance(found.effects[0], Effect)
        assert shell.display_formatter.format(claims(found))[0]["text/html"].startswith(DRESS)
        monkeypatch.setenv(RUN_FOLDER, "somewhere")
        bundle, _ = shell.display_formatter.format(found)
        assert bundle["text/html"] == shown_in_a_cell(found).html, "a page dresses its tables itself"
    finally:
        InteractiveShell.clear_instance()
        shell.history_manager.end_session()


def test_outside_a_notebook_nothing_is_done() -> None:
    assert install() is False
    assert UNDER_THE_RUNNER == RUN_FOLDER


@pytest.mark.parametrize("page", DESIGNS, ids=lambda page: page.stem)
def test_what_a_page_of_a_design_does_by_hand_can_be_done(results, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block is run as it stands, on the results made above."""
    [code] = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    opened = SimpleNamespace(**{step: lambda step=step: results[step] for step in STEPS})
    monkeypatch.setitem(analysis.__dict__, "open_study", lambda params: opened)
    names: dict[str, Any] = {}
    exec(code, names)
    assert "study" in names
    for line in code.strip().splitlines()[3:]:
        if not re.match(r"\w+ = ", line):
            shown = eval(line, names)
            kinds = (tuple, Mapping, Figure, NotShown)
            assert shown is None or isinstance(shown, kinds) or is_dataclass(shown) or hasattr(shown, "_repr_html_"), (
                line
            )


@pytest.mark.parametrize("study", ["effort", "users"])
def test_segments_of_effort_and_of_users_are_tested_first_and_then_shown(results, study: str) -> None:
    found = results["effort"] if study == "effort" else results["ab_segments"].observational
    asked, told = segments_tested(found), segment_effects(found)
    main = found.tests[found.tests["estimand"].isin(["total_effect", "user_effect"])]
    assert len(asked.cells) == len(main)
    if told.frame.empty:
        pytest.fail("the tiny company is too small for segments: nothing was tested")
    by_segment = told.frame[told.frame["verdict"] != "whole"]
    assert set(by_segment["outcome"]) == set(told.frame["outcome"]), "no outcome stands with all customers alone"
    assert set(by_segment["segment"]) <= {"north", "south", "east", "west"}
    if len(main):
        assert set(asked.cells["Segments by"]) == {"region"}
