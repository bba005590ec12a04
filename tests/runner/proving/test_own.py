"""An estimator of one's own, judged like ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, UnknownName
from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.inference.panel_effects import ratio_did
from analysis.runner.proving.own import COLUMNS, prove


def before_after(rows: pd.DataFrame) -> Estimate:
    own = rows[rows["contacted"]]
    ratio = own["after"].sum() / own["before"].sum()
    return ratio_estimate("orders", ratio, 0.04, n_treated=len(own), n_comparison=0, method="raw")


def stratified(rows: pd.DataFrame) -> Estimate:
    return ratio_did(
        name="orders",
        unit="orders per customer",
        **{name: rows[name] for name in ("before", "after", "contacted", "month", "weight", "customer")},
    ).difference


def test_the_default_estimator_holds_as_an_own_one() -> None:
    found = prove(stratified, worlds=("none", "effect"), n=12, customers=6_000)
    assert found["held"].tolist() == [True, True]
    assert found.loc[0, "truth"] == 0.0
    assert found.loc[1, "truth"] > 0.2


def test_a_raw_estimator_is_seen_to_fail() -> None:
    found = prove(before_after, worlds=("none", "effect"), n=6, customers=6_000)
    assert tuple(found.columns) == COLUMNS
    assert found["world"].tolist() == ["none", "effect"]
    assert found["n"].tolist() == [6, 6]
    assert (found["bias"] < -0.05).all()
    assert (found["coverage"] < 0.9).all()
    assert found["held"].tolist() == [False, False]
    assert found.loc[0, "truth"] == 1.0
    assert found.loc[1, "truth"] > 1.08
    assert found["ratio_to_truth"].to_numpy() == pytest.approx(np.exp(found["bias"].to_numpy()))


def test_the_value_is_the_mean_estimate_itself() -> None:
    """Always 1.1, or always a difference of 0.3: that is the value, and over truth it is 1.1 / truth."""

    def a_tenth_more(rows: pd.DataFrame) -> Estimate:
        return ratio_estimate("orders", 1.1, 0.02, n_treated=1, n_comparison=1, method="none")

    def three_tenths(rows: pd.DataFrame) -> Estimate:
        return Estimate(name="", value=0.3, low=0.2, high=0.4, level=0.95, se=0.05, scale="difference", unit="orders",
                        n_treated=1, n_comparison=1, method="")  # fmt: skip

    found = prove(a_tenth_more, worlds=("none", "effect"), n=2, customers=1_000)
    assert found["value"].tolist() == pytest.approx([1.1, 1.1])
    assert found["ratio_to_truth"].to_numpy() == pytest.approx(1.1 / found["truth"].to_numpy(), rel=1e-3)
    assert found.loc[0, "ratio_to_truth"] == pytest.approx(1.1)
    assert found.loc[1, "ratio_to_truth"] < 1.02
    (row,) = prove(three_tenths, worlds=("effect",), n=2, customers=1_000).to_dict("records")
    assert row["value"] == pytest.approx(0.3)
    assert np.isnan(row["ratio_to_truth"])
    assert row["bias"] == pytest.approx(0.3 - row["truth"])


def test_it_cannot_spoil_the_next_company() -> None:
    seen = []

    def spoiling(rows: pd.DataFrame) -> Estimate:
        seen.append(int(rows["contacted"].sum()))
        rows["contacted"] = False
        return ratio_estimate("orders", 1.0, 0.1, n_treated=1, n_comparison=1, method="none")

    prove(spoiling, worlds=("none",), n=2, customers=1_000)
    prove(spoiling, worlds=("none",), n=2, customers=1_000)
    assert seen[:2] == seen[2:]
    assert min(seen) > 0


def test_a_refusal_is_counted_and_an_error_is_not_hidden() -> None:
    def refusing(rows: pd.DataFrame) -> Estimate:
        raise DesignError("too little")

    found = prove(refusing, worlds=("none",), n=2, customers=1_000)
    assert found[["n", "refused"]].to_numpy().tolist() == [[0, 2]]
    with pytest.raises(DesignError, match=r"`<lambda>` failed on company 100000 of `none`.*ZeroDivisionError"):
        prove(lambda rows: 1 / 0, worlds=("none",), n=1, customers=1_000)  # type: ignore[arg-type, return-value]


def test_what_a_study_refuses_a_proof_refuses_too() -> None:
    def sure(rows: pd.DataFrame) -> Estimate:
        return ratio_estimate("orders", 1.0, 0.0, n_treated=1, n_comparison=1, method="none")

    with pytest.raises(DesignError, match=r"`sure` gave a ratio of 1 from 1 to 1, standard error 0 .* of `none`"):
        prove(sure, worlds=("none",), n=1, customers=1_000)
    with pytest.raises(DesignError, match="`<lambda>` gave float nan on company 100000 of `none`, not an Estimate"):
        prove(lambda rows: float("nan"), worlds=("none",), n=1, customers=1_000)  # type: ignore[arg-type, return-value]


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(UnknownName, match="nonne"):
        prove(before_after, worlds=("nonne",), n=1, customers=1_000)
    with pytest.raises(DesignError, match="`revenue` has no truth in the world `none`; it has: issues, orders"):
        prove(before_after, worlds=("none",), n=1, customers=1_000, outcome="revenue")
    with pytest.raises(DesignError, match=r"`queue_none` is a world of another study.*: choose among none, effect"):
        prove(before_after, worlds=("none", "queue_none"), n=1, customers=1_000)
    with pytest.raises(DesignError, match="at least one company"):
        prove(before_after, worlds=("none",), n=0)
