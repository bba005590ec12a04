"""Keyed pseudonyms: the same text the same digits by both roads, other keys other digits, and a key nobody can read."""

from __future__ import annotations

import csv
import hashlib
import hmac
import os
import random
import stat
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from analysis.foundation.errors import InputError
from analysis.tables.personal_text import KINDS, normal
from analysis.tables.phone_numbers import AT_HOME, number
from analysis.tables.pseudonyms import KEY_FILE, Key, must_be_the_key, user_key

KEY = Key(bytes(range(32)))
EXAMPLES = Path(__file__).parents[1] / "golden" / "phone_numbers" / "examples.csv"

PIECES = {
    "email": ["mailto:", "MAILTO:", "<", ">", "@", "@x.org", " ", "Ann", "a.b", "\t", "\0", "\u200b", "ß", "İ",
              "\u00a0", "ＡＢ", "\u2028", "+shop", "'", '"', "\\"],
    "phone": ["+", "00", "011", "(0)", "(", "0", "44", "1", "7700", "900123", "123456789", " ", "-", ".", "/", "tel:",
              "TEL:", "x", "\u2011", "\uff10", "٣", "\u00a0", "8", "06", "555", "2345678", "\t"],
    "handle": ["@", "@ ", "Ann", "_x", "\u200d", "ﬀ", "\u200b", " ", "\n", "é", "e\u0301", "％"],
    "id": ["@", "Ann", "\u200b", " ", "\n", "é", "0017", "\x7f", "'", '"'],
    "name": ["Ann", " ", "Lee", "ǰ", "ς", "\n", "\x1f", "\u00ad"],
}  # fmt: skip


def by_engine(kind, texts, country=None, key=KEY):
    veil = key.veil(kind, country)
    with duckdb.connect() as connection:
        veil.install(connection)
        veil.install(connection)  # a second time changes nothing
        given = pa.table({"place": range(len(texts)), "text": pa.array(texts, pa.string())})
        assert given.num_rows == len(texts)
        found = connection.execute(f"select {veil.sql('text')} from given order by place").fetchall()
    return [one for (one,) in found]


@pytest.mark.parametrize(
    ("kind", "country"),
    [*((kind, None) for kind in KINDS), *(("phone", code) for code in ("44", "1", "39", "7", "36", "55", "86", "375"))],
)
def test_both_roads_give_the_same_digits(kind, country):
    """Texts of pieces that matter, of all ASCII signs, and of any signs at all; some of them not texts of the kind."""
    rng = random.Random(f"{kind} {country}")
    signs = [chr(code) for code in range(128)]
    texts: list[str | None] = [None, "", " ", "'; drop table x; --"]
    for _ in range(1200):
        length = rng.randrange(8)
        texts.append("".join(rng.choices(PIECES[kind], k=length)))
        texts.append("".join(rng.choices(signs, k=length)))
        texts.append(
            "".join(chr(rng.choice((rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)))) for _ in range(length))
        )
    if kind == "email":
        wrap = ("{}", " {} ", "<{}>", "Ann <{}>", "mailto:{}", "{}\u200b", "<mailto:{}>\n")
        texts += [
            rng.choice(wrap).format(f"{rng.choice(PIECES[kind])}{n}@{rng.choice('xyzÉ')}.org") for n in range(1200)
        ]
    veil = KEY.veil(kind, country)
    expected = [veil.of(text) for text in texts]
    assert by_engine(kind, texts, country) == expected
    assert veil.of_array(pa.chunked_array([pa.array(texts[:50]), pa.array(texts[50:])])).to_pylist() == expected
    assert 10 < sum(one is not None for one in expected) < len(texts)


def test_a_pseudonym_is_the_hmac_of_kind_and_text():
    whole = hmac.new(bytes(range(32)), b"email\0ann@example.org", hashlib.sha256).hexdigest()
    assert KEY.of("email", "Ann@Example.org") == whole[:32]
    assert KEY.check == hmac.new(bytes(range(32)), b"touchstone key check", hashlib.sha256).hexdigest()[:16]
    assert by_engine("email", ["Ann@Example.org"]) == [whole[:32]]


@pytest.mark.parametrize(
    ("kind", "same"),
    [
        ("email", ["ann@x.org", " Ann@X.ORG\u00a0", "<ann@x.org>", "Ann Lee <ann@x.org>", "mailto:ann@x.org",
                   "ａnn@x.org", "an\u200bn@x.org", "\ufeffann@x.org"]),
        ("handle", ["ann", "@Ann", " @ANN ", "＠ann", "@\u200bann"]),
        ("id", ["0017Ab", " 0017Ab", "0017Ab\u200b"]),
        ("name", ["Ann Lee", "ANN LEE", " ann lee\t"]),
    ],
)  # fmt: skip
def test_one_text_in_many_ways(kind, same):
    assert len({KEY.of(kind, text) for text in same}) == 1
    assert len(set(by_engine(kind, same))) == 1


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", "ann+shop@x.org", "ann@x.org"),
        ("email", "a.nn@x.org", "ann@x.org"),
        ("email", "ann@xn--bcher-kva.ch", "ann@bücher.ch"),
        ("id", "0017ab", "0017AB"),
        ("id", "17", "017"),
        ("handle", "ann_", "ann"),
        ("name", "Ann  Lee", "Ann Lee"),
    ],
)
def test_two_people_stay_two(kind, one, other):
    assert KEY.of(kind, one) != KEY.of(kind, other)


def test_a_text_of_another_kind_or_key_is_another_person():
    kinds = {KEY.of(kind, "ann@x.org") for kind in ("email", "handle", "id", "name")}
    assert len(kinds) == 4
    assert KEY.of("email", "ann@x.org") != Key(bytes(32)).of("email", "ann@x.org")
    assert KEY.check != Key(bytes(32)).check


@pytest.mark.parametrize("text", ["", " ", "ann", "@x.org", "ann@", "a@b@c", "ann lee@x.org", "<>", "mailto:"])
def test_what_is_no_address_has_no_pseudonym(text):
    assert KEY.of("email", text) is None
    assert by_engine("email", [text]) == [None]


# Telephone numbers


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+44 7700 900123", None, "+447700900123"),
        ("0044 7700 900123", None, "+447700900123"),
        ("+44 (0)7700 900123", None, "+447700900123"),
        ("(07700) 900-123", "44", "+447700900123"),
        ("tel:+44-7700-900123", None, "+447700900123"),
        ("\u202d+44\u00a07700\u2011900123\u202c", None, "+447700900123"),
        ("7700900123", "44", None),  # without the 0 the area code may be missing
        ("07700 900123", None, None),
        ("07700 900123 ext 4", "44", None),
        ("07700 900123 / 900124", "44", None),
        ("555 234 5678", "1", "+15552345678"),
        ("(212) 555-0123", "1", "+12125550123"),
        ("1-212-555-0123", "1", "+12125550123"),
        ("011 44 7700 900123", "1", "+447700900123"),
        ("234 5678", "1", None),
        ("02 1234 5678", "39", "+390212345678"),
        ("+39 (0)2 1234 5678", None, "+390212345678"),
        ("812 345 67 89", "7", "+78123456789"),
        ("8 812 345 67 89", "7", "+78123456789"),
        ("+0123456789", None, None),
        ("+44 1234", None, None),
        ("+1234567890123456", None, None),
        ("+", None, None),
        ("", "44", None),
    ],
)
def test_telephone_numbers(text, country, expected):
    assert normal("phone", text, country) == expected
    assert by_engine("phone", [text], country) == [KEY.of("phone", text, country)]
    if expected is not None:
        assert KEY.of("phone", text, country) == KEY.of("phone", expected)


def test_numbers_as_libphonenumber_writes_them():
    """Every region's example numbers, at home and abroad: the one number they are; Argentine mobiles aside."""
    with EXAMPLES.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 450
    for row in rows:
        for way in ("international", "rfc3966", "e164"):
            assert number(row[way].lower(), row["code"]) == row["e164"], (row["region"], way)
    at_home = {(row["region"], row["kind"]) for row in rows if number(row["national"], row["code"]) != row["e164"]}
    assert at_home == {("AR", "mobile")}


def test_every_calling_code_is_known_and_others_are_refused():
    with EXAMPLES.open() as file:
        assert {row["code"] for row in csv.DictReader(file)} <= set(AT_HOME)
    assert KEY.veil("phone", "+44").phone_country == "44"
    with pytest.raises(InputError, match="is no country's calling code"):
        KEY.veil("phone", "999")


# The key


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_FILE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "touchstone" / "pseudonym.key"


def refusal(home=None):
    with pytest.raises(InputError) as error:
        user_key(home)
    (fault,) = error.value.faults
    return fault


def test_a_key_is_made_once_for_its_owner_alone(config):
    key = user_key()
    assert user_key() == key
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert config.read_text() == key.secret.hex() + "\n"
    assert [path.name for path in config.parent.iterdir()] == [config.name]
    config.unlink()
    assert user_key().check != key.check


def test_the_environment_names_the_file(config, tmp_path, monkeypatch):
    named = tmp_path / "vault" / "my.key"
    monkeypatch.setenv(KEY_FILE, str(named))
    assert refusal().rule == "key_folder"  # a volume that is not mounted makes no new key
    named.parent.mkdir()
    user_key()
    assert named.exists()
    assert not config.exists()
    monkeypatch.setenv(KEY_FILE, "my.key")
    assert refusal().rule == "key_path"


@pytest.mark.skipif(os.name == "nt", reason="rights are told otherwise there")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_may_read_is_refused(config, mode):
    user_key()
    config.chmod(mode)
    fault = refusal()
    assert fault.rule == "key_open"
    assert "chmod 600" in fault.remedy


@pytest.mark.parametrize("held", [b"", b"abc", b"z" * 64, b"00" * 31, b"00" * 33, b"\xff" * 64, b"00" * 5000])
def test_what_is_no_key_is_refused_and_not_quoted(config, held):
    user_key()
    config.write_bytes(held)
    fault = refusal()
    assert fault.rule == "key_malformed"
    assert "backup" in fault.remedy
    assert not held or held.decode("latin-1")[:20] not in str(fault)
    assert config.read_bytes() == held


def test_a_digit_that_was_changed_makes_another_key(config):
    check = user_key().check
    text = config.read_text()
    config.write_text(("1" if text[0] == "0" else "0") + text[1:])
    assert user_key().check != check


def test_no_key_inside_the_project_or_a_git_work_tree(config, tmp_path, monkeypatch):
    assert refusal(tmp_path).rule == "key_in_project"
    assert not config.exists()
    (tmp_path / ".git").mkdir()
    assert refusal().rule == "key_in_git"
    outside = tmp_path / "config"
    monkeypatch.setenv(KEY_FILE, str(outside / "a.key"))
    outside.mkdir()
    assert refusal().rule == "key_in_git"


def test_the_key_is_not_printed_and_stands_in_no_query():
    veil = KEY.veil("email")
    shown = f"{KEY!r} {KEY} {veil!r} {veil.sql('a')}"
    assert KEY.secret.hex() not in shown
    assert str(KEY.secret) not in shown
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as error:
        connection.execute(f"select {veil.sql('a')} from (values ('x@y.z')) t(a)")
    assert KEY.secret.hex() not in str(error.value).lower()


def test_another_key_is_told_from_the_one_things_were_made_with():
    key, other = Key(bytes(range(32))), Key(bytes(32))
    must_be_the_key(key, [])
    must_be_the_key(key, [None, key.check])
    with pytest.raises(InputError, match="is not the key with which the tables were made") as refused:
        must_be_the_key(key, [key.check, None, other.check])
    assert [fault.rule for fault in refused.value.faults] == ["key_changed"]
