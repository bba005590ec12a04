"""How does the shop of a made-up company export its orders and customers, and what of them does the contract hold?

`orders_file` is the orders export of the admin: a row for each line item, the cells of the order blank from its second
line on, times with their offset, and an apostrophe before what a spreadsheet would take for a number. `customers_file`
is the list of customers as a connector hands it over. The contract's rows are those of the maps `shopify_orders` and
`shopify_customers`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analysis.synthetic.columns import ids, instants, names, same
from analysis.synthetic.company import Ints
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.exports.headers import SHOPIFY_CUSTOMERS, SHOPIFY_ORDERS
from analysis.synthetic.exports.people import People, shop_ids, spellings
from analysis.synthetic.exports.quarters import happened
from analysis.synthetic.exports.shop import MOST_LINES, Orders
from analysis.synthetic.exports.writing import cents_text, exact_money, file_of, glued, offset_text, only, seconds_text
from analysis.synthetic.world import CURRENCY

_FIRST_ORDER, _FIRST_ID, _BETWEEN_IDS = 1_001, 4_803_220_881_000, 32_768
_PAID_AFTER_S, _FULFILLED_AFTER_S = 40, 90_000
_STATUSES = ("paid", "partially_refunded", "refunded", "voided")
_GOODS = ("Cable", "Router", "Handset", "Remote control", "SIM card")


def orders_file(orders: Orders, people: People, rows: Ints, as_of: int, rng: np.random.Generator) -> pa.Table:
    """The export of some orders as of an instant. `rng` spells their addresses."""
    at = np.full(len(rows), as_of)
    customer = orders.customer[rows]
    ordered, cancelled = orders.ordered[rows], happened(orders.cancelled[rows], at)
    subtotal, total, discount = orders.subtotal[rows], orders.total[rows], orders.discount[rows]
    stands = (cancelled == UNKNOWN) & ~orders.unpaid[rows]
    fulfilled = np.where(stands, happened(ordered + _FULFILLED_AFTER_S, at), UNKNOWN)
    buyer = people.full_names(np.maximum(customer, 0))
    phone = glued("'", people.phones(customer, written="international"))
    postcode = glued("'", ids(10_000 + rows % 80_000, width=5))
    of_order: dict[str, pa.Array | str] = {
        "Financial Status": _status(orders, rows, at),
        "Paid at": offset_text(np.where(orders.unpaid[rows], UNKNOWN, happened(ordered + _PAID_AFTER_S, at))),
        "Fulfillment Status": names((fulfilled != UNKNOWN).astype(np.int64), ("unfulfilled", "fulfilled")),
        "Fulfilled at": offset_text(fulfilled),
        "Accepts Marketing": same("no", len(rows)),
        "Currency": same(CURRENCY, len(rows)),
        "Subtotal": cents_text(subtotal),
        "Shipping": cents_text(total - subtotal),
        "Taxes": cents_text(orders.taxes[rows]),
        "Total": cents_text(total),
        "Discount Code": only(same("WELCOME10", len(rows)), discount > 0),
        "Discount Amount": cents_text(discount),
        "Shipping Method": same("Standard", len(rows)),
        "Billing Name": buyer,
        "Billing City": same("Leeds", len(rows)),
        "Billing Zip": postcode,
        "Billing Country": same("GB", len(rows)),
        "Billing Phone": phone,
        "Shipping Name": buyer,
        "Shipping City": same("Leeds", len(rows)),
        "Shipping Zip": postcode,
        "Shipping Country": same("GB", len(rows)),
        "Cancelled at": offset_text(cancelled),
        "Payment Method": same("Card", len(rows)),
        "Payment Reference": glued("c", ids(rows, width=10)),
        "Refunded Amount": cents_text(orders.given_back(rows, at)),
        "Id": _order_ids(rows),
        "Risk Level": same("Low", len(rows)),
        "Source": same("web", len(rows)),
        "Phone": phone,
    }
    line = np.tile(np.arange(MOST_LINES), len(rows))
    of = np.repeat(np.arange(len(rows)), MOST_LINES)
    there = line < orders.lines[rows][of]
    line, of = line[there], of[there]
    first = pa.array(np.where(line == 0, of, 0), mask=line > 0)
    every, item = pa.array(of), rows[of]
    goods = _goods(item, line)
    columns: dict[str, pa.Array | str] = {name: cells.take(first) for name, cells in of_order.items()}  # type: ignore[union-attr]
    columns |= {
        "Name": glued("#", ids(_FIRST_ORDER + item, width=4)),
        "Email": people.emails(customer, rows, spellings(len(rows), rng)).take(every),
        "Created at": offset_text(ordered).take(every),
        "Lineitem quantity": ids(orders.quantity[item, line], width=1),
        "Lineitem name": names(goods, _GOODS),
        "Lineitem price": cents_text(orders.price[item, line]),
        "Lineitem sku": glued("LK-", ids(goods + 1, width=3)),
        "Lineitem requires shipping": "true",
        "Lineitem taxable": "true",
        "Lineitem fulfillment status": "fulfilled",
        "Vendor": "Larkfield",
        "Lineitem discount": "0.00",
    }
    return file_of(SHOPIFY_ORDERS, columns, len(item))


def customers_file(people: People, rows: Ints, rng: np.random.Generator) -> pa.Table:
    """The shop's list of some customers. `rng` spells their addresses."""
    joined_at = glued(seconds_text(people.joined[rows]), ".000 ")
    return file_of(
        SHOPIFY_CUSTOMERS,
        {
            "id": shop_ids(rows),
            "first_name": people.full_names(rows),
            "email": people.emails(rows, rows, spellings(len(rows), rng)),
            "phone": people.phones(rows, written="international"),
            "state": "enabled",
            "created_at": joined_at,
            "updated_at": joined_at,
            "accepts_marketing": "FALSE",
            "tax_exempt": "FALSE",
            "verified_email": "TRUE",
        },
        len(rows),
    )


def orders_table(orders: Orders, people: People, rows: Ints, as_of: Ints) -> pa.Table:
    """The contract's orders, each as of an instant. An order of several lines has no one product."""
    goods = np.where(orders.lines[rows] == 1, _goods(rows, np.zeros_like(rows)), -1)
    return pa.table(
        {
            "order_id": _order_ids(rows),
            "customer_id": shop_ids(people.addressed(orders.customer[rows])),
            "ordered_at": instants(orders.ordered[rows]),
            "revenue": exact_money(orders.revenue_millionths(rows, as_of)),
            "currency": same(CURRENCY, len(rows)),
            "product": names(goods, _GOODS),
            "cancelled_at": instants(happened(orders.cancelled[rows], as_of)),
            "financial_status": _status(orders, rows, as_of),
        }
    )


def customers_table(people: People, rows: Ints) -> pa.Table:
    """The contract's customers."""
    return pa.table({"customer_id": shop_ids(rows), "joined_at": instants(people.joined[rows])})


def _status(orders: Orders, rows: Ints, as_of: Ints) -> pa.Array:
    back = orders.given_back(rows, as_of)
    paid = np.where(back == 0, 0, np.where(back < orders.total[rows], 1, 2))
    return names(np.where(orders.unpaid[rows], 3, paid), _STATUSES)


def _goods(item: Ints, line: Ints) -> Ints:
    return (item + line) % len(_GOODS)


def _order_ids(rows: Ints) -> pa.Array:
    return ids(_FIRST_ID + _BETWEEN_IDS * rows, width=13)
