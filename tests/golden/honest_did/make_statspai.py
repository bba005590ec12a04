"""Make a second package's answers on the studies of reference.json, and write them as JSON.

Not run by the tests. In an environment of its own (Python 3.11), with StatsPAI 1.40.2 installed:

    python tests/golden/honest_did/make_statspai.py
"""

import json
import platform
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import statspai as sp

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
GRID = 4000
SIZES = {"smoothness": [0.005, 0.01, 0.02, 0.05], "relative_magnitudes": [0.5, 1.0, 1.5, 2.0]}


def answers(study: dict) -> dict:
    """What StatsPAI says about the first month after, and about the mean of all."""
    beta, covariance, n_pre = np.array(study["beta"]), np.array(study["covariance"]), study["n_pre"]
    n_post = len(beta) - n_pre
    found: dict = {}
    for kind, sizes in SIZES.items():
        found[kind] = {}
        for name, weights in (("first", np.eye(n_post)[0]), ("mean", np.full(n_post, 1 / n_post))):
            table = sp.honest_did_from_moments(
                beta, covariance, num_pre_periods=n_pre, m_grid=sizes, l_vec=weights, grid_points=GRID,
                method="smoothness" if kind == "smoothness" else "relative_magnitude",
            )  # fmt: skip
            rows = zip(table["M"], table["ci_lower"], table["ci_upper"], strict=True)
            found[kind][name] = {f"{m:g}": [float(low), float(high)] for m, low, high in rows}
    return found


def main() -> None:
    """Write statspai.json."""
    studies = json.loads((HERE / "reference.json").read_text("utf-8"))["studies"]
    answer = {
        "package": "StatsPAI",
        "version": version("StatsPAI"),
        "command": "python tests/golden/honest_did/make_statspai.py",
        "made_by": {name: version(name) for name in ("numpy", "scipy")} | {"python": platform.python_version()},
        "grid_points": GRID,
        "studies": {name: answers(study) for name, study in studies.items()},
    }
    (HERE / "statspai.json").write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
