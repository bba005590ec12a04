"""What the case counts on tables in SQL, counted again in pandas: contacts, channels, saves, sales, who stays."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.chances import needs
from analysis.roi.contacted import channels_after_contact, channels_of_comparison, first_contacts, months_after_contact
from analysis.roi.leaving import MONTH, staying_of_contacted, staying_of_saved
from analysis.roi.measured_effects import measured_effects
from analysis.roi.rates import Rates
from analysis.roi.repurchase_decay import decay_of_orders
from analysis.roi.sales import margin_of_sales, sales
from analysis.roi.saves import attempts, margin_of_subscribers
from analysis.tables.load import Tables
from tests.roi.small_tables import company, effect, month, opened

EFFECT = measured_effects([effect()], None, Rates("EUR")).need("margin")
FRAMES = company()
FIRST, LAST = (2025 - 1970) * 12 + 3, (2026 - 1970) * 12 + 2


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Iterator[Tables]:
    with opened(tmp_path_factory.mktemp("counted"), FRAMES) as found:
        yield found


def contacts() -> pd.DataFrame:
    """The first social issue of each known customer, in the index months."""
    social = FRAMES["issues"].query("channel == 'social'").dropna(subset="customer_id")
    first = social.groupby("customer_id")["opened_at"].min().reset_index()
    first["month"] = month(first["opened_at"])
    return first[first["month"].between(FIRST, LAST)]


def followed() -> pd.Timestamp:
    """The last thing that `subscriptions` tells."""
    return max(FRAMES["subscriptions"]["ended_at"].max(), FRAMES["subscriptions"]["started_at"].max())


def leaving() -> pd.DataFrame:
    """Mentions of known subscribers who wanted to leave, each with its subscription; authors have no conversation."""
    wanted = FRAMES["mentions"].query("sales_flag == 'cancel_save'").dropna(subset="customer_id")
    joined = wanted.merge(FRAMES["subscriptions"], on="customer_id")
    ended = joined["ended_at"].fillna(pd.Timestamp.max.floor("s"))
    return joined[(joined["started_at"] <= joined["posted_at"]) & (ended > joined["posted_at"])].assign(until=ended)


def test_first_contacts(tables) -> None:
    found = tables.engine.query(first_contacts(tables, EFFECT, "UTC")).to_pandas()
    expected = contacts()[["customer_id", "month"]]
    assert sorted(map(tuple, found.to_numpy())) == sorted(map(tuple, expected.to_numpy()))


def test_months_after_a_contact(tables) -> None:
    claim = months_after_contact(tables, EFFECT, "UTC", 1, 3)
    found = tables.engine.query(claim.sql, claim.parameters).to_pandas()
    assert len(found) == 3 * len(contacts())
    first = found.groupby("customer_id")["month"].min()
    assert (first == contacts().set_index("customer_id")["month"] + 1).all()
    assert claim.full == (FIRST + 3, LAST + 1)  # contacts of all three months before are among those counted
    with pytest.raises(ValueError, match="no month"):
        months_after_contact(tables, EFFECT, "UTC", 3, 1)


def test_channels_after_a_contact(tables) -> None:
    joined = FRAMES["issues"].dropna(subset="customer_id").merge(contacts()[["customer_id", "month"]], on="customer_id")
    later = month(joined["opened_at"]) - joined["month"]
    expected = joined[later.between(1, 3)].groupby("channel").size().to_dict()
    assert channels_after_contact(tables, EFFECT, "UTC") == expected


def test_channels_of_comparison(tables) -> None:
    issues = FRAMES["issues"].dropna(subset="customer_id")
    first = issues[issues["channel"] == "social"].groupby("customer_id")["opened_at"].min().rename("first")
    joined = issues.join(first, on="customer_id")
    kept = (joined["channel"] != "social") & ~(joined["first"] <= joined["opened_at"])
    kept &= month(joined["opened_at"]).between(FIRST, LAST)
    assert channels_of_comparison(tables, EFFECT, "UTC") == joined[kept].groupby("channel").size().to_dict()


def test_attempts_and_saves(tables) -> None:
    wanted = leaving()
    window = pd.Timedelta(days=30)
    due = wanted["posted_at"] + window <= followed()
    held = due & (wanted["until"] > wanted["posted_at"] + window)
    found = attempts(tables, "UTC", 30)
    assert (found.n, found.of) == (held.sum(), due.sum())
    last_year = wanted[wanted["posted_at"] >= "2026-01-01"]
    assert found.per_year == last_year["customer_id"].nunique() < len(last_year)
    assert found.share == pytest.approx(held.sum() / due.sum())


def test_who_stays_of_those_saved(tables) -> None:
    wanted = leaving()
    window, until = pd.Timedelta(days=30), followed()
    held = wanted[(wanted["posted_at"] + window < until) & (wanted["until"] > wanted["posted_at"] + window)]
    end = held["until"].clip(upper=until)
    months = (end - held["posted_at"] - window).dt.total_seconds().sum() / MONTH
    ends = (held["until"] < until).sum()
    found = staying_of_saved(tables, 30)
    assert (found.ends, found.months) == (ends, pytest.approx(months))
    assert (found.share, found.se) == (pytest.approx(1 - ends / months), pytest.approx(ends**0.5 / months))


def test_who_stays_of_those_contacted(tables) -> None:
    joined = contacts()[["customer_id", "month"]].merge(FRAMES["subscriptions"], on="customer_id")
    begun = pd.to_datetime([f"{1970 + (n + 1) // 12}-{(n + 1) % 12 + 1:02d}-01" for n in joined["month"]])
    until = followed()
    last = joined["ended_at"].fillna(pd.Timestamp.max.floor("s"))
    there = (last > begun) & (begun < until)
    months = (last.clip(upper=until) - begun)[there].dt.total_seconds().sum() / MONTH
    found = staying_of_contacted(tables, months_after_contact(tables, EFFECT, "UTC", 0, 0), "UTC")
    assert found.ends == (last[there] < until).sum()
    assert found.months == pytest.approx(months)


def test_margin_of_those_who_wanted_to_leave(tables) -> None:
    found = margin_of_subscribers(tables, Rates("EUR"))
    assert (found.n, found.mean) == (len(leaving()), pytest.approx(leaving()["monthly_margin"].mean()))


def test_sales_and_their_margin(tables) -> None:
    wanted = FRAMES["mentions"].query("sales_flag == 'new_sale'").dropna(subset="customer_id")
    wanted = wanted[wanted["posted_at"] >= "2026-01-01"]
    joined = wanted.merge(FRAMES["orders"], on="customer_id")
    gap = joined["ordered_at"] - joined["posted_at"]
    inside = joined[(gap > pd.Timedelta(0)) & (gap <= pd.Timedelta(days=30))]
    matched = inside.sort_values(["ordered_at", "order_id"]).drop_duplicates("mention_id")["order_id"].unique()
    found = sales(tables, "UTC", 30)
    assert (found.n, found.per_year) == (len(matched), len(matched))
    margins = FRAMES["orders"].set_index("order_id").loc[matched, "margin"]
    assert margin_of_sales(tables, "UTC", 30, Rates("EUR")).mean == pytest.approx(margins.mean())


def test_orders_that_thin_out(tmp_path) -> None:
    """200 orders in the three months after, 100 in the three after those: the root of a half for each month."""
    customers = [f"{n:04d}" for n in range(100)]
    issues = pd.DataFrame({"customer_id": customers, "opened_at": pd.Timestamp("2025-04-10"), "channel": "social"})
    issues["issue_id"] = "I" + issues["customer_id"]
    parts = [(who, stamp) for stamp in ("2025-05-05", "2025-07-20", "2025-09-03") for who in customers]
    orders = pd.DataFrame(parts, columns=["customer_id", "ordered_at"])
    orders.loc[len(orders)] = [None, "2026-12-30"]
    orders["ordered_at"] = pd.to_datetime(orders["ordered_at"])
    orders = orders.assign(revenue=1.0, margin=1.0, currency="EUR", order_id=[f"O{n}" for n in range(len(orders))])
    with opened(tmp_path, {"issues": issues, "orders": orders}) as tables:
        found = decay_of_orders(tables, EFFECT, "UTC")
    assert (found.first, found.later, found.customers) == (200, 100, 100)
    assert found.share == pytest.approx(0.5 ** (1 / 3))
    quantity = found.quantity("kept", "Kept")
    assert (quantity.base, quantity.origin) == (pytest.approx(0.5 ** (1 / 3)), "measured")


def test_orders_that_do_not_thin_out_say_nothing(tables) -> None:
    """Orders of the made-up company come evenly, and are few: nothing is measured from them."""
    assert decay_of_orders(tables, EFFECT, "UTC") is None


def test_margins_that_are_missing_or_in_another_currency(tmp_path) -> None:
    gaps = FRAMES["subscriptions"].assign(monthly_margin=None)
    with (
        opened(tmp_path, {"mentions": FRAMES["mentions"], "subscriptions": gaps}) as tables,
        pytest.raises(DesignError, match=r"carry no margin. State `roi.cancel_save.monthly_margin`"),
    ):
        margin_of_subscribers(tables, Rates("EUR"))
    pounds = FRAMES["subscriptions"].assign(currency="GBP")
    other = tmp_path / "other"
    other.mkdir()
    with (
        opened(other, {"mentions": FRAMES["mentions"], "subscriptions": pounds}) as tables,
        pytest.raises(DesignError, match=r"`roi.rates.GBP` is not given"),
    ):
        margin_of_subscribers(tables, Rates("EUR"))


def test_what_is_missing_for_counting(tables) -> None:
    assert needs(tables, "mentions.sales_flag", "subscriptions") is None
    assert needs(tables, "mentions.text") == "there is no `mentions.text`"
    assert needs(None, "mentions") == "there is no `mentions`"
