"""Make the reference answers of robust differences-in-differences with another package, and write them as JSON.

Not run by the tests. In an environment of its own (Python 3.11), with moderndid 0.2.0 and cvxpy installed:

    python tests/golden/honest_did/make.py

What it holds is said in README.md beside it.
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BENZARTI_CARLONI = {
    "source": "Benzarti and Carloni (2019), as the R package HonestDiD ships it (BCdata_EventStudy)",
    "periods": [-4, -3, -2, -1, 1, 2, 3, 4],
    "n_pre": 4,
    "beta": [0.006696352, 0.029345034, -0.006472972, 0.073014989, 0.195961118, 0.312063903, 0.239541546, 0.126042500],
    "covariance": [
        [
            8.428358e-04,
            4.768687e-04,
            2.618051e-04,
            2.354220e-04,
            1.676371e-04,
            1.128708e-04,
            1.992816e-05,
            -1.368265e-04,
        ],
        [
            4.768687e-04,
            6.425420e-04,
            3.987425e-04,
            2.435515e-04,
            2.201960e-04,
            1.804591e-04,
            3.843765e-05,
            -2.960422e-05,
        ],
        [
            2.618051e-04,
            3.987425e-04,
            5.229950e-04,
            2.117686e-04,
            1.840722e-04,
            1.458528e-04,
            7.005197e-05,
            5.952995e-05,
        ],
        [
            2.354220e-04,
            2.435515e-04,
            2.117686e-04,
            3.089595e-04,
            1.197866e-04,
            1.334081e-04,
            1.016335e-04,
            1.079052e-04,
        ],
        [
            1.676371e-04,
            2.201960e-04,
            1.840722e-04,
            1.197866e-04,
            3.599704e-04,
            2.478819e-04,
            1.749579e-04,
            1.654257e-04,
        ],
        [
            1.128708e-04,
            1.804591e-04,
            1.458528e-04,
            1.334081e-04,
            2.478819e-04,
            4.263950e-04,
            2.171438e-04,
            2.892748e-04,
        ],
        [
            1.992816e-05,
            3.843765e-05,
            7.005197e-05,
            1.016335e-04,
            1.749579e-04,
            2.171438e-04,
            4.886698e-04,
            3.805322e-04,
        ],
        [
            -1.368265e-04,
            -2.960422e-05,
            5.952995e-05,
            1.079052e-04,
            1.654257e-04,
            2.892748e-04,
            3.805322e-04,
            7.617394e-04,
        ],
    ],
}


def medicaid() -> dict:
    """The event study of the R package's page: states that expanded Medicaid in 2014 against those that did not."""
    from moderndid import load_ehec

    panel = load_ehec().to_pandas()
    panel = panel[(panel["year"] < 2016) & (panel["yexp2"] != 2015)]
    years = sorted(int(year) for year in panel["year"].unique())
    states = sorted(panel["stfips"].unique())
    treated = (panel["yexp2"] == 2014).to_numpy(float)
    shown = [year for year in years if year != 2013]
    columns = [treated * (panel["year"] == year).to_numpy(float) for year in shown]
    nuisance = [(panel["stfips"] == state).to_numpy(float) for state in states]
    nuisance += [(panel["year"] == year).to_numpy(float) for year in years[1:]]
    x, y = np.column_stack(columns + nuisance), panel["dins"].to_numpy(float)
    bread = np.linalg.inv(x.T @ x)
    coefficients = bread @ x.T @ y
    scores = x * (y - x @ coefficients)[:, None]
    sums = np.array([scores[(panel["stfips"] == state).to_numpy()].sum(axis=0) for state in states])
    n, groups, counted = len(y), len(states), len(columns) + len(years)  # state effects nest in the clusters
    factor = groups / (groups - 1) * (n - 1) / (n - counted)
    covariance = factor * bread @ sums.T @ sums @ bread
    k = len(columns)
    return {
        "source": "Medicaid expansion panel of Advanced-DID (ehec_data), two-way fixed effects, clustered by state",
        "periods": [year - 2013 for year in shown],
        "n_pre": 5,
        "beta": coefficients[:k].tolist(),
        "covariance": covariance[:k, :k].tolist(),
        "published": {
            "by": "README of the R package HonestDiD (and of the Stata package: the mean of both years, 3 digits)",
            "original": {"first": [0.029, 0.064], "mean": [0.040, 0.075]},
            "relative_magnitudes": {
                "first": {
                    "0.5": [0.0240, 0.0672],
                    "1": [0.0170, 0.0720],
                    "1.5": [0.00824, 0.0797],
                    "2": [-0.000916, 0.0881],
                },
                "mean": {
                    "0": [0.041, 0.075],
                    "0.5": [0.033, 0.080],
                    "1": [0.020, 0.090],
                    "1.5": [0.006, 0.103],
                    "2": [-0.008, 0.117],
                },
            },
            "smoothness": {
                "first": {
                    "0": [0.0259, 0.0607],
                    "0.01": [0.0132, 0.0787],
                    "0.02": [0.00286, 0.0907],
                    "0.03": [-0.00714, 0.101],
                    "0.04": [-0.0171, 0.111],
                    "0.05": [-0.0271, 0.121],
                },
            },
        },
    }


def answers(study: dict, grid: int) -> dict:
    """What moderndid says about the first month after, and about the mean of all."""
    from moderndid.didhonest.sensitivity import create_sensitivity_results_rm, create_sensitivity_results_sm

    beta, covariance, n_pre = np.array(study["beta"]), np.array(study["covariance"]), study["n_pre"]
    n_post = len(beta) - n_pre
    found = {"smoothness": {}, "relative_magnitudes": {}}
    for name, weights in (("first", np.eye(n_post)[0]), ("mean", np.full(n_post, 1 / n_post))):
        smooth = create_sensitivity_results_sm(
            beta, covariance, n_pre, n_post, method="FLCI", m_vec=[0.005, 0.01, 0.02, 0.05], l_vec=weights[:, None]
        )
        relative = create_sensitivity_results_rm(
            beta,
            covariance,
            n_pre,
            n_post,
            method="C-LF",
            m_bar_vec=[0.5, 1.0, 2.0],
            l_vec=weights[:, None],
            grid_points=grid,
        )
        found["smoothness"][name] = {f"{row['m']:g}": [row["lb"], row["ub"]] for row in smooth.to_dicts()}
        found["relative_magnitudes"][name] = {f"{row['Mbar']:g}": [row["lb"], row["ub"]] for row in relative.to_dicts()}
    return found


def main() -> None:
    """Write reference.json."""
    studies = {"benzarti_carloni": BENZARTI_CARLONI, "medicaid": medicaid()}
    for study in studies.values():
        study["moderndid"] = answers(study, grid=4000)
    made_by = {name: version(name) for name in ("moderndid", "numpy", "scipy", "cvxpy")} | {
        "python": platform.python_version()
    }
    text = json.dumps({"made_by": made_by, "grid_points": 4000, "studies": studies}, indent=1)
    (HERE / "reference.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
