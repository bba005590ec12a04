"""What may be said of a figure after a change? A sentence made from the estimate, no stronger than its grade.

One change alone in its months is named as what the step came after; several are named together, and none of them gets
the credit. No clear step gets the same sentence as a clear one. Figures are written plainly here (English, decimal
point). Which grade was earned is left to `grade`, the gates to `gates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.foundation.calendar import Month
from analysis.inference.estimate import Estimate
from analysis.studies.change_log.entries import Bundle, Entry, one_line
from analysis.studies.change_log.sizes import interval_said, side_said
from analysis.studies.claim import LIMITS, LIMITS_UNSEEN
from analysis.studies.result import GRADE_WORDS, Grade

BY_ITSELF = "None of these changes can be given the credit, or the blame, alone."
MANY = "It does not stand out once it is allowed for that {count} figures were looked at."


def changes_said(bundle: Bundle, others: Sequence[Entry] = ()) -> str:
    """The change, or the changes of these months together.

    Examples
    --------
    >>> from datetime import date
    >>> first = Entry(change_id="CH2", kind="programme", description="", effective_on=date(2025, 3, 3))
    >>> second = Entry(change_id="CH3", kind="staffing", description="", effective_on=date(2025, 3, 3))
    >>> changes_said(Bundle((first,))), changes_said(Bundle((first,)), [second])
    ('the programme of 2025-03 (CH2)', 'the changes of 2025-03 together (CH2 and CH3)')
    """
    entries = sorted([*bundle.entries, *others], key=lambda entry: (entry.effective_on, entry.change_id))
    if len(entries) == 1:
        kind = "change" if entries[0].kind == "other" else entries[0].kind
        return f"the {kind} of {entries[0].month} ({one_line(entries[0].change_id)})"
    months = [entry.month for entry in entries]
    when = f"of {months[0]}" if months[0] == months[-1] else f"from {months[0]} to {months[-1]}"
    names = [one_line(entry.change_id) for entry in entries]
    return f"the changes {when} together ({', '.join(names[:-1])} and {names[-1]})"


def claim_of_step(
    estimate: Estimate,
    *,
    label: str,
    segment: Mapping[str, str],
    estimand: str,
    changes: str,
    together: bool,
    month: Month,
    beside: str | None,
    grade: Grade,
    clear: bool,
    looked_at: int,
    afterwards: Sequence[str] = (),
    until: Month | None = None,
) -> str:
    """What the figure did after the change, with its interval, and what the grade allows one to conclude.

    Parameters
    ----------
    estimate : Estimate
        In the figure's own unit; of a change in slope, a month.
    label : str
        What readers call the figure.
    segment : mapping
        Empty for all.
    estimand : {"level_change", "slope_change"}
    changes : str
        As `changes_said` gives it.
    together : bool
        Whether several changes stand behind it: no single one is then credited.
    month : Month
        The first whole month after the change.
    beside : str, optional
        The control series, where one was held against it.
    grade : {"A", "B", "C", "D", "E"}
    clear : bool
        Whether the difference stays clear once all figures looked at are allowed for.
    looked_at : int
        How many figures were looked at for this change.
    afterwards : sequence of str
        Ids of changes that were written down afterwards.
    until : Month, optional
        Where the difference is the mean of several months: the last of them.

    Examples
    --------
    >>> found = Estimate(name="response rate", value=0.083, low=0.061, high=0.105, level=0.95, se=0.01, n_treated=12,
    ...                  n_comparison=17, scale="difference", unit="share", method="interrupted series")
    >>> print(claim_of_step(found, label="Response rate", segment={}, estimand="level_change", beside=None, clear=True,
    ...                     changes="the changes of 2025-03 together (CH2 and CH3)", together=True,
    ...                     month=Month.of("2025-04"), grade="C", looked_at=3))
    After the changes of 2025-03 together (CH2 and CH3), response rate stood 8.3 percentage points higher (95 %
    interval: 6.1 to 10.5 percentage points higher) in 2025-04 than its earlier path led to
    expect. None of these changes can be given the credit, or the blame, alone. The comparison leaves questions open, so
    the difference may have other causes. Grade C: comparison with open questions.
    """
    unit = estimate.unit.removesuffix(" per month")
    shown = one_line(label)
    named = f"{shown[:1].lower()}{shown[1:]}" if shown[1:2].islower() else shown
    named += "".join(f" ({one_line(column)}: {one_line(value)})" for column, value in sorted(segment.items()))
    slope = estimand == "slope_change"
    size = side_said(estimate.value, unit, (estimate.low, estimate.high))
    ends = interval_said(estimate.low, estimate.high, unit, estimate.value)
    interval = f"{estimate.level * 100:g} % interval: {ends}"
    when = f"in {month}" if until is None else f"from {month} to {until}"
    path = "its earlier path" if beside is None else f"its earlier path and {one_line(beside)}"
    if estimate.excludes_no_effect:
        if slope:
            found = f"the monthly change of {named} was {size} ({interval}) than before"
        else:
            found = f"{named} stood {size} ({interval}) {when} than {path} led to expect"
    elif slope:
        found = f"the monthly change of {named} showed no clear difference from before: {size} ({interval})"
    else:
        found = f"{named} showed no clear step {when} from what {path} led to expect: {size} ({interval})"
    sentences = [f"After {changes}, {found}."]
    if estimate.excludes_no_effect and not clear:
        sentences.append(MANY.format(count=looked_at))
    if together and estimate.excludes_no_effect:
        sentences.append(BY_ITSELF)
    if afterwards:
        named = " and ".join(one_line(name) for name in afterwards)
        sentences.append(f"{named} {'was' if len(afterwards) == 1 else 'were'} written down afterwards.")
    sentences.append((LIMITS if estimate.excludes_no_effect and clear else LIMITS_UNSEEN)[grade])
    return " ".join([*sentences, f"Grade {grade}: {GRADE_WORDS[grade]}."])
