"""What do the tables hold, on a page? Rows by table and month, gaps and jumps, what each export brought.

The figures are those of the intake's report; counting is left to `analysis.tables.intake`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised
from analysis.reporting.shell import environment, shell
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import words
from analysis.tables.intake.report import STREAMS, TableReport
from analysis.tables.intake.take_in import Intake

FOUND = {
    "rows": ("Rows", ""),
    "by_id": ("By id", ""),
    "by_email": ("By e-mail", ""),
    "by_phone": ("By phone", ""),
    "shared": ("Address of several", "the only address is that of several customers, so nobody is chosen"),
    "unknown": ("Not a customer", "the row names somebody, and no customer has that id or address"),
    "nameless": ("Names nobody", "the row has no id and no address"),
    "conflicts": ("Contradicted", "found, but another way leads to somebody else; the first way counts"),
}
"""How the counts of people are headed, and what those mean that do not say it themselves."""


def intake_page(intake: Intake) -> bytes:
    """The page of an intake.

    Parameters
    ----------
    intake : Intake

    Returns
    -------
    bytes
        HTML of its own: no script, no address.
    """
    say = words()
    remarks = [remark for one in intake.reports for remark in one.remarks()]
    remarks += [*intake.notices, *(f"No source reads {name}." for name in intake.unread)]
    page = environment().get_template("intake.html.j2")
    people = _people(intake)
    return page.render(
        shell=shell(),
        as_of="" if intake.as_of is None else say.day(intake.as_of.date()),
        number=say.number(intake.number),
        remarks=[plain(remark, 600).replace("`", "") for remark in remarks],
        tables=_safe(_tables(intake)),
        months=_safe(_months(intake.reports)),
        people=None if people is None else _safe(people),
        exports=_safe(_exports(intake)),
    ).encode()


def _safe(table: Table) -> Markup:
    return Markup(table.html)  # noqa: S704  # cells are escaped and the whole is sanitised


def _tables(intake: Intake) -> Table:
    say = words()
    records = []
    for one in intake.reports:
        change = intake.changes.get(one.table)
        counts = {} if change is None else change.to_dict()
        records.append(
            {
                "Table": humanised(one.table),
                "Rows": say.number(one.rows),
                "First day": "–" if one.first is None else say.day(one.first),
                "Last day": "–" if one.last is None else say.day(one.last),
                **{
                    title: say.number(counts[name]) if name in counts else "–"
                    for name, title in (("new", "New"), ("changed", "Changed"), ("gone", "Gone"))
                },
            }
        )
    cells = pd.DataFrame(records)
    return Table("Rows held, and what this intake changed", cells, cells, numbers=("Rows", "New", "Changed", "Gone"))


def _months(reports: Iterable[TableReport]) -> Table:
    """A row a month, a column a table; months that hold something else than at the last intake are marked."""
    say = words()
    dated = [one for one in reports if one.months and one.table in STREAMS]
    months = sorted({month for one in dated for month in one.months}, reverse=True)
    records = []
    for month in months:
        record = {"Month": month}
        for one in dated:
            count = one.months.get(month)
            mark = " *" if month in one.moved() else ""
            record[humanised(one.table)] = "–" if count is None else f"{say.number(count)}{mark}"
        records.append(record)
    cells = pd.DataFrame(records)
    moved = any(one.moved() for one in dated)
    notes = ("* Not the number of the last intake.",) if moved else ()
    return Table("Rows by month of the event", cells, cells, numbers=tuple(cells.columns[1:]), notes=notes)


def _people(intake: Intake) -> Table | None:
    """How the people of rows were found, by table."""
    if not intake.people:
        return None
    say = words()
    columns = list(dict.fromkeys(name for one in intake.people.values() for name in one))
    titles = {name: FOUND[name][0] if name in FOUND else humanised(name) for name in columns}
    records = [
        {"Table": humanised(table), **{titles[name]: say.number(one.get(name, 0)) for name in columns}}
        for table, one in sorted(intake.people.items())
    ]
    cells = pd.DataFrame(records)
    notes = tuple(f"{titles[name]}: {FOUND[name][1]}." for name in columns if name in FOUND and FOUND[name][1])
    caption = "Rows by how their customer was found"
    return Table(caption, cells, cells, numbers=tuple(cells.columns[1:]), notes=notes)


def _exports(intake: Intake) -> Table:
    say = words()
    records = [_export(one, say) for one in intake.exports]
    cells = pd.DataFrame(records)
    return Table("Rows of each export", cells, cells, numbers=("Read", "Kept"))


def _export(one: Any, say: Any) -> dict[str, str]:
    rows = one["rows"]
    aside = "; ".join(
        f"{plain(reason, 80).replace('`', '')}: {say.number(count)}" for reason, count in rows["set_aside"].items()
    )
    return {
        "Source": plain(one["source"], 60),
        "Table": humanised(one["table"]),
        "Read": say.number(rows["read"]),
        "Kept": say.number(rows["kept"]),
        "Set aside": aside or "–",
    }
