"""Rows of the effort study from tables: a company of five customers by hand, and a made-up one by a second road."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.effort.plan import EffortPlan
from analysis.studies.effort.rows_sql import effort_rows
from analysis.studies.effort.study import effort_effect
from analysis.tables.load import Source, Tables, open_tables, prepare

ZONE = "Europe/London"
SHORT = EffortPlan(outcomes=("orders", "revenue"), outcome_days=60, history_days=60, surveys=("ces1", "ces2"))


def opened(folder: Path, frames: dict[str, pd.DataFrame]) -> Tables:
    folder.mkdir()
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return open_tables(prepare([Source(folder)], cache=folder.parent / f"{folder.name}_cache"))


def times(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True))


def company() -> dict[str, pd.DataFrame]:
    """Five customers known since 2023; orders and issues from January to December 2025.

    Ann's issue of May goes to social: a second contact by phone after 2 days, back with the same product after 10,
    closed after 12, answered after an hour. Bob's of June goes to the phone and is never closed. Cay was on social
    before. Dan has no issue late enough for 60 days of history. Eve's is too late to be followed.
    """
    orders = [
        ("ann", "2025-04-20", 10.0), ("ann", "2025-05-20", 99.0), ("ann", "2025-07-01", 20.5),
        ("ann", "2025-08-20", 1.0), ("bob", "2025-07-10", 5.0), ("bob", "2025-05-01", 7.0),
        ("dan", "2025-01-01", 1.0), ("dan", "2025-12-31", 1.0),
    ]  # fmt: skip
    issues = [
        ("i1", "ann", "2025-05-10", "2025-05-22", "social", "tv", 2, "2025-05-10 01:00"),
        ("i2", "ann", "2025-05-20", "2025-05-21", "phone", "tv", 1, None),
        ("i3", "bob", "2025-06-01", None, "phone", "tv", 1, None),
        ("i4", "cay", "2025-02-01", "2025-02-02", "social", "tv", 1, None),
        ("i5", "cay", "2025-06-01", "2025-06-02", "phone", "tv", 1, None),
        ("i6", "dan", "2025-01-15", "2025-01-16", "phone", "tv", 1, None),
        ("i7", "eve", "2025-12-20", "2025-12-21", "social", "tv", 1, None),
        ("i8", "bob", "2025-01-31", "2025-02-01", "phone", "tv", 1, None),
    ]
    touchpoints = [
        ("t1", "ann", "2025-05-10", "social", "i1"), ("t2", "ann", "2025-05-12", "phone", "i1"),
        ("t3", "ann", "2025-06-20", "phone", "i1"), ("t4", "bob", "2025-06-01", "phone", "i3"),
        ("t5", "bob", "2025-06-05", "phone", "i3"), ("t6", "bob", "2025-06-06", "phone", "i3"),
    ]  # fmt: skip
    surveys = [
        ("s1", "ann", "i1", "ces1", "2025-05-23", "2025-05-24", 4.0),
        ("s2", "bob", "i3", "ces2", "2025-06-10", "2025-06-11", 2.0),
        ("s3", "bob", "i3", "ces1", "2025-06-10", None, None),
    ]
    people = ["ann", "bob", "cay", "dan", "eve"]
    return {
        "customers": pd.DataFrame({"customer_id": people, "joined_at": times(*["2023-01-01"] * 5), "region": "north"}),
        "orders": pd.DataFrame(
            {
                "order_id": [f"o{n}" for n in range(len(orders))],
                "customer_id": [one[0] for one in orders],
                "ordered_at": times(*[one[1] for one in orders]),
                "revenue": [one[2] for one in orders],
                "currency": "EUR",
            }
        ),
        "issues": pd.DataFrame(
            {
                "issue_id": [one[0] for one in issues],
                "customer_id": [one[1] for one in issues],
                "opened_at": times(*[one[2] for one in issues]),
                "closed_at": times(*[one[3] for one in issues]),
                "channel": [one[4] for one in issues],
                "product": [one[5] for one in issues],
                "severity": [one[6] for one in issues],
                "first_reply_at": times(*[one[7] for one in issues]),
            }
        ),
        "touchpoints": pd.DataFrame(
            {
                "touchpoint_id": [one[0] for one in touchpoints],
                "customer_id": [one[1] for one in touchpoints],
                "occurred_at": times(*[one[2] for one in touchpoints]),
                "channel": [one[3] for one in touchpoints],
                "direction": "inbound",
                "issue_id": [one[4] for one in touchpoints],
            }
        ),
        "surveys": pd.DataFrame(
            {
                "survey_id": [one[0] for one in surveys],
                "customer_id": [one[1] for one in surveys],
                "issue_id": [one[2] for one in surveys],
                "instrument": [one[3] for one in surveys],
                "asked_at": times(*[one[4] for one in surveys]),
                "answered_at": times(*[one[5] for one in surveys]),
                "score": [one[6] for one in surveys],
            }
        ),
    }


def test_five_customers_by_hand(tmp_path: Path) -> None:
    """Windows of 60 days: Ann's effort is May 10 to June 8, her outcome June 9 to August 7."""
    with opened(tmp_path / "five", company()) as tables:
        rows = effort_rows(tables, SHORT, outcomes=SHORT.outcomes, attributes=("region",))
    assert dict(rows.account) == {
        "customers_with_an_issue": 5,
        "left_out_no_issue_late_enough": 1,
        "left_out_no_issue_early_enough": 1,
        "left_out_channel_not_recorded": 0,
        "left_out_on_social_before": 1,
        "rows": 2,
    }
    assert rows.exposed.tolist() == [True, False]
    assert rows.effort["contacts_to_resolve"].tolist() == [2, 3]
    assert rows.effort["channel_switches"].tolist() == [1, 0]
    assert rows.effort["repeat_contact"].tolist() == [1, 0]
    assert rows.effort["days_to_resolve"].tolist() == [12, 30]
    assert rows.moved["log_hours_to_reply"].tolist() == pytest.approx([np.log(2), np.log1p(720)])
    assert rows.moved["no_reply"].tolist() == [0, 1]
    assert rows.after["orders"].tolist() == [1, 1]
    assert rows.after["revenue"].tolist() == [20.5, 5.0]
    assert rows.before["revenue"].tolist() == [10.0, 7.0]
    assert rows.recent.tolist() == [0, 1]
    assert rows.earlier.tolist() == [0, 1]
    assert rows.severity.tolist() == [2, 1]
    assert rows.said["ces1"][0] == 4
    assert np.isnan(rows.said["ces1"][1])
    assert rows.said["ces2"][1] == 6, "2 of 7 on a scale where little effort is high"
    assert rows.asked["ces1"].tolist() == [True, True]
    assert rows.currency == "EUR"
    assert not rows.prior, "customers were not observed for two windows"


def test_what_is_not_recorded_is_left_out(tmp_path: Path) -> None:
    frames = {name: frame for name, frame in company().items() if name in ("customers", "orders", "issues")}
    frames["issues"] = frames["issues"].drop(columns=["closed_at", "first_reply_at"])
    with opened(tmp_path / "bare", frames) as tables:
        rows = effort_rows(tables, SHORT, outcomes=("orders",))
    assert list(rows.effort) == ["repeat_contact"]
    assert not rows.moved
    assert not rows.said


def test_too_little_data_is_told(tmp_path: Path) -> None:
    with opened(tmp_path / "short", company()) as tables:
        with pytest.raises(TooSoon, match="360 days before an issue, 30 of effort and 180 of outcome need 570"):
            effort_effect(tables, EffortPlan())
        found = effort_effect(tables, EffortPlan(outcomes=("orders", "margin"), outcome_days=60, history_days=60))
    assert {effect.reason is None for effect in found.effects} == {False}
    assert any("`margin` was left out" in note for note in found.notes)
    alone = opened(tmp_path / "none", {"orders": company()["orders"]})
    with alone as tables, pytest.raises(DesignError, match="There is no table `issues`"):
        effort_effect(tables, EffortPlan())


def test_a_second_road_finds_the_same_rows(made: Tables) -> None:
    """Contacts, switches, days and orders of each index issue, by pandas."""
    plan = EffortPlan(zone=ZONE)
    rows = effort_rows(made, plan, outcomes=("orders",))
    issues, touchpoints, orders, people = (
        made.engine.query(f"select * from {name}").to_pandas()
        for name in ("issues", "touchpoints", "orders", "customers")
    )
    begin, end = pd.Timestamp("2023-10-01", tz=ZONE), pd.Timestamp("2026-10-01", tz=ZONE)
    dated = {"opened_at": issues, "occurred_at": touchpoints, "ordered_at": orders, "joined_at": people}
    for name, frame in dated.items():
        frame["at"] = pd.to_datetime(frame[name], utc=True)
    issues = issues.merge(people[["customer_id", "at"]].rename(columns={"at": "joined"}), on="customer_id")
    since = issues["at"] - issues["joined"].clip(lower=begin)
    late = issues[since >= pd.Timedelta(days=360)].sort_values(["at", "issue_id"])
    index = late.drop_duplicates("customer_id").set_index("customer_id").sort_index()
    index = index[end - index["at"] >= pd.Timedelta(days=210)]
    wrote = touchpoints[(touchpoints["channel"] == "social") & (touchpoints["direction"] == "inbound")]
    social = pd.concat([issues[issues["channel"] == "social"], wrote])[["customer_id", "issue_id", "at"]]
    social = social.merge(index[["issue_id", "at"]], on="customer_id", suffixes=("", "_index"))
    earlier = social[(social["at"] < social["at_index"]) & (social["issue_id"] != social["issue_id_index"])]
    index = index[~index.index.isin(earlier["customer_id"])]
    assert len(rows) == len(index) > 500
    assert (rows.exposed == (index["channel"] == "social").to_numpy()).all()
    contacts = touchpoints[touchpoints["direction"] == "inbound"].merge(
        index[["issue_id", "at"]].rename(columns={"at": "opened"}), on="issue_id"
    )
    inside = contacts[(contacts["at"] - contacts["opened"]).dt.total_seconds() < 30 * 86_400]
    inside = inside.sort_values(["issue_id", "at", "touchpoint_id"])
    switched = (inside["channel"] != inside.groupby("issue_id")["channel"].shift()) & inside.duplicated("issue_id")
    held = {
        "contacts_to_resolve": inside.groupby("issue_id").size().reindex(index["issue_id"], fill_value=1),
        "channel_switches": switched.groupby(inside["issue_id"]).sum().reindex(index["issue_id"], fill_value=0),
    }
    for name, expected in held.items():
        assert (rows.effort[name] == expected.to_numpy()).all(), name
    bought = orders.merge(index["at"].rename("opened"), left_on="customer_id", right_index=True)
    days = np.floor((bought["at"] - bought["opened"]).dt.total_seconds() / 86_400)
    for window, first, last in ((rows.after, 30, 209), (rows.before, -180, -1), (rows.prior, -360, -181)):
        count = bought[days.between(first, last)].groupby("customer_id").size().reindex(index.index, fill_value=0)
        assert (window["orders"] == count.to_numpy()).all()


def test_the_study_runs_from_tables(made: Tables) -> None:
    plan = EffortPlan(outcomes=("orders",), zone=ZONE, segments=("region", "nowhere"), draws=99)
    found = effort_effect(made, plan)
    assert any("`nowhere` was skipped" in note for note in found.notes)
    assert found.of("orders")[0].estimate is not None
    assert len(found.of("orders")) == 5
    assert found.evidence.mediators == ("contacts_to_resolve", "channel_switches", "repeat_contact", "days_to_resolve")
