"""The declared basis of a count, from the column of a source to the column of a table, its account and the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.foundation.errors import MapError
from analysis.tables.load import Prepared, Source, open_tables, prepare
from analysis.tables.mapping import load_map
from analysis.tables.mapping_basis import basis_of

DAILY = """\
map: daily
about: Actions of posts by day.
zone: UTC
files:
  days:
    headers:
      - about: the export
        has: [Post, Day, Clicks, Likes]
    time_formats: ["%Y-%m-%d"]
    basis: {basis}
tables:
  - table: post_actions
    from: days
    unpivot:
      columns: {{Clicks: click, Likes: like}}
      name: kind
      value: count
    columns:
      action_id: {{join: [Post, Day, kind], with: ":"}}
      post_id: Post
      kind: kind
      quantity: count
      occurred_at: {{time: Day}}
"""


def prepared(tmp_path: Path, *declared: str) -> Prepared:
    """One table from several exports, each of which declares a basis."""
    sources = []
    for place, basis in enumerate(declared):
        source_map, export = tmp_path / f"{place}.yaml", tmp_path / f"{place}.csv"
        source_map.write_text(DAILY.format(basis=basis), encoding="utf-8")
        export.write_text(f"Post,Day,Clicks,Likes\n{place},2026-03-01,5,7\n", encoding="utf-8")
        sources.append(Source(export, map=str(source_map)))
    return prepare(sources, cache=tmp_path / "cache")


def test_the_value_of_turned_columns_has_their_basis_and_keeps_it_in_the_account(tmp_path: Path) -> None:
    given = prepared(tmp_path, "{Clicks: action, Likes: action}")
    assert given.accounts["post_actions"].basis == {"quantity": "action"}
    assert prepared(tmp_path, "{Clicks: action, Likes: action}").folder == given.folder  # read from the cache this time
    assert Prepared.read(given.folder).accounts == given.accounts
    with open_tables(given) as tables:
        assert tables.basis("post_actions", "quantity") == "action"
        assert tables.basis("post_actions", "kind") is None
        assert tables.basis("post_counters", "value") is None


def test_a_declaration_that_changes_is_not_read_from_the_cache(tmp_path: Path) -> None:
    assert prepared(tmp_path, "{Clicks: post, Likes: post}").accounts["post_actions"].basis == {"quantity": "post"}
    again = prepared(tmp_path, "{Clicks: unknown, Likes: unknown}")
    assert again.accounts["post_actions"].basis == {"quantity": "unknown"}


@pytest.mark.parametrize(
    ("declared", "lacking"),
    [("{}", "`Clicks`, `Likes`"), ("{Clicks: action}", "`Likes`"), ("{Likes: post}", "`Clicks`")],
)
def test_what_is_counted_on_no_declared_basis_is_refused(tmp_path: Path, declared: str, lacking: str) -> None:
    with pytest.raises(MapError) as refused:
        prepared(tmp_path, declared)
    said = "`quantity` counts, and the map does not say on which basis (line 22). Say of {} under `basis` of the file"
    assert said.format(lacking) in str(refused.value)


def test_a_constant_that_counts_has_its_basis_from_a_field(tmp_path: Path) -> None:
    """Each row is one click: the field that says so is what is counted."""
    one_each = DAILY.format(basis="{one: action}").replace(
        "    basis:", '    fields: {one: {constant: "1"}}\n    basis:'
    )
    one_each = one_each.replace("quantity: count", "quantity: one")
    (tmp_path / "daily.yaml").write_text(one_each, encoding="utf-8")
    given = load_map(tmp_path / "daily.yaml")
    assert basis_of(given, given.tables[0])["quantity"] == "action"
    (tmp_path / "daily.yaml").write_text(one_each.replace("{one: action}", "{}"), encoding="utf-8")
    with pytest.raises(MapError, match=r"Say of them under `basis`"):
        load_map(tmp_path / "daily.yaml")


def test_columns_of_one_file_that_disagree_are_mixed(tmp_path: Path) -> None:
    account = prepared(tmp_path, "{Clicks: action, Likes: post}").accounts["post_actions"]
    assert account.basis == {"quantity": "mixed"}
    assert "`quantity` of `post_actions` is made of counts on more than one basis." in account.notices


def test_sources_of_one_table_that_disagree_are_mixed(tmp_path: Path) -> None:
    agreed = ["{Clicks: action, Likes: action}"] * 2
    assert prepared(tmp_path, *agreed).accounts["post_actions"].basis == {"quantity": "action"}
    account = prepared(tmp_path, *agreed, "{Clicks: post, Likes: post}").accounts["post_actions"]
    assert account.basis == {"quantity": "mixed"}
    assert "`quantity` of `post_actions` is made of counts on more than one basis." in account.notices


def test_a_table_of_the_contract_declares_nothing(tmp_path: Path) -> None:
    (tmp_path / "post_actions.csv").write_text(
        "action_id,kind,quantity,occurred_at\n1,click,5,2026-03-01T09:00Z\n", encoding="utf-8"
    )
    with open_tables(prepare([Source(tmp_path / "post_actions.csv")], cache=tmp_path / "cache")) as tables:
        assert tables.basis("post_actions", "quantity") is None


THROUGH = """\
map: through
about: Counts that pass through a field and another file.
zone: UTC
files:
  posts:
    headers: [{about: posts, has: [Post, Published, Views]}]
    time_formats: ["%Y-%m-%d"]
    fields:
      seen: {number: Views}
      doubled: {add: [seen, seen]}
    basis: {Views: post}
  clicks:
    headers: [{about: clicks, has: [Of, Day, Clicks]}]
    time_formats: ["%Y-%m-%d"]
    fields: {"on": {time: Day}}
    basis: {Clicks: action}
tables:
  - table: posts
    from: posts
    columns:
      post_id: Post
      published_at: {time: Published}
      platform: {constant: x}
    further:
      twice: {first_of: [doubled, {number: {constant: "0"}}]}
      clicks: {take: Clicks, from: clicks, match: {Of: Post}, first_by: "on"}
      both: {join: [Views, {take: Clicks, from: clicks, match: {Of: Post}, first_by: "on"}]}
      matched: {of: Post, values: {Views: Clicks}, otherwise: Views}
"""


def test_a_basis_goes_through_fields_and_other_files_but_not_through_words(tmp_path: Path) -> None:
    """`twice` is made of a field of a field of Views; `matched` only says words that are names of counts."""
    path = tmp_path / "through.yaml"
    path.write_text(THROUGH, encoding="utf-8")
    given = load_map(path)
    assert basis_of(given, given.tables[0]) == {"twice": "post", "clicks": "action", "both": "mixed"}


def test_what_the_shipped_maps_declare() -> None:
    declared = {
        (name, table.table): basis_of(load_map(name), table)
        for name in ("cdnow", "hillstrom", "online_retail", "zendesk")
        for table in load_map(name).tables
    }
    assert {key: basis for key, basis in declared.items() if basis} == {
        ("cdnow", "orders"): {"number_of_cds": "action"},
        ("hillstrom", "outcomes"): {"value": "action"},
        ("online_retail", "orders"): {"revenue": "action"},
        ("zendesk", "issues"): {"reopens": "post", "replies": "post"},
    }
