"""Which customers of a roll-out were invited in which month, and how were its arms read? Out of `assignments`.

Every row of the experiment is read; customers with two dates or none are left out and counted. An arm with a name of
`NOT_INVITED` is never invited, every other one at its customers' `assigned_at`. Whether they were invited by plan, and
not because of what they did, is left to `by_plan`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.foundation.calendar import month_of
from analysis.foundation.errors import DesignError, UnknownName
from analysis.studies.experiment.control import CONTROL_NAMES

if TYPE_CHECKING:
    from analysis.studies.stack_issues_sql import Workshop
    from analysis.tables.load import Tables

NOT_INVITED = (*CONTROL_NAMES, "never", "not_invited")
"""Arms of a roll-out whose customers are not invited."""


def must_assign_customers(tables: Tables, experiment: str) -> None:
    """There is such an experiment, and it assigned customers one by one.

    Raises
    ------
    UnknownName, DesignError
    """
    if not tables.has("assignments"):
        raise DesignError(f"The roll-out `{experiment}` needs the table `assignments`, which was not given.")
    known = tables.engine.query("select distinct experiment_id from assignments order by 1").column(0).to_pylist()
    if experiment not in known:
        raise UnknownName.of("experiment", experiment, known)
    units = tables.engine.query(
        "select distinct unit from assignments where experiment_id = ? and unit is not null order by 1", [experiment]
    )
    others = [str(unit) for unit in units.column(0).to_pylist() if unit != "customer"]
    if others:
        raise DesignError(
            f"`{experiment}` assigned by {' and '.join(others)}, not by customer. Customers assigned together are not "
            "so many single cases, and errors by customer would be too small: name a roll-out by customer."
        )


def invited(experiment: str) -> tuple[str, list[object]]:
    """Customers of a roll-out and when each was invited; those who were given two dates, or none, are left out."""
    control = ", ".join(f"'{name}'" for name in NOT_INVITED)
    sql = f"""
        select customer_id, min(case when lower(arm) in ({control}) then null else assigned_at end) as adopted_at
        from assignments where experiment_id = ? group by customer_id
        having count(distinct arm) = 1 and min(assigned_at) is not distinct from max(assigned_at)
               and (min(lower(arm)) in ({control}) or count(assigned_at) = count(*))
    """
    return sql, [experiment]


def not_in_the_roll_out(shop: Workshop, experiment: str) -> dict[str, int]:
    """Customers of the experiment who were left out, by reason."""
    row = shop.tables.engine.query(
        """
        select count(*) as n, count(case when waves > 1 then 1 end) as twice from (
            select customer_id, greatest(count(distinct arm), count(distinct assigned_at)) as waves
            from assignments where experiment_id = ? group by customer_id
        ) as assigned
        """,
        [experiment],
    ).to_pylist()[0]
    twice, kept = int(row["twice"]), shop.count("met")
    return {
        "assigned": int(row["n"]),
        "left_out_assigned_to_two_waves": twice,
        "left_out_assigned_without_a_time": int(row["n"]) - twice - kept,
    }


def arms_in_words(tables: Tables, experiment: str, zone: str) -> list[str]:
    """How the arms of a roll-out were read, so that a misnamed one is seen: sentences."""
    rows = tables.engine.query(
        """
        select arm, count(distinct customer_id) as n, min(assigned_at) as low, max(assigned_at) as high
        from assignments where experiment_id = ? group by arm order by arm
        """,
        [experiment],
    ).to_pylist()
    said: dict[str, list[str]] = {"invited": [], "never": [], "undated": []}
    for row in rows:
        name = f"`{row['arm']}` ({row['n']:,} customer{'s' * (row['n'] != 1)}"
        if str(row["arm"]).lower() in NOT_INVITED:
            said["never"].append(f"{name})")
        elif row["low"] is None:
            said["undated"].append(f"{name})")
        else:
            months = [str(month_of(row[end], zone)) for end in ("low", "high")]
            said["invited"].append(f"{name}, {' to '.join(dict.fromkeys(months))})")
    told = [
        f"Arms of `{experiment}` read as invited: {', '.join(said['invited']) or 'none'}; as never invited: "
        f"{', '.join(said['never']) or 'none'}."
    ]
    if said["undated"]:
        told.append(
            f"Left out, since they have no `assigned_at`: {', '.join(said['undated'])}. An arm that is never invited "
            f"is called {', '.join(NOT_INVITED[:-1])} or {NOT_INVITED[-1]}."
        )
    return told
