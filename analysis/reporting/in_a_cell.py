"""How does a result show itself at the end of a cell, and which frame lies behind it?

Whatever an open study hands out, and whatever lies within it, becomes a table by `shown_in_a_cell` and a frame by
`to_frame`: an effect with its unit, its interval and its grade, an estimate with its interval, anything else by its own
frame or by its fields. Everything passes as text. Results themselves draw and style nothing; `install` tells the
notebook's own display how to show them, by their names, so that nothing is imported for it. Which tables a page shows
is left to `analysis.reporting.tables`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.reporting.in_a_cell_names import SHOWN
from analysis.reporting.in_a_cell_values import in_words, interval_of, number, spaced

if TYPE_CHECKING:
    import pandas as pd

    from analysis.reporting.tables.table import Table

MOST_ROWS = 40
MOST_COLUMNS = 14
UNDER_THE_RUNNER = "TOUCHSTONE_RUN_DIR"
"""Set where the runner executes a notebook: what it keeps is dressed by the page."""
DRESS = (
    "<style>div.ts-table table.gt_table :is(td,th){text-align:left;vertical-align:top}"
    "div.ts-table table.gt_table :is(td,th).gt_right{text-align:right}"
    "div.ts-table table.gt_table caption{text-align:left;font-weight:bold}</style>"
)
"""By hand: texts flush left, numbers flush right, which JupyterLab would not do by itself."""
_ROWS = ("Effect", "Metric")
"""Rows of the contract, which say themselves how they are written."""
_ON_PAGES = {"Family": "hypotheses", "SheetResult": "smallest_effects", "MonthClose": "reported"}
"""Results whose own frame is too wide for a cell, and the table that shows them on their page."""


def to_frame(result: Any) -> pd.DataFrame:
    """A result as a tidy frame: its own, where it has one; else one row, a column a field.

    Parameters
    ----------
    result
        Anything that an open study hands out, or a part of it; or several of one kind.

    Returns
    -------
    DataFrame
        Of effects one row each, with the columns of the contract: `design, estimand, outcome, segment, scale, value,
        low, high, level, unit, n_treated, n_comparison, grade, claim`, and more. Of an `Estimate`: `name, value, low,
        high, level, se, scale, unit, n_treated, n_comparison, method, se_log`. Of `Moments` one row a measure:
        `measure, n, mean, variance`. Unrounded, in the units that its columns name.

    Raises
    ------
    TypeError
        If it is no result.

    Examples
    --------
    >>> from analysis.inference.moments import Moments
    >>> to_frame(Moments.from_rows(("orders",), [[1], [3], [2]]))
      measure  n  mean  variance
    0  orders  3   2.0       1.0
    """
    import pandas as pd

    if isinstance(result, pd.DataFrame):
        return result.copy()
    if isinstance(result, tuple | list):
        if not result:
            return pd.DataFrame()
        return pd.concat([to_frame(one) for one in result], ignore_index=True)
    if hasattr(result, "to_frame"):
        return _a_frame(result.to_frame())
    if type(result).__name__ == "Moments":
        rows = [
            {"measure": name, "n": result.n, "mean": result.mean(name), "variance": result.variance(name)}
            for name in result.names
        ]
        return pd.DataFrame(rows)
    row = result.to_dict() if type(result).__name__ in _ROWS else _fields_of(result)
    if row is None:
        raise TypeError(f"A result of a study, or a part of one, becomes a frame; this is {type(result).__name__}.")
    row.pop("checks", None)
    return pd.DataFrame([row])


def shown_in_a_cell(result: Any, *, locale: str | None = None) -> Table:
    """A result as the table that a cell shows: with unit, interval and grade where there is an effect.

    At most 40 rows; `to_frame` has all of them.

    Examples
    --------
    >>> from analysis.inference.estimate import Estimate
    >>> one = Estimate(name="orders", value=1.1, low=1.0, high=1.2, level=0.95, se=0.05, scale="ratio", unit="ratio",
    ...                n_treated=900, n_comparison=2500, method="ratio DiD")
    >>> shown_in_a_cell(one).cells.iloc[0].to_list()
    ['orders', '1.10', '(1.00 to 1.20)', 'ratio', '900', '2,500', 'ratio DiD']
    """
    name = type(result).__name__
    if name == "Estimate":
        return _estimate(result, locale)
    if name == "Effect":
        return _effects([result.to_dict()], f"Effect on {result.outcome}", locale, claim=result.claim)
    if name == "MetricsResult" or (name == "Counted" and hasattr(result, "figures")):
        return _figures(result, locale)
    if name == "RoiCase":
        return _case(result, locale)
    if getattr(result, "effects", None) and hasattr(result.effects[0], "estimand"):
        rows = [one.to_dict() for one in result.effects]
        return _effects(rows, f"{spaced(name)}: effects", locale, notes=getattr(result, "notes", ()))
    if name in _ON_PAGES:
        from analysis.reporting import tables

        table: Table = tables.shown(getattr(tables, _ON_PAGES[name]), result, locale=locale)
        return table
    if hasattr(result, "to_frame") or name == "Moments":
        return _frame_of(result, spaced(name), locale)
    return _named(result, spaced(name), locale)


def install() -> bool:
    """Tell the notebook this runs in, if it does, how results show themselves; says whether there is one.

    Examples
    --------
    >>> install()
    False
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return False
    html = shell.display_formatter.formatters["text/html"]
    text = shell.display_formatter.formatters["text/plain"]
    for module, names in SHOWN.items():
        for name in names:
            html.for_type_by_name(module, name, _html)
            text.for_type_by_name(module, name, _text)
    if UNDER_THE_RUNNER not in os.environ:
        html.for_type_by_name("analysis.reporting.tables.table", "Table", _dressed)
    return True


def _html(result: Any) -> str:
    return _dressed(shown_in_a_cell(result))


def _dressed(table: Table) -> str:
    return table.html if UNDER_THE_RUNNER in os.environ else DRESS + table.html


def _text(result: Any, printer: Any, cycle: bool) -> None:
    printer.text(f"{type(result).__name__}(...)" if cycle else str(shown_in_a_cell(result)))


def _estimate(one: Any, locale: str | None) -> Table:
    import pandas as pd

    from analysis.reporting.tables.table import Table
    from analysis.reporting.wording import words

    say = words(locale)
    interval = say.level({"level": one.level})
    cells = {
        "Of": one.name,
        "Value": number(say, one.value),
        interval: interval_of(say, one.low, one.high),
        "Unit": one.unit,
        "Treated": say.number(one.n_treated),
        "Comparison": say.number(one.n_comparison),
        "Method": one.method,
    }
    note = "An estimate by itself has passed no check and carries no grade; effects of a study do."
    numbers = ("Value", interval, "Treated", "Comparison")
    return Table("Estimate", pd.DataFrame([cells]), to_frame(one), numbers=numbers, notes=(note,))


def _effects(
    rows: list[dict[str, Any]], caption: str, locale: str | None, *, claim: str = "", notes: Any = ()
) -> Table:
    """Effects of all customers first, then raw figures, what is interim, and segments, in the order of the study."""
    import pandas as pd

    from analysis.reporting.tables.table import Table
    from analysis.reporting.wording import words

    say = words(locale)
    first = sorted(rows, key=_rank)
    levels = {row["level"] for row in rows if row["level"] is not None}
    one_level = say.level({"level": next(iter(levels))}) if len(levels) == 1 else None
    interval = one_level or "Interval"
    cells = [
        {
            "Outcome": row["outcome"],
            "Whom": _whom(row),
            "Effect": f"{row['treated']} against {row['comparison']}: {str(row['estimand']).replace('_', ' ')}",
            "Value": "not claimed" if row["value"] is None else number(say, row["value"]),
            interval: "–" if row["value"] is None else interval_of(say, row["low"], row["high"])
            + ("" if one_level else f", {say.level(row)}"),
            "Unit": row["unit"] or "–",
            "Treated": say.number(row["n_treated"]),
            "Comparison": say.number(row["n_comparison"]),
            "Grade": row["grade"],
            "Checks": _checks(row["checks"]),
        }
        for row in first[:MOST_ROWS]
    ]  # fmt: skip
    said = [claim] if claim else []
    said += [f"{row['outcome']}: {row['reason']}" for row in first[:MOST_ROWS] if row["value"] is None]
    said += [str(note) for note in notes]
    if len(rows) > MOST_ROWS:
        said.append(f"{say.number(len(rows) - MOST_ROWS)} further rows are in `to_frame()`.")
    frame = pd.DataFrame([{name: value for name, value in row.items() if name != "checks"} for row in rows])
    numbers = ("Value", interval, "Treated", "Comparison")
    return Table(caption, pd.DataFrame(cells), frame, numbers=numbers, notes=tuple(dict.fromkeys(said)))


def _rank(row: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    return bool(row["segment"]), row["maturity"] == "interim", str(row["estimand"]).startswith("naive_")


def _whom(row: Mapping[str, Any]) -> str:
    whom = ", ".join(f"{key} {value}" for key, value in row["segment"].items()) or "all customers"
    return whom + (", so far" if row["maturity"] == "interim" else "") + ("" if row["declared"] else ", explored")


def _checks(checks: list[Mapping[str, Any]]) -> str:
    """How many gates passed, and the others by name: "4 passed; failed: pre_trend"."""
    gates = [one for one in checks if one["gate"]]
    if not gates:
        return "–"
    said = [f"{sum(one['verdict'] == 'passed' for one in gates)} passed"]
    for verdict, word in (("failed", "failed"), ("not_run", "not run")):
        names = [str(one["name"]) for one in gates if one["verdict"] == verdict]
        if names:
            said.append(f"{word}: {', '.join(names)}")
    return "; ".join(said)


def _figures(result: Any, locale: str | None) -> Table:
    """Figures of the whole period, all rows together; what could not be counted below."""
    import pandas as pd

    from analysis.reporting.tables.table import Table
    from analysis.reporting.wording import words

    say = words(locale)
    found = result if type(result).__name__ == "MetricsResult" else result.figures
    rows = [row.to_dict() for row in found.metrics if row.period == found.whole and not row.segment]
    cells = [
        {
            "Metric": row["id"],
            "Basis": row["basis"],
            "Period": row["period"],
            "Value": "none" if row["value"] is None else number(say, row["value"]),
            "Unit": row["unit"],
            "Of": "–" if row["denominator"] is None else number(say, row["denominator"]),
            "State": row["state"],
        }
        for row in rows[: 3 * MOST_ROWS]
    ]
    months = len(found.metrics) - len(rows)
    notes = [f"{say.number(months)} further figures, by month and by segment, are in `to_frame()`."] if months else []
    if found.missing:
        lacks = "; ".join(f"{name} ({lack})" for name, lack in list(found.missing.items())[:MOST_ROWS])
        notes.append(f"Not counted, for what is missing: {lacks}.")
    return Table("Figures of the period", pd.DataFrame(cells), to_frame(found), numbers=("Value", "Of"),
                 notes=tuple(notes))  # fmt: skip


def _case(case: Any, locale: str | None) -> Table:
    """The case in money: its range, what it rests on by grade, and its sentence."""
    import pandas as pd

    from analysis.reporting.tables.table import Table
    from analysis.reporting.wording import words

    say = words(locale)
    ranges = (("Net present value", case.npv), ("The same, cautious", case.npv_adjusted))
    cells = [
        {
            "What": what,
            "Middle": number(say, one.p50),
            "90 % interval": interval_of(say, one.p5, one.p95),
            "Unit": f"{case.currency} over {case.years} years",
            "Evidence by grade": ", ".join(
                f"{grade} {say.share(share)}" for grade, share in case.npv_share_by_grade.items() if share
            ),
        }
        for what, one in ranges
    ]
    more = "Each line by year is in `to_frame()`, what goes in in `to_frame(case.model.inputs.quantities)`."
    notes = (str(case), more)
    numbers = ("Middle", "90 % interval")
    return Table("The case in money", pd.DataFrame(cells), case.to_frame(), numbers=numbers, notes=notes)


def _frame_of(result: Any, caption: str, locale: str | None) -> Table:
    """A result by its own frame."""
    from analysis.reporting.tables.table import frame, sentences_alone
    from analysis.reporting.wording import words

    rows = to_frame(result)
    notes = tuple(str(note) for note in getattr(result, "notes", ()) or ())
    if rows.empty:
        return sentences_alone(caption, f"{caption}: there are no rows.", *notes)
    told = rows.loc[:, [not rows[name].isna().all() for name in rows.columns]]
    some = told.iloc[:, :MOST_COLUMNS]
    shown = frame(some.astype(object).map(in_words), caption, locale=locale, most=MOST_ROWS)
    numeric = [some[name].dtype.kind in "iuf" for name in some.columns]
    numbers = tuple(name for name, yes in list(zip(shown.cells.columns, numeric, strict=True))[1:] if yes)
    more = []
    if len(rows) > MOST_ROWS:
        more.append(f"{words(locale).number(len(rows) - MOST_ROWS)} further rows are in `to_frame()`.")
    if len(told.columns) > MOST_COLUMNS:
        more.append(f"Further columns of `to_frame()`: {', '.join(map(str, told.columns[MOST_COLUMNS:]))}.")
    return replace(shown, frame=rows, numbers=numbers, notes=(*more, *notes))


def _named(result: Any, caption: str, locale: str | None) -> Table:
    """A result by its fields, one a line."""
    import pandas as pd

    from analysis.reporting.tables.table import Table
    from analysis.reporting.wording import words

    say = words(locale)
    row = _fields_of(result)
    if row is None:
        raise TypeError(f"A result of a study, or a part of one, can be shown; this is {type(result).__name__}.")

    def told(value: Any) -> str:
        known = in_words(value)
        return number(say, known) if isinstance(known, int | float) and not isinstance(known, bool) else str(known)

    cells = [{caption: spaced(name), "Value": told(value)} for name, value in row.items()]
    return Table(caption, pd.DataFrame(cells), pd.DataFrame([row]))


def _fields_of(result: Any) -> dict[str, Any] | None:
    """The public fields of a result, by name."""
    if is_dataclass(result) and not isinstance(result, type):
        return {one.name: getattr(result, one.name) for one in fields(result) if not one.name.startswith("_")}
    return None


def _a_frame(found: Any) -> pd.DataFrame:
    """A frame; those that are a mapping of frames are put below one another, with their names."""
    import pandas as pd

    if isinstance(found, Mapping):
        return pd.concat([part.assign(part=name) for name, part in found.items()], ignore_index=True)
    return pd.DataFrame(found)
