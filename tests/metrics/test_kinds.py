"""Kinds of mentions that nobody labelled: in companies whose truth is known, and where they must be refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month, Period, months_between
from analysis.metrics.kinds import ESTIMATED, classified_kinds
from analysis.tables.load import Source, open_tables, prepare

Q3 = Period.of("2026q3", "UTC").months()
KINDS = ("inquiry", "complaint", "positive", "other")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = [f"{a}{b}{c}" for a in LETTERS[:4] for b in LETTERS[4:8] for c in LETTERS[8:11]]


def company(seed: int = 1, rows: int = 2400, known: tuple[float, ...] = (0.5, 0.2, 0.5, 0.5)) -> pd.DataFrame:
    """Mentions over a quarter with their true kind in `truth`; `known` is the share labelled of each kind.

    About three texts in four can be told; complaints are labelled less often, so that they are most of the rest.
    """
    generator = np.random.default_rng(seed)
    truth = generator.choice(4, rows, p=[0.2, 0.35, 0.25, 0.2])
    chance = np.ones((4, len(WORDS)))
    for kind in range(4):
        chance[kind, kind * 12 : (kind + 1) * 12] += 2.5
    chance /= chance.sum(axis=1, keepdims=True)
    day = generator.integers(0, 92, rows)
    return pd.DataFrame(
        {
            "mention_id": [f"m{n}" for n in range(rows)],
            "posted_at": pd.Timestamp("2026-07-01") + pd.to_timedelta(day, "D"),
            "platform": generator.choice(["twitter", "facebook"], rows),
            "author_id": [f"a{n}" for n in generator.integers(0, 10 * rows, rows)],
            "conversation_id": [f"c{n}" for n in range(rows)],
            "text": [" ".join(generator.choice(WORDS, 8, p=chance[kind])) for kind in truth],
            "kind": np.where(generator.random(rows) < np.array(known)[truth], np.array(KINDS)[truth], None),
            "truth": np.array(KINDS)[truth],
        }
    )


def estimated(tmp_path: Path, mentions: pd.DataFrame, months=Q3, **more):
    folder = tmp_path / f"company{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    mentions.drop(columns="truth", errors="ignore").to_csv(folder / "mentions.csv", index=False)
    with open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone="UTC")) as tables:
        return classified_kinds(tables, months=months, zone="UTC", **more)


@pytest.fixture(scope="module")
def quarter(tmp_path_factory):
    mentions = company()
    return mentions, estimated(tmp_path_factory.mktemp("kinds"), mentions)


def test_the_truth_lies_in_the_interval_where_the_guesses_are_off(quarter) -> None:
    """Complaints are most of what is unlabelled, and guessed too rarely. Months and quarter: 16 intervals of 95 %."""
    mentions, found = quarter
    assert found.refused is None
    frame = found.to_frame()
    month = mentions["posted_at"].dt.strftime("%Y-%m")
    held = 0
    for row in frame.itertuples():
        inside = (month == row.period) | (row.period == "2026q3")
        truth = int((mentions["truth"][inside] == row.kind).sum())
        held += row.low <= truth <= row.high
        assert row.low <= row.mentions <= row.high
    assert held >= 14
    complaints = frame[(frame["period"] == "2026q3") & (frame["kind"] == "complaint")].iloc[0]
    hidden = mentions[mentions["kind"].isna()]
    share = (hidden["truth"] == "complaint").mean()
    assert complaints["naive_share"] < share - 0.05
    assert complaints["corrected_low"] <= share <= complaints["corrected_high"]
    assert not complaints["powered_low"] <= share <= complaints["powered_high"], (
        "complaints were not labelled at random"
    )


def test_labels_drawn_at_random_let_the_two_corrections_agree(tmp_path) -> None:
    mentions = company(seed=2, known=(0.4, 0.4, 0.4, 0.4))
    found = estimated(tmp_path, mentions)
    whole = found.to_frame().query("period == '2026q3'").set_index("kind")
    truth = mentions[mentions["kind"].isna()]["truth"].value_counts(normalize=True)
    for kind in KINDS:
        row = whole.loc[kind]
        assert row["corrected_low"] <= truth[kind] <= row["corrected_high"]
        assert row["powered_low"] <= truth[kind] <= row["powered_high"]
        assert row["powered_high"] - row["powered_low"] < row["corrected_high"] - row["corrected_low"]


def test_the_figures_are_rows_of_the_contract_and_add_up(quarter) -> None:
    mentions, found = quarter
    parts = json.loads(json.dumps(found.to_parts()))
    assert {row["id"] for row in parts["metrics"]} == {ESTIMATED}
    assert {row["state"] for row in parts["metrics"]} == {"estimated"}
    assert {row["basis"] for row in parts["metrics"]} == {"action"}
    posted = mentions["posted_at"].dt.strftime("%Y-%m").value_counts()
    for period, posted_then in {**posted, "2026q3": len(mentions)}.items():
        rows = [row for row in parts["metrics"] if row["period"] == period]
        assert [row["segment"]["kind"] for row in rows] == list(KINDS)
        assert sum(row["value"] for row in rows) == pytest.approx(posted_then, abs=1e-6)
        assert all(row["denominator"] == posted_then for row in rows)
        assert all("95 % interval" in row["note"] for row in rows)
    about = parts["coverage"]["classifier"]
    matrix = np.array(about["matrix"])
    assert matrix.sum() == about["held_out"] == mentions["kind"].notna().sum()
    assert matrix.sum(axis=1).tolist() == [about["labels"][kind] for kind in KINDS]
    accuracy = about["accuracy"]
    assert accuracy["value"] == pytest.approx(np.trace(matrix) / matrix.sum())
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert about["commonest"]["accuracy"] == pytest.approx(matrix.sum(axis=1).max() / matrix.sum())
    assert about["gain"]["value"] == pytest.approx(accuracy["value"] - about["commonest"]["accuracy"])
    assert about["mix"]["platform"] < 0.1
    assert about["notices"] == []


def test_order_of_rows_and_a_second_run_change_no_byte(quarter, tmp_path) -> None:
    mentions, found = quarter
    again = estimated(tmp_path, mentions.sample(frac=1, random_state=4))
    assert json.dumps(again.to_parts()) == json.dumps(found.to_parts())


def test_what_has_neither_kind_nor_text_stays_unknown(tmp_path) -> None:
    mentions = company(seed=3, rows=1200)
    mentions.loc[mentions.index[:60], "kind"] = None
    mentions.loc[mentions.index[:60], "text"] = None
    mentions.loc[mentions.index[60:90], "text"] = "  "
    mentions.loc[mentions.index[60:90], "kind"] = "positive"
    found = estimated(tmp_path, mentions)
    rows = {row.segment["kind"]: row for row in found.metrics if row.period == "2026q3"}
    assert rows["unknown"].value == 60
    assert sum(row.value for row in rows.values()) == pytest.approx(1200)
    assert found.periods[-1].labelled[2] == (mentions["kind"] == "positive").sum(), "a label without text still counts"


def test_a_month_without_unlabelled_mentions_is_just_counted(tmp_path) -> None:
    mentions = company(seed=4, rows=1200)
    july = mentions["posted_at"] < "2026-08-01"
    mentions.loc[july, "kind"] = mentions.loc[july, "truth"]
    found = estimated(tmp_path, mentions)
    for place, kind in enumerate(KINDS):
        row = found.metrics[place]
        assert (row.period, row.segment["kind"]) == ("2026-07", kind)
        assert row.value == (mentions[july]["truth"] == kind).sum()
    assert "month" in found.notices[0], "all of July labelled and less of the rest is a difference a reader must know"


def test_a_month_beyond_the_table_has_no_figure(tmp_path) -> None:
    months = months_between(Month.of("2026-09"), Month.of("2026-10"))
    found = estimated(tmp_path, company(seed=5, rows=1600), months=months)
    october = [row for row in found.metrics if row.period == "2026-10"]
    assert len(october) == 4
    assert all(row.value is None and "nothing of this month" in row.reason for row in october)


def refused(tmp_path, mentions, **more) -> str:
    found = estimated(tmp_path, mentions, **more)
    assert found.metrics == ()
    parts = found.to_parts()
    assert parts["metrics"] == []
    assert parts["coverage"]["classifier"]["refused"] == found.refused
    return found.refused


def test_without_labels_there_is_a_reason_and_no_guess(tmp_path) -> None:
    mentions = company(rows=300)
    assert "nothing to learn from" in refused(tmp_path, mentions.assign(kind=None))
    assert refused(tmp_path, mentions.drop(columns="kind")) == "`mentions` has no column `kind`."
    assert refused(tmp_path, mentions.drop(columns="text")) == "`mentions` has no column `text`."


def test_too_few_labels_are_refused_with_their_number(tmp_path) -> None:
    mentions = company(rows=2000)
    few = mentions[(mentions["kind"] != "other") | (mentions["kind"] == "other").cumsum().le(49)]
    assert refused(tmp_path, few) == (
        "Too few labelled mentions with a text: 49 of `other`; every kind needs 50."
    )  # fmt: skip
    one = mentions.assign(kind=mentions["kind"].where(mentions["kind"] == "positive"))
    assert "Every labelled mention is `positive`" in refused(tmp_path, one)
    copies = mentions.assign(text="word for word")
    assert "different texts" in refused(tmp_path, copies)


def test_labels_that_texts_do_not_tell_are_refused(tmp_path) -> None:
    """Labels shuffled: right for about a quarter, no better than the commonest kind."""
    mentions = company(rows=1600)
    mentions["kind"] = mentions["kind"].sample(frac=1, random_state=5).to_numpy()
    assert "cannot be told from the texts" in refused(tmp_path, mentions)


def test_nothing_unlabelled_leaves_nothing_to_estimate(tmp_path) -> None:
    mentions = company(rows=800)
    assert "no kind" in refused(tmp_path, mentions.assign(kind=mentions["truth"]))


def test_texts_go_nowhere(tmp_path, caplog, capsys) -> None:
    """Neither into results nor logs, whatever they hold."""
    mentions = company(seed=6, rows=1600)
    mentions["text"] += " <script>xyzzysecret</script> '; drop table mentions; --"
    found = estimated(tmp_path, mentions)
    assert found.refused is None
    out = capsys.readouterr()
    said = json.dumps(found.to_parts()) + repr(found) + found._repr_html_() + caplog.text + out.out + out.err
    assert "xyzzysecret" not in said
    assert not any(word in said.split() for word in WORDS)


def test_real_tweets_without_labels_are_refused(real_data: Path, tmp_path: Path) -> None:
    with open_tables(prepare([Source(real_data / "twcs", map="twcs")], cache=tmp_path, zone="UTC")) as tables:
        found = classified_kinds(tables, months=months_between(Month.of("2017-10"), Month.of("2017-12")), zone="UTC")
    assert found.refused is not None
    assert found.metrics == ()
