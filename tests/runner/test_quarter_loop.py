"""Do two overlapping quarters of exports come to the figures of the same company written as the contract's tables?

A made-up company is written as exports of Zendesk, Shopify, X and Sprout, with late rows, edits, deletions, a renamed
column, misspelt addresses and unknown handles. They go through intake twice; beside them lie the tables that a perfect
intake would come to. Tables are compared cell by cell, figures to the last digit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analysis.runner.compute import compute_study
from analysis.runner.sources_file import load_sources
from analysis.synthetic.exports.quarters import FIRST, PULLS, SECOND, Pull
from analysis.synthetic.exports.write import CONTRACT, make_exports
from analysis.tables.contract import SCHEMAS
from analysis.tables.intake.take_in import Intake, take_in
from analysis.tables.load import Source, prepare
from analysis.tables.opened import open_tables
from analysis.tables.pseudonyms import user_key

CUSTOMERS = 600
VEILED = {"mentions": "author_id", "identities": "source_id"}
"""Columns in which the intake keeps pseudonyms of what Sprout calls a writer."""


@dataclass(frozen=True)
class Loop:
    """A company, its truth, and what the two intakes did."""

    home: Path
    truth: dict[str, Any]
    intakes: dict[str, Intake]

    @property
    def tables(self) -> Path:
        return self.home / "tables"


def take_in_pull(home: Path, pull: Pull) -> Intake:
    sources = load_sources(home / "params" / "sources.yaml")
    return take_in(
        sources.intake_sources(),
        sources.tables,
        as_of=datetime.fromisoformat(str(pull.day)),
        zone=sources.values.zone,
        phone_country=sources.values.phone_country,
        period=sources.period,
    )


@pytest.fixture(scope="module", autouse=True)
def own_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOUCHSTONE_KEY_FILE", str(tmp_path_factory.mktemp("key") / "pseudonym.key"))
        yield


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    home = tmp_path_factory.mktemp("loop")
    make_exports(home, world="effect", seed=11, customers=CUSTOMERS)
    later = home / "exports" / SECOND.name
    waiting = later.rename(home / "not yet pulled")
    intakes = {FIRST.name: take_in_pull(home, FIRST)}
    waiting.rename(later)
    intakes[SECOND.name] = take_in_pull(home, SECOND)
    return Loop(home=home, truth=json.loads((home / "truth.json").read_text()), intakes=intakes)


def rows_of(folder: Path, cache: Path, *, at: Pull | None = None) -> dict[str, pa.Table]:
    """Every table of a folder, in the contract's columns that it has, in the order of its key."""
    prepared = prepare([Source(folder)], cache=cache)
    found = {}
    as_known_at = None if at is None else datetime.fromisoformat(str(at.day))
    with open_tables(prepared, as_known_at=as_known_at) as tables:
        for name, account in tables.accounts.items():
            columns = [column.name for column in SCHEMAS[name].columns if column.name in account.columns]
            listed = ", ".join(f'"{column}"' for column in columns)
            found[name] = tables.engine.query(f"select {listed} from {name} order by {', '.join(SCHEMAS[name].key)}")
    return found


def veiled(rows: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The contract's tables with Sprout's names of writers as the intake keeps them."""
    key = user_key()
    for table, column in VEILED.items():
        held = rows[table]
        sprouts = (
            [True] * held.num_rows if table == "mentions" else [one == "sprout" for one in held["source"].to_pylist()]
        )
        values = [
            key.of("id", text) if sprout else text
            for text, sprout in zip(held[column].to_pylist(), sprouts, strict=True)
        ]
        held = held.set_column(held.column_names.index(column), column, pa.array(values, pa.string()))
        rows[table] = held.sort_by([(name, "ascending") for name in SCHEMAS[table].key])
    return rows


def differing(found: dict[str, pa.Table], true: dict[str, pa.Table]) -> list[str]:
    """The tables and columns that are not equal, with the number of rows that differ."""
    unlike = [name for name in sorted(set(found) | set(true)) if (name in found) != (name in true)]
    for name in sorted(set(found) & set(true)):
        if found[name].num_rows != true[name].num_rows:
            unlike.append(f"{name}: {found[name].num_rows} rows, not {true[name].num_rows}")
            continue
        for column in sorted(set(found[name].column_names) | set(true[name].column_names)):
            here, there = (
                one[name][column].to_pylist() if column in one[name].column_names else [None] * one[name].num_rows
                for one in (found, true)
            )
            if rows := sum(a != b for a, b in zip(here, there, strict=True)):
                unlike.append(f"{name}.{column}: {rows} rows")
    return unlike


@pytest.mark.parametrize("pull", PULLS, ids=lambda pull: pull.name)
def test_the_report_counts_what_happened(loop: Loop, pull: Pull) -> None:
    """New, changed and gone rows of each table, as the truth has them."""
    for table, sources in loop.truth["tables"].items():
        told = loop.intakes[pull.name].changes[table].to_dict()
        counts = [one if pull is SECOND else {"new": one["first"]} for one in sources.values()]
        for what in ("new", "changed", "gone", "rematched"):
            assert told[what] == sum(one.get(what, 0) for one in counts), (table, what)
    assert not loop.intakes[pull.name].unread


def test_tables_are_those_of_a_perfect_intake(loop: Loop, tmp_path: Path) -> None:
    found = rows_of(loop.tables, tmp_path / "a")
    true = veiled(rows_of(loop.home / CONTRACT[SECOND.name], tmp_path / "b"))
    assert differing(found, true) == []


def test_what_was_known_after_the_first_intake_can_still_be_told(loop: Loop, tmp_path: Path) -> None:
    found = rows_of(loop.tables, tmp_path / "a", at=FIRST)
    true = veiled(rows_of(loop.home / CONTRACT[FIRST.name], tmp_path / "b", at=FIRST))
    # who is who is no event: the latest list stands for every time
    apart = {name for name in found if SCHEMAS[name].standing}
    assert differing(*({name: rows for name, rows in one.items() if name not in apart} for one in (found, true))) == []


def test_a_second_run_changes_nothing(loop: Loop) -> None:
    before = loop.tables.resolve()
    again = take_in_pull(loop.home, SECOND)
    assert again.nothing_new
    assert loop.tables.resolve() == before


def test_figures_are_equal_to_the_last_digit(loop: Loop, tmp_path: Path) -> None:
    """All that a study says, but for the fingerprints of its files. No export tells a margin, so there is no case."""
    params = loop.home / "params" / f"{SECOND.name}.yaml"
    found, true = (
        {name: part for name, part in json.loads(results.read_text()).items() if name != "provenance"}
        for results in (
            compute_study(params, out=tmp_path / "a"),
            compute_study(params, data=loop.home / CONTRACT[SECOND.name], out=tmp_path / "b"),
        )
    )
    for name in ("metrics", "effects", "coverage"):
        assert found[name] == true[name]
    assert found == true
    assert sum(one["value"] is not None for one in found["metrics"]) > 500
    assert any(one["value"] is not None for one in found["effects"])
    assert found["roi"] is None


@pytest.mark.parametrize("pull", PULLS, ids=lambda pull: pull.name)
def test_people_are_found_as_the_truth_has_it(loop: Loop, pull: Pull) -> None:
    """Whose the rows are that are held after each intake; nobody is found by two ways that differ."""
    for table, sources in loop.truth["matching"].items():
        told = loop.intakes[pull.name].people[table]
        true = {
            what: sum(one[pull.name][what] for one in sources.values())
            for what in next(iter(sources.values()))[pull.name]
        }
        assert told["by_id"] + told["by_email"] + told["by_phone"] == true["matched"]
        assert (told["shared"], told["nameless"], told["unknown"]) == (
            true["ambiguous"],
            true["nameless"],
            true["unmatched"],
        )
        assert told["conflicts"] == 0
    assert loop.intakes[SECOND.name].people["orders"]["by_phone"] > 0
    assert loop.intakes[SECOND.name].changes["mentions"].rematched > 0
