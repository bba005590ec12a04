"""`touchstone intake`: exports into tables, the report in words and as a page, and the close over two quarters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.foundation.errors import InputError, ParamsError
from analysis.ledger.store import Ledger
from analysis.runner.closing import close_study, month_named
from analysis.runner.erasing import erase_from_tables
from analysis.runner.figures import figures_asked
from analysis.runner.opening import prepare_study
from analysis.runner.sources_file import load_sources
from analysis.runner.taking_in import take_in_sources

CLICKS = "action_id,post_id,kind,quantity,occurred_at\n1,p,click,100,2026-09-10T10:00Z\n"
LATE = "2,p,click,7,2026-09-30T10:00Z\n3,p,click,4,2026-10-30T10:00Z\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study's folder with exports of its own."""
    monkeypatch.setenv("TOUCHSTONE_KEY_FILE", str(tmp_path / "keys" / "pseudonym.key"))
    (tmp_path / "keys").mkdir(mode=0o700)
    home = tmp_path / "study"
    (home / "params").mkdir(parents=True)
    (home / "exports").mkdir()
    (home / "params/sources.yaml").write_text("period: 2026q3\nsources:\n  - {name: own, path: exports}\n")
    (home / "params/care.yaml").write_text(
        "study: care\ndata: {folder: tables}\nperiod: {start: 2026-09-01, end: 2026-11-01}\n"
    )
    (home / "exports/posts.csv").write_text("post_id,published_at,platform\np,2026-09-01T09:00Z,x\n")
    (home / "exports/post_actions.csv").write_text(CLICKS)
    return home


def test_late_news_is_an_adjusting_entry_and_each_date_keeps_its_figure(home: Path) -> None:
    """100 clicks locked for September; 7 more of September in November's export: 100 stays, +7 is booked."""
    sources, params = home / "params/sources.yaml", home / "params/care.yaml"
    take_in_sources(sources, as_of="2026-10-06")
    with prepare_study(params) as study:
        close_study(study, month_named("2026-09"))
    (home / "exports/post_actions.csv").write_text(CLICKS + LATE)
    take_in_sources(sources, as_of="2026-11-06")
    with prepare_study(params) as study:
        told = close_study(study, month_named("2026-10")).to_dict()
        assert "adjusted to 107" in json.dumps(told)
    entries = [
        (one.kind, one.key.period, one.value, one.change)
        for one in Ledger.open(home / "reports/ledger/care").figures
        if one.key.metric == "link_clicks" and one.key.basis == "action"
    ]
    assert entries == [("lock", "2026-09", 100, None), ("adjust", "2026-09", 107, 7), ("lock", "2026-10", 4, None)]
    for known_at, value in (("2026-10-10", 100), (None, 107)):
        found = figures_asked(str(params), known_at=known_at, only=("link_clicks",), data=None)
        september = [row.value for row in found.rows if row.period == "2026-09" and row.basis == "action"]
        assert september == [value]
    with pytest.raises(InputError, match="is kept since its first export"), prepare_study(params) as study:
        study.tables_as_known(study.known_at.replace(month=9))  # type: ignore[union-attr]


def test_the_report_stands_in_the_terminal_and_on_a_page(home: Path) -> None:
    taken = take_in_sources(home / "params/sources.yaml", as_of="2026-10-06")
    said = str(taken)
    assert "post_actions end 2026-09-10, the period ends 2026-09-30." in said
    page = (home / "tables/report.html").read_text()
    assert "post_actions end 2026-09-10, the period ends 2026-09-30." in page
    assert "<script" not in page
    again = take_in_sources(home / "params/sources.yaml")
    assert str(again).startswith("Nothing is new: 2 files had been read before. The tables stand.")
    assert taken.to_dict()["tables"] == again.to_dict()["tables"]


def test_a_sources_file_is_typed(home: Path) -> None:
    file = home / "params/sources.yaml"
    file.write_text(
        "tabels: x\nzone: Mars\nperiod: soon\nphone_country: '0044'\n"
        "sources:\n  - {path: a}\n  - {name: b, path: c, extent: all}\n  - {name: b, path: d, dated: nothing}\n"
    )
    with pytest.raises(ParamsError) as error:
        load_sources(file)
    places = [fault.where.removeprefix(f"{file}: ") for fault in error.value.faults]
    assert set(places) >= {
        "tabels",
        "zone",
        "period",
        "phone_country",
        "sources[0]",
        "sources[1].extent",
        "sources[2].dated",
    }


def test_paths_start_from_the_study_and_may_hold_a_star(home: Path) -> None:
    file = home / "params/sources.yaml"
    for quarter in ("2026q2", "2026q3"):
        (home / "exports" / quarter).mkdir()
        (home / "exports" / quarter / "tickets.csv").write_text("")
    file.write_text("sources:\n  - {map: zendesk, path: exports/*/tickets.csv}\n")
    (source,) = load_sources(file).intake_sources()
    assert source.name == "zendesk"
    assert [path.relative_to(home).as_posix() for path in source.paths] == [
        "exports/2026q2/tickets.csv",
        "exports/2026q3/tickets.csv",
    ]


def test_a_date_is_asked_for(home: Path) -> None:
    with pytest.raises(InputError, match="--as-of 2026-10-03"):
        take_in_sources(home / "params/sources.yaml")
    with pytest.raises(ParamsError, match="--as-of: is no day"):
        take_in_sources(home / "params/sources.yaml", as_of="yesterday")
    assert not (home / "tables").exists()


def test_a_customer_is_erased_by_command_and_stays_out(home: Path) -> None:
    sources = home / "params/sources.yaml"
    (home / "exports/customers.csv").write_text("customer_id,region\nanna,north\nben,south\n")
    take_in_sources(sources, as_of="2026-10-06")
    with prepare_study(home / "params/care.yaml") as study:
        assert study.prepared.accounts["customers"].rows.kept == 2
    gone = erase_from_tables(sources, "anna", on="2026-10-20")
    assert dict(gone.rows) == {"customers": 1}
    assert "anna" not in str(gone)
    assert "anna" not in (home / "params/sources.erased.json").read_text()
    assert not (home / "reports/.cache/tables").exists()
    (home / "exports/customers.csv").write_text("customer_id,region\nanna,west\nben,south\n")
    told = str(take_in_sources(sources, as_of="2026-11-06"))
    assert "own: 1 rows of `customers` are of customers who were erased." in told
    with prepare_study(home / "params/care.yaml") as study:
        assert study.tables.engine.query("select customer_id from customers").column(0).to_pylist() == ["ben"]
