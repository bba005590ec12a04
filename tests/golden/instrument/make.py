"""Make the reference answers of instrumental variables with other packages, and write them as JSON.

Not run by the tests. In an environment of its own (Python 3.11), with linearmodels, pyfixest and statsmodels:

    python tests/golden/instrument/make.py

What it holds is said in README.md beside it.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest as pf
import statsmodels.api as sm
from linearmodels.iv import IV2SLS
from scipy import optimize, stats

HERE = Path(__file__).parent
LEVEL = 0.95


def made(seed, *, slopes, n=260):
    rng = np.random.default_rng(seed)
    day, hour, product = rng.integers(0, 35, n), rng.integers(0, 9, n), rng.integers(0, 4, n)
    z = rng.normal(size=(n, len(slopes))) + 0.3 * hour[:, None] + 0.4 * rng.normal(size=35)[day][:, None]
    severity, shared = rng.normal(size=n), rng.normal(size=n)
    push = z @ np.asarray(slopes) - 0.4 * hour + 0.4 * severity + 0.6 * shared + rng.normal(size=n)
    d = (push > np.median(push)).astype(float)
    y = 1.5 * d - 0.5 * severity + 0.8 * shared + 0.2 * hour + 0.4 * rng.normal(size=35)[day] + rng.normal(size=n)
    frame = pd.DataFrame({"y": y, "d": d, "severity": severity, "day": day, "hour": hour, "product": product})
    for place in range(len(slopes)):
        frame[f"z{place}"] = z[:, place]
    return frame.round(6)


def answers(frame):
    names = [column for column in frame if column.startswith("z")]
    hours = pd.get_dummies(frame["hour"], prefix="h").astype(float)
    products = pd.get_dummies(frame["product"], prefix="p", drop_first=True).astype(float)
    exogenous = pd.concat([frame[["severity"]], hours, products], axis=1)

    def two_stage(dependent):
        model = IV2SLS(frame[dependent], exogenous, frame["d"], frame[names])
        return model.fit(cov_type="clustered", clusters=frame["day"], debiased=True)

    def least_squares(dependent, columns):
        model = IV2SLS(dependent, pd.concat([frame[columns], exogenous], axis=1), None, None)
        return model.fit(cov_type="clustered", clusters=frame["day"], debiased=True)

    full = two_stage("y")
    reduced, first = (least_squares(frame[one], names) for one in ("y", "d"))
    plain = least_squares(frame["y"], ["d"])
    all_first = pd.concat([frame[names], exogenous], axis=1)
    partial = [sm.OLS(frame["d"], columns).fit().ssr for columns in (exogenous, all_first)]
    groups, k = frame["day"].nunique(), len(names)

    def excess(b):
        fit = sm.OLS(frame["y"] - b * frame["d"], all_first).fit(
            cov_type="cluster", cov_kwds={"groups": frame["day"], "use_correction": True}
        )
        slopes, covariance = fit.params[names].to_numpy(), fit.cov_params().loc[names, names].to_numpy()
        return float(slopes @ np.linalg.solve(covariance, slopes)) - k * stats.f.ppf(LEVEL, k, groups - 1)

    grid = np.tan(np.linspace(-np.pi / 2, np.pi / 2, 4003)[1:-1])
    values = np.array([excess(b) for b in grid])
    crossings = np.flatnonzero(np.diff(np.sign(values)))
    ends = [optimize.brentq(excess, grid[at], grid[at + 1], xtol=1e-13, rtol=1e-14) for at in crossings]
    found = {
        "effect": float(full.params["d"]),
        "se": float(full.std_errors["d"]),
        "adjusted": [float(plain.params["d"]), float(plain.std_errors["d"])],
        "partial_r2": 1 - partial[1] / partial[0],
        "anderson_rubin": {"ends": ends, "far_kept": bool(values[0] <= 0)},
        "no_effect_wald": excess(0.0) + k * stats.f.ppf(LEVEL, k, groups - 1),
        "n_clusters": int(groups),
    }
    if k == 1:
        found["first_stage"] = [float(first.params["z0"]), float(first.std_errors["z0"])]
        found["reduced_form"] = [float(reduced.params["z0"]), float(reduced.std_errors["z0"])]
    fit = pf.feols(
        f"y ~ 1 | hour + product | d ~ {' + '.join(names)}",
        data=frame,
        vcov={"CRV1": "day"},
        ssc=pf.ssc(k_adj=True, k_fixef="full", G_adj=True, G_df="min"),
    )
    fit.IV_Diag()
    found["pyfixest_without_severity"] = {
        "effect": float(fit.coef()["d"]),
        "se": float(fit.se()["d"]),
        "effective_f": float(fit._eff_F),
    }
    return found


if __name__ == "__main__":
    cases = {
        "one_strong": made(1, slopes=[1.2]),
        "one_weak": made(11, slopes=[0.12]),
        "one_half_lines": made(42, slopes=[0.2]),
        "three": made(4, slopes=[0.8, -0.5, 0.3]),
        "three_weak": made(5, slopes=[0.1, -0.1, 0.1]),
        "three_half_lines": made(17, slopes=[0.2, -0.2, 0.1]),
    }
    statement = {
        "packages": {name: version(name) for name in ("linearmodels", "pyfixest", "statsmodels", "numpy", "pandas")},
        "command": "python tests/golden/instrument/make.py",
        "level": LEVEL,
        "cases": {
            name: {"data": {column: frame[column].tolist() for column in frame}, "answers": answers(frame)}
            for name, frame in cases.items()
        },
    }
    (HERE / "reference.json").write_text(json.dumps(statement) + "\n")
    for name, case in statement["cases"].items():
        print(name, json.dumps(case["answers"]))
