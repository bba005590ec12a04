"""Contacts, effort and costs: a few rows counted by eye, what is refused, and that parts add up."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest


def write(company: Any, name: str, rows: list[dict[str, Any]]) -> None:
    pd.DataFrame(rows).to_csv(company.folder / f"{name}.csv", index=False)


def contacts(company: Any, *rows: tuple[Any, ...], names: str = "customer_id day channel direction issue_id") -> None:
    """Contacts at 09:00 UTC of a day of 2026."""
    told = [dict(zip(names.split(), row, strict=True)) for row in rows]
    same = {"direction": "inbound", "channel": "phone"}
    write(
        company,
        "touchpoints",
        [
            {"touchpoint_id": n, "occurred_at": f"2026-{row.pop('day')}T09:00:00Z", **same, **row}
            for n, row in enumerate(told)
        ],
    )


def issues(company: Any, *rows: dict[str, Any]) -> None:
    """Issues of 09:00 UTC on a day of 2026, opened by phone."""
    given = [{"channel": "phone", **row, "opened_at": f"2026-{row['day']}T09:00:00Z"} for row in rows]
    company.table("issues", *({name: cell for name, cell in row.items() if name != "day"} for row in given))


def unit_costs(company: Any, *rows: tuple[str, str, str, float], currency: str = "EUR") -> None:
    names = ("channel", "per", "effective_from", "marginal")
    write(
        company,
        "unit_costs",
        [{**dict(zip(names, row, strict=True)), "currency": currency, "source": "ledger"} for row in rows],
    )


def test_contacts_and_the_customers_in_contact(company, one) -> None:
    """July: a by phone twice and by e-mail once, b by e-mail once, we call a once, nobody known writes once. August: a
    once. Four contacts of two customers in July; five of two, not of three, over the quarter."""
    contacts(
        company,
        ("a", "07-01", "phone", "inbound", None), ("a", "07-02", "phone", "inbound", None),
        ("a", "07-03", "email", "inbound", None), ("b", "07-04", "email", "inbound", None),
        ("a", "07-05", "phone", "outbound", None), (None, "07-06", "email", "inbound", None),
        ("a", "08-06", "email", "inbound", None),
    )  # fmt: skip
    found = company.counted()
    assert one(found, "touchpoints").value == 7
    assert [row.value for row in found.of("touchpoints")] == [6, 1, None]
    assert one(found, "touchpoints_by_channel", "2026-07", channel="phone").value == 3
    july = one(found, "touchpoints_per_customer", "2026-07")
    assert (july.numerator, july.denominator, july.value) == (4, 2, 2)
    assert july.note == "1 inbound contacts without a known customer are left out"
    whole = one(found, "touchpoints_per_customer")
    assert (whole.numerator, whole.denominator) == (5, 2)
    phone = one(found, "touchpoints_per_customer_by_channel", "2026-07", channel="phone")
    email = one(found, "touchpoints_per_customer_by_channel", "2026-07", channel="email")
    assert (phone.value, email.value) == (1, 1)
    assert phone.value + email.value == july.value, "each channel over the customers of all channels: they add up"
    assert (
        one(found, "touchpoints_per_customer", "2026-09").reason
        == "`touchpoints` holds nothing of this month or beyond it"
    )


def test_effort_of_issues(company, one) -> None:
    """i0: phone, e-mail, phone, our own chat, phone: four contacts, two changes. i1: one contact. i2: none told. The
    last contact of i0 came in August and is July's, where the issue was opened."""
    issues(company, {"day": "07-01"}, {"day": "07-02"}, {"day": "07-03"}, {"day": "08-30"})
    contacts(
        company,
        (None, "07-01", "phone", "inbound", "i0"), (None, "07-03", "phone", "inbound", "i0"),
        (None, "07-02", "email", "inbound", "i0"), (None, "07-04", "chat", "outbound", "i0"),
        (None, "08-05", "phone", "inbound", "i0"), (None, "07-02", "email", "inbound", "i1"),
    )  # fmt: skip
    found = company.counted()
    effort = one(found, "contacts_per_issue", "2026-07")
    assert (effort.numerator, effort.denominator, effort.note) == (
        5,
        2,
        "1 issues without an inbound contact are left out",
    )
    switches = one(found, "channel_switches_per_issue", "2026-07")
    assert (switches.numerator, switches.denominator, switches.value) == (2, 2, 1)
    august = one(found, "contacts_per_issue", "2026-08")
    assert august.reason == "no issue opened in the period has an inbound contact"


def test_costs_that_issues_bear(company, one) -> None:
    """Contacts bear costs too, which are not added: an issue's cost holds them already."""
    issues(
        company,
        {"day": "07-01", "cost": 4, "currency": "EUR", "closed_at": "2026-07-02T09:00:00Z"},
        {"day": "07-01", "cost": 8, "currency": "EUR", "channel": "email"},
        {"day": "08-01", "cost": 3, "currency": "EUR", "closed_at": "2026-08-02T09:00:00Z"},
    )
    contacts(company, ("07-01", 1, "EUR", "i0"), ("07-01", 2, "EUR", "i1"), names="day cost currency issue_id")
    found = company.counted()
    assert [row.value for row in found.of("support_cost")] == [12, 3, None]
    assert one(found, "support_cost").value == 15
    assert one(found, "support_cost").note == "costs that issues bear"
    contact = one(found, "cost_per_contact")
    assert (contact.value, contact.note) == (1.5, "costs that contacts bear")
    assert one(found, "cost_per_issue", "2026-07").value == 6
    assert one(found, "cost_per_issue_by_channel", "2026-07", channel="email").value == 8
    settled = one(found, "cost_per_resolution", "2026-07")
    assert (settled.numerator, settled.denominator) == (12, 1), "what was not settled is paid for all the same"
    email = one(found, "cost_per_resolution_by_channel", "2026-07", channel="email")
    assert email.reason == "no issue of the period with a cost is closed"


def test_a_row_without_a_cost_takes_the_unit_cost_of_its_day(company, one) -> None:
    """10 until July, 20 from August on: the issue of 31 July 23:30 UTC is one of August in London."""
    unit_costs(company, ("phone", "issue", "2026-01-01", 10), ("phone", "issue", "2026-08-01", 20))
    company.table(
        "issues",
        {"opened_at": "2026-07-31T22:30:00Z", "cost": None, "currency": None},
        {"opened_at": "2026-07-31T23:30:00Z", "cost": None, "currency": None},
        {"opened_at": "2026-08-01T09:00:00Z", "cost": 5, "currency": "EUR"},
        channel="phone",
    )
    found = company.counted(zone="Europe/London")
    assert [row.value for row in found.of("support_cost")] == [10, 25, None]
    assert one(found, "support_cost", "2026-07").note == "unit costs of issues"
    assert one(found, "support_cost", "2026-08").note == "costs that issues bear, unit costs for 1 of 2"


def test_contacts_at_unit_cost_make_the_cost_of_an_issue(company, one) -> None:
    """i0: a call and an e-mail, 6 + 2. i1: an e-mail. The chat of i2 has no price: i2 is left out, and the cost of
    the month cannot be told."""
    unit_costs(company, ("phone", "contact", "2026-01-01", 6), ("email", "contact", "2026-01-01", 2))
    closed = {"closed_at": "2026-09-01T09:00:00Z"}
    issues(company, {"day": "07-01", **closed}, {"day": "07-01", "channel": "email"}, {"day": "07-01"})
    contacts(
        company,
        ("07-01", "phone", "i0"), ("08-02", "email", "i0"), ("07-01", "email", "i1"), ("07-01", "chat", "i2"),
        names="day channel issue_id",
    )  # fmt: skip
    found = company.counted()
    july = one(found, "support_cost", "2026-07")
    assert (july.value, july.reason) == (None, "1 of 3 contacts have no cost; those that have come to 8.00")
    assert one(found, "support_cost", "2026-08").value == 2
    contact = one(found, "cost_per_contact", "2026-07")
    assert (contact.numerator, contact.denominator) == (8, 2)
    assert contact.note == "unit costs of contacts; 1 contacts without a cost are left out"
    assert (
        one(found, "cost_per_contact_by_channel", "2026-07", channel="chat").reason
        == "no contact of the period has a cost"
    )
    each = one(found, "cost_per_issue", "2026-07")
    assert (each.numerator, each.denominator, each.value) == (10, 2, 5)
    assert each.note == "unit costs of the contacts of issues; 1 issues without a cost are left out"
    settled = one(found, "cost_per_resolution", "2026-07")
    assert (settled.numerator, settled.denominator) == (10, 1)
    assert one(found, "cost_per_issue_by_channel", "2026-07", channel="phone").value == 8


def test_costs_are_never_guessed(company, one) -> None:
    issues(company, {"day": "07-01"})
    contacts(company, ("07-01",), names="day")
    found = company.counted()
    assert one(found, "support_cost").reason.startswith("neither `issues` nor `touchpoints` bears a cost")
    assert one(found, "cost_per_issue").reason == "`issues` bears no cost, and `unit_costs` has none for one issue"
    assert (
        one(found, "cost_per_contact").reason
        == "`touchpoints` bears no cost, and `unit_costs` has none for one contact"
    )


def test_costs_in_two_currencies_are_refused(company, one) -> None:
    unit_costs(company, ("phone", "issue", "2026-01-01", 10), currency="USD")
    rows = [{"day": "07-01", "cost": 4, "currency": "EUR"}, {"day": "07-02", "cost": None, "currency": None}]
    issues(company, *rows)
    for metric in ("support_cost", "cost_per_issue"):
        reason = one(company.counted(), metric).reason
        assert reason == "costs of `issues` are in EUR, `unit_costs` in USD, and there is no table of rates"
    (company.folder / "issues.csv").unlink()
    issues(company, rows[0])
    assert one(company.counted(), "support_cost").value == 4, "where every issue bears its own, none is mixed"


@pytest.mark.parametrize("hostile", ["'; drop table issues; --", "<script>"])
def test_a_hostile_id_stays_text(company, one, hostile: str) -> None:
    issues(company, {"day": "07-01", "issue_id": hostile})
    contacts(company, ("07-01", hostile), names="day issue_id")
    assert one(company.counted(), "contacts_per_issue").value == 1


def test_the_order_of_rows_changes_nothing(company) -> None:
    channels = ["phone", "email", "chat"]
    issues(company, *({"day": f"07-{n + 1:02}", "channel": channels[n % 3]} for n in range(9)))
    rows = [("abc"[n % 3], f"08-{1 + n % 9:02}", channels[n % 2], "inbound", f"i{n % 7}") for n in range(40)]
    contacts(company, *rows)
    unit_costs(company, *((channel, "contact", "2026-01-01", 1.1) for channel in channels))
    before = company.counted().to_frame()
    for name in ("issues", "touchpoints", "unit_costs"):
        path = company.folder / f"{name}.csv"
        pd.read_csv(path, dtype=str).sample(frac=1, random_state=1).to_csv(path, index=False)
    pd.testing.assert_frame_equal(before, company.counted().to_frame())
