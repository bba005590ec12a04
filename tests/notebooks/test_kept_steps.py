"""A report made with steps of an earlier run is the report made from cold, to the byte.

The notebooks are the shipped ones, on a company of 300 customers; about 15 s of processor time.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.runner.closing import READ_BY_CLOSES
from analysis.runner.run import Run, run_study
from analysis.synthetic.make import make_world
from tests.how_steps_ended import HowStepsEnded

SAYS_WHEN = {"status.json", "manifest.json"}
"""Files that hold seconds of the clock; the manifest holds the hashes of all others."""
PARAMS = """\
study: small
data: {folder: data}
designs: [before_after]
outcomes: [orders]
close: {rehearsal: true, first: 2026-08}
metrics: {classify_kinds: false}
roi: {discount_rate: RATE, draws: 1000}
"""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company") / "data"
    make_world(folder, world="demo", seed=4, customers=300)
    return folder


def run(home: Path, company: Path, rate: str, ends: HowStepsEnded | None = None) -> Run:
    (home / "params").mkdir(parents=True, exist_ok=True)
    (home / "params" / "small.yaml").write_text(PARAMS.replace("RATE", rate), encoding="utf-8")
    return run_study(home / "params" / "small.yaml", data=company, progress=ends or HowStepsEnded())


@pytest.mark.slow
def test_kept_steps_make_the_report_that_is_made_from_cold(tmp_path: Path, company: Path) -> None:
    earlier = run(tmp_path / "one", company, "0.1")
    assert set(earlier.steps["closes"].reads or ()) <= {"tables", *(f"params.{key}" for key in READ_BY_CLOSES)}
    ends = HowStepsEnded()
    kept = run(tmp_path / "one", company, "0.12", ends)
    anew = {step for step, state in ends.ended.items() if state != "kept"}
    assert anew == {"roi_case", "summary"}, "the rate is read by the case in money, and by what shows everything"
    assert {"closes", "metrics", "month_close", "before_after"} <= set(ends.ended)
    cold = run(tmp_path / "two", company, "0.12")
    assert kept.run == cold.run != earlier.run
    files = {path.relative_to(cold.folder) for path in cold.folder.rglob("*") if path.is_file()}
    assert {path.relative_to(kept.folder) for path in kept.folder.rglob("*") if path.is_file()} == files
    assert len(files) > 15
    for name in files:
        if name.name not in SAYS_WHEN:
            assert (kept.folder / name).read_bytes() == (cold.folder / name).read_bytes(), name
