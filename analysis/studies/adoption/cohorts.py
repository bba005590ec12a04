"""Who is studied, and with whom are they compared? The cohorts of a study of adoption, within strata.

For each month of adoption those who adopted then, with both windows inside the data and their tenure, and those who had
not yet done so. Strata are as fine as they can be while nearly all adopters have somebody like them; who is left out is
counted by reason. What is estimated is left to `cells`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.cells import Flags, Ints, groups_of
from analysis.studies.adoption.panel import NEVER, AdoptionPanel
from analysis.studies.strata import UNMATCHED_ALLOWED

FEWEST_COMPARED = 2
"""Comparison customers a stratum needs in every month: the spread of a single one cannot be seen."""
_BANDS = (12, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Who adopted in one month, and who is compared with them; sorted by stratum.

    Parameters
    ----------
    month : int
    customer : array of int, shape (m,)
        Positions in the panel; each once.
    treated : array of bool, shape (m,)
    stratum : array of int, shape (m,)
        From 0, none empty; in each there are adopters and, in every month, customers to compare them with.
    leaves : array of int, shape (m,)
        Months after `month` from which a comparison customer has adopted and is compared no more; `NEVER` for adopters.
    covariates : mapping of str to array of int, shape (m,)
        What strata are made of, for the table of balance.
    """

    month: int
    customer: Ints
    treated: Flags
    stratum: Ints
    leaves: Ints
    covariates: Mapping[str, Ints]


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """The cohorts of a study, what their strata are made of, and who was left out.

    `columns` are the covariates behind the strata, `unmatched` the adopters without a comparison in their stratum,
    `alone` those in whose month nobody was left to compare them with, `whole` all adopters whose windows lie inside
    the data and their tenure.
    """

    cohorts: tuple[Cohort, ...]
    columns: tuple[str, ...]
    coarsened: bool
    whole: int
    unmatched: int
    alone: int
    account: Mapping[str, int]

    @property
    def n_treated(self) -> int:
        return sum(int(one.treated.sum()) for one in self.cohorts)

    @property
    def n_comparison(self) -> int:
        """Different comparison customers, over all cohorts."""
        return different([one.customer[~one.treated] for one in self.cohorts])


def different(parts: Sequence[Ints]) -> int:
    """How many different positions are there in some arrays?

    Examples
    --------
    >>> different([np.array([0, 3]), np.array([3])])
    2
    """
    seen = np.zeros(max((int(part.max(initial=-1)) for part in parts), default=-1) + 1, dtype=bool)
    for part in parts:
        seen[part] = True
    return int(seen.sum())


def without_an_issue(panel: AdoptionPanel, studied: Studied) -> int:
    """Adopters whose first contact on social belongs to no issue of that month, as far as issues are counted."""
    issues = panel.counted.get("issues")
    if issues is None:
        return 0
    begin = panel.begin.number
    return sum(int((issues[one.customer[one.treated], one.month - begin] == 0).sum()) for one in studied.cohorts)


def must_fit(panel: AdoptionPanel, before: int, after: int) -> None:
    """Some month of adoption has both windows inside the data, or else: what stands in the way?

    Raises
    ------
    DesignError
        If nobody adopted, or all did before the data look back far enough.
    TooSoon
        If no window after an adoption is over.
    """
    cover = f"The data cover {panel.begin} to {panel.end}"
    months = panel.adopted[panel.adopted < NEVER]
    if not months.size:
        raise DesignError(f"{cover}, and nobody in them took up social care. Check the channels or the experiment.")
    looked = months[months - before >= panel.begin.number]
    if not looked.size:
        raise DesignError(
            f"{cover}, and everybody had adopted by {Month(int(months.max()))}: nobody has {before} months of data "
            "before. Load earlier data, or set a shorter `before_months`."
        )
    earliest = Month(int(looked.min()))
    needed = earliest.plus(after)
    if needed > panel.end:
        raise TooSoon(
            f"{cover}. {after} months after {earliest}, the first month of adoption that can be studied, end with "
            f"{needed}: wait until the data reach it, or set a shorter `after_months`."
        )


def cohorts_of(panel: AdoptionPanel, before: int, after: int, *, extra: Sequence[str] = ()) -> Studied:
    """Who is compared with whom, in the finest strata in which at most 2 % of the adopters have no comparison?

    Parameters
    ----------
    panel : AdoptionPanel
    before, after : int
        Windows in months; both lie inside the data and inside each customer's tenure.
    extra : sequence of str
        Fixed attributes that make strata besides; they are given up last.

    Raises
    ------
    DesignError, TooSoon
        As in `must_fit`, or if nobody is left to compare any adopter with.
    """
    must_fit(panel, before, after)
    begin, end = panel.begin.number, panel.end.number
    months = [int(month) for month in np.unique(panel.adopted) if begin + before <= month <= end - after]
    whole = [one for month in months if (one := _members(panel, month, before)).treated.any()]
    if not whole:
        raise DesignError(f"No adopter was a customer for {before} months before. Set a shorter `before_months`.")
    everybody = sum(int(one.treated.sum()) for one in whole)
    pairs = [_compared(one, np.zeros(len(one.customer), dtype=np.int64), after) for one in whole]
    alone = everybody - sum(int(one.treated.sum()) for one in pairs)
    if alone == everybody:
        raise DesignError(
            f"{everybody:,} customers adopted from {Month(months[0])} to {Month(months[-1])}, and nobody was left to "
            f"compare them with {after} months later: in a roll-out some must be invited later still, or never. Set a "
            "shorter `after_months`."
        )
    chosen: list[Cohort] = []
    for level, columns in enumerate(_levels(panel, extra)):  # noqa: B007
        codes = [_codes(one, columns) for one in whole]
        chosen = [_compared(one, code, after) for one, code in zip(whole, codes, strict=True)]
        unmatched = everybody - alone - sum(int(one.treated.sum()) for one in chosen)
        if unmatched <= UNMATCHED_ALLOWED * (everybody - alone):
            break
    account = _account(panel, before, after) | {"left_out_nobody_left_to_compare": alone}
    return Studied(
        cohorts=tuple(one for one in chosen if len(one.customer)),
        columns=columns,
        coarsened=level > 0,
        whole=everybody,
        unmatched=unmatched,
        alone=alone,
        account=account | {"left_out_no_comparison_in_their_stratum": unmatched},
    )


def _members(panel: AdoptionPanel, month: int, before: int) -> Cohort:
    """Adopters of a month, and all who may be compared with them, before strata are made."""
    rows = panel.issues
    covariates: dict[str, Ints] = {}
    if rows is None:
        customer = np.flatnonzero((panel.first <= month - before) & (panel.adopted >= month))
    else:
        part = slice(*np.searchsorted(rows.month, [month, month + 1]))
        kept = np.flatnonzero(panel.first[rows.customer[part]] <= month - before) + part.start
        customer = rows.customer[kept]
        for name in ("product", "recent", "lately"):
            covariates[name] = getattr(rows, name)[kept]
    for name, codes in panel.fixed.items():
        covariates.setdefault(name, codes[customer])
    covariates["band"] = np.digitize(month - panel.first[customer], _BANDS)
    treated = panel.adopted[customer] == month
    return Cohort(
        month=month,
        customer=customer,
        treated=treated,
        stratum=np.zeros(len(customer), dtype=np.int64),
        leaves=np.where(treated, NEVER, panel.adopted[customer] - month),
        covariates=covariates,
    )


def _compared(cohort: Cohort, code: Ints, after: int) -> Cohort:
    """The members whose stratum has adopters and, up to the last month, customers to compare them with."""
    size = int(code.max(initial=-1)) + 1
    lasting = ~cohort.treated & (cohort.leaves > after)
    fine = np.bincount(code[lasting], minlength=size) >= FEWEST_COMPARED
    fine &= np.bincount(code[cohort.treated], minlength=size) > 0
    kept = np.flatnonzero(fine[code])
    kept = kept[np.argsort(code[kept], kind="stable")]
    return Cohort(
        month=cohort.month,
        customer=cohort.customer[kept],
        treated=cohort.treated[kept],
        stratum=np.unique(code[kept], return_inverse=True)[1],
        leaves=cohort.leaves[kept],
        covariates={name: values[kept] for name, values in cohort.covariates.items()},
    )


def _codes(cohort: Cohort, columns: Sequence[str]) -> Ints:
    if not columns:
        return np.zeros(len(cohort.customer), dtype=np.int64)
    return groups_of([cohort.covariates[name] for name in columns])


def _levels(panel: AdoptionPanel, extra: Sequence[str]) -> list[tuple[str, ...]]:
    """Covariates of the strata, finest first."""
    product = ("product",) if panel.issues is not None or "product" in panel.fixed else ()
    more = tuple(name for name in extra if name not in product)
    if panel.issues is None:
        return list(dict.fromkeys([(*product, "band", *more), (*product, *more), more, ()]))
    found: list[tuple[str, ...]] = [
        ("product", "recent", "lately", "band"),
        ("product", "recent", "lately"),
        ("product", "recent"),
    ]
    found += [("recent",), ()]
    return [(*columns, *more) for columns in found] + ([()] if more else [])


def _account(panel: AdoptionPanel, before: int, after: int) -> dict[str, int]:
    """Adopters by what stands in the way of studying them."""
    begin, end = panel.begin.number, panel.end.number
    months, first = panel.adopted, panel.first
    adopters = months < NEVER
    unknown = adopters & (first == NEVER)
    outside = adopters & ~unknown & (months > end)
    short = adopters & ~unknown & ~outside & (months - before < np.maximum(first, begin))
    running = adopters & ~unknown & ~outside & ~short & (months + after > end)
    counts = {
        "adopters": adopters,
        "left_out_start_unknown": unknown,
        "left_out_adopted_after_the_data": outside,
        "left_out_history_too_short_before": short,
        "left_out_window_not_over": running,
    }
    return {"customers": len(panel)} | {name: int(flags.sum()) for name, flags in counts.items()}
