"""Where tables lie and what becomes of what was kept: dots, links, a cache somebody tidied."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import ContractError
from analysis.tables.load import Source, open_tables, prepare


@pytest.mark.parametrize("kind", ["dots", "folder_link", "file_link"])
def test_tables_are_found_under_dots_and_links(tmp_path: Path, kind: str) -> None:
    """Parquet that is read where it lies is known by the file behind the name."""
    folder = tmp_path / "data"
    folder.mkdir()
    times = pa.array([datetime(2026, 1, 1)], pa.timestamp("us"))
    pq.write_table(pa.table({"customer_id": ["7"], "joined_at": times}), folder / "customers.parquet")
    given = {
        "dots": tmp_path / "data" / ".." / "data",
        "folder_link": tmp_path / "link",
        "file_link": tmp_path / "linked",
    }[kind]
    if kind == "folder_link":
        given.symlink_to(folder)
    if kind == "file_link":
        given.mkdir()
        (folder / "customers.parquet").rename(tmp_path / "other.parquet")
        (given / "customers.parquet").symlink_to(tmp_path / "other.parquet")
    with open_tables(prepare([Source(given)], cache=tmp_path / "cache")) as tables:
        assert tables.engine.query("select customer_id from customers").column(0).to_pylist() == ["7"]


@pytest.mark.parametrize("harm", ["cut", "deleted", "record"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, harm: str) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,region\n007,north\n")
    first = prepare([Source(tmp_path / "customers.csv")], cache=tmp_path / "cache")
    [kept] = [path for path in first.folder.rglob("*.parquet") if "customers" in path.name]
    if harm == "cut":
        kept.write_bytes(kept.read_bytes()[:50])
    elif harm == "deleted":
        kept.unlink()
    else:
        (first.folder / "prepared.json").write_text("{")
    with open_tables(prepare([Source(tmp_path / "customers.csv")], cache=tmp_path / "cache")) as tables:
        assert tables.engine.query("select customer_id from customers").column(0).to_pylist() == ["007"]


def test_a_frame_that_pandas_filtered_before_writing_is_read(tmp_path: Path) -> None:
    """Its index is written along as `__index_level_0__`, a further column like any other."""
    frame = pd.DataFrame({"customer_id": ["7", "8", "9"], "region": ["n", "s", "n"]})
    frame[frame["customer_id"] != "8"].to_parquet(tmp_path / "customers.parquet")
    prepared = prepare([Source(tmp_path / "customers.parquet")], cache=tmp_path / "cache")
    assert prepared.accounts["customers"].rows.kept == 2


def test_a_link_whose_file_has_gone_is_no_absent_table(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,region\n007,north\n")
    (tmp_path / "orders.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(ContractError, match=r"orders\.csv: has the name of a table"):
        prepare([Source(tmp_path)], cache=tmp_path / "cache")
