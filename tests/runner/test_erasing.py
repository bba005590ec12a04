"""`touchstone erase`: a customer stays out, whatever becomes of the list beside the sources file."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.foundation.errors import InputError
from analysis.runner.erasing import erase_from_tables
from analysis.runner.taking_in import take_in_sources


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study's folder whose tables know anna, ben and carl; the key lies outside."""
    monkeypatch.setenv("TOUCHSTONE_KEY_FILE", str(tmp_path / "pseudonym.key"))
    home = tmp_path / "study"
    (home / "params").mkdir(parents=True)
    (home / "exports").mkdir()
    (home / "params/sources.yaml").write_text("sources:\n  - {name: own, path: exports}\n")
    (home / "exports/customers.csv").write_text("customer_id,region\nanna,north\nben,south\ncarl,east\n")
    take_in_sources(home / "params/sources.yaml", as_of="2026-10-06")
    return home


def test_a_list_that_is_gone_is_brought_back(home: Path) -> None:
    """Deleted, or left behind under the name of before: the tables keep who was erased, and the list is whole again."""
    sources, kept = home / "params/sources.yaml", home / "params/sources.erased.json"
    erase_from_tables(sources, "anna", on="2026-10-20")
    first = kept.read_bytes()
    kept.unlink()
    told = take_in_sources(sources)
    assert told.intake.nothing_new
    assert "sources.erased.json lacked erasures that the tables keep; they stand there again: 1." in str(told)
    assert kept.read_bytes() == first
    assert "lacked erasures" not in str(take_in_sources(sources))

    erase_from_tables(sources, "ben", on="2026-10-21")
    both, renamed = kept.read_bytes(), sources.rename(home / "params/quarter.yaml")
    (home / "exports/customers.csv").write_text("customer_id,region\nanna,west\nben,south\ncarl,east\n")
    told = take_in_sources(renamed, as_of="2026-11-06")
    assert "own: 2 rows of `customers` are of customers who were erased." in str(told)
    assert (home / "params/quarter.erased.json").read_bytes() == both


def test_a_key_in_the_study_s_folder_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there is no git to tell."""
    monkeypatch.setenv("TOUCHSTONE_KEY_FILE", str(home / "params" / "pseudonym.key"))
    with pytest.raises(InputError, match="lies inside the project"):
        erase_from_tables(home / "params/sources.yaml", "anna", on="2026-10-20")
    (home / "params/sources.yaml").write_text("sources:\n  - {map: zendesk, path: exports}\n")
    with pytest.raises(InputError, match="lies inside the project"):
        take_in_sources(home / "params/sources.yaml", as_of="2026-11-06")
    assert not (home / "params/pseudonym.key").exists()
