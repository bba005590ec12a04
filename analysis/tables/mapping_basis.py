"""On which basis does a table count? What a source map declares of its source's columns, told of the contract's.

A count is of actions when they happened (`action`), of an item's total to date (`post`), or not known to be either
(`unknown`). The map says so of the columns of its files; here the word follows them through fields, unpivoted columns
and cells taken from other files into the columns of a table. What a metric makes of it is left to the metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from analysis.tables import mapping_model as model
from analysis.tables.mapping_grammar import Expression, columns_in

MIXED = "mixed"


def basis_of(given: model.SourceMap, table: model.TableMap) -> dict[str, str]:
    """The declared basis of each column of a table that has one; `mixed` where it is made of several.

    Examples
    --------
    >>> from analysis.tables.mapping import load_map
    >>> zendesk = load_map("zendesk")
    >>> [basis_of(zendesk, table) for table in zendesk.tables if table.table == "issues"]
    [{'reopens': 'post', 'replies': 'post'}]
    """
    found = {
        name: {word for _, word in _sources(given, table, table.source, expression) if word}
        for name, expression in table.made.items()
    }
    return {name: agreed(words) for name, words in found.items() if words}


def without_basis(given: model.SourceMap, table: model.TableMap, name: str) -> list[str]:
    """The columns of the files that a column of a table is made of, and that have no basis declared."""
    sources = _sources(given, table, table.source, table.made[name])
    return list(dict.fromkeys(column for column, word in sources if word is None))


def _sources(
    given: model.SourceMap, table: model.TableMap, kind: str, expression: Expression
) -> Iterator[tuple[str, str | None]]:
    """The columns an expression is made of, each with its declared basis, if it has one."""
    follow = partial(_sources, given, table)
    turn = table.unpivot
    for source, name in columns_in(expression):
        place = source or kind
        file = given.files[place]
        if place == table.source and turn is not None and name == turn.value:
            for column in turn.columns:
                yield from follow(place, column)
        elif name in file.basis:
            yield name, file.basis[name]
        elif name in file.fields:
            yield from follow(place, file.fields[name])
        else:
            yield name, None


def agreed(words: Iterable[str]) -> str:
    """The one basis that several sources declare, or that they declare different ones.

    Examples
    --------
    >>> agreed(["post", "post"]), agreed(["post", "action"])
    ('post', 'mixed')
    """
    several = set(words)
    return several.pop() if len(several) == 1 else MIXED


def joined(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """What two sources of one table declare together. Where only one declares, its word stands.

    Examples
    --------
    >>> joined({"quantity": "action"}, {"quantity": "post", "value": "post"})
    {'quantity': 'mixed', 'value': 'post'}
    """
    names = dict.fromkeys([*one, *other])
    return {name: agreed(part[name] for part in (one, other) if name in part) for name in names}
