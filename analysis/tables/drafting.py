"""What could a source map of this file be? A first one to work on: the nearest map that is known, or a draft.

    draft_map(Path("export.csv")).text

Where a map of the package fits the file as it is, that map is proposed. Else a table of the contract is guessed, and
for each of its columns the file's column that is named and filled most like it. Every guess says why, everything that
the file cannot say becomes a question, and no cell of the file is ever shown. What the columns seem to hold is judged
in `drafting_columns`, which of them is which is guessed in `drafting_guess`, the maps of the package are compared in
`drafting_nearest`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.tables.contract import SCHEMAS, ColumnSchema
from analysis.tables.drafting_columns import Column, columns_of, first_width, sample_of
from analysis.tables.drafting_guess import ASSUMED_FORMATS, ROWS, WORDS, Guess, constant, guessed
from analysis.tables.drafting_nearest import Nearest, by_name, damage_of, nearest
from analysis.tables.mapping import SHIPPED
from analysis.tables.mapping_model import Damage

DAMAGE_ROWS = 2_000
"""So many rows are tried for damage that a spreadsheet did, where a map knows what it looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposed map: its YAML with comments, the map of the package it follows, and what could not be guessed.

    `fits` is the name of a map that reads the file as it is; the text is then that map. Where only damage keeps the map
    from reading it, the text is that map too, and `fits` is None. `missing` are columns that the contract needs and no
    column of the file could be guessed for: until they are given, the text is no sound map.
    """

    text: str
    fits: str | None
    table: str | None
    missing: tuple[str, ...]


def draft_map(path: Path) -> Draft:
    """A first source map from a file's header and first rows.

    Parameters
    ----------
    path : Path
        CSV, TSV, text (also packed as `.gz`), XLSX or Parquet. Only its beginning is read.

    Raises
    ------
    ContractError
        If the file cannot be read, or its header cannot be used.
    """
    if (known := by_name(path, lambda delimiter: first_width(path, delimiter))) is not None:
        return _as_it_is([known])
    sample = sample_of(path)
    near = nearest(sample.columns)
    if len(sample.columns) == 1:
        by_spaces = nearest(sample.columns[0].split(), by_spaces=True)
        near = by_spaces if by_spaces and by_spaces[0].fits else near
    if near and near[0].fits:
        return _as_it_is(near, damage_of(near[0].map, sample_of(path, DAMAGE_ROWS)))
    guess = guessed(columns_of(sample))
    lines = [
        *_comment(f"A first map for a file of {len(sample.columns)} columns, guessed from its header and up to "
                  f"{len(sample.rows)} rows. Every line below is a guess until you have looked at it."),
        *_beside(near),
        *_spoilt(guess.columns),
        *_yaml(guess, _map_name(path), sample.delimiter, sample.encoding),
    ]  # fmt: skip
    return Draft(text="\n".join(lines) + "\n", fits=None, table=guess.table, missing=tuple(guess.missing))


def quoted(text: str) -> str:
    """A text as YAML can never take for anything else: in double quotes, with whatever is no plain print escaped.

    Examples
    --------
    >>> print(quoted('a: {b} #c'), quoted('say "no"'), quoted("two" + chr(10) + "lines"), quoted(chr(0x2028)))
    "a: {b} #c" "say \\"no\\"" "two\\nlines" "\\u2028"
    """
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

    def one(sign: str) -> str:
        if sign in escapes:
            return escapes[sign]
        if sign.isprintable():
            return sign
        number = ord(sign)
        return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"

    return '"' + "".join(map(one, text)) + '"'


def _comment(text: str, indent: str = "") -> list[str]:
    """A text as comment lines of 120 characters at most; a quoted name in it stays whole."""
    lines, line = [], f"{indent}#"
    for word in text.split(" "):
        if len(line) + 1 + len(word) > 120 and line != f"{indent}#":
            lines.append(line)
            line = f"{indent}#"
        line += f" {word}"
    return [*lines, line]


def _as_it_is(near: Sequence[Nearest], damage: Damage | None = None) -> Draft:
    """The map that fits, in full, so that a zone or a topic of one's own can be said in a copy."""
    fitting = [one for one in near if one.fits]
    first = fitting[0]
    others = f" So do: {', '.join(one.map for one in fitting[1:])}." if fitting[1:] else ""
    if damage is None:
        use = f"Use it by its name: --map {first.map}, or `map: {first.map}` in a sources file."
        lines = _comment(
            f"The map `{first.map}` of the package reads this file as it is ({first.about}). {use}{others}"
        )
    else:
        lines = _comment(
            f"The map `{first.map}` of the package knows this header ({first.about}), but will refuse this file: it is "
            f"damaged. One of its first rows {damage.what}. {damage.remedy} With a whole "
            f"file, use it by its name: --map {first.map}."
        )
    if first.new:
        names = ", ".join(map(quoted, first.new))
        lines += _comment(f"It makes no use of {len(first.new)} columns: {names}.")
    lines += _comment("What follows is that map, to be copied where something about it is different with you.")
    whole = (SHIPPED / f"{first.map}.yaml").read_text(encoding="utf-8")
    return Draft(text="\n".join(lines) + "\n\n" + whole, fits=None if damage else first.map, table=None, missing=())


def _beside(near: Sequence[Nearest]) -> Iterator[str]:
    """The nearest maps, and what keeps them from fitting."""
    if not near:
        yield from _comment("No map of the package is near: none finds half of the columns it asks for.")
    for one in near[:2]:
        yield from _comment(
            f"Near: the map `{one.map}` ({one.about}) finds {one.share:.0%} of the columns it asks for."
        )
        if one.missing:
            yield from _comment(f"  It lacks {', '.join(map(quoted, one.missing))}.")
        if one.renamed:
            said = ", ".join(f"{quoted(ours)}: {quoted(theirs)}" for ours, theirs in one.renamed.items())
            yield from _comment(f"  If these are the same, say so in a sources file: renamed: {{{said}}}.")
        if one.new:
            yield from _comment(f"  It does not know {', '.join(map(quoted, one.new))}.")


def _spoilt(columns: Sequence[Column]) -> Iterator[str]:
    """Ids that a spreadsheet made numbers of: nothing can be found again by them."""
    if names := [column.name for column in columns if column.spoilt_ids]:
        yield from _comment(
            f"DAMAGED: in {', '.join(map(quoted, names))} a spreadsheet has written long numbers as powers of ten "
            "(5.7E+17), and their last digits are lost. Take the file as it was exported."
        )


def _map_name(path: Path) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", path.name.lower().split(".")[0]).strip("_")
    return (name if re.match(r"[a-z]", name) else f"export_{name}".rstrip("_"))[:60]


def _yaml(guess: Guess, name: str, delimiter: str | None, encoding: str | None) -> Iterator[str]:
    schema = SCHEMAS[guess.table]
    formats = tuple(dict.fromkeys(one for column in guess.used for one in column.formats))
    yield ""
    yield f"map: {name}"
    yield 'about: "TODO: which system writes this file, and what a row of it is."'
    yield from _comment(f"Of all tables of the contract, `{guess.table}` is most like it. Others: {', '.join(ROWS)}.")
    yield from _zone(guess)
    yield "ask:"
    yield from (f"  - {quoted(f'TODO: {question}')}" for question in _questions(guess, encoding))
    yield "pull:"
    yield '  export: "TODO: which export this is, and with which columns"'
    yield '  from: "TODO: from which date on it is needed"'
    yield '  again: "TODO: when it has to be taken again, because rows change late"'
    yield "files:"
    yield "  rows:"
    yield "    headers:"
    yield '      - about: "TODO: what this header is"'
    needed = [
        column for column in guess.used if any(guess.chosen.get(one, (None,))[0] is column for one in schema.required)
    ]
    may_have = [column for column in guess.used if column not in needed]
    yield from _names("has", needed or guess.used or list(guess.columns))
    if needed and may_have:
        yield from _names("may_have", may_have)
    yield from _left_out(guess)
    if said := _format(delimiter, encoding):
        yield f"    format: {{{said}}}"
    yield from _nulls(guess)
    if guess.personal:
        yield from _comment("These are pseudonyms from the reading on; no address is written anywhere.", "    ")
        yield "    personal:"
        for column, kind in guess.personal.items():
            yield from _keyed("      ", column, kind)
    if any(schema.column(one).type in ("time", "date") for one in guess.chosen):
        shown = formats or ASSUMED_FORMATS
        if not formats:
            yield from _comment("TODO: there was no cell to try; these are the usual formats.", "    ")
        yield f"    time_formats: [{', '.join(map(quoted, shown))}]"
    yield "tables:"
    yield f"  - table: {guess.table}"
    yield "    from: rows"
    yield from _customer(guess, name)
    yield "    columns:"
    yield from _columns(guess)


def _zone(guess: Guess) -> Iterator[str]:
    local = any(not _tells_zone(one) for column in guess.used for one in column.formats)
    if local or not any(column.formats for column in guess.used):
        yield from _comment("TODO: are the times local, and where? UTC is a guess; the file does not say.")
    yield "zone: UTC"


def _tells_zone(form: str) -> bool:
    return "%z" in form or form.endswith("Z")


def _questions(guess: Guess, encoding: str | None) -> Iterator[str]:
    yield "In which time zone are the times, and did that change?"
    for column in guess.used:
        if column.either_order:
            first = "day" if column.formats[0].startswith("%d") else "month"
            yield f"In {column.name}, does the day or the month come first? All fit both; {first} first is assumed."
    if encoding not in (None, "utf-16"):
        yield "In which encoding is the file? It is no UTF-8; Windows-1252 is assumed."
    yield "Which rows are tests, deleted, merged or of bots, and how can they be told?"
    if guess.missing:
        yield f"Where can {', '.join(guess.missing)} be had? The contract needs it."


def _names(key: str, columns: Sequence[Column]) -> Iterator[str]:
    yield f"        {key}:"
    yield from (f"          - {quoted(column.name)}" for column in columns)


def _left_out(guess: Guess) -> Iterator[str]:
    """Columns that are not read, those of a person by themselves."""
    used = {column.name for column in guess.used}
    rest = [column for column in guess.columns if column.name not in used]
    of_persons = [column for column in rest if column.personal]
    others = [column for column in rest if not column.personal]
    if others:
        names = ", ".join(quoted(column.name) for column in others)
        yield from _comment(
            f"Not read; add what you need under may_have, and under `further` of the table: {names}", "    "
        )
    if of_persons:
        names = ", ".join(f"{quoted(column.name)} ({column.personal})" for column in of_persons)
        yield from _comment(f"Not read, because they seem to name a person: {names}", "    ")


def _format(delimiter: str | None, encoding: str | None) -> str:
    parts = [f"delimiter: {quoted(delimiter)}"] if delimiter else []
    return ", ".join(parts + ([f"encoding: {encoding}"] if encoding else []))


def _nulls(guess: Guess) -> Iterator[str]:
    by_texts: dict[tuple[str, ...], list[str]] = {}
    for column in guess.used:
        if column.nulls:
            by_texts.setdefault(column.nulls, []).append(column.name)
    if by_texts:
        yield from _comment("Texts that stand for an empty cell, found in the first rows.", "    ")
        yield "    nulls:"
    for texts, names in by_texts.items():
        yield f"      - texts: [{', '.join(map(quoted, texts))}]"
        yield "        in:"
        yield from (f"          - {quoted(name)}" for name in names)


def _keyed(indent: str, key: str, value: str) -> Iterator[str]:
    """A key and its value; a key too long to stand before a colon is said to be one."""
    if len(quoted(key)) < 900:
        yield f"{indent}{quoted(key)}: {value}"
    else:
        yield f"{indent}? {quoted(key)}"
        yield f"{indent}: {value}"


def _customer(guess: Guess, name: str) -> Iterator[str]:
    who = {kind: column.name for kind, column in guess.addresses.items()}
    if "customer_id" not in SCHEMAS[guess.table].by_name or not (who or "customer_id" in guess.chosen):
        return
    if guess.table == "customers":
        if who:
            yield "    customer:"
    else:
        yield from _comment(
            "How the customer is found. If these ids are your customer ids, `identities` is not needed.", "    "
        )
        yield "    customer:"
        yield f"      source: {name}"
        if "customer_id" in guess.chosen:
            yield f"      id: {quoted(guess.chosen['customer_id'][0].name)}"
    for kind, column in who.items():
        yield f"      {kind}: {quoted(column)}"


def _columns(guess: Guess) -> Iterator[str]:
    schema = SCHEMAS[guess.table]
    for wanted in schema.columns:
        if wanted.name == "customer_id" and guess.table != "customers":
            continue  # said under `customer`
        if wanted.name in guess.chosen:
            column, reason = guess.chosen[wanted.name]
            yield from _comment(reason, "      ")
            yield f"      {wanted.name}: {_cell(wanted, column)}"
        elif wanted.name in guess.missing:
            yield from _comment(
                f"{wanted.name}: TODO, the contract needs it ({wanted.about.rstrip('.')}). No column is like it.",
                "      ",
            )
        elif wanted.name in schema.required and (said := constant(wanted)):
            yield from _comment(
                f"TODO: no column is like it, and the contract needs one of {_words(wanted)}.", "      "
            )
            yield f"      {wanted.name}: {{constant: {said}}}"


def _words(wanted: ColumnSchema) -> str:
    return ", ".join(wanted.values or ()) or "your words"


def _cell(wanted: ColumnSchema, column: Column) -> str:
    """The expression that makes the contract's cell of the file's."""
    name = quoted(column.name)
    if wanted.type in ("time", "date"):
        return f"{{time: {name}}}"
    if wanted.type in ("money", "number", "int"):
        thousands = ', thousands: ","' if column.thousands else ""
        return f"{{number: {name}{thousands}}}"
    if wanted.type == "enum":
        words = {word: word for word in wanted.values or ()} | dict(WORDS.get(wanted.name, {}))
        values = ", ".join(f"{quoted(word)}: {becomes}" for word, becomes in words.items())
        others = f", otherwise: {constant(wanted) or 'null'}, count_others: true"
        return f"{{of: {{lower: {name}}}{others}, values: {{{values}}}}}"
    return name
