"""Is a made-up company a folder that keeps the contract, whole, the same each time, and never over somebody's data?"""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import ParamsError, UnknownName
from analysis.foundation.provenance import fingerprint
from analysis.synthetic.block import block_of
from analysis.synthetic.columns import MONEY, TEXT, TIME
from analysis.synthetic.folder import Append
from analysis.synthetic.make import OTHERS, TABLES, make_world
from analysis.synthetic.truths import index_issues
from analysis.synthetic.world import WORLDS, World, world_named
from analysis.tables.load import Source, prepare


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("world")
    make_world(home, world="demo", seed=7, customers=3_000)
    return home


def rows_of(folder: Path, table: str) -> pa.Table:
    return pq.read_table(folder / f"{table}.parquet")


def test_all_tables_and_the_truth_are_there_and_nothing_else(folder: Path) -> None:
    assert sorted(part.name for part in folder.iterdir()) == sorted([*(f"{t}.parquet" for t in TABLES), "truth.json"])


def test_the_truth_says_what_was_asked(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    assert (truth["world"], truth["seed"], truth["customers"]) == ("demo", 7, 3_000)
    assert {row["estimand"] for row in truth["effects"]} == {"channel_effect", "experiment_effect"}


def test_types_are_those_of_the_engine(folder: Path) -> None:
    allowed = {TEXT, TIME, MONEY, pa.int64(), pa.bool_(), pa.date32()}
    for table in TABLES:
        assert {field.type for field in rows_of(folder, table).schema} <= allowed, table


def test_the_contract_s_own_reader_finds_no_fault(folder: Path, tmp_path: Path) -> None:
    prepared = prepare([Source(path=folder)], cache=tmp_path)
    assert set(prepared.accounts) == set(TABLES)
    for table in TABLES:
        rows = prepared.accounts[table].rows
        assert rows.read == rows_of(folder, table).num_rows
        assert set(rows.set_aside) <= {"cancelled"}


@pytest.mark.parametrize("world", sorted(OTHERS))
def test_companies_of_other_kinds_keep_the_contract_and_are_the_same_each_time(world: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_world(tmp_path / name, world=world, seed=3, customers=400)
    written = sorted(part.name for part in (tmp_path / "one").iterdir())
    assert [(tmp_path / "one" / name).read_bytes() for name in written] == [
        (tmp_path / "two" / name).read_bytes() for name in written
    ]
    prepared = prepare([Source(path=tmp_path / "one")], cache=tmp_path / "cache")
    assert {f"{name}.parquet" for name in prepared.accounts} | {"truth.json"} == set(written)
    truth = json.loads((tmp_path / "one" / "truth.json").read_text())
    assert (truth["world"], truth["seed"], truth["customers"]) == (world, 3, 400)
    assert truth["effects"]


def test_keys_are_unique_text_and_references_hold(folder: Path) -> None:
    keys = {"customers": "customer_id", "orders": "order_id", "issues": "issue_id", "touchpoints": "touchpoint_id"}
    keys |= {"mentions": "mention_id", "changes": "change_id", "surveys": "survey_id"}
    keys |= {"subscriptions": "subscription_id", "posts": "post_id"}
    keys |= {"post_actions": "action_id", "post_counters": "counter_id"}
    held = {}
    for table, key in keys.items():
        values = rows_of(folder, table)[key].to_pylist()
        assert all(isinstance(value, str) and value for value in values)
        held[key] = set(values)
        assert len(held[key]) == len(values)
    named = ("orders", "issues", "touchpoints", "mentions", "assignments", "outcomes", "surveys", "subscriptions")
    for table in (*named, "post_actions"):
        assert set(rows_of(folder, table)["customer_id"].to_pylist()) - {None} <= held["customer_id"]
    for table in ("touchpoints", "surveys"):
        assert set(rows_of(folder, table)["issue_id"].to_pylist()) <= held["issue_id"]
    assert set(rows_of(folder, "post_counters")["post_id"].to_pylist()) <= held["post_id"]
    unknown = set(rows_of(folder, "post_actions")["post_id"].to_pylist()) - held["post_id"]
    assert None in unknown
    assert len(unknown) > 1  # deleted posts
    mentions = rows_of(folder, "mentions")
    assert set(mentions["in_reply_to"].to_pylist()) - {None} <= held["mention_id"]
    assert set(mentions["conversation_id"].to_pylist()) <= held["mention_id"]


def test_ids_keep_leading_zeros_and_nineteen_digits(folder: Path) -> None:
    assert min(rows_of(folder, "customers")["customer_id"].to_pylist()) == "000000001"
    assert {len(mention) for mention in rows_of(folder, "mentions")["mention_id"].to_pylist()} == {19}


def test_mentions_hold_every_kind_of_row(folder: Path) -> None:
    mentions = rows_of(folder, "mentions")
    assert set(mentions["kind"].to_pylist()) == {"inquiry", "complaint", "positive", "other", None}
    assert set(mentions["platform"].to_pylist()) == {"twitter", "facebook", "instagram"}
    assert set(mentions["actionable"].to_pylist()) == {True, False, None}
    assert set(mentions["resolved_by"].to_pylist()) == {"us", "community", None}
    assert {"new_sale", "cancel_save", None} == set(mentions["sales_flag"].to_pylist())
    known = mentions["customer_id"].is_valid().to_pylist()
    assert 0.2 < sum(known) / len(known) < 0.8
    texts = set(mentions["text"].to_pylist())
    assert any("<script>" in text for text in texts) or any(text.startswith("=") for text in texts)


def test_a_conversation_moves_forward(folder: Path) -> None:
    mentions = rows_of(folder, "mentions").to_pylist()
    by_id = {row["mention_id"]: row for row in mentions}
    answers = [row for row in mentions if row["in_reply_to"]]
    assert answers
    for row in answers:
        first = by_id[row["in_reply_to"]]
        assert row["posted_at"] > first["posted_at"]
        assert row["author_id"] == first["author_id"]
        assert row["conversation_id"] == first["conversation_id"] == first["mention_id"]


def test_a_social_issue_s_mention_has_the_issue_s_times(folder: Path) -> None:
    issues = [row for row in rows_of(folder, "issues").to_pylist() if row["channel"] == "social"]
    by_place = {(row["customer_id"], row["opened_at"]): row for row in issues}
    shared = 0
    for mention in rows_of(folder, "mentions").to_pylist():
        issue = by_place.get((mention["customer_id"], mention["posted_at"]))
        if issue is not None:
            assert mention["first_reply_at"] == issue["first_reply_at"]
            shared += 1
    assert shared > 0.4 * len(issues)


def test_the_files_hold_the_treated_customers_that_the_truth_is_about(folder: Path) -> None:
    """The index rule once more, in SQL on the files, by the clock of London."""
    found = duckdb.sql(
        f"""
        with first_contact as (
            select customer_id, min(occurred_at) as instant from '{folder}/touchpoints.parquet'
            where channel = 'social' and direction = 'inbound' group by customer_id
        ), first_issue as (
            select customer_id, date_trunc('month', opened_at at time zone 'Europe/London') as month,
                   min(opened_at) as opened, arg_min(channel, opened_at) as channel
            from '{folder}/issues.parquet' group by all
        )
        select count(*), count(*) filter (region = 'north')
        from first_issue join first_contact using (customer_id)
        join '{folder}/customers.parquet' using (customer_id)
        where channel = 'social' and opened = instant and month between date '2024-04-01' and date '2026-03-01'
          and month - interval 6 month > joined_at at time zone 'Europe/London'
        """
    ).fetchall()[0]
    block = block_of(world_named("demo"), seed=7, index=0, size=3_000)
    index = index_issues(block)
    assert found == (len(index), int((block.customers.region[index.customer] == 0).sum()))
    assert len(index) > 400


def test_the_same_call_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        make_world(tmp_path / name, world="effect", seed=seed, customers=400)
    assert fingerprint(tmp_path / "first") == fingerprint(tmp_path / "again")
    assert fingerprint(tmp_path / "first") != fingerprint(tmp_path / "other")


def test_blocks_are_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.synthetic.block.BLOCK", 150)
    monkeypatch.setattr("analysis.synthetic.company.BLOCK", 150)
    make_world(tmp_path, world="demo", seed=3, customers=400)
    keys = {"customers": "customer_id", "orders": "order_id", "mentions": "mention_id"}
    keys |= {"surveys": "survey_id", "subscriptions": "subscription_id", "posts": "post_id"}
    for table, key in keys.items():
        values = rows_of(tmp_path, table)[key].to_pylist()
        assert len(set(values)) == len(values)
    assert len(rows_of(tmp_path, "customers")) == 400


@pytest.mark.parametrize("world", WORLDS)
def test_every_world_can_be_made_even_with_one_customer(tmp_path: Path, world: str) -> None:
    make_world(tmp_path, world=world, seed=1, customers=1)
    assert json.loads((tmp_path / "truth.json").read_text())["world"] == world


def test_a_made_up_company_is_replaced_as_a_whole(tmp_path: Path) -> None:
    make_world(tmp_path, world="demo", seed=1, customers=50)
    make_world(tmp_path, world="experiment", seed=1, customers=50)
    assert not (tmp_path / "issues.parquet").exists()


def test_somebody_s_data_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id\n")
    with pytest.raises(ParamsError, match="holds tables that were not made up"):
        make_world(tmp_path, world="demo", seed=1, customers=50)
    assert sorted(part.name for part in tmp_path.iterdir()) == ["orders.csv"]


def test_all_faults_of_a_call_are_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError) as found:
        make_world(tmp_path / "new", world="demo", seed=-1, customers=0)
    assert [fault.rule for fault in found.value.faults] == ["seed", "customers"]
    assert not (tmp_path / "new").exists()


def test_an_unknown_world_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean `season`"):
        make_world(tmp_path / "new", world="saeson", seed=1, customers=10)
    assert not (tmp_path / "new").exists()


def test_truth_says_kinds_incidents_and_actions_in_every_world_with_mentions(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    lost = duckdb.sql(f"select count(*) from '{folder}/mentions.parquet' where kind is null").fetchall()
    assert lost == [(sum(truth["mention_kinds"]["unlabelled"].values()),)]
    assert [row["explained"] for row in truth["incidents"]] == [True, False]
    assert set(truth) == {
        "world", "seed", "customers", "recipe", "effects", "mention_kinds", "incidents",
        "actions", "actions_by_post", "counters", "links",
    }  # fmt: skip


def test_the_change_log_knows_the_outage_and_the_programme_and_not_the_joke(folder: Path) -> None:
    rows = duckdb.sql(
        f"select kind, effective_from::date::varchar, owner, recorded_at >= effective_from, known_at = recorded_at "
        f"from '{folder}/changes.parquet' order by effective_from, kind"
    ).fetchall()
    assert all(owner and later and known for _, _, owner, later, known in rows)
    assert [(kind, day) for kind, day, *_ in rows if kind in ("programme", "incident")] == [
        ("programme", "2025-03-03"),
        ("incident", "2025-11-01"),
    ]
    assert not [day for _, day, *_ in rows if day.startswith("2026-02")]


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_ctrl_c_leaves_nothing_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: int) -> None:
    """Neither while rows are made nor while files are moved in; what somebody else put there stays."""

    def interrupted(world: World, seed: int, customers: int, append: Append) -> dict[str, object]:
        append({"orders": pa.table({"order_id": ["1"]}), "issues": pa.table({"issue_id": ["1"]})})
        if not moved:
            raise KeyboardInterrupt
        return {}

    replace, calls = os.replace, list[Path]()

    def breaks_off(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) > moved:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr("analysis.synthetic.make._write", interrupted)
    monkeypatch.setattr("analysis.synthetic.folder.os.replace", breaks_off)
    there = tmp_path / "there"
    there.mkdir()
    (there / "notes.txt").write_text("mine")
    for folder in (tmp_path / "new", there):
        calls.clear()
        with pytest.raises(KeyboardInterrupt):
            make_world(folder, world="none", seed=1, customers=1)
    assert not (tmp_path / "new").exists()
    assert [path.name for path in there.iterdir()] == ["notes.txt"]
