"""Writes two made-up exports to practise on: `orders.csv`, and `tickets.csv` as Zendesk writes it.

    python docs/tutorial/practice_files.py FOLDER

The company is one of `touchstone make-world`, so its truth is known: FOLDER/truth.json holds it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd

from analysis.synthetic.make import make_world

CUSTOMERS, SEED = 6_000, 7
VIA = {
    "social": "Twitter Direct Message",
    "phone": "Phone Call (Inbound)",
    "email": "Mail",
    "chat": "Chat",
    "in_person": "Web Form",
}
PRIORITY = {1: "Low", 2: "Normal", 3: "High"}


def practice_files(folder: Path) -> None:
    """Write both files and the truth into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        world = Path(place) / "world"
        make_world(world, world="demo", seed=SEED, customers=CUSTOMERS)
        orders = pd.read_parquet(world / "orders.parquet")
        orders.drop(columns="product").to_csv(folder / "orders.csv", index=False)
        tickets(pd.read_parquet(world / "issues.parquet")).to_csv(folder / "tickets.csv", index=False)
        shutil.copy(world / "truth.json", folder / "truth.json")


def tickets(issues: pd.DataFrame) -> pd.DataFrame:
    """Issues as an export of tickets, times to the minute, with the export's own way of writing "not solved"."""
    clock = "%Y-%m-%d %H:%M"
    solved = issues["closed_at"].dt.strftime(clock).fillna("1900-01-01 00:00")
    wait = (issues["first_reply_at"] - issues["opened_at"]).dt.total_seconds() // 60
    return pd.DataFrame(
        {
            "Id": issues["issue_id"],
            "Requester id": issues["customer_id"],
            "Group": "Support",
            "Status": solved.where(solved.str.startswith("1900")).notna().map({True: "Open", False: "Closed"}),
            "Priority": issues["severity"].map(PRIORITY),
            "Via": issues["channel"].map(VIA),
            "Created at": issues["opened_at"].dt.strftime(clock),
            "Updated at": solved.where(~solved.str.startswith("1900"), issues["opened_at"].dt.strftime(clock)),
            "Solved at": solved,
            "First reply time in minutes": wait.astype("Int64").astype("string").fillna("-"),
        }
    )


if __name__ == "__main__":
    practice_files(Path(sys.argv[1]))
