"""Make the reference answers of randomised invitations with other packages, and write them as JSON.

Not run by the tests. In an environment of its own (Python 3.11), with linearmodels, scipy and statsmodels:

    python tests/golden/complier/make.py

What it holds is said in README.md beside it.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from linearmodels.iv import IV2SLS
from scipy import optimize, stats

HERE = Path(__file__).parent
LEVEL = 0.95


def made(seed, moved, n=240):
    rng = np.random.default_rng(seed)
    invited = np.arange(n) % 2
    taste = rng.normal(size=n)
    used = (0.25 * invited * moved + 0.3 * taste + rng.normal(size=n) > 0.4).astype(int)
    orders = rng.poisson(np.exp(0.4 + 0.3 * taste + 0.35 * used))
    return pd.DataFrame({"invited": invited, "used": used, "orders": orders})


def answers(frame):
    constant = pd.Series(1.0, frame.index, name="constant")
    fit = IV2SLS(frame["orders"], constant, frame["used"], frame["invited"]).fit(cov_type="robust", debiased=True)
    first = sm.OLS(frame["used"], sm.add_constant(frame["invited"])).fit(cov_type="HC1")

    def rest(effect):
        left = frame["orders"] - effect * frame["used"]
        return [left[frame["invited"] == arm] for arm in (1, 0)]

    estimate = float(fit.params["used"])
    groups = rest(estimate)
    freedom = float(stats.ttest_ind(*groups, equal_var=False).df)
    critical = stats.t.ppf((1 + LEVEL) / 2, freedom)

    def excess(effect):
        return abs(stats.ttest_ind(*rest(effect), equal_var=False).statistic) - critical

    reach = 60 * float(fit.std_errors["used"])
    tried = np.linspace(estimate - reach, estimate + reach, 8001)
    over = np.array([excess(effect) for effect in tried])
    turns = np.flatnonzero(np.sign(over[1:]) != np.sign(over[:-1]))
    return {
        "value": estimate,
        "se": float(fit.std_errors["used"]),
        "first_stage_f": float(first.tvalues["invited"] ** 2),
        "anderson_rubin": [optimize.brentq(excess, tried[at], tried[at + 1], xtol=1e-14) for at in turns],
        "rows": frame.to_dict("list"),
    }


held = {
    "package": "linearmodels, statsmodels, scipy",
    "version": {name: version(name) for name in ("linearmodels", "statsmodels", "scipy")},
    "command": "python tests/golden/complier/make.py",
    "cases": [answers(made(*case)) for case in ((1, 6.0), (2, 3.5), (4, 0.9))],
}
(HERE / "reference.json").write_text(json.dumps(held, separators=(",", ":")) + "\n")
