"""Does later code find in the very same companies what the code before it found? Row by row, and in a sentence.

After a change that should move nothing, a proof of hours need not be run whole: some of its companies are studied
again by the later code, and each of its figures is held against the figure of the earlier code in the same company.
That says nothing about the truth, only that what the page tells of the earlier code holds of the later one too. Which
folders are compared, and where it is kept, is left to `again_kept`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_UP, Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.foundation.errors import Fault, InputError
from analysis.runner.proving.parts import Again
from analysis.runner.proving.records import DEFAULT, Records, is_ratio

COMPANY = ("hazard", "seed", "customers")
ANSWER = ("estimator", "estimand")
GATE = ("outcome", "gate")
SAME = 1e-9
"""As a share: two truths, or two figures without a standard error, that differ by less are the same."""
NOTHING = 1e-12
"""And so are two that differ by less than this, such as two sums that come to zero."""
SMALLEST = 1e-6
"""What moved by less is told to have moved by this at most."""
_LATER = "_later"
_NTH = "nth"
_WHOLE = {"seed": "int64", "customers": "int64"}

Floats = NDArray[np.float64]


def compared(earlier: Records, later: Records, *, of: str, code: str) -> Again:
    """By how much does later code find something else in the companies that both have studied?

    Estimates are paired by company, estimator and estimand, verdicts by company, outcome and gate; those of one name
    in their order. An estimate that has no finite standard error above zero, in the earlier code, is the same or
    another: it has moved by nothing, or is counted as `unmeasured`. So are those of which one end, or the standard
    error, is infinite or missing in one of the two alone.

    Parameters
    ----------
    earlier, later : Records
    of, code : str
        Hashes of the code that made them.

    Raises
    ------
    InputError
        If no company is in both; if one of them has other estimators, estimands or gates in one than in the other; or
        if the truth of one is another, so that it is not the same company.
    """
    if of == code:
        raise InputError(_of_one_code(code))
    companies = _in_common(earlier.effects, later.effects)
    if companies.empty:
        raise InputError(_nothing_in_common(of, code))
    rows = _paired(earlier.effects, later.effects, companies, COMPANY, ANSWER, of)
    _refuse_other_truths(rows, of)
    gates = _paired(earlier.gates, later.gates, companies, COMPANY[:2], GATE, of)
    given, given_later = rows["value"].notna(), rows[f"value{_LATER}"].notna()
    both = rows[given & given_later]
    error, error_later = _floats(both, "se")
    measure = np.where((error > 0) & np.isfinite(error), error, np.nan)
    moves = [_moves(both, name, measure) for name in ("value", "low", "high")]
    own = (both["estimator"] == DEFAULT).to_numpy(bool)
    errors, other_errors = _measured(np.abs(error_later / measure - 1), error, error_later)
    return Again(
        of=of,
        code=code,
        companies=len(companies),
        kinds=companies["hazard"].nunique(),
        figures=len(both),
        moved=_largest(moves[0][0][own]),
        ends=max(_largest(moved[own]) for moved, _ in moves[1:]),
        beside=max(_largest(moved[~own]) for moved, _ in moves),
        errors=_largest(errors),
        unmeasured=int(np.logical_or.reduce([*(other for _, other in moves), other_errors]).sum()),
        grades=int((both["grade"] != both[f"grade{_LATER}"]).sum()),
        verdicts=int((gates["verdict"] != gates[f"verdict{_LATER}"]).sum()),
        answers=int((given != given_later).sum()),
    )


def in_words(again: Again) -> str:
    """What moved, as the end of a sentence.

    Examples
    --------
    >>> found = Again(of="0a", code="1b", companies=240, kinds=12, figures=2_400, moved=0.000312, ends=0.000398,
    ...               beside=0.0, errors=1e-5, unmeasured=0, grades=0, verdicts=0, answers=0)
    >>> in_words(found)
    'no estimate and no end of its interval moved by more than 0.0004 of its standard error, no standard error by more
    than 0.00001 of itself, no grade and no verdict'
    >>> in_words(found.model_copy(update={"moved": 0.0, "ends": 0.0, "errors": 0.0}))
    'nothing moved'
    >>> in_words(found.model_copy(update={"beside": 0.08, "errors": 0.0, "grades": 3, "verdicts": 5}))
    "no estimate and no end of its interval moved by more than 0.0004 of its standard error (of the estimators beside
    the study's own: 0.08), but 3 of 2,400 grades and 5 verdicts are others"
    """
    others = [
        _counted(again.unmeasured, "figure", " without a standard error"),
        f"{again.grades:,} of {again.figures:,} grades" if again.grades else "",
        _counted(again.verdicts, "verdict"),
    ]
    told = [text for text in others if text]
    if not (told or again.answers or again.moved or again.ends or again.beside or again.errors):
        return "nothing moved" if again.figures else "both codes refused every estimate"
    largest = max(again.moved, again.ends)
    by = f" by more than {_at_most(largest)} of its standard error" if largest else ""
    beside = f" (of the estimators beside the study's own: {_at_most(again.beside)})" if again.beside > largest else ""
    errors = f", no standard error by more than {_at_most(again.errors)} of itself" if again.errors else ""
    moved = f"no estimate and no end of its interval moved{by}{beside}{errors}"
    if not told and not again.answers:
        return f"{moved}, no grade and no verdict"
    one = again.unmeasured + again.grades + again.verdicts == 1
    differ = [f"{_and(told)} {'is another' if one else 'are others'}"] if told else []
    refused = f"{_counted(again.answers, 'estimate')} {_were(again.answers)} given by one code and refused by the other"
    return f"{moved}, but {_and([*differ, refused] if again.answers else differ)}"


def _moves(rows: pd.DataFrame, name: str, measure: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """How far each figure of a column moved, in standard errors, and which are others that cannot be measured."""
    before, after = _floats(rows, name)
    ratio = rows["estimand"].map(is_ratio).to_numpy(bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(ratio, np.log(after) - np.log(before), after - before)
        return _measured(np.abs(difference) / measure, before, after)


def _measured(moved: Floats, before: Floats, after: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Movements where they are finite, zero elsewhere; and where the figure is another, but the movement is not."""
    finite = np.isfinite(moved)
    return np.where(finite, moved, 0.0), ~finite & ~_same(before, after)


def _same(before: Floats, after: Floats) -> NDArray[np.bool_]:
    return np.isclose(after, before, rtol=SAME, atol=NOTHING, equal_nan=True)


def _floats(rows: pd.DataFrame, name: str) -> tuple[Floats, Floats]:
    """A column of the earlier and of the later code."""
    return rows[name].to_numpy(float), rows[f"{name}{_LATER}"].to_numpy(float)


def _largest(numbers: Floats) -> float:
    return float(numbers.max(initial=0.0))


def _in_common(earlier: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """A row for each company that is in both."""
    first, second = (frame[list(COMPANY)].drop_duplicates().astype(_WHOLE) for frame in (earlier, later))
    return first.merge(second, on=list(COMPANY))


def _paired(
    earlier: pd.DataFrame,
    later: pd.DataFrame,
    companies: pd.DataFrame,
    company: Sequence[str],
    row: Sequence[str],
    of: str,
) -> pd.DataFrame:
    """The rows of some companies in the earlier records, each beside that of the later ones."""
    names = [*company, *row]
    wanted = companies[list(company)].drop_duplicates()
    found = []
    for frame in (earlier, later):
        whole = frame.astype({name: kind for name, kind in _WHOLE.items() if name in company})
        mine = whole.merge(wanted, on=list(company))
        found.append(mine.assign(**{_NTH: mine.groupby(names).cumcount()}))
    pairs = found[0].merge(found[1], on=[*names, _NTH], how="outer", suffixes=("", _LATER), indicator="side")
    alone = pairs[pairs["side"] != "both"]
    if len(alone):
        raise InputError(_alone(alone, len(pairs), row, of))
    return pairs


def _refuse_other_truths(rows: pd.DataFrame, of: str) -> None:
    others = rows[~_same(*_floats(rows, "truth"))]
    if len(others):
        raise InputError(
            Fault(
                where=_first(others),
                what=f"is not the same company as in the records of `{of}`: `{others['estimand'].iloc[0]}` has "
                "another truth",
                remedy="Companies are made in another way since: prove the design anew.",
                rule="other_truth",
                count=len(others),
                of=len(rows),
            )
        )


def _alone(alone: pd.DataFrame, of_rows: int, row: Sequence[str], of: str) -> Fault:
    first = alone.iloc[0]
    where = "only" if first["side"] == "left_only" else "not"
    return Fault(
        where=_first(alone),
        what=f"has {' on '.join(f'`{first[name]}`' for name in row)} {where} in the records of `{of}`",
        remedy="What is asked of companies is another since: prove the design anew.",
        rule="other_rows",
        count=len(alone),
        of=of_rows,
    )


def _first(rows: pd.DataFrame) -> str:
    return f"`{rows['hazard'].iloc[0]}`, seed {rows['seed'].iloc[0]}"


def _nothing_in_common(of: str, code: str) -> Fault:
    return Fault(
        where="records",
        what=f"`{of}` and `{code}` have no company in common",
        remedy="Let the later code study companies of the same seeds and size: `touchstone prove --worlds 20 --out "
        "FOLDER`, without `--page`.",
        rule="nothing_in_common",
    )


def _of_one_code(code: str) -> Fault:
    return Fault(
        where="records",
        what=f"those to be compared are both of the code `{code}`",
        remedy="Give the records of the earlier code to `--compare`, those of the later one to `--records`.",
        rule="of_one_code",
    )


def _at_most(share: float) -> str:
    """Two digits, never less than the number: a limit that holds."""
    if share < SMALLEST:
        return "a millionth"
    exact = Decimal(repr(float(share)))
    digits = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), rounding=ROUND_UP)
    text = f"{digits:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _counted(number: int, noun: str, more: str = "") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}{more}" if number else ""


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _and(texts: Sequence[str]) -> str:
    return texts[-1] if len(texts) < 2 else f"{', '.join(texts[:-1])} and {texts[-1]}"
