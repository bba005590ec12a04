"""What is a promise? One file of the register: who promises what by when, on which baseline, frozen once approved.

An amount of a period is volume x change x price, the change being that of the promised figure against its baseline, in
the direction that is better; a volume or price that is not given is one. What an approval freezes is held by a seal
over all of it: a promise is not edited afterwards, a forecast is added. Whether what is said makes sense is asked by
`soundness`; how the file is read is left to those who read files.
"""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.foundation.calendar import Month, Period
from analysis.foundation.provenance import canonical_json, rounded

SCHEMA = "touchstone.promise/1"
NOT_FROZEN = ("seal", "forecasts", "decision")
"""Keys that an approval does not freeze."""

Text = Annotated[str, Field(min_length=1, max_length=500)]


class Part(BaseModel):
    """What all parts of a promise share: strict, closed, frozen, finite."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class Figure(Part):
    """A figure of the closed months: a metric of the catalogue, in one version."""

    metric: Text
    """Id of a metric of the catalogue."""
    version: Annotated[int, Field(ge=1)] = 1
    """Version of its definition that was promised by."""
    basis: Literal["action", "post", "snapshot"] | None = None
    """Where the metric is counted on both: by the month of the action, or of the post."""
    segment: dict[str, str] = Field(default_factory=dict)
    """One part of it, as `{channel: social}`; default all."""


class Measure(Part):
    """What the promise is measured by: a figure of the closed months, or an effect of a study."""

    metric: Text | None = None
    """Id of a metric of the catalogue."""
    version: Annotated[int, Field(ge=1)] = 1
    """Version of its definition that is promised by."""
    basis: Literal["action", "post", "snapshot"] | None = None
    """Where the metric is counted on both: by the month of the action, or of the post."""
    segment: dict[str, str] = Field(default_factory=dict)
    """One part of it, as `{channel: social}`; default all."""
    effect: Annotated[str, Field(pattern=r"^\w+/\w+/\w+/(ratio|difference)$")] | None = None
    """In place of a metric: `before_after/channel_effect/margin/difference`, of all customers."""

    @property
    def figure(self) -> Figure | None:
        """The figure, where it is one."""
        if self.metric is None:
            return None
        return Figure(metric=self.metric, version=self.version, basis=self.basis, segment=self.segment)


class Baseline(Part):
    """What the measure was before, frozen before launch, for a time as long as a promised period."""

    value: float
    """The measure then."""
    first: Annotated[str, Field(alias="from", pattern=r"^\d{4}-\d{2}$")]
    """First month of the window, as in `2026-01`."""
    to: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
    """Last month of the window."""
    known_at: date
    """As of when it was known."""


class Amount(Part):
    """An amount of a period with its range."""

    period: Text
    """A month, quarter or year: 2026-09, 2026q3, `"2026"`."""
    value: float
    """The amount, in the promise's unit."""
    low: float
    """The low end of its range."""
    high: float
    """The high end of its range."""


class PromisedAmount(Amount):
    """A promised amount, with what it is made of."""

    volume: Annotated[float, Field(ge=0)] | None = None
    """Over how many (contacts, issues) it is reckoned; default one."""
    rate: float | None = None
    """What the measure shall be; default what the value says."""
    price: float | None = None
    """Money for a unit of the change; default one."""


class Leading(Figure):
    """A figure that tells early: where it shall stand, and by when."""

    at_least: float | None = None
    """The least it may be."""
    at_most: float | None = None
    """The most it may be."""
    by: date
    """From the month that is over by this day on."""

    @property
    def month(self) -> Month:
        """The last month that is over by the day."""
        month = Month.of(self.by)
        return month if month.last_day <= self.by else month.plus(-1)

    @property
    def threshold(self) -> float:
        return self.at_least if self.at_least is not None else self.at_most or 0.0


class Forecast(Part):
    """What was expected at a later day of periods that were not over then."""

    dated: date
    """The day of the forecast."""
    by: Text
    """Who says so."""
    note: Text | None = None
    """Why."""
    periods: Annotated[tuple[Amount, ...], Field(min_length=1)]
    """The periods it speaks of."""


class Decided(Part):
    """What was decided of the promise."""

    dated: date
    """The day."""
    by: Text
    """By whom."""
    what: Literal["continue", "fix", "stop"]
    """Go on, mend, or stop."""


class Promise(Part):
    """One promise: its file, typed."""

    schema_: Annotated[Literal["touchstone.promise/1"], Field(alias="schema")]
    """`touchstone.promise/1`."""
    id: Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$")]
    """Small letters, digits, `-` and `_`: the name of the file."""
    description: Text
    """What is promised, in a sentence."""
    owner: Text
    """Who answers for it."""
    kind: Literal["cashable", "capacity", "avoided", "margin"]
    """Spending that falls, time set free, growth avoided, or margin."""
    measure: Measure
    """What it is measured by."""
    better: Literal["higher", "lower"]
    """Whether more or less of the measure is the benefit."""
    volume: Figure | None = None
    """The figure that tells the volume; of a ratio it is its own denominator without one."""
    price: Figure | None = None
    """The figure that tells the price; without one it stays as promised."""
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    """Unit of the amounts: EUR, hours."""
    grade: Literal["A", "B", "C", "D", "E"]
    """Evidence it was promised on."""
    launch: date
    """The day what is promised begins."""
    baseline: Baseline
    """What was before."""
    level: Annotated[float, Field(gt=0.5, lt=1)] = 0.9
    """How often the ranges are meant to hold the outcome."""
    promised: Annotated[tuple[PromisedAmount, ...], Field(min_length=1, max_length=240)]
    """The amounts by period, in order."""
    leading: Annotated[tuple[Leading, ...], Field(min_length=1, max_length=3)]
    """One to three figures that tell early."""
    depends_on: tuple[Text, ...] = ()
    """Ids of other promises, or what else must happen, in words."""
    approved_at: date | None = None
    """The day of the approval; until then it is a draft."""
    approved_by: Text | None = None
    """Who approved it."""
    seal: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    """Written by the approval over all of the above."""
    forecasts: tuple[Forecast, ...] = ()
    """Later views, in the order of their days; none is taken back."""
    decision: Decided | None = None
    """What was decided of it last."""

    @property
    def is_draft(self) -> bool:
        return self.seal is None

    @property
    def sign(self) -> int:
        """1 where more of the measure is the benefit, else -1."""
        return 1 if self.better == "higher" else -1

    @property
    def quantum(self) -> Decimal:
        """To what amounts are written: cents for money, else a millionth."""
        is_money = len(self.unit) == 3 and self.unit.isupper()
        return Decimal("0.01") if is_money else Decimal("0.000001")

    def frozen_part(self) -> dict[str, Any]:
        """All that an approval freezes, as plain values."""
        return {
            key: value for key, value in self.model_dump(mode="json", by_alias=True).items() if key not in NOT_FROZEN
        }

    def sealed(self) -> str:
        """The seal of what is frozen; the same for `100` and `100.0`, whatever the order of keys.

        Returns
        -------
        str
            `sha256:` and 64 hexadecimal digits.
        """
        return "sha256:" + hashlib.sha256(canonical_json(_as_floats(rounded(self.frozen_part())))).hexdigest()


def _as_floats(value: Any) -> Any:
    """Numbers as floats, so that how they were written makes no difference."""
    if isinstance(value, dict):
        return {key: _as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def months_of(period: str) -> tuple[Month, ...]:
    """The months of a promised period.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> [str(month) for month in months_of("2026q3")]
    ['2026-07', '2026-08', '2026-09']
    """
    return Period.of(period).months()
