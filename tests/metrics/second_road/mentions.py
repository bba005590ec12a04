"""Mentions, what they say, chances to sell or keep, and how long those who wrote waited."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
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

SLA_SECONDS = 3600
FLAGS = ("new_sale", "cancel_save")


def posted(company: Company, stretch: Stretch) -> pd.DataFrame:
    return within(company.table("mentions"), "posted_at", stretch)


def mentions(company: Company, stretch: Stretch) -> Figures:
    return number(posted(company, stretch))


def mentions_by(column: str) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        return numbers_by(company.table("mentions"), "posted_at", column, company, stretch)

    return recount


def sales_mentions(company: Company, stretch: Stretch) -> Figures:
    flagged = company.table("mentions").dropna(subset="sales_flag")
    found = within(flagged, "posted_at", stretch).sales_flag
    return {flag: Counted(int((found == flag).sum())) for flag in FLAGS}


def chances(company: Company) -> pd.DataFrame:
    """One row for each flag of one author in one conversation: when it began, whose it is, its largest value.

    A mention of no conversation is one by itself.
    """
    flagged = company.table("mentions").dropna(subset="sales_flag").sort_values(["posted_at", "mention_id"])
    flagged["conversation_id"] = flagged.conversation_id.fillna(flagged.mention_id)
    return (
        flagged.groupby(["sales_flag", "author_id", "conversation_id"], dropna=False)
        .agg(began=("posted_at", "first"), customer=("customer_id", "first"), worth=("potential_value", "max"))
        .reset_index()
    )


def sales_potential_value(company: Company, stretch: Stretch) -> Figures:
    all_of_them = chances(company)
    found: Figures = {}
    for flag in FLAGS:
        begun = within(all_of_them[all_of_them.sales_flag == flag], "began", stretch)
        valued = begun.worth.dropna()
        found[flag] = Counted(None if len(begun) and valued.empty else total(valued))
    return found


def new_sales_matched(company: Company, stretch: Stretch) -> Figures:
    orders = company.orders
    last = company.local_day(orders.ordered_at.nlargest(1)).iloc[0]
    orders_known_to = company.instant((last + pd.offsets.MonthEnd(0)) + pd.Timedelta(days=1))
    window = pd.Timedelta(days=30)
    begun = within(chances(company).query("sales_flag == 'new_sale'").dropna(subset="customer"), "began", stretch)
    followed = begun[begun.began + window <= min(orders_known_to, company.known_at)]
    matched = 0
    for chance in followed.itertuples():
        times = orders[orders.customer_id == chance.customer].ordered_at
        matched += bool(((times > chance.began) & (times <= chance.began + window)).any())
    return ratio(matched, len(followed))


def cancel_saves_held(company: Company, stretch: Stretch) -> Figures:
    window = pd.Timedelta(days=90)
    begun = within(chances(company).query("sales_flag == 'cancel_save'").dropna(subset="customer"), "began", stretch)
    held = asked = 0
    for chance in begun[begun.began + window <= company.known_at].itertuples():
        theirs = company.table("subscriptions").query("customer_id == @chance.customer")

        def has_one(at: pd.Timestamp, theirs: pd.DataFrame = theirs) -> bool:
            return bool(((theirs.started_at <= at) & ~(theirs.ended_at <= at)).any())

        if has_one(chance.began):
            asked += 1
            held += has_one(chance.began + window)
    return ratio(held, asked)


def complaints_per_positive(company: Company, stretch: Stretch) -> Figures:
    kinds = posted(company, stretch).kind
    return ratio(int((kinds == "complaint").sum()), int((kinds == "positive").sum()))


def net_sentiment(company: Company, stretch: Stretch) -> Figures:
    kinds = posted(company, stretch).kind
    praise, complaints = int((kinds == "positive").sum()), int((kinds == "complaint").sum())
    return ratio(praise - complaints, praise + complaints)


def unique_authors(company: Company, stretch: Stretch) -> Figures:
    return {"": Counted(posted(company, stretch).author_id.nunique())}


def share_of_voice(company: Company, stretch: Stretch) -> Figures:
    brands = posted(company, stretch).brand.dropna()
    every = posted(company, company.whole).brand.dropna().unique()
    if not company.reaches("mentions", stretch) or not len(every):
        return {"": Counted(None)}
    return {brand: share(int((brands == brand).sum()), len(brands)) for brand in every}


def opening(company: Company) -> pd.DataFrame:
    """The mentions that reply to nothing and are not marked as needing no answer, with what became of them."""
    all_of_them = company.table("mentions")
    first = all_of_them[all_of_them.in_reply_to.isna() & ~all_of_them.actionable.eq(False).fillna(False)]
    return first.assign(waited=(first.first_reply_at - first.posted_at).dt.total_seconds())


def response_rate(company: Company, stretch: Stretch) -> Figures:
    written = within(opening(company), "posted_at", stretch)
    replies = within(opening(company), "first_reply_at", stretch)
    return {
        "post": share(int(written.first_reply_at.notna().sum()), len(written)),
        "action": share(len(replies), len(written)),
    }


def by_us(company: Company) -> pd.DataFrame:
    return company.table("mentions").query("resolved_by == 'us'").dropna(subset="resolved_at")


def resolved_by_us(company: Company, stretch: Stretch) -> Figures:
    return number(within(by_us(company), "resolved_at", stretch))


def resolved_by_us_share(company: Company, stretch: Stretch) -> Figures:
    written = len(posted(company, stretch))
    return {
        "post": share(len(within(by_us(company), "posted_at", stretch)), written),
        "action": share(len(within(by_us(company), "resolved_at", stretch)), written),
    }


def first_response_time(quantile: Fraction) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        written = within(opening(company), "posted_at", stretch)
        return {
            who: Counted(_first_reply(company, written, {who} if who else {"human", "bot", None}, quantile))
            for who in ("", "human", "bot")
        }

    return recount


def _first_reply(
    company: Company, written: pd.DataFrame, from_whom: set[str | None], quantile: Fraction
) -> float | None:
    durations, outcomes = [], []
    for mention in written.itertuples():
        who = None if pd.isna(mention.replied_by) else mention.replied_by
        if pd.notna(mention.first_reply_at):
            until, outcome = mention.first_reply_at, "event" if who in from_whom else "other"
        elif pd.notna(mention.resolved_at):
            until, outcome = mention.resolved_at, "other"
        else:
            until, outcome = company.known_at, "waiting"
        durations.append((until - mention.posted_at).total_seconds())
        outcomes.append(outcome)
    return waited(durations, outcomes, quantile)


def answered_times(company: Company, stretch: Stretch) -> pd.Series:
    return within(opening(company), "posted_at", stretch).waited.dropna()


def median_answered(company: Company, stretch: Stretch) -> Figures:
    times = answered_times(company, stretch)
    return {"": Counted(float(times.median()) if len(times) else None)}


def mean_answered(company: Company, stretch: Stretch) -> Figures:
    times = answered_times(company, stretch)
    return ratio(int(times.sum()), len(times))


def fastest_90_mean(company: Company, stretch: Stretch) -> Figures:
    times = answered_times(company, stretch).sort_values()
    fastest = times.head(max(1, len(times) * 9 // 10))
    return {"": Counted(float(np.mean(fastest)) if len(fastest) else None)}


def sla_attainment(company: Company, stretch: Stretch) -> Figures:
    written = within(opening(company), "posted_at", stretch)
    due = written[written.posted_at + pd.Timedelta(seconds=SLA_SECONDS) <= company.known_at]
    return ratio(int((due.waited <= SLA_SECONDS).sum()), len(due))


RECOUNTS: dict[str, Recount] = {
    "mentions": mentions,
    "mentions_by_kind": mentions_by("kind"),
    "mentions_by_product": mentions_by("product"),
    "mentions_by_platform": mentions_by("platform"),
    "sales_mentions": sales_mentions,
    "sales_potential_value": sales_potential_value,
    "new_sales_matched_30d": new_sales_matched,
    "cancel_saves_held_90d": cancel_saves_held,
    "complaints_per_positive": complaints_per_positive,
    "net_sentiment": net_sentiment,
    "unique_authors": unique_authors,
    "share_of_voice": share_of_voice,
    "response_rate": response_rate,
    "resolved_by_us": resolved_by_us,
    "resolved_by_us_share": resolved_by_us_share,
    "first_response_time_median": first_response_time(Fraction(1, 2)),
    "first_response_time_p90": first_response_time(Fraction(9, 10)),
    "first_response_time_median_answered": median_answered,
    "first_response_time_mean_answered": mean_answered,
    "first_response_time_fastest_90_mean": fastest_90_mean,
    "sla_attainment": sla_attainment,
}
