"""Who is in the study, row by row, for researchers who bring an estimator of their own?

`study.sample()` gives the analysis table: one row a customer and index month, with the group, the stratum and its
weight, what was known at the index issue, and every outcome before and after. Customers are numbered afresh, in an
order made of what their rows hold, and no id of the source is ever in the table; it still tells of persons, one by
one, and is to be kept as such. The same shape is there for the three gates, in which no contact can have changed
anything, so that whatever is tried on the study can be tried on them. Estimating is left to `own_estimator`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.cells import Cells, Flags, Floats, Ints, Measure, groups_of
from analysis.inference.stacked import cell_weights
from analysis.studies.event_study import leads_of
from analysis.studies.rows_in_cells import CELL, rows_in_cells
from analysis.studies.stack import BOUGHT, LEADS_FROM, MONTHLY, RECENTLY, SINGLE, Layout, Stack, early, window
from analysis.studies.strata import Strata, choose_strata

if TYPE_CHECKING:
    from analysis.studies.channel import ChannelPlan

AFTER_ONLY = ("issues", "support_cost")
"""Outcomes that are compared after the contact only, within strata of their own: a row counts 1 before."""
_KNOWN = ("recent", "lately", "observed", "earlier")


@dataclass(frozen=True, slots=True)
class Windows:
    """What counts as before and after in a part of the study, and how many months each has."""

    before: Callable[[str], Measure]
    after: Callable[[str], Measure]
    months_before: int
    months_after: int


@dataclass(frozen=True, slots=True)
class Part:
    """The study, or one of its gates: rows with the cell of each, strata, and what counts as before and after.

    `after_strata` are those of outcomes that are compared after the contact only; gates have none. `longer` marks the
    cells whose early months count as before as well; `group` says whose growth is estimated together, by cell, where it
    is not the index month.
    """

    rows: pd.DataFrame = field(repr=False)
    cells: Cells = field(repr=False)
    strata: Strata = field(repr=False)
    windows: Windows
    after_strata: Strata | None = field(default=None, repr=False)
    longer: Flags | None = field(default=None, repr=False)
    group: Ints | None = field(default=None, repr=False)

    def before(self, outcome: str) -> Floats | None:
        """What each row has before; None where nothing is known of it."""
        measure = self.windows.before(outcome)
        if not measure:
            return None
        found = _summed(self.rows, measure)
        if self.longer is None:
            return found
        return found + np.where(self.longer[self.rows[CELL].to_numpy()], _summed(self.rows, (early(outcome),)), 0.0)

    @property
    def months_before(self) -> Ints:
        """Over how many months that is, by row."""
        months = np.full(len(self.rows), self.windows.months_before)
        return months if self.longer is None else months * np.where(self.longer[self.rows[CELL].to_numpy()], 2, 1)


@dataclass(frozen=True, slots=True)
class Sample:
    """The rows of a before-and-after study, pseudonymous.

    Parameters
    ----------
    layout : Layout
        Months, windows and outcomes.
    account : mapping of str to int
        Customers and rows considered, kept and left out, by reason.
    study : Part
    gates : mapping of name to Part, or to the reason why there is none
    """

    layout: Layout
    account: Mapping[str, int]
    study: Part
    gates: Mapping[str, Part | str]

    @property
    def strata(self) -> str:
        """Within what contacted and comparison customers count as alike, in words."""
        return self.study.strata.description

    def to_frame(self) -> pd.DataFrame:
        """The analysis table.

        Returns
        -------
        DataFrame
            One row a customer and index month. `customer` (a number that means nothing elsewhere), `index_month`
            ("2025-07"), `month` (the same as months since January 1970), `contacted`, `stratum`, `weight` (1 where
            contacted, n_contacted / n_comparison of the stratum for the others, 0 where nobody can be compared),
            `group` (whose growth is estimated together: `month`, but -1 for those who joined late in one of the gates),
            `product` and the attributes as text, `recent`, `lately`, `observed`, `earlier` as in `studies.stack`;
            `<outcome>_before` and `<outcome>_after` for every outcome (what costs is known after only), and the months
            one by one (`orders_m6` ... `orders_p6`). Money in the currency of the orders.
        """
        head = self._head(self.study, self.study.strata)
        sums = self._sums(self.study, self._outcomes)
        summed = {column for columns in SINGLE.values() for column in columns}
        monthly = [name for name in self.layout.measures if name not in summed]
        return pd.DataFrame(head | sums | {name: self.study.rows[name].to_numpy() for name in monthly})

    def drift(self) -> pd.DataFrame:
        """The table of the gate `pre_trend`: early months before the index month, and later ones still before it."""
        return self._gate_frame("pre_trend")

    def placebo(self) -> pd.DataFrame:
        """The table of the gate `placebo_date`: the study at a date six months earlier."""
        return self._gate_frame("placebo_date")

    def future(self) -> pd.DataFrame:
        """The table of the gate `future_social`: `contacted` is whether the *next* issue goes to social.

        Customers observed for long count with their early months as before, too, in strata of their own.
        """
        return self._gate_frame("future_social")

    def of(self, outcome: str = "orders", gate: str | None = None) -> pd.DataFrame:
        """What an estimator is given: one outcome, in the study or in one of its gates.

        Parameters
        ----------
        outcome : str
            For gates one that is bought: orders, revenue, margin.
        gate : {"pre_trend", "placebo_date", "future_social"}, optional

        Returns
        -------
        DataFrame
            `before`, `after`, `before_months` and `after_months` (the lengths of the two windows; they differ in gates,
            and in one of them between rows), `customer`, `month` (int), `group`, `contacted`, `stratum`, `weight`,
            `product`, attributes, `recent`, `lately`, `observed`, `earlier`. Never the months one by one: what is not
            there cannot be peeped at.
            For issues and support cost, which are compared after the contact only, `before` is 1; for the cost of the
            index issue, which is nothing but itself, it is 0: only a difference can be estimated there.

        Raises
        ------
        DesignError
            If the outcome is not in the study, or the gate cannot be run.
        """
        known = self._outcomes if gate is None else self._bought
        if outcome not in known:
            of = "this study" if gate is None else f"the gate `{gate}`"
            raise DesignError(f"`{outcome}` is not in {of}, which holds {', '.join(known)}.")
        part = self.study if gate is None else self._gate(gate)
        strata = part.after_strata if outcome in AFTER_ONLY and part.after_strata is not None else part.strata
        head = self._head(part, strata)
        rows, windows = part.rows, part.windows
        before = np.full(len(rows), 1.0 if outcome in AFTER_ONLY else 0.0)
        if outcome not in AFTER_ONLY and (known_before := part.before(outcome)) is not None:
            before = known_before
        del head["index_month"]
        return pd.DataFrame(
            {
                "before": before,
                "after": _summed(rows, windows.after(outcome)),
                "before_months": part.months_before,
                "after_months": windows.months_after,
                **head,
            }
        )

    @property
    def _outcomes(self) -> tuple[str, ...]:
        return self.layout.outcomes

    @property
    def _bought(self) -> tuple[str, ...]:
        """What was bought; orders are always in the rows."""
        return ("orders", *(name for name in self._outcomes if name in BOUGHT and name != "orders"))

    def _gate(self, name: str) -> Part:
        found = self.gates[name]
        if isinstance(found, str):
            raise DesignError(f"The gate `{name}` cannot be run. {found}")
        return found

    def _gate_frame(self, name: str) -> pd.DataFrame:
        part = self._gate(name)
        return pd.DataFrame(self._head(part, part.strata) | self._sums(part, self._bought))

    def _head(self, part: Part, strata: Strata) -> dict[str, object]:
        rows, layout, cell = part.rows, self.layout, part.rows[CELL].to_numpy()
        months = rows["month"].to_numpy()
        names, place = np.unique(months, return_inverse=True)
        head: dict[str, object] = {
            "customer": rows["customer"].to_numpy(),
            "index_month": np.array([str(Month(int(number))) for number in names], dtype=object)[place],
            "month": months,
            "group": months if part.group is None else part.group[cell],
            "contacted": rows["arm"].to_numpy() == 1,
            "stratum": strata.code[cell],
            "weight": strata.weight[cell],
        }
        columns = {"product": "product"} | {name: layout.code(name) for name in layout.attributes}
        for name, column in columns.items():
            labels = np.array([*layout.labels[column], None], dtype=object)  # -1, missing, is the last one
            head[name if name not in head and name not in _KNOWN else f"customers_{name}"] = labels[rows[column]]
        return head | {name: rows[name].to_numpy() for name in _KNOWN}

    def _sums(self, part: Part, outcomes: Sequence[str]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name in outcomes:
            if (before := part.before(name)) is not None:
                found[f"{name}_before"] = before
            if measure := part.windows.after(name):
                found[f"{name}_after"] = _summed(part.rows, measure)
        return found


def sample_of(stack: Stack, plan: ChannelPlan) -> Sample:
    """The rows of a study and of its gates, with the strata that the study itself chooses.

    Parameters
    ----------
    stack : Stack
    plan : ChannelPlan

    Raises
    ------
    DesignError
        If there is no row of one of the groups.

    Examples
    --------
    Two customers with an issue in the third of five months; the first went to social.

    >>> from analysis.studies.channel import ChannelPlan
    >>> from analysis.studies.stack_arrays import ArrayStack
    >>> from analysis.studies.stack_rows import NEVER, Events, layout_of, rows_of
    >>> begin, end = Month.of("2025-01"), Month.of("2025-05")
    >>> events = Events(
    ...     origin=begin, first_month=np.full(2, begin.number),
    ...     monthly={"orders": np.array([[1., 2, 0, 4, 5], [1, 1, 1, 1, 1]])},
    ...     issue_customer=np.array([0, 1]), issue_month=np.full(2, begin.number + 2),
    ...     issue_time=np.array([10, 11]), issue_social=np.array([True, False]), issue_product=np.array([0, 0]),
    ...     contact_time=np.array([10, NEVER]), labels={"product": ("mobile",)})
    >>> plan = ChannelPlan(before_months=2, after_months=2)
    >>> stack = ArrayStack(rows_of(events, plan.rules(), begin, end), layout_of(events, plan.rules(), begin, end))
    >>> found = sample_of(stack, plan)
    >>> columns = ["index_month", "contacted", "weight", "product", "orders_before", "orders_after", "orders_p2"]
    >>> found.to_frame()[columns].values.tolist()
    [['2025-03', False, 1.0, 'mobile', 2.0, 2.0, 1.0], ['2025-03', True, 1.0, 'mobile', 3.0, 9.0, 5.0]]
    >>> found.placebo()
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: The gate `placebo_date` cannot be run. Nobody was observed for 8 months
    before the index month.
    """
    layout = stack.layout
    rows = _renumbered(stack.rows(), layout)
    cells = stack.cells(layout.columns)
    if not len(cells) or cells.keys["arm"].min() == cells.keys["arm"].max():
        raise DesignError("There is no contacted, or no comparison customer to be studied.")
    study = Part(
        rows_in_cells(rows, cells, layout),
        cells,
        choose_strata(cells, layout, plan.strata),
        study_windows(layout),
        choose_strata(cells, layout, plan.strata, after_only=True),
    )
    gates = {
        "pre_trend": _drift(study, layout),
        "placebo_date": _placebo(study, layout, plan.strata),
        "future_social": _future(stack, rows, layout, plan.strata),
    }
    return Sample(layout, MappingProxyType(dict(stack.account)), study, MappingProxyType(gates))


def study_windows(layout: Layout) -> Windows:
    """The before- and after-windows of the study itself."""

    def before(outcome: str) -> Measure:
        if outcome in MONTHLY:
            return window(outcome, -layout.before, -1)
        return tuple(name for name in SINGLE[outcome] if name.endswith("_before"))

    def after(outcome: str) -> Measure:
        if outcome in MONTHLY:
            return window(outcome, 1, layout.after)
        return tuple(name for name in SINGLE[outcome] if not name.endswith("_before"))

    return Windows(before, after, layout.before, layout.after)


def _drift(study: Part, layout: Layout) -> Part | str:
    leads = leads_of(layout.before)
    if not leads:
        return "There are too few months before the index month."
    half = (len(leads) + 1) // 2
    soon, late = leads[:half], leads[half:]
    windows = Windows(
        lambda outcome: window(outcome, soon[0], soon[-1]),
        lambda outcome: window(outcome, late[0], late[-1]),
        len(soon),
        len(late),
    )
    return Part(study.rows, study.cells, study.strata, windows)


def _placebo(study: Part, layout: Layout, extra: tuple[str, ...]) -> Part | str:
    cells = study.cells
    needed = LEADS_FROM + layout.before
    part = cells.keys["observed"] >= needed
    if not _both_arms(cells, part):
        return f"Nobody was observed for {needed} months before the index month."
    strata = choose_strata(cells, layout, extra, part=part)
    rows = study.rows[part[study.rows[CELL].to_numpy()]].reset_index(drop=True)
    windows = Windows(
        lambda outcome: (early(outcome),), lambda outcome: window(outcome, 1 - LEADS_FROM, -2), layout.before, 4
    )
    return Part(rows, cells, strata, windows)


def _future(stack: Stack, rows: pd.DataFrame, layout: Layout, extra: tuple[str, ...]) -> Part | str:
    cells = stack.cells(layout.columns, where="future")
    if not len(cells) or not _both_arms(cells, np.ones(len(cells), dtype=bool)):
        return "There are too few rows."
    months = min(RECENTLY, layout.after)
    windows = Windows(
        lambda outcome: window(outcome, -layout.before, -1),
        lambda outcome: window(outcome, 1, months),
        layout.before,
        months,
    )
    longer = cells.keys["observed"] >= LEADS_FROM + layout.before
    late = ~longer & (cells.keys["month"] >= layout.begin.number + LEADS_FROM + layout.before)
    strata = choose_strata(cells, layout, extra)
    code = groups_of([strata.code, longer.astype(np.int64)])
    weight = cell_weights(cells.n, cells.keys["arm"], code) * strata.part
    return Part(
        rows_in_cells(rows, cells, layout, where="future"),
        cells,
        replace(strata, code=code, weight=weight),
        windows,
        longer=longer,
        group=np.where(late, -1, cells.keys["month"]),
    )


def _both_arms(cells: Cells, part: Flags) -> bool:
    arm = cells.keys["arm"][part]
    return bool((arm == 1).any() and (arm == 0).any())


def _renumbered(rows: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Rows in an order made of what they hold, and customers numbered as they come: no order of the source is left.

    Rows that hold the same in everything are shuffled, always in the same way.
    """
    columns = ["month", "arm", *(name for name in layout.columns if name not in ("arm", "month")), *layout.measures]
    shuffled = np.random.default_rng(0).permutation(int(rows["customer"].max() if len(rows) else 0) + 1)
    ties = shuffled[rows["customer"].to_numpy(dtype=np.int64)]
    order = np.lexsort([ties, *(rows[name].to_numpy() for name in reversed(columns))])
    found = rows.iloc[order].reset_index(drop=True)
    return found.assign(customer=pd.factorize(found["customer"])[0])


def _summed(rows: pd.DataFrame, measure: Measure) -> Floats:
    return np.asarray(sum((rows[name].to_numpy() for name in measure), np.zeros(len(rows))), dtype=float)
