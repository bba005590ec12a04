"""What does a perfect intake hold of the exports? The contract's tables, after each of the two pulls.

Customers have the shop's ids wherever an
address or a matched handle leads to one of them and no other, and none elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.synthetic.columns import same
from analysis.synthetic.company import Flags, Ints
from analysis.synthetic.exports import shopify, sprout, x, zendesk
from analysis.synthetic.exports.company import Company
from analysis.synthetic.exports.people import STRANGER, shop_ids
from analysis.synthetic.exports.publicity import Posts
from analysis.synthetic.exports.quarters import FIRST, PULLS, Held, Pull, Rows, Shown, held, shown
from analysis.tables.contract import KNOWN_AT, SCHEMAS

BOOKS = ("changes", "costs", "unit_costs")
AMBIGUOUS, NAMELESS = "ambiguous", "nameless"
"""Columns beyond the contract: the row's address is that of two customers; the row names nobody."""


def tables_of(company: Company) -> list[Held]:
    """What each source gives to each table.

    Examples
    --------
    >>> from analysis.synthetic.exports.company import company_of
    >>> from analysis.synthetic.world import world_named
    >>> found = tables_of(company_of(world_named("none"), seed=1, customers=100))
    >>> [(one.table, one.source) for one in found if one.table in ("customers", "identities")]
    [('customers', 'shopify_customers'), ('identities', 'zendesk_users'), ('identities', 'handles')]
    """
    return [*_shop(company), *_desk(company), *_publicity(company), *_books(company)]


def matching(one: Held) -> dict[str, dict[str, int]] | None:
    """After each pull, how many rows of a table have a customer, the address of two, one of nobody's, and none."""
    if SCHEMAS[one.table].standing or AMBIGUOUS not in one.after_first.column_names:
        return None
    return {pull.name: _counted(one.after_first if pull is FIRST else one.after_second) for pull in PULLS}


def _counted(rows: pa.Table) -> dict[str, int]:
    matched = rows.num_rows - rows.column("customer_id").null_count
    apart = {name: int(pc.sum(rows.column(name)).as_py() or 0) for name in (AMBIGUOUS, NAMELESS)}
    return {"matched": matched, **apart, "unmatched": rows.num_rows - matched - sum(apart.values())}


def _with(rows: pa.Table, *, ambiguous: Flags | None = None, nameless: Flags | None = None) -> pa.Table:
    none = np.zeros(rows.num_rows, dtype=bool)
    for name, flags in ((AMBIGUOUS, ambiguous), (NAMELESS, nameless)):
        rows = rows.append_column(name, pa.array(none if flags is None else flags))
    return rows


def _shop(company: Company) -> list[Held]:
    people, orders = company.people, company.orders

    def customers(rows: Ints, as_of: Ints, now: int) -> pa.Table:
        return shopify.customers_table(people, rows)

    def of_orders(rows: Ints, as_of: Ints, now: int) -> pa.Table:
        return _with(shopify.orders_table(orders, people, rows, as_of), ambiguous=people.shared(orders.customer[rows]))

    paid = orders.shown.only(~orders.unpaid)
    return [
        held("customers", "shopify_customers", company.listed, people.joined, customers),
        held("orders", "shopify_orders", paid, orders.ordered, of_orders),
    ]


def _desk(company: Company) -> list[Held]:
    people, tickets, accounts = company.people, company.tickets, company.accounts

    def of(table: Callable[..., pa.Table]) -> Rows:
        def rows_of(rows: Ints, as_of: Ints, now: int) -> pa.Table:
            shared = people.shared(accounts.customer[tickets.writer[rows]])
            return _with(table(tickets, accounts, people, rows, as_of), ambiguous=shared)

        return rows_of

    def identities(rows: Ints, as_of: Ints, now: int) -> pa.Table:
        return zendesk.identities(accounts, people, rows)

    known = accounts.shown.only(people.addressed(accounts.customer) != STRANGER)
    return [
        held("issues", "zendesk", tickets.shown, tickets.opened, of(zendesk.issues)),
        held("touchpoints", "zendesk", tickets.shown, tickets.opened, of(zendesk.touchpoints)),
        held("identities", "zendesk_users", known, accounts.made, identities),
    ]


def _publicity(company: Company) -> list[Held]:
    messages, handles = company.messages, company.handles

    def mentions(rows: Ints, as_of: Ints, now: int) -> pa.Table:
        return _with(sprout.mentions_table(messages, rows, as_of, now))

    def touchpoints(rows: Ints, as_of: Ints, now: int) -> pa.Table:
        return _with(sprout.touchpoints_table(messages, rows, now), nameless=messages.ours[rows])

    def identities(rows: Ints, as_of: Ints, now: int) -> pa.Table:
        return pa.table(
            {
                "source": same("sprout", len(rows)),
                "source_id": sprout.author_ids(handles.platform[rows], handles.author[rows]),
                "customer_id": shop_ids(handles.customer[rows]),
                "method": same("handle", len(rows)),
            }
        )

    def tweets(rows: Ints, as_of: Ints, now: int) -> pa.Table:
        return x.posts_table(company.tweets, rows)

    def posts(rows: Ints, as_of: Ints, now: int) -> pa.Table:
        return sprout.posts_table(company.posts, rows)

    mentioned = messages.shown.only(~messages.ours & ~messages.private)
    return [
        held("mentions", "sprout_inbox", mentioned, messages.posted, mentions),
        held("touchpoints", "sprout_inbox", messages.shown, messages.posted, touchpoints),
        held("identities", "handles", handles.shown, handles.author, identities),
        held("posts", "x", company.tweets.shown, company.tweets.published, tweets),
        held("posts", "sprout_posts", company.posts.shown, company.posts.published, posts),
        _readings("x", company.tweets, x.KINDS, x.post_ids),
        _readings("sprout_posts", company.posts, tuple(sprout.COUNTED.values()), sprout.post_ids),
    ]


def _readings(source: str, posts: Posts, kinds: tuple[str, ...], post_ids: Callable[[Posts, Ints], pa.Array]) -> Held:
    """The readings of both pulls: none takes another's place."""
    parts = []
    for pull in PULLS:
        rows = posts.shown.by(pull)
        parts.append(posts.readings(rows, pull.taken, kinds, post_ids(posts, rows)))
    read = pa.concat_tables(parts)
    second = np.arange(read.num_rows) >= parts[0].num_rows
    found = Shown(first=~second, second=second, late=np.zeros_like(second))
    event = np.where(second, PULLS[1].taken, PULLS[0].taken)
    return held("post_counters", source, found, event, lambda rows, as_of, now: read.take(pa.array(rows)))


def _books(company: Company) -> list[Held]:
    """The tables the company writes itself, in the contract's own form: what each pull finds in them."""
    found = []
    for table in BOOKS:
        rows, event = _book(company, table)

        def of(positions: Ints, as_of: Ints, now: int, rows: pa.Table = rows) -> pa.Table:
            return rows.take(pa.array(positions))

        found.append(held(table, "log" if table == "changes" else "books", _written(event), event, of))
    return found


def shown_books(company: Company, table: str, pull: Pull) -> pa.Table:
    """The rows of change log, costs or unit costs that a pull finds, without saying since when they are known."""
    rows, event = _book(company, table)
    return rows.take(pa.array(_written(event).by(pull)))


def _book(company: Company, table: str) -> tuple[pa.Table, Ints]:
    rows, schema = company.books[table].drop_columns(KNOWN_AT.name), SCHEMAS[table]
    times = pc.cast(rows.column(schema.recorded_time or schema.event_time), pa.timestamp("s"), safe=False)
    return rows, np.asarray(times.cast(pa.int64()).to_numpy())


def _written(event: Ints) -> Shown:
    return shown(event, since_ever=True, full=True)
