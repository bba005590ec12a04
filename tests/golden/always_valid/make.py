"""Make the reference answers of always-valid intervals with gbstats, and write them as JSON.

Not run by the tests. In an environment of its own (Python 3.11), with gbstats:

    python tests/golden/always_valid/make.py
"""

import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
from gbstats.models.statistics import SampleMeanStatistic

HERE = Path(__file__).parent


def answers(seed, n, first, maximum, effect):
    rng = np.random.default_rng(seed)
    groups = [rng.poisson(1.3 + shift, n) for shift in (0.0, effect)]
    sums = [(int(g.sum()), int((g * g).sum())) for g in groups]
    tuned = 2 * math.sqrt(first * maximum)
    statistics = [SampleMeanStatistic(n=n, sum=s, sum_squares=q) for s, q in sums]
    config = SequentialConfig(difference_type="absolute", sequential_tuning_parameter=tuned)
    test = SequentialTwoSidedTTest(*statistics, config)
    found = test.compute_result()
    return {
        "n": n,
        "first": first,
        "maximum": maximum,
        "comparison": sums[0],
        "treated": sums[1],
        "value": found.expected,
        "interval": list(found.ci),
    }


cases = ((1, 700, 500, 5000, 0.0), (2, 2500, 1000, 10000, 0.1), (3, 9000, 500, 8000, 0.05))
held = {
    "package": "gbstats",
    "version": version("gbstats"),
    "command": "python tests/golden/always_valid/make.py",
    "cases": [answers(*case) for case in cases],
}
(HERE / "reference.json").write_text(json.dumps(held, separators=(",", ":")) + "\n")
