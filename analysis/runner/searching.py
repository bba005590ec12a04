"""Does anything of a customer stand in files that are about to go out? A search for ids, words and addresses.

Every text of the files is taken apart, and looked up in the columns that name people and in the words of mentions. It
finds an id that stands by itself, whatever stands around it, and a mention quoted from its beginning. It does not find
ids too short to be told from figures, mentions of fewer than six words, words in pictures, or what was rewritten; texts
that were published with their author's consent are no finding. What an address looks like is left to `addresses`, what
goes out to `sharing`.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from analysis.foundation.errors import Fault, InputError
from analysis.runner.addresses import KINDS, addresses
from analysis.tables.engine.dialect import identifier
from analysis.tables.opened import Tables

PERSONS = frozenset({"customer_id", "author_id", "source_id"})
"""Columns that name a person, besides all `identity_...`."""

SHORTEST_ID = 6
SHORTEST_NUMBER = 9
"""An id of digits alone that does not begin with 0 could be a figure; so long, hardly any is."""

WORDS = 6
"""So many words from a mention's beginning are looked for, which stand in its first letters."""

BEGINNING = 200

OFFICE = (".xlsx", ".pptx")
TEXTS = (".html", ".json", ".csv", ".txt")
PDF, TABLES = ".pdf", ".parquet"
LARGEST = 500 * 2**20
"""Bytes that the parts of an office file may have when unpacked."""

_PICTURE = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=\s]*")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")
_STYLE = re.compile(r"<style\b[^>]*>[^<]*</style>")
_TAG = re.compile(r"<[^<>]*>")
_FRACTION = re.compile(r"(?<![\w.])-?\d+\.\d+(?:[eE][+-]?\d+)?(?![\w.])")
_PIECES = (re.compile(r"\w+"), re.compile(r"[\w.\-]+"), re.compile(r"[\w.\-+@:/#]+"))
_WORD = re.compile(r"[^\W_]+")
_TOO_WEAK = f"""not (contains(id, '@') or (length(id) >= {SHORTEST_ID} and regexp_matches(id, '[0-9]')
 and (regexp_matches(id, '[^0-9]') or starts_with(id, '0') or length(id) >= {SHORTEST_NUMBER})))"""


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched: how many ids of persons, how many of them were too short, which files could not be read."""

    ids: int
    too_short: int
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """Something of people that stands somewhere: its kind, the column it is from, what it is."""

    where: str
    kind: str
    column: str | None
    pieces: frozenset[str]


def search(files: Mapping[str, bytes], tables: Tables) -> Search:
    """Look for people of the tables, and for the shape of addresses, in files.

    Parameters
    ----------
    files : mapping of name to content
        Pages, JSON, office files, PDF, CSV and Parquet are read; others cannot be, and are named in the answer.
    tables : Tables
        Those the files were made from.

    Raises
    ------
    InputError
        If an id, the words of a mention or an address stand in a file: names files and columns, never what was found.
    """
    texts = {name: list(_texts(name, content)) for name, content in files.items()}
    found, ids, too_short = _found(texts, tables)
    if found:
        remedy = "Take what shows them out of the study, its parameters or its tables, and run it again."
        headline = "What would go out holds something of customers. Nothing was written."
        raise InputError(_faults(found, remedy), headline)
    return Search(ids, too_short, tuple(sorted(name for name in files if not _is_read(name))))


def refuse_people(words: Mapping[str, str], tables: Tables | None) -> None:
    """Refuse words of a signer that could never be shared, for they hold something of a customer.

    Parameters
    ----------
    words : mapping of option to text
        What was given: `{"--note": "..."}`.
    tables : Tables or None
        Those of the report; without them, the shape of addresses is looked for alone.

    Raises
    ------
    InputError
        Naming the option, never what was found.
    """
    found = _found({where: [text] for where, text in words.items()}, tables)[0]
    if found:
        remedy = "Write it without: it would stand on every page, and the report could never be shared."
        raise InputError(_faults(found, remedy), "What was given holds something of customers. Nothing was signed.")


def _found(texts: Mapping[str, list[str]], tables: Tables | None) -> tuple[list[_Found], int, int]:
    """What of people stands in texts; how many ids were looked for, and how many of them were too short to be."""
    shapes = {name: {one for text in found for one in addresses(text)} for name, found in texts.items()}
    if tables is None:
        return _shaped(shapes, frozenset()), 0, 0
    tokens = {name: {piece for text in found for piece in _tokens(text)} for name, found in texts.items()}
    openings = {name: {six for text in found for six in _openings(text)} for name, found in texts.items()}
    engine = tables.engine
    engine.keep("_tokens", "select distinct unnest(?::varchar[]) as token", [_all(tokens)])
    engine.keep("_openings", "select distinct unnest(?::varchar[]) as token", [_all(openings)])
    found = _shaped(shapes, _consenting(tables, shapes))
    ids = too_short = 0
    for table, column in _columns(tables):
        name, place = identifier(column), identifier(table)
        spared = ""
        if (table, column) == ("mentions", "author_id"):
            spared = " and author_id not in (select author_id from mentions where consent and author_id is not null)"
        engine.keep(
            "_ids",
            f"select distinct lower({name}::varchar) as id from {place} where {name} is not null{spared}",
        )
        counted = engine.query(f"select count(*), count(*) filter ({_TOO_WEAK}) from _ids")
        ids += counted.column(0)[0].as_py()
        too_short += counted.column(1)[0].as_py()
        there = frozenset(
            engine.query("select id from _ids where id in (select token from _tokens)").column(0).to_pylist()
        )
        found += [_Found(name, "ids of people", f"{table}.{column}", there & held) for name, held in tokens.items()]
    if tables.has("mentions"):
        beginning = f"regexp_extract_all(lower(left(text, {BEGINNING})), '[\\p{{L}}\\p{{N}}]+')[1:{WORDS}]"
        begins = f"array_to_string({beginning}, ' ')"
        quoted = engine.query(
            f"select begins from (select {begins} as begins, consent from mentions where text is not null) "
            "where begins in (select token from _openings) group by 1 having not coalesce(bool_or(consent), false)"
        )
        there = frozenset(quoted.column(0).to_pylist())
        found += [_Found(name, "words of people", "mentions.text", there & held) for name, held in openings.items()]
    for kept in ("_tokens", "_openings", "_ids"):
        engine.drop(kept)
    return [one for one in found if one.pieces], ids, too_short


def _shaped(shapes: Mapping[str, set[tuple[str, str]]], spared: Collection[str]) -> list[_Found]:
    """What has the shape of an address, besides the handles spared."""
    return [
        _Found(name, called, None, pieces)
        for name, found in shapes.items()
        for kind, called in KINDS.items()
        if (pieces := frozenset(text for of, text in found if of == kind and not (kind == "handle" and text in spared)))
    ]


def _consenting(tables: Tables, shapes: Mapping[str, set[tuple[str, str]]]) -> frozenset[str]:
    """The handles found whose authors said that they may be named."""
    handles = sorted({text for found in shapes.values() for kind, text in found if kind == "handle"})
    if not handles or not tables.has("mentions"):
        return frozenset()
    named = tables.engine.query(
        "select distinct ltrim(lower(author_id::varchar), '@') as handle from mentions "
        "where consent and ltrim(lower(author_id::varchar), '@') in (select unnest(?::varchar[]))",
        [handles],
    )
    return frozenset(named.column(0).to_pylist())


def is_searched(identity: str) -> bool:
    """Whether an id is long enough to be told from a figure or a word.

    Examples
    --------
    >>> [is_searched(one) for one in ("c1", "17850", "000017850", "4711471147", "c000123", "orders", "a@b.c")]
    [False, False, True, True, True, False, True]
    """
    if "@" in identity:
        return True
    if len(identity) < SHORTEST_ID or not re.search("[0-9]", identity):
        return False
    return bool(re.search("[^0-9]", identity)) or identity.startswith("0") or len(identity) >= SHORTEST_NUMBER


def _columns(tables: Tables) -> list[tuple[str, str]]:
    """The columns that name people, of the tables there are."""
    return [
        (table, column)
        for table, account in sorted(tables.accounts.items())
        for column in sorted(account.columns)
        if column in PERSONS or (column.startswith("identity_") and column != "identity_source")
    ]


def _faults(found: Iterable[_Found], remedy: str) -> list[Fault]:
    """One fault for each kind of finding and each number of it, with the files it stands in and the columns."""
    by_kind: dict[tuple[str, str], list[_Found]] = {}
    for one in found:
        by_kind.setdefault((one.where, one.kind), []).append(one)
    alike: dict[str, list[str]] = {}
    for (where, kind), same in sorted(by_kind.items()):
        columns = ", ".join(sorted(f"`{one.column}`" for one in same if one.column))
        of = f" from {columns}" if columns else ""
        what = f"{kind}{of}: {len(frozenset().union(*(one.pieces for one in same))):,}"
        alike.setdefault(what, []).append(where)
    return [
        Fault(
            where=", ".join(places),
            what=f"{'holds' if len(places) == 1 else 'hold'} {what}{'' if len(places) == 1 else ' each'}",
            remedy=remedy,
            rule="customers_in_report",
        )
        for what, places in alike.items()
    ]


def _all(pieces: Mapping[str, set[str]]) -> list[str]:
    return sorted(set().union(*pieces.values()))


def _is_read(name: str) -> bool:
    return name.endswith((*TEXTS, *OFFICE, TABLES)) or (name.endswith(PDF) and find_spec("pypdfium2") is not None)


def _texts(name: str, content: bytes) -> Iterator[str]:
    """The texts of a file; none of one that cannot be read."""
    if name.endswith(OFFICE):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as parts:
                if sum(part.file_size for part in parts.infolist()) > LARGEST:
                    raise zipfile.BadZipFile
                for part in parts.namelist():
                    if part.endswith((".xml", ".rels")):
                        yield _shown(parts.read(part).decode("utf-8", errors="replace"))
        except zipfile.BadZipFile as error:
            raise _unreadable(name, "office file") from error
    elif name.endswith(TABLES):
        yield from _texts_of_table(name, content)
    elif name.endswith(PDF) and _is_read(name):
        yield from _texts_of_pdf(name, content)
    elif name.endswith(TEXTS):
        text = content.decode("utf-8", errors="replace")
        yield _shown(text) if name.endswith(".html") else _ESCAPE.sub(_unescaped, text) if _is_json(name) else text
        if name.endswith(".html"):
            yield " ".join(html.unescape(value) for value in re.findall(r'(?:alt|title|href)="([^"]*)"', text))


def _is_json(name: str) -> bool:
    return name.endswith(".json")


def _texts_of_table(name: str, content: bytes) -> Iterator[str]:
    """The texts of a Parquet file: its columns of text, its names, and what it says of itself."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(name, "Parquet file") from error
    told = [
        *table.column_names,
        *(value.decode("utf-8", errors="replace") for value in (table.schema.metadata or {}).values()),
    ]
    yield " ".join(told)
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            yield "\n".join(one for one in column.unique().to_pylist() if one is not None)


def _texts_of_pdf(name: str, content: bytes) -> Iterator[str]:
    """The texts of a PDF, page by page, and what it says of itself."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise _unreadable(name, "PDF") from error
    try:
        yield " ".join(document.get_metadata_dict().values())
        for page in document:
            yield page.get_textpage().get_text_bounded()
    finally:
        document.close()


def _unreadable(name: str, kind: str) -> InputError:
    what = f"is no {kind} that can be read, so it cannot be searched"
    return InputError(Fault(where=name, what=what, remedy="Run the study again.", rule="unreadable"))


def _unescaped(escape: re.Match[str]) -> str:
    """The letter that JSON writes so; white space and quotes as a space."""
    return chr(int(escape[1], 16)) if escape[1] else " "


def _shown(text: str) -> str:
    """A text without pictures, styles and tags, with its letters as they are shown."""
    return html.unescape(_TAG.sub(" ", _STYLE.sub(" ", _PICTURE.sub(" ", text))))


def _tokens(text: str) -> Iterator[str]:
    text = _FRACTION.sub(" ", text)
    for pieces in _PIECES:
        for piece in {one.strip(".-:/#").lower() for one in pieces.findall(text)}:
            if is_searched(piece):
                yield piece


def _openings(text: str) -> Iterator[str]:
    """Every six words in a row of which four are no numbers."""
    words = _WORD.findall(text.lower())
    for six in zip(*(words[n:] for n in range(WORDS)), strict=False):
        if sum(not word.isdigit() for word in six) >= 4:
            yield " ".join(six)
