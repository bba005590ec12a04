"""A change of one study throws away no companies of another, and a change that matters throws away its own."""

from __future__ import annotations

import ast

import pytest

from analysis.runner.proving import sources
from analysis.runner.proving.designs import ROOMS
from analysis.runner.proving.hazards import IN_ARRAYS_ONLY
from analysis.runner.proving.sources import code_of_the_proof, modules_of


def test_each_design_has_a_code_of_its_own_and_another_through_files() -> None:
    codes = [code_of_the_proof(design, files=files) for design in ROOMS for files in (False, True)]
    assert len(set(codes)) >= 7, "series have no files, so that theirs may be one"
    assert all(len(code) == 12 for code in codes)
    assert codes == [code_of_the_proof(design, files=files) for design in ROOMS for files in (False, True)]


@pytest.mark.parametrize(
    ("design", "inside", "outside"),
    [
        ("before_after", "analysis.studies.stack_arrays", "analysis.inference.instrument"),
        ("before_after", "analysis.synthetic.lean", "analysis.inference.ar1_reml"),
        ("service_effect", "analysis.inference.instrument", "analysis.studies.channel"),
        ("service_effect", "analysis.synthetic.queue_desk.life", "analysis.synthetic.roll_out"),
        ("adoption", "analysis.synthetic.roll_out", "analysis.synthetic.queue_desk.life"),
        ("change_log", "analysis.inference.synthetic_did", "analysis.synthetic.lean"),
        ("ab_randomised", "analysis.inference.few_clusters", "analysis.studies.experiment.study"),
        ("ab_randomised", "analysis.synthetic.experiments.shop", "analysis.inference.instrument"),
        ("roi_case", "analysis.roi.simulation", "analysis.studies.experiment.study"),
        ("roi_case", "analysis.studies.channel", "analysis.roi.case"),
    ],
)
def test_what_matters_to_a_design_and_what_does_not(design, inside, outside) -> None:
    assert inside in modules_of(design)
    assert outside not in modules_of(design)


@pytest.mark.parametrize("design", list(ROOMS))
def test_pages_and_hazards_matter_to_none_and_queries_to_files_only(design) -> None:
    """What tells records, or only names them, does not change them."""
    for name in ("hazards", "page", "tallies", "limits", "running", "command", "picture", "sources"):
        assert f"analysis.runner.proving.{name}" not in modules_of(design), name
    assert not any(name.endswith("_sql") or ".engine" in name for name in modules_of(design))
    assert set(modules_of(design)) <= set(modules_of(design, files=True))
    if design not in IN_ARRAYS_ONLY:
        assert "analysis.tables.engine.duckdb_engine" in modules_of(design, files=True)


def test_imports_within_functions_count_and_those_for_types_do_not() -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\ndef f():\n    import b\n"
    names = [part.names[0].name for part in sources._that_run(ast.parse(text)) if isinstance(part, ast.Import)]
    assert names == ["b"]


def test_a_changed_source_changes_the_code_of_its_designs_only(monkeypatch, tmp_path) -> None:
    """The same tree with one line more in the queue world: service has another code, the others theirs."""
    before = {design: code_of_the_proof(design) for design in ROOMS}
    real = sources._path

    def changed(name: str):
        path = real(name)
        if name != "analysis.synthetic.queue_desk.life" or path is None:
            return path
        copy = tmp_path / "life.py"
        copy.write_text(path.read_text(encoding="utf-8") + "\n_ONE_MORE = 1\n", encoding="utf-8")
        return copy

    monkeypatch.setattr(sources, "_path", changed)
    after = {design: code_of_the_proof(design) for design in ROOMS}
    assert [design for design in ROOMS if after[design] != before[design]] == ["service_effect"]
