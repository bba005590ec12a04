"""What would everybody else report? The raw figures, computed only to be printed beside the adjusted one.

Contacted customers' own orders after over before (customers contact us when something went wrong, so both the fall and
the rebound are in it), and users of social over non-users (who bought more long before they wrote). Always grade D.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from analysis.inference.compare import ratio_estimate, ratio_of_means
from analysis.inference.estimate import Estimate
from analysis.studies.claim import claim_of, refusal
from analysis.studies.result import Effect
from analysis.studies.sample import Stack
from analysis.tables.moments_of import moments_by

if TYPE_CHECKING:
    from analysis.tables.load import Tables


def naive_before_after(stack: Stack, dates: Mapping[str, Any], level: float) -> Effect:
    """By what factor did contacted customers' own orders a month change? The index month is in neither window.

    Parameters
    ----------
    stack : Stack
    dates : mapping
        `index_from`, `index_to`, `before_months`, `after_months` of the study it stands beside.
    level : float
    """
    rules = stack.rules
    contacted = stack.rows["contacted"].to_numpy(bool)
    before, after = (window[contacted] for window in (stack.before("orders"), stack.after("orders")))
    estimate = None
    if before.sum() > 0 and after.sum() > 0:
        influence = after / after.sum() - before / before.sum()
        customers = stack.rows.loc[contacted, "customer"].nunique()
        estimate = ratio_estimate(
            "orders",
            float(after.sum() / before.sum()) * rules.before_months / rules.after_months,
            math.sqrt(float((influence**2).sum())),
            n_treated=customers,
            n_comparison=customers,
            method="raw ratio of orders a month after to before",
            level=level,
        )
    return _naive(
        estimand="naive_before_after",
        comparison="before",
        estimate=estimate,
        lacking="contacted customers bought nothing in one of the windows.",
        who="Customers contacted on social",
        against=f"in the {rules.before_months} months before",
        when=f"a month in the {rules.after_months} months after",
        dates=dates,
    )


def naive_user_gap(tables: Tables, dates: Mapping[str, Any], level: float) -> Effect:
    """How many times as many orders have customers who ever used social, over the whole span of the data?"""
    table = "issues" if tables.has("issues") else "touchpoints"
    if tables.has("customers"):
        everybody = "select customer_id from customers"
    else:
        everybody = "select distinct customer_id from orders where customer_id is not null"
    groups = moments_by(
        tables.engine,
        f"""
        select c.customer_id, s.customer_id is not null as used_social, coalesce(o.orders, 0) as orders
        from ({everybody}) c
        left join (select distinct customer_id from {table} where channel = 'social') s on s.customer_id = c.customer_id
        left join (select customer_id, count(*) as orders from orders group by customer_id) o
            on o.customer_id = c.customer_id
        """,
        groups=["used_social"],
        measures=["orders"],
    )
    users, others = groups.get((True,)), groups.get((False,))
    estimate = None
    if users and others and min(users.n, others.n) > 1 and min(users.total("orders"), others.total("orders")) > 0:
        estimate = ratio_of_means(users, others, "orders", level=level)
    return _naive(
        estimand="naive_user_gap",
        comparison="never_social",
        estimate=estimate,
        lacking="one of the two groups is too small or bought nothing.",
        who="Customers who used social",
        against="customers who never did",
        when="over the whole span",
        dates=dates,
    )


def _naive(
    *,
    estimand: str,
    comparison: str,
    estimate: Estimate | None,
    lacking: str,
    who: str,
    against: str,
    when: str,
    dates: Mapping[str, Any],
) -> Effect:
    if estimate is None:
        claim = refusal(lacking)
    else:
        claim = claim_of(estimate, who=who, against=against, when=when, grade="D", segment={})
    return Effect(
        design="before_after",
        estimand=estimand,
        treated="social",
        comparison=comparison,
        outcome="orders",
        scale="ratio",
        estimate=estimate,
        reason=lacking if estimate is None else None,
        grade="D",
        claim=claim,
        **dates,
    )
