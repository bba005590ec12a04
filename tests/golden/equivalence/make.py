"""What made equivalence.json: two one-sided tests by statsmodels and scipy on drawn samples.

python tests/golden/equivalence/make.py > tests/golden/equivalence/equivalence.json
"""

import json
import platform

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_ind

rng = np.random.default_rng(20260901)
CASES = []
for n1, n2, shift, spread, low, high in [
    (12, 9, 0.1, 2.0, -1.0, 1.5),
    (40, 300, 0.02, 3.5, -0.8, 0.8),
    (500, 500, 0.0, 1.0, -0.1, 0.1),
    (700, 450, 0.3, 0.7, -0.25, 0.25),
    (25, 25, -1.0, 1.0, -0.5, 0.5),
]:
    x1 = np.round(rng.normal(5 + shift, 1.0, n1), 3)
    x2 = np.round(rng.normal(5, spread, n2), 3)
    p, (t1, p1, df1), (t2, p2, df2) = ttost_ind(x1, x2, low, high, usevar="unequal")
    compare = CompareMeans(DescrStatsW(x1), DescrStatsW(x2))
    ci = compare.tconfint_diff(alpha=0.05, usevar="unequal")
    ci90 = compare.tconfint_diff(alpha=0.10, usevar="unequal")
    lower = stats.ttest_ind(x1 - low, x2, equal_var=False, alternative="greater").pvalue
    upper = stats.ttest_ind(x1 - high, x2, equal_var=False, alternative="less").pvalue
    two = stats.ttest_ind(x1, x2, equal_var=False).pvalue
    CASES.append(
        {
            "treated": x1.tolist(),
            "comparison": x2.tolist(),
            "low": low,
            "high": high,
            "statsmodels": {
                "p_value": float(p),
                "p_low": float(p1),
                "p_high": float(p2),
                "df": float(df1),
                "interval_95": [float(c) for c in ci],
                "interval_90": [float(c) for c in ci90],
                "se": float(compare.std_meandiff_separatevar),
            },
            "scipy": {"p_low": float(lower), "p_high": float(upper), "two_sided": float(two)},
        }
    )
print(
    json.dumps(
        {
            "package": "statsmodels",
            "version": statsmodels.__version__,
            "also": f"scipy {scipy.__version__}",
            "python": platform.python_version(),
            "command": "python tests/golden/equivalence/make.py > tests/golden/equivalence/equivalence.json",
            "cases": CASES,
        },
        indent=None,
    )
)
