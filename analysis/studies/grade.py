"""How far can a claim be believed? A to E, earned by checks, never given by hand."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.studies.result import Check, Grade


def grade_of(checks: Iterable[Check], *, randomised: bool = False) -> Grade:
    """The grade that the checks of a design have earned.

    A: randomised and every gate passed. B: a comparison whose every gate passed. C: a comparison with a gate failed
    or not run. D: a randomised test whose gate failed, of which no effect is claimed. Checks that are not gates are
    shown and cap nothing.

    Examples
    --------
    >>> gate = Check(name="pre_trend", verdict="not_run", detail="Too few months.", gate=True)
    >>> grade_of([gate])
    'C'
    >>> grade_of([Check(name="sample_ratio", verdict="passed", detail="", gate=True)], randomised=True)
    'A'
    """
    gates = [check for check in checks if check.gate]
    passed = bool(gates) and all(check.verdict in ("passed", "not_applicable") for check in gates)
    if randomised:
        return "A" if passed else "D"
    return "B" if passed else "C"
