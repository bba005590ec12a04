"""Records of companies that nobody lived: small frames whose tallies can be worked out by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.runner.proving.records import DEFAULT, GATE, HIDDEN, RECORD, ROAD, Records, is_ratio


@pytest.fixture(scope="session")
def records() -> Callable[..., pd.DataFrame]:
    """A function to records: one estimator on one estimand in n companies, errors given in standard errors."""

    def make(
        errors: list[float],
        *,
        hazard: str = "none",
        estimator: str = DEFAULT,
        estimand: str = "orders_ratio",
        truth: float = 1.0,
        se: float = 0.02,
        grade: str = "B",
        customers: int = 40_000,
        first_seed: int = 100_000,
    ) -> pd.DataFrame:
        rows = []
        for place, error in enumerate(errors):
            if not is_ratio(estimand):
                value = truth + error * se
                low, high = value - 1.96 * se, value + 1.96 * se
            else:
                value = truth * np.exp(error * se)
                low, high = value * np.exp(-1.96 * se), value * np.exp(1.96 * se)
            company = (hazard, first_seed + place, customers)
            rows.append((*company, estimator, estimand, truth, value, low, high, se, grade, 900))
        return pd.DataFrame(rows, columns=list(RECORD))

    return make


@pytest.fixture(scope="session")
def small_proof_records(records) -> Records:
    """Two kinds of companies, forty of each, with the study and one forbidden estimator."""
    errors = [float(error) for error in np.linspace(-1.9, 1.9, 39)] + [2.5]
    effects = pd.concat(
        [
            records(errors),
            records(errors, estimand="orders_difference", truth=0.0, se=0.1),
            records([error + 6 for error in errors], estimator="additive_did"),
            records(errors, hazard="confounded_strong", grade="C", first_seed=1_200_000),
        ],
        ignore_index=True,
    )
    gates = [("none", seed, "orders", "placebo_date", "passed", 0.5, 1.0) for seed in range(40)]
    gates += [("confounded_strong", seed, "orders", "placebo_date", "failed", 0.001, 0.9) for seed in range(40)]
    hidden = [("confounded_strong", seed, 0.7, 0.5, 0.6, -0.05, 0.2, 0.01 * (-1) ** seed - 0.05) for seed in range(40)]
    roads = [("none", seed, 0.0, 0.02, 0.001, 0.0201, 0.0199 + 0.0002 * (seed % 2)) for seed in range(10)]
    return Records(
        effects=effects,
        gates=pd.DataFrame(gates, columns=list(GATE)),
        hidden=pd.DataFrame(hidden, columns=list(HIDDEN)),
        roads=pd.DataFrame(roads, columns=list(ROAD)),
    )


@pytest.fixture
def docs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the page, and of its parts, that the module's `proved` has made: a test may spoil it."""
    return Path(shutil.copytree(request.getfixturevalue("proved") / "docs", tmp_path / "docs"))
