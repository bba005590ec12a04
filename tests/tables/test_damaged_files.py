"""Public files that a spreadsheet has spoiled are refused by the road every user takes, and the sound one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.foundation.errors import InputError
from analysis.tables.load import Source, open_tables, prepare

AIRLINE = """\
map: airline
about: Tweets to airlines, with a reading of their sentiment.
zone: UTC
files:
  tweets:
    headers:
      - about: the export
        has: [tweet_id, airline_sentiment, text, tweet_created]
    time_formats: ["%d-%m-%Y %H.%M"]
tables:
  - table: mentions
    from: tweets
    columns:
      mention_id: tweet_id
      posted_at: {time: tweet_created}
      platform: {constant: twitter}
      kind: {of: airline_sentiment, values: {positive: positive, negative: complaint}, otherwise: other}
      text: text
"""

# File, source map, rule, rows at fault, what is said of it.
DAMAGED = {
    "airline_excel_damaged_ids.csv": (
        "airline",
        "scientific_id",
        14_640,
        "ids were turned into scientific notation by a spreadsheet, and their last digits are lost",
    ),
    "twcs_excel_damaged_first1000.csv": (
        "twcs",
        "damaged_file",
        34,
        "a spreadsheet has read lists of ids as numbers and regrouped their digits",
    ),
}


def test_every_damaged_file_is_tried(real_data: Path) -> None:
    assert {path.name for path in (real_data / "damaged").iterdir()} == set(DAMAGED)


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused_with_its_reason_and_nothing_of_it_is_kept(
    real_data: Path, tmp_path: Path, name: str
) -> None:
    source_map, rule, count, reason = DAMAGED[name]
    if source_map == "airline":
        (tmp_path / "airline.yaml").write_text(AIRLINE, encoding="utf-8")
        source_map = str(tmp_path / "airline.yaml")
    with pytest.raises(InputError) as refused:
        prepare([Source(real_data / "damaged" / name, map=source_map)], cache=tmp_path / "cache")
    (fault,) = (fault for fault in refused.value.faults if fault.rule == rule)
    assert fault.where.startswith(name)
    assert fault.count == count
    assert reason in str(fault)
    assert fault.remedy
    assert {one.rule for one in refused.value.faults} <= {rule, "duplicate_key"}  # lost digits make ids alike
    assert not list((tmp_path / "cache").iterdir())


def test_the_sound_file_is_not_refused(real_data: Path, tmp_path: Path) -> None:
    """5,000 tweets of which 2,222 are the brands' own; its 59 true lists of ids look grouped and are not."""
    prepared = prepare([Source(real_data / "twcs" / "twcs_5000.csv", map="twcs")], cache=tmp_path / "cache")
    with open_tables(prepared) as tables:
        (found,) = tables.engine.query(
            "select count(*) as n, count(distinct mention_id) as ids from mentions"
        ).to_pylist()
    assert found == {"n": 2_778, "ids": 2_778}
