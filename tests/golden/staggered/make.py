"""How were the reference values of staggered adoption made? By packages that the project does not depend on.

Not run by the tests. In an environment of its own (Python 3.11):

    pip install csdid==0.4.3 diff-diff==3.13.0 pyfixest==0.60.0
    python tests/golden/staggered/make.py MPDTA_FOLDER

The folder holds mpdta.csv (counties, 2003 to 2007) and r_ref/sim_data.csv, as the tests read them. What the answers are
is said in README.md beside it.
"""

import contextlib
import io
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
DATA = ("counties", "made_up", "counties_all_treated")
AGGREGATES = (
    {"kind": "simple"},
    {"kind": "dynamic"},
    {"kind": "group"},
    {"kind": "calendar"},
    {"kind": "dynamic", "balanced": 1},
    {"kind": "dynamic", "earliest": -1, "latest": 1},
)


def rows_of(name, folder):
    """A long panel with columns unit, period, outcome, cohort."""
    if name == "made_up":
        rows = pd.read_csv(folder / "r_ref" / "sim_data.csv")
        return rows.rename(columns={"id": "unit", "Y": "outcome", "G": "cohort"})
    rows = pd.read_csv(folder / "mpdta.csv")
    rows = rows.rename(columns={"countyreal": "unit", "year": "period", "lemp": "outcome", "first.treat": "cohort"})
    return rows[rows["cohort"] > 0] if name == "counties_all_treated" else rows


def plain(values):
    """As JSON holds them."""
    return [None if pd.isna(value) else float(value) for value in np.ravel(values)]


def staggered(rows, control, base, anticipation):
    """Every number of csdid."""
    from csdid.att_gt import ATTgt

    fit = ATTgt(
        yname="outcome",
        tname="period",
        idname="unit",
        gname="cohort",
        data=rows.copy(),
        control_group={"never": "nevertreated", "not_yet": "notyettreated"}[control],
        xformla="outcome~1",
        anticipation=anticipation,
    ).fit(est_method="dr", base_period=base, bstrap=False)
    answer = {name: plain(fit.results[name]) for name in ("group", "year", "att", "se")}
    answer["wald"], answer["wald_p"] = fit.MP.get("W"), fit.MP.get("Wpval")
    answer["aggregates"] = []
    for asked in AGGREGATES:
        options = {
            "balance_e": asked.get("balanced"),
            "min_e": asked.get("earliest", float("-inf")),
            "max_e": asked.get("latest", float("inf")),
        }
        try:
            fit.aggte(typec=asked["kind"], bstrap=False, cband=False, **options)
        except ValueError as refused:
            answer["aggregates"].append({**asked, "refused": str(refused)})
            continue
        made = fit.atte if isinstance(fit.atte, dict) else vars(fit.atte)
        row = {**asked, "overall": plain(made["overall_att"])[0], "overall_se": plain(made["overall_se"])[0]}
        if made.get("egt") is not None:
            row |= {name: plain(made[key]) for name, key in (("keys", "egt"), ("values", "att_egt"), ("se", "se_egt"))}
        answer["aggregates"].append(row)
    return answer


def two_way(rows):
    """The regression of pyfixest and the comparisons of diff-diff."""
    import pyfixest
    from diff_diff import BaconDecomposition

    rows = rows.copy()
    rows["treated"] = ((rows["cohort"] > 0) & (rows["period"] >= rows["cohort"])).astype(float)
    static = pyfixest.feols("outcome ~ treated | unit + period", rows, vcov={"CRV1": "unit"})
    answer = {"value": float(static.coef().iloc[0]), "se": float(static.se().iloc[0])}
    if (rows["cohort"] == 0).any():
        rows["event"] = (rows["period"] - rows["cohort"]).where(rows["cohort"] > 0, -1)
        study = pyfixest.feols("outcome ~ i(event, ref=-1) | unit + period", rows, vcov={"CRV1": "unit"})
        keys = [int(float(term.split("::")[-1].removeprefix("[T.").rstrip("]"))) for term in study.coef().index]
        answer |= {"keys": keys, "values": plain(study.coef()), "errors": plain(study.se())}
        answer["covariance"] = [plain(row) for row in study._vcov]
    found = BaconDecomposition(weights="exact").fit(
        rows, outcome="outcome", unit="unit", time="period", first_treat="cohort"
    )
    answer["bacon"] = json.loads(found.to_dataframe().to_json(orient="records", double_precision=15))
    return answer


def main():
    """Ask them all and write what they say."""
    warnings.filterwarnings("ignore")
    folder = Path(sys.argv[1])
    cases = [
        {"data": data, "control": control, "base": base, "anticipation": anticipation}
        for data in DATA
        for control in ("never", "not_yet")
        for base in ("varying", "universal")
        for anticipation in (0, 1)
        if not (data == "counties_all_treated" and control == "never")
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # csdid prints what it finds
        answers = {
            "packages": {name: version(name) for name in ("csdid", "diff-diff", "pyfixest")},
            "command": "python tests/golden/staggered/make.py MPDTA_FOLDER",
            "staggered": [
                {**case, **staggered(rows_of(case["data"], folder), *list(case.values())[1:])} for case in cases
            ],
            "two_way": [{"data": name, **two_way(rows_of(name, folder))} for name in DATA],
        }
    (HERE / "reference.json").write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
