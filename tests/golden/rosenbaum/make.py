"""Make the reference answers of Rosenbaum's bounds with another package, and write them as JSON.

Not run by the tests. In an environment of its own (Python 3.11), with StatsPAI 1.40.2 installed:

    python tests/golden/rosenbaum/make.py
"""

import json
import platform
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import statspai as sp

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
GAMMAS = [1.0, 1.25, 1.5, 2.0, 3.0, 6.0]
SIDES = ["greater", "less", "two-sided"]
# Rosenbaum (2002), table 4.1: blood lead of children of lead workers, and of matched children (33 pairs; Morton 1982)
LEAD = [
    [38, 16], [23, 18], [41, 18], [18, 24], [37, 19], [36, 11], [23, 10], [62, 15], [31, 16], [34, 18], [24, 18],
    [14, 13], [21, 19], [17, 10], [16, 16], [20, 16], [15, 24], [10, 13], [45, 9], [39, 14], [22, 21], [35, 19],
    [49, 7], [48, 18], [44, 19], [35, 12], [43, 11], [39, 22], [34, 25], [13, 16], [73, 13], [25, 11], [27, 13],
]  # fmt: skip


def pairs(differences: np.ndarray) -> list:
    """Bounds for signed ranks, and of the shift."""
    rows = []
    for side in SIDES:
        found = sp.rosenbaum_bounds(
            differences, np.zeros(len(differences)), gamma_grid=GAMMAS, alternative=side, estimates=side == "two-sided"
        )
        rows.append({"alternative": side, "p": [float(p) for p in found.pvalue_upper]})
        if side == "two-sided":
            names = ("hl_lower", "hl_upper", "ci_lower", "ci_upper")
            rows[-1]["shifts"] = {name: [float(value) for value in found.detail[name]] for name in names}
    return rows


def signs(treated_only: int, comparison_only: int) -> list:
    """Bounds for McNemar's test: the sign test on pairs of 0 and 1."""
    differences = np.array([1.0] * treated_only + [-1.0] * comparison_only)
    rows = []
    for side in SIDES:
        found = sp.rosenbaum_bounds(
            differences, np.zeros(len(differences)), method="sign", gamma_grid=GAMMAS, alternative=side
        )
        rows.append({"alternative": side, "p": [float(p) for p in found.pvalue_upper]})
    return rows


def strata(frame: pd.DataFrame, scores: str) -> list:
    """Bounds within strata, by the bias that is worst in each (`separable`)."""
    rows = []
    for side in ("greater", "less"):
        found = sp.rosenbaum_stratified(
            frame, "y", "z", "s", gamma=GAMMAS, score=scores, alternative=side, bound="separable"
        )
        columns = {
            name: [float(value) for value in found.detail[name]] for name in ("pvalue", "expectation", "variance")
        }
        rows.append({"alternative": side, "scores": scores, **columns, "critical": float(found.gamma_critical)})
    return rows


def main() -> None:
    """Write statspai.json."""
    rng = np.random.default_rng(20261122)
    lead = np.diff(np.array(LEAD, float), axis=1)[:, 0] * -1
    tied = np.round(rng.normal(0.6, 1.5, size=80))
    s = rng.integers(0, 12, 260)
    z = rng.binomial(1, 0.3 + 0.02 * s)
    y = np.round(0.7 * z + 0.2 * s + rng.normal(size=260), 1)
    bought = rng.binomial(1, 0.3 + 0.25 * z)
    frames = {"amounts": pd.DataFrame({"y": y, "z": z, "s": s}), "bought": pd.DataFrame({"y": bought, "z": z, "s": s})}
    answer = {
        "package": "StatsPAI",
        "version": version("StatsPAI"),
        "command": "python tests/golden/rosenbaum/make.py",
        "made_by": {name: version(name) for name in ("numpy", "pandas", "scipy")}
        | {"python": platform.python_version()},
        "gammas": GAMMAS,
        "pairs": {
            name: {"differences": one.tolist(), "answers": pairs(one)} for name, one in (("lead", lead), ("tied", tied))
        },
        "signs": [
            {"treated_only": a, "comparison_only": b, "answers": signs(a, b)} for a, b in ((110, 12), (30, 18), (9, 0))
        ],
        "strata": {
            "amounts": {**{k: v.tolist() for k, v in frames["amounts"].items()},
                        "answers": strata(frames["amounts"], "aligned_rank") + strata(frames["amounts"], "raw")},
            "bought": {**{k: v.tolist() for k, v in frames["bought"].items()},
                       "answers": strata(frames["bought"], "raw")},
        },
    }  # fmt: skip
    (HERE / "statspai.json").write_text(json.dumps(answer) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
