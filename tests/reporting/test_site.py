"""The index lists every finished report, and no folder can break it."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from analysis.foundation.provenance import canonical_json
from analysis.reporting.site import entries, in_families, write_index


def report(
    folder, results, *, pages=("index", "metrics", "before_after"), manifest='{"schema": "touchstone.manifest/1"}'
):
    (folder / "notebooks").mkdir(parents=True)
    (folder / "results.json").write_bytes(canonical_json(results))
    if manifest is not None:
        (folder / "manifest.json").write_text(manifest)
    for name in pages:
        (folder / f"{name}.html").write_text(f"<html><title>Page {name} – x</title></html>")
        (folder / "notebooks" / f"{name}.ipynb").write_text("{}")
    return folder


@pytest.fixture
def reports(tmp_path, made):
    report(tmp_path / "2026q3", made.results())
    older = made.results() | {"study": "2026q2", "known_at": "2026-07-06T00:00:00Z", "effects": []}
    report(tmp_path / "2026q2", older)
    return tmp_path


def test_every_report_stands_with_headline_evidence_and_links(reports):
    path = write_index(reports)
    assert path == reports / "index.html"
    html = path.read_text(encoding="utf-8").replace("\xa0", " ")
    assert [entry.study for entry in entries(reports)] == ["2026q3", "2026q2"]  # the latest first
    assert "bought 8 % more often (95 % interval: 4 % to 13 % more)" in html
    assert '<p class="ts-mark ts-grade-b"><strong>Grade B</strong> comparison that passed its checks</p>' in html
    assert "This report counts and claims no effect." in html
    assert "1 July 2026 to 30 September 2026 (Europe/London)" in html
    assert "partly provisional" in html
    for address in (
        "2026q3/index.html",
        "2026q3/metrics.html",
        "2026q3/results.json",
        "2026q3/notebooks/metrics.ipynb",
    ):
        assert f'href="{address}"' in html
        assert (reports / address).is_file()
    assert ">Page metrics</a>" in html


def test_links_are_grouped_and_follow_the_order_of_the_report(reports):
    folder = reports / "2026q3"
    for name in ("report.pdf", "case.xlsx", "case.pptx"):
        (folder / name).write_text("x")
    entry = entries(reports)[0]
    assert [label for label, _ in entry.documents] == [
        "Report as PDF", "Workbook of the case", "Slides of the case", "Results for programs",
    ]  # fmt: skip
    assert [label for label, _ in entry.pages] == ["Page metrics", "Page before_after"]
    assert [label for label, _ in entry.notebooks] == ["Page metrics", "Page before_after", "Page index"]
    html = write_index(reports).read_text(encoding="utf-8")
    assert html.index("2026q3/report.pdf") < html.index("<summary>Pages (2)</summary>")
    assert html.index("<summary>Pages (2)</summary>") < html.index("<summary>Notebooks with their code (3)</summary>")


def test_reports_of_one_study_stand_together_the_latest_in_full_and_old_ones_folded(tmp_path, made):
    """Of seven quarters the latest stands in full, three in short, three are folded away; another study beside them."""
    quarters = [f"{year}q{quarter}" for year in (2025, 2026) for quarter in (1, 2, 3, 4)][:7]
    for number, quarter in enumerate(quarters):
        found = {"study": f"care-{quarter}", "known_at": f"2026-0{number + 1}-01T00:00:00Z"}
        report(tmp_path / f"care-{quarter}", made.results() | found)
    report(tmp_path / "trial", made.results() | {"study": "trial", "known_at": "2026-03-15T00:00:00Z"})
    care, trial = in_families(entries(tmp_path))
    assert (care.name, care.latest.study) == ("care", "care-2026q3")
    assert [one.study for one in care.earlier] == ["care-2026q2", "care-2026q1", "care-2025q4"]
    assert [one.study for one in care.older] == ["care-2025q3", "care-2025q2", "care-2025q1"]
    assert (trial.name, trial.earlier, trial.older) == ("trial", (), ())
    html = write_index(tmp_path).read_text(encoding="utf-8")
    assert "<summary>… and 3 earlier reports of this study</summary>" in html
    assert html.count("Read the report</a>") == 2
    assert html.count('class="ts-mark ts-grade-b"') == 8  # every report has its grade
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", html)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_a_report_that_counts_nothing_has_no_status(tmp_path, made):
    report(tmp_path / "trial", made.results() | {"metrics": []})
    assert "Status:" not in write_index(tmp_path).read_text(encoding="utf-8")


def test_equal_reports_give_equal_bytes(reports):
    first = write_index(reports).read_bytes()
    assert write_index(reports).read_bytes() == first
    assert not list(reports.glob(".index*"))


def test_broken_and_foreign_folders_are_passed_over(reports, made):
    (reports / "empty").mkdir()
    (reports / "file.txt").write_text("x")
    (reports / "dangling").symlink_to(reports / "nowhere")
    (reports / ".runs").mkdir()
    report(reports / ".runs" / "hidden", made.results())
    report(reports / "unfinished", made.results(), manifest=None)
    report(reports / "torn", made.results(), manifest="{")
    for name, content in {
        "list": "[1]", "text": '"x"', "nothing": "", "binary": "\ufffd\0", "deep": "[" * 100_000, "null": "null",
        "no_study": "{}", "odd": json.dumps({"study": "x", "effects": [{"estimand": "channel_effect"}], "metrics": []}),
        "odder": json.dumps({"study": "x", "effects": 5, "metrics": "y"}),
    }.items():  # fmt: skip
        report(reports / name, made.results())
        (reports / name / "results.json").write_text(content)
    assert [entry.study for entry in entries(reports)] == ["2026q3", "2026q2"]


def test_a_link_to_a_run_is_a_report(tmp_path, made):
    folder = report(tmp_path / ".runs" / "study" / "abc", made.results())
    (tmp_path / "study").symlink_to(folder)
    assert [entry.address for entry in entries(tmp_path)] == ["study/index.html"]


def test_no_reports_is_a_page_too(tmp_path):
    assert "There is no finished report here yet." in write_index(tmp_path).read_text(encoding="utf-8")


def test_hostile_text_and_names_are_text(tmp_path, made):
    results = made.results() | {"study": made.HOSTILE, "period": {"start": "x", "end": made.HOSTILE}}
    for row in results["effects"]:
        row["treated"] = made.HOSTILE
    folder = report(tmp_path / 'a "b" <c> ü #?', results, pages=("index",))
    (folder / "x<script>.html").write_text("<title><script>alert(1)</script></title>")
    html = write_index(tmp_path).read_text(encoding="utf-8")
    assert "<script" not in html
    assert "\u202e" not in html
    assert 'href="a%20%22b%22%20%3Cc%3E%20%C3%BC%20%23%3F/index.html"' in html
    assert not re.search(r"https?://", html)
