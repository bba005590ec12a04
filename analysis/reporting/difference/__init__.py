"""What differs between two results, why it can, and whether it is more than chance?

`difference` compares two `results.json`; what it gives is plain values that a later report carries under `previous`
and `touchstone diff` prints. Pages say it in `analysis.reporting.tables.difference`. Finding and checking the files is
left to the runner.
"""

from __future__ import annotations

from analysis.reporting.difference.whole import Difference, difference

__all__ = ["Difference", "difference"]
