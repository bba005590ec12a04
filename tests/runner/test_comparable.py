"""Whether two reports can be compared, and the last signed report of a family found without being named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analysis.foundation.errors import ParamsError
from analysis.foundation.provenance import canonical_json, fingerprint
from analysis.ledger.signature import Signature
from analysis.ledger.signatures import Signatures
from analysis.runner.comparable import doubts
from analysis.runner.opening import prepare_study
from analysis.runner.previous import compared, read_report
from analysis.runner.results import merged

PERIOD = {"start": "2026-01-01", "end": "2026-04-01", "timezone": "UTC"}
LATER = {"start": "2026-04-01", "end": "2026-07-01", "timezone": "UTC"}


def results(study: str = "care-2026q1", period: dict[str, Any] | None = PERIOD, **more: Any) -> dict[str, Any]:
    return {**merged({"study": study, "period": period, "known_at": "2026-04-06T00:00:00Z"}, {}), **more}


@pytest.mark.parametrize(
    ("later", "words"),
    [
        ({"period": LATER}, []),
        ({"study": "service-2026q2", "period": LATER}, ["two families of studies, care and service"]),
        ({"period": {**LATER, "timezone": "Europe/London"}}, ["counted in UTC and in Europe/London"]),
        (
            {"period": {**PERIOD, "start": "2025-01-01", "end": "2026-01-01"}},
            ["the later one. Name them the other way"],
        ),
        ({"known_at": "2026-04-01T00:00:00Z"}, ["the first knows of later news"]),
        ({"period": {**LATER, "start": "2026-02-01"}}, ["overlap, from 2026-02-01 to 2026-03-31"]),
        ({"period": {**PERIOD, "end": "2026-07-01"}}, []),
        ({"period": None}, []),
        ({"roi": {"currency": "GBP"}, "period": LATER}, ["Money is in EUR and in GBP"]),
        ({"period": {**PERIOD, "calendar": {"periods": []}}}, ["the first counts by months, and the second does not"]),
    ],
)
def test_what_makes_two_reports_hard_to_compare(later: dict[str, Any], words: list[str]) -> None:
    earlier = results(roi={"currency": "EUR"})
    said = list(doubts(earlier, {**results(), **later}))
    assert len(said) == len(words), said
    for word, sentence in zip(words, said, strict=True):
        assert word in sentence


def test_the_command_says_them_first(tmp_path: Path) -> None:
    for name, given in (("a", results("one", LATER)), ("b", results("two"))):
        (tmp_path / f"{name}.json").write_bytes(canonical_json(given))
    found = compared(tmp_path / "a.json", tmp_path / "b.json")
    text = str(found)
    assert text.index("Before you compare") < text.index("Figures:")
    assert "the other way round" in text
    assert len(found.to_dict()["doubts"]) == 2
    json.loads(canonical_json(found.to_dict()))


def test_parameters_that_did_not_make_the_results_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_bytes(canonical_json(results(provenance={"params": "sha256:other"})))
    (tmp_path / "params.json").write_text('{"seed": 1}')
    assert read_report(tmp_path, "x").params is None


@pytest.fixture
def signed(home: Path) -> Callable[..., Path]:
    """Writes a report of the family and a signature under it."""

    def write(study: str, period: dict[str, Any], role: str = "approver", *, sign: str | None = None) -> Path:
        folder = home / "reports" / study
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_bytes(canonical_json(results(study, period)))
        record = Signatures.open(home / "reports" / "ledger" / "care", "care")
        record.append(
            Signature(
                number=0, family="care", study=study, run="r", results=sign or fingerprint(folder / "results.json"),
                known_at="2026-04-06T00:00:00Z", period=period, role=role, name="A", note="",
                signed_at=datetime(2026, 7, 1), closes=(0, ""),
            )
        )  # fmt: skip
        return folder

    (home / "params" / "trial.yaml").write_text(
        "study: care-2026q2\nprevious: last signed\ndata: {folder: data}\nperiod: 2026q2\n"
    )
    return write


def test_the_last_signed_report_is_found(home: Path, signed: Callable[..., Path]) -> None:
    signed("care-2026q1", PERIOD)
    signed("care-2025q4", {**PERIOD, "start": "2025-10-01", "end": "2026-01-01"})
    signed("care-2026q3", {**PERIOD, "start": "2026-07-01", "end": "2026-10-01"})
    signed("care-2026-03", {**PERIOD, "start": "2026-03-01"}, role="reviewer")
    signed("care-2026q2", LATER)
    with prepare_study("params/trial.yaml") as study:
        study.check()
        assert study.previous is not None
        assert study.previous.results["study"] == "care-2026q1", "by period, approved, no later one, not its own"
        assert study.base["provenance"]["inputs"]["previous"] == fingerprint(
            home / "reports" / "care-2026q1" / "results.json"
        )


@pytest.mark.parametrize("made", [[], ["other"], ["reviewer"]])
def test_none_signed_is_refused_with_the_remedy(signed: Callable[..., Path], made: list[str]) -> None:
    if "other" in made:
        signed("care-2026q1", PERIOD, sign="sha256:" + "0" * 64)
    if "reviewer" in made:
        signed("care-2026q1", PERIOD, role="reviewer")
    with prepare_study("params/trial.yaml") as study, pytest.raises(ParamsError) as caught:
        study.check()
    assert "finds no report of the family `care` that an approver has signed" in str(caught.value)
    assert "touchstone sign" in str(caught.value)
    assert ("1 approved, 0 of them still as signed" in str(caught.value)) is ("other" in made)
