"""What a plan says could be seen: by hand, by simulation, and never by looking at what is to be found out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.runner.foresight import foreseen, smallest_rise
from analysis.runner.opening import prepare_study
from analysis.synthetic.make import make_world


def test_the_smallest_rise_by_hand() -> None:
    """Two arms of 10,000, spread 1 in each of two windows: variance of the log is 2 · (1 + 1) / 10,000 = 0.0004, its
    root 0.02, times 1.95996 + 0.84162 is 0.05603, which is a rise of 5.763 %."""
    assert smallest_rise(1.0, 10_000, 1.0, 10_000) == pytest.approx(np.expm1(2.801585 * 0.02), rel=1e-6)
    assert smallest_rise(1.0, 40_000, 1.0, 40_000) < smallest_rise(1.0, 10_000, 1.0, 10_000)
    assert smallest_rise(2.0, 10_000, 1.0, 10_000) == smallest_rise(1.0, 10_000, 2.0, 10_000)


def test_a_rise_of_that_size_is_found_four_times_in_five() -> None:
    """Poisson purchases in two windows that say nothing of each other, 2,000 rows an arm, 1,500 draws."""
    draw, rows, mean = np.random.default_rng(5), 2_000, 3.0
    rise = smallest_rise(1 / mean, rows, 1 / mean, rows)
    totals = draw.poisson(np.array([mean, mean * (1 + rise), mean, mean]) * rows, size=(1_500, 4))
    logs = np.log(totals[:, 1] / totals[:, 0]) - np.log(totals[:, 3] / totals[:, 2])
    found = np.abs(logs) > 1.959964 * np.sqrt((1 / totals).sum(axis=1))
    assert found.mean() == pytest.approx(0.8, abs=0.035)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("company")
    make_world(home / "data", world="demo", seed=2, customers=1500)
    (home / "params").mkdir()
    return home


def _foreseen(home: Path, text: str) -> dict[tuple[str, str], object]:
    (home / "params" / "trial.yaml").write_text(text, encoding="utf-8")
    with prepare_study(home / "params" / "trial.yaml") as study:
        study.check()
        return {(one.comparison, one.outcome): one for one in foreseen(study)}


def test_a_company_is_told_rows_and_effects(company: Path) -> None:
    found = _foreseen(company, "study: trial\ndata: {folder: data}\noutcomes: [orders, logins_90d]\n")
    orders, logins = found["before_after", "orders"], found["care_invitation", "logins_90d"]
    assert set(orders.arms) == {"contacted", "compared"}  # type: ignore[attr-defined]
    assert min(orders.arms.values()) > 0  # type: ignore[attr-defined]
    assert 0.05 < orders.smallest < 2  # type: ignore[attr-defined]
    assert sum(logins.arms.values()) == 1500  # type: ignore[attr-defined]
    assert "a rise of about" in str(orders)
    assert "a difference of about" in str(logins)


def test_what_cannot_be_told_says_why(company: Path) -> None:
    text = "study: trial\ndata: {folder: data}\nindex: {before_months: 24, after_months: 24}\ndesigns: [before_after]\n"
    (one,) = _foreseen(company, text).values()
    assert one.smallest is None  # type: ignore[attr-defined]
    assert one.reason  # type: ignore[attr-defined]
    assert not _foreseen(company, "study: trial\ndata: {folder: data}\ndesigns: []\n")
