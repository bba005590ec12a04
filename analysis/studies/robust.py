"""What is left of an effect if the groups were drifting apart anyway? Robust sets from the event study.

The drift may go on in a straight line, or change in a month by half or all of its largest change before the contact.
The sets come from the joint covariance of the months' log ratios and are told as ratios; the month before the dip is
what they are measured against, so that they are wider than the effect's own interval even where no drift is allowed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Bounds
from analysis.studies.event_study import leads_of, log_ratios
from analysis.studies.fits import Fits

MAGNITUDES = (0.5, 1.0)
"""Largest change of the drift in a month, as multiples of its largest change before the contact."""


def robust_bounds(fits: Fits, outcome: str) -> tuple[Bounds, ...]:
    """What cannot be ruled out about the ratio after the contact, under three limits on the drift between the groups.

    Parameters
    ----------
    fits : Fits
        Settled, with the event study of the outcome.
    outcome : str

    Returns
    -------
    tuple of Bounds
        As ratios; empty where there are too few leads, or their covariance is singular.

    Source
    ------
    Rambachan and Roth (2023), see `inference.honest_did`.
    """
    from analysis.inference.honest_did import MOST_LEADS, rebased, relative_magnitude_bounds, smoothness_bounds

    months, ratios, covariance = log_ratios(fits, outcome)
    leads = leads_of(fits.stack.layout.before)
    if not months or len(leads) - 1 > MOST_LEADS:
        return ()
    last = len(leads) - 1
    try:
        beta, spread = rebased(ratios, covariance, last)
        after = fits.stack.layout.after
        given: dict[str, Any] = {
            "n_pre": last,
            "weights": np.full(after, 1 / after),
            "periods": [month for month in months if month != leads[-1]],
            "reference": leads[-1],
            "level": fits.level,
            "name": outcome,
        }
        found = [smoothness_bounds(beta, spread, m=0.0, **given)]
        found += [relative_magnitude_bounds(beta, spread, mbar=mbar, **given) for mbar in MAGNITUDES]
    except (DesignError, ValueError, np.linalg.LinAlgError):
        return ()
    return tuple(
        Bounds(name=outcome, low=math.exp(one.low), high=math.exp(one.high), unit="ratio", assumes=one.assumes)
        for one in found
        if max(abs(one.low), abs(one.high)) < math.log(1e6)
    )
