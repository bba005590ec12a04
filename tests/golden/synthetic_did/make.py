"""Freeze what synthdid-py and pysyncon say of made-up panels and California: python make.py > reference.json."""

import json
from importlib.metadata import version

import numpy as np
import pandas as pd
from pysyncon import Dataprep, Synth
from synthdid import (
    load_california_prop99,
    panel_matrices,
    sc_estimate,
    synthdid_estimate,
)
from synthdid.staggered import staggered_panel_matrices, staggered_synthdid_estimate

EXACT = {"sparsify": None, "max_iter": 100_000}


def made_up(seed, donors, treated, periods, start, effect):
    rng = np.random.default_rng(seed)
    units = donors + treated
    loads, factors = rng.normal(size=(units, 2)), rng.normal(size=(2, periods)).cumsum(axis=1) * 0.5
    table = 20 + 3 * rng.normal(size=(units, 1)) + loads @ factors + rng.normal(size=(units, periods))
    table[donors:, start:] += effect
    return table.round(3)


def answers(panel, control, start):
    default = synthdid_estimate(panel, control, start)
    noise = float(np.std(np.diff(panel[:control, :start], axis=1), ddof=1))
    exact = synthdid_estimate(panel, control, start, min_decrease=1e-9 * noise, **EXACT)
    sc = sc_estimate(panel, control, start, min_decrease=1e-9 * noise, **EXACT)
    found = {
        "default": {
            "att": float(default),
            "unit_weights": default.weights.omega.tolist(),
            "time_weights": default.weights.lambda_.tolist(),
        },
        "converged": {
            "att": float(exact),
            "unit_weights": exact.weights.omega.tolist(),
            "time_weights": exact.weights.lambda_.tolist(),
            "effects": exact.effect_curve().tolist(),
        },
        "synthetic_control": {"att": float(sc), "unit_weights": sc.weights.omega.tolist()},
    }
    if len(panel) - control > 1:
        found["jackknife_se"] = exact.se(method="jackknife")
    return found


def placebos(panel, control, start):
    """Each donor in turn in the place of the changed unit."""
    others = np.arange(control)
    turns = [np.append(np.delete(others, place), place) for place in others]
    return [float(synthdid_estimate(panel[turn], control - 1, start)) for turn in turns]


def by_pysyncon(panel, control, start):
    rows = [{"unit": i, "time": t, "y": panel[i, t]} for i in range(control + 1) for t in range(panel.shape[1])]
    prep = Dataprep(
        foo=pd.DataFrame(rows),
        predictors=[],
        predictors_op="mean",
        dependent="y",
        unit_variable="unit",
        time_variable="time",
        treatment_identifier=control,
        controls_identifier=list(range(control)),
        time_predictors_prior=range(start),
        time_optimize_ssr=range(start),
        special_predictors=[("y", [t], "mean") for t in range(start)],
    )
    synth = Synth()
    synth.fit(dataprep=prep, custom_V=np.ones(start))
    return {"unit_weights": synth.weights(round=12).tolist(), "mspe_before": float(synth.mspe())}


panels = {
    "one_unit": (made_up(1, 24, 1, 30, 20, 4.0), 24, 20),
    "six_units": (made_up(2, 30, 6, 24, 16, -3.0), 30, 16),
    "twelve_units": (made_up(3, 40, 12, 18, 12, 2.0), 40, 12),
}
california = panel_matrices(load_california_prop99())
out = {
    "packages": {"synthdid-py": version("synthdid-py"), "pysyncon": version("pysyncon"), "numpy": np.__version__},
    "command": "oracle/bin/python make.py > reference.json",
    "panels": {},
}
for label, (panel, control, start) in panels.items():
    out["panels"][label] = {
        "outcomes": panel.tolist(),
        "donors": control,
        "start": start,
        **answers(panel, control, start),
    }
panel, control, start = panels["one_unit"]
out["panels"]["one_unit"]["placebos"] = placebos(panel, control, start)
out["panels"]["one_unit"]["pysyncon"] = by_pysyncon(panel, control, start)
many, control, start = panels["twelve_units"]
out["panels"]["twelve_units"]["bootstrap_se"] = synthdid_estimate(many, control, start).se(
    method="bootstrap", replications=100, random_state=1
)
out["california"] = {
    "outcomes": california.Y.tolist(),
    "donors": int(california.N0),
    "start": int(california.T0),
    **answers(california.Y, california.N0, california.T0),
}

table = made_up(4, 26, 5, 20, 19, 0.0)
starts = [-1] * 26 + [10, 10, 13, 13, 15]
for row, begin in enumerate(starts):
    if begin >= 0:
        table[row, begin:] += 2.5
long = pd.DataFrame(
    [
        {"unit": f"{i:02d}", "time": t, "y": table[i, t], "d": int(0 <= starts[i] <= t)}
        for i in range(len(table))
        for t in range(table.shape[1])
    ]
)
sorted_panel = staggered_panel_matrices(long, "unit", "time", "y", "d")
noise = float(np.std(np.diff(table[:26, :10], axis=1), ddof=1))
found = staggered_synthdid_estimate(sorted_panel, min_decrease=1e-9 * noise, **EXACT)
out["staggered"] = {
    "outcomes": table.tolist(),
    "starts": starts,
    "att": float(found.att),
    "cohorts": {int(key): float(value) for key, value in found.estimates.items()},
}
print(json.dumps(out))
