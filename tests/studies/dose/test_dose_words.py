"""What dose and mix say where nothing varies, and where a check failed: no certainty, and no raw figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.studies.dose.plan import DosePlan
from analysis.studies.dose.study import dose_on
from tests.studies.dose.test_dose import lives


def test_an_outcome_that_never_varies_is_refused() -> None:
    rows = lives(3, per_contact=0.2)
    same = replace(rows, after={"repurchased": np.ones(len(rows))})
    found = dose_on(same, DosePlan(outcomes=("repurchased",)))
    for effect in found.effects:
        assert effect.estimate is None
        assert "Nothing varies" in str(effect.reason) or "are the fewest" in str(effect.reason)


def test_an_association_that_failed_its_check_is_not_called_raw() -> None:
    rows = lives(3, per_contact=0.2)
    drifting = replace(rows, later_known=np.zeros(len(rows), dtype=bool))
    found = dose_on(drifting, DosePlan(outcomes=("orders",)))
    told = [effect for effect in found.effects if effect.estimand == "dose_association" and effect.estimate is not None]
    assert told
    for effect in told:
        assert effect.grade == "D"
        assert "This raw figure" not in effect.claim
        assert "did not pass its checks" in effect.claim
    raw = [effect for effect in found.effects if effect.estimand == "naive_dose_gap" and effect.estimate is not None]
    assert all("This raw figure" in effect.claim for effect in raw)
