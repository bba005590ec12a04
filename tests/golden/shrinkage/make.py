"""Writes ten_cities.json: rows of cz.csv and answers of the R package ebci, copied from the sources in README.md."""

import json
from pathlib import Path

ROWS = [
    ("Los Angeles", 16393360, -0.170313075184822, 0.0425704196095467),
    ("New York", 11781395, -0.148463621735573, 0.0444345846772194),
    ("Chicago", 8183799, -0.180241316556931, 0.0611373446881771),
    ("Newark", 5822286, 0.00795476417988539, 0.0655397698283195),
    ("Philadelphia", 5602247, 0.0215693637728691, 0.0825744271278381),
    ("Detroit", 5327827, -0.0920152738690376, 0.0729996487498283),
    ("Boston", 4974945, 0.0379438959062099, 0.0933173447847366),
    ("San Francisco", 4642561, 0.0169681217521429, 0.092528335750103),
    ("Washington DC", 4632415, 0.163461312651634, 0.0671579018235207),
    ("Houston", 4504013, -0.0390238203108311, 0.0649381503462791),
]

reference = {
    "package": "ebci",
    "version": "0.0.0.9002",
    "command": "ebci(formula=theta25~0, data=df, se=se25, alpha=0.05, kappa=Inf, wopt=TRUE)",
    "columns": ["czname", "pop", "theta25", "se25"],
    "rows": ROWS,
    "answers": {"sqrt_mu2": 0.085168, "w_eb": 0.612815, "ncov_pa": 0.063068, "len_eb": 0.114249},
}

if __name__ == "__main__":
    Path(__file__).with_name("ten_cities.json").write_text(json.dumps(reference, indent=1, ensure_ascii=False) + "\n")
