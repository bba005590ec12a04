"""What are the rows of the effort study, found by the query engine? Index issues, their effort, and orders around them.

Days are counted from the second at which the index issue was opened. What a row is, is told in `rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.calendar import local_midnight
from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.cells import Flags, Floats, Ints
from analysis.studies.effort.plan import LATELY_DAYS, MONEY, SURVEYS, EffortPlan
from analysis.studies.effort.rows import UNKNOWN, EffortRows
from analysis.studies.sample import IndexRules, find_span
from analysis.studies.soundness import currency_of_orders
from analysis.studies.stack_issues_sql import Workshop
from analysis.tables.engine import identifier
from analysis.tables.local_time import instant

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.load import Tables

_DAY = 86_400
_YEAR = 365.25 * _DAY
_HIGHEST = {"ces1": None, "ces2": 8}
"""Where much effort is a low score, one more than the highest score: what the score is taken from."""
_COUNTED = (
    "customers_with_an_issue",
    "left_out_no_issue_late_enough",
    "left_out_no_issue_early_enough",
    "left_out_channel_not_recorded",
    "left_out_on_social_before",
)


def effort_rows(
    tables: Tables, plan: EffortPlan, *, outcomes: Sequence[str], attributes: Sequence[str] = ()
) -> EffortRows:
    """The rows of an effort study in these tables.

    Parameters
    ----------
    tables : Tables
        With `issues` and `orders`; `touchpoints` for contacts and channels, `surveys` for what customers say.
    plan : EffortPlan
    outcomes : sequence of str
        Among those of the plan, what these tables can tell.
    attributes : sequence of str
        Columns of `customers` that the rows shall carry.

    Raises
    ------
    TooSoon
        If the data are shorter than the windows.
    DesignError
        If there is no table of issues or orders, or an issue has no channel at all.
    """
    if lacking := [name for name in ("issues", "orders") if not tables.has(name)]:
        raise DesignError(
            f"There is no table {' and no table '.join(f'`{name}`' for name in lacking)}. The effort study measures "
            "effort on `issues` and follows `orders`."
        )
    span = find_span(tables, plan.zone, plan.until)
    span.must_hold_every_month()
    begin, end = (local_midnight(month.first_day, plan.zone) for month in (span.first, span.last.plus(1)))
    needed = plan.history_days + plan.effort_days + plan.outcome_days
    if (end - begin).days <= needed:
        raise TooSoon(
            f"The data cover {span.first} to {span.last}, {(end - begin).days:,} days. {plan.history_days} days before "
            f"an issue, {plan.effort_days} of effort and {plan.outcome_days} of outcome need {needed:,}. Wait for the "
            "data, or set shorter windows."
        )
    with Workshop.open(tables, IndexRules(zone=plan.zone), span.first, span.last) as shop:
        shop.keep("index", _index_sql(shop, plan, instant(begin), instant(end), attributes))
        return _rows(shop, plan, outcomes, attributes)


def _index_sql(shop: Workshop, plan: EffortPlan, begin: str, end: str, attributes: Sequence[str]) -> str:
    """The index issue of each customer, one row a customer who ever had an issue; why it is none, in `reason`."""
    tables = shop.tables
    between = tables.engine.dialect.seconds_between
    source, columns = "", ""
    if tables.has("customers"):
        source = "select customer_id, joined_at from customers"
        columns = "".join(f", cast(p.{identifier(name)} as varchar) as a{n}" for n, name in enumerate(attributes))
    else:
        source = """select customer_id, min(seen_at) as joined_at from (
            select customer_id, ordered_at as seen_at from orders
            union all select customer_id, opened_at from issues) as s group by customer_id"""
    social = "select customer_id, issue_id, opened_at as at from issues where channel = 'social'"
    if tables.has("touchpoints"):
        social += """ union all select customer_id, issue_id, occurred_at from touchpoints
            where channel = 'social' and direction = 'inbound'"""
    people = "left join customers p on p.customer_id = f.customer_id" if columns else ""
    since = f"case when j.joined_at > {begin} then j.joined_at else {begin} end"
    followed = (plan.effort_days + plan.outcome_days) * _DAY
    return f"""
        select f.*, case when not late then 1 when not early then 2 when channel is null then 3
                    when exists (
                        select 1 from ({social}) as c where c.customer_id = f.customer_id and c.at < f.opened_at
                        and (c.issue_id is null or c.issue_id <> f.issue_id)
                    ) then 4 else 0 end as reason
               {columns}
        from (
            select *, row_number() over (partition by customer_id order by late desc, opened_at, issue_id) as place
            from (
                select i.customer_id, i.issue_id, i.opened_at, i.closed_at, i.reopened_at, i.channel, i.product,
                       i.severity, i.first_reply_at, {between(since, "i.opened_at")} as observed,
                       coalesce({between(since, "i.opened_at")} >= {plan.history_days * _DAY}, false) as late,
                       {between("i.opened_at", end)} >= {followed} as early
                from ({_issues(tables)}) as i left join ({source}) as j on j.customer_id = i.customer_id
                where i.customer_id is not null
            ) as every_issue
        ) as f {people} where f.place = 1
    """


def _issues(tables: Tables) -> str:
    """Issues with all columns that are read, null where the export has none."""
    optional = {
        "closed_at": "timestamp",
        "reopened_at": "timestamp",
        "product": "varchar",
        "severity": "bigint",
        "first_reply_at": "timestamp",
    }
    columns = ", ".join(
        name if tables.has_column("issues", name) else f"cast(null as {kind}) as {name}"
        for name, kind in optional.items()
    )
    return f"select issue_id, customer_id, opened_at, channel, {columns} from issues"


def _rows(shop: Workshop, plan: EffortPlan, outcomes: Sequence[str], attributes: Sequence[str]) -> EffortRows:
    engine, index = shop.tables.engine, shop.named("index")
    counted = {
        int(row["reason"]): int(row["n"])
        for row in engine.query(f"select reason, count(*) as n from {index} group by 1").to_pylist()
    }
    account = dict(zip(_COUNTED, (sum(counted.values()), *(counted.get(n, 0) for n in range(1, 5))), strict=True))
    account["rows"] = counted.get(0, 0)
    extra = "".join(f", a{n}" for n in range(len(attributes)))
    between = engine.dialect.seconds_between
    shop.keep(
        "studied", f"select *, row_number() over (order by customer_id) - 1 as code from {index} where reason = 0"
    )
    studied = shop.named("studied")
    found = engine.query(f"""
        select case when channel = 'social' then 1 else 0 end as exposed, {shop.month("opened_at")} as month, product,
               cast(severity as bigint) as severity, observed, {between("opened_at", "closed_at")} as resolved,
               {between("opened_at", "first_reply_at")} as reply,
               {between("opened_at", "reopened_at")} as reopened{extra}
        from {studied} order by code
    """)
    n = len(found)
    labels, product = _coded(found.column("product"))
    coded = {name: _coded(found.column(f"a{place}")) for place, name in enumerate(attributes)}
    bought = _orders(shop, plan, outcomes, n)
    around = _issues_around(shop, plan, n)
    said, asked = _surveys(shop, plan, n)
    return EffortRows(
        exposed=_ints(found.column("exposed")) == 1,
        month=_ints(found.column("month")),
        product=product,
        severity=_ints(found.column("severity"), UNKNOWN),
        recent=np.minimum(around["recent"], 2),
        earlier=np.minimum(around["earlier"], 4),
        observed=_ints(found.column("observed")) / _YEAR,
        effort=_effort(shop, plan, found, around),
        after={name: bought[f"{name}_after"] for name in outcomes},
        before={name: bought[f"{name}_before"] for name in outcomes},
        prior={name: bought[f"{name}_prior"] for name in outcomes} if plan.tested_earlier else {},
        moved=_wait(found, plan),
        said=said,
        asked=asked,
        attributes={name: codes for name, (_, codes) in coded.items()},
        labels={"product": labels, **{name: held for name, (held, _) in coded.items()}},
        currency=currency_of_orders(shop.tables),
        account=account,
    )


def _effort(shop: Workshop, plan: EffortPlan, found: pa.Table, around: Mapping[str, Ints]) -> dict[str, Floats]:
    """Behavioural effort on each index issue, as far as the tables record it."""
    seconds, n = plan.effort_days * _DAY, len(found)
    effort: dict[str, Floats] = {}
    if shop.tables.has("touchpoints"):
        contacts = _contacts(shop, seconds, n)
        if contacts["contacts"].any():
            effort["contacts_to_resolve"] = np.maximum(contacts["contacts"], 1).astype(np.float64)
            effort["channel_switches"] = contacts["switches"].astype(np.float64)
    reopened = _ints(found.column("reopened"), UNKNOWN)
    effort["repeat_contact"] = ((around["again"] > 0) | ((reopened >= 0) & (reopened < seconds))).astype(np.float64)
    resolved = _ints(found.column("resolved"), seconds)
    if (resolved < seconds).any():
        effort["days_to_resolve"] = np.clip(resolved, 0, seconds) / _DAY
    return {name: effort[name] for name in plan.mediators if name in effort}


def _wait(found: pa.Table, plan: EffortPlan) -> dict[str, Floats]:
    """The wait for the first reply (logarithm of hours), and whether none came while effort was measured."""
    seconds = plan.effort_days * _DAY
    reply = _ints(found.column("reply"), seconds)
    if not (reply < seconds).any():
        return {}
    waited = np.clip(reply, 0, seconds)
    return {"log_hours_to_reply": np.log1p(waited / 3_600), "no_reply": (reply >= seconds).astype(np.float64)}


def _contacts(shop: Workshop, seconds: int, n: int) -> dict[str, Ints]:
    """Inbound contacts of each index issue while effort is measured, and how often the channel changed among them."""
    between = shop.tables.engine.dialect.seconds_between
    found = shop.tables.engine.query(f"""
        select code, count(*) as contacts, count(case when channel <> last then 1 end) as switches
        from (select f.code, t.channel,
                     lag(t.channel) over (partition by f.code order by t.occurred_at, t.touchpoint_id) as last
              from touchpoints t join {shop.named("studied")} f on f.issue_id = t.issue_id
              where t.direction = 'inbound' and t.channel is not null
                and {between("f.opened_at", "t.occurred_at")} between -{_DAY} and {seconds - 1}) as contacts_of_issue
        group by code
    """)
    return _placed(found, n)


def _issues_around(shop: Workshop, plan: EffortPlan, n: int) -> dict[str, Ints]:
    """Other issues of each customer: in 180 days before, at any time before, of the same product while effort lasts."""
    since = shop.tables.engine.dialect.seconds_between("f.opened_at", "i.opened_at")
    same = "(i.product = f.product or i.product is null or f.product is null)"
    found = shop.tables.engine.query(f"""
        select code, count(case when since < 0 and since >= -{LATELY_DAYS * _DAY} then 1 end) as recent,
               count(case when since < 0 then 1 end) as earlier,
               count(case when since >= 0 and since < {plan.effort_days * _DAY} and same then 1 end) as again
        from (select f.code, {since} as since, {same} as same
              from ({_issues(shop.tables)}) as i join {shop.named("studied")} f on f.customer_id = i.customer_id
              where i.issue_id <> f.issue_id) as around
        group by code
    """)
    return _placed(found, n)


def _orders(shop: Workshop, plan: EffortPlan, outcomes: Sequence[str], n: int) -> dict[str, Floats]:
    """What each customer bought in the three windows; money in the currency's units."""
    after = (plan.effort_days * _DAY, (plan.effort_days + plan.outcome_days) * _DAY)
    length = plan.outcome_days * _DAY
    windows = {"after": after, "before": (-length, 0), "prior": (-2 * length, -length)}
    money = [name for name in outcomes if name in MONEY]
    sums = []
    for name in ("orders", *money):
        amount = f"cast(cast({name} as decimal(19, 6)) * 1000000 as bigint)" if name in MONEY else "1"
        for side, (first, end) in windows.items():
            held = f"sum(case when since >= {first} and since < {end} then {amount} else 0 end)"
            sums.append(f"cast({held} as bigint) as {name}_{side}")
    kept = "".join(f", o.{name}" for name in money)
    since = shop.tables.engine.dialect.seconds_between("f.opened_at", "o.ordered_at")
    found = shop.tables.engine.query(f"""
        select code, {", ".join(sums)}
        from (select f.code, {since} as since{kept}
              from orders o join {shop.named("studied")} f on f.customer_id = o.customer_id) as around
        group by code
    """)
    placed = {
        name: held / 1_000_000 if name.partition("_")[0] in MONEY else held.astype(np.float64)
        for name, held in _placed(found, n).items()
    }
    return placed | {f"repurchased_{side}": (placed[f"orders_{side}"] > 0).astype(np.float64) for side in windows}


def _surveys(shop: Workshop, plan: EffortPlan, n: int) -> tuple[dict[str, Floats], dict[str, Flags]]:
    """What each customer said of the effort of the index issue, first answers while effort is measured."""
    if not shop.tables.has("surveys") or not plan.surveys:
        return {}, {}
    between = shop.tables.engine.dialect.seconds_between
    inside = f"between 0 and {plan.effort_days * _DAY - 1}"
    said, asked = {}, {}
    for name in [one for one in SURVEYS if one in plan.surveys]:
        found = shop.tables.engine.query(
            f"""
            select code, 1 as asked, case when {between("opened_at", "answered_at")} {inside} then score end as score
            from (select f.code, f.opened_at, s.answered_at, s.score,
                         row_number() over (partition by f.code order by case when s.score is null then 1 else 0 end,
                                            s.answered_at, s.survey_id) as place
                  from surveys s join {shop.named("studied")} f on f.issue_id = s.issue_id
                  where s.instrument = '{name}' and {between("f.opened_at", "s.asked_at")} {inside}) as sent
            where place = 1
            """
        )
        if not len(found):
            continue
        code = _ints(found.column("code"))
        score = np.asarray(found.column("score").to_numpy(), dtype=np.float64)
        highest = _HIGHEST[name]
        said[name], asked[name] = np.full(n, np.nan), np.zeros(n, dtype=bool)
        said[name][code] = score if highest is None else highest - score
        asked[name][code] = True
    return said, asked


def _placed(found: pa.Table, n: int) -> dict[str, Ints]:
    """Columns of a grouped query as arrays over all customers; nought where a customer has no row."""
    code = _ints(found.column("code"))
    placed = {}
    for name in found.column_names:
        if name != "code":
            placed[name] = np.zeros(n, dtype=np.int64)
            placed[name][code] = _ints(found.column(name), 0)
    return placed


def _coded(texts: pa.ChunkedArray) -> tuple[tuple[str, ...], Ints]:
    held = texts.to_pylist()
    labels = tuple(sorted({text for text in held if text is not None}))
    place = {label: code for code, label in enumerate(labels)}
    return labels, np.array([place.get(text, UNKNOWN) for text in held], dtype=np.int64)


def _ints(column: pa.ChunkedArray, missing: int = 0) -> Ints:
    import pyarrow as pa

    return np.asarray(column.cast(pa.int64()).fill_null(missing).to_numpy(), dtype=np.int64)
