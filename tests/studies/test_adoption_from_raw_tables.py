"""The adoption study by a second road: raw files, one customer at a time, nothing of the study's own but its words.

Cohorts, comparisons, windows, strata, sums, the ratio and errors by customer are written here as the rules say them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.studies.adoption.plan import AdoptionPlan
from analysis.studies.adoption.study import adoption_effect
from analysis.synthetic.make import make_world
from analysis.synthetic.roll_out import EXPERIMENT
from analysis.synthetic.roll_out_folder import write_roll_out
from analysis.tables.load import Source, open_tables, prepare

ZONE = "Europe/London"
NEVER = 10**9
WITHIN = 1e-9
"""The same sums in another order."""


def number(times: pd.Series) -> pd.Series:
    """Local months, counted from the year 0."""
    local = times.dt.tz_localize("UTC") if times.dt.tz is None else times
    local = local.dt.tz_convert(ZONE)
    return local.dt.year * 12 + local.dt.month - 1


class Raw:
    """Files of a company, and what each customer did in each month."""

    def __init__(self, folder: Path, first: int, last: int) -> None:
        read = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
        self.first, self.last, self.tables = first, last, read
        customers = read["customers"].set_index("customer_id")
        joined = number(customers["joined_at"])
        self.start = {who: first if month < first else month + 1 for who, month in joined.items()}
        self.product = customers["product"].to_dict()
        orders = read["orders"]
        if "cancelled_at" in orders:
            orders = orders[orders["cancelled_at"].isna()]
        orders = orders.assign(month=number(orders["ordered_at"]))
        self.did: dict[str, dict[tuple[str, int], float]] = {
            "orders": defaultdict(float),
            "revenue": defaultdict(float),
        }
        for who, month, revenue in orders[["customer_id", "month", "revenue"]].itertuples(index=False):
            self.did["orders"][who, month] += 1
            self.did["revenue"][who, month] += float(revenue)
        issues = read["issues"].dropna(subset="customer_id").sort_values(["opened_at", "issue_id"])
        issues = issues.assign(month=number(issues["opened_at"]))
        self.issues = issues[issues["month"] <= last]
        self.did["issues"] = defaultdict(float)
        for who, month in self.issues[["customer_id", "month"]].itertuples(index=False):
            self.did["issues"][who, month] += 1

    def first_contacts(self) -> dict[str, int]:
        """The month in which each customer first came to us on social; of later ones only that they come later."""
        issues, points = self.tables["issues"], self.tables.get("touchpoints")
        social = issues[issues["channel"] == "social"][["customer_id", "opened_at"]]
        parts = [social.rename(columns={"opened_at": "at"})]
        if points is not None:
            inbound = points[(points["channel"] == "social") & (points["direction"] == "inbound")]
            parts.append(inbound[["customer_id", "occurred_at"]].rename(columns={"occurred_at": "at"}))
        came = pd.concat(parts).dropna(subset="customer_id").groupby("customer_id")["at"].min()
        return dict(zip(came.index, number(came), strict=True))

    def invited(self) -> dict[str, int]:
        given = self.tables["assignments"]
        given = given[given["experiment_id"] == EXPERIMENT]
        months = number(given["assigned_at"])
        return {
            who: NEVER if arm == "control" else int(month)
            for who, arm, month in zip(given["customer_id"], given["arm"], months, strict=True)
        }


def in_words(raw: Raw, who: str, month: int, *, contacts: bool) -> dict[str, Any]:
    """What strata are made of."""
    seen = month - raw.start[who]
    found = {"band": 0 if seen < 12 else 1 if seen < 24 else 2, "product": raw.product[who]}
    if contacts:
        mine = raw.issues[raw.issues["customer_id"] == who]
        then = mine[mine["month"] == month]
        found["product"] = then["product"].iloc[0] if len(then) else raw.product[who]
        found["recent"] = min(int(mine["month"].between(month - 6, month - 1).sum()), 2)
        found["lately"] = bool(mine["month"].between(month - 3, month - 1).any())
    return found


def second_road(
    raw: Raw, adopted: dict[str, int], people: Iterable[str], outcome: str, *, contacts: bool, window: int = 6
) -> dict[str, float]:
    """The whole study of one outcome, by loops."""
    people = sorted(people)
    when = {who: adopted.get(who, NEVER) for who in people}
    reference = -2 if contacts else -1
    had = {(who, month) for who, month in raw.did["issues"]}
    members: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for month in range(raw.first + window, raw.last - window + 1):
        there = [who for who in people if raw.start[who] <= month - window and when[who] >= month]
        if contacts:
            there = [who for who in there if (who, month) in had or when[who] == month]
        if any(when[who] == month for who in there):
            members[month] = [(who, in_words(raw, who, month, contacts=contacts)) for who in there]
    levels = (
        [
            ("product", "recent", "lately", "band"),
            ("product", "recent", "lately"),
            ("product", "recent"),
            ("recent",),
            (),
        ]
        if contacts
        else [("product", "band"), ("product",), ()]
    )

    def strata(columns: tuple[str, ...]) -> dict[tuple[Any, ...], list[str]]:
        cells: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        for month, rows in members.items():
            for who, what in rows:
                cells[month, *(what[name] for name in columns)].append(who)
        kept = {}
        for key, whos in cells.items():
            stay = [who for who in whos if when[who] > key[0] + window]
            if len(stay) >= 2 and any(when[who] == key[0] for who in whos):
                kept[key] = whos
        return kept

    def adopters(cells: dict[tuple[Any, ...], list[str]]) -> int:
        return sum(when[who] == key[0] for key, whos in cells.items() for who in whos)

    most = adopters(strata(()))
    cells: dict[tuple[Any, ...], list[str]] = {}
    for columns in levels:
        cells = strata(columns)
        if most - adopters(cells) <= 0.02 * most:
            break
    total = adopters(cells)

    def did(who: str, month: int) -> float:
        return raw.did[outcome][who, month]

    effect: dict[str, float] = {}
    after: dict[str, float] = {}
    pulled: dict[str, float] = defaultdict(float)
    for (month, *_), whos in cells.items():
        mine = [who for who in whos if when[who] == month]
        effect |= dict.fromkeys(mine, 0.0)
        after |= {who: sum(did(who, month + k) for k in range(1, window + 1)) for who in mine}
        for k in range(1, window + 1):
            change = {who: did(who, month + k) - did(who, month + reference) for who in whos}
            free = [who for who in whos if when[who] > month + k]
            expected = math.fsum(change[who] for who in free) / len(free)
            for who in mine:
                effect[who] += change[who] - expected
            for who in free:
                pulled[who] -= len(mine) / len(free) / total * (change[who] - expected)
    value, level = math.fsum(effect.values()) / total, math.fsum(after.values()) / total
    everybody = {who for whos in cells.values() for who in whos}
    compared = {who for (month, *_), whos in cells.items() for who in whos if when[who] > month}
    added = {who: pulled[who] + (effect.get(who, value) - value) / total for who in everybody}
    ratio = level / (level - value)
    by_log = {
        who: (after.get(who, level) - level) / total * (1 / level - 1 / (level - value)) + one / (level - value)
        for who, one in added.items()
    }
    return {
        "value": value, "se": math.sqrt(math.fsum(one**2 for one in added.values())), "ratio": ratio,
        "se_log": math.sqrt(math.fsum(one**2 for one in by_log.values())), "n_treated": total,
        "n_comparison": len(compared),
    }  # fmt: skip


def agree(effects: Any, known: dict[str, float], outcome: str) -> None:
    difference, ratio = effects.of(outcome).estimate, effects.of(outcome, "ratio").estimate
    assert (difference.n_treated, difference.n_comparison) == (known["n_treated"], known["n_comparison"])
    assert difference.value == pytest.approx(known["value"], rel=WITHIN)
    assert difference.se == pytest.approx(known["se"], rel=WITHIN)
    assert ratio.value == pytest.approx(known["ratio"], rel=WITHIN)
    assert math.log(ratio.high / ratio.low) / 2 / 1.959963984540054 == pytest.approx(known["se_log"], rel=WITHIN)


def test_first_contacts(tmp_path: Path) -> None:
    make_world(tmp_path / "company", world="demo", seed=4, customers=900)
    with open_tables(prepare([Source(tmp_path / "company")], cache=tmp_path / "cache", zone=ZONE)) as tables:
        found = adoption_effect(tables, AdoptionPlan(outcomes=("orders", "revenue"), zone=ZONE, robust=False))
    begin, end = (
        int(text[:4]) * 12 + int(text[5:]) - 1 for text in (found.evidence.index_from, found.evidence.data_to)
    )
    raw = Raw(tmp_path / "company", begin - 6, end)
    adopted = raw.first_contacts()
    people = (set(raw.issues["customer_id"]) | set(adopted)) & set(raw.start)
    assert found.sample["customers"] == len(people)
    for outcome in ("orders", "revenue"):
        agree(found, second_road(raw, adopted, people, outcome, contacts=True), outcome)


def test_a_roll_out(tmp_path: Path) -> None:
    write_roll_out(tmp_path / "company", "rollout_effect", seed=3, customers=700)
    with open_tables(prepare([Source(tmp_path / "company")], cache=tmp_path / "cache", zone=ZONE)) as tables:
        plan = AdoptionPlan(outcomes=("orders", "revenue", "issues"), zone=ZONE, roll_out=EXPERIMENT, robust=False)
        found = adoption_effect(tables, plan)
    raw = Raw(tmp_path / "company", 2024 * 12 + 9, 2026 * 12 + 8)
    invited = raw.invited()
    for outcome in ("orders", "revenue", "issues"):
        agree(found, second_road(raw, invited, invited, outcome, contacts=False), outcome)
