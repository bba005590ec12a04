"""Work that is sure to come is begun before tables are read; a rerun that changes nothing begins none."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.foundation.provenance import canonical_json, write_atomically
from analysis.runner.params import load_params
from analysis.runner.publish import Place
from analysis.runner.same_run import PARAMS, asked_before


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.of(tmp_path / "reports" / "trial")


def test_a_run_of_the_same_parameters_is_known_and_no_other(tmp_path: Path, place: Place) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text("study: trial\n")
    asked = load_params(file)
    assert not asked_before(place, asked)
    write_atomically(place.runs / "abc" / PARAMS, canonical_json(asked.canonical()))
    assert asked_before(place, asked)
    file.write_text("study: trial\nseed: 7\n")
    assert not asked_before(place, load_params(file))
    write_atomically(place.runs / "def" / PARAMS, b"{}")
    (place.runs / "a folder" / PARAMS).mkdir(parents=True)
    (place.runs / "gone").mkdir()
    (place.runs / "gone" / PARAMS).symlink_to(tmp_path / "nowhere")
    assert not asked_before(place, load_params(file))
    assert asked_before(place, asked)
