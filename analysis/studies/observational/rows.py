"""What does the observational study read, wherever its rows came from?

A row is a customer at time zero: treated from then on, or comparison. Outcomes lie after it, covariates before it, and
nothing that is conditioned on happens later. The rows are made by `contacts` and `groups` from tables, or in arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.studies.observational.covariates import Covariate
from analysis.studies.result import Check

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placebo:
    """Something that the treatment cannot have changed, to repeat the study on.

    Parameters
    ----------
    after : array of float, shape (n_rows,)
    before : array of float, shape (n_rows,), optional
        Where it is told as growth.
    what : str
        What is compared, as a sentence.
    without : str, optional
        The covariate that is the placebo itself, and left out.
    of : tuple of str, optional
        Outcomes that it speaks for; all by default.
    others : ObservationalRows, optional
        Other rows that the study is repeated on, on the outcome of `of`; `after` and `before` are not read then.
    """

    after: Floats
    what: str
    before: Floats | None = None
    without: str | None = None
    of: tuple[str, ...] | None = None
    others: ObservationalRows | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationalRows:
    """Customers at time zero, and what came before and after it.

    Parameters
    ----------
    treated_name, comparison_name : str
        The groups as `results.json` calls them.
    who, against, when : str
        The groups and the window in words.
    treated : array of bool, shape (n_rows,)
    customer : array of int, shape (n_rows,)
        Customers, or the clusters they came in, from 0; errors are those of customers.
    cell : array of int, shape (n_rows,)
        Within which pairs are matched, such as the month of time zero.
    after : mapping of outcome to array of float, shape (n_rows,)
        NaN where it is not known.
    before : mapping of outcome to array of float, shape (n_rows,)
        The same in the window before, where outcomes are compared by their growth. Never a covariate.
    units : mapping of outcome to str
    covariates : tuple of Covariate
    placebos : mapping of name to Placebo
    attributes : mapping of segment to array of text, shape (n_rows,)
    caps : tuple of Check
        Gates that cannot be run here and hold the grade down, whatever the others say.
    caveat : str
        A sentence that every claim carries.
    dates : mapping
        `index_from`, `index_to`, `before_months`, `after_months` of the effects, where there are any.
    account : mapping of str to int
    notes : tuple of str
    """

    treated_name: str
    comparison_name: str
    who: str
    against: str
    when: str
    treated: Flags
    customer: Ints
    cell: Ints
    after: Mapping[str, Floats]
    units: Mapping[str, str]
    covariates: tuple[Covariate, ...]
    before: Mapping[str, Floats] = field(default_factory=dict)
    placebos: Mapping[str, Placebo] = field(default_factory=dict)
    attributes: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    caps: tuple[Check, ...] = ()
    caveat: str = ""
    dates: Mapping[str, str | int] = field(default_factory=dict)
    account: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.treated)
        sized = [self.customer, self.cell, *self.after.values(), *self.before.values(), *self.attributes.values()]
        sized += [one.columns for one in self.covariates] + [one.after for one in self.placebos.values()]
        if any(len(column) != n for column in sized):
            raise ValueError(f"Every column has an entry for each of {n:,} rows.")
        if set(self.after) != set(self.units) or not set(self.before) <= set(self.after):
            raise ValueError("Every outcome has a unit, and only outcomes are known before.")

    def __len__(self) -> int:
        return len(self.treated)
