"""The shipped studies on the real data they were written for, against figures counted by other means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.runner.compute import compute_study
from analysis.runner.shipped import shipped

E_MAIL = {
    # arm, outcome: difference to no e-mail and its standard error (Welch), as published with the data
    ("Mens E-Mail", "visit"): (0.0765896, 0.0033859),
    ("Mens E-Mail", "conversion"): (0.0068050, 0.0009209),
    ("Mens E-Mail", "spend"): (0.769827, 0.145247),
    ("Womens E-Mail", "visit"): (0.0452331, 0.0032345),
    ("Womens E-Mail", "conversion"): (0.0031111, 0.0008227),
    ("Womens E-Mail", "spend"): (0.424412, 0.130333),
}


@pytest.fixture
def results(real_data: Path, tmp_path: Path) -> Any:
    def compute(name: str) -> dict[str, Any]:
        study = shipped("params") / f"{name}.yaml"
        written = compute_study(study, data=real_data / name, out=tmp_path / "out", home=tmp_path)
        return dict(json.loads(written.read_bytes()))

    return compute


def whole(results: dict[str, Any], metric: str) -> dict[str, Any]:
    """The figure of the whole period, which is the one with the longest name."""
    rows = [row for row in results["metrics"] if row["id"] == metric and not row["segment"]]
    return max(rows, key=lambda row: len(row["period"]))


def test_the_e_mail_experiment(results: Any) -> None:
    """Figures are rounded at the source: 1e-6 for spend, 1e-7 for the others, 4e-8 for errors of shares."""
    found = results("hillstrom")
    effects = {
        (row["treated"], row["outcome"]): row
        for row in found["effects"]
        if row["estimand"] == "experiment_effect" and row["scale"] == "difference" and not row["segment"]
    }
    assert set(effects) == set(E_MAIL)
    for key, (value, error) in E_MAIL.items():
        row = effects[key]
        assert row["value"] == pytest.approx(value, abs=1e-6 if key[1] == "spend" else 1e-7), key
        assert row["se"] == pytest.approx(error, abs=1e-6 if key[1] == "spend" else 1e-7), key
        assert (row["design"], row["comparison"], row["scale"], row["grade"]) == (
            "ab_randomised", "No E-Mail", "difference", "A"
        )  # fmt: skip
    assert found["period"] is None
    assert found["known_at"] is None
    assert [one["step"] for one in found["coverage"]["skipped"]] == ["metrics", "month_close"]


def test_the_tweets(results: Any) -> None:
    found = results("twcs")
    rate = whole(found, "response_rate")
    assert (rate["numerator"], rate["denominator"]) == (1154, 1285)
    assert whole(found, "first_response_time_median_answered")["value"] == pytest.approx(11.99 * 60, abs=0.6)
    assert found["rows"]["mentions"]["read"] == 5001
    assert found["rows"]["mentions"]["set_aside"]["fragment of a broken record"] == 1


def test_the_tickets(results: Any) -> None:
    found = results("zendesk")
    assert whole(found, "issues_raised")["value"] == 16_476
    assert (found["period"]["start"], found["period"]["end"]) == ("2023-04-01", "2023-06-01")
    assert found["coverage"]["metrics_missing"]["response_rate"] == "table `mentions`"


def test_the_records(results: Any) -> None:
    found = results("cdnow")
    assert whole(found, "orders_placed")["value"] == 69_659
    assert (found["period"]["start"], found["period"]["end"]) == ("1997-01-01", "1998-07-01")


@pytest.mark.slow
def test_the_shop(results: Any) -> None:
    """A million lines: about 20 s."""
    found = results("online_retail")
    rows = found["rows"]["orders"]
    assert rows["read"] == 1_067_370 == rows["kept"] + sum(rows["set_aside"].values())
    assert rows["set_aside"]["line of an invoice that is in both files"] == 22_523
    assert rows["set_aside"]["no customer"] == 235_287
    assert whole(found, "repeat_purchase_rate")["value"] == pytest.approx(0.724, abs=5e-4)
