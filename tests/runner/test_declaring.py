"""A declaration through files: written once, read back in the report, and worth nothing for a test read otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError, ParamsError, TouchstoneError
from analysis.runner.declaring import declare
from analysis.runner.opening import prepare_study

PEOPLE = 600
PLANNED = """study: letter
data: {folder: data}
segments: [region]
hypotheses:
  - {name: more, statement: More, design: ab_randomised, outcome: orders, direction: higher, smallest_effect: 0.1}
design_sheet: {outcomes: [orders], divisions: 0, windows: [90], declared_on: 2025-12-20}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """600 customers with a year of orders before and 90 days after half of them were sent a letter on 1 January."""
    data = tmp_path / "data"
    data.mkdir()
    rng = np.random.default_rng(4)
    people = [f"c{number:04}" for number in range(PEOPLE)]
    days = np.arange("2025-01-01", "2026-05-01", dtype="datetime64[D]")
    bought = rng.poisson(4, PEOPLE)
    orders = [
        f"{who}-{place},{who},{rng.choice(days)}T09:00:00Z,20.00,EUR"
        for who, count in zip(people, bought, strict=True)
        for place in range(count)
    ]
    regions = [f"{who},{'north' if number % 3 else 'süd'},2024-01-01T00:00:00Z" for number, who in enumerate(people)]
    sent = [
        f"e,{who},{'treated' if number % 2 else 'control'},2026-01-01T00:00:00Z" for number, who in enumerate(people)
    ]
    for name, head, rows in (
        ("orders", "order_id,customer_id,ordered_at,revenue,currency", orders),
        ("customers", "customer_id,region,joined_at", regions),
        ("assignments", "experiment_id,customer_id,arm,assigned_at", sent),
    ):
        (data / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    (tmp_path / "params").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(home: Path, text: str, name: str = "letter") -> str:
    (home / "params" / f"{name}.yaml").write_text(text)
    return f"params/{name}.yaml"


def report(home: Path, noted: str, *, experiment: str = "", hypothesis: str = "smallest_effect: 0.1") -> str:
    text = PLANNED.partition("design_sheet")[0].replace("study: letter", "study: report")
    text = text.replace("smallest_effect: 0.1", hypothesis)
    return write(
        home,
        f"{text}outcomes: [orders]\ndesigns: [ab_randomised, hypotheses]\n"
        f"experiment: {{declared: sealed.json, declared_sha256: '{noted}'{experiment}}}\n",
        "report",
    )


def test_what_is_declared_before_and_read_as_declared(home: Path) -> None:
    made = declare(write(home, PLANNED), Path("sealed.json"))
    held = json.loads(Path("sealed.json").read_bytes())
    assert (held["primary"], held["segments"], held["sha256"]) == ("orders", ["region"], made.sha256)
    assert made.sha256 in str(made)
    assert declare("params/letter.yaml", Path("sealed.json")).sha256 == made.sha256, "the same again is no change"
    with prepare_study(report(home, made.sha256)) as study:
        found = study.make("ab_segments")
        assert found.effects
        assert all(effect.declared for effect in found.effects)
        assert not any("nothing counts as declared" in note for note in found.notes)


@pytest.mark.parametrize(
    ("experiment", "hypothesis", "effects", "judged", "said"),
    [
        ("", "smallest_effect: 0.1", True, True, ""),
        ("", "smallest_effect: 3.0", True, False, ""),
        ("", "smallest_effect: 0.1, scale: ratio", True, False, ""),
        (", window_days: 30", "smallest_effect: 0.1", False, False, "counted over 30 days, where 90 were declared"),
    ],
)
def test_what_was_turned_afterwards_is_no_longer_declared(
    home: Path, experiment: str, hypothesis: str, effects: bool, judged: bool, said: str
) -> None:
    from analysis.runner.beliefs import _kept
    from analysis.runner.hypotheses import hypotheses_of

    noted = declare(write(home, PLANNED), Path("sealed.json")).sha256
    with prepare_study(report(home, noted, experiment=experiment, hypothesis=hypothesis)) as study:
        found = study.make("ab_segments")
        assert {effect.declared for effect in found.effects} == {effects}
        assert any(said in note for note in found.notes) or not said
        kept = _kept(study)
        assert kept is not None
        assert [one.declared for one in hypotheses_of(study.values, kept)] == [judged]


def test_an_edited_declaration_stops_the_report(home: Path) -> None:
    noted = declare(write(home, PLANNED), Path("sealed.json")).sha256
    sealed = Path("sealed.json")
    sealed.write_text(sealed.read_text().replace("higher", "lower"))
    with prepare_study(report(home, noted)) as study, pytest.raises(ParamsError, match="changed after it was written"):
        study.make("ab_segments")


@pytest.mark.parametrize(
    ("found", "written", "said"),
    [
        ("design_sheet", "#", "plans no test"),
        ("[region]", "[regoin]", r"segments\[0\]: nothing can be declared by `regoin`"),
        ("[region]", "[customer_id]", "tells single customers apart"),
        ("outcomes: [orders]", "outcomes: [visits]", "there is no `visits`"),
        ("divisions: 0", "divisions: 0, control: nobody", "`nobody` among them"),
        ("divisions: 0", "divisions: 0, cluster: shop", "no column `shop`"),
        ("divisions: 0", "divisions: 0, start: 2025-01-02", "are needed to see how much customers differ"),
        ("divisions: 0", "divisions: 0, margins: {orders: 0.1}", "is a guardrail"),
    ],
)
def test_what_cannot_be_declared_writes_nothing(home: Path, found: str, written: str, said: str) -> None:
    params = write(home, PLANNED.replace(found, written))
    with pytest.raises(TouchstoneError, match=said) as caught:
        declare(params, Path("sealed.json"))
    assert caught.value.exit_status == 2
    assert not Path("sealed.json").exists()


def test_nothing_that_is_there_is_overwritten(home: Path) -> None:
    params = write(home, PLANNED)
    given = Path(params).read_bytes()
    with pytest.raises(DesignError, match="holds another declaration"):
        declare(params, Path(params))
    assert Path(params).read_bytes() == given
    with pytest.raises(TouchstoneError, match="data is a folder"):
        declare(params, Path("data"))
