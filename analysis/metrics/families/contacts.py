"""What inbound contacts has each issue? Counted once in the engine, for `service` and `repeats`.

Most issues have one contact or contacts on one channel, and of those nothing more need be known: only for the others do
the families look at single contacts again.
"""

from __future__ import annotations

from analysis.metrics.counter import Counter

INBOUND = "direction = 'inbound'"
_TABLE = "contacts_of_issues"


def contacts_of_issues(count: Counter) -> str:
    """A table with a row for each issue that has inbound contacts.

    Of these contacts, `contacts` is how many there are, `latest` the time of the last, and `channels` 1 where all are
    on one channel, else 2.
    """
    sql = (
        "select issue_id, count(*) as contacts, max(occurred_at) as latest, "
        "case when min(channel) < max(channel) then 2 else 1 end as channels "
        f"from touchpoints where {INBOUND} and issue_id is not null group by issue_id"
    )
    count.once(_TABLE, lambda: count.engine.keep(_TABLE, sql))
    return _TABLE
