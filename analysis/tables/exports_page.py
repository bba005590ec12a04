"""Which export of which system has to be pulled, what has to be asked, and what is known about it?

The page `docs/exports.md`, made of the source maps that come with the package, so that the page and the maps say the
same. How a map is written is told on `docs/source_maps.md`.
"""

from __future__ import annotations

from collections.abc import Iterator

from analysis.tables import mapping_model as model
from analysis.tables.mapping import load_map, names
from analysis.tables.mapping_basis import basis_of

HEAD = """# Exports: which to pull, what to ask

What each system's export gives, when it has to be pulled, and what nobody but the people of that system can answer. Ask
before the first study: a wrong time zone, or a social channel under another name, bends every figure after it.
`touchstone plan` prints the days that follow for a study; `touchstone draft-map FILE` says which of these maps is
nearest to a file, or proposes one.

This page is made from the maps in `analysis/tables/source_maps/` by `analysis.tables.exports_page.exports_page()`.
"""
BASES = {"action": "when they happened", "post": "total to the day of the export", "unknown": "basis unknown"}


def exports_page() -> str:
    """The page, as Markdown: a section for each map of a system; data sets, which nobody pulls, have none."""
    maps = [given for given in map(load_map, names()) if given.pull is not None]
    listed = ["| map | gives | pull again |", "|---|---|---|", *(_row(given) for given in maps), ""]
    sections = [line for given in maps for line in _section(given)]
    return "\n".join([HEAD, *listed, *sections]).rstrip("\n") + "\n"


def _row(given: model.SourceMap) -> str:
    assert given.pull is not None
    tables = ", ".join(f"`{name}`" for name in dict.fromkeys(table.table for table in given.tables))
    return f"| [{given.map}](#{given.map}) | {tables} | {_cell(given.pull.again)} |"


def _section(given: model.SourceMap) -> Iterator[str]:
    assert given.pull is not None
    yield from (f"## {given.map}", "", _text(given.about), "")
    yield from (f"- **Pull**: {_text(given.pull.export)}", f"- **From**: {_text(given.pull.since)}")
    yield from (f"- **Again**: {_text(given.pull.again)}", f"- **Times without an offset** are read as {given.zone}.")
    yield from (f"- **Counts**: {one}" for one in _counts(given))
    yield from (f"- **Pseudonyms**: {one}" for one in _personal(given))
    yield from ("", "Ask:", "", *(f"1. {_text(question)}" for question in given.ask))
    yield from ("", "Known:", "", *(f"- {_text(fact)}" for fact in given.facts), "")


def _counts(given: model.SourceMap) -> Iterator[str]:
    """What the tables count, on which basis; a basis that is `mixed` is said column by column in the map."""
    found = {
        f"`{table.table}.{name}` {BASES.get(word, word)}"
        for table in given.tables
        for name, word in basis_of(given, table).items()
    }
    if found:
        yield "; ".join(sorted(found)) + "."


def _personal(given: model.SourceMap) -> Iterator[str]:
    found = sorted({f"`{column}` ({kind})" for file in given.files.values() for column, kind in file.personal.items()})
    if found:
        yield f"in the place of {', '.join(found)}."


def _text(text: str) -> str:
    """A text of a map on one line, its stars, brackets and angles as they are and not as markup."""
    plain = " ".join(text.split())
    for sign in ("\\", "*", "[", "]", "<", ">"):
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")
