"""Are the rows those of the rules? By hand, against the query engine, and against a slow road in plain Python."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month, local_midnight
from analysis.studies.sample import IndexRules, span_of_data
from analysis.studies.stack import lag
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.stack_rows import NEVER, NO_ISSUE, Events, layout_of, rows_of
from analysis.studies.stack_sql import engine_stack
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

ZONE = "Europe/London"


# Events from the contract's tables, by pandas


def events_of(tables: Tables, zone: str, attributes: tuple[str, ...] = ()) -> Events:
    """The tables of a company as arrays: what a caller with pandas alone would do."""
    orders, issues, contacts = _frame(tables, "orders"), _issues(tables), _frame(tables, "touchpoints")
    issues = issues[issues["customer_id"].notna()].sort_values(["opened_at", "issue_id"], ignore_index=True)
    customers = _frame(tables, "customers")
    names = {*issues["customer_id"], *orders["customer_id"].dropna(), *customers.get("customer_id", ())}
    people = pd.Index(sorted(names))
    origin, end = (Month(number) for number in _span(orders, issues, zone))
    columns = end.number - origin.number + 1

    if "joined_at" in customers:
        joined = customers.set_index("customer_id")["joined_at"].reindex(people)
    elif len(customers):
        joined = pd.Series(pd.NaT, index=people)
    else:
        seen = pd.concat([orders[["customer_id", "ordered_at"]], issues[["customer_id", "opened_at"]]])
        seen["at"] = seen["ordered_at"].fillna(seen["opened_at"])
        joined = seen.groupby("customer_id")["at"].min().reindex(people)

    orders = orders[orders["customer_id"].notna()]
    who = people.get_indexer(orders["customer_id"])
    when = _months(orders["ordered_at"], zone) - origin.number
    monthly = {"orders": _summed(who, when, np.ones(len(orders)), len(people), columns)}
    for name in ("revenue", "margin"):
        if name in orders and orders[name].notna().all():
            monthly[name] = _summed(who, when, orders[name].to_numpy(float), len(people), columns)

    cost = issues.get("cost", pd.Series(np.nan, index=issues.index))
    issues["month"] = _months(issues["opened_at"], zone)
    first, first_issue, following, undelayed = _contacts(issues, contacts, people)
    product = issues["product"] if "product" in issues else pd.Series(None, index=issues.index, dtype=object)
    if "product" in customers:
        product = product.fillna(issues["customer_id"].map(customers.set_index("customer_id")["product"]))
    product_codes, products = pd.factorize(product.fillna(""), sort=True)
    coded = {
        name: pd.factorize(customers.set_index("customer_id")[name].reindex(people), sort=True) for name in attributes
    }
    instants = [_instant(origin.plus(month + 1), zone) for month in range(columns)]
    return Events(
        origin=origin,
        first_month=_first_whole_months(joined, origin, zone),
        monthly=monthly,
        issue_customer=people.get_indexer(issues["customer_id"]),
        issue_month=issues["month"].to_numpy(np.int64),
        issue_time=_time(issues["opened_at"]),
        issue_social=(issues["channel"] == "social").to_numpy(bool),
        issue_product=product_codes,
        issue_cost=cost.to_numpy(float) if cost.notna().all() else None,
        contact_time=first,
        contact_issue=first_issue,
        next_contact_time=following,
        undelayed_contact_time=undelayed,
        running=_running(_frame(tables, "subscriptions"), people, instants) if tables.has("subscriptions") else None,
        attributes={name: codes.astype(np.int64) for name, (codes, _) in coded.items()},
        labels={"product": tuple(products), **{name: tuple(values) for name, (_, values) in coded.items()}},
        currency="EUR",
    )


def _frame(tables: Tables, name: str) -> pd.DataFrame:
    return (
        pd.DataFrame(tables.engine.query(f"select * from {name}").to_pandas()) if tables.has(name) else pd.DataFrame()
    )


def _issues(tables: Tables) -> pd.DataFrame:
    if tables.has("issues"):
        return _frame(tables, "issues")
    contacts = _frame(tables, "touchpoints")
    contacts = contacts[(contacts["direction"] == "inbound") & contacts["customer_id"].notna()]
    named = contacts["issue_id"] if "issue_id" in contacts else pd.Series(None, index=contacts.index, dtype=object)
    contacts = contacts.assign(issue_id=named.fillna(contacts["touchpoint_id"]), opened_at=contacts["occurred_at"])
    first = contacts.sort_values(["opened_at", "touchpoint_id"]).drop_duplicates(["customer_id", "issue_id"])
    return first[["issue_id", "customer_id", "opened_at", "channel"]]


def _span(orders: pd.DataFrame, issues: pd.DataFrame, zone: str) -> tuple[int, int]:
    months = pd.concat([pd.Series(_months(orders["ordered_at"], zone)), pd.Series(_months(issues["opened_at"], zone))])
    return int(months.min()), int(months.max())


def _months(at: pd.Series, zone: str) -> np.ndarray:
    local = pd.to_datetime(at).dt.tz_localize("UTC").dt.tz_convert(zone)
    return ((local.dt.year - 1970) * 12 + local.dt.month - 1).to_numpy()


def _time(at: pd.Series) -> np.ndarray:
    return pd.to_datetime(at).astype("datetime64[us]").to_numpy().astype(np.int64)


def _instant(month: Month, zone: str) -> datetime:
    return local_midnight(month.first_day, zone)


def _summed(who: np.ndarray, when: np.ndarray, amount: np.ndarray, n: int, columns: int) -> np.ndarray:
    matrix = np.zeros((n, columns))
    np.add.at(matrix, (who, when), amount)
    return matrix


def _first_whole_months(joined: pd.Series, origin: Month, zone: str) -> np.ndarray:
    """The month after the one of joining, but for those who are there when the data begin."""
    early = joined <= _instant(origin, zone)
    months = np.where(early, origin.number, _months(joined.fillna(pd.Timestamp(0)), zone) + 1)
    return np.where(joined.isna(), NEVER, months)


def _contacts(
    issues: pd.DataFrame, contacts: pd.DataFrame, people: pd.Index
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    parts = [issues.loc[issues["channel"] == "social", ["customer_id", "issue_id", "opened_at"]]]
    came = parts[0][["customer_id", "opened_at"]]
    if len(contacts):
        own = contacts[(contacts["channel"] == "social") & (contacts["direction"] == "inbound")]
        own = own[own["customer_id"].notna()]
        named = own["issue_id"] if "issue_id" in own else pd.Series(None, index=own.index, dtype=object)
        came = pd.concat([came, own[["customer_id", "occurred_at"]].set_axis(["customer_id", "opened_at"], axis=1)])
        later = own["occurred_at"] + pd.to_timedelta(np.where(named.isna(), 1, 0), unit="D")
        parts.append(
            own.assign(issue_id=named.fillna("contact:" + own["touchpoint_id"]), opened_at=later)[parts[0].columns]
        )
    both = pd.concat(parts).groupby(["customer_id", "issue_id"], as_index=False)["opened_at"].min()
    both = both.sort_values(["customer_id", "opened_at", "issue_id"], ignore_index=True)
    both["place"] = both.groupby("customer_id").cumcount()
    row_of = pd.Series(issues.index, index=issues["issue_id"])
    first, following = (both[both["place"] == place] for place in (0, 1))
    times = [np.full(len(people), NEVER), np.full(len(people), NEVER)]
    for found, part in zip(times, (first, following), strict=True):
        found[people.get_indexer(part["customer_id"])] = _time(part["opened_at"])
    issue = np.full(len(people), NO_ISSUE)
    issue[people.get_indexer(first["customer_id"])] = row_of.reindex(first["issue_id"]).fillna(NO_ISSUE)
    undelayed, came = np.full(len(people), NEVER), came.groupby("customer_id", as_index=False)["opened_at"].min()
    undelayed[people.get_indexer(came["customer_id"])] = _time(came["opened_at"])
    return times[0], issue, times[1], undelayed


def _running(contracts: pd.DataFrame, people: pd.Index, instants: list[datetime]) -> np.ndarray:
    held = np.zeros((len(people), len(instants)), dtype=bool)
    who = people.get_indexer(contracts["customer_id"])
    for month, instant in enumerate(instants):
        on = (contracts["started_at"] < instant) & (contracts["ended_at"].isna() | (contracts["ended_at"] >= instant))
        held[who[on.to_numpy()], month] = True
    return held


# By hand

BEGIN = Month.of("2024-01")
RULES = IndexRules(before_months=2, after_months=3)


def by_hand(*issues: tuple[int, int, str], months: int = 20, customers: int | None = None, **more: Any) -> Events:
    """(customer, month from 0, channel), in the order of time; everybody is there from the start and buys month + 1."""
    who, when, channel = (np.array(column) for column in zip(*issues, strict=True))
    n = customers or who.max() + 1
    social, time = channel == "social", np.arange(len(who))
    contact = np.full(n, NEVER)
    np.minimum.at(contact, who[social], time[social])
    given = {
        "origin": BEGIN,
        "first_month": np.full(n, BEGIN.number),
        "monthly": {"orders": np.tile(np.arange(1.0, months + 1), (n, 1))},
        "issue_customer": who,
        "issue_month": BEGIN.number + when,
        "issue_time": time,
        "issue_social": social,
        "issue_product": np.zeros(len(who), dtype=np.int64),
        "contact_time": contact,
        "labels": {"product": ("",)},
    }
    return Events(**given | more)


def rows(events: Events, rules: IndexRules = RULES, last: int = 19) -> pd.DataFrame:
    found = rows_of(events, rules, BEGIN, BEGIN.plus(last))
    return found.assign(month=found["month"] - BEGIN.number)


def test_the_future_gate_follows_a_quiet_customer_to_the_next_issue() -> None:
    """Issues by phone in month 5; the next one: 0 in month 9 by phone, 1 in month 9 on social, 2 in month 8 (too
    early), 3 never, 4 in month 20, which is after the data; 5 went to social at once."""
    events = by_hand(
        *((customer, 5, "phone") for customer in range(5)),
        (5, 5, "social"),
        (2, 8, "social"),
        (0, 9, "phone"),
        (1, 9, "social"),
        (5, 9, "phone"),
        (4, 20, "social"),
    )
    found = rows(events)
    at_5 = found[found["month"] == 5].set_index("customer")["future"]
    assert at_5.to_dict() == {0: 1, 1: 2, 2: 0, 3: 0, 4: 0, 5: 0}


def test_the_next_issue_counts_in_time_even_within_the_month() -> None:
    """A second issue in the index month is the next one, so that nothing has been quiet."""
    found = rows(by_hand((0, 5, "phone"), (0, 5, "email"), (0, 9, "social"), (1, 5, "phone"), (1, 9, "social")))
    assert found.loc[found["month"] == 5, "future"].tolist() == [0, 2]


def test_a_message_on_social_before_the_next_issue_closes_the_gate_unless_it_belongs_to_it() -> None:
    """Phone in month 5, social in month 9. 0 wrote on social in between, of something else; 1's first message was that
    of the issue itself, and came a moment before it; 2 wrote nothing; 3's went with the issue, but another followed
    before it was opened."""
    issues = [(customer, 5, "phone") for customer in range(4)] + [(customer, 9, "social") for customer in range(4)]
    events = by_hand(*issues)
    events = replace(
        events,
        issue_time=np.array([0, 1, 2, 3, 100, 101, 102, 103]),
        contact_time=np.array([50, 99, 102, 50]),
        contact_issue=np.array([NO_ISSUE, 5, 6, 7]),
        next_contact_time=np.array([100, NEVER, NEVER, 60]),
    )
    found = rows(events)
    assert found.loc[found["month"] == 5, "future"].tolist() == [0, 2, 2, 0]
    assert found.loc[found["arm"] == 1, "customer"].tolist() == [1, 2]


def test_a_message_on_social_before_its_own_issue_by_phone_is_a_contact() -> None:
    """0's issue by phone in month 5 had been announced on social, under the same number; 1's message came after it."""
    events = by_hand((0, 5, "phone"), (1, 5, "phone"), issue_time=np.array([10, 11]))
    events = replace(events, contact_time=np.array([9, 12]), contact_issue=np.array([0, 1]))
    assert rows(events)["customer"].tolist() == [0]
    assert len(rows(replace(events, contact_time=np.array([11, 12])))) == 2


def test_the_gate_reaches_four_months_before_the_end_of_the_data() -> None:
    """The data end with month 19: an index month 15 has a next issue in month 19; nobody's 16 can have one."""
    found = rows(by_hand((0, 15, "phone"), (0, 19, "social"), (1, 16, "phone"), (1, 19, "social")))
    assert found[["customer", "month", "future"]].to_numpy().tolist() == [[0, 15, 2], [1, 16, 0]]
    shorter = rows(by_hand((0, 15, "phone"), (0, 19, "social")), last=18)
    assert shorter["future"].tolist() == [0]


def test_earlier_issues_are_all_those_of_the_data() -> None:
    """Issues in months 2, 3, 4, 5, 6 and 12: by the index months' own counts, and not more than four."""
    found = rows(by_hand(*((0, month, "phone") for month in (2, 3, 4, 5, 6, 12))))
    assert found["earlier"].tolist() == [0, 1, 2, 3, 4, 4]
    assert found["recent"].tolist() == [0, 1, 2, 2, 2, 1]  # month 12 looks at 6 to 11
    assert found["lately"].tolist() == [0, 1, 1, 1, 1, 0]


def test_issues_before_the_data_are_earlier_issues_too() -> None:
    """0 had issues 5 and 3 months before the one of month 2, 1 had them 7 and 9 before: history, but no measure."""
    issues = [(0, -3, "phone"), (0, -1, "phone"), (0, 2, "phone"), (1, -7, "phone"), (1, -5, "phone"), (1, 2, "phone")]
    found = rows(by_hand(*issues))
    assert found[["month", "earlier", "recent", "lately"]].to_numpy().tolist() == [[2, 2, 2, 1], [2, 2, 0, 0]]
    assert found[lag("issues", -3)].tolist() == [0, 0]


def test_a_message_before_an_issue_by_phone_is_a_contact_however_short_before() -> None:
    """A message at time 8 may open an issue on social up to time 18: 0's issue at 10 is on social, so it is contacted.
    1 phoned at 10, after the message, and 2 before it."""
    events = by_hand((0, 5, "social"), (1, 5, "phone"), (2, 5, "phone"), issue_time=np.array([10, 10, 7]))
    late = replace(events, contact_time=np.array([10, 18, 18]), contact_issue=np.array([0, NO_ISSUE, NO_ISSUE]))
    assert rows(late)["arm"].tolist() == [1, 0, 0]
    told = replace(late, undelayed_contact_time=np.array([8, 8, 8]))
    assert rows(told)[["arm", lag("orders", 0)]].to_numpy().tolist() == [[1, 6], [0, 6]]
    assert rows(replace(told, issue_time=np.array([10, 7, 7])))["arm"].tolist() == [1, 0, 0]


def test_the_early_window_ends_where_the_leads_begin() -> None:
    """Two months before and index month 10 (11 orders): months 2 and 3, with 3 and 4 orders; month 4 is lead -6."""
    found = rows(by_hand((0, 10, "phone"), (1, 8, "phone"), (2, 7, "phone")))
    assert found["orders_early"].tolist() == [3 + 4, 1 + 2, 0 + 1]  # the third looks one month beyond the edge
    assert found[lag("orders", -6)].tolist() == [5, 3, 2]
    assert found["observed"].tolist() == [10, 8, 7]


def test_windows_at_the_edges_of_the_data() -> None:
    """Data of months 0 to 19, windows of 2 and 3: index months 2 to 16, each of them with its whole window."""
    found = rows(by_hand(*((customer, customer, "phone") for customer in range(20))))
    assert found["month"].tolist() == list(range(2, 17))
    first, last = found.iloc[0], found.iloc[-1]
    assert [first[lag("orders", month)] for month in range(-6, 4)] == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6]
    assert [last[lag("orders", month)] for month in range(-2, 4)] == [15, 16, 17, 18, 19, 20]
    assert found["study"].all()


def test_rows_still_being_followed_are_kept_and_marked() -> None:
    """With six months after, index months 14 to 16 have three months and no six: months after the data are 0."""
    long = IndexRules(before_months=2, after_months=6)
    found = rows(by_hand(*((customer, 12 + customer, "phone") for customer in range(6))), long)
    assert found["month"].tolist() == [12, 13, 14, 15, 16]
    assert found["study"].tolist() == [1, 1, 0, 0, 0]
    assert found[lag("orders", 3)].tolist() == [16, 17, 18, 19, 20]
    assert found[lag("orders", 4)].tolist() == [17, 18, 19, 20, 0]
    assert found[lag("orders", 6)].tolist() == [19, 20, 0, 0, 0]


def test_a_short_window_needs_no_three_months_after() -> None:
    found = rows(by_hand((0, 18, "phone"), (1, 19, "phone")), IndexRules(before_months=2, after_months=1))
    assert found["month"].tolist() == [18]


def test_data_that_end_sooner_know_nothing_of_what_follows() -> None:
    """Read to month 11: an index month 8 is the last one; issues and orders of month 12 are not there."""
    events = by_hand((0, 8, "phone"), (0, 12, "social"), (1, 9, "phone"), (1, 11, "phone"))
    found = rows(events, last=11)
    assert found[["customer", "month", "future"]].to_numpy().tolist() == [[0, 8, 0]]
    assert found[lag("orders", 3)].tolist() == [12]


def test_tenure_begins_with_the_first_whole_month() -> None:
    """First observed in month 4: month 5 is too early and month 6 the first; unknown starts are left out."""
    start = BEGIN.number + np.array([4, 4, NEVER - BEGIN.number])
    found = rows(by_hand((0, 5, "phone"), (1, 6, "phone"), (2, 8, "phone"), first_month=start))
    assert found[["month", "observed"]].to_numpy().tolist() == [[6, 2]]


def test_costs_are_those_of_the_issue_and_of_the_months_after() -> None:
    """The index month's second issue (7) is in neither; month 6 and 8 are after, month 9 is beyond the window."""
    issues = [(0, 5, "phone"), (0, 5, "phone"), (0, 6, "phone"), (0, 8, "phone"), (0, 9, "phone")]
    first = rows(by_hand(*issues, issue_cost=np.array([3.0, 7.0, 2.0, 4.0, 90.0]))).iloc[0]
    assert (first["index_issue_cost"], first["support_cost_after"]) == (3, 6)
    assert [first[lag("issues", month)] for month in (0, 1, 2, 3)] == [2, 1, 0, 1]


def test_shares_of_customers_who_bought_or_stayed() -> None:
    """Index month 5, windows 3-4 and 6-8. 0 bought in month 4 and stays to month 7; 1 in month 8 and stays all along;
    2 in the index month alone and holds nothing before month 5."""
    orders, running = np.zeros((3, 20)), np.zeros((3, 20), dtype=bool)
    orders[0, 4] = orders[1, 8] = orders[2, 5] = 1
    running[0, :8] = running[1, :] = running[2, 5:] = True
    events = by_hand(*((customer, 5, "phone") for customer in range(3)), monthly={"orders": orders}, running=running)
    found = rows(events)
    assert found[["repurchased_before", "repurchased_after"]].to_numpy().tolist() == [[1, 0], [0, 1], [0, 0]]
    assert found[["retained_before", "retained_after"]].to_numpy().tolist() == [[1, 0], [1, 1], [0, 1]]


def test_attributes_are_those_of_the_customer() -> None:
    events = by_hand(
        (0, 5, "phone"),
        (2, 5, "social"),
        attributes={"region": np.array([1, 0, -1])},
        labels={"product": ("",), "region": ("east", "west")},
    )
    assert rows(events)["a0"].tolist() == [1, -1]
    layout = layout_of(events, RULES, BEGIN, BEGIN.plus(19))
    assert layout.labels["a0"] == ("east", "west")
    assert (str(layout.first), str(layout.last)) == ("2024-03", "2025-05")


def test_no_issue_gives_no_row_and_all_columns() -> None:
    some = by_hand((0, 5, "phone"))
    none = replace(
        some,
        **{
            f"issue_{name}": getattr(some, f"issue_{name}")[:0]
            for name in ("customer", "month", "time", "social", "product")
        },
    )
    assert rows(none).empty
    assert list(rows(none).columns) == list(rows(some).columns)


def test_arrays_that_do_not_fit_together_are_all_named() -> None:
    with pytest.raises(ValueError, match=r"`issue_time` has shape \(2,\).*`product` has a code that `labels`"):
        by_hand((0, 5, "phone"), issue_time=np.arange(2), issue_product=np.array([3]))
    with pytest.raises(ValueError, match="`issue_customer` has a position outside the 1 customers"):
        by_hand((0, 5, "phone"), issue_customer=np.array([1]))
    with pytest.raises(ValueError, match="`issue_cost` has 1 values that are not numbers"):
        by_hand((0, 5, "phone"), issue_cost=np.array([np.nan]))
    with pytest.raises(ValueError, match="give `monthly` an entry `orders`"):
        by_hand((0, 5, "phone"), monthly={"revenue": np.zeros((1, 20))})


def test_months_outside_the_events_are_refused() -> None:
    with pytest.raises(ValueError, match="hold 2024-01 to 2025-08, and rows were asked for from 2024-01 to 2025-09"):
        rows(by_hand((0, 5, "phone")), last=20)


# Against the query engine


def compared(tables: Tables, rules: IndexRules, attributes: tuple[str, ...] = ()) -> int:
    """Asserts that both roads have the same rows, in every column; returns how many."""
    begin, end = span_of_data(tables, rules.zone, rules.until)
    events = events_of(tables, rules.zone, attributes)
    ours = layout_of(events, rules, begin, end)
    found = rows_of(events, rules, begin, end)
    stack = engine_stack(tables, rules, outcomes=ours.outcomes, attributes=attributes)
    expected, theirs = stack.rows(), stack.layout
    stack.forget()
    for name in ("begin", "end", "first", "last", "before", "after", "outcomes", "attributes", "currency"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert list(found) == list(expected)
    assert len(found) == len(expected)
    coded = ("product", *(f"a{place}" for place in range(len(attributes))))
    for name in found:
        if name in coded:
            one, other = ([*layout.labels[name], None] for layout in (ours, theirs))
            assert [one[code] for code in found[name]] == [other[code] for code in expected[name]], name
        else:
            assert np.allclose(found[name], expected[name], rtol=1e-12, atol=1e-9), name
    return len(found)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home: Path = tmp_path_factory.mktemp("demo")
    make_world(home / "world", world="demo", seed=5, customers=4_000)
    tables = open_tables(prepare([Source(home / "world")], cache=home / "cache", zone=ZONE))
    yield tables
    tables.close()


@pytest.mark.parametrize(
    "rules",
    [
        IndexRules(zone=ZONE),
        IndexRules(before_months=3, after_months=2, zone=ZONE, look_back_days=150),
        IndexRules(before_months=8, after_months=4, zone="UTC", until=Month.of("2026-03")),
    ],
)
def test_a_company_in_files_has_the_rows_that_the_engine_finds(demo: Tables, rules: IndexRules) -> None:
    assert compared(demo, rules, ("region", "product")) > 2_000


def small(
    *issues: tuple[str, str, str], touchpoints: list[tuple[Any, ...]] | None = None, **customers: str
) -> dict[str, Any]:
    """Orders on the first and the 28th of every month; issues (customer, time, channel), `filler`'s at both ends."""
    names = sorted({name for name, _, _ in issues} | {"filler"})
    given = [*issues, ("filler", "2025-01-01T08:00:00", "phone"), ("filler", "2025-08-30T08:00:00", "phone")]
    given.append(("filler", "2025-04-05T08:00:00", "phone"))
    orders = [
        (f"o-{name}-{month}-{day}", name, f"2025-{month:02d}-{day:02d}T12:00:00", "10.00", "EUR")
        for name in names
        for month in range(1, 9)
        for day in (1, 28)
    ]
    tables = {
        "orders": pd.DataFrame(orders, columns=["order_id", "customer_id", "ordered_at", "revenue", "currency"]),
        "issues": pd.DataFrame(
            [(f"i{number}", *row) for number, row in enumerate(given)],
            columns=["issue_id", "customer_id", "opened_at", "channel"],
        ),
    }
    if customers:
        joined = [customers.get(name, "2024-01-01T00:00:00") for name in names]
        tables["customers"] = pd.DataFrame({"customer_id": names, "joined_at": joined})
    if touchpoints:
        columns = ["touchpoint_id", "customer_id", "occurred_at", "channel", "direction", "issue_id"]
        tables["touchpoints"] = pd.DataFrame(touchpoints, columns=columns)
    return tables


COMPANIES = {
    "two issues a month": small(
        ("a", "2025-04-03T10:00:00", "social"),
        ("a", "2025-04-20T10:00:00", "phone"),
        ("b", "2025-04-03T10:00:00", "phone"),
        ("b", "2025-04-09T10:00:00", "social"),
        ("b", "2025-05-09T10:00:00", "social"),
    ),
    "a comparison customer turns": small(
        ("a", "2025-03-03T10:00:00", "phone"),
        ("a", "2025-04-03T10:00:00", "email"),
        ("a", "2025-05-03T10:00:00", "social"),
        ("a", "2025-06-03T10:00:00", "phone"),
        a="2024-01-01T00:00:00",
    ),
    "messages on social": small(
        ("a", "2025-04-03T10:00:00", "social"),
        ("b", "2025-04-03T10:00:00", "social"),
        ("c", "2025-03-04T10:00:00", "phone"),
        ("c", "2025-04-03T10:00:00", "social"),
        ("d", "2025-04-03T10:00:00", "social"),
        ("e", "2025-04-03T10:00:00", "phone"),
        ("f", "2025-04-03T10:00:00", "phone"),
        ("g", "2025-04-03T10:00:00", "phone"),
        ("h", "2025-04-03T10:00:00", "phone"),
        touchpoints=[
            ("t1", "a", "2025-04-03T09:59:00", "social", "inbound", "i0"),
            ("t2", "b", "2025-03-01T09:00:00", "social", "inbound", None),
            ("t3", "c", "2025-03-05T09:00:00", "social", "inbound", "i2"),
            ("t4", "d", "2025-04-03T09:00:00", "social", "inbound", None),
            ("t5", "e", "2025-04-03T09:00:00", "social", "inbound", "i5"),
            ("t6", "f", "2025-04-03T11:00:00", "social", "inbound", "i6"),
            ("t7", "g", "2025-04-03T08:00:00", "social", "inbound", None),
            ("t8", "h", "2025-04-03T11:00:00", "social", "inbound", None),
        ],
    ),
    "one joins late": small(
        ("late", "2025-04-03T10:00:00", "phone"),
        ("late", "2025-06-03T10:00:00", "social"),
        ("filler", "2025-06-03T10:00:00", "phone"),
        late="2025-03-10T00:00:00",
    ),
    "issues before the orders begin": small(
        ("a", "2024-09-30T10:00:00", "phone"),
        ("a", "2024-11-03T10:00:00", "email"),
        ("a", "2025-03-03T10:00:00", "phone"),
        ("b", "2024-10-03T10:00:00", "social"),
        ("b", "2025-03-03T10:00:00", "phone"),
        ("c", "2025-03-03T10:00:00", "social"),
        a="2024-01-01T00:00:00",
    ),
    "the last minute of a month": small(("a", "2025-04-30T23:30:00", "social"), ("b", "2025-05-03T10:00:00", "phone")),
}


@pytest.mark.parametrize("zone", ["UTC", ZONE])
@pytest.mark.parametrize("name", COMPANIES)
def test_small_companies_have_the_rows_that_the_engine_finds(company, name: str, zone: str) -> None:  # type: ignore[no-untyped-def]
    assert compared(company(**COMPANIES[name]), IndexRules(before_months=2, after_months=2, zone=zone)) >= 2


def test_touchpoints_can_stand_in_for_issues(company) -> None:  # type: ignore[no-untyped-def]
    messages = [
        ("t1", "a", "2025-04-03T09:00:00", "social", "inbound", None),
        ("t2", "b", "2025-04-03T09:00:00", "phone", "inbound", None),
        ("t3", "b", "2025-04-04T09:00:00", "social", "outbound", None),
        ("t4", "filler", "2025-01-01T09:00:00", "phone", "inbound", None),
        ("t5", "filler", "2025-08-30T09:00:00", "phone", "inbound", None),
    ]
    tables = small(("a", "2025-01-01T08:00:00", "phone"), ("b", "2025-01-01T08:00:00", "phone"), touchpoints=messages)
    del tables["issues"]
    assert compared(company(**tables), IndexRules(before_months=2, after_months=2)) == 2


# Against a slow road in plain Python


def slow_rows(events: Events, rules: IndexRules, begin: Month, end: Month) -> list[dict[str, float]]:
    """The rules once more, customer by customer and month by month."""
    found = []
    first, last = begin.number, end.number
    for customer in range(len(events.first_month)):
        own = sorted(np.flatnonzero(events.issue_customer == customer), key=lambda row: (events.issue_time[row], row))

        def no_contact(row: int, customer: int = customer) -> bool:
            if not events.issue_social[row]:
                return bool(events.undelayed_contact_time[customer] >= events.issue_time[row])
            if events.next_contact_time[customer] < events.issue_time[row]:
                return False
            if events.contact_time[customer] >= events.issue_time[row]:
                return True
            return bool(events.contact_issue[customer] == row)

        months = [int(events.issue_month[row]) for row in own]
        for place, row in enumerate(own):
            month, start = months[place], max(events.first_month[customer], first)
            if month in months[:place] or not first <= month <= last - min(3, rules.after_months):
                continue
            if month - start < rules.observed_before or not no_contact(row):
                continue
            line = {"month": month, "arm": int(events.issue_social[row]), "index_issue_cost": events.issue_cost[row]}
            line["earlier"] = min(4, sum(other < month for other in months))
            line["recent"] = min(2, sum(month - 6 <= other < month for other in months))
            line["lately"] = int(any(month - 3 <= other < month for other in months))
            line["future"] = 0
            if not events.issue_social[row] and place + 1 < len(own):
                following = own[place + 1]
                if month + 4 <= months[place + 1] <= last and no_contact(following):
                    line["future"] = 2 if events.issue_social[following] else 1

            def at(matrix: np.ndarray, step: int, customer: int = customer, month: int = month) -> float:
                inside = first <= month + step <= last
                return float(matrix[customer, month + step - events.origin.number]) if inside else 0.0

            for step in range(-max(6, rules.before_months), rules.after_months + 1):
                for outcome, matrix in events.monthly.items():
                    line[lag(outcome, step)] = at(matrix, step)
                line[lag("issues", step)] = sum(other == month + step for other in months if first <= other <= last)
            for outcome, matrix in events.monthly.items():
                line[f"{outcome}_early"] = sum(at(matrix, step) for step in range(-6 - rules.before_months, -6))
            reach = range(month + 1, month + rules.after_months + 1)
            costs = [events.issue_cost[other] for other in own if events.issue_month[other] in reach]
            line["support_cost_after"] = sum(
                cost for cost, other in zip(costs, [m for m in months if m in reach], strict=True) if other <= last
            )
            line["retained_before"] = at(events.running, -1)
            line["retained_after"] = at(events.running, rules.after_months)
            found.append(line)
    return found


def test_every_column_agrees_with_a_slow_road(demo: Tables) -> None:
    """Data that end before the events do, so that both edges are inside the matrices."""
    rules, begin, end = IndexRules(before_months=4, after_months=6, zone=ZONE), Month.of("2023-12"), Month.of("2026-04")
    events = events_of(demo, ZONE, ("region",))
    stack = rows_of(events, rules, begin, end)
    positions = np.unique(events.issue_customer)[:700]
    part = np.isin(events.issue_customer, positions)
    assert stack["customer"].is_monotonic_increasing
    slow = pd.DataFrame(slow_rows(_only(events, part), rules, begin, end))
    fast = rows_of(_only(events, part), rules, begin, end)
    assert len(fast) == len(slow) > 500
    assert sorted(fast["future"].unique()) == [0, 1, 2]
    for name in slow:
        assert np.allclose(fast[name].to_numpy(float), slow[name].to_numpy(float), rtol=1e-12, atol=1e-9), name
    covered = {*slow, "customer", "product", "observed", "a0", "study"}
    assert set(fast) - covered == {"repurchased_before", "repurchased_after"}
    merged = stack.merge(fast.drop(columns="customer"), how="inner")
    assert len(merged) >= len(fast)  # a part of the customers has the same rows


def _only(events: Events, part: np.ndarray) -> Events:
    """The same customers, of whom only some have issues."""
    place = np.cumsum(part) - 1
    whose = events.contact_issue
    kept = (whose != NO_ISSUE) & part[np.maximum(whose, 0)]
    cut = {
        name: getattr(events, name)[part] for name in ("issue_customer", "issue_month", "issue_time", "issue_social")
    }
    cut |= {"issue_product": events.issue_product[part], "issue_cost": events.issue_cost[part]}
    return replace(events, **cut, contact_issue=np.where(kept, place[np.maximum(whose, 0)], NO_ISSUE))


# Laws


def test_the_order_of_customers_does_not_matter_and_nothing_given_is_changed(demo: Tables) -> None:
    events, rules = events_of(demo, ZONE), IndexRules(zone=ZONE)
    begin, end = span_of_data(demo, ZONE)
    n = len(events.first_month)
    moved = np.random.default_rng(1).permutation(n)  # the customer at position p goes to moved[p]
    back = np.argsort(moved)
    other = replace(
        events,
        first_month=events.first_month[back],
        monthly={name: values[back] for name, values in events.monthly.items()},
        issue_customer=moved[events.issue_customer],
        contact_time=events.contact_time[back],
        contact_issue=events.contact_issue[back],
        next_contact_time=events.next_contact_time[back],
        undelayed_contact_time=events.undelayed_contact_time[back],
        running=events.running[back],
    )
    before = events.monthly["orders"].copy(), events.issue_customer.copy()
    one, two = (rows_of(part, rules, begin, end).drop(columns="customer") for part in (events, other))
    columns = list(one)
    assert one.sort_values(columns, ignore_index=True).equals(two.sort_values(columns, ignore_index=True))
    assert np.array_equal(before[0], events.monthly["orders"])
    assert np.array_equal(before[1], events.issue_customer)


def test_the_rows_make_a_stack(demo: Tables) -> None:
    events, rules = events_of(demo, ZONE, ("region",)), IndexRules(zone=ZONE)
    begin, end = span_of_data(demo, ZONE)
    rows = rows_of(events, rules, begin, end)
    stack = ArrayStack(rows, layout_of(events, rules, begin, end))
    cells = stack.cells(("arm", "a0"), measures=("orders_p1",))
    assert cells.n.sum() == rows["study"].sum()
    assert cells.sums["orders_p1"].sum() == rows.loc[rows["study"] == 1, "orders_p1"].sum()
