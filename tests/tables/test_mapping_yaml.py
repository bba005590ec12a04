"""A bad source map is refused on load, each fault with its line and the nearest name. The words are tested."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import MapError
from analysis.tables.mapping import load_map, names
from analysis.tables.mapping_yaml import parse_map

GOOD = """\
map: shop
about: A made-up shop.
zone: Europe/London
files:
  sales:
    headers:
      - about: the export
        has: [No, Paid, On, By, Kind]
        may_have: [Note]
    time_formats: ["%d/%m/%Y %H:%M"]
    fields:
      placed: {time: On}
tables:
  - table: orders
    from: sales
    columns:
      order_id: No
      customer_id: By
      ordered_at: placed
      revenue: Paid
      currency: {constant: EUR}
    further:
      note: Note
"""


def refused(text: str) -> str:
    """What is said of a map."""
    with pytest.raises(MapError) as caught:
        parse_map(text, "shop.yaml")
    return str(caught.value)


def changed(old: str, new: str) -> str:
    """The good map with one place changed."""
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_the_good_map_is_good() -> None:
    given = parse_map(GOOD, "shop.yaml")
    assert given.zone == "Europe/London"
    assert given.tables[0].columns["order_id"] == "No"


def test_all_shipped_maps_are_sound_and_named_after_their_file() -> None:
    for name in names():
        assert load_map(name).map == name


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("about: A", "abuot: A", "there is no key `abuot` here (line 2). Did you mean `about`?"),
        ("    from: sales", "    form: sales", "there is no key `form` here (line 15). Did you mean `from`?"),
        (
            "{constant: EUR}",
            "{constnt: EUR}",
            "there is no `constnt` here (line 21). Did you mean `constant`?",
        ),
        ("table: orders", "table: oders", "the contract has no table `oders` (line 14). Did you mean `orders`?"),
        (
            "      revenue: Paid",
            "      revenues: Paid",
            "`orders` has no column `revenues` in the contract (line 20). Did you mean `revenue`? "
            "A column of your own goes under `further`.",
        ),
        (
            "      revenue: Paid",
            "      # revenue: Paid",
            "`orders` lacks `revenue`, which the contract asks for (line 14). Map a column to each, or a `constant`.",
        ),
        (
            "      note: Note",
            "      product: Note",
            "`product` is a column of the contract (line 23). Move it to `columns`.",
        ),
        ("revenue: Paid", "revenue: Payd", "there is no column or field `Payd` (line 20). Did you mean `Paid`?"),
        ("from: sales", "from: salse", "there is no file `salse` in this map (line 15). Did you mean `sales`?"),
        ("zone: Europe/London", "zone: Europe/Londn", "is no time zone (line 3). Name one as the time-zone"),
        ("zone: Europe/London", "zone: 1", "has to be text (line 3). Put it in quotes."),
        ("{constant: EUR}", "{constant: 007}", "has to be text (line 21). Put it in quotes."),
        ("{constant: EUR}", "{constant: 2020-01-01}", "holds a date, a decimal or a tagged value (line 21)"),
        ("{constant: EUR}", "{constant: 1.10}", "holds a date, a decimal or a tagged value (line 21)"),
        ("{constant: EUR}", "{constant: !!python/name:os.system x}", "holds a date, a decimal or a tagged value"),
        ("{constant: EUR}", "{values: {1: EUR}, of: Kind}", "has a key that is not text (line 21). Put it in"),
        ("{constant: EUR}", "{values: {true: EUR}, of: Kind}", "has a key that is not text (line 21). Put it in"),
        ("{time: On}", "{time: On, formats: ['%Q']}", "has a format of time that cannot be read (line 12)"),
        ("{time: On}", "{time: On, formats: ['%d/%m/%Y %Z']}", "has a format of time with a zone's name"),
        ("{time: On}", "{extract: On, pattern: '(?=a)'}", "has a pattern that cannot be read (line 12)"),
        ("{time: On}", "{sum: Paid}", "speaks of a group, and its table declares none (line 12)"),
        ("revenue: Paid", "revenue: {sum: Paid}", "speaks of a group, and its table declares none (line 20)"),
        ("revenue: Paid", "revenue: {add: [Paid, placed]}", "`a number` is of text, and is given a time (line 20)"),
        ("revenue: Paid", "revenue: {add: [Paid]}", "(line 20)"),
        ("revenue: Paid", "revenue: {product: [Paid, {product: [Paid, Paid]}]}", "multiplies a product (line 20)"),
        ("ordered_at: placed", "ordered_at: {after: On, by: Paid, unit: hours}", "needs a time, and is given a text"),
        (
            "ordered_at: placed",
            "ordered_at: {after: placed, by: Paid, unit: fortnights}",
            "is none of the words allowed (line 19). Write 'seconds', 'minutes', 'hours' or 'days'.",
        ),
        ("ordered_at: placed", "ordered_at: {first_of: [placed, Note]}", "holds a text and a time (line 19)"),
        ("placed: {time: On}", "paid: {time: On}", "`Paid`, `paid` cannot be told apart from another name (line 5)"),
        ("placed: {time: On}", "__row: {time: On}", "`__row` begins with two underscores, as our own names do"),
        ("may_have: [Note]", "may_have: [No]", "names `No` under `has` and under `may_have` (line 7)"),
        ("has: [No, Paid", "has: [No, No, Paid", "names a column twice under `has` (line 7)"),
    ],
)
def test_a_bad_map_is_refused_with_its_line(old: str, new: str, words: str) -> None:
    assert words in refused(changed(old, new))


def test_a_word_that_is_no_value_of_the_contract_is_refused() -> None:
    text = changed("table: orders", "table: touchpoints").replace("order_id: No", "touchpoint_id: No")
    text = text.replace("ordered_at: placed", "occurred_at: placed").replace("      revenue: Paid\n", "")
    text += "    # direction below\n"
    text = text.replace(
        "      currency: {constant: EUR}",
        "      channel: {of: Kind, values: {Mail: emial}, otherwise: othr}\n      direction: {constant: inbound}",
    )
    said = refused(text)
    assert "`emial` is no value of `channel` (line 20). Did you mean `email`?" in said
    assert "`othr` is no value of `channel` (line 20). Did you mean `other`?" in said
    assert "direction" not in said


def test_a_key_given_twice_is_refused() -> None:
    assert "gives a key twice (line 4). Keep one of them." in refused(changed("files:", "zone: UTC\nfiles:"))


def test_what_is_no_yaml_is_refused() -> None:
    assert "is not YAML (line" in refused("map: [shop\nabout: x\n")
    assert "has to be a mapping" in refused("just words")
    assert "has to be a list (line 13)" in refused(GOOD[: GOOD.index("tables:")] + "tables: {}\n")


def test_no_and_on_are_words() -> None:
    """YAML 1.1 would make flags of both."""
    words = "product: {of: Kind, values: {no: on, yes: off}, otherwise: null}"
    text = changed("revenue: Paid", f"revenue: Paid\n      {words}")
    product = parse_map(text, "shop.yaml").tables[0].columns["product"]
    assert product.values == {"no": "on", "yes": "off"}


def test_all_faults_of_a_map_are_told_at_once() -> None:
    text = GOOD.replace("order_id: No", "order_id: Noo").replace("revenue: Paid", "revenue: Payd")
    said = refused(text)
    assert said.startswith("The source map cannot be used: 2 faults were found.")
    assert said.index("`Noo`") < said.index("`Payd`")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("order_id: No", "order_id: Kind", "is a cell of one row in a table of groups (line 18). Say which: `same`"),
        ("{sum: Paid}", "{add: [{sum: Paid}, Paid]}", "mixes a cell of one row with a figure of its group (line 21)"),
        ("{sum: Paid}", "{sum: {sum: Paid}}", "is a figure of a group inside another (line 21)"),
    ],
)
def test_in_a_table_of_groups_every_column_says_which(old: str, new: str, words: str) -> None:
    grouped = GOOD.replace("    columns:", "    group: {by: [No], further_rows: lines}\n    columns:")
    grouped = grouped.replace("customer_id: By", "customer_id: {same: By}").replace("note: Note", "note: {same: Note}")
    grouped = grouped.replace("at: placed", "at: {earliest: placed}").replace("revenue: Paid", "revenue: {sum: Paid}")
    parse_map(grouped, "shop.yaml")
    assert words in refused(grouped.replace(old, new))


def test_headers_of_one_kind_name_the_same_columns() -> None:
    another = "      - about: another\n        has: [No, Paid]\n"
    said = refused(changed("        may_have: [Note]\n", f"        may_have: [Note]\n{another}"))
    assert "has headers that do not name the same columns: `By`, `Kind`, `Note`, `On` is in one only (line 5)" in said


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ('{delimiter: ";", fixed_width: true}', "has a `delimiter` and is of `fixed_width`"),
        ("{columns: [No]}", "has no header line (`columns` names them), so `file_names` must say which files it reads"),
        (
            '{columns: [No], file_names: ["*.tsv"]}',
            "has a header that asks for columns which its `format` does not give",
        ),
        ("{encodng: utf-8}", "there is no key `encodng` here (line 6). Did you mean `encoding`?"),
    ],
)
def test_a_format_goes_together(form: str, words: str) -> None:
    assert words in refused(changed("  sales:\n", f"  sales:\n    format: {form}\n"))


def test_only_texts_are_turned_into_rows() -> None:
    turn = "    unpivot: {columns: {placed: a, Paid: b}, name: n, value: v}\n"
    said = refused(changed("    from: sales\n", f"    from: sales\n{turn}"))
    assert "`unpivot` is of text, and is given a time (line 16)" in said


def test_a_condition_has_exactly_one_test() -> None:
    text = changed(
        "    from: sales\n", "    from: sales\n    keep: {when: {of: Kind, is: a, empty: true}, others: x}\n"
    )
    assert "needs exactly one of `is`, `empty`, `starts_with`, `matches`, `above`, `below` beside `of`" in refused(text)
    text = changed("    from: sales\n", "    from: sales\n    keep: {when: {off: Kind, is: a}, others: x}\n")
    assert "there is no `off` here (line 16). Did you mean `of`?" in refused(text)


def test_a_map_that_is_not_there() -> None:
    with pytest.raises(MapError, match=r"there is no `zendesc`\. Did you mean `zendesk`"):
        load_map("zendesc")
    with pytest.raises(MapError, match=r"mine\.yaml: cannot be opened\. Check the path"):
        load_map("mine.yaml")
