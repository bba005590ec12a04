"""Make the reference answers of comparisons by cluster with statsmodels, and write them as JSON.

Not run by the tests. In an environment of its own (Python 3.11), with statsmodels:

    python tests/golden/clusters/make.py

What it holds is said in README.md beside it.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm

HERE = Path(__file__).parent


def made(seed, clusters, spread):
    rng = np.random.default_rng(seed)
    size = np.ceil(np.exp(rng.normal(1.6, spread, clusters))).astype(int)
    cluster = np.repeat(np.arange(clusters), size)
    shared, before = rng.normal(size=clusters)[cluster], rng.normal(size=len(cluster))
    before = before + rng.normal(size=clusters)[cluster]
    arm = rng.permutation(np.arange(clusters) % 2)[cluster]
    orders = 3 + 0.4 * arm + 0.7 * before + shared + rng.normal(size=len(cluster))
    return pd.DataFrame({"cluster": cluster, "arm": arm, "before": before, "orders": orders}).round(4)


def answers(frame):
    means = frame.groupby("cluster").mean()
    size = frame.groupby("cluster").size()

    def weighted(columns):
        fit = sm.WLS(means["orders"], sm.add_constant(means[columns]), weights=size).fit(cov_type="HC2")
        return {"value": fit.params["arm"], "se": fit.bse["arm"]}

    def alone(arm):
        part = frame[frame["arm"] == arm]
        clustered = {"groups": part["cluster"], "use_correction": True}
        fit = sm.OLS(part["orders"], np.ones(len(part))).fit(cov_type="cluster", cov_kwds=clustered)
        return {"mean": fit.params.iloc[0], "se": fit.bse.iloc[0]}

    return {
        "plain": weighted(["arm"]),
        "adjusted": weighted(["arm", "before"]),
        "arms": {str(arm): alone(arm) for arm in (0, 1)},
        "rows": frame.to_dict("list"),
    }


held = {
    "package": "statsmodels",
    "version": version("statsmodels"),
    "command": "python tests/golden/clusters/make.py",
    "cases": [answers(made(*case)) for case in ((1, 12, 0.9), (2, 33, 0.6), (3, 110, 0.3))],
}
(HERE / "reference.json").write_text(json.dumps(held, separators=(",", ":")) + "\n")
