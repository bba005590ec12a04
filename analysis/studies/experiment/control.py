"""Which arm are the others compared with? The one that was named, else the one whose name says so."""

from __future__ import annotations

from collections.abc import Collection

from analysis.foundation.errors import DesignError, UnknownName

CONTROL_NAMES = ("control", "holdout")


def control_arm(arms: Collection[str], named: str | None, experiment: str) -> str:
    """The comparison arm of an experiment.

    Parameters
    ----------
    arms : collection of str
    named : str, optional
        The arm that the plan names.
    experiment : str

    Raises
    ------
    UnknownName
        If the arm named does not exist.
    DesignError
        If none was named and none says so, or there is nothing to compare it with.

    Examples
    --------
    >>> control_arm(["Holdout", "invited"], None, "trial"), control_arm(["a", "b"], "b", "trial")
    ('Holdout', 'b')
    """
    if named is not None and named not in arms:
        raise UnknownName.of(f"arm of experiment `{experiment}`", named, arms)
    called = [named] if named is not None else [arm for arm in arms if arm.lower() in CONTROL_NAMES]
    if len(called) != 1:
        raise DesignError(
            f"Experiment `{experiment}` has the arms {', '.join(arms)}; say which one the others are compared with: "
            "`comparison: NAME` in the parameters."
        )
    if len(arms) == 1:
        raise DesignError(f"Experiment `{experiment}` has one arm only, `{called[0]}`: there is nothing to compare.")
    return called[0]
