"""A second made-up company, of another shape and written apart from the first: subscriptions, churn, problems in runs.

`firm_life` gives it as arrays, for validation over many of them; `make_firm` writes the same company into a folder.
"""

from __future__ import annotations

from analysis.synthetic.subscription_firm.arrays import FirmLife, firm_life
from analysis.synthetic.subscription_firm.firm import FIRMS
from analysis.synthetic.subscription_firm.tables import make_firm

__all__ = ["FIRMS", "FirmLife", "firm_life", "make_firm"]
