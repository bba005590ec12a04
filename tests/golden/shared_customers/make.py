"""How do the estimates of two overlapping studies of one company depend on each other? Made-up companies, in arrays.

    OMP_NUM_THREADS=1 python make.py live none 600 none.jsonl       # about four minutes
    OMP_NUM_THREADS=1 python make.py live effect 300 effect.jsonl   # about two minutes
    python make.py sum none.jsonl effect.jsonl > figures.json

Each company of 20,000 customers lives 36 months; the default study of its first social contacts is made on ten spans of
months, and the estimates of orders and issues are paired.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np

SPANS = [(0, 33), (0, 36), (3, 36), (0, 18), (1, 19), (3, 21), (5, 23), (6, 24), (7, 25), (12, 30)]
PAIRS = [((0, 33), (0, 36)), ((0, 33), (3, 36)), ((0, 36), (3, 36)), ((0, 18), (1, 19)), ((0, 18), (3, 21)),
         ((0, 18), (5, 23)), ((0, 18), (6, 24)), ((0, 18), (7, 25)), ((0, 18), (12, 30)), ((0, 18), (0, 36)),
         ((0, 18), (0, 33)), ((12, 30), (0, 36))]  # fmt: skip
FIRST_SEED = 7_000_000


def live(world, companies, path):
    import analysis.runner.proving.worlds as worlds
    from analysis.runner.proving.light import light_estimates
    from analysis.synthetic.lean import lean_life
    from analysis.synthetic.world import world_named

    with open(path, "w") as out:
        for seed in range(companies):
            life = lean_life(world_named(world), FIRST_SEED + seed, 20_000, everywhere=True)
            events = worlds.events_of_lean(life)
            found = {"seed": seed, "world": world}
            for begin, end in SPANS:
                months = worlds.FIRST_MONTH.plus(begin), worlds.FIRST_MONTH.plus(end - 1)
                rows = worlds.rows_of(events, worlds.RULES, *months)
                stack = worlds.ArrayStack(rows, worlds.layout_of(events, worlds.RULES, *months))
                estimates = light_estimates(stack, ("orders_ratio", "issues_ratio"))
                found[f"{begin}-{end}"] = {name: [one.value, one.se, one.se_log] for name, one in estimates.items()}
            out.write(json.dumps(found) + "\n")


def index_months(span):
    """Windows of six months on both sides lie within the span."""
    return set(range(span[0] + 6, span[1] - 6))


def summed(paths):
    rows = []
    for path in paths:
        companies = [json.loads(line) for line in Path(path).read_text().splitlines()]
        world = companies[0].get("world") or path.rpartition("/")[2].partition(".")[0]
        for outcome in ("orders_ratio", "issues_ratio"):
            for one, other in PAIRS:
                sides = [[each[f"{span[0]}-{span[1]}"][outcome] for each in companies] for span in (one, other)]
                logs = [np.log([each[0] for each in side]) for side in sides]
                errors = [np.array([each[2] for each in side]) for side in sides]
                mine, yours = index_months(one), index_months(other)
                shared = len(mine & yours) / math.sqrt(len(mine) * len(yours))
                change = logs[1] - logs[0]
                variance = errors[0] ** 2 + errors[1] ** 2 - 2 * (shared - 0.3) * errors[0] * errors[1]
                # the effect on a span is what its mix of customers makes it: the mean change is no error
                apart = change - (change.mean() if world == "effect" else 0.0)
                rows.append({
                    "world": world, "companies": len(companies), "outcome": outcome, "one": [min(mine), max(mine)],
                    "other": [min(yours), max(yours)], "shared": round(shared, 6),
                    "correlation": round(float(np.corrcoef(*logs)[0, 1]), 4),
                    "se_one": round(float(errors[0].mean()), 6), "se_other": round(float(errors[1].mean()), 6),
                    "sd_of_change": round(float(change.std(ddof=1)), 6),
                    "coverage": round(float((np.abs(apart) <= 1.959964 * np.sqrt(variance)).mean()), 4),
                })  # fmt: skip
    return {"package": "touchstone (its own study, on its own made-up companies)", "version": "none: own simulation",
            "command": "python make.py sum none.jsonl effect.jsonl", "rows": rows}  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1] == "live":
        live(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        print(json.dumps(summed(sys.argv[2:]), indent=1))
