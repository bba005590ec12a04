"""What is asked of a study is noted, key by key; asking for all at once is reading everything."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.runner.opening import prepare_study
from analysis.runner.params_model import Params
from analysis.runner.reading import EVERYTHING, Reads, read_noted, watched
from analysis.runner.study import Study


def test_every_key_is_noted_when_it_is_asked_for() -> None:
    for key in Params.model_fields:
        reads = Reads()
        values = watched(Params(study="trial"), reads)
        assert getattr(values, key) == getattr(Params(study="trial"), key)
        assert reads.names == (f"params.{key}",)


@pytest.mark.parametrize(
    "ask",
    [
        lambda values: values.model_dump(),
        lambda values: values.model_dump_json(),
        lambda values: values.model_copy(),
        vars,
        dict,
        lambda values: values == Params(study="trial"),
        repr,
        str,
        copy.copy,
        copy.deepcopy,
    ],
)
def test_asking_for_all_is_reading_everything(ask: Callable[[Params], Any]) -> None:
    reads = Reads()
    ask(watched(Params(study="trial"), reads))
    assert EVERYTHING in reads.names


def test_parameters_that_are_watched_cannot_slip_away_in_a_pickle() -> None:
    reads = Reads()
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(watched(Params(study="trial"), reads))


def test_properties_note_what_they_are_made_of() -> None:
    given = {"study": "a", "metrics": {"schedule": [{"from": "2026-01-01", "hours": {"mon": "09:00-17:00"}}]}}
    reads = Reads()
    values = watched(Params.model_validate_json(json.dumps(given)), reads)
    assert values.opening_hours == Params.model_validate_json(json.dumps(given)).opening_hours
    assert reads.names == ("params.metrics", "params.period")


def test_what_is_noted_lies_in_the_file_at_once_and_a_second_study_goes_on_from_it(tmp_path: Path) -> None:
    file = tmp_path / "reads.json"
    assert read_noted(file) is None, "nobody noted anything: it may have read all"
    Reads(file)
    assert read_noted(file) == ()
    Reads(file).note("tables")
    Reads(file).note("ledger")
    assert read_noted(file) == ("ledger", "tables")
    file.write_text("{")
    assert read_noted(file) is None
    assert [path.name for path in tmp_path.iterdir()] == ["reads.json"]


@pytest.mark.parametrize(
    ("ask", "noted"),
    [
        (lambda study: study.name, {"params.study"}),
        (lambda study: study.tables, {"tables", "params.data", "params.as_of"}),
        (lambda study: study.prepared.accounts, {"tables"}),
        (lambda study: study.decision, {"decision", "tables", "params.data", "params.as_of"}),
        (lambda study: study.part("metrics"), {"part.metrics"}),
        (lambda study: study.ledger, {"ledger", "params.close", "params.study"}),
        (lambda study: study.promised, {"promises", "params.roi", "params.study"}),
        (lambda study: study.base, {EVERYTHING}),
        (lambda study: study.merge(), {EVERYTHING}),
        (lambda study: study.folder, {EVERYTHING}),
        (lambda study: study.params.canonical(), {EVERYTHING}),
        (lambda study: study.params.fingerprint(), {EVERYTHING}),
    ],
)
def test_what_is_asked_of_a_study_is_noted(home: Path, ask: Callable[[Study], Any], noted: set[str]) -> None:
    with prepare_study("params/trial.yaml") as whole:
        reads = Reads()
        with Study(whole.params, whole.prepared, home / "scratch", reads=reads) as study:
            ask(study)
        if EVERYTHING in noted:
            assert EVERYTHING in reads.names
        else:
            assert set(reads.names) == noted
