"""Writes answers.json: p-values of weighted sums of chi-squared variables, by momentchi2 0.1.8. Run where it is."""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from momentchi2 import hbe, sw

CASES = [
    {"effects": [0.02, 0.11, -0.05], "errors": [0.04, 0.03, 0.06], "sizes": [[100, 300], [200, 600], [50, 150]]},
    {"effects": [0.3, 0.1, 0.0, -0.2, 0.25, 0.4], "errors": [0.1, 0.11, 0.2, 0.1, 0.09, 0.15],
     "sizes": [[90, 90], [80, 100], [50, 60], [100, 100], [120, 110], [50, 500]]},
    {"effects": [1.0, -1.0, 2.5, 0.5], "errors": [0.9, 1.1, 1.0, 0.8],
     "sizes": [[500, 50], [50, 500], [70, 70], [60, 900]]},
]  # fmt: skip


def answer(case: dict) -> dict:
    effect, error = np.array(case["effects"]), np.array(case["errors"])
    one, other = np.array(case["sizes"], dtype=float).T
    weight = one * other / (one + other)
    form = np.diag(weight) - np.outer(weight, weight) / weight.sum()
    parts = np.linalg.eigvalsh(np.diag(error) @ form @ np.diag(error))[1:]
    found = effect @ form @ effect
    return case | {"satterthwaite": float(1 - sw(parts, found)), "hall_buckley_eagleson": float(1 - hbe(parts, found))}


if __name__ == "__main__":
    told = {
        "package": "momentchi2",
        "version": version("momentchi2"),
        "command": "1 - sw(eigenvalues, Q); 1 - hbe(eigenvalues, Q)",
        "cases": [answer(case) for case in CASES],
    }
    Path(__file__).with_name("answers.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
