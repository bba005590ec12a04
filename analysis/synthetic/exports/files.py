"""Which files does each pull bring? Every export of it, by name, as its system writes it at that time.

The second pull of tickets has another name for a column and a column more. Addresses are spelt anew in each pull.
"""

from __future__ import annotations

import pyarrow as pa

from analysis.synthetic.exports import shopify, sprout, x, zendesk
from analysis.synthetic.exports.company import Company
from analysis.synthetic.exports.people import shop_ids, stream
from analysis.synthetic.exports.quarters import FIRST, Pull
from analysis.synthetic.exports.tables import BOOKS, shown_books

_SPELLING = 10
"""The number of the randomness of spellings; each file of each pull has its own below it."""


def files_of(company: Company, pull: Pull) -> dict[str, pa.Table]:
    """The files of one pull, by name without ending.

    Examples
    --------
    >>> from analysis.synthetic.exports.company import company_of
    >>> from analysis.synthetic.world import world_named
    >>> files = files_of(company_of(world_named("none"), seed=1, customers=100), FIRST)
    >>> list(files)  # doctest: +NORMALIZE_WHITESPACE
    ['shopify_customers', 'shopify_orders', 'zendesk_tickets', 'zendesk_users', 'x_tweets', 'sprout_posts',
     'sprout_messages', 'handles', 'changes', 'costs', 'unit_costs']
    """
    people, taken = company.people, pull.taken
    rngs = [stream(company.seed, _SPELLING * (1 + (pull is not FIRST)) + file) for file in range(4)]
    tickets = zendesk.tickets_file(
        company.tickets, company.accounts, people, company.tickets.shown.by(pull), taken, rngs[0]
    )
    return {
        "shopify_customers": shopify.customers_file(people, company.listed.by(pull), rngs[1]),
        "shopify_orders": shopify.orders_file(company.orders, people, company.orders.shown.by(pull), taken, rngs[2]),
        "zendesk_tickets": tickets if pull is FIRST else zendesk.second_header(tickets),
        "zendesk_users": zendesk.users_file(company.accounts, people, company.accounts.shown.by(pull), rngs[3]),
        "x_tweets": x.tweets_file(company.tweets, company.tweets.shown.by(pull), taken),
        "sprout_posts": sprout.posts_file(company.posts, company.posts.shown.by(pull), taken),
        "sprout_messages": sprout.messages_file(company.messages, company.messages.shown.by(pull), taken),
        "handles": _handles(company, pull),
        **{name: shown_books(company, name, pull) for name in BOOKS},
    }


def _handles(company: Company, pull: Pull) -> pa.Table:
    handles = company.handles
    rows = handles.shown.by(pull)
    return pa.table(
        {
            "guid": sprout.author_ids(handles.platform[rows], handles.author[rows]),
            "customer": shop_ids(handles.customer[rows]),
        }
    )
