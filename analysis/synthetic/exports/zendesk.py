"""How does the help desk of a made-up company export its tickets and accounts, and what of them does the contract hold?

`tickets_file` is the CSV export of tickets with its 41 columns, `users_file` the users as a connector hands them
over. A ticket bears the address of its account, where the account has one. The contract's rows are those of the map
`zendesk`: an issue and a touchpoint for each ticket.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.synthetic.columns import ids, instants, names, same
from analysis.synthetic.company import Ints
from analysis.synthetic.contacts import PLATFORMS, UNKNOWN
from analysis.synthetic.exports.desk import MINUTE, Accounts, Tickets
from analysis.synthetic.exports.headers import ZENDESK_TICKETS, ZENDESK_USERS
from analysis.synthetic.exports.people import People, shop_ids, spellings
from analysis.synthetic.exports.quarters import happened
from analysis.synthetic.exports.writing import file_of, glued, minutes_text, only, seconds_text
from analysis.synthetic.world import CHANNELS, SOCIAL

RENAMED = {"Created at": "Created"}
"""What the second export calls a column of the first."""
ADDED = "Contact reason [list]"
"""A column that only the second export has."""

_VIA_SOCIAL = ("Twitter", "Facebook", "Instagram Direct")
"""For each of `PLATFORMS`."""
_VIA = {"phone": "Phone Call (Inbound)", "email": "Mail", "in_person": "Web form", "chat": "Messaging"}
_CHANNEL = {"in_person": "other"}
"""What the map calls a channel whose tickets come in by a form."""
_PRIORITIES = ("Low", "Normal", "High")
_STATUSES = ("Open", "Solved", "Closed")
_CLOSED_AFTER_S = 28 * 86_400
_FIRST_TICKET, _FIRST_ACCOUNT = 297_732, 10_300_555_531_549
_AGENTS = 6


def tickets_file(
    tickets: Tickets, accounts: Accounts, people: People, rows: Ints, as_of: int, rng: np.random.Generator
) -> pa.Table:
    """The export of some tickets as of an instant. `rng` spells their addresses."""
    n, at = len(rows), np.full(len(rows), as_of)
    writer = tickets.writer[rows]
    email = people.emails(accounts.customer[writer], writer, spellings(n, rng))
    opened, solved = tickets.opened[rows], tickets.solved(rows, at)
    reply = happened(tickets.first_reply[rows], at)
    name = people.full_names(writer)
    done = solved != UNKNOWN
    columns: dict[str, pa.Array | str] = {
        "Summation column": "1",
        "Id": _ticket_ids(rows),
        "Requester": name,
        "Requester id": account_ids(writer),
        "Requester email": email,
        "Requester domain": pc.utf8_lower(pc.replace_substring_regex(email, pattern="^.*@|>|\\s", replacement="")),
        "Submitter": name,
        "Assignee": glued("Agent ", ids(rows % _AGENTS + 1, width=1)),
        "Group": "Support",
        "Subject": "Request",
        "Status": _status(tickets, rows, at),
        "Priority": names(tickets.severity[rows] - 1, _PRIORITIES),
        "Via": _via(tickets, rows),
        "Ticket type": "Incident",
        "Created at": minutes_text(opened),
        "Updated at": minutes_text(tickets.updated(rows, at)),
        "Assigned at": minutes_text(opened),
        "Initially assigned at": minutes_text(opened),
        "Solved at": minutes_text(solved),
        "Resolution time": only(ids((solved - opened) // 3_600, width=1), done),
        "Satisfaction Score": names(done.astype(np.int64), ("Unoffered", "Offered")),
        "Group stations": "1",
        "Assignee stations": "1",
        "Reopens": _reopens(tickets, rows, at),
        "Replies": ids((reply != UNKNOWN).astype(np.int64), width=1),
        "First reply time in minutes": only(ids((reply - opened) // MINUTE, width=1), reply != UNKNOWN),
        "Full resolution time in minutes": only(ids((solved - opened) // MINUTE, width=1), done),
        "Requester wait time in minutes": only(ids((solved - opened) // MINUTE, width=1), done),
    }
    return file_of(ZENDESK_TICKETS, columns, n)


def second_header(file: pa.Table) -> pa.Table:
    """The file with the second export's header: a column has another name, and another is new."""
    renamed = file.rename_columns([RENAMED.get(name, name) for name in file.column_names])
    return renamed.append_column(ADDED, same("Other", file.num_rows))


def users_file(accounts: Accounts, people: People, rows: Ints, rng: np.random.Generator) -> pa.Table:
    """The users of the help desk: some customers' accounts, and the agents."""
    n = len(rows)
    customer = accounts.customer[rows]
    made = seconds_text(accounts.made[rows])
    columns: dict[str, pa.Array | str] = {
        "id": account_ids(rows),
        "active": "TRUE",
        "chat_only": "FALSE",
        "created_at": made,
        "email": people.emails(customer, rows, spellings(n, rng)),
        "locale": "en-GB",
        "locale_id": "1176",
        "moderator": "FALSE",
        "name": people.full_names(rows),
        "phone": people.phones(customer, written="national"),
        "role": "end-user",
        "shared": "FALSE",
        "suspended": "FALSE",
        "time_zone": "London",
        "updated_at": made,
        "verified": "TRUE",
    }
    return pa.concat_tables([file_of(ZENDESK_USERS, columns, n), _agents()])


def issues(tickets: Tickets, accounts: Accounts, people: People, rows: Ints, as_of: Ints) -> pa.Table:
    """The contract's issues of some tickets, each as of an instant."""
    return pa.table(
        {
            "issue_id": _ticket_ids(rows),
            "customer_id": shop_ids(_known(tickets, accounts, people, rows)),
            "opened_at": instants(tickets.opened[rows]),
            "closed_at": instants(tickets.solved(rows, as_of)),
            "channel": _channel(tickets, rows),
            "severity": pa.array(tickets.severity[rows]),
            "first_reply_at": instants(happened(tickets.first_reply[rows], as_of)),
            "status": _status(tickets, rows, as_of),
            "reopens": _reopens(tickets, rows, as_of),
        }
    )


def touchpoints(tickets: Tickets, accounts: Accounts, people: People, rows: Ints, as_of: Ints) -> pa.Table:
    """The contract's touchpoints of some tickets, each as of an instant."""
    on_social = tickets.channel[rows] == SOCIAL
    return pa.table(
        {
            "touchpoint_id": _ticket_ids(rows),
            "customer_id": shop_ids(_known(tickets, accounts, people, rows)),
            "occurred_at": instants(tickets.opened[rows]),
            "channel": _channel(tickets, rows),
            "platform": names(np.where(on_social, tickets.platform[rows], -1), PLATFORMS),
            "direction": same("inbound", len(rows)),
            "issue_id": _ticket_ids(rows),
            "first_reply_at": instants(happened(tickets.first_reply[rows], as_of)),
            "resolved_at": instants(tickets.solved(rows, as_of)),
        }
    )


def account_ids(account: Ints) -> pa.Array:
    """The help desk's ids of accounts."""
    return ids(_FIRST_ACCOUNT + 11 * account, width=14)


def _known(tickets: Tickets, accounts: Accounts, people: People, rows: Ints) -> Ints:
    return people.addressed(accounts.customer[tickets.writer[rows]])


def _ticket_ids(rows: Ints) -> pa.Array:
    return ids(_FIRST_TICKET + rows, width=6)


def _via(tickets: Tickets, rows: Ints) -> pa.Array:
    channel = tickets.channel[rows]
    code = np.where(channel == SOCIAL, tickets.platform[rows], len(_VIA_SOCIAL) + channel - 1)
    return names(code, (*_VIA_SOCIAL, *(_VIA[name] for name in CHANNELS[1:])))


def _status(tickets: Tickets, rows: Ints, as_of: Ints) -> pa.Array:
    solved = tickets.solved(rows, as_of)
    return names(np.where(solved == UNKNOWN, 0, 1 + (as_of - solved > _CLOSED_AFTER_S)), _STATUSES)


def _reopens(tickets: Tickets, rows: Ints, as_of: Ints) -> pa.Array:
    return ids((happened(tickets.reopened[rows], as_of) != UNKNOWN).astype(np.int64), width=1)


def _channel(tickets: Tickets, rows: Ints) -> pa.Array:
    return names(tickets.channel[rows], [_CHANNEL.get(channel, channel) for channel in CHANNELS])


def _agents() -> pa.Table:
    number = np.arange(_AGENTS)
    columns: dict[str, pa.Array | str] = {
        "id": account_ids(-1 - number),
        "active": "TRUE",
        "created_at": "2023-01-09 09:00:00",
        "email": glued("agent.", ids(number + 1, width=1), "@larkfield.example"),
        "name": glued("Agent ", ids(number + 1, width=1)),
        "role": "agent",
        "updated_at": "2023-01-09 09:00:00",
    }
    return file_of(ZENDESK_USERS, columns, _AGENTS)


def identities(accounts: Accounts, people: People, rows: Ints) -> pa.Table:
    """The contract's identities of some accounts, whose address leads to one customer: by e-mail, else by phone."""
    customer = accounts.customer[rows]
    return pa.table(
        {
            "source": same("zendesk", len(rows)),
            "source_id": account_ids(rows),
            "customer_id": shop_ids(customer),
            "method": names(people.has_email[customer] * 1, ("phone", "email")),
        }
    )
