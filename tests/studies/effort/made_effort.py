"""Made-up customers with one issue each, whose effort and purchases follow a known law; for the tests of the study."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.studies.effort.rows import EffortRows


@dataclass(frozen=True, kw_only=True)
class Law:
    """How an issue on social changes its effort, and what effort changes in orders; factors of orders in the window."""

    contacts: float = -0.5
    per_contact: float = -0.06
    direct: float = 0.0
    trend: float = 0.0
    severity_moves_orders: float = 0.0
    answers_if_hard: float = 0.0


@dataclass(frozen=True)
class Made:
    rows: EffortRows
    total: float
    indirect: float
    said_gap: float


def made(seed: int, n: int = 6_000, law: Law | None = None, **changes: float) -> Made:
    """Customers who differ by a factor; those with a taste for social buy more anyway, and `trend` makes them grow."""
    law = replace(law or Law(), **changes)
    rng = np.random.default_rng(seed)
    taste = rng.gamma(4, 0.25, n)
    exposed = rng.random(n) < np.clip(0.1 + 0.2 * taste, 0, 0.9)
    month = rng.integers(660, 666, n)
    severity = rng.integers(1, 4, n)
    region = rng.integers(0, 2, n)
    wait = 1 + 0.5 * exposed + rng.standard_normal(n)
    contacts = 1.0 + rng.poisson(1.2 + law.contacts * exposed + 0.3 * (severity - 1), n)
    again = (rng.random(n) < 0.1).astype(float)
    hard = law.severity_moves_orders * (severity - 2)
    growth = 1.1 + law.trend * exposed + hard + law.per_contact * (contacts - 2) + law.direct * exposed
    prior, before = (rng.poisson(3 * taste * (1 + law.trend * exposed * step)) for step in (-1, 0))
    after = rng.poisson(3 * taste * np.maximum(growth, 0.05))
    answered = rng.random(n) < np.clip(0.3 + law.answers_if_hard * (contacts - 2), 0.05, 0.9)
    score = np.clip(contacts + rng.integers(0, 2, n), 1, 5)
    indirect = float((3 * taste * law.per_contact * law.contacts)[exposed].mean())
    total = indirect + float((3 * taste * law.direct)[exposed].mean())
    rows = EffortRows(
        exposed=exposed,
        month=month,
        product=rng.integers(0, 3, n),
        severity=severity,
        recent=rng.integers(0, 3, n),
        earlier=np.zeros(n, dtype=np.int64),
        observed=1 + rng.random(n),
        effort={"contacts_to_resolve": contacts, "repeat_contact": again},
        after={"orders": after.astype(float), "repurchased": (after > 0).astype(float)},
        before={"orders": before.astype(float), "repurchased": (before > 0).astype(float)},
        prior={"orders": prior.astype(float), "repurchased": (prior > 0).astype(float)},
        moved={"log_hours_to_reply": wait},
        said={"ces1": np.where(answered, score, np.nan)},
        asked={"ces1": np.ones(n, dtype=bool)},
        attributes={"region": region},
        labels={"product": ("a", "b", "c"), "region": ("north", "<south>")},
        account={"customers_with_an_issue": n, "rows": n},
    )
    return Made(rows, total, indirect, float(score[exposed].mean() - score[~exposed].mean()))
