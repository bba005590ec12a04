"""Every metric counted a second time, from the words of the catalogue alone, in plain pandas.

The functions are slow and short, one a metric, and use nothing of the package under test.
"""

from __future__ import annotations

from tests.metrics.second_road import customers, issues, mentions, opening_hours, posts
from tests.metrics.second_road.company import Company, Counted, Figures, Recount, Stretch

__all__ = ["RECOUNTS", "TOLD_BY", "Company", "Counted", "Figures", "Recount", "Stretch", "recount"]

RECOUNTS: dict[str, Recount] = {
    **mentions.RECOUNTS,
    **issues.RECOUNTS,
    **customers.RECOUNTS,
    **posts.RECOUNTS,
    **opening_hours.RECOUNTS,
}

TOLD_BY: dict[str, dict[str, str]] = {
    name: {"": table}
    for table, names in {
        "mentions": """mentions mentions_by_kind mentions_by_product mentions_by_platform sales_mentions
            sales_potential_value resolved_by_us unique_authors""",
        "issues": """issues_raised issues_closed issues_reopened issues_by_channel issues_by_product
            backlog support_cost""",
        "orders": "orders_placed revenue",
        "touchpoints": "touchpoints touchpoints_by_channel",
        "subscriptions": "subscriptions_running churn_rate retention_rate",
        "post_actions": "shared_link_clicks",
        "posts": "link_clicks_30d impressions_30d interactions_30d",
    }.items()
    for name in names.split()
}
TOLD_BY |= {
    name: {"action": "post_actions", "post": "posts"} for name in ("link_clicks", "impressions", "interactions")
}
"""Which table tells of a figure that is none, not zero, where it does not reach the month; by basis if by any."""
STANDING = frozenset({"backlog", "subscriptions_running", "churn_rate", "retention_rate"})
"""What is known of a stretch only where the table reaches its last month."""


def recount(company: Company, name: str, stretch: Stretch) -> Figures:
    """The figures of a metric in a stretch: none where the table does not reach it."""
    told_by = TOLD_BY.get(name, {})
    asked = company.last_month_of(stretch) if name in STANDING else stretch

    def told(key: str) -> bool:
        table = told_by.get(key, told_by.get(""))
        return table is None or company.reaches(table, asked)

    found = RECOUNTS[name](company, stretch)
    return {key: figure if told(key) else Counted(None) for key, figure in found.items()}
