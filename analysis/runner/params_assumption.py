"""How is an assumption written in a parameters file: a number, or a value with its range, its source and its day?

A range without a source cannot be judged by its reader, so that both go together. What an assumption is used for is
left to `params_roi`; how it is drawn, to the case.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from analysis.runner.params_values import Day, Section, fault, written_as_day

LARGEST = 10**12


def day_written(given: Any) -> Any:
    """A day written as text; what is none is refused as any day of the file is."""
    if not isinstance(given, str):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        if written_as_day(given):
            raise fault("day", "there is no such day", "Look at the length of the month.") from error
        raise fault("day", "is text, where a day is expected", "Write it as 2026-10-06.") from error


class AssumptionSection(Section):
    """An assumption: a number, or a value with its range. What has a range has a source and a day."""

    value: float
    """The most likely value; of a normal spread, its mean."""
    low: float | None = None
    """The lowest value it may have."""
    high: float | None = None
    """The highest value it may have."""
    shape: Literal["triangular", "pert"] = "triangular"
    """How the values between `low` and `high` lie round the most likely one."""
    sd: Annotated[float, Field(gt=0, le=LARGEST)] | None = None
    """Standard deviation of a normal spread, instead of `low` and `high`."""
    source: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """Where the value and its range come from."""
    dated: Annotated[Day, BeforeValidator(day_written)] | None = None
    """The day of the source."""

    @model_validator(mode="after")
    def _one_spread(self) -> AssumptionSection:
        if (self.low is None) != (self.high is None):
            raise fault("range", "has one end of a range", "Give `low` and `high`, or neither.")
        if self.sd is not None and self.low is not None:
            raise fault("range", "has a range and a standard deviation", "Give `low` and `high`, or `sd`.")
        if self.shape != "triangular" and self.low is None:
            raise fault("range", "has a shape and no range", "Give `low` and `high`, or take `shape` out.")
        if self.low is not None and self.high is not None:
            if not self.low <= self.value <= self.high:
                raise fault(
                    "range", "has its value outside its range", "`value` lies from `low` to `high`; look at all three."
                )
            if self.low == self.high:
                raise fault("range", "has a range of no width", "Take `low` and `high` out, or set them apart.")
        if self.is_uncertain and (self.source is None or self.dated is None):
            lacking = " and no ".join(
                name for name, given in (("source", self.source), ("day", self.dated)) if given is None
            )
            raise fault(
                "unsourced", f"has a range and no {lacking}", "Say where the range comes from: `source`, `dated`."
            )
        return self

    @property
    def is_uncertain(self) -> bool:
        """Whether it is more than one number."""
        return self.low is not None or self.sd is not None


def _written_out(given: Any) -> Any:
    """A number as the section it stands for; a section as it is."""
    if isinstance(given, dict | AssumptionSection):
        return given
    if isinstance(given, bool) or not isinstance(given, int | float):
        kind = "true or false" if isinstance(given, bool) else "text" if isinstance(given, str) else "a list"
        what = f"is {kind}, where a number or a section is expected"
        raise fault("assumption", what, "Write digits without quotes, or `value`, `low`, `high`, `source` and `dated`.")
    if not math.isfinite(given):
        raise fault("finite_number", "is no finite number", "Write it in digits.")
    return {"value": given}


class _OrNumber:
    """Says in the schema that a number will do."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "number"}, handler(core)]}


@dataclass(frozen=True, slots=True)
class _Within:
    """That an assumption and its whole range lie where such a thing can lie."""

    least: float
    most: float
    above: bool = False

    def __call__(self, found: AssumptionSection) -> AssumptionSection:
        for name in ("value", "low", "high"):
            given = getattr(found, name)
            if given is None:
                continue
            which = "" if name == "value" else f"has a `{name}` that "
            if given < self.least or (self.above and given == self.least):
                what, remedy = ("not above", "Write a number above") if self.above else ("below", "The least is")
                raise fault("limit", f"{which}is {what} {self.least:,.15g}", f"{remedy} {self.least:,.15g}.")
            if given > self.most:
                raise fault("limit", f"{which}is above {self.most:,.15g}", f"The most is {self.most:,.15g}.")
        return found


def _assumption(check: Callable[[AssumptionSection], AssumptionSection]) -> Any:
    return Annotated[AssumptionSection, BeforeValidator(_written_out), AfterValidator(check), _OrNumber()]


AnyAmount = _assumption(_Within(-LARGEST, LARGEST))
Amount = _assumption(_Within(0, LARGEST))
AboveZero = _assumption(_Within(0, 10**10, above=True))
AssumedShare = _assumption(_Within(0, 1))
