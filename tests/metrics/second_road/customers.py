"""What customers bought, kept, answered in surveys, and how often they turned to us at what cost."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache

import pandas as pd

from tests.metrics.second_road.company import (
    Company,
    Counted,
    Figures,
    Recount,
    Stretch,
    number,
    numbers_by,
    ratio,
    share,
    total,
    waited,
    within,
)
from tests.metrics.second_road.issues import opened, settled

# --- purchases


def placed(company: Company, stretch: Stretch) -> pd.DataFrame:
    return within(company.orders, "ordered_at", stretch)


def orders_placed(company: Company, stretch: Stretch) -> Figures:
    return number(placed(company, stretch))


def revenue(company: Company, stretch: Stretch) -> Figures:
    return {"": Counted(total(placed(company, stretch).revenue))}


def average_order_value(company: Company, stretch: Stretch) -> Figures:
    orders = placed(company, stretch)
    return ratio(total(orders.revenue), len(orders))


def repeat_purchase_rate(company: Company, stretch: Stretch) -> Figures:
    bought = placed(company, stretch).customer_id.value_counts()
    return ratio(int((bought >= 2).sum()), len(bought))


def repurchase(company: Company, stretch: Stretch) -> Figures:
    window = pd.Timedelta(days=90)
    first = placed(company, stretch).groupby("customer_id").ordered_at.min().rename("first")
    followed = first[first + window <= company.known_at]
    since = company.orders.merge(followed, left_on="customer_id", right_index=True)
    soon = since[(since.ordered_at >= since["first"]) & (since.ordered_at <= since["first"] + window)]
    return ratio(int((soon.customer_id.value_counts() >= 2).sum()), len(followed))


def gaps(company: Company) -> pd.DataFrame:
    """The orders of known customers, the local days to the same customer's next one, and whether there is one."""
    orders = company.orders.dropna(subset="customer_id").sort_values(["customer_id", "ordered_at", "order_id"])
    day = company.local_day(orders.ordered_at)
    following = day.groupby(orders.customer_id).shift(-1)
    today = company.local_day(pd.Series([company.known_at])).iloc[0]
    return orders.assign(closed=following.notna(), days=(following.fillna(today) - day).dt.days)


def time_between_purchases(company: Company, stretch: Stretch) -> Figures:
    found = within(company.once("gaps", gaps), "ordered_at", stretch)
    outcomes = ["event" if closed else "waiting" for closed in found.closed]
    return {"": Counted(waited(list(found.days), outcomes, Fraction(1, 2)))}


def time_between_closed(company: Company, stretch: Stretch) -> Figures:
    found = within(company.once("gaps", gaps), "ordered_at", stretch).query("closed")
    return {"": Counted(float(found.days.median()) if len(found) else None)}


# --- subscriptions


def running(company: Company, at: pd.Timestamp) -> pd.DataFrame:
    held = company.table("subscriptions")
    return held[(held.started_at < at) & ~(held.ended_at < at)]


def subscriptions_running(company: Company, stretch: Stretch) -> Figures:
    return number(running(company, stretch.end))


def lost(company: Company, stretch: Stretch) -> tuple[int, int]:
    """How many with a subscription at the start have none at the end, a move apart, and how many had one."""
    had = set(running(company, stretch.start).customer_id)
    have = set(running(company, stretch.end).customer_id)
    ended = within(company.table("subscriptions"), "ended_at", stretch).sort_values(["ended_at", "subscription_id"])
    how = ended.groupby("customer_id").end_kind.last()
    return sum(how.get(customer) != "moved" for customer in had - have), len(had)


def churn_rate(company: Company, stretch: Stretch) -> Figures:
    return ratio(*lost(company, stretch))


def retention_rate(company: Company, stretch: Stretch) -> Figures:
    gone, had = lost(company, stretch)
    return ratio(had - gone, had)


# --- contacts


def contacts(company: Company, stretch: Stretch) -> pd.DataFrame:
    return within(company.table("touchpoints"), "occurred_at", stretch)


def inbound(company: Company) -> pd.DataFrame:
    return company.table("touchpoints").query("direction == 'inbound'")


def touchpoints(company: Company, stretch: Stretch) -> Figures:
    return number(contacts(company, stretch))


def touchpoints_by_channel(company: Company, stretch: Stretch) -> Figures:
    return numbers_by(company.table("touchpoints"), "occurred_at", "channel", company, stretch)


def touchpoints_per_customer(company: Company, stretch: Stretch) -> Figures:
    known = within(inbound(company).dropna(subset="customer_id"), "occurred_at", stretch)
    return ratio(len(known), known.customer_id.nunique())


def touchpoints_per_customer_by_channel(company: Company, stretch: Stretch) -> Figures:
    all_known = inbound(company).dropna(subset="customer_id")
    known = within(all_known, "occurred_at", stretch)
    channels = within(all_known, "occurred_at", company.whole).channel.unique()
    return {name: share(int((known.channel == name).sum()), known.customer_id.nunique()) for name in channels}


def of_issues(company: Company, stretch: Stretch) -> pd.DataFrame:
    """The inbound contacts of the issues opened in the stretch, in order."""
    raised = opened(company, stretch).issue_id
    theirs = inbound(company)
    return theirs[theirs.issue_id.isin(raised)].sort_values(["issue_id", "occurred_at", "touchpoint_id"])


def contacts_per_issue(company: Company, stretch: Stretch) -> Figures:
    theirs = of_issues(company, stretch)
    return ratio(len(theirs), theirs.issue_id.nunique())


def channel_switches_per_issue(company: Company, stretch: Stretch) -> Figures:
    theirs = of_issues(company, stretch)
    before = theirs.groupby("issue_id").channel.shift()
    return ratio(int((before.notna() & (before != theirs.channel)).sum()), theirs.issue_id.nunique())


# --- costs


def with_unit_cost(company: Company, rows: pd.DataFrame, per: str, time: str) -> pd.DataFrame:
    """The rows with what each cost: its own cost, else the unit cost of its channel in force on its local day."""
    units = company.table("unit_costs").query("per == @per").sort_values("effective_from")

    @cache
    def in_force(channel: str, day: pd.Timestamp) -> Decimal | None:
        held = units[(units.channel == channel) & (pd.to_datetime(units.effective_from) <= day)].marginal
        return held.iloc[-1] if len(held) else None

    days = company.local_day(rows[time])
    own = rows["cost"] if "cost" in rows else pd.Series(None, index=rows.index, dtype=object)
    costs = [
        in_force(channel, day) if pd.isna(cost) else cost
        for cost, channel, day in zip(own, rows.channel, days, strict=True)
    ]
    return rows.assign(costing=pd.Series(costs, index=rows.index, dtype=object))


def _some(frame: pd.DataFrame) -> bool:
    return "cost" in frame and bool(frame.cost.notna().any())


def source_of_costs(company: Company) -> str:
    """From where support costs are counted: the first of four sources that is there."""
    units = set(company.table("unit_costs").per)
    sources = {
        "issues": _some(company.table("issues")),
        "contacts": _some(company.table("touchpoints")),
        "unit contacts": "contact" in units,
    }
    return next((name for name, there in sources.items() if there), "unit issues")


def contact_costs(company: Company) -> pd.DataFrame:
    return with_unit_cost(company, company.table("touchpoints"), "contact", "occurred_at")


def issue_costs(company: Company) -> pd.DataFrame:
    """The issues with what each cost: of its own or by unit cost, else of its contacts, if each of them has a cost."""
    issues = company.table("issues")
    if "issues" in source_of_costs(company):
        return with_unit_cost(company, issues, "issue", "opened_at")
    theirs = company.once("contact costs", contact_costs).groupby("issue_id").costing
    return issues.assign(
        costing=issues.issue_id.map(theirs.apply(lambda all_: None if all_.isna().any() else total(all_)))
    )


def support_cost(company: Company, stretch: Stretch) -> Figures:
    if "issues" in source_of_costs(company):
        rows = within(company.once("issue costs", issue_costs), "opened_at", stretch)
    else:
        rows = within(company.once("contact costs", contact_costs), "occurred_at", stretch)
    return {"": Counted(None if rows.costing.isna().any() else total(rows.costing))}


Part = Callable[[pd.DataFrame], pd.DataFrame]


def costs_per(name: str, make: Callable[[Company], pd.DataFrame], time: str, below: Part, by: str | None) -> Recount:
    """Costs of the rows of the stretch over those of them that `below` keeps and that have a cost."""

    def recount(company: Company, stretch: Stretch) -> Figures:
        every = company.once(name, make)
        groups = within(every, time, company.whole)[by].unique() if by else [""]
        found = {}
        for group in groups:
            rows = within(every[every[by] == group] if by else every, time, stretch).dropna(subset="costing")
            found[group] = share(total(rows.costing), len(below(rows)))
        return found

    return recount


def cost_per(what: str, by: str | None = None) -> Recount:
    if what == "contact":
        return costs_per("contact costs", contact_costs, "occurred_at", lambda rows: rows, by)
    kept: Part = (lambda rows: rows[settled(rows)]) if what == "resolution" else (lambda rows: rows)
    return costs_per("issue costs", issue_costs, "opened_at", kept, by)


# --- surveys


def answers(company: Company, instrument: str, stretch: Stretch) -> list[Decimal]:
    asked = company.table("surveys").query("instrument == @instrument")
    return list(within(asked, "answered_at", stretch).score)


def share_of_answers(instrument: str, low: int, high: int) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        scores = answers(company, instrument, stretch)
        return ratio(sum(low <= score <= high for score in scores), len(scores))

    return recount


def mean_answer(instrument: str) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        scores = answers(company, instrument, stretch)
        return ratio(sum(scores), len(scores))

    return recount


def nps(company: Company, stretch: Stretch) -> Figures:
    scores = answers(company, "nps", stretch)
    found = share(sum(score >= 9 for score in scores) - sum(score <= 6 for score in scores), len(scores))
    return {"": Counted(None if found.value is None else found.value * 100, found.above, found.below)}


def survey_response_rate(company: Company, stretch: Stretch) -> Figures:
    every = company.table("surveys")
    found = {}
    for instrument in within(every, "asked_at", company.whole).instrument.unique():
        asked = within(every[every.instrument == instrument], "asked_at", stretch)
        found[instrument] = share(int(asked.answered_at.notna().sum()), len(asked))
    return found


RECOUNTS: dict[str, Recount] = {
    "orders_placed": orders_placed,
    "revenue": revenue,
    "average_order_value": average_order_value,
    "repeat_purchase_rate": repeat_purchase_rate,
    "repurchase_90d": repurchase,
    "time_between_purchases_median": time_between_purchases,
    "time_between_purchases_median_closed": time_between_closed,
    "subscriptions_running": subscriptions_running,
    "churn_rate": churn_rate,
    "retention_rate": retention_rate,
    "touchpoints": touchpoints,
    "touchpoints_by_channel": touchpoints_by_channel,
    "touchpoints_per_customer": touchpoints_per_customer,
    "touchpoints_per_customer_by_channel": touchpoints_per_customer_by_channel,
    "contacts_per_issue": contacts_per_issue,
    "channel_switches_per_issue": channel_switches_per_issue,
    "support_cost": support_cost,
    "cost_per_contact": cost_per("contact"),
    "cost_per_contact_by_channel": cost_per("contact", "channel"),
    "cost_per_issue": cost_per("issue"),
    "cost_per_issue_by_channel": cost_per("issue", "channel"),
    "cost_per_resolution": cost_per("resolution"),
    "cost_per_resolution_by_channel": cost_per("resolution", "channel"),
    "csat": share_of_answers("csat", 4, 5),
    "csat_mean": mean_answer("csat"),
    "nps": nps,
    "customer_effort_1": mean_answer("ces1"),
    "customer_effort_1_low": share_of_answers("ces1", 1, 2),
    "customer_effort_2": share_of_answers("ces2", 5, 7),
    "survey_response_rate": survey_response_rate,
}
