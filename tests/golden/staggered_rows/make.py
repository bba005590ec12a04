"""Make the reference answers of ATT(g, t) with covariates with another package, and write them as JSON.

Not run by the tests. In an environment of its own (Python 3.11), with csdid 0.4.3 installed:

    python tests/golden/staggered_rows/make.py

It reads counties.csv and simulated.csv beside it and the answers of R in r_did.csv, and writes csdid.json.
"""

import json
import platform
import warnings
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from csdid.att_gt import ATTgt

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent


def long(name: str) -> pd.DataFrame:
    """One of the panels, a row for each unit and period."""
    wide = pd.read_csv(HERE / f"{name}.csv")
    periods = [column for column in wide.columns if column.isdigit()]
    panel = wide.melt([column for column in wide.columns if column not in periods], periods, "period", "y")
    panel["period"] = panel["period"].astype(int)
    return panel.sort_values(["unit", "period"]).reset_index(drop=True)


def answers(panel: pd.DataFrame, method: str, control: str, base: str, anticipation: int) -> dict:
    """Cells and averages of one way of estimating."""
    found = ATTgt(
        yname="y",
        gname="cohort",
        idname="unit",
        tname="period",
        xformla="y~x",
        data=panel.copy(),
        control_group=control,
        anticipation=anticipation,
    ).fit(est_method=method, base_period=base, bstrap=False)
    cells = [
        [int(g), int(t), float(att), None if se != se else float(se)]
        for g, t, att, se in zip(*(found.results[name] for name in ("group", "year", "att", "se")), strict=True)
    ]
    averages = {}
    for kind in ("simple", "group", "dynamic", "calendar"):
        one = found.aggte(typec=kind, bstrap=False).atte
        averages[kind] = [float(one["overall_att"]), float(one["overall_se"])]
    return {
        "method": method,
        "control": control,
        "base": base,
        "anticipation": anticipation,
        "cells": cells,
        "averages": averages,
    }


def main() -> None:
    """Write csdid.json."""
    counties, simulated = long("counties"), long("simulated")
    asked = [
        (method, control, base, 0)
        for method in ("dr", "reg", "ipw")
        for control in ("nevertreated", "notyettreated")
        for base in ("varying", "universal")
    ] + [("dr", control, "varying", 1) for control in ("nevertreated", "notyettreated")]
    found = {
        "counties": [answers(counties, *one) for one in asked],
        "simulated": [answers(simulated, *one) for one in asked if one[2] == "varying" and not one[3]],
    }
    made_by = {name: version(name) for name in ("csdid", "drdid", "numpy", "pandas", "statsmodels")}
    text = {
        "package": "csdid",
        "version": version("csdid"),
        "command": "python tests/golden/staggered_rows/make.py",
        "made_by": made_by | {"python": platform.python_version()},
        "panels": found,
    }
    (HERE / "csdid.json").write_text(json.dumps(text, indent=None).replace('{"method"', '\n{"method"') + "\n")


if __name__ == "__main__":
    main()
