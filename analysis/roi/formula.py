"""How is a line of the case written once, so that Python and the workbook cannot disagree about it?

A `Formula` is a small frozen tree over named inputs. The same tree is computed by numpy over a hundred thousand draws
and written as a live formula over named cells. What the inputs are worth, and how sure that is, is left to `quantity`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError, UnknownName

Floats = NDArray[np.float64]
Sign = Literal["+", "-", "*", "/"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_CELL_ADDRESS = re.compile(r"[a-z]{1,3}[0-9]+|r[0-9]*(c[0-9]*)?|c[0-9]*|true|false")
_ATOM, _MINUS, _TIMES, _PLUS = 4, 3, 2, 1  # how tightly a piece of a formula holds together


def name_of_an_input(name: str) -> str:
    """The name, if it can be that of an input and of a named cell.

    Raises
    ------
    ValueError
        If it is not snake_case, longer than 200 letters, or would be read as the address of a cell.

    Examples
    --------
    >>> name_of_an_input("contacts_per_year")
    'contacts_per_year'
    >>> name_of_an_input("ab12")
    Traceback (most recent call last):
        ...
    ValueError: `ab12` cannot name an input: a workbook would read it as a cell. Use words.
    """
    if not _NAME.fullmatch(name) or len(name) > 200:
        raise ValueError(f"`{name}` cannot name an input: snake_case is asked for, such as `margin_per_contact`.")
    if _CELL_ADDRESS.fullmatch(name):
        raise ValueError(f"`{name}` cannot name an input: a workbook would read it as a cell. Use words.")
    return name


class Formula:
    """An expression over named inputs: `+ - * /`, unary minus, `larger` and `smaller`.

    Formulas are built by writing them; a bare number stands for itself. They are frozen and compare by what they say.

    Examples
    --------
    >>> yearly = Input("gain") * Input("contacts") - 500
    >>> sorted(yearly.inputs)
    ['contacts', 'gain']
    >>> yearly.value({"gain": 2.0, "contacts": 1000.0})
    1500.0
    >>> yearly.value({"gain": np.array([2.0, 1.0]), "contacts": 1000.0}).tolist()
    [1500.0, 500.0]
    >>> yearly.excel({"gain": "margin_gain", "contacts": "contacts_per_year"})
    'margin_gain*contacts_per_year-500'
    """

    __slots__ = ()

    @property
    def inputs(self) -> frozenset[str]:
        """Names of the inputs; sort them where their order could be seen."""
        raise NotImplementedError

    def value(self, at: Mapping[str, float | Floats]) -> float | Floats:
        """What the formula comes to.

        Parameters
        ----------
        at : mapping of str to float or array of float, shape (n,)
            The value of each input; arrays must be of one length.

        Returns
        -------
        float or array of float, shape (n,)
            A float where no input that is read is an array.

        Raises
        ------
        UnknownName
            If an input has no value.
        DesignError
            If something is divided by zero.
        """
        raise NotImplementedError

    def excel(self, cells: Mapping[str, str]) -> str:
        """The formula over named cells, without the leading `=`, bracketed so that it is worked out in the same order.

        Parameters
        ----------
        cells : mapping of str to str
            The named cell of each input.

        Raises
        ------
        UnknownName
            If an input has no cell.
        """
        return self._written(cells)[0]

    def _written(self, cells: Mapping[str, str]) -> tuple[str, int]:
        """The text, and how tightly it holds together."""
        raise NotImplementedError

    def __add__(self, other: Formula | float) -> Formula:
        return _Operation("+", self, formula(other))

    def __radd__(self, other: Formula | float) -> Formula:
        return _Operation("+", formula(other), self)

    def __sub__(self, other: Formula | float) -> Formula:
        return _Operation("-", self, formula(other))

    def __rsub__(self, other: Formula | float) -> Formula:
        return _Operation("-", formula(other), self)

    def __mul__(self, other: Formula | float) -> Formula:
        return _Operation("*", self, formula(other))

    def __rmul__(self, other: Formula | float) -> Formula:
        return _Operation("*", formula(other), self)

    def __truediv__(self, other: Formula | float) -> Formula:
        return _Operation("/", self, formula(other))

    def __rtruediv__(self, other: Formula | float) -> Formula:
        return _Operation("/", formula(other), self)

    def __neg__(self) -> Formula:
        return _Minus(self)


@dataclass(frozen=True, slots=True)
class Input(Formula):
    """A named input of the case."""

    name: str

    def __post_init__(self) -> None:
        name_of_an_input(self.name)

    @property
    def inputs(self) -> frozenset[str]:
        return frozenset((self.name,))

    def value(self, at: Mapping[str, float | Floats]) -> float | Floats:
        try:
            return at[self.name]
        except KeyError:
            raise UnknownName.of("input of the case", self.name, at) from None

    def _written(self, cells: Mapping[str, str]) -> tuple[str, int]:
        try:
            return cells[self.name], _ATOM
        except KeyError:
            raise UnknownName.of("named cell of the case", self.name, cells) from None


@dataclass(frozen=True, slots=True)
class Number(Formula):
    """A number that is part of the formula itself, such as the months of a year: never an assumption."""

    number: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.number):
            raise ValueError(f"A number in a formula must be finite, not {self.number}.")
        object.__setattr__(self, "number", float(self.number))

    @property
    def inputs(self) -> frozenset[str]:
        return frozenset()

    def value(self, at: Mapping[str, float | Floats]) -> float | Floats:
        return self.number

    def _written(self, cells: Mapping[str, str]) -> tuple[str, int]:
        text = repr(self.number).removesuffix(".0").upper()
        return text, _MINUS if text.startswith("-") else _ATOM


@dataclass(frozen=True, slots=True)
class _Minus(Formula):
    of: Formula

    @property
    def inputs(self) -> frozenset[str]:
        return self.of.inputs

    def value(self, at: Mapping[str, float | Floats]) -> float | Floats:
        return -self.of.value(at)

    def _written(self, cells: Mapping[str, str]) -> tuple[str, int]:
        text, holds = self.of._written(cells)
        return f"-{text}" if holds == _ATOM else f"-({text})", _MINUS


@dataclass(frozen=True, slots=True)
class _Operation(Formula):
    sign: Sign
    left: Formula
    right: Formula

    @property
    def inputs(self) -> frozenset[str]:
        return self.left.inputs | self.right.inputs

    def value(self, at: Mapping[str, float | Floats]) -> float | Floats:
        left, right = self.left.value(at), self.right.value(at)
        match self.sign:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
        if np.any(np.equal(right, 0)):
            named = ", ".join(f"`{name}`" for name in sorted(self.right.inputs)) or "a number"
            raise DesignError(
                f"A formula of the case divides by zero: by {named}. Give it a value or range above zero."
            )
        return left / right

    def _written(self, cells: Mapping[str, str]) -> tuple[str, int]:
        """Both engines work from left to right: what stands on the right is bracketed unless it holds tighter."""
        holds = _PLUS if self.sign in "+-" else _TIMES
        left, left_holds = self.left._written(cells)
        right, right_holds = self.right._written(cells)
        left = left if left_holds >= holds else f"({left})"
        right = right if right_holds > holds and right_holds != _MINUS else f"({right})"
        return f"{left}{self.sign}{right}", holds


@dataclass(frozen=True, slots=True)
class _Extreme(Formula):
    largest: bool
    left: Formula
    right: Formula

    @property
    def inputs(self) -> frozenset[str]:
        return self.left.inputs | self.right.inputs

    def value(self, at: Mapping[str, float | Floats]) -> float | Floats:
        left, right = self.left.value(at), self.right.value(at)
        if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
            return np.maximum(left, right) if self.largest else np.minimum(left, right)
        return max(left, right) if self.largest else min(left, right)

    def _written(self, cells: Mapping[str, str]) -> tuple[str, int]:
        name = "MAX" if self.largest else "MIN"
        return f"{name}({self.left._written(cells)[0]},{self.right._written(cells)[0]})", _ATOM


def formula(of: Formula | float) -> Formula:
    """A formula as it is; a number as a formula.

    Examples
    --------
    >>> formula(12)
    Number(number=12.0)
    """
    return of if isinstance(of, Formula) else Number(of)


def larger(a: Formula | float, b: Formula | float) -> Formula:
    """The larger of two formulas.

    Examples
    --------
    >>> over = larger(Input("forecast") - Input("today"), 0)
    >>> over.value({"forecast": 900.0, "today": 1000.0}), over.excel({"forecast": "forecast", "today": "today"})
    (0.0, 'MAX(forecast-today,0)')
    """
    return _Extreme(True, formula(a), formula(b))


def smaller(a: Formula | float, b: Formula | float) -> Formula:
    """The smaller of two formulas.

    Examples
    --------
    >>> smaller(Input("forecast"), Input("today")).value({"forecast": 900.0, "today": 1000.0})
    900.0
    """
    return _Extreme(False, formula(a), formula(b))


def total(formulas: Iterable[Formula | float]) -> Formula:
    """The sum of formulas, added from the first to the last; nothing is 0.

    Examples
    --------
    >>> total([Input("agents"), Input("tools"), 5]).excel({"agents": "agents", "tools": "tools"})
    'agents+tools+5'
    >>> total([]).value({})
    0.0
    """
    first, *others = [formula(one) for one in formulas] or [Number(0.0)]
    for other in others:
        first = first + other
    return first
