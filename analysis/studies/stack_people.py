"""Which customer is a row of some table about? A whole number in place of an id, so that no table is joined by texts.

The engine makes a number of 64 bits of each id as it reads; the numbers of all customers are held here, sorted, and are
looked up batch by batch. Two customers of one number would be taken for each other: where that happens, other numbers
are made. What the rows say of a customer is left to `stack_issues` and `stack_months_sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Ints
from analysis.studies.stack_calendar import instants
from analysis.studies.stack_threads import side_by_side
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.engine import Dialect
    from analysis.tables.load import Tables

Codes = NDArray[np.int32]
Numbers = NDArray[np.uint64]

_NOBODY = 2**64 - 1
_HALF = np.uint64(2**63)
_PIECES = 4
"""Pieces of a directory that are filled at once."""
_AT_ONCE = 2**16
"""Numbers that are looked up at once."""
_SALTS = 8
"""So many kinds of numbers are tried. Of ten million customers, two share a number once in 400,000 companies."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Numbers of customers, each in the place that its leading bits name or, where that is taken, soon after it.

    Parameters
    ----------
    places : array of uint64, shape (n_places, 2)
        Numbers in their order, with gaps, and beside each the position in which it was given. A gap holds the next
        number again, the last ones the largest of all, both without a position.
    bits : int
    """

    places: Numbers
    bits: int

    @classmethod
    def of(cls, numbers: Numbers) -> Directory | None:
        """A directory of these numbers, or None if two are the same.

        Examples
        --------
        >>> numbers = np.array([2**63, 5, 7], dtype=np.uint64)
        >>> Directory.of(numbers).codes(np.array([7, 6, 2**63], dtype=np.uint64)).tolist()
        [2, -1, 0]
        """
        order = _sorted(numbers)
        ordered = numbers[order]
        if (ordered[1:] == ordered[:-1]).any():
            return None
        bits = len(numbers).bit_length() + 2
        position = np.arange(len(numbers))
        place = np.maximum.accumulate((ordered >> np.uint64(64 - bits)).astype(np.int64) - position) + position
        used = int(place.max(initial=-1)) + 1
        places = np.empty((max(2**bits, used) + 1, 2), dtype=np.uint64)
        places[used:] = _NOBODY
        gaps = np.diff(place, prepend=-1)
        step = max(-(-len(numbers) // _PIECES), 1)

        def fill(first: int) -> None:
            """The places of some numbers, and the gaps before each of them."""
            some = slice(first, first + step)
            begin = int(place[first] - gaps[first]) + 1
            part = places[begin : int(place[some][-1]) + 1]
            part[:, 0] = np.repeat(ordered[some], gaps[some])
            part[:, 1] = _NOBODY
            part[place[some] - begin, 1] = order[some]

        side_by_side(fill, range(0, len(numbers), step), numbers=2 * len(places))
        return cls(places, bits)

    def codes(self, numbers: Numbers) -> Codes:
        """The positions in which these numbers were given, -1 where a number is not known.

        Nearly each stands in its own place, and is looked for there first, a few thousand at once, which lie close to
        the processor meanwhile; a number and its position are fetched as one, since fetching is what takes the time.
        The others are looked for further on, up to the first that is no smaller.
        """
        together = self.places.view(np.complex128)[:, 0]

        def held_at(at: Ints) -> tuple[Numbers, Ints]:
            held, position = together.take(at).view(np.uint64).reshape(-1, 2).T
            return held, position.view(np.int64)

        own: Ints = (numbers >> np.uint64(64 - self.bits)).view(np.int64)
        codes = np.empty(len(numbers), dtype=np.int32)
        away = np.empty(len(numbers), dtype=bool)
        for first in range(0, len(numbers), _AT_ONCE):
            rows = slice(first, first + _AT_ONCE)
            held, codes[rows] = held_at(own[rows])
            np.not_equal(held, numbers[rows], out=away[rows])
        searching = np.flatnonzero(away)
        codes[searching] = -1
        at, sought = own[searching], numbers[searching]
        while len(searching):
            at += 1
            held, position = held_at(at)
            there = np.flatnonzero(held == sought)
            codes[searching[there]] = position[there]
            left = np.flatnonzero(held < sought)
            searching, at, sought = searching[left], at[left], sought[left]
        return codes


def _sorted(numbers: Numbers) -> Ints:
    """The order of numbers; the lower and the upper half are sorted at once."""
    upper = numbers >= _HALF

    def within(half: bool) -> Ints:
        rows = np.flatnonzero(upper == half)
        return rows[np.argsort(numbers[rows])]

    return np.concatenate(side_by_side(within, (False, True), numbers=2 * len(numbers)))


@dataclass(frozen=True, slots=True)
class Coded:
    """Texts as whole numbers.

    Parameters
    ----------
    labels : tuple of str
        Different texts in their order.
    codes : array of int
        The place of each among them; -1 where there is none.
    """

    labels: tuple[str, ...]
    codes: Ints

    @classmethod
    def of(cls, texts: pa.Array) -> Coded:
        """Of an Arrow array of texts, or of a dictionary of texts."""
        held = texts if hasattr(texts, "dictionary") else texts.dictionary_encode()
        different = held.dictionary.to_pylist()
        labels = sorted(set(different))
        place = {label: code for code, label in enumerate(labels)}
        small = np.int16 if len(labels) < np.iinfo(np.int16).max else np.int32
        of_code = np.array([*(place[label] for label in different), -1], dtype=small)
        return cls(tuple(labels), of_code[held.indices.fill_null(len(different)).to_numpy(zero_copy_only=False)])

    def in_order(self, rows: NDArray[np.signedinteger]) -> Coded:
        """Of some rows, with all labels."""
        return Coded(self.labels, self.codes[rows])

    def at(self, rows: NDArray[np.signedinteger]) -> Coded:
        """Of some rows; labels that none of them has are left out."""
        codes = self.codes[rows]
        used = np.unique(codes[codes >= 0])
        new = np.full(len(self.labels) + 1, -1, dtype=self.codes.dtype)
        new[used] = np.arange(len(used))
        return Coded(tuple(self.labels[code] for code in used), new[codes])

    def filled(self, other: Coded) -> Coded:
        """Another text where there is none, and an empty one where the other has none either.

        Examples
        --------
        >>> own, other = Coded(("tea",), np.array([0, -1, -1])), Coded(("rum", "tea"), np.array([0, 0, -1]))
        >>> own.filled(other).labels, own.filled(other).codes.tolist()
        (('', 'rum', 'tea'), [2, 1, 0])
        """
        labels = sorted({*self.labels, *other.labels, ""})
        place = {label: code for code, label in enumerate(labels)}
        ours, theirs = (np.array([*(place[one] for one in held), place[""]]) for held in (self.labels, other.labels))
        codes = np.where(self.codes >= 0, ours[self.codes], theirs[other.codes])
        return Coded(tuple(labels), codes).at(np.arange(len(codes)))


@dataclass(frozen=True, slots=True)
class People:
    """All customers of the tables, in the order of their ids, and how rows find them.

    Parameters
    ----------
    joined_at : array of int, shape (n,)
        Instants (`stack_calendar`), `NEVER` where nobody knows.
    product : Coded, of n
    attributes : tuple of Coded, each of n
    directory : Directory
        Of their numbers.
    dialect : Dialect
    salt : int
        What these numbers are made with.
    """

    joined_at: Ints
    product: Coded
    attributes: tuple[Coded, ...]
    directory: Directory
    dialect: Dialect
    salt: int

    def __len__(self) -> int:
        return len(self.joined_at)

    @classmethod
    def of(cls, tables: Tables, source: str, attributes: Sequence[str]) -> People:
        """Everybody in the table of customers; without one, everybody who ordered or is in `source`.

        Parameters
        ----------
        tables : Tables
        source : str
            A query for the issues, with `customer_id` and `opened_at`.
        attributes : sequence of str
            Columns of `customers` to keep.
        """
        if tables.has("customers"):
            columns = "".join(f", cast({identifier(name)} as varchar) as a{i}" for i, name in enumerate(attributes))
            everybody = f"select customer_id, joined_at, product{columns} from customers where customer_id is not null"
        else:
            everybody = f"""
                select customer_id, min(came_at) as joined_at, cast(null as varchar) as product from (
                    select customer_id, ordered_at as came_at from orders where customer_id is not null
                    union all select customer_id, opened_at from ({source}) as issue
                ) as seen group by customer_id
            """
            attributes = ()
        dialect = tables.engine.dialect
        texts = ", ".join(("product", *(f"a{place}" for place in range(len(attributes)))))
        for salt in range(_SALTS):
            number = dialect.number_of("customer_id", salt)
            found = tables.engine.query(
                f"select {number} as number, joined_at, {texts} from ({everybody}) as everybody order by customer_id"
            )
            numbers, joined_at, *coded = (column.combine_chunks() for column in found.columns)
            pieces: list[Callable[[], Any]] = [partial(Directory.of, numbers_of(numbers))]
            pieces += [partial(Coded.of, column) for column in coded]
            numbered = len(numbers) * len(pieces)
            directory, product, *others = side_by_side(lambda piece: piece(), pieces, numbers=numbered)
            if directory is not None:
                return cls(instants(joined_at), product, tuple(others), directory, dialect, salt)
        raise DesignError("`customers` holds a customer twice. Every `customer_id` must stand in one row.")

    def number(self, column: str = "customer_id") -> str:
        """SQL for the number of an id."""
        return self.dialect.number_of(column, self.salt)

    def codes(self, numbers: pa.Array) -> Codes:
        """The customers of rows, as places in the order of ids; -1 where they are not known."""
        return self.directory.codes(numbers_of(numbers))


def numbers_of(column: pa.Array) -> Numbers:
    """Numbers of ids as the engine gives them."""
    return np.asarray(column.to_numpy(zero_copy_only=False)).view(np.uint64)


def by_customer(code: Codes, n: int) -> tuple[Ints, Ints]:
    """The order of rows by customer, rows of one customer as they were, and where each customer begins, shape (n + 1,).

    Examples
    --------
    >>> order, starts = by_customer(np.array([1, 0, 1], dtype=np.int32), 2)
    >>> order.tolist(), starts.tolist()
    ([1, 0, 2], [0, 1, 3])
    """
    from scipy.sparse import csr_array

    rows = np.arange(len(code) + 1, dtype=np.int32)
    held = csr_array((rows[:-1], code, rows), shape=(len(code), n)).tocsc()
    return held.data, held.indptr
