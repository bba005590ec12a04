"""Issues: raised, answered, closed, opened again, standing open, and whether the customer had to come back."""

from __future__ import annotations

from fractions import Fraction

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
    waited,
    within,
)

WEEK = pd.Timedelta(days=7)


def opened(company: Company, stretch: Stretch) -> pd.DataFrame:
    return within(company.table("issues"), "opened_at", stretch)


def settled(issues: pd.DataFrame) -> pd.Series:
    """Which are closed and were not opened again after it."""
    return issues.closed_at.notna() & ~(issues.reopened_at >= issues.closed_at)


def issues_raised(company: Company, stretch: Stretch) -> Figures:
    return number(opened(company, stretch))


def issues_by(column: str) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        return numbers_by(company.table("issues"), "opened_at", column, company, stretch)

    return recount


def closings(company: Company) -> pd.DataFrame:
    """Every closing with its time, and whether the issue was opened again after it.

    Of an issue opened again and then closed for good the tables keep the last closing; that there was one before is
    known from the reopening.
    """
    issues = company.table("issues")
    kept = issues.dropna(subset="closed_at")
    last = pd.DataFrame({"at": kept.closed_at, "undone": kept.reopened_at >= kept.closed_at})
    # Opened again, and no closing before it left in the table: a later one stands in its place, or none yet.
    overwritten = issues[issues.reopened_at.notna() & ~(issues.reopened_at >= issues.closed_at)]
    return pd.concat([last, pd.DataFrame({"at": overwritten.reopened_at, "undone": True})])


def issues_closed(company: Company, stretch: Stretch) -> Figures:
    return number(within(closings(company), "at", stretch))


def issues_reopened(company: Company, stretch: Stretch) -> Figures:
    return number(within(company.table("issues"), "reopened_at", stretch))


def backlog(company: Company, stretch: Stretch) -> Figures:
    issues, end = company.table("issues"), stretch.end
    came = int((issues.opened_at < end).sum() + (issues.reopened_at < end).sum())
    return number(came - int((closings(company)["at"] < end).sum()))


def resolution_rate(company: Company, stretch: Stretch) -> Figures:
    raised = opened(company, stretch)
    return {
        "action": share(len(within(closings(company), "at", stretch)), len(raised)),
        "post": share(int(settled(raised).sum()), len(raised)),
    }


def reopen_rate(company: Company, stretch: Stretch) -> Figures:
    closed = within(closings(company), "at", stretch)
    return ratio(int(closed.undone.sum()), len(closed))


def issue_first_response_time(quantile: Fraction) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        durations, outcomes = [], []
        for issue in opened(company, stretch).itertuples():
            if pd.notna(issue.first_reply_at):
                until, outcome = issue.first_reply_at, "event"
            elif pd.notna(issue.closed_at):
                until, outcome = issue.closed_at, "other"
            else:
                until, outcome = company.known_at, "waiting"
            durations.append((until - issue.opened_at).total_seconds())
            outcomes.append(outcome)
        return {"": Counted(waited(durations, outcomes, quantile))}

    return recount


def time_to_resolution(quantile: Fraction) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        raised = opened(company, stretch)
        done = settled(raised)
        until = raised.closed_at.where(done, company.known_at)
        seconds = (until - raised.opened_at).dt.total_seconds()
        return {"": Counted(waited(list(seconds), ["event" if is_ else "waiting" for is_ in done], quantile))}

    return recount


def median_resolved(company: Company, stretch: Stretch) -> Figures:
    raised = opened(company, stretch)
    done = raised[settled(raised)]
    return {"": Counted(float((done.closed_at - done.opened_at).dt.total_seconds().median()) if len(done) else None)}


def came_back(company: Company) -> pd.DataFrame:
    """The issues of known customers, and which of them made the customer come back within a week."""
    issues = company.table("issues").dropna(subset="customer_id")
    return issues.assign(back=_contact_again(company, issues) | _issue_again(issues))


def _contact_again(company: Company, issues: pd.DataFrame) -> pd.Series:
    contacts = company.table("touchpoints").query("direction == 'inbound'").dropna(subset="issue_id")
    contacts = contacts.sort_values(["occurred_at", "touchpoint_id"])
    further = contacts[contacts.groupby("issue_id").cumcount() > 0]
    second = issues.issue_id.map(further.groupby("issue_id").occurred_at.min())
    return second <= issues.opened_at + WEEK


def _issue_again(issues: pd.DataFrame) -> pd.Series:
    pairs = issues.merge(issues, on="customer_id", suffixes=("", "_next"))
    same = (pairs["product"] == pairs.product_next) | pairs["product"].isna() | pairs.product_next.isna()
    soon = (pairs.opened_at_next > pairs.opened_at) & (pairs.opened_at_next <= pairs.opened_at + WEEK)
    return issues.issue_id.isin(pairs[same.fillna(True) & soon].issue_id)


def repeats(*, of_all: bool = False, without: bool = False) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        raised = within(company.once("came back", came_back), "opened_at", stretch)
        if not of_all:
            raised = raised[raised.opened_at + WEEK <= company.known_at]
        back = int(raised.back.sum())
        return ratio(len(raised) - back if without else back, len(raised))

    return recount


RECOUNTS: dict[str, Recount] = {
    "issues_raised": issues_raised,
    "issues_by_channel": issues_by("channel"),
    "issues_by_product": issues_by("product"),
    "issues_closed": issues_closed,
    "issues_reopened": issues_reopened,
    "backlog": backlog,
    "resolution_rate": resolution_rate,
    "reopen_rate": reopen_rate,
    "issue_first_response_time_median": issue_first_response_time(Fraction(1, 2)),
    "issue_first_response_time_p90": issue_first_response_time(Fraction(9, 10)),
    "time_to_resolution_median": time_to_resolution(Fraction(1, 2)),
    "time_to_resolution_p90": time_to_resolution(Fraction(9, 10)),
    "time_to_resolution_median_resolved": median_resolved,
    "first_contact_resolution": repeats(without=True),
    "repeat_contact_7d": repeats(),
    "repeat_contact_7d_uncensored": repeats(of_all=True),
}
