"""Who came to social for the first time, who took the same problem elsewhere, and what came before and after?

The treated are customers whose first contact on social is an issue there; compared are customers with an issue of the
same month on another channel and no social contact to date (the rows of the study of channels). Customers are made
alike in what was known at time zero and in what they bought from a year to half a year before, never in what they
bought in the window before: that is what growth is measured from. Against customers without any problem: `no_contact`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.studies.channel import usable_outcomes
from analysis.studies.channel_scope import unit_of
from analysis.studies.claim import window_after
from analysis.studies.observational.covariates import Covariate, category, numeric, of_column
from analysis.studies.observational.outages import near_outages
from analysis.studies.observational.plan import OUTCOMES, ObservationalPlan
from analysis.studies.observational.rows import Floats, Ints, ObservationalRows, Placebo
from analysis.studies.result import Check
from analysis.studies.soundness import unusable_attribute
from analysis.studies.stack import BOUGHT, LEADS_FROM, RECENTLY, Layout, early, window
from analysis.studies.stack_sql import engine_stack

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables.load import Tables

FEWEST_EARLY_MONTHS = 3
"""What was bought before the window before is known of customers observed for so many months more."""
FEWEST_LEADS = 5
"""A window before of so many months can be parted into two, to look for growth where none was caused."""
TASTE = (
    "Spending that grows with the taste for social is not told apart here: of made-up companies in which it did, half "
    "passed every other test. The study before and after a contact tells it."
)
MADE_HERE = ("product", "spend_band")
"""Segments that are no columns of `customers`."""


def contact_rows(tables: Tables, plan: ObservationalPlan) -> ObservationalRows:
    """First contacts on social and issues of the same month elsewhere, one row a customer and month.

    Parameters
    ----------
    tables : Tables
        With `orders`, and `issues` or `touchpoints`.
    plan : ObservationalPlan

    Raises
    ------
    TooSoon, DesignError
        If no month has both windows inside the data, or one of the groups is empty.
    """
    outcomes, attributes, notes = asked_of(tables, plan)
    stack = engine_stack(tables, plan.rules(), outcomes=outcomes, attributes=attributes)
    try:
        rows, layout, account = stack.rows(), stack.layout, dict(stack.account)
    finally:
        stack.forget()
    return rows_of_stack(rows, layout, plan, account=account, notes=notes)


def asked_of(tables: Tables, plan: ObservationalPlan) -> tuple[list[str], tuple[str, ...], list[str]]:
    """Which outcomes and columns of customers these tables can tell, and why not the others."""
    wanted = [name for name in plan.outcomes or OUTCOMES if name in OUTCOMES]
    strange = [name for name in plan.outcomes or () if name not in OUTCOMES]
    notes = [f"`{name}` was left out: first contacts are followed by {', '.join(OUTCOMES)}." for name in strange]
    if not wanted:
        raise DesignError(f"None of the outcomes asked for can be followed. {' '.join(notes)}")
    outcomes, lacking = usable_outcomes(tables, wanted, plan.zone)
    if plan.placebo_outcomes:
        raise DesignError(
            "Placebo outcomes named by column are for groups of `assignments`; first contacts are tested on what was "
            "bought before them."
        )
    attributes = []
    for name in dict.fromkeys((*plan.covariates, *plan.segments)):
        if name in MADE_HERE and name in plan.segments:
            continue
        lack = unusable_attribute(tables, name)
        if lack is None:
            attributes.append(name)
        else:
            notes.append(f"`{name}` was skipped: {lack}")
    return outcomes, tuple(attributes), [*lacking, *notes]


def rows_of_stack(
    rows: pd.DataFrame,
    layout: Layout,
    plan: ObservationalPlan,
    *,
    account: Mapping[str, int],
    notes: Sequence[str] = (),
) -> ObservationalRows:
    """The rows of a stack as a target trial, with the gates that can be asked of them.

    Parameters
    ----------
    rows : DataFrame
        `Stack.rows()`.
    layout : Layout
    plan : ObservationalPlan
    account : mapping of str to int
    notes : sequence of str
    """
    study = rows[rows["study"] == 1].reset_index(drop=True)
    later = rows[rows["future"] > 0].reset_index(drop=True)
    months = min(RECENTLY, layout.after)
    placebos: dict[str, Placebo] = {}
    if len(later) and later["future"].nunique() == 2:
        others = _trial(later, later["future"].to_numpy() == 2, layout, plan, months)
        for name in others.before:
            placebos[f"future_social_{name}"] = Placebo(
                after=np.zeros(len(study)),
                what=f"{name.capitalize()} after an issue elsewhere, of customers whose next issue goes to social "
                "against others: they had not turned to social yet.",
                of=(name,),
                others=others,
            )
    return _trial(study, study["arm"].to_numpy() == 1, layout, plan, layout.after, placebos, account, notes)


def _trial(
    rows: pd.DataFrame,
    treated: np.ndarray[tuple[int], np.dtype[np.bool_]],
    layout: Layout,
    plan: ObservationalPlan,
    months_after: int,
    placebos: Mapping[str, Placebo] | None = None,
    account: Mapping[str, int] | None = None,
    notes: Sequence[str] = (),
) -> ObservationalRows:
    def sums(outcome: str, first: int, last: int) -> Floats:
        if first < -layout.leads:
            return np.asarray(rows[early(outcome)], dtype=np.float64)
        return np.asarray(rows[list(window(outcome, first, last))].sum(axis=1), dtype=np.float64)

    texts = {}
    for name in layout.attributes:
        labels = np.array([*layout.labels[layout.code(name)], None], dtype=object)  # -1, missing, is the last one
        texts[name] = labels[rows[layout.code(name)].to_numpy()]
    products = np.array([*layout.labels["product"], None], dtype=object)[rows["product"].to_numpy()]
    kinds = near_outages(
        rows["product"].to_numpy(dtype=np.int64), rows["month"].to_numpy(dtype=np.int64), layout.labels["product"],
        layout.after,
    )  # fmt: skip
    known = [
        category("product and month, near an outage", kinds, most=len(rows)),
        category("product of the issue", np.where(products == "", None, products)),
        category("issues in the 6 months before (0, 1, 2 or more)", rows["recent"].to_numpy().astype(object)),
        numeric("an issue in the last 3 months", rows["lately"].to_numpy()),
    ]
    return trial_of(
        plan,
        sums,
        outcomes=layout.outcomes,
        currency=layout.currency,
        treated=treated,
        customer=rows["customer"].to_numpy(dtype=np.int64),
        month=rows["month"].to_numpy(dtype=np.int64),
        observed=rows["observed"].to_numpy(dtype=np.int64),
        earlier=rows["earlier"].to_numpy(dtype=np.int64),
        known=known,
        texts=texts | {"product": np.where(products == "", None, products)},
        names=("social", "other_channels"),
        words=(
            "Customers whose first social contact was from {first} to {last}",
            "similar customers whose issue went to another channel",
        ),
        months_after=months_after,
        placebos=placebos or {},
        account=account or {},
        caps=(growth_with_taste(),),
        notes=notes,
    )


def growth_with_taste() -> Check:
    """The cap on first contacts: customers choose social by themselves, and those who like it may grow by themselves.

    Examples
    --------
    >>> growth_with_taste().verdict
    'not_run'
    """
    return Check(name="growth_with_taste", verdict="not_run", detail=TASTE, gate=True)


def trial_of(
    plan: ObservationalPlan,
    sums: Callable[[str, int, int], Floats],
    *,
    outcomes: Sequence[str],
    currency: str | None,
    treated: np.ndarray[tuple[int], np.dtype[np.bool_]],
    customer: Ints,
    month: Ints,
    observed: Ints,
    earlier: Ints,
    known: Sequence[Covariate],
    texts: Mapping[str, np.ndarray[tuple[int], np.dtype[np.object_]]],
    names: tuple[str, str],
    words: tuple[str, str],
    months_after: int,
    placebos: Mapping[str, Placebo],
    account: Mapping[str, int],
    caps: tuple[Check, ...] = (),
    caveat: str = "",
    notes: Sequence[str] = (),
) -> ObservationalRows:
    """Rows from what was counted around time zero.

    Parameters
    ----------
    plan : ObservationalPlan
    sums : callable
        What each row has of an outcome in months `first` to `last` relative to time zero, both included.
    outcomes : sequence of str
    currency : str, optional
    treated, customer, month, observed, earlier : arrays, shape (n_rows,)
        Group, customer, month of time zero, months observed before it, issues of any time before it.
    known : sequence of Covariate
        What else is known at time zero.
    texts : mapping of name to array of text, shape (n_rows,)
        Columns of customers, for covariates and segments.
    names, words : pair of str
        Of the two groups; words may hold `{first}` and `{last}` month.
    months_after : int
    placebos : mapping of name to Placebo
    account : mapping of str to int
    caps : tuple of Check
    caveat : str
    notes : sequence of str
    """
    b = plan.before_months
    bought = [name for name in BOUGHT if name in outcomes]
    before = {name: sums(name, -b, -1) * (months_after / b) for name in bought}
    months_early = np.minimum(observed - LEADS_FROM, b)
    covariates = [
        category("month of time zero", [str(Month(int(number))) for number in month]),
        numeric("months observed", observed),
        category("all earlier issues (0, 1, 2, 3, 4 or more)", earlier.astype(object)),
        *known,
    ]
    band: np.ndarray[tuple[int], np.dtype[np.object_]] | None = None
    enough = months_early >= FEWEST_EARLY_MONTHS
    if enough.any():
        # revenue says more than orders, and both are of a window that ends before the window before begins
        for name in ("orders", *(one for one in ("revenue",) if one in outcomes)):
            rate = sums(name, -b - LEADS_FROM, -1 - LEADS_FROM) / np.maximum(months_early, 1)
            rate = np.where(enough, rate, np.nan)
            covariates.append(numeric(f"{name} a month, until half a year before", rate))
        band = _bands(rate)
    covariates += [of_column(name.replace("_", " "), texts[name]) for name in plan.covariates if name in texts]
    attributes = {name: texts[name] for name in plan.segments if name in texts}
    if "spend_band" in plan.segments and "revenue" in outcomes and band is not None:
        attributes["spend_band"] = band
    lacking = []
    if "product" in plan.segments and "product" not in texts:
        lacking.append("`product` makes no segments here: customers without an issue have none.")
    if "spend_band" in plan.segments and "spend_band" not in attributes:
        why = f"nobody was observed for {LEADS_FROM + FEWEST_EARLY_MONTHS} months before time zero."
        why = why if "revenue" in outcomes else "revenue is not followed."
        lacking.append(f"`spend_band` makes no segments here: {why}")
    if b >= FEWEST_LEADS:
        drift = {
            f"growth_before_{name}": Placebo(
                after=sums(name, -3, -2),
                before=sums(name, -b, -4) * (2 / (b - 3)),
                what=f"{name.capitalize()} in the third and second month before, against the months before those.",
                of=(name,),
            )
            for name in bought
        }
        placebos = {**drift, **placebos}
    index = month[treated] if treated.any() else month
    first, last = (str(Month(int(number))) for number in (index.min(), index.max()))
    who, against = (text.format(first=first, last=last) for text in words)
    return ObservationalRows(
        treated_name=names[0],
        comparison_name=names[1],
        who=who,
        against=against,
        when=window_after(months_after),
        treated=treated,
        customer=customer,
        cell=month,
        after={name: sums(name, 1, months_after) for name in outcomes},
        before=before,
        units={name: unit_of(name, currency) for name in outcomes},
        covariates=tuple(covariates),
        placebos=placebos,
        attributes=attributes,
        dates={"index_from": first, "index_to": last, "before_months": b, "after_months": months_after},
        account=account,
        caps=caps,
        caveat=caveat,
        notes=(*notes, *lacking),
    )


def _bands(rate: Floats) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Nothing spent, and the lower and upper half of those who spent; None where it is not known."""
    known = np.isfinite(rate)
    spent = known & (rate > 0)
    middle = float(np.median(rate[spent])) if spent.any() else 0.0
    band = np.full(len(rate), None, dtype=object)
    band[known] = "none"
    band[spent] = np.where(rate[spent] > middle, "high", "low")
    return band
