"""How is the case in money set up? The section `roi` of a parameters file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from analysis.runner.params_values import Money, Section

CostLineName = Literal["agents", "tools", "training", "implementation", "goodwill", "measurement", "other"]


class CostLineSection(Section):
    """One line of the programme's cost, in the report's currency."""

    initial: Money = 0.0
    """Paid once, at the start."""
    per_year: Money = 0.0
    """Paid every year."""


class RoiSection(Section):
    """The case in money. Present, even if empty: the case is made. Absent: it is not."""

    years: Annotated[int, Field(ge=1, le=10)] = 3
    """Years the case runs."""
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.10
    """Yearly rate at which later money is worth less."""
    contacts_per_year: Annotated[float, Field(gt=0, le=10**10)] | None = None
    """Social index contacts a year. Default: as many as measured."""
    cost_lines: dict[CostLineName, CostLineSection] | None = None
    """Cost by line. Default: from the table `costs`."""
    draws: Annotated[int, Field(ge=1_000, le=10_000_000)] = 100_000
    """Draws by which uncertainty is carried into money."""
