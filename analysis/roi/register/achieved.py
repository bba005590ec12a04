"""What came of a promised period? Read from the closed months, with what was booked since; never counted afresh.

A figure is read by the definition that was promised by and by the newest one held, so that a new definition is no
achievement. An effect of a study is read from its row and counts for the periods that lie within the months it was
measured on. How figures are read is left to `figures_held`, what the amounts say beside the promise to `variance`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

from analysis.roi.register.figures_held import Books, Both, Lack, Read, exact, read_figure
from analysis.roi.register.promise import Promise, PromisedAmount, months_of
from analysis.roi.register.variance import Made

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Factor:
    """A volume or a price: by the definition promised by, by the one that holds now, and as first closed."""

    then: Decimal
    now: Decimal
    locked: Decimal
    not_known: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Achieved:
    """What came of a promised period, or why that is not known yet.

    `made` is by the definition promised by, or by the one that holds now where the former is not held (`not_known` then
    says so); `amount` is by the one that holds now, `locked` what the months were first closed with.
    """

    period: str
    made: Made | None = None
    amount: Decimal | None = None
    locked: Decimal | None = None
    state: str | None = None
    version: int | None = None
    reason: str | None = None
    not_known: tuple[tuple[str, str], ...] = ()


def achieved(promise: Promise, row: PromisedAmount, books: Books) -> Achieved:
    """What came of one promised period.

    Parameters
    ----------
    promise : Promise
    row : PromisedAmount
        One of its periods.
    books : Books
    """
    measured = _measure(promise, row.period, books)
    if isinstance(measured, Lack):
        return Achieved(period=row.period, reason=measured.reason)
    volume, price = _volume(promise, row, books, measured), _price(promise, row, books)
    if isinstance(volume, Lack):
        return Achieved(period=row.period, reason=volume.reason)
    if isinstance(price, Lack):
        return Achieved(period=row.period, reason=price.reason)
    base, sign = exact(promise.baseline.value), promise.sign
    now = measured.now
    locked = None
    if now.locked is not None:
        locked = Made(volume.locked, sign * (now.locked - base), price.locked).amount
    return Achieved(
        period=row.period,
        made=Made(volume.then, sign * (measured.then.value - base), price.then),
        amount=Made(volume.now, sign * (now.value - base), price.now).amount,
        locked=locked,
        state=now.state,
        version=now.version,
        not_known=(*measured.not_known, *volume.not_known, *price.not_known),
    )


def promised_made(promise: Promise, row: PromisedAmount) -> Made:
    """What a promised amount is made of: the volume and price promised, and the change that makes them the amount."""
    volume, price = (ONE if one is None else exact(one) for one in (row.volume, row.price))
    if not volume * price:
        return Made(volume, promise.sign * (exact(row.rate or 0) - exact(promise.baseline.value)), price)
    with localcontext(Context(prec=60)):  # the quotient may have no end: far past a digit that is ever written
        return Made(volume, exact(row.value) / (volume * price), price)


def _measure(promise: Promise, period: str, books: Books) -> Both | Lack:
    figure = promise.measure.figure
    if figure is not None:
        return read_figure(figure, period, books)
    found = _effect(promise, period, books)
    return found if isinstance(found, Lack) else Both(found, found)


def _effect(promise: Promise, period: str, books: Books) -> Read | Lack:
    """An effect that was measured on months that hold the whole period."""
    asked = str(promise.measure.effect).split("/")
    months = months_of(period)
    rows = [
        row
        for row in books.effects
        if [row[name] for name in ("design", "estimand", "outcome", "scale")] == asked
        and not row["segment"]
        and row.get("declared", True)
        and row["maturity"] == "mature"
    ]
    if not rows:
        return Lack(f"no study of this report measured `{promise.measure.effect}`")
    for row in rows:
        spans = row["index_from"] is not None and row["index_to"] is not None
        if spans and row["index_from"] <= str(months[0]) and str(months[-1]) <= row["index_to"]:
            if row["value"] is None:
                return Lack(f"no effect is claimed: {row['reason']}")
            return Read(exact(row["value"]), None, None, None, promise.measure.version, "estimated")
    return Lack(f"the effect was not measured on {period} yet")


def _volume(promise: Promise, row: PromisedAmount, books: Books, measured: Both) -> Factor | Lack:
    if row.volume is None:
        return Factor(ONE, ONE, ONE)
    if promise.volume is not None:
        return _factor(read_figure(promise.volume, row.period, books))
    then, now = measured.then, measured.now
    if then.below is not None and now.below is not None:
        return Factor(then.below, now.below, now.below if now.locked_below is None else now.locked_below)
    return _as_promised(row.volume, "volume")


def _price(promise: Promise, row: PromisedAmount, books: Books) -> Factor | Lack:
    if row.price is None:
        return Factor(ONE, ONE, ONE)
    if promise.price is None:
        return _as_promised(row.price, "price")
    return _factor(read_figure(promise.price, row.period, books))


def _factor(found: Both | Lack) -> Factor | Lack:
    if isinstance(found, Lack):
        return found
    now = found.now
    return Factor(found.then.value, now.value, now.value if now.locked is None else now.locked, found.not_known)


def _as_promised(stated: float, name: str) -> Factor:
    """What no figure tells stands as promised, and says so."""
    value = exact(stated)
    return Factor(value, value, value, ((name, f"no figure tells the {name}, so it stands as promised"),))


def closed_run(rows: Sequence[Achieved]) -> Iterator[Achieved]:
    """The periods from the first on of which the outcome is known, up to the first of which it is not."""
    for row in rows:
        if row.made is None:
            return
        yield row
