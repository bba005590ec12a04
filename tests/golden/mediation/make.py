"""Answers of statsmodels' Mediation on 600 made-up rows: python make.py, beside rows.csv it makes itself."""

import json

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from statsmodels.stats.mediation import Mediation

N_REP = 400
rng = np.random.default_rng(5)
x = (np.arange(600) % 3 == 0).astype(float)
m = np.round(2 - 0.8 * x + rng.standard_normal(600), 4)
y = np.round(5 + 0.4 * x - np.where(x == 1, 0.5, 0.3) * m + rng.standard_normal(600), 4)
frame = pd.DataFrame({"x": x.astype(int), "m": m, "y": y})
frame.to_csv("rows.csv", index=False)
np.random.seed(1)
models = (sm.OLS.from_formula("y ~ x * m", frame), sm.OLS.from_formula("m ~ x", frame))
told = Mediation(*models, "x", "m").fit(method="parametric", n_rep=N_REP).summary()
columns = ["Estimate", "Lower CI bound", "Upper CI bound"]
answers = {name: [round(float(told.loc[name, column]), 9) for column in columns] for name in told.index}
golden = {
    "package": "statsmodels",
    "version": statsmodels.__version__,
    "command": "python make.py",
    "n_rep": N_REP,
    "answers": answers,
}
with open("statsmodels.json", "w") as file:
    json.dump(golden, file, indent=1)
