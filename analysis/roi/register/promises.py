"""What became of what was promised? Every promise of the register beside the closed months, and how ranges fared.

A draft is listed and not judged. A promise is judged on the periods of which the outcome is known, from its first on:
it is kept where their sum lies within the sum of their ranges. That is the widest they can be together, so what is said
to be broken is broken. How a promise is read is left to `promise` and `soundness`, what came of it to `achieved`, and
why it differs to `variance`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any, Literal

from analysis.roi.register.achieved import Achieved, achieved, closed_run, promised_made
from analysis.roi.register.calibration import Calibration, Outcome, calibration
from analysis.roi.register.figures_held import Books
from analysis.roi.register.leading import LeadingSeen, leading_seen
from analysis.roi.register.promise import Amount, Promise, months_of
from analysis.roi.register.variance import Variance, split

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["draft", "no outcome yet", "kept", "below", "above"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A promise beside what came of it."""

    promise: Promise
    outcomes: tuple[Achieved, ...]
    variance: Variance | None
    leading: tuple[LeadingSeen, ...]

    @property
    def known(self) -> int:
        """Of how many periods, from the first on, the outcome is known."""
        return len(tuple(closed_run(self.outcomes)))

    @property
    def range(self) -> tuple[float, float]:
        """The sums of the low and of the high ends of the ranges of these periods."""
        rows = self.promise.promised[: self.known]
        return math.fsum(row.low for row in rows), math.fsum(row.high for row in rows)

    @property
    def status(self) -> Status:
        """Where the promise stands."""
        if self.promise.is_draft:
            return "draft"
        if self.variance is None:
            return "no outcome yet"
        low, high = self.range
        value = float(self.variance.achieved)
        return "below" if value < low else "above" if value > high else "kept"

    @property
    def breaches(self) -> tuple[str, ...]:
        """What is not kept, a sentence each: the promise itself, then its leading figures."""
        if self.promise.is_draft:
            return ()
        one = self.promise
        who = f"`{one.id}` ({one.owner})"
        said = []
        if self.status == "below" and self.variance is not None:
            last, low = one.promised[self.known - 1].period, self.range[0]
            came = self.variance.written(one.quantum)
            said.append(
                f"{who}: promised up to {last} were {_amount(came['promised'], one.unit)}, {_amount(low, one.unit)} at "
                f"the least; {_amount(came['achieved'], one.unit)} came."
            )
        said += [f"{who}: {seen.detail}" for seen in self.leading if seen.verdict == "breached"]
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """The promise as results write it."""
        one = self.promise
        to_date = None
        if self.variance is not None:
            low, high = self.range
            to_date = {
                "first": one.promised[0].period,
                "last": one.promised[self.known - 1].period,
                "periods": self.known,
                "low": low,
                "high": high,
                "variance": self.variance.written(one.quantum),
            }
        return {
            "id": one.id,
            "description": one.description,
            "owner": one.owner,
            "kind": one.kind,
            "unit": one.unit,
            "grade": one.grade,
            "measure": one.measure.model_dump(mode="json"),
            "better": one.better,
            "launch": one.launch.isoformat(),
            "baseline": one.baseline.model_dump(mode="json", by_alias=True),
            "level": one.level,
            "depends_on": list(one.depends_on),
            "approved_at": None if one.approved_at is None else one.approved_at.isoformat(),
            "approved_by": one.approved_by,
            "approved_after_launch": one.approved_at is not None and one.approved_at > one.launch,
            "seal": one.seal,
            "status": self.status,
            "periods": [self._period(place) for place in range(len(one.promised))],
            "to_date": to_date,
            "leading": [seen.to_dict() for seen in self.leading],
            "breaches": list(self.breaches),
            "decision": None if one.decision is None else one.decision.model_dump(mode="json"),
        }

    def _period(self, place: int) -> dict[str, Any]:
        row, came = self.promise.promised[place], self.outcomes[place]
        value, locked = (None if one is None else self._written(one) for one in (came.amount, came.locked))
        adjustments = None if value is None or locked is None else float(value - locked)
        return {
            "period": row.period,
            "promised": {"value": row.value, "low": row.low, "high": row.high},
            "forecast": self._forecast(row.period),
            "achieved": {
                "value": None if value is None else float(value),
                "locked": None if locked is None else float(locked),
                "adjustments": adjustments,
                "state": came.state,
                "version": came.version,
                "reason": came.reason,
            },
        }

    def _written(self, amount: Decimal) -> Decimal:
        with localcontext(Context(prec=400)):
            return amount.quantize(self.promise.quantum)

    def _forecast(self, period: str) -> dict[str, Any] | None:
        """The latest forecast of a period."""
        found: Iterable[tuple[str, Amount]] = (
            (forecast.dated.isoformat(), row) for forecast in self.promise.forecasts for row in forecast.periods
        )
        latest = [(dated, row) for dated, row in found if row.period == period]
        if not latest:
            return None
        dated, row = latest[-1]
        return {"dated": dated, "value": row.value, "low": row.low, "high": row.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """All promises of a register, in the order of their ids, and how their ranges fared."""

    judged: tuple[Judged, ...]
    calibration: Calibration

    @property
    def breaches(self) -> tuple[str, ...]:
        """What is not kept, over all promises."""
        return tuple(said for one in self.judged for said in one.breaches)

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`: the rows, and beside them how ranges fared. Nothing without a promise."""
        if not self.judged:
            return {"promises": []}
        return {
            "promises": [one.to_dict() for one in self.judged],
            "coverage": {"promises": {"calibration": self.calibration.to_dict()}},
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a promised period: promise, period, what was promised, forecast and achieved."""
        import pandas as pd

        rows = [
            {
                "id": one.promise.id,
                "owner": one.promise.owner,
                "unit": one.promise.unit,
                "status": one.status,
                "period": row["period"],
                **{f"promised_{name}": row["promised"][name] for name in ("value", "low", "high")},
                "forecast": None if row["forecast"] is None else row["forecast"]["value"],
                "achieved": row["achieved"]["value"],
                "state": row["achieved"]["state"],
            }
            for one in self.judged
            for row in one.to_dict()["periods"]
        ]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def judged(promise: Promise, books: Books) -> Judged:
    """A promise beside what came of it."""
    if promise.is_draft:
        silent = Achieved(period="", reason="a draft is not judged")
        return Judged(promise=promise, outcomes=(silent,) * len(promise.promised), variance=None, leading=())
    outcomes = tuple(achieved(promise, row, books) for row in promise.promised)
    run = tuple(closed_run(outcomes))
    variance = None
    if run:
        found = [one.made for one in run if one.made is not None]
        by_now = [one.amount for one in run if one.amount is not None]
        not_known = list(dict.fromkeys(pair for one in run for pair in one.not_known))
        variance = split(
            [promised_made(promise, row) for row in promise.promised],
            found,
            by_now,
            not_known=_once(not_known),
        )
    return Judged(
        promise=promise,
        outcomes=outcomes,
        variance=variance,
        leading=tuple(leading_seen(one, books) for one in promise.leading),
    )


def judged_all(promises: Sequence[Promise], books: Books) -> Promises:
    """All promises beside what came of them.

    Parameters
    ----------
    promises : sequence of Promise
        Sound ones: see `soundness.misfits`.
    books : Books
    """
    found = tuple(judged(one, books) for one in sorted(promises, key=lambda one: one.id))
    outcomes = [
        Outcome(low=row.low, high=row.high, value=float(came.amount), level=one.promise.level)
        for one in found
        for row, came in zip(one.promise.promised, one.outcomes, strict=True)
        if came.amount is not None and _promised_ahead(one.promise, row)
    ]
    return Promises(judged=found, calibration=calibration(outcomes))


def _promised_ahead(promise: Promise, row: Amount) -> bool:
    """Whether a period was not over when it was promised: in hindsight every range holds."""
    return promise.approved_at is not None and months_of(row.period)[-1].last_day >= promise.approved_at


def _once(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """One reason a part: the first."""
    found: dict[str, str] = {}
    for name, reason in pairs:
        found.setdefault(name, reason)
    return tuple(found.items())


def _amount(amount: float, unit: str) -> str:
    return f"{amount:,.2f} {unit}" if len(unit) == 3 and unit.isupper() else f"{amount:,.4g} {unit}"
