"""A made-up company whose tables are frayed at the edges, so that rare branches of the formulas are walked as well.

Customers, kinds, costs and answers go missing, issues are opened again and closed again, things happen at the same
instant, rivals are spoken of, and series have holes.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20261001


def fray(whole: Path, frayed: Path, *, issues_bear_costs: bool = True) -> Path:
    """Writes the tables of a folder into another, frayed."""
    frayed.mkdir()
    frames = {path.stem: pd.read_parquet(path) for path in sorted(whole.glob("*.parquet"))}
    rng = np.random.default_rng(SEED)

    def some(table: str, chance: float) -> np.ndarray:
        return rng.random(len(frames[table])) < chance

    for table, column, chance in [
        ("mentions", "customer_id", 0.3),
        ("mentions", "kind", 0.2),
        ("mentions", "product", 0.2),
        ("mentions", "brand", 0.1),
        ("mentions", "in_reply_to", 0.5),
        ("mentions", "actionable", 0.2),
        ("mentions", "replied_by", 0.1),
        ("mentions", "resolved_by", 0.1),
        ("orders", "customer_id", 0.05),
        ("issues", "customer_id", 0.1),
        ("issues", "product", 0.1),
        ("issues", "first_reply_at", 0.1),
        ("touchpoints", "customer_id", 0.1),
        ("touchpoints", "issue_id", 0.1),
        ("surveys", "customer_id", 0.1),
    ]:
        frames[table].loc[some(table, chance), column] = None

    mentions = frames["mentions"]
    mentions.loc[some("mentions", 0.2), "brand"] = "Rival"
    flagged = some("mentions", 0.15)
    mentions.loc[flagged, "sales_flag"] = rng.choice(["new_sale", "cancel_save"], flagged.sum())
    mentions.loc[flagged & some("mentions", 0.5), "potential_value"] = Decimal("12.50")
    together = some("mentions", 0.2)
    mentions.loc[together, "conversation_id"] = mentions.conversation_id.where(~together).ffill()[together]
    mentions.loc[together, "author_id"] = mentions.author_id.where(~together).ffill()[together]

    mentions.loc[some("mentions", 0.2), "conversation_id"] = None

    issues = frames["issues"]
    again = some("issues", 0.1) & issues.closed_at.notna()
    issues.loc[again, "reopened_at"] = (issues.opened_at + (issues.closed_at - issues.opened_at) / 2).dt.floor("s")
    issues.loc[some("issues", 0.05) & issues.reopened_at.notna(), "closed_at"] = pd.NaT
    if issues_bear_costs:
        issues.loc[some("issues", 0.1), "cost"] = None
    else:
        frames["issues"] = issues.drop(columns=["cost", "currency"])

    contacts = frames["touchpoints"]
    contacts["cost"] = pd.Series([Decimal("3.21")] * len(contacts), dtype=object).where(some("touchpoints", 0.3), None)
    contacts["currency"] = "EUR"
    frames["touchpoints"] = contacts[~some("touchpoints", 0.1)]

    frames["orders"]["ordered_at"] = frames["orders"].ordered_at.dt.floor("6h")
    frames["posts"]["link_id"] = frames["posts"].link_id.where(~some("posts", 0.05)).ffill(limit=1)

    units = frames["unit_costs"]
    dearer = units.assign(effective_from=pd.Timestamp("2025-03-10").date(), marginal=units.marginal * 2)
    scarce = dearer[dearer.channel.isin(["phone", "email"])]
    frames["unit_costs"] = pd.concat([units[units.channel != "chat"], scarce], ignore_index=True)

    series = frames["series"]
    hole = (series.series_id == "followers_twitter") & (series.period_start == pd.Timestamp("2025-05-31").date())
    unpaid = (series.series_id == "ad_spend") & (series.period_start == pd.Timestamp("2025-07-01").date())
    frames["series"] = series[~hole & ~unpaid]

    for name, frame in frames.items():
        frame.to_parquet(frayed / f"{name}.parquet", index=False)
    return frayed
