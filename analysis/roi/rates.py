"""What is an amount in another currency worth in the currency of the case? By a stated rate, or not at all.

Nothing is looked up and nothing is assumed: an amount in a currency without a stated rate stops the case, by the name
of the parameter that is missing. Rates are stated once and hold for the whole horizon; how they may move is left to the
ranges of what they are multiplied with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from analysis.foundation.errors import DesignError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one unit of a currency is worth in the currency of the case, who says so, and when (an ISO day)."""

    rate: float
    source: str
    dated: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"A rate is above zero, not {self.rate}.")


@dataclass(frozen=True, slots=True)
class Rates:
    """The currency of the case, and the rates that lead to it.

    Parameters
    ----------
    currency : str
        ISO 4217, of the case.
    stated : mapping of str to Rate
        By currency: what one unit of it is worth in the currency of the case.

    Examples
    --------
    >>> rates = Rates("EUR", {"USD": Rate(rate=0.92, source="central bank", dated="2026-09-30")})
    >>> rates.factor("USD", "costs"), rates.factor("EUR", "costs")
    (0.92, 1.0)
    >>> rates.said("USD")
    ', 0.92 EUR per USD (central bank, 2026-09-30)'
    """

    currency: str
    stated: Mapping[str, Rate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = self.stated.get(self.currency)
        if own is not None and own.rate != 1:
            raise ValueError(f"One {self.currency} is one {self.currency}; the case needs no rate for it.")
        object.__setattr__(self, "stated", MappingProxyType(dict(sorted(self.stated.items()))))

    def has(self, currency: str) -> bool:
        """Whether an amount in that currency can be told in that of the case."""
        return currency == self.currency or currency in self.stated

    def factor(self, currency: str, where: str) -> float:
        """By what amounts in `currency` are multiplied; `where` says whose amounts, as the subject of a sentence.

        Raises
        ------
        DesignError
            If there is no rate for it.
        """
        if currency == self.currency:
            return 1.0
        if currency not in self.stated:
            raise DesignError(
                f"{where} are in {currency}, the case in {self.currency}, and `roi.rates.{currency}` is not given. "
                f"State what one {currency} is worth, with its source and date, or set `report: currency`."
            )
        return self.stated[currency].rate

    def said(self, currency: str) -> str:
        """The rate as the end of a source line; empty where none was needed."""
        if currency == self.currency:
            return ""
        rate = self.stated[currency]
        return f", {rate.rate:g} {self.currency} per {currency} ({rate.source}, {rate.dated})"
